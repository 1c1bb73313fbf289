"""Why an angle has no value in a frame, or one to doubt: a small code per angle and frame, with its words.

A missing value is explained by the first of these that holds: points that are missing, a cluster that cannot be
placed, points that make no frame. A value that is there may be doubted: near gimbal lock, or beyond what joints reach.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.clusters import MIN_SPREAD_M, ClusterPose
from mocap.kinematics.conditioning import geometry_of, short_lines
from mocap.kinematics.landmarks import ANATOMICAL, TRACKED, Landmarks
from mocap.kinematics.models import hidden_seconds
from mocap.kinematics.outcomes import NEVER_TOGETHER
from mocap.kinematics.physiology import beyond_range
from mocap.kinematics.tape.points import column_facts
from mocap.trial import BEYOND_REACH, NEAR_GIMBAL_LOCK, AngleDefinition, JointAngles

GIMBAL_FLAG_DEG = 75.0
GIMBAL_LOST_DEG = 89.0
"""From here on an error of 1 deg in the points' directions can turn first and third angle by any amount."""
SD_LIMIT_DEG = 20.0
"""Random standard uncertainty above which an angle tells nothing: its 95 % band is wider than 78 deg."""

NO_FRAME = "points coincide or lie within 10 deg of a line"
GIMBAL_FLAG = NEAR_GIMBAL_LOCK
GIMBAL_LOST = "gimbal lock (second angle above 89 deg)"
TOO_UNSURE = f"uncertainty above {SD_LIMIT_DEG:.0f} deg (1 SD)"
BEYOND_RANGE = BEYOND_REACH
UNTOLD = "points missing, or no frame"
OTHER = "points missing, or no frame, for one of very many reasons"
_FLAGS = (GIMBAL_FLAG, GIMBAL_LOST, TOO_UNSURE, BEYOND_RANGE)
_MOST_NAMED = 4
_MOST_REASONS = 200
"""Of missing points; what is left of 255 is for flags, which keep their own words."""

_TRIPLES: dict[str, tuple[str, ...]] = {
    "pelvic_obliquity": ("pelvic_tilt", "pelvic_rotation"),
    "pelvic_obliquity_conventional": ("pelvic_tilt_conventional", "pelvic_rotation_conventional"),
    "lumbar_lateral_bend": ("lumbar_flexion", "lumbar_rotation"),
    "trunk_lateral_lean": ("trunk_lean", "trunk_rotation"),
    "thoracopelvic_lateral_bend": ("thoracopelvic_flexion", "thoracopelvic_rotation"),
}
for _side in "rl":
    _TRIPLES[f"hip_adduction_{_side}"] = (f"hip_flexion_{_side}", f"hip_rotation_{_side}")
    _TRIPLES[f"knee_varus_{_side}"] = (f"knee_flexion_{_side}", f"knee_rotation_{_side}")
    _TRIPLES[f"ankle_inversion_{_side}"] = (f"ankle_dorsiflexion_{_side}",)


@dataclass(eq=False)
class _Table:
    """Codes of a trial, and what they mean, with its values; a code is given to each new text."""

    codes: NDArray
    words: list[str]
    values: NDArray
    _own: bool = False

    def lose(self, frames: NDArray, column: int, text: str) -> None:
        """Take away the values of one angle in frames, shape (time,) of bool, for a reason."""
        lost = frames & np.isfinite(self.values[:, column])
        if lost.any():
            if not self._own:  # those handed in are not ours to change; most trials lose none
                self.values, self._own = np.array(self.values), True
            self.values[lost, column] = np.nan
            self.give(lost, column, text)

    def give(self, frames: NDArray, column: int, text: str) -> None:
        """Mark frames, shape (time,) of bool, of one angle; what is marked already keeps its reason."""
        open_ones = frames & (self.codes[:, column] == 0)
        if not open_ones.any():
            return
        if text not in self.words:
            # Ever new patterns of missing points, of a ragged recording, share one code.
            full = len(self.words) >= _MOST_REASONS and text not in _FLAGS
            text = OTHER if full else text
            if text not in self.words:
                self.words.append(text)
        self.codes[open_ones, column] = self.words.index(text)


