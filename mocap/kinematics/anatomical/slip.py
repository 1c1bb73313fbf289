"""A plate that slid on the skin: found between two statics, or within a trial.

What the bone carries besides the plate bears witness: landmarks, or hip centres that the thighs carry. Seen from the
plate they stay where they are, unless the plate moves. The limits are choices of this project: half of a slide of 10 mm
or a turn of 5 deg.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.anatomical.rotation import SegmentMotion
from mocap.kinematics.anatomical.segment import Positions, cluster_of, motion_of
from mocap.kinematics.clusters import Cluster, fit, second_spread
from mocap.kinematics.landmarks import ANATOMICAL, TRACKED, traced_points
from mocap.trial import Verdict

SHIFT_M = 0.005
TURN_DEG = 2.5
SHAPE_M = 0.003
POSTURE_SHIFT_M = 0.010
POSTURE_TURN_DEG = 5.0
WITNESS_STEP_M = 0.005
MIN_SIDE_S = 0.25
_NAMES = {"pelvis": "sacral plate", "lumbar": "T12/L1 plate", "femur": "thigh cluster", "shank": "shank cluster"}


@dataclass(frozen=True)
class Slide:
    """How a plate moved on its segment: shift of its middle, m, and turn, rad (NaN where the witnesses tell none)."""

    shift_m: float
    turn_rad: float


@dataclass(frozen=True)
class Step:
    """A lasting change within a trial: RMS movement of the witnesses, m, and the frame after which it is there."""

    size_m: float
    frame: int


def plate_name(segment: str) -> str:
    """Return in words what tracks a segment."""
    base, _, side = segment.partition("_")
    words = _NAMES.get(base, base)
    return f"{words} {side.upper()}" if side else words


def slid_thigh(off_m: Mapping[str, float]) -> str:
    """Return the side (R, L) whose hip centre alone left its place in the plate, by how far each did, m; else empty.

    A plate that moves takes both hips along: where one side alone changes, it is that thigh. Half is a choice.
    """
    if len(off_m) != 2 or not min(off_m.values()) < 0.5 * max(off_m.values()):
        return ""
    return max(off_m, key=lambda side: off_m[side])


def thigh_words(side: str) -> str:
    """Return in words what slid where one hip alone left its place in the sacral plate."""
    return f"{plate_name(f'femur_{side.lower()}')} (or the plate turned about the other hip)"


def slide_between(before: NDArray, after: NDArray) -> Slide:
    """Return how a plate moved, from its witnesses in the plate's own axes, shape (witness, 3), m, before and after.

    With three witnesses off one line their rigid movement is taken; with fewer their mean shift, and no turn.
    """
    if len(before) < 3 or second_spread(before) < 0.01:
        return Slide(float(np.linalg.norm((after - before).mean(axis=0))), float("nan"))
    middle, there = before.mean(axis=0), after.mean(axis=0)
    u, _, vt = np.linalg.svd((before - middle).T @ (after - there))
    turn = vt.T @ np.diag([1.0, 1.0, np.linalg.det(vt.T @ u.T)]) @ u.T
    # after = turn before + shift; the middle of the plate is the origin of its axes.
    shift = there - turn @ middle
    angle = np.arctan2(np.linalg.norm(_axial(turn)), (np.trace(turn) - 1.0) / 2.0)
    return Slide(float(np.linalg.norm(shift)), float(angle))


def _axial(turn: NDArray) -> NDArray:
    return np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2.0


def witness_places(plate: SegmentMotion, witnesses: Mapping[str, NDArray]) -> NDArray:
    """Return witnesses, positions of shape (time, 3), in the plate's own axes, shape (time, witness, 3)."""
    stacked = np.stack(list(witnesses.values()), axis=1)
    return np.einsum("tji,tpj->tpi", plate.axes, stacked - plate.origin[:, None])


def find_step(places: NDArray, judged: NDArray, min_frames: int) -> Step | None:
    """Return the lasting change that divides a trial best, or None where too few frames can be judged.

    Parameters
    ----------
    places : ndarray, shape (time, witness, 3)
        Witnesses in the plate's own axes, m.
    judged : ndarray of bool, shape (time,)
        Frames that count: standing ones, where skin is where it was.
    min_frames : int
        That either side of the change must have.
    """
    frames = np.flatnonzero(judged & np.isfinite(places).all(axis=(1, 2)))
    if len(frames) < 2 * min_frames:
        return None
    seen = places[frames].reshape(len(frames), -1)
    count = np.arange(1, len(frames))[:, None]
    sums = np.cumsum(seen, axis=0)[:-1]
    before, after = sums / count, (seen.sum(axis=0) - sums) / (len(frames) - count)
    squares = np.sum((after - before) ** 2, axis=1)
    # The split that leaves the least scatter on its two sides.
    gain = (squares * (count * (len(frames) - count))[:, 0])[min_frames - 1 : len(frames) - min_frames]
    best = int(np.argmax(gain)) + min_frames - 1
    return Step(float(np.sqrt(squares[best] / places.shape[1])), int(frames[best]))


