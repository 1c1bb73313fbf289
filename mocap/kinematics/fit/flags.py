"""Frames in which an angle of the model has no pose, rests on a bridged one, or on markers that do not fit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.clusters import ClusterPose
from mocap.kinematics.frame_flags import PointFlag, Reasons
from mocap.kinematics.frame_reasons import NO_FRAME
from mocap.kinematics.landmarks import TRACKED, Landmarks
from mocap.kinematics.models import build_body
from mocap.kinematics.outcomes import all_outcomes
from mocap.kinematics.traced import Frame, Vec
from mocap.trial import NEAR_GIMBAL_LOCK, JointAngles

BRIDGED = "bridged by the movement before and after"
NO_POSE = "its markers do not show the pose of a segment"
LEFT_OUT = "samples far off the fitted {segment} left out"
DOUBTED = "markers of the {segment} lie farther off the fitted body than skin lets them"


@dataclass(frozen=True, eq=False)
class Doubt:
    """Frames in which the pose of some segments is to be doubted.

    Attributes
    ----------
    words : str
    segments : frozenset of str
        Whose poses.
    frames : ndarray of bool, shape (time,)
    """

    words: str
    segments: frozenset[str]
    frames: NDArray


@dataclass(frozen=True, eq=False)
class Flags:
    """What is to be told of single frames of the fitted body.

    Attributes
    ----------
    lost : ndarray of bool, shape (time,)
        Some segment that has markers is not shown.
    bridged : mapping of str to ndarray of bool, shape (time,)
        By segment: held by the movement before and after alone.
    doubts : sequence of Doubt
        The worst first.
    segment_of : mapping of str to str
        Of every landmark of the model.
    """

    lost: NDArray
    bridged: Mapping[str, NDArray]
    doubts: Sequence[Doubt]
    segment_of: Mapping[str, str]

    def told(
        self, angles: JointAngles, body: Body, landmarks: Landmarks, weaker: Mapping[str, frozenset[str]]
    ) -> JointAngles:
        """Return the angles with these reasons; `body` is that of `landmarks`.

        Doubts about a segment are told in place of `weaker` reasons, by their words, about points of it.
        """
        if angles.frame_reason is None:
            return angles
        angles = self._bridged(self._named(angles), body, landmarks)
        for doubt in self.doubts:
            give_way = [
                text for text, points in weaker.items()
                if not doubt.segments.isdisjoint({self.segment_of.get(name, "") for name in points})
            ]  # fmt: skip
            angles = _with_doubt(angles, doubt, self._resting(doubt.segments, body, landmarks), give_way)
        return angles

    def of_points(self) -> list[PointFlag]:
        """Return flags of the points of the segments that are bridged or doubted, for what no landmark is traced to."""
        bridged = [(BRIDGED, frozenset((name,)), frames) for name, frames in self.bridged.items()]
        doubted = [(doubt.words, doubt.segments, doubt.frames) for doubt in self.doubts]
        return [
            PointFlag(text, self._points_of(segments), np.flatnonzero(frames), over=False)
            for text, segments, frames in (*bridged, *doubted)
            if frames.any()
        ]

    def _points_of(self, segments: frozenset[str]) -> frozenset[str]:
        tracked = (name for segment in segments if segment in TRACKED for name in TRACKED[segment][0])
        return frozenset((*tracked, *(name for name, segment in self.segment_of.items() if segment in segments)))

    def _named(self, angles: JointAngles) -> JointAngles:
        """Return the angles with the model's reason in place of one that blames the geometry of landmarks."""
        words = angles.frame_reason_words
        blamed = [index for index, word in enumerate(words) if word == NO_FRAME or " cluster " in word]
        if not blamed or not self.lost.any():
            return angles
        reasons = Reasons(angles)
        named = self.lost[:, None] & np.isin(reasons.codes, blamed) & np.isnan(angles.values)
        reasons.codes[named] = reasons.code(NO_POSE)
        definitions = angles.definitions
        for index in blamed:
            definitions = tuple(replace(d, reason=d.reason.replace(words[index], NO_POSE)) for d in definitions)
        return replace(reasons.given_to(angles), definitions=definitions)

    def _bridged(self, angles: JointAngles, body: Body, landmarks: Landmarks) -> JointAngles:
        frames = np.flatnonzero(np.any(list(self.bridged.values()), axis=0))
        if not len(frames):
            return angles
        # What is gone when the bridged segments are taken away rests on them.
        gone = {segment: flags[frames] for segment, flags in self.bridged.items()}
        bare = self._without(gone, frames, body, landmarks)
        reasons, is_open = Reasons(angles), _open(angles)
        for column, name in enumerate(angles.names):
            rests = bare[name] & np.isfinite(angles.values[frames, column]) & is_open[frames, column]
            reasons.codes[frames[rests], column] = reasons.code(BRIDGED)
        return reasons.given_to(angles)

    def _resting(self, segments: frozenset[str], body: Body, landmarks: Landmarks) -> frozenset[str]:
        """Return the angles that some of the segments have a part in, as the frame that shows most tells."""
        shown = np.sum([np.isfinite(v.value).all(axis=1) for v in landmarks.points.values()], axis=0)
        best = np.array([int(np.argmax(shown))])
        taken = self._without({segment: np.ones(1, bool) for segment in segments}, best, body, landmarks)
        return frozenset(name for name, gone in taken.items() if gone.any())

    def _without(
        self, gone: Mapping[str, NDArray], frames: NDArray, body: Body, landmarks: Landmarks
    ) -> dict[str, NDArray]:
        """Return by angle where in the frames it has no value when segments are taken away, as `gone` tells."""

        def left(name: str, values: NDArray) -> NDArray:
            kept = np.array(values[frames])
            segment = self.segment_of.get(name, name)
            if segment in gone:
                kept[gone[segment]] = np.nan
            return kept

        points = {name: Vec(left(name, v.value)) for name, v in landmarks.points.items()}
        poses = {
            name: ClusterPose(
                Frame(left(name, pose.frame.axes)), Vec(left(name, pose.centroid.value)),
                pose.anchor_cluster[frames], pose.residual_m[frames],
            )
            for name, pose in landmarks.poses.items()
        }  # fmt: skip
        bare = all_outcomes(build_body(points, poses, body.setting, body.zeros, body.heading))
        whole = np.ones(len(frames), bool)
        return {name: whole if one.angle is None else np.isnan(one.angle.value) for name, one in bare.items()}


