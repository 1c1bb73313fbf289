"""The body of one trial: segments and joint centres, built from landmarks on demand and kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics import segments
from mocap.kinematics.anatomical.functional import Functional
from mocap.kinematics.angles import rotation_about, traced_joint
from mocap.kinematics.clusters import ClusterPose
from mocap.kinematics.heading import Heading
from mocap.kinematics.hip_centre import PelvisSize, hip_centre
from mocap.kinematics.observability import HIP_LINE, NO_GRAVITY, NotObservable
from mocap.kinematics.placed_hip import with_error, with_size
from mocap.kinematics.traced import Frame, Scalar, Vec, carried, chain, constant, difference, mean, turned_by

SIDES = {"R": 1.0, "L": -1.0}


@dataclass(frozen=True, eq=False)
class Zeros:
    """What the static trial fixes for the trials of the same person; see `mocap.kinematics.static`."""

    lumbar: NDArray | None = None
    thorax: NDArray | None = None
    c7_line: float | None = None
    spine: float | None = None
    spine_steps: NDArray | None = None
    spine_chords: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    gradients: Mapping[str, Mapping[str, NDArray]] = field(default_factory=lambda: MappingProxyType({}))
    knee_axis: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    femur_in_shank: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    foot_flat: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    standing_height: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    plug_in_gait: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Setting:
    """How bodies are built, the same for all passes over a trial."""

    kind: str = "markers"
    keypoints: frozenset[str] = frozenset()
    hip_method: str = "harrington"
    pelvis_method: str = ""
    size: PelvisSize | None = None
    gravity_known: bool = True
    placement_pass: bool = False
    traces_heading: bool = False
    plug_in_gait: Any = None
    functional: Functional = Functional()  # noqa: RUF009 - frozen, all its parts are empty
    hip_error: Mapping[str, NDArray] | None = None
    hip_shift: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))


class Body:
    """Segments and joint centres of a trial, ISB-turned world (Y up), metres.

    Parameters
    ----------
    points : mapping of str to Vec
        Landmarks by canonical name, measured or reconstructed.
    poses : mapping of str to ClusterPose
        Clusters by segment (`lumbar`, `foot_r`, ...).
    setting : Setting
    zeros : Zeros
    heading : Heading, optional

    Notes
    -----
    Every method returns the same object on every call, and raises `NotObservable` with the reason when the points
    cannot show the segment.
    """

    def __init__(
        self,
        points: Mapping[str, Vec],
        poses: Mapping[str, ClusterPose],
        setting: Setting,
        zeros: Zeros,
        heading: Heading | None = None,
    ) -> None:
        self.points, self.poses, self.setting, self.zeros, self.heading = points, poses, setting, zeros, heading
        self.n_frames = next(iter(points.values())).node.n_frames
        self._kept: dict[str, Any] = {}

    def _keep(self, name: str, build: Callable[[], Any]) -> Any:
        if name not in self._kept:
            self._kept[name] = build()
        return self._kept[name]

    def need(self, *names: str) -> list[Vec]:
        """Return the named landmarks, or say which are missing."""
        missing = [name for name in names if name not in self.points]
        if missing:
            raise NotObservable(f"needs {', '.join(names)}; not among the points: {', '.join(missing)}")
        return [self.points[name] for name in names]

    def has(self, *names: str) -> bool:
        """Tell whether all the named landmarks are there."""
        return all(name in self.points for name in names)

    def by_keypoints(self, *names: str) -> bool:
        """Tell whether a pose detector, and not markers, shows any of the named points."""
        there = [name for name in names if name in self.points]
        return self.setting.kind == "keypoints" or any(name in self.setting.keypoints for name in there)

    def up(self) -> Vec:
        """Return the vertical; only where gravity is known."""
        if not self.setting.gravity_known:
            raise NotObservable(NO_GRAVITY)
        return constant(np.array([0.0, 1.0, 0.0]), self.n_frames)

    def subject(self, conventional: bool = False) -> Frame:
        """Return the subject frame, or that of Plug-in Gait; needs gravity and a heading."""
        self.up()
        if self.heading is None:
            raise NotObservable("nothing among the points shows where the person faces")
        axes = self.heading.conventional if conventional else self.heading.subject
        return Frame(np.broadcast_to(axes, (self.n_frames, 3, 3)), self._heading_grad())

    def _heading_grad(self) -> Mapping[str, NDArray]:
        """Return the turn of the heading about the vertical by the landmarks whose placement is looked at.

        Where only its sources are asked for, these come with zeros.
        """
        shape = (self.n_frames, 3, 3)
        if self.heading is not None and self.setting.traces_heading:
            made_of = (self.points[name].grad for name in self.heading.by_landmark if name in self.points)
            return {source: np.zeros(shape) for grad in made_of for source in grad}
        if self.heading is None or not self.setting.placement_pass:
            return {}
        return {
            name: np.broadcast_to(np.stack([0 * row, row, 0 * row]), shape)
            for name, row in self.heading.by_landmark.items()
            if name in self.points and self.points[name].grad
        }

    def mid_psis(self) -> Vec:
        """Return the midpoint of the PSIS, or the sacrum marker that stands for it."""
        if "SACR" in self.points and not self.has("RPSIS", "LPSIS"):
            return self.points["SACR"]
        return self._keep("mid_psis", lambda: mean(self.need("RPSIS", "LPSIS")))

    def mid_asis(self) -> Vec:
        """Return the midpoint of the ASIS, origin of the pelvis."""
        return self._keep("mid_asis", lambda: mean(self.need("RASIS", "LASIS")))

    def pelvis(self) -> Frame:
        """Return the pelvis frame."""
        if self.setting.kind == "keypoints":
            raise NotObservable(HIP_LINE)

        def build() -> Frame:
            right, left = self.need("RASIS", "LASIS")
            return segments.pelvis_frame(right, left, self.mid_psis())

        return self._keep("pelvis", build)

    def thorax(self) -> Frame:
        """Return the thorax frame of C7, T10, CLAV and STRN."""
        return self._keep("thorax", lambda: segments.thorax_frame(*self.need("C7", "T10", "CLAV", "STRN")))

    def hip(self, side: str) -> Vec:
        """Return the hip centre: as given with the points, by regression on the pelvis, or else a hip keypoint."""
        error = self.setting.hip_error
        if error is None:
            return self._placed_hip(side)
        return self._keep(
            f"{side}HJC_off", lambda: with_error(self._placed_hip(side), self.pelvis(), error, SIDES[side])
        )

    def _placed_hip(self, side: str) -> Vec:
        given = f"{side}HJC"
        if given in self.points:
            return self.points[given]
        functional = self.setting.functional.hip_offset.get(side)
        if functional is not None:
            return self._keep(given, lambda: self._functional_hip(functional))
        if self.hip_is_keypoint(side):
            return self.points[f"{side}HIP"]

        def build() -> Vec:
            pelvis, size = self.pelvis(), self.setting.size
            if size is None:
                raise NotObservable("the size of the pelvis is not known: no frame shows ASIS and PSIS together")
            method = self.setting.hip_method
            offset = hip_centre(method, size, SIDES[side]) + self.setting.hip_shift.get(side, 0.0)
            centre = carried(pelvis, offset, self.mid_asis())
            if not self.setting.placement_pass:
                return centre
            lines = {"width": difference(*self.need("RASIS", "LASIS")),
                     "depth": difference(self.mid_asis(), self.mid_psis())}  # fmt: skip
            return with_size(centre, pelvis, method, size, SIDES[side], lines)

        return self._keep(given, build)

    def _functional_hip(self, offset: NDArray) -> Vec:
        hip = carried(self.pelvis(), offset, self.mid_asis())
        # Where the movement shows the hip centre, misplaced landmarks of the pelvis do not shift it.
        return Vec(hip.value) if self.setting.placement_pass else hip

    def hip_is_keypoint(self, side: str) -> bool:
        """Tell whether a keypoint stands for the hip centre, as no pelvis shows it."""

        def build() -> bool:
            try:
                self.pelvis()
            except NotObservable:
                return f"{side}HIP" in self.points
            return self.setting.size is None and f"{side}HIP" in self.points

        return self._keep(f"{side}HIP_used", build)

    def mid_hip(self) -> Vec:
        """Return the midpoint of the hip centres."""
        return self._keep("mid_hip", lambda: mean([self.hip("R"), self.hip("L")]))

    def knee(self, side: str) -> Vec:
        """Return the knee centre: a keypoint, or midway between the epicondyles."""
        if f"{side}KJC" in self.points:
            return self.points[f"{side}KJC"]
        return self._keep(f"{side}KJC", lambda: mean(self.condyles(side)))

    def ankle(self, side: str) -> Vec:
        """Return the ankle centre: a keypoint, or midway between the malleoli."""
        if f"{side}AJC" in self.points:
            return self.points[f"{side}AJC"]
        return self._keep(f"{side}AJC", lambda: mean(self.malleoli(side)))

    def condyles(self, side: str) -> tuple[Vec, Vec]:
        """Return the lateral and medial epicondyle."""
        return self._pair(f"{side}LFE", f"{side}MFE", "knee")

    def malleoli(self, side: str) -> tuple[Vec, Vec]:
        """Return the lateral and medial malleolus."""
        return self._pair(f"{side}LMAL", f"{side}MMAL", "ankle")

    def _pair(self, lateral: str, medial: str, joint: str) -> tuple[Vec, Vec]:
        if lateral in self.points and medial not in self.points:
            raise NotObservable(
                f"a lateral {joint} marker alone shows neither centre nor axis of the joint: needs {medial}, in the "
                "static at least, with three tracked points on the segment"
            )
        outer, inner = self.need(lateral, medial)
        return outer, inner

    def femur(self, side: str) -> Frame:
        """Return the femur frame."""

        def build() -> Frame:
            axis = segments.knee_axis(*self.condyles(side), side=SIDES[side])
            femur = segments.long_bone_frame(self.hip(side), self.knee(side), axis)
            turn = self.setting.functional.knee_turn_rad.get(side)
            if turn is None:
                return femur
            turned = Frame(femur.axes @ rotation_about("y", turn), femur.grad)
            if not self.setting.placement_pass:
                return turned
            # The axis comes from the movement: misplaced epicondyles shift the knee centre alone.
            return segments.long_bone_frame(self.hip(side), self.knee(side), Vec(turned.axes[..., 2]))

        return self._keep(f"femur_{side}", build)

    def knee_line(self, side: str) -> Vec:
        """Return the flexion axis of the knee, to the subject's right: the epicondyles', or the functional one."""
        if side not in self.setting.functional.knee_turn_rad:
            return segments.knee_axis(*self.condyles(side), side=SIDES[side])
        return carried(self.femur(side), np.array([0.0, 0.0, 1.0]), constant(np.zeros(3), self.n_frames))

    def shank_distal(self, side: str) -> Frame:
        """Return the shank frame of the ankle, its Z from the malleoli."""

        def build() -> Frame:
            axis = segments.knee_axis(*self.malleoli(side), side=SIDES[side])
            return segments.long_bone_frame(self.knee(side), self.ankle(side), axis)

        return self._keep(f"shank_distal_{side}", build)

    def shank_proximal(self, side: str) -> Frame:
        """Return the shank frame of the knee, its Z from the epicondyles.

        With a static trial the epicondylar axis of the static is carried by the shank; without one it is that of the
        thigh, and then knee rotation cannot be told.
        """

        def build() -> Frame:
            axis = self.knee_line(side)
            if side in self.zeros.knee_axis:
                axis = self._carried_axis(side, axis)
            return segments.long_bone_frame(self.knee(side), self.ankle(side), axis)

        return self._keep(f"shank_proximal_{side}", build)

    def _carried_axis(self, side: str, now: Vec) -> Vec:
        shank = self.shank_distal(side)
        origin = Vec(np.zeros((self.n_frames, 3)))
        axis = carried(shank, self.zeros.knee_axis[side], origin)
        if not self.setting.placement_pass or side not in self.zeros.femur_in_shank:
            return axis
        # A misplaced epicondyle was so in the static, where this axis comes from: the error, fixed to the femur, went
        # over to the shank there and stays with it.
        femur_world = np.swapaxes(self.femur(side).axes, -1, -2)
        return Vec(axis.value, chain(shank.axes @ self.zeros.femur_in_shank[side] @ femur_world, now.grad))

    def hip_turn(self, side: str) -> tuple[Scalar, Scalar, Scalar]:
        """Return the three angles of the femur in the pelvis; see `traced_joint`."""
        return self._keep(f"hip_turn_{side}", lambda: traced_joint(self.pelvis(), self.femur(side)))

    def knee_turn(self, side: str) -> tuple[Scalar, Scalar, Scalar]:
        """Return the three angles of the proximal shank in the femur; see `traced_joint`."""
        return self._keep(f"knee_turn_{side}", lambda: traced_joint(self.femur(side), self.shank_proximal(side)))

    def foot_line(self, side: str) -> tuple[Vec, str]:
        """Return the vector from heel to forefoot, and the name of its front end."""
        (heel,) = self.need(f"{side}HEEL")
        for tips in (("MT2",), ("MT1", "MT5"), ("TOE",), ("BTOE", "STOE"), ("HALLUX",)):
            names = tuple(side + tip for tip in tips)
            if self.has(*names):
                return difference(mean(self.need(*names)), heel), "mid " * (len(tips) > 1) + "-".join(tips)
        raise NotObservable(f"needs {side}MT2, {side}MT1 and {side}MT5, or a toe marker in front of {side}HEEL")

    def foot_floor(self, side: str) -> Frame:
        """Return the upright frame along the foot line."""
        return self._keep(f"floor_{side}", lambda: segments.floor_frame(self.up(), self.foot_line(side)[0]))

    def foot(self, side: str) -> Frame:
        """Return the foot frame: flat as in the static where that is known, anatomical otherwise."""

        def build() -> Frame:
            if side in self.zeros.foot_flat:
                if f"foot_{side.lower()}" not in self.poses:
                    raise NotObservable(f"the static does not show all of the {side} leg that carries its foot")
                tracked = self.poses[f"foot_{side.lower()}"].frame
                flat = turned_by(tracked, self.zeros.foot_flat[side])
                return Frame(flat.axes, self.foot_floor(side).grad) if self.setting.placement_pass else flat
            heel, first, fifth = self.need(f"{side}HEEL", f"{side}MT1", f"{side}MT5")
            return segments.foot_frame(heel, first, fifth, side=SIDES[side])

        return self._keep(f"foot_{side}", build)

    def zeroed(self, distal: Frame, zero: NDArray) -> Frame:
        """Return a frame turned so that it coincided with the pelvis in the static: ``distal @ zero^T``.

        `zero` is the mean of distal in pelvis, shape (3, 3), in the static.
        """
        if not self.setting.placement_pass:
            return turned_by(distal, zero.T)
        axes = distal.axes @ zero.T
        # A misplaced pelvis landmark tilts the pelvis of static and trial alike: it rides along with the zeroed frame.
        pelvis = self.pelvis()
        along = axes @ np.swapaxes(pelvis.axes, -1, -2)
        return Frame(axes, chain(along, pelvis.grad))