def with_frame_reasons(
    angles: JointAngles,
    body: Body,
    found: Landmarks,
    positions: Mapping[str, NDArray],
    sources: Callable[[], Mapping[str, frozenset[str]]],
    *,
    upright: bool = True,
) -> JointAngles:
    """Return the angles with a reason for every frame that has no value, and flags for values to doubt.

    Parameters
    ----------
    angles : JointAngles
    body : Body
    found : Landmarks
    positions : mapping of str to ndarray, shape (time, 3)
        What the trial measured, m.
    sources : callable
        Gives, per angle, the points that it is made of; asked only where frames are missing.
    upright : bool
        Whether angles against gravity have a range; not of who lies.

    Returns
    -------
    JointAngles
        With `frame_reason` and `frame_reason_words`; ill-conditioned frames have become NaN.
    """
    table = _Table(np.zeros(angles.values.shape, np.uint8, "F"), [""], angles.values)
    columns = {name: index for index, name in enumerate(angles.names)}
    for name, frames, text in short_lines(body):
        if name in columns:
            table.lose(frames, columns[name], text)
    _explain(table, angles, columns, body, found, positions, sources)
    _gimbal(table, columns, hidden_seconds(body))
    limit = np.deg2rad(SD_LIMIT_DEG)
    unsure, odd = column_facts(angles.sd)[2] > limit, beyond_range(angles.names, table.values, upright=upright)
    for column in columns.values():
        if unsure[column]:
            table.lose(angles.sd[:, column] > limit, column, TOO_UNSURE)
        if odd[:, column].any():
            table.give(odd[:, column], column, BEYOND_RANGE)
    return replace(
        angles, definitions=_definitions(angles, table), values=table.values, frame_reason=table.codes,
        frame_reason_words=tuple(table.words),
    )  # fmt: skip


def _definitions(angles: JointAngles, table: _Table) -> tuple[AngleDefinition, ...]:
    """Return the definitions; an angle without a value in any frame is not observable, for its commonest reason."""
    definitions = list(angles.definitions)
    nowhere = column_facts(table.values)[0] == len(table.values)
    for column, definition in enumerate(definitions):
        if len(table.values) and _is_shown(definition) and nowhere[column]:
            commonest = table.words[int(np.bincount(table.codes[:, column]).argmax())]
            text = f"no frame shows all it needs; most often: {commonest}"
            definitions[column] = replace(definition, observable=False, reason=text)
    return tuple(definitions)


def _is_shown(definition: AngleDefinition) -> bool:
    """Tell whether the points show the angle, though it may be in no frame."""
    return definition.observable or definition.reason == NEVER_TOGETHER


def _gimbal(table: _Table, columns: Mapping[str, int], hidden: Mapping[tuple[str, ...], NDArray]) -> None:
    """Flag first and third angles beside a second one near a right angle; beyond 89 deg they are lost.

    `hidden` holds second angles, shape (time,), that are no angle of the project, by what they take with them.
    """
    third = {name for names in hidden for name in names}
    _, low, high = column_facts(table.values)
    largest = np.maximum(-low, high)
    for second, others in _TRIPLES.items():
        if second not in columns or second in third:
            continue
        if largest[columns[second]] <= np.deg2rad(GIMBAL_FLAG_DEG):
            continue
        _near_lock(table, [columns[name] for name in others], table.values[:, columns[second]])
    for names, angle in hidden.items():
        _near_lock(table, [columns[name] for name in names if name in columns], angle)


def _near_lock(table: _Table, others: list[int], second: NDArray) -> None:
    size = np.abs(second)
    near = size > np.deg2rad(GIMBAL_FLAG_DEG)
    if near.any():
        for column in others:
            table.lose(size > np.deg2rad(GIMBAL_LOST_DEG), column, GIMBAL_LOST)
            table.give(near & np.isfinite(table.values[:, column]), column, GIMBAL_FLAG)


