"""Flags of what is wrong with points, put on the poses of segments and on the measures of the body as on angles."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.facing import with_turned_flags
from mocap.kinematics.frame_flags import with_point_flags
from mocap.kinematics.further.drafts import Draft
from mocap.kinematics.further.measures import measure_drafts
from mocap.kinematics.given_trial import GivenTrial
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.poses import segment_frames
from mocap.kinematics.solved import Solved, with_flags_of_points
from mocap.kinematics.sources import few_frames
from mocap.trial import AngleDefinition, JointAngles, Measure, Segments


def with_segment_flags(segments: Segments, trial: GivenTrial, solved: Solved, options: KinematicsOptions) -> Segments:
    """Return the segments and their measures with the flags of the points that they are made of.

    What is told of a frame, and where a value is taken away, is as for angles, but that it is told where there is no
    value, too. A velocity is made of the frames before and after its own, and has their flags.
    """
    names = (*segments.names, *(one.name for one in segments.measures))
    meanings = tuple(AngleDefinition(name, "", "", "", "", "absolute", "") for name in names)
    # As if all frames had values: what has none at one may be a part of the velocity at the next.
    stand_in = JointAngles(meanings, np.zeros((trial.points.n_frames, len(names))), segments.rate_hz)
    made_of = _MadeOf(names, trial, solved, options)
    told = _flags_of(stand_in, trial, solved, made_of)
    if not told.frame_reason.any():
        return segments
    codes, lost = np.array(told.frame_reason), np.isnan(told.values)
    for column, name in enumerate(names):
        if made_of.reach(name):
            codes[:, column], lost[:, column] = _spread(codes[:, column]), _spread(lost[:, column])
    n_poses, words = len(segments.names), told.frame_reason_words
    poses = np.where(lost[:, :n_poses, None, None], np.nan, segments.world_from_segment)
    measures = tuple(
        _flagged(one, codes[:, column], lost[:, column], words) for column, one in enumerate(segments.measures, n_poses)
    )
    return replace(
        segments, world_from_segment=poses, measures=measures, frame_reason=codes[:, :n_poses],
        frame_reason_words=words,
    )  # fmt: skip


def _flags_of(stand_in: JointAngles, trial: GivenTrial, solved: Solved, made_of: "_MadeOf") -> JointAngles:
    posed = solved.posed
    told = with_flags_of_points(stand_in, trial, solved.person, solved.displaced, made_of)
    if posed.fitted is not None:
        told = with_point_flags(told, posed.fitted.flags.of_points(), made_of)
    heading = posed.body.heading
    if heading is None or not heading.turned.any():
        return told
    return with_turned_flags(told, heading.turned, made_of.names_by_heading())


@dataclass(eq=False)
class _MadeOf:
    """Which points each pose and measure is made of, traced once where it is asked for."""

    names: tuple[str, ...]
    trial: GivenTrial
    solved: Solved
    options: KinematicsOptions

    def __call__(self, heading: bool = False) -> Mapping[str, frozenset[str]]:
        """Return the points by name; all of them where that is not known, as nothing may be passed over."""
        poses, drafts = self._traced
        found = poses | {name: draft.sources(heading=heading) for name, draft in drafts.items()}
        every = frozenset(self.trial.positions)
        return {name: found.get(name) or every for name in self.names}

    def reach(self, name: str) -> int:
        """Return how many frames before and after one a value is made of."""
        drafts = self._traced[1]
        return drafts[name].reach if name in drafts else 0

    def names_by_heading(self) -> tuple[str, ...]:
        """Return the measures that need the heading."""
        return tuple(name for name, draft in self._traced[1].items() if draft.by_heading is not None)

    @cached_property
    def _traced(self) -> tuple[dict[str, frozenset[str]], dict[str, Draft]]:
        trial, posed = self.trial, self.solved.posed
        body = few_frames(
            trial.positions, self.solved.person.calibration, self.options.pelvis, posed.noise, posed.body,
            frames=np.arange(trial.points.n_frames), heading=True,
        )  # fmt: skip
        poses = {
            name: frozenset((*axes.grad, *origin.grad)) for name, (axes, origin) in segment_frames(body).items()
        }
        drafts = measure_drafts(body, trial.points.rate_hz, self.options.sex)
        return poses, {draft.words.name: draft for draft in drafts}


def _spread(codes: NDArray) -> NDArray:
    """Return codes, shape (time,), with those of the frames before and after where there are none."""
    before, after = np.zeros_like(codes), np.zeros_like(codes)
    before[1:], after[:-1] = codes[:-1], codes[1:]
    found: NDArray = np.where(codes > 0, codes, np.where(before > 0, before, after))
    return found


def _flagged(one: Measure, codes: NDArray, lost: NDArray, words: tuple[str, ...]) -> Measure:
    gone = lost.reshape(-1, *(1,) * (one.values.ndim - 1))
    values, reason = np.where(gone, np.nan, one.values), one.reason
    if one.observable and np.isnan(values).all():
        reason = words[int(np.bincount(codes[lost & one.known]).argmax())]
    return replace(
        one, values=values, sd=np.where(gone, np.nan, one.sd), reason=reason, frame_reason=codes,
        frame_reason_words=words,
    )  # fmt: skip
