"""Samples of landmarks that no body makes: frozen, leaping, far off their course, or absurdly far away.

All but the absurd ones stay as they are; the angles that are made of them are flagged. What the labels of two points
being exchanged explains is not told again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.exchanged import Exchange
from mocap.kinematics.faults.scan_kernels import any_beyond, look_over, scan
from mocap.kinematics.frame_flags import PointFlag, with_point_flags
from mocap.kinematics.tape.evaluate import for_each, read_only
from mocap.schema import Status
from mocap.signal.implausible import (
    LEAP_M,
    LEAP_M_PER_S,
    STRAY_M,
    find_frozen,
    find_leaps,
    judge_strays,
    leap_limit,
    stray_limits,
)
from mocap.signal.medians import finite_median
from mocap.signal.runs import runs
from mocap.trial import JointAngles, Points3D, Verdict

FAR_M = 1e7
"""No coordinates on earth are larger; a choice."""
BEND_M = 0.015
"""Second difference in time above which a point is looked at closely: less than a stray sample of 20 mm makes."""
_AROUND = 75  # frames on each side of a rough sample that are looked at
_EDGE = 10  # of them at the ends of such a part, which the next samples would have to judge
_OFF_BODY_M = 5.0
_LOOKS = 16
_KEYPOINT_SHARE = 0.01
"""Of all samples of keypoints, what may stray: errors of pose detectors have long tails. Errors of one centimetre with
the tails of Student's t of three degrees of freedom make 0.5 %, an unfiltered recording triangulated elsewhere 5 %."""
_AT_ONCE = 4  # points that one thread looks at closely
_SPAN = 4096  # frames, likewise
_PIECE = 1_000_000  # numbers, likewise
_NAMED = 3
_KINDS = {
    "frozen": "stand still to the last digit while others move",
    "leaping": f"move more than {LEAP_M} m between two frames, and faster than {LEAP_M_PER_S:.0f} m/s",
    "off course": "lie far off the course of their neighbours",
    "far off the body": "are of a point more than 5 m from the others",
}
_NAMES = {kind: f"points_{kind.replace(' ', '_')}" for kind in _KINDS}


@dataclass(frozen=True, eq=False)
class OddPoints:
    """What is odd about the landmarks of a trial.

    Attributes
    ----------
    names : tuple of str
        Landmarks.
    masks : mapping of str to ndarray of bool, shape (time, landmark)
        By kind, those of which there are any.
    allowed : int
        Samples off their course that are usual: of keypoints.
    jumping : tuple of str
        Landmarks with a rough sample, whatever becomes of it.
    doubted : tuple of str
        Those, and landmarks with a missing sample or that never move; no other does anything at once.
    """

    names: tuple[str, ...]
    masks: Mapping[str, NDArray]
    allowed: int = 0
    jumping: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()


def without_absurd(points: Points3D) -> Points3D:
    """Return the points without coordinates that are infinite or larger than 10 000 km: these are missing."""
    position = points.position
    if not _any_absurd(position):
        return points
    absurd = (np.abs(position) > FAR_M).any(axis=2)  # NaN is not
    covariance = points.covariance
    if np.isfinite(covariance[absurd]).any():
        covariance = np.where(absurd[..., None, None], np.nan, covariance)
    return replace(
        points, position=np.where(absurd[..., None], np.nan, position), covariance=covariance,
        status=np.where(absurd, np.uint8(Status.REJECTED), points.status),
    )  # fmt: skip


def _any_absurd(position: NDArray) -> bool:
    numbers, found = read_only(np.ascontiguousarray(position, float).reshape(-1)), []
    for_each(lambda start: found.append(any_beyond(numbers, FAR_M, start, min(start + _PIECE, len(numbers)))),
             range(0, len(numbers), _PIECE))  # fmt: skip
    return any(found)