def _explain(
    table: _Table,
    angles: JointAngles,
    columns: Mapping[str, int],
    body: Body,
    found: Landmarks,
    positions: Mapping[str, NDArray],
    sources: Callable[[], Mapping[str, frozenset[str]]],
) -> None:
    some = column_facts(table.values)[0] > 0
    asked: Mapping[str, frozenset[str]] | None = None
    seen: dict[str, NDArray] = {}
    for name, column in columns.items():
        if not some[column]:
            continue
        frames = np.isnan(table.values[:, column]) & (table.codes[:, column] == 0)
        if not frames.any():
            continue
        if not _is_shown(angles.definitions[column]):
            table.give(frames, column, angles.definitions[column].reason)
            continue
        if asked is None:
            asked = sources()
            seen = {point: np.isfinite(values).all(axis=1) for point, values in positions.items()}
        if name not in asked:
            # What it is made of is not known: none of the frames that show most points shows it.
            table.give(frames, column, angles.definitions[column].reason or UNTOLD)
            continue
        _missing_points(table, column, frames, _measured(name, asked[name], body, found), seen)
        for segment, pose in found.poses.items():
            if _carries(segment, asked[name], positions):
                _missing_pose(table, column, frames, segment, pose)
        for broken, text in geometry_of(body, name):
            table.give(frames & broken, column, text)
        table.give(frames, column, NO_FRAME)


def _measured(name: str, sources: frozenset[str], body: Body, found: Landmarks) -> tuple[str, ...]:
    """Return the points without which the angle has no value: those of a cluster may be missing."""
    direct = sources & set(ANATOMICAL) | {point for point in sources if not _tracks_alone(point)}
    for side in "RL":
        low = side.lower()
        if side in body.zeros.foot_flat and name in _of_foot(low):
            direct = direct - set(TRACKED[f"foot_{low}"][0])
    return tuple(sorted(direct))


def _of_foot(low: str) -> tuple[str, ...]:
    return f"ankle_dorsiflexion_{low}", f"ankle_inversion_{low}", f"sole_pitch_{low}"


def _carries(segment: str, sources: frozenset[str], positions: Mapping[str, NDArray]) -> bool:
    """Tell whether an angle is made of a cluster, not only of some of its points."""
    there = {point for point in TRACKED[segment][0] if point in positions}
    return 2 * len(there & sources) > len(there) and len(there & sources) >= 3


def _tracks_alone(point: str) -> bool:
    return any(point in trackers and point not in landmarks for trackers, landmarks in TRACKED.values())


def _missing_points(
    table: _Table, column: int, frames: NDArray, names: tuple[str, ...], seen: Mapping[str, NDArray]
) -> None:
    names = tuple(name for name in names if name in seen)
    if not names:
        return
    absent = np.stack([~seen[name][frames] for name in names], axis=1)
    where = np.flatnonzero(frames)
    patterns, inverse = np.unique(absent, axis=0, return_inverse=True)
    for index, pattern in enumerate(patterns):
        if pattern.any():
            marked = np.zeros(len(frames), bool)
            marked[where[inverse.reshape(-1) == index]] = True
            gone = [name for name, is_gone in zip(names, pattern, strict=True) if is_gone]
            table.give(marked, column, _missing_words(gone))


def _missing_words(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} missing" if more <= 0 else f"{shown} and {more} more missing"


def _missing_pose(table: _Table, column: int, frames: NDArray, segment: str, pose: ClusterPose) -> None:
    lost = frames & np.isnan(pose.frame.axes[:, 0, 0])
    if not lost.any():
        return
    few = np.isnan(pose.residual_m)
    table.give(lost & few, column, f"fewer than three points of the {segment} cluster seen")
    spread = f"points of the {segment} cluster within {1000 * MIN_SPREAD_M:.0f} mm of a line, or not rigid"
    table.give(lost & ~few, column, spread)
