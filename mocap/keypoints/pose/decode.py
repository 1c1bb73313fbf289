"""What a pose model's output says: where its keypoints are in the crop, finer than its bins, and how sure it is."""

import numpy as np
from numpy.typing import NDArray

_LEAST = 1e-10  # of a heatmap's value before its logarithm


def decode_simcc(simcc_x: NDArray, simcc_y: NDArray, size: tuple[int, int]) -> tuple[NDArray, NDArray]:
    """Decode two one-dimensional distributions per keypoint (SimCC, the RTMPose family).

    Parameters
    ----------
    simcc_x : ndarray, shape (person, keypoint, width * bins)
    simcc_y : ndarray, shape (person, keypoint, height * bins)
        A bin is a fraction of a pixel of the crop; bin 0 is the centre of the first pixel.
    size : tuple of int
        Width and height of the model's input in px.

    Returns
    -------
    pixels_crop : ndarray, shape (person, keypoint, 2)
    score : ndarray, shape (person, keypoint)
        The lower of the two peaks.

    Notes
    -----
    Within a bin the peak is that of the parabola through the largest value and its neighbours. The outputs are the
    logarithms of Gaussians but for a factor (they are trained through a softmax), for which that is exact.
    """
    found = [_peak(values) for values in (simcc_x, simcc_y)]
    pixels = np.stack([place * length / values.shape[2] for (place, _), length, values in
                       zip(found, size, (simcc_x, simcc_y), strict=True)], axis=-1)  # fmt: skip
    return pixels, np.minimum(found[0][1], found[1][1])


def decode_heatmaps(heatmaps: NDArray, size: tuple[int, int], udp: bool = False) -> tuple[NDArray, NDArray]:
    """Decode a heatmap per keypoint.

    Parameters
    ----------
    heatmaps : ndarray, shape (person, keypoint, rows, columns)
    size : tuple of int
        Width and height of the model's input in px.
    udp : bool
        First and last pixel of heatmap and crop coincide (unbiased data processing) rather than their first alone.

    Returns
    -------
    pixels_crop : ndarray, shape (person, keypoint, 2)
    score : ndarray, shape (person, keypoint)
        Value of the peak.

    Notes
    -----
    Within a cell the peak is that of the parabolas through the logarithms along row and column, exact for a
    Gaussian (Zhang et al. 2020, distribution-aware coordinates, without the blur before it).
    """
    people, keypoints, rows, columns = heatmaps.shape
    flat = heatmaps.reshape(people, keypoints, -1)
    row, column = np.divmod(flat.argmax(axis=2), columns)
    person, keypoint = np.indices(row.shape)
    logs = np.log(np.maximum(heatmaps, _LEAST))
    across, _ = _peak(logs[person, keypoint, row], column)
    down, _ = _peak(logs[person, keypoint, :, column], row)
    cells = np.array([columns, rows], float)
    step = (np.array(size) - 1.0) / (cells - 1.0) if udp else np.array(size) / cells
    return np.stack((across, down), axis=-1) * step, flat.max(axis=2)


def _peak(values: NDArray, place: NDArray | None = None) -> tuple[NDArray, NDArray]:
    """Return the place of the peak along the last axis, to a fraction of a bin, and its value."""
    values = np.asarray(values, float)
    best = values.argmax(axis=-1) if place is None else place
    last = values.shape[-1] - 1

    def at(index: NDArray) -> NDArray:
        return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]

    before, top, after = at(np.maximum(best - 1, 0)), at(best), at(np.minimum(best + 1, last))
    bend = before - 2.0 * top + after
    curved = (best > 0) & (best < last) & (bend < 0)
    shift = np.where(curved, 0.5 * (before - after) / np.where(curved, bend, 1.0), 0.0)
    return best + np.clip(shift, -0.5, 0.5), top