def find_odd_points(
    points: Points3D, label_of: Mapping[str, str], keypoints: Collection[str] = frozenset()
) -> OddPoints:
    """Find the landmarks that freeze, leap or stray.

    Parameters
    ----------
    points : Points3D
    label_of : mapping of str to str
        Landmark to label.
    keypoints : collection of str
        Landmarks that a pose detector placed: of these some samples stray in every recording.

    Notes
    -----
    One compiled pass tells where to look; `mocap.signal.implausible` judges there.
    """
    names = tuple(label_of)
    columns = np.array([points.names.index(label) for label in label_of.values()], int)
    given = read_only(points.position)
    rough, still = np.zeros((points.n_frames, len(columns)), bool), np.zeros(len(columns), bool)
    doubted = _doubted(given, columns)

    def look(start: int) -> None:
        part = doubted[start : start + _AT_ONCE]
        rough[:, part], still[part] = scan(given, columns[part], BEND_M, leap_limit(points.rate_hz))

    for_each(look, range(0, len(doubted), _AT_ONCE), 3 * points.n_frames * len(doubted))
    masks = {"far off the body": _off_body(points.position, columns)}
    if still.any():
        masks["frozen"] = find_frozen(points.position[:, columns])
    if rough.any():
        masks["leaping"], masks["off course"] = _closer(points, columns, rough)
    allowed = int(_KEYPOINT_SHARE * points.n_frames * sum(name in keypoints for name in names))
    jumping = tuple(names[column] for column in np.flatnonzero(rough.any(axis=0)))
    masks = {kind: mask for kind, mask in masks.items() if mask.any()}
    return OddPoints(names, masks, allowed, jumping, tuple(names[column] for column in doubted))


def _doubted(position: NDArray, columns: NDArray) -> NDArray:
    """Return which of the columns a closer look may find something of: nothing is missing, rough or still in others."""
    n_frames = len(position)
    numbers = np.ascontiguousarray(position).reshape(n_frames, -1)
    if n_frames < 3:
        return np.arange(len(columns))
    found: list[NDArray] = []
    for_each(lambda start: found.append(look_over(numbers, BEND_M, start, min(start + _SPAN, n_frames - 1))),
             range(1, n_frames - 1, _SPAN), numbers.size)  # fmt: skip
    return np.flatnonzero(np.any(found, axis=0)[columns])


def _off_body(position: NDArray, columns: NDArray) -> NDArray:
    """Return the samples, shape (time, column), of points that are far from all others throughout, by a few looks."""
    looks = np.unique(np.linspace(0, len(position) - 1, _LOOKS).round().astype(int))
    seen = position[looks][:, columns]
    apart = np.abs(seen - finite_median(seen, 1)[:, None]).max(axis=2)
    mask = np.zeros((len(position), len(columns)), bool)
    for column in np.flatnonzero(np.nan_to_num(finite_median(apart, 0)) > _OFF_BODY_M):
        mask[:, column] = np.isfinite(position[:, columns[column]]).all(axis=1)
    return mask


def _closer(points: Points3D, columns: NDArray, rough: NDArray) -> tuple[NDArray, NDArray]:
    """Judge leaps of the rough points, and strays in the parts of the trial around what is rough."""
    position = points.position
    leaps, strays = np.zeros((2, *rough.shape), bool)
    some = np.flatnonzero(rough.any(axis=0))
    leaps[:, some] = find_leaps(position[:, columns[some]], leap_limit(points.rate_hz))
    near = np.convolve(rough.any(axis=1), np.ones(2 * _AROUND + 1))[_AROUND : _AROUND + len(rough)] > 0
    for start, stop in runs(near):
        there = np.flatnonzero(rough[start:stop].any(axis=0))
        part = np.where(leaps[start:stop, there, None], np.nan, position[start:stop, columns[there]])
        variance = np.trace(points.covariance[start:stop, columns[there]], axis1=2, axis2=3)
        known = np.isfinite(variance).any()
        sd = np.sqrt(np.where(variance >= 0, variance, np.nan)) if known else None
        found, _ = judge_strays(part, sd, stray_limits(points.rate_hz))
        # What lies at the cut ends of a part has its neighbours outside of it.
        found[: _EDGE * (start > 0)] = False
        found[len(found) - _EDGE * (stop < len(rough)) :] = False
        strays[start:stop, there] = found & _short_excursions(rough[start:stop, there], np.isfinite(part[..., 0]))
    return leaps, strays


def _short_excursions(rough: NDArray, known: NDArray) -> NDArray:
    """Return the samples, shape (time, column), that may have gone off and come back at once.

    One to three samples off their course make three rough ones or more; one jump to another place makes two, one kick
    of a limb one. At the ends of what is known fewer tell.
    """
    near = np.zeros(rough.shape, bool)
    for column in range(rough.shape[1]):
        closed = rough[:, column].copy()
        closed[1:-1] |= closed[:-2] & closed[2:]
        there = np.concatenate([[False, False], known[:, column], [False, False]])
        for start, stop in runs(closed):
            # Two samples before the first rough one, or behind the last, there is nothing.
            at_end = not there[start] or not there[stop + 3]
            if stop - start >= 3 or at_end:
                near[max(start - 1, 0) : stop + 1, column] = True
    return near


