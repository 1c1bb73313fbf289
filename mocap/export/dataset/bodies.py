"""A body of capsules around a person's joints: what hides a point from a camera, and how far the person reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.marker_sets import find_marker_set
from mocap.trial import Segments

# Joint = landmarks of which the middle is taken; the first choice of which all are known counts.
_JOINTS: dict[str, tuple[tuple[str, ...], ...]] = {
    **{f"{side}{joint}": tuple(tuple(side + name for name in names) for names in choices)
       for side in "RL" for joint, choices in {
           "shoulder": (("SJC",), ("SHO",)), "elbow": (("EJC",), ("ELB",)), "wrist": (("WJC",), ("WRA", "WRB")),
           "hip": (("HJC",), ("ASIS", "PSIS")), "knee": (("KJC",), ("LFE", "MFE"), ("LFE",)),
           "ankle": (("AJC",), ("LMAL", "MMAL"), ("LMAL",)), "toe": (("BTOE",), ("HALLUX",), ("MT2",), ("TOE",)),
           "heel": (("HEEL",),),
       }.items()},
    "neck": (("NECK",), ("C7", "CLAV"), ("C7",), ("RSJC", "LSJC")),
    "head": (("HEAD",), ("VERTEX",), ("NOSE",)),
    "chest": (("T10", "STRN"), ("RSJC", "LSJC"), ("T10",)),
    "pelvis": (("RASIS", "LASIS", "RPSIS", "LPSIS"), ("RHJC", "LHJC")),
}  # fmt: skip
# Origins of segments that are joint centres, better than a landmark on the skin.
_ORIGINS = {"Rhip": "femur_r", "Lhip": "femur_l"}
# From, to, radius in m, rounded from girths of grown people.
_CAPSULES = (
    ("Rhip", "Rknee", 0.075), ("Lhip", "Lknee", 0.075), ("Rknee", "Rankle", 0.05), ("Lknee", "Lankle", 0.05),
    ("Rheel", "Rtoe", 0.035), ("Lheel", "Ltoe", 0.035), ("Rshoulder", "Relbow", 0.045), ("Lshoulder", "Lelbow", 0.045),
    ("Relbow", "Rwrist", 0.035), ("Lelbow", "Lwrist", 0.035), ("pelvis", "neck", 0.11), ("Rhip", "chest", 0.09),
    ("Lhip", "chest", 0.09), ("neck", "head", 0.085),
)  # fmt: skip
_INTO_HEAD = 0.4  # from its top towards the neck


@dataclass(frozen=True, eq=False)
class Body:
    """Capsules over time.

    Attributes
    ----------
    ends : ndarray, shape (time, capsule, 2, 3)
        World, m; NaN where a joint is missing.
    radii : ndarray, shape (capsule,)
        Metres.
    joints : mapping of str to ndarray, shape (time, 3)
        Those that are known.
    landmarks : mapping of str to ndarray, shape (time, 3)
        By their canonical names.
    """

    ends: NDArray
    radii: NDArray
    joints: Mapping[str, NDArray]
    landmarks: Mapping[str, NDArray]

    def chosen(self, rows: NDArray) -> "Body":
        """Return the body in some of its frames."""
        joints, landmarks = ({name: place[rows] for name, place in part.items()}
                             for part in (self.joints, self.landmarks))  # fmt: skip
        return Body(self.ends[rows], self.radii, joints, landmarks)


def body_of(position: NDArray, names: Sequence[str], segments: Segments | None = None) -> Body:
    """Return the body that points show; without capsules where they belong to no known marker set.

    Parameters
    ----------
    position : ndarray, shape (time, keypoint, 3)
        World, m.
    names : sequence of str
        Labels of the points.
    segments : Segments, optional
        Their hip centres are taken where they are known.
    """
    landmarks = _landmarks(position, names)
    joints = {name: place for name, choices in _JOINTS.items() if (place := _middle(landmarks, choices)) is not None}
    for joint, segment in _ORIGINS.items():
        if segments is not None and segment in segments.names:
            origin = segments.world_from_segment[:, segments.names.index(segment), :3, 3]
            known = np.isfinite(origin).all(axis=1, keepdims=True)
            joints[joint] = np.where(known, origin, joints.get(joint, np.nan))
    if "head" in joints and "neck" in joints and "NOSE" not in landmarks:
        # The top of a head is on its skin: the ball around its middle has to reach it, not to hold it.
        joints["head"] = joints["head"] + _INTO_HEAD * (joints["neck"] - joints["head"])
    made = [(joints[first], joints[last], radius) for first, last, radius in _CAPSULES
            if first in joints and last in joints]  # fmt: skip
    ends = np.array([[one[0], one[1]] for one in made]) if made else np.zeros((0, 2, len(position), 3))
    return Body(ends.transpose(2, 0, 1, 3), np.array([one[2] for one in made]), joints, landmarks)


def heading_of(body: Body, segments: Segments | None) -> NDArray:
    """Return where the person faces, shape (time, 2), a unit vector over the floor; NaN where nothing shows it.

    The anterior axis of the pelvis; without its pose, across the line of the hips.
    """
    if segments is not None and "pelvis" in segments.names:
        ahead = segments.world_from_segment[:, segments.names.index("pelvis"), :2, 0]
    elif "Rhip" in body.joints and "Lhip" in body.joints:
        left = (body.joints["Lhip"] - body.joints["Rhip"])[:, :2]
        ahead = np.stack([left[:, 1], -left[:, 0]], axis=1)
    else:
        return np.full((len(body.ends), 2), np.nan)
    length = np.linalg.norm(ahead, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return ahead / np.where(length > 0, length, np.nan)


def _landmarks(position: NDArray, names: Sequence[str]) -> dict[str, NDArray]:
    try:
        matched = find_marker_set(names)
    except KinematicsError:
        return {}  # nobody knows what these points are of: no body, and nothing that hides
    place = {name: k for k, name in enumerate(names)}
    return {landmark: position[:, place[label]] for landmark, label in matched.label_of.items()}


def _middle(landmarks: Mapping[str, NDArray], choices: Sequence[Sequence[str]]) -> NDArray | None:
    known = [np.mean([landmarks[name] for name in names], axis=0) for names in choices if set(names) <= set(landmarks)]
    if not known:
        return None
    best = known[0]
    for other in known[1:]:
        best = np.where(np.isfinite(best).all(axis=1, keepdims=True), best, other)
    return best
