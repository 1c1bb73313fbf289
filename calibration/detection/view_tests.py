"""Views that are not to be trusted: glare on the board in one image, blur that the camera's other views do not show.

A highlight lifts ink and paper alike until the paper saturates, and what remains of an edge lies beside its place. A
view blurred by motion still shows its corners in the right place, but at the moment in the middle of its exposure,
and cameras are rarely synchronised to a fraction of that.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SATURATED = 230.0  # gray level of the paper, fitted
_LIFTED = 10.0  # gray levels by which the ink is lighter than the view's dark corners are
_MORE_RESIDUAL = 0.05  # of the contrast, beyond what the better corners of the view show
_STRONGLY_LIFTED, _ROUGH = 40.0, 0.2  # where glare covers so much that the better corners have it too
_GLARE_SHARE = 0.5  # of a view's corners, from which the view is dropped

_BLUR_RATIO = 1.8  # to the camera's median view
_MIN_SMEAR_PX = 3.0
_UNEVEN = 1.3  # blur across one edge over that across the other, above which it was motion
_FEW_VIEWS = 10  # fewer do not say what is usual

BLUR, MOTION_BLUR, GLARE = "blur", "motion blur", "glare"


@dataclass(frozen=True, eq=False)
class BoardView:
    """What one image shows of a board.

    Attributes
    ----------
    pixels : ndarray, shape (n_corners, 2)
        In px, NaN where a corner is not seen, or not to be trusted.
    blur : ndarray, shape (2,)
        Median standard deviation in px of the blur across the edges along the board's x, and across those along y;
        NaN where it was not measured.
    n_glare : int
        Corners left out because of glare.
    """

    pixels: NDArray[np.float64]
    blur: NDArray[np.float64]
    n_glare: int

    @property
    def glaring(self) -> bool:
        """Whether most of the board lies in glare."""
        seen = int((~np.isnan(self.pixels[:, 0])).sum())
        return self.n_glare > _GLARE_SHARE * (seen + self.n_glare)


def tested_view(
    pixels: NDArray, blur: NDArray, level: NDArray, contrast: NDArray, residual: NDArray, inverted: bool
) -> BoardView:
    """Take the corners out that lie in glare.

    Parameters
    ----------
    pixels : ndarray, shape (n_corners, 2)
        NaN where not seen.
    blur : ndarray, shape (n_corners, 2)
    level, contrast, residual : ndarray, shape (n_corners,)
        As `saddles.Saddles` has them.
    inverted : bool
        The gray levels are those of the negative.
    """
    seen = ~np.isnan(pixels[:, 0])
    if not seen.any():
        return BoardView(pixels, np.full(2, np.nan), 0)
    middle = 255.0 - level if inverted else level
    paper, ink = middle + contrast, middle - contrast
    lift = ink - np.percentile(ink[seen], 10)
    more = residual - np.percentile(residual[seen], 25)
    strong = (lift > _STRONGLY_LIFTED) & (residual > _ROUGH)
    glare = seen & (paper > _SATURATED) & ((lift > _LIFTED) & (more > _MORE_RESIDUAL) | strong)
    kept = np.where(glare[:, None], np.nan, pixels)
    return BoardView(kept, np.median(blur[seen], axis=0), int(glare.sum()))


def blurred_views(blur: NDArray) -> list[str]:
    """Name the views of one camera that are blurred beyond what its other views show.

    Parameters
    ----------
    blur : ndarray, shape (view, 2)
        As `BoardView.blur`.

    Returns
    -------
    list of str
        'motion blur', 'blur' or nothing, per view; at most half are named.
    """
    larger, smaller = blur.max(axis=1), blur.min(axis=1)
    known = np.isfinite(larger)
    if known.sum() < _FEW_VIEWS:
        return [""] * len(blur)
    usual = float(np.median(larger[known]))
    # Motion by L px during the exposure blurs like a normal distribution of L / sqrt(12).
    smear = np.sqrt(12 * np.maximum(larger**2 - usual**2, 0.0))
    blurred = known & (larger > _BLUR_RATIO * usual) & (smear > _MIN_SMEAR_PX)
    uneven = larger > _UNEVEN * smaller
    return [(MOTION_BLUR if way else BLUR) if bad else "" for bad, way in zip(blurred, uneven, strict=True)]


def dropped_views(views: dict[int, BoardView], keep: Collection[int] = ()) -> dict[int, str]:
    """Name the frames of one camera that are better left out, each with its reason.

    Parameters
    ----------
    views : dict of BoardView by frame
    keep : collection of int
        Frames that stay even when they are blurred, such as those that show the floor.
    """
    frames = sorted(views)
    if not frames:
        return {}
    reasons = blurred_views(np.array([views[frame].blur for frame in frames]))
    dropped = {f: reason for f, reason in zip(frames, reasons, strict=True) if reason and f not in keep}
    return dropped | {frame: GLARE for frame in frames if views[frame].glaring}
