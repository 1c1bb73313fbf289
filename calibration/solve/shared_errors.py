"""What errors that whole views and neighbouring frames share do to the covariance of the cameras.

A view that was taken late, a bent board or a lens of another kind move all corners of a view alike, and those of its
neighbours in time: they average out no better than a few errors. Were the corners' errors independent, the gradient
that each stretch of the recording leaves on the cameras at the answer would scatter as the normal matrix says. Where
it scatters more, beyond chance, the covariance is that of the stretches: the mean of the cluster-robust one in its
jackknife form, which is right for errors of any kind but knows each only from 20 stretches, and of the plain one times
the ratio by which all scatter more, which is steady.
Sources: Liang and Zeger, "Longitudinal data analysis using generalized linear models", 1986; Bell and McCaffrey, "Bias
reduction in standard errors for linear regression with multi-stage samples", 2002; the mean of both as Ledoit and Wolf,
"A well-conditioned estimator for large-dimensional covariance matrices", 2004.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from calibration.solve.bundle import BundleCovariance, BundleProblem, LensPrior, problem_system
from calibration.solve.bundle_system import N_LENS, BundleState, reduced_system
from calibration.solve.part import part_of, slide_of

_STRETCHES = 20  # parts of a recording, in order of time, whose errors count as independent of each other
_FEWEST = 6  # stretches below which nothing is told
_PROVES = 4.0  # standard deviations of chance from which errors are not independent
_OWN_SHARE = 0.5  # of the jackknife in the answer
_LEVERAGE = 0.9  # of one stretch: beyond, it tells a direction alone, and nothing of how that scatters


@dataclass(frozen=True, eq=False)
class SharedErrors:
    """How far errors are from independent, and the covariance of the cameras with that.

    Attributes
    ----------
    covariance : BundleCovariance
    independent : ndarray, shape (camera * 18, camera * 18)
        Covariance of the cameras that independent noise of the corners would leave.
    ratio : float
        By how much variances are larger than that on average; 1 where no more than chance.
    """

    covariance: BundleCovariance
    independent: NDArray
    ratio: float

    @property
    def factor(self) -> float:
        """By how much standard deviations are larger on average."""
        return float(np.sqrt(self.ratio))

    def metadata(self) -> dict[str, str | float]:
        """Return what a reader has to know, as metadata of a rig; nothing where errors are independent."""
        if self.ratio <= 1.0:
            return {}
        return {"uncertainty_factor": float(f"{self.factor:.3g}"), "uncertainty": shared_sentence(self.factor)}


def shared_sentence(factor: float) -> str:
    """Say that stated uncertainties are larger than independent noise would leave them, by a factor above 1."""
    return (
        "Errors of whole views and of neighbouring frames hang together: every stated uncertainty counts that, and is "
        f"{digits(factor)} times as large, on average, as independent noise of the corners would leave it."
    )


@dataclass(frozen=True, eq=False)
class _Stretches:
    """Gradient (stretch, free) and normal matrix (stretch, free, free) of each stretch, bodies eliminated."""

    gradient: NDArray
    matrix: NDArray


def with_shared_errors(
    problem: BundleProblem, state: BundleState, sigma: NDArray, plain: BundleCovariance, exact: bool = True
) -> SharedErrors:
    """Return the covariance of cameras and boards with the errors that views share.

    Parameters
    ----------
    problem : BundleProblem
        Of which `plain` is the covariance.
    state : BundleState
        The answer.
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    plain : BundleCovariance
        As independent noise leaves it.
    exact : bool
        False where `plain` knows of more unknowns than the problem has, as of the board's shape: it is then only
        scaled.
    """
    nothing = SharedErrors(plain, plain.camera, 1.0)
    free = np.flatnonzero(problem.free)
    bodies = np.unique(problem.views.body[problem.views.seen.any(axis=1)])
    n = min(_STRETCHES, len(bodies))
    if n < _FEWEST or not len(free):
        return nothing
    stretches = _stretches(problem, state, sigma, [part for part in np.array_split(bodies, n) if len(part)])
    prior = _prior_matrix(problem)[np.ix_(free, free)]
    known = np.linalg.inv(stretches.matrix.sum(axis=0) + prior) if not exact else plain.camera[np.ix_(free, free)]
    ratio, sure = _scatter_ratio(stretches, known)
    if not sure:
        return nothing
    believed = known @ prior @ known
    answer = believed + ratio * (known - believed)
    if exact:
        answer = (1 - _OWN_SHARE) * answer + _OWN_SHARE * (believed + _jackknife(stretches, known))
        answer = _no_less(answer, known)
        camera = np.zeros_like(plain.camera)
        camera[np.ix_(free, free)] = answer
    else:
        camera = plain.camera * ratio
    # A board pose alone is as uncertain as that noise leaves it; how it follows the cameras stays.
    whole = replace(plain, camera=camera, board_alone=plain.board_alone * ratio, coupling=plain.coupling / ratio)
    return SharedErrors(whole, plain.camera, ratio)


def _stretches(problem: BundleProblem, state: BundleState, sigma: NDArray, parts: list[NDArray]) -> _Stretches:
    nothing = LensPrior(*(np.zeros_like(part) for part in vars(problem.prior).values()))
    gradients, matrices = [], []
    for bodies in parts:
        views, own = part_of(problem.views, state, bodies)
        slide = None if problem.slide is None else slide_of(problem.slide, bodies)
        system = problem_system(replace(problem, views=views, prior=nothing, slide=slide), own, sigma, None)
        matrix, gradient, _ = reduced_system(system, problem.free, 0.0)
        gradients.append(gradient)
        matrices.append(matrix)
    gradient = np.array(gradients)
    # What is held at a belief, but open in the covariance, pulls everywhere alike: that is no scatter.
    return _Stretches(gradient - gradient.mean(axis=0), np.array(matrices))


def _scatter_ratio(stretches: _Stretches, known: NDArray) -> tuple[float, bool]:
    """Return by how much the gradients scatter more than noise lets expect (1 at least), and whether that is proven."""
    told = stretches.matrix @ known  # (stretch, free, free)
    left = told - told @ told
    n = len(told)
    found = float(np.einsum("gi,ij,gj->", stretches.gradient, known, stretches.gradient))
    expected = float(np.einsum("gii->", left)) * (n - 1) / n
    chance = np.sqrt(2 * max(float(np.einsum("gij,gji->", left, left)), 1e-12))
    if expected <= 0:
        return 1.0, False
    return max(found / expected, 1.0), found - expected > _PROVES * chance


def _jackknife(stretches: _Stretches, known: NDArray) -> NDArray:
    """Return how far the answer scatters as each stretch is left out, shape (free, free)."""
    root = _root(known)
    moves = []
    for gradient, matrix in zip(stretches.gradient, stretches.matrix, strict=True):
        share, axes = np.linalg.eigh(root.T @ matrix @ root)
        moves.append(root @ (axes / (1.0 - np.minimum(share, _LEVERAGE)) @ (axes.T @ (root.T @ gradient))))
    off = np.array(moves) - np.mean(moves, axis=0)
    return np.asarray(off.T @ off * (len(off) - 1) / len(off))


def _no_less(covariance: NDArray, least: NDArray) -> NDArray:
    """Return the covariance with no combination of parameters better known than by `least`."""
    root = _root(least)
    inverse = np.linalg.inv(root)
    values, axes = np.linalg.eigh(inverse @ covariance @ inverse.T)
    wide = root @ axes
    return np.asarray(wide * np.maximum(values, 1.0) @ wide.T)


def _root(covariance: NDArray) -> NDArray:
    """Lower Cholesky factor; unknowns span px, rad, m and pure numbers."""
    scale = np.sqrt(np.diagonal(covariance))
    return np.asarray(scale[:, None] * np.linalg.cholesky(covariance / scale / scale[:, None]))


def _prior_matrix(problem: BundleProblem) -> NDArray:
    """Precision of what was believed before, shape (camera * 18, camera * 18)."""
    prior, (n, width) = problem.prior, problem.free.shape
    answer = np.zeros((n, width, n, width))
    camera, lens = np.arange(n), np.arange(N_LENS)
    answer[camera[:, None], lens, camera[:, None], lens] = prior.precision
    for one, other, sign in ((0, 0, 1), (1, 1, 1), (0, 1, -1), (1, 0, -1)):
        answer[camera, one, camera, other] += sign * prior.aspect_precision
    return answer.reshape(n * width, n * width)