def without_exchanged(odd: OddPoints, exchanges: Sequence[Exchange]) -> OddPoints:
    """Return what is odd less what the labels of two points being exchanged explains."""
    if not exchanges or not odd.masks:
        return odd
    masks = {kind: np.array(mask) for kind, mask in odd.masks.items()}
    for found in exchanges:
        both = [odd.names.index(name) for name in (found.one, found.other) if name in odd.names]
        for mask in masks.values():
            mask[max(found.start - 1, 0) : found.stop + 1, both] = False
    return replace(odd, masks={kind: mask for kind, mask in masks.items() if mask.any()})


def without_strays(positions: Mapping[str, NDArray], odd: OddPoints) -> dict[str, NDArray]:
    """Return landmarks, shape (time, 3) each, without samples that leap or stray: the way there and back is no move."""
    left = dict(positions)
    for mask in (odd.masks[kind] for kind in ("leaping", "off course") if kind in odd.masks):
        for index in np.flatnonzero(mask.any(axis=0)):
            if (name := odd.names[index]) in left:
                left[name] = np.where(mask[:, index, None], np.nan, left[name])
    return left


def with_odd_flags(
    angles: JointAngles, odd: OddPoints, sources: Callable[[], Mapping[str, frozenset[str]]]
) -> JointAngles:
    """Return the angles with a flag in the frames in which a point that they are made of is odd.

    Parameters
    ----------
    angles : JointAngles
    odd : OddPoints
    sources : callable
        Gives, per angle, the points that it is made of; asked only where something is odd.
    """
    flags = [
        PointFlag(f"{odd.names[index]} {kind}", (odd.names[index],), np.flatnonzero(mask[:, index]))
        for kind, mask in odd.masks.items()
        for index in np.flatnonzero(mask.any(axis=0))
    ]
    return with_point_flags(angles, flags, sources)


def odd_verdicts(odd: OddPoints, given: Points3D, cleaned: Points3D) -> tuple[Verdict, ...]:
    """Return whether no landmark freezes, leaps or strays, and whether all coordinates can be, naming what does.

    Parameters
    ----------
    odd : OddPoints
    given, cleaned : Points3D
        The trial, and it without absurd coordinates.
    """
    verdicts = []
    for kind, meaning in _KINDS.items():
        mask = odd.masks.get(kind, np.zeros((0, len(odd.names)), bool))
        name = _NAMES[kind]
        text = f"samples of landmarks that {meaning}{_where(mask, odd.names, cleaned)}"
        limit = odd.allowed if kind == "off course" else 0
        text += _untold(given.rate_hz) if kind == "off course" else ""
        text += f"; up to {limit} are usual for keypoints of a pose detector" if limit and mask.any() else ""
        verdicts.append(Verdict(name, float(mask.sum()), float(limit), "samples", bool(mask.sum() <= limit), text))
    return (*verdicts, *absurd_verdict("points_absurd", "", given, cleaned))


def _untold(rate_hz: float) -> str:
    least = stray_limits(rate_hz)[0]
    words = f"; at {rate_hz:g} Hz what lies less than {1000 * least:.0f} mm off may be movement"
    return words if least > STRAY_M else ""


def absurd_verdict(name: str, of_what: str, given: Points3D, cleaned: Points3D) -> tuple[Verdict, ...]:
    """Return what `without_absurd` took out of a recording; nothing where it took nothing."""
    if cleaned is given:
        return ()
    mask = (np.abs(given.position) > FAR_M).any(axis=2)
    text = f"samples{of_what} beyond 10 000 km, taken as missing{_where(mask, given.names, given)}"
    return (Verdict(name, float(mask.sum()), 0.0, "samples", False, text),)


def _where(mask: NDArray, names: Sequence[str], points: Points3D) -> str:
    count = mask.sum(axis=0)
    told = []
    for index in np.argsort(-count, kind="stable")[:_NAMED]:
        if count[index]:
            first = int(np.argmax(mask[:, index]))
            told.append(f"{names[index]} first at {points.time_s[first]:.2f} s (frame {first}, {count[index]} samples)")
    more = int((count > 0).sum()) - len(told)
    tail = f" and {more} more points" if more > 0 else ""
    return f": {', '.join(told)}{tail}. Mend the recording there" if told else ""