def compare_statics(
    opening: Positions, closing: Positions, hips: tuple[Positions, Positions] = ({}, {})
) -> tuple[Verdict, ...]:
    """Compare plates and clusters of two statics of one session.

    Parameters
    ----------
    opening, closing : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames, m.
    hips : (mapping of str to ndarray of shape (time, 3), the same)
        Hip centres as the thighs carry them in either static, m; they bear witness where too few landmarks do.

    Returns
    -------
    tuple of Verdict
        Per segment: shift (m) and turn (deg) of the plate against its landmarks, and change of its shape; the T12/L1
        plate against the sacral one, where posture enters. A plate without a witness was not judged: its shift is NaN,
        and fails. First that anything could be compared.
    """
    verdicts: tuple[Verdict, ...] = ()
    plates = {}
    for segment in TRACKED:
        cluster = _plate(segment, opening, closing)
        if cluster is None:
            continue
        plates[segment] = cluster
        name, label = f"closing_{segment}", plate_name(segment)
        pose = fit(cluster, traced_points({n: closing[n] for n in cluster.names}, False))
        bent = pose.residual_m[np.isfinite(pose.residual_m)]
        worst = float(np.median(bent)) if len(bent) else float("nan")
        text = f"change of the {label}'s shape since the opening static (RMS)"
        verdicts += (Verdict(f"{name}_shape", worst, SHAPE_M, "m", worst <= SHAPE_M, text),)
        judged = _against_landmarks(segment, cluster, opening, closing)
        if not judged and segment == "pelvis":
            judged = _against_hips(cluster, (opening, closing), hips)
        if not judged and not (segment == "lumbar" and "pelvis" in plates):
            judged = (_not_judged(segment),)
        verdicts += judged
    if {"pelvis", "lumbar"} <= set(plates):
        verdicts += _lumbar_against_pelvis(plates, opening, closing)
    said = "segments that both statics show with their plate or cluster"
    return (Verdict("closing_static", float(len(plates)), 1.0, "1", bool(plates), said), *verdicts)


def _plate(segment: str, opening: Positions, closing: Positions) -> Cluster | None:
    trackers, _ = TRACKED[segment]
    names = tuple(n for n in trackers if n in opening and n in closing and n not in ANATOMICAL)
    return cluster_of(opening, names, segment)


def _against_landmarks(
    segment: str, cluster: Cluster, opening: Positions, closing: Positions
) -> tuple[Verdict, ...]:
    landmarks = [name for name in TRACKED[segment][1] if name in opening and name in closing]
    places = [_mean_places(cluster, static, landmarks) for static in (opening, closing)]
    seen = np.isfinite(places[0] + places[1]).all(axis=1) if landmarks else np.zeros(0, bool)
    if seen.sum() < 2:
        return ()
    slide = slide_between(places[0][seen], places[1][seen])
    against = ", ".join(name for name, there in zip(landmarks, seen, strict=True) if there)
    return _slide_verdicts(f"closing_{segment}", slide, SHIFT_M, TURN_DEG, f"{plate_name(segment)} against {against}")


def _against_hips(
    plate: Cluster, statics: tuple[Positions, Positions], hips: tuple[Positions, Positions]
) -> tuple[Verdict, ...]:
    sides = [side for side in hips[0] if side in hips[1]]
    before, after = (_mean_places(plate, {**s, **h}, sides) for s, h in zip(statics, hips, strict=True))
    seen = np.isfinite(before + after).all(axis=1) if sides else np.zeros(0, bool)
    if not seen.any():
        return ()
    text = f"{plate_name('pelvis')} against the hip centres that the thighs carry"
    slide = slide_between(before[seen], after[seen])
    off_m = {side: float(np.linalg.norm(one)) for side, one in zip(sides, after - before, strict=True)}
    side = slid_thigh(off_m)
    if side and off_m[side] > SHIFT_M:
        # The mean of both sides would halve it.
        slide, text = Slide(off_m[side], float("nan")), f"{thigh_words(side)} against the {plate_name('pelvis')}"
    return _slide_verdicts("closing_pelvis", slide, SHIFT_M, TURN_DEG, text)


def _not_judged(segment: str) -> Verdict:
    text = f"{plate_name(segment)} not judged: both statics show nothing else of its segment"
    return Verdict(f"closing_{segment}_shift", float("nan"), SHIFT_M, "m", False, text)


def _lumbar_against_pelvis(
    plates: Mapping[str, Cluster], opening: Positions, closing: Positions
) -> tuple[Verdict, ...]:
    # Four points drawn on the sacral plate, as the T12/L1 plate sees them.
    places = []
    for static in (opening, closing):
        lumbar, pelvis = motion_of(plates["lumbar"], static), motion_of(plates["pelvis"], static)
        drawn = np.concatenate([np.zeros((1, 3)), 0.1 * np.eye(3)])
        spots = {str(i): pelvis.axes @ spot + pelvis.origin for i, spot in enumerate(drawn)}
        seen = witness_places(lumbar, spots)
        seen = seen[np.isfinite(seen).all(axis=(1, 2))]
        if not len(seen):
            return ()
        places.append(seen.mean(axis=0))
    text = "T12/L1 plate against the sacral plate; posture enters"
    slide = slide_between(*places)
    # The shift of the lumbar plate's middle as the pelvis sees it, not of the far sacral plate.
    return _slide_verdicts("closing_lumbar", slide, POSTURE_SHIFT_M, POSTURE_TURN_DEG, text)


def _mean_places(cluster: Cluster, static: Positions, landmarks: list[str]) -> NDArray:
    if not landmarks:
        return np.empty((0, 3))
    inside = witness_places(motion_of(cluster, static), {name: static[name] for name in landmarks})
    there = np.isfinite(inside)
    total, count = np.where(there, inside, 0.0).sum(axis=0), there.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _slide_verdicts(name: str, slide: Slide, shift_m: float, turn_deg: float, what: str) -> tuple[Verdict, ...]:
    shifted = Verdict(
        f"{name}_shift", slide.shift_m, shift_m, "m", slide.shift_m <= shift_m,
        f"shift since the opening static, {what}",
    )  # fmt: skip
    turn = float(np.rad2deg(slide.turn_rad))
    if not np.isfinite(turn):
        return (shifted,)
    return (shifted, Verdict(f"{name}_turn", turn, turn_deg, "deg", turn <= turn_deg,
                             f"turn since the opening static, {what}"))  # fmt: skip
