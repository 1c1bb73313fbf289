"""Heel markers that were shifted sideways: what the shape of a foot of three points does not show.

A heel that is shifted by 30 mm sideways nearly keeps its distances to ankle and toe. But in the shank it stays near one
sagittal plane, however the ankle bends. Toes do not: inversion and rotation carry them sideways (SD 7 to 22 mm in walks
of people, 3 to 8 mm of heels), so that they are not judged.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.clusters import MIN_SPREAD_M, mean_shape, second_spread
from mocap.kinematics.faults.bodies import FOOT_M, Group, Moved
from mocap.kinematics.rigid_groups import MOST_SLOW
from mocap.kinematics.shapes import apart, best_split, shared

_MIN_SIDE = 10
_SHANK = (*(f"SH{i}" for i in range(1, 7)), "TIB_WAND", "MFE", "MMAL")
_TOES = ("MT2", "TOE", "MT5", "MT1")


def find_shifted_heels(
    trial: Mapping[str, NDArray], static: Mapping[str, NDArray], known: Collection[str] = ()
) -> tuple[Moved, ...]:
    """Find the heel markers that were shifted sideways.

    Parameters
    ----------
    trial, static : mapping of str to ndarray, shape (time, 3)
        Landmarks, and those in the static's quiet frames (empty without one), m.
    known : collection of str
        Names of groups of which a fault is known already.

    Returns
    -------
    tuple of Moved
        Those farther off than skin and joints bring heels: of what nine tenths of the frames share, or of the gap
        between two parts of the trial, 9 mm. Shanks of fewer than three points tell nothing.
    """
    n_frames = len(next(iter(trial.values()))) if trial else 0
    frames = np.unique(np.linspace(0, n_frames - 1, min(n_frames, MOST_SLOW)).round().astype(int))
    both = [name for name in trial if not static or name in static]
    found = []
    for side in "RL":
        heel, toe = f"{side}HEEL", next((side + name for name in _TOES if side + name in both), "")
        ends = (f"{side}LFE", f"{side}LMAL")
        shank = [*ends, *(side + name for name in _SHANK if side + name in both)]
        name = f"foot_{side.lower()}"
        if name in known or not toe or len(shank) < 3 or not {heel, *ends} <= {*both}:
            continue
        names = (*shank, heel, toe)
        places = np.stack([trial[point][frames] for point in names], axis=1)
        there = np.isfinite(places).all(axis=(1, 2))
        recorded = places[there] if not static else np.stack([static[point] for point in names], axis=1)
        shape = mean_shape(recorded)
        if there.sum() < 2 * _MIN_SIDE or shape is None or second_spread(shape[:-2]) < MIN_SPREAD_M:
            continue
        off = _sideways(places[there], shape)
        start, sure, size = _step(off)
        of_static = bool(static) and sure <= FOOT_M
        if of_static:
            middle = float(np.median(off))
            start, sure, size = 0, shared(off * np.sign(middle)), abs(middle)
        if sure > FOOT_M:
            group = Group(name, f"foot {side}, sideways", (heel,), FOOT_M)
            found.append(Moved(group, (heel,), size, FOOT_M, int(frames[there][start]), n_frames, of_static))
    return tuple(found)


def _sideways(places: NDArray, shape: NDArray) -> NDArray:
    """Return how far sideways the heel is from where a shape, (point, 3), has it, shape (time,).

    Points are those of the shank, the lateral epicondyle and malleolus first, then the heel and a toe.
    """
    across = np.cross(shape[0] - shape[1], shape[-1] - shape[-2])
    across /= max(float(np.linalg.norm(across)), 1e-12)
    middle, offset = shape[:-2].mean(axis=0), places[:, :-2] - places[:, :-2].mean(axis=1, keepdims=True)
    u, _, vt = np.linalg.svd(np.einsum("tpi,pj->tij", offset, shape[:-2] - middle))
    vt[:, 2] *= np.sign(np.linalg.det(u) * np.linalg.det(vt))[:, None]
    heel = np.einsum("ti,tij->tj", places[:, -2] - places[:, :-2].mean(axis=1), u @ vt)
    off: NDArray = (heel - (shape[-2] - middle)) @ across
    return off


def _step(off: NDArray) -> tuple[int, float, float]:
    """Return the first frame behind the change that divides offsets best, the gap there, and the change of medians."""
    at = best_split(off[:, None], _MIN_SIDE)
    if at is None:
        return 0, 0.0, 0.0
    first, last = off[: at + 1], off[at + 1 :]
    change = float(np.median(last) - np.median(first))
    return at + 1, apart(first, last) if change > 0 else apart(last, first), abs(change)
