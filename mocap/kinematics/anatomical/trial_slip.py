"""A sacral plate that slides while a trial is recorded: against ASIS and PSIS, else against the hips of the thighs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.anatomical.segment import Positions, cluster_of, motion_of
from mocap.kinematics.anatomical.slip import (
    MIN_SIDE_S,
    WITNESS_STEP_M,
    Step,
    find_step,
    slid_thigh,
    thigh_words,
    witness_places,
)
from mocap.kinematics.clusters import Cluster
from mocap.kinematics.frame_flags import PointFlag
from mocap.kinematics.heading import quiet_at
from mocap.kinematics.landmarks import TRACKED
from mocap.kinematics.static import standing_frames
from mocap.trial import Verdict

MOST_FRAMES = 2000
"""Up to twice as many standing frames are looked at; a longer trial is thinned out."""
MIN_SIDE = 6
"""Frames of a thinned trial on each side of a change."""
_SKIN = ("RASIS", "LASIS", "RPSIS", "LPSIS")


@dataclass(frozen=True)
class PlateSlip:
    """The largest lasting change of what the sacral plate sees in a trial.

    Attributes
    ----------
    size_m : float
    accused, what : str
        In words: what slid, and against what.
    points : tuple of str
        Of the plate or cluster that is accused.
    frame : int
        The change lies behind it.
    """

    size_m: float
    accused: str
    what: str
    points: tuple[str, ...]
    frame: int


def find_plate_slip(
    static: Positions, trial: Positions, hips: Mapping[str, NDArray], rate_hz: float
) -> PlateSlip | None:
    """Find the moment at which the sacral plate may have slid within a trial.

    Parameters
    ----------
    static, trial : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames of the static, and in the trial, ISB-turned world, m.
    hips : mapping of str to ndarray, shape (time, 3)
        Side (R, L) to the hip centre in the static's quiet frames.
    rate_hz : float
        Of the trial.

    Returns
    -------
    PlateSlip or None
        By standing frames (quiet ones for the hip centres that the thighs carry, whose skin moves more). None without a
        plate or a witness.
    """
    names = tuple(name for name in TRACKED["pelvis"][0] if name in static and name in trial)
    plate = cluster_of(static, names, "pelvis")
    if plate is None:
        return None
    judged = np.flatnonzero(standing_frames(trial))
    # What lasts shows in a part of the frames of a long trial as well.
    stride = max(1, len(judged) // MOST_FRAMES)
    judged = judged[::stride]
    min_frames = max(1 if stride == 1 else MIN_SIDE, round(MIN_SIDE_S * rate_hz / stride))
    judged_trial = {name: values[judged] for name, values in trial.items()}
    seen = {name: judged_trial[name] for name in _SKIN if name in trial and name in static}
    what = "ASIS and PSIS"
    step = _step(plate, judged_trial, seen, min_frames) if len(seen) >= 3 else None
    if step is None:
        quiet = quiet_at(list(trial.values()), rate_hz, judged)
        judged, judged_trial = judged[quiet], {name: values[quiet] for name, values in judged_trial.items()}
        seen, what = carried_hips(static, judged_trial, hips), "the hip centres that the thighs carry"
        step = _step(plate, judged_trial, seen, min_frames) if seen else None
    if step is None:
        return None
    accused, points = "sacral plate", names
    if len(seen) == 2:
        alone = {side: _step(plate, judged_trial, {side: path}, min_frames) for side, path in seen.items()}
        off = {side: one.size_m for side, one in alone.items() if one is not None}
        side = slid_thigh(off)
        if side:
            accused, what = thigh_words(side), "the sacral plate"
            points = TRACKED[f"femur_{side.lower()}"][0]
    return PlateSlip(step.size_m, accused, what, points, int(judged[step.frame]))


def slip_verdicts(slip: PlateSlip | None, rate_hz: float) -> tuple[Verdict, ...]:
    """Return `plate_slip`, the size (m) of what was found against its limit; none where nothing could be judged."""
    if slip is None:
        return ()
    text = f"{slip.accused} against {slip.what}: lasting change in standing after {slip.frame / rate_hz:.2f} s"
    return (Verdict("plate_slip", slip.size_m, WITNESS_STEP_M, "m", slip.size_m <= WITNESS_STEP_M, text),)


def slip_flags(slip: PlateSlip | None, n_frames: int) -> list[PointFlag]:
    """Return the flag of a plate that slid, from then on: angles by it are no longer those of the static's zero."""
    if slip is None or slip.size_m <= WITNESS_STEP_M:
        return []
    accused = slip.accused.partition(" (")[0]
    text = f"{accused} slid by about {1000 * slip.size_m:.0f} mm"
    return [PointFlag(text, slip.points, np.arange(slip.frame + 1, n_frames))]


def _step(plate: Cluster, trial: Positions, seen: Positions, min_frames: int) -> Step | None:
    """Return the lasting change over the frames that count, which alone are handed in."""
    n_frames = len(next(iter(trial.values())))
    if n_frames < 2 * min_frames:
        return None
    return find_step(witness_places(motion_of(plate, trial), seen), np.ones(n_frames, bool), min_frames)


def carried_hips(static: Positions, trial: Positions, hips: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return hip centres as the thigh clusters carry them through the trial."""
    carried = {}
    for side, centre in hips.items():
        segment = f"femur_{side.lower()}"
        names = tuple(name for name in TRACKED[segment][0] if name in static and name in trial)
        cluster = cluster_of(static, names, segment)
        if cluster is None:
            continue
        still = motion_of(cluster, static)
        inside = np.einsum("tji,tj->ti", still.axes, centre - still.origin)
        inside = inside[np.isfinite(inside).all(axis=1)]
        if len(inside):
            moved = motion_of(cluster, trial)
            carried[side] = moved.axes @ inside.mean(axis=0) + moved.origin
    return carried
