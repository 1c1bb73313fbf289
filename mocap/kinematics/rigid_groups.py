"""Points that ought to keep their places on one body: which of them was moved, slid, or carries another's label.

The shape of every group is compared with that of the static, and with itself over the trial: where it changes at once
and comes back, or changes for good.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.bodies import GROUPS, Moved
from mocap.kinematics.faults.body_samples import EDGE_BLOCK_S, FEWEST_BLOCKS, Samples
from mocap.kinematics.faults.rigid_kernels import residuals
from mocap.kinematics.faults.shape_changes import faults_of
from mocap.kinematics.faults.slow_changes import MIN_SIDE
from mocap.kinematics.heading import quiet_at
from mocap.kinematics.static import standing_frames
from mocap.trial import Points3D

Positions = Mapping[str, NDArray]

MOST_FRAMES = 3000
"""That are looked at for sudden changes; 200 of them for slow ones. Of a longer trial it is every n-th frame, and an
excursion that lasts for less than three of them is taken for a sample that is off."""
MOST_SLOW = 200
MIN_SIDE_S = 0.25
_SETS = 4  # of points that are seen together, which are judged one after the other


def find_moved(trial: Positions, static: Positions, rate_hz: float) -> tuple[tuple[Moved, ...], int]:
    """Find the points that left their places on the body.

    Parameters
    ----------
    trial, static : mapping of str to ndarray, shape (time, 3)
        Landmarks, and those in the static's quiet frames (empty without one), m.
    rate_hz : float

    Returns
    -------
    tuple of Moved
        By group and stretch of time. A change within five standard uncertainties, by the scatter of the points, is
        none.
    int
        How many groups could be compared.
    """
    n_frames = len(next(iter(trial.values()))) if trial else 0
    frames = np.unique(np.linspace(0, n_frames - 1, min(n_frames, MOST_FRAMES)).round().astype(int))
    if len(frames) < 2 * MIN_SIDE:
        return (), 0
    slow = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), MOST_SLOW)).round().astype(int))
    still = np.zeros(len(frames), bool)
    upright = slow[standing_frames({name: values[frames[slow]] for name, values in trial.items()})]
    still[upright] = quiet_at(list(trial.values()), rate_hz, frames[upright])
    looked = np.zeros(len(frames), bool)
    looked[slow] = True
    min_slow = max(MIN_SIDE, round(MIN_SIDE_S * rate_hz * len(slow) / n_frames))
    found, seen = list[Moved](), 0
    for group in GROUPS:
        names = tuple(name for name in group.points if name in trial and (not static or name in static))
        if len(names) < 3:
            continue
        places = np.stack([trial[name][frames] for name in names], axis=1)
        compared = False
        for points, rows in seen_together(np.isfinite(places).all(axis=2), 2 * MIN_SIDE):
            who = tuple(names[i] for i in points)
            before = _mean_shape(np.stack([static[name] for name in who], axis=1)) if static else None
            if (static and before is None) or (looked & rows).sum() < 2 * MIN_SIDE:
                continue
            judged = Samples(
                group, who, np.ascontiguousarray(places[rows][:, points]), frames[rows], looked[rows], still[rows],
                min_slow, rate_hz,
            )  # fmt: skip
            # A moment tells nothing of what is skin.
            if judged.n_blocks(frames[rows], EDGE_BLOCK_S) >= FEWEST_BLOCKS:
                compared = True
                found += faults_of(judged, before)
        seen += compared
    return tuple(found), seen


def find_moved_in_static(quiet: Positions, static: Points3D | None, n_frames: int) -> tuple[Moved, ...]:
    """Return what moves within the quiet frames, shapes (time, 3): it spoils all frames, `n_frames`, of the trial."""
    found, told = list[Moved](), set[str]()
    for one in find_moved(quiet, {}, static.rate_hz)[0] if static is not None else ():
        if one.group.name not in told:
            told.add(one.group.name)
            found.append(replace(one, start=0, stop=n_frames, in_static=True, either=-1))
    return tuple(found)


def _mean_shape(places: NDArray) -> NDArray | None:
    """Do as `clusters.mean_shape`, by the compiled fit."""
    whole = places[np.isfinite(places).all(axis=(1, 2))]
    if not len(whole):
        return None
    first = whole[0] - whole[0].mean(axis=0)
    shape: NDArray = first + residuals(np.ascontiguousarray(whole), first).mean(axis=0)
    return shape


def seen_together(seen: NDArray, least: int) -> list[tuple[NDArray, NDArray]]:
    """Return sets of points and the frames to judge them in, from what is seen, shape (time, point).

    A point that is lost for some time does not keep the others from being judged: the frames fall into those that show
    one set and those that show another, three points or more of them, in `least` frames or more.
    """
    if seen.all():
        return [(np.arange(seen.shape[1]), np.ones(len(seen), bool))]
    codes, left, out = seen @ (1 << np.arange(seen.shape[1])), np.ones(len(seen), bool), []
    for _ in range(_SETS):
        values, counts = np.unique(codes[left], return_counts=True)
        best, score = 0, 0
        for code in values[np.argsort(-counts)][:16].tolist():
            size = code.bit_count()
            worth = int(((codes[left] & code) == code).sum()) * size if size >= 3 else 0
            best, score = (code, worth) if worth > score else (best, score)
        rows = left & ((codes & best) == best)
        if not best or rows.sum() < least:
            break
        out.append((np.flatnonzero(best >> np.arange(seen.shape[1]) & 1), rows))
        left &= ~rows
    return out
