"""Motion as given curves, and the forward kinematics that turn it into landmarks and truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic.names import JOINT_CENTRES, LANDMARKS, SIDE_SIGN, SIDES
from mocap.synthetic.rotations import (
    WORLD_FROM_ISB,
    about,
    joint_rotation,
    pelvis_rotation,
    transposed,
    turn,
)
from mocap.synthetic.subject import SEGMENTS, Subject
from mocap.trial import Points3D, Segments

CURVES: tuple[str, ...] = (
    "pelvic_tilt", "pelvic_obliquity", "pelvic_rotation",
    "lumbar_flexion", "lumbar_lateral_bend", "lumbar_rotation", "thoracic_flexion", "neck_flexion",
    *(f"{curve}_{side}" for side in SIDES
      for curve in ("hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "knee_varus", "knee_rotation",
                    "ankle_dorsiflexion", "ankle_inversion", "ankle_rotation",
                    "shoulder_flexion", "shoulder_adduction", "elbow_flexion")),
)  # fmt: skip
"""Degrees of freedom of the body. A curve that is not given is 0; lumbar and thoracic curves are changes from
neutral standing."""


@dataclass(frozen=True, eq=False)
class Motion:
    """What the body does.

    Attributes
    ----------
    rate_hz : float
    hip_position : ndarray, shape (time, 3)
        Middle of the hip centres in m, before heading and origin: X ahead of the person, Y left, Z up, floor at 0.
    curves : mapping of str to ndarray, shape (time,)
        Named in `CURVES`, in rad.
    heading : float
        Direction that the person faces: rotation about the world's Z in rad, 0 along X.
    origin_world : ndarray, shape (3,)
        Where the person's own origin stands, in m.
    """

    rate_hz: float
    hip_position: NDArray
    curves: Mapping[str, NDArray]
    heading: float = 0.0
    origin_world: NDArray = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        position = np.array(self.hip_position, float)
        unknown = sorted(set(self.curves) - set(CURVES))
        curves = {name: np.array(self.curves.get(name, 0.0), float) for name in CURVES}
        wrong = sorted(name for name, curve in curves.items() if curve.shape not in ((), position.shape[:1]))
        if unknown or wrong or position.ndim != 2 or position.shape[1:] != (3,):
            raise KinematicsError(
                f"A motion has the unknown curves {unknown}, the curves {wrong} of another length than its "
                f"positions, or positions of shape {position.shape}.",
                "Give one value per frame for curves named in CURVES, and positions (time, 3).",
                code="MOTION_MALFORMED",
            )
        full = {name: np.broadcast_to(curve, position.shape[:1]) for name, curve in curves.items()}
        object.__setattr__(self, "hip_position", position)
        object.__setattr__(self, "curves", MappingProxyType(full))
        object.__setattr__(self, "origin_world", np.array(self.origin_world, float).reshape(3))

    def __getitem__(self, name: str) -> NDArray:
        """Return one curve, shape (time,), in rad."""
        return self.curves[name]

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return len(self.hip_position)

    @property
    def time_s(self) -> NDArray:
        """Frame times, shape (time,), in seconds."""
        return np.arange(self.n_frames) / self.rate_hz


@dataclass(frozen=True, eq=False)
class Pose:
    """Segment frames over time in the subject's ISB axes (before heading and origin).

    Attributes
    ----------
    rotation : mapping of str to ndarray, shape (time, 3, 3)
        Segment -> axes as columns.
    origin : mapping of str to ndarray, shape (time, 3)
        Segment -> origin in m: mid-ASIS, hip centre, knee centre, heel, CLAV, ...
    """

    rotation: Mapping[str, NDArray]
    origin: Mapping[str, NDArray]

    def place(self, segment: str, points: NDArray) -> NDArray:
        """Return points given in a segment's frame, shape (3,), in the subject's axes, shape (time, 3)."""
        return self.origin[segment] + turn(self.rotation[segment], points)


def pose(subject: Subject, motion: Motion) -> Pose:
    """Return all segment frames of a motion: joint by joint from the pelvis outwards.

    Notes
    -----
    Pelvis: Ry(rotation) Rx(-obliquity) Rz(-tilt). Joints: Rz Rx Ry of Grood and Suntay. T12/L1: R_pelvis Rd R0 with
    R0 the neutral relation, so that the zeroed relative rotation is exactly Rd.
    """
    rotation = _trunk_rotations(subject, motion)
    hip_middle = (subject.hip_centre("r") + subject.hip_centre("l")) / 2
    origin = {"pelvis": motion.hip_position @ WORLD_FROM_ISB - turn(rotation["pelvis"], hip_middle)}
    so_far = Pose(rotation, origin)
    origin["lumbar"] = so_far.place("pelvis", subject.joints["lumbar"])
    origin["thorax"] = so_far.place("lumbar", subject.joints["thorax"]) - turn(
        rotation["thorax"], subject.joints["thorax_base"]
    )
    origin["head"] = so_far.place("thorax", subject.joints["neck"])
    for side in SIDES:
        _add_leg(subject, motion, so_far, rotation, origin, side)
        _add_arm(subject, motion, so_far, rotation, origin, side)
    return Pose(MappingProxyType(rotation), MappingProxyType(origin))


def neutral_lumbar(subject: Subject) -> NDArray:
    """Return R0, shape (3, 3): the T12/L1 segment in the pelvis in neutral standing (its axes are then upright)."""
    return about("z", subject.standing_tilt)


def neutral_thorax(subject: Subject) -> NDArray:
    """Return the thorax in the pelvis, shape (3, 3), in neutral standing."""
    return neutral_lumbar(subject) @ about("z", -subject.thorax_lean)


def _trunk_rotations(subject: Subject, motion: Motion) -> dict[str, NDArray]:
    pelvis = pelvis_rotation(motion["pelvic_tilt"], motion["pelvic_obliquity"], motion["pelvic_rotation"])
    change = joint_rotation(-motion["lumbar_flexion"], motion["lumbar_lateral_bend"], -motion["lumbar_rotation"])
    lumbar = pelvis @ change @ neutral_lumbar(subject)
    thorax = lumbar @ about("z", -motion["thoracic_flexion"] - subject.thorax_lean)
    head = thorax @ about("z", subject.thorax_lean - motion["neck_flexion"])
    return {"pelvis": pelvis, "lumbar": lumbar, "thorax": thorax, "head": head}


def _add_leg(
    subject: Subject,
    motion: Motion,
    so_far: Pose,
    rotation: dict[str, NDArray],
    origin: dict[str, NDArray],
    side: str,
) -> None:
    s = SIDE_SIGN[side]

    def curve(name: str) -> NDArray:
        return motion[f"{name}_{side}"]

    hip = joint_rotation(curve("hip_flexion"), s * curve("hip_adduction"), s * curve("hip_rotation"))
    femur = rotation["pelvis"] @ hip
    shank = femur @ joint_rotation(-curve("knee_flexion"), s * curve("knee_varus"), s * curve("knee_rotation"))
    twisted = shank @ about("y", -s * subject.tibial_torsion)
    foot = twisted @ joint_rotation(
        curve("ankle_dorsiflexion"), s * curve("ankle_inversion"), s * curve("ankle_rotation")
    )
    for name, value in (("femur", femur), ("shank_prox", shank), ("shank_dist", twisted), ("foot", foot)):
        rotation[f"{name}_{side}"] = value
    origin[f"femur_{side}"] = so_far.place("pelvis", subject.hip_centre(side))
    knee = so_far.place(f"femur_{side}", np.array([0.0, -subject.thigh, 0.0]))
    origin[f"shank_prox_{side}"] = origin[f"shank_dist_{side}"] = knee
    ankle = so_far.place(f"shank_prox_{side}", np.array([0.0, -subject.shank, 0.0]))
    origin[f"foot_{side}"] = ankle - turn(foot, ankle_in_foot(subject))


def _add_arm(
    subject: Subject,
    motion: Motion,
    so_far: Pose,
    rotation: dict[str, NDArray],
    origin: dict[str, NDArray],
    side: str,
) -> None:
    flexion, adduction = motion[f"shoulder_flexion_{side}"], SIDE_SIGN[side] * motion[f"shoulder_adduction_{side}"]
    # The thorax's own lean is taken out: at shoulder flexion 0 the arm of a standing person hangs.
    arm = rotation["thorax"] @ about("z", subject.thorax_lean + flexion) @ about("x", adduction)
    rotation[f"upper_arm_{side}"] = arm
    rotation[f"forearm_{side}"] = arm @ about("z", motion[f"elbow_flexion_{side}"])
    origin[f"upper_arm_{side}"] = so_far.place("thorax", subject.joints[f"shoulder_{side}"])
    origin[f"forearm_{side}"] = so_far.place(f"upper_arm_{side}", np.array([0.0, -subject.upper_arm, 0.0]))


def ankle_in_foot(subject: Subject) -> NDArray:
    """Return the ankle centre, shape (3,), in the foot frame (origin heel marker, X along the sole)."""
    return np.array([subject.heel_to_ankle, subject.ankle_height - subject.heel_height, 0.0])


def landmarks(subject: Subject, motion: Motion) -> Points3D:
    """Return every landmark in the world, without error.

    Returns
    -------
    Points3D
        Names are `LANDMARKS`; world Z up, m.
    """
    body = pose(subject, motion)
    placed = {
        name: body.place(segment, position)
        for segment, table in subject.landmarks.items()
        for name, position in table.items()
    }
    isb = np.stack([placed[name] for name in LANDMARKS], axis=1)
    return Points3D(to_world(motion, isb), LANDMARKS, motion.rate_hz)


def joint_centres(subject: Subject, motion: Motion) -> dict[str, NDArray]:
    """Return hip, knee and ankle centres, name -> (time, 3), in the world in m; names are `JOINT_CENTRES`."""
    body = pose(subject, motion)
    drop = np.array([0.0, -subject.shank, 0.0])
    where = {"HJC": ("femur", np.zeros(3)), "KJC": ("shank_prox", np.zeros(3)), "AJC": ("shank_prox", drop)}
    return {
        name: to_world(motion, body.place(f"{where[name[1:]][0]}_{name[0].lower()}", where[name[1:]][1]))
        for name in JOINT_CENTRES
    }


def segments(subject: Subject, motion: Motion) -> Segments:
    """Return the true segment frames (ISB axes in the Z-up world); names are `SEGMENTS`."""
    body = pose(subject, motion)
    world_from_segment = np.zeros((motion.n_frames, len(SEGMENTS), 4, 4))
    world_from_segment[..., 3, 3] = 1.0
    world_from_isb = about("z", motion.heading) @ WORLD_FROM_ISB
    for index, name in enumerate(SEGMENTS):
        world_from_segment[:, index, :3, :3] = world_from_isb @ body.rotation[name]
        world_from_segment[:, index, :3, 3] = to_world(motion, body.origin[name])
    return Segments(SEGMENTS, world_from_segment, motion.rate_hz)


def to_world(motion: Motion, points_isb: NDArray) -> NDArray:
    """Return world points, shape (..., 3), of points in the subject's ISB axes."""
    return turn(about("z", motion.heading) @ WORLD_FROM_ISB, points_isb) + motion.origin_world


def plant_ankle(subject: Subject, motion: Motion, side: str, ankle_position: NDArray) -> Motion:
    """Return the motion moved, frame by frame, so that one ankle centre stays where it is told.

    Parameters
    ----------
    side : str
        `r` or `l`.
    ankle_position : ndarray, shape (3,)
        In the person's own axes (X ahead, Y left, Z up), m.
    """
    body = pose(subject, motion)
    ankle = body.place(f"shank_prox_{side}", np.array([0.0, -subject.shank, 0.0])) @ transposed(WORLD_FROM_ISB)
    return replace(motion, hip_position=motion.hip_position + np.asarray(ankle_position, float) - ankle)