def _with_doubt(
    angles: JointAngles, doubt: Doubt, concerned: frozenset[str], give_way: Collection[str]
) -> JointAngles:
    assert angles.frame_reason is not None
    reasons = Reasons(angles)
    columns = np.array([name in concerned for name in angles.names])
    flagged = doubt.frames[:, None] & columns & _open(angles, give_way) & np.isfinite(angles.values)
    if not flagged.any():
        return angles
    reasons.codes[flagged] = reasons.code(doubt.words)
    return reasons.given_to(angles)


def _open(angles: JointAngles, give_way: Collection[str] = ()) -> NDArray:
    """Return the values, shape (time, angle) of bool, without a flag, or with a note or words that give way to one."""
    open_words = [words in ("", NEAR_GIMBAL_LOCK, *give_way) for words in angles.frame_reason_words]
    return np.asarray(np.array(open_words)[angles.frame_reason])


def doubts_of(
    segments: Sequence[str], parent: NDArray, segment: NDArray, doubted: NDArray, left_out: NDArray
) -> list[Doubt]:
    """Return the doubts about one fitted tree.

    Parameters
    ----------
    segments : sequence of str
    parent : ndarray of int, shape (segment,)
        -1 for the root.
    segment : ndarray of int, shape (marker,)
        Which one each marker sits on.
    doubted : ndarray of bool, shape (time, segment)
        Markers together too far off; the segment's neighbours are pulled along, and doubted too.
    left_out : ndarray of bool, shape (time, marker)
    """
    found = []
    for index, name in enumerate(segments):
        if doubted[:, index].any():
            near = {other for at, other in enumerate(segments) if index in (at, parent[at]) or parent[index] == at}
            found.append(Doubt(DOUBTED.format(segment=segment_words(name)), frozenset(near), doubted[:, index]))
    for index, name in enumerate(segments):
        frames = np.asarray(left_out[:, segment == index].any(axis=1))
        if frames.any():
            found.append(Doubt(LEFT_OUT.format(segment=segment_words(name)), frozenset({name}), frames))
    return found


def segment_words(segment: str) -> str:
    """Return a segment of the model in words."""
    bone, _, side = segment.partition("_")
    return {"r": "right ", "l": "left "}.get(side, "") + bone
