"""Boards that are not flat: how far a board bows or twists, refined with the cameras, and whether it is proven.

A board on foam or paper bows by millimetres. Poses, lenses and distances then give way to it, and nothing in the
residual says so in words. Its height is refined as two curvatures and a twist, or every corner on its own, with a
prior in metres; motions of the board and its size stay what they were, so that scale rests on the printing.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import one_blas_thread
from calibration.corrections.view_patterns import view_patterns
from calibration.errors import ShapeError
from calibration.solve.bundle import BundleCovariance, BundleProblem
from calibration.solve.bundle_shape import ShapedResult, ShapeModes, minimise_shape, shaped_result
from calibration.solve.refinement import Refinement, noise_per_camera

#: Standard deviation of each mode's RMS height over the corners, m.
BENDING_SD_M = 0.003
#: Standard deviation of each coordinate of a corner on its own, m.
CORNER_SD_M = 0.0005
KINDS = ("bending", "corners")
_SURPRISING = 1e-3  # chance of as much bending of a flat board below which it is told
_LIKELY_FLAT = 0.05  # chance from which on, with the noise of a flat board, no bending is proven with less noise


@dataclass(frozen=True, eq=False)
class BoardShape:
    """The shape of a board.

    Attributes
    ----------
    kind : str
        'bending' or 'corners'.
    corners_board : ndarray, shape (corner, 3)
        Refined, in the board's frame, m.
    bow_m, bow_sd_m : float
        Height between the lowest and the highest corner, and its sd, inflated by errors that whole views share.
    chance : float
        How often noise alone would bend a flat board as much.
    """

    kind: str
    corners_board: NDArray
    bow_m: float
    bow_sd_m: float
    chance: float

    @property
    def significant(self) -> bool:
        """Whether the board is proven not to be flat."""
        return self.chance < _SURPRISING

    def size(self) -> str:
        """Return 'bends by 3.05 +- 0.05 mm between its lowest and its highest corner'."""
        return f"bends by {self._height()} between its lowest and its highest corner"

    def describe(self) -> str:
        """Return one sentence on a shape that was refined."""
        if self.significant:
            return f"The board {self.size()}: its shape was refined."
        return f"No bending of the board is proven: {self._height()} between its lowest and its highest corner."

    def _height(self) -> str:
        """To the digit that the sd lets count."""
        bow_mm, sd_mm = 1e3 * self.bow_m, 1e3 * self.bow_sd_m
        places = int(np.clip(-np.floor(np.log10(max(sd_mm, 1e-9) / 2)), 0, 3))
        return f"{bow_mm:.{places}f} +- {sd_mm:.{places}f} mm"


@dataclass(frozen=True, eq=False)
class ShapedRefinement:
    """A refinement with the board's shape.

    Attributes
    ----------
    refinement : Refinement
        Its views hold the refined corners as their target.
    covariance : BundleCovariance
        Of the cameras, with what the shape leaves open; of the board poses, the shape counts as known.
    shape : BoardShape
    """

    refinement: Refinement
    covariance: BundleCovariance
    shape: BoardShape


def bending_modes(corners_board: NDArray) -> NDArray:
    """Return two curvatures and a twist as heights over a flat board, shape (corner, 3, 3).

    Each has an RMS of 1 over the corners, and nothing of a shift or a turn in it.

    Raises
    ------
    ShapeError
        When the corners do not lie in one plane z = const., or are too few to show a bend.
    """
    corners = np.asarray(corners_board, float)
    middle = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
    half = 0.5 * float(np.ptp(corners, axis=0).max())
    if half <= 0 or np.ptp(corners[:, 2]) > 1e-6 * half:
        raise ShapeError(
            "Bending is known of flat boards only; this target's corners are not in one plane.",
            "Calibrate with board_shape = 'flat', or free the corners one by one ('corners').",
        )
    x, y = ((corners - middle)[:, :2] / half).T
    rigid = np.stack([np.ones_like(x), x, y], axis=1)
    heights = np.stack([x * x, x * y, y * y], axis=1)
    heights = heights - rigid @ np.linalg.lstsq(rigid, heights, rcond=None)[0]
    size = np.sqrt(np.mean(heights**2, axis=0))
    if len(x) < 6 or (size < 1e-6).any() or np.linalg.matrix_rank(heights, tol=1e-6) < 3:
        raise ShapeError(
            f"A board of {len(x)} corners in so few rows cannot show how it bends.",
            "Use a board with at least three rows and three columns of corners.",
        )
    modes = np.zeros((len(x), 3, 3))
    modes[:, 2] = heights / size
    return modes


def corner_modes(corners_board: NDArray) -> NDArray:
    """Return all displacements of the corners but motions and another size, shape (corner, 3, 3 * corner - 7)."""
    corners = np.asarray(corners_board, float)
    centred = corners - corners.mean(axis=0)
    turns = [np.cross(axis, centred) for axis in np.eye(3)]
    shifts = [np.tile(axis, (len(corners), 1)) for axis in np.eye(3)]
    held = np.stack([move.ravel() for move in (*shifts, *turns, centred)], axis=1)
    left, spread, _ = np.linalg.svd(held)
    rank = int((spread > 1e-9 * spread[0]).sum())
    return np.asarray(left[:, rank:].reshape(len(corners), 3, -1))


def refine_shape(
    refinement: Refinement, kind: str = "bending", prior_sd_m: float | None = None, target: int = 0,
    open_problem: BundleProblem | None = None,
) -> ShapedRefinement:  # fmt: skip
    """Refine cameras, poses and the shape of a board together.

    Parameters
    ----------
    refinement : Refinement
        With a flat board. Of a `TimedRefinement` its `corrected`; the freedom of the shifts then does not count.
    kind : str
        'bending': two curvatures and a twist; or 'corners': every corner on its own.
    prior_sd_m : float, optional
        `BENDING_SD_M` or `CORNER_SD_M` when left out.
    target : int
        Which target of the views: 0 is the main board. Others stay flat.
    open_problem : BundleProblem, optional
        Of which the covariance is told, when more is open than was refined.

    Raises
    ------
    ShapeError
        When there is no such kind, or the board cannot show it.
    SolverError
        SHAPE_NOT_CONVERGED
    """
    if kind not in KINDS:
        raise ShapeError(f"The board shape '{kind}' is not known.", f"Choose one of {('flat', *KINDS)}.")
    corners = _own_corners(refinement.problem.views.targets[target])
    modes = bending_modes(corners) if kind == "bending" else corner_modes(corners)
    sd = prior_sd_m or (BENDING_SD_M if kind == "bending" else CORNER_SD_M)
    with one_blas_thread():
        return _refined(refinement, kind, ShapeModes(target, modes, sd), open_problem or refinement.problem)


def bending_seen(refinement: Refinement, target: int = 0) -> ShapedRefinement | None:
    """Return how a board bends, the main one by default; None where a first fit sees nothing a second could prove.

    Raises
    ------
    ShapeError, SolverError
        As `refine_shape`.
    """
    problem = replace(refinement.problem, slide=None)
    shape = ShapeModes(target, bending_modes(_own_corners(problem.views.targets[target])), BENDING_SD_M)
    with one_blas_thread():
        first = minimise_shape(problem, refinement.state, refinement.sigma, shape)
        if _board_shape("bending", first, shape).chance > _LIKELY_FLAT:
            return None
        return _refined(refinement, "bending", shape, problem)


def _own_corners(corners: NDArray) -> NDArray:
    """Corners of a target without those that fill it up, where another target has more: copies of its last."""
    others = np.flatnonzero((corners != corners[-1]).any(axis=1))
    return corners[: others[-1] + 2] if len(others) else corners


def _refined(
    refinement: Refinement, kind: str, shape: ShapeModes, open_problem: BundleProblem
) -> ShapedRefinement:
    views, problem = refinement.problem.views, replace(refinement.problem, slide=None)
    result = minimise_shape(problem, refinement.state, refinement.sigma, shape)
    noise = noise_per_camera(result.problem, result.state)
    counts = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    ratio = refinement.sigma / np.sqrt(counts @ refinement.sigma**2 / counts.sum())
    sigma = ratio * np.sqrt(counts @ (noise / ratio) ** 2 / counts.sum())
    # Once more with the noise that is left: the first was that of a board that should have been flat.
    result = minimise_shape(problem, result.state, sigma, shape)
    opened = replace(open_problem, views=result.problem.views, slide=None)
    told = shaped_result(opened, result.state, sigma, shape, result.coefficients, result.steps)
    bent = replace(
        refinement, state=result.state, problem=result.problem, sigma=sigma,
        every_view=replace(refinement.every_view, targets=result.problem.views.targets),
    )  # fmt: skip
    return ShapedRefinement(bent, told.covariance, _board_shape(kind, told, shape))


def _board_shape(kind: str, result: ShapedResult, shape: ShapeModes) -> BoardShape:
    from scipy.special import gammaincc  # scipy is slow to import

    modes = shape.modes
    corners = result.problem.views.targets[shape.target, : len(modes)]
    height = (modes @ result.coefficients)[:, 2]
    low, high = int(np.argmin(height)), int(np.argmax(height))
    inflation = max(view_patterns(result.state, result.problem.views).excess, 1.0)
    between = modes[high, 2] - modes[low, 2]
    sd = float(np.sqrt(inflation * between @ result.shape_covariance @ between))
    # What the prior has drawn in is put back: the estimate and its precision by the data alone.
    precision = np.linalg.inv(result.shape_covariance)
    of_data = precision - np.eye(len(precision)) / shape.prior_sd**2
    pull = precision @ result.coefficients
    chi2 = float(pull @ np.linalg.pinv(of_data, rcond=1e-9, hermitian=True) @ pull) / inflation
    chance = float(gammaincc(0.5 * len(pull), 0.5 * max(chi2, 0.0)))
    return BoardShape(kind, corners, float(height[high] - height[low]), sd, chance)
