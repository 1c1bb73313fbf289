"""Sub-pixel corners: a blurred crossing of two edges fitted to the pixels around each corner.

The gray level near a corner of the pattern is ``offset + contrast * erf(a / sa) * erf(b / sb)`` with `a` and `b` the
signed distances from the two edges and one blur for each, so that motion blur is fitted and not suffered.
Straight edges stay straight in perspective, hence the model needs no board pose. Pixels that a marker may touch
are left out, which is what OpenCV's window search (`cornerSubPix`) cannot do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.detection.saddle_kernels import fit_all


@dataclass(frozen=True, eq=False)
class Saddles:
    """Fitted corners.

    Attributes
    ----------
    position : ndarray, shape (corner, 2)
        In px.
    sd : ndarray, shape (corner,)
        Standard deviation of the position in px, from the residual and the gradients; inf where it is undetermined.
    contrast : ndarray, shape (corner,)
        In gray levels, half of light minus dark; above 0 when light and dark lie as the board says.
    residual : ndarray, shape (corner,)
        RMS residual over |contrast|.
    blur : ndarray, shape (corner, 2)
        Standard deviation in px of the blur across the edge along the board's x, and across that along its y.
    level : ndarray, shape (corner,)
        Gray level half-way between light and dark.
    """

    position: NDArray
    sd: NDArray
    contrast: NDArray
    residual: NDArray
    blur: NDArray
    level: NDArray


def fit_saddles(gray: NDArray, start: NDArray, axes: NDArray, sign: NDArray, gap: float | None) -> Saddles:
    """Fit the crossing of edges at each corner.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    start : ndarray, shape (corner, 2)
        Expected positions, good to about a tenth of a square.
    axes : ndarray, shape (corner, 2, 2)
        Columns: px per square along the board's x and y.
    sign : ndarray, shape (corner,)
        +1 where the square towards +x +y of the corner is light, -1 where it is dark.
    gap : float or None
        Blank rim of a light square around its marker, in squares; None when light squares are empty.

    Returns
    -------
    Saddles
    """
    fitted = fit_all(
        checked_array(np.ascontiguousarray(gray), "gray", ("height", "width"), np.uint8),  # one compiled signature
        np.ascontiguousarray(start, dtype=float),
        np.ascontiguousarray(axes, dtype=float),
        np.ascontiguousarray(sign, dtype=float),
        -1.0 if gap is None else float(gap),
    )
    return Saddles(fitted[:, :2], fitted[:, 2], fitted[:, 3], fitted[:, 4], fitted[:, 5:7], fitted[:, 7])
