"""Corners that cannot belong to the board as the rest of their view shows it: left out of the start.

The joint refinement finds outliers against all cameras, but it has to begin near the answer. A single corner that a
detector took for another pulls the homography of its view along with it, and with one in five corners wrong no view
is left to begin from. So where a view's homography fits badly, the one on which most corners agree is found by trying
small samples (least median of squares; Rousseeuw, "Least median of squares regression", 1984).
"""

import numpy as np
from numpy.typing import NDArray

from calibration.initial.planar import homographies
from calibration.views import usable_views

_FAR = 0.08  # of the board's extent in the image; lenses bend a board by less
_NEAR = 0.02
_TRIALS = 80  # with 40 % of wrong corners one sample is sound but for once in 60 000 views
_SAMPLE = 4
_MAJORITY = 0.55
_EXTENT = 3.0  # length of a board over the median distance of its corners from their middle


def sound_corners(pixels: NDArray, plane: NDArray) -> tuple[NDArray, NDArray]:
    """Return which corners agree with the rest of their view, and which views have such a rest.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        Of a flat board; NaN where not seen.
    plane : ndarray, shape (corner, 2)
        Metres.

    Returns
    -------
    corners : ndarray of bool, shape (view, corner)
        All that were seen in views without a majority that agrees.
    views : ndarray of bool, shape (view,)
    """
    seen = np.isfinite(pixels).all(axis=-1)
    off, extent = _misses(homographies(plane, pixels), plane, pixels), _extents(pixels, seen)
    views = np.where(seen, off, 0.0).max(axis=1, initial=0.0) < _FAR * extent
    for view in np.flatnonzero(~views & (seen.sum(axis=1) > _SAMPLE)):
        rng = np.random.default_rng(int(view))
        agreeing = _majority(pixels[view], plane, seen[view], float(extent[view]), rng)
        if agreeing is not None:
            seen[view], views[view] = agreeing, True
    return seen, views


def _misses(matrix: NDArray, plane: NDArray, pixels: NDArray) -> NDArray:
    """Distance of each corner from where homographies put it, px; infinite without one."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mapped = np.insert(plane, 2, 1.0, axis=1) @ np.swapaxes(matrix, -1, -2)
        off = np.linalg.norm(mapped[..., :2] / mapped[..., 2:] - pixels, axis=-1)
    return np.where(np.isfinite(off), off, np.inf)


def _extents(pixels: NDArray, seen: NDArray) -> NDArray:
    """Size of the board in each view, shape (view,), px, by medians: wrong corners may lie anywhere."""
    n_seen = np.maximum(seen.sum(axis=1), 1)
    rows, middle = np.arange(len(pixels)), n_seen // 2

    def median(values: NDArray) -> NDArray:
        return np.asarray(np.sort(np.where(seen, values, np.inf), axis=1)[rows, np.minimum(middle, n_seen - 1)])

    off = [pixels[..., axis] - median(pixels[..., axis])[:, None] for axis in (0, 1)]
    return _EXTENT * median(np.hypot(*np.where(seen, off, 0.0)))


def _majority(
    pixels: NDArray, plane: NDArray, seen: NDArray, extent: float, rng: np.random.Generator
) -> NDArray | None:
    """Return the corners of one view, shape (corner,), on whose homography most agree; None where they are too few."""
    own, n_seen = np.flatnonzero(seen), int(seen.sum())
    samples = own[rng.random((_TRIALS, n_seen)).argsort(axis=1)[:, :_SAMPLE]]
    chosen = np.full((_TRIALS, *pixels.shape), np.nan)
    np.put_along_axis(chosen, samples[..., None].repeat(2, axis=-1), pixels[samples], axis=1)
    off = _misses(homographies(plane, chosen), plane, pixels)
    middle = np.sort(off[:, own], axis=1)[:, int(_MAJORITY * n_seen)]
    best = off[int(middle.argmin())]
    limit = max(4.0 * float(middle.min()), _NEAR * extent)
    agreeing = seen & (best < limit)
    for share in (_NEAR * 2, _FAR):
        kept = np.where(agreeing[:, None], pixels, np.nan)
        near = _misses(homographies(plane, kept[None]), plane, pixels)[0]
        agreeing = seen & (near < share * extent)
        if agreeing.sum() < _MAJORITY * n_seen:
            return None
    whole = usable_views(agreeing[None], np.insert(plane, 2, 0.0, axis=1))
    return agreeing if whole[0] else None
