"""How much of the residuals the motion of the boards explains: the statistics behind `timing`.

For fixed cameras, the residuals of all views of one frame depend linearly on six unknowns of the board's pose and one
shift per view. With the pose eliminated there remains, per frame, a small matrix `gain` and a vector `pull`, in which
noise of the corners has covariance `gain` and shifts of variance t² add t² gain @ gain.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import inverse
from calibration.solve.bundle_slide import Slide, alone_views, along_path, path_twist
from calibration.solve.bundle_system import BundleState, Views, data_cost, normal_equations
from calibration.solve.gauge import adjoint

_NOTHING = 1e-6  # of what the views show before the pose is eliminated: below this it is the pose that takes it up
_BLOCKS = 8
_TAILS = 5.0  # degrees of freedom of Student's distribution: a few views far off do not decide
_MEDIAN_OF_SQUARE = 0.455  # of a squared normal deviate
_PROVES = 4.0  # of twice the logarithm of a likelihood ratio, from which there is a spread: 1 chance in 40


@dataclass(frozen=True, eq=False)
class ViewMotion:
    """What the residuals of each frame say of the moments of its views.

    Attributes
    ----------
    gain : ndarray, shape (body, camera, camera)
        1 / unit of time²; 0 for cameras that did not see the body.
    pull : ndarray, shape (body, camera)
        1 / unit of time.
    shown : ndarray, shape (body,)
        Trace of `gain` were the poses known.
    energy : float
        Sum of all squared residuals in units of sigma².
    """

    gain: NDArray
    pull: NDArray
    shown: NDArray
    energy: float

    def directions(self) -> tuple[NDArray, NDArray]:
        """Return gains, shape (body, camera), along which directions, shape (body, camera, camera); 0 unobservable."""
        values, vectors = np.linalg.eigh(self.gain)
        return np.where(values > _NOTHING * self.shown[:, None], values, 0.0), vectors

    def about(self, mean: NDArray) -> "ViewMotion":
        """Return the same with the shifts counted from those of their cameras, shape (camera,); NaN counts as 0."""
        known = np.where(np.isfinite(mean), mean, 0.0)
        return replace(self, pull=self.pull - np.einsum("bcd,d->bc", self.gain, known))


@dataclass(frozen=True, eq=False)
class BodyNormals:
    """Normal equations of the bodies, view by view, in units of sigma.

    Attributes
    ----------
    matrix : ndarray, shape (body, camera, 6, 6)
        0 for cameras that did not see the body.
    vector : ndarray, shape (body, camera, 6)
        Jacobian times pixel minus model, all views at the moments of their frames.
    twist : ndarray, shape (body, camera, 6)
        Motion of the body per unit of time where the view saw it, told at its frame's moment.
    energy : float
    """

    matrix: NDArray
    vector: NDArray
    twist: NDArray
    energy: float


def body_normals(
    state: BundleState, views: Views, sigma: NDArray, slide: Slide, shift: NDArray | None = None
) -> BodyNormals:
    """Sum the Jacobians of all views by the motion of their bodies.

    Parameters
    ----------
    sigma : ndarray, shape (camera,)
        Noise of one coordinate, px.
    slide : Slide
    shift : ndarray, shape (view,), optional
        About which shifts the model is made linear; 0 without.
    """
    shift = np.zeros(len(views.body)) if shift is None else shift
    alone, later = alone_views(views), along_path(slide, views.body, shift)
    slid = replace(state, world_from_board=state.world_from_board[views.body] @ later)
    system = normal_equations(slid, alone, sigma, None, np.zeros(12, bool))
    carry = adjoint(inverse(later))
    own = np.einsum("vij,vj->vi", adjoint(later), path_twist(slide, views.body, shift))
    matrix = carry.swapaxes(1, 2) @ system.body @ carry
    vector = np.einsum("vij,vj->vi", matrix, own) * shift[:, None]
    vector -= np.einsum("vji,vj->vi", carry, system.body_gradient)
    shape = (views.n_bodies, views.n_cameras)
    every = BodyNormals(np.zeros((*shape, 6, 6)), np.zeros((*shape, 6)), np.zeros((*shape, 6)), 0.0)
    for whole, part in ((every.matrix, matrix), (every.vector, vector), (every.twist, own)):
        whole[views.body, views.camera] = part
    return replace(every, energy=data_cost(slid, alone, sigma, None))


def view_motion(normals: BodyNormals) -> ViewMotion:
    """Eliminate the poses."""
    along = np.einsum("bcij,bcj->bci", normals.matrix, normals.twist)
    whole = normals.matrix.sum(axis=1)
    moving = np.einsum("bcii->b", normals.matrix) > 0
    inverse = np.zeros_like(whole)
    inverse[moving] = np.linalg.pinv(whole[moving], rcond=1e-12, hermitian=True)
    gain = -(along @ inverse @ along.swapaxes(1, 2))
    index = np.arange(gain.shape[1])
    alone = np.einsum("bci,bci->bc", along, normals.twist)
    gain[:, index, index] += alone
    pull = np.einsum("bci,bci->bc", normals.vector, normals.twist)
    pull -= np.einsum("bci,bij,bj->bc", along, inverse, normals.vector.sum(axis=1))
    return ViewMotion(0.5 * (gain + gain.swapaxes(1, 2)), pull, alone.sum(axis=1), normals.energy)


def other_motion(normals: BodyNormals) -> BodyNormals:
    """Return normals in which every view may shift freely along its own motion, and the motions are of other frames.

    What such foreign motions still explain, no shift in time has caused: lens, bending and chance do.
    """
    along = np.einsum("bcij,bcj->bci", normals.matrix, normals.twist)
    bend = np.einsum("bci,bci->bc", along, normals.twist)
    weight = np.where(bend > 0, 1.0 / np.where(bend > 0, bend, 1.0), 0.0)
    pull = np.einsum("bci,bci->bc", normals.vector, normals.twist)
    moving = np.flatnonzero(normals.twist.any(axis=(1, 2)))
    other = np.zeros_like(normals.twist)
    own = normals.twist[moving].sum(axis=1) / np.maximum(normals.twist[moving].any(axis=2).sum(axis=1), 1)[:, None]
    other[moving] = np.roll(own, len(moving) // 2, axis=0)[:, None]
    return BodyNormals(
        normals.matrix - (weight[..., None] * along)[..., None] * along[..., None, :],
        normals.vector - (weight * pull)[..., None] * along, other, normals.energy,
    )  # fmt: skip


def principal(motion: ViewMotion) -> tuple[NDArray, NDArray]:
    """Return gains and pulls along the observable directions of all frames, shape (direction,) each."""
    values, vectors = motion.directions()
    pulls = np.einsum("bck,bc->bk", vectors, motion.pull)
    return values[values > 0], pulls[values > 0]


def shift_share(normals: BodyNormals) -> float:
    """Return the share of all energy that one free shift per view removes, the poses as they are."""
    bend = np.einsum("bci,bcij,bcj->bc", normals.twist, normals.matrix, normals.twist)
    pull = np.einsum("bci,bci->bc", normals.twist, normals.vector)
    removed = (pull[bend > 0] ** 2 / bend[bend > 0]).sum()
    return float(removed / normals.energy) if normals.energy > 0 else 0.0


@dataclass(frozen=True)
class ShiftScatter:
    """How views scatter in time, and what else is wrong with them.

    Attributes
    ----------
    spread : float
        Standard deviation of the shifts of single views; 0 when nothing proves any.
    excess : float
        Variance of what moves whole views about, as wrong poses do, over what the noise of single corners lets expect;
        at least 1. Lenses, bent boards and rolling shutters do that whatever way the board moves.
    """

    spread: float
    excess: float

    @property
    def ratio(self) -> float:
        """Spread relative to the excess: the prior of a shift where corners count with their own noise."""
        return float(self.spread / np.sqrt(self.excess))


def shift_scatter(motion: ViewMotion, control: ViewMotion, spread: float | None = None) -> ShiftScatter:
    """Tell the scatter of the moments from other errors, by maximum likelihood.

    Shifts in time grow with the speed of the board in the image; other errors do not, and they show as well along
    motions that the board did not make.

    Parameters
    ----------
    motion, control : ViewMotion
        Along the board's own motion, and of `other_motion`.
    spread : float, optional
        Taken as known.
    """
    (gains, pulls), (other_gains, other_pulls) = principal(motion), principal(control)
    # The median: what a few views with gross errors show is no measure of the others.
    excess = float(np.median(other_pulls**2 / other_gains)) / _MEDIAN_OF_SQUARE if len(other_gains) else 1.0
    excess = max(excess, 1.0)
    if spread is not None or not len(gains):
        return ShiftScatter(spread or 0.0, excess)

    def unlikely(ratio: NDArray) -> NDArray:
        grown = 1.0 + ratio[:, None] ** 2 * gains
        far = pulls**2 / (gains * grown * excess)
        return np.asarray((np.log(grown) + (_TAILS + 1) * np.log1p(far / _TAILS)).sum(axis=1))

    grid = np.geomspace(1e-3 / np.sqrt(gains.max()), 1e3 / np.sqrt(gains.min()), 80)
    for _ in range(4):
        best = int(np.argmin(unlikely(grid)))
        grid = np.geomspace(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)], 20)
    found, none = grid[[int(np.argmin(unlikely(grid)))]], np.zeros(1)
    proven = float(unlikely(none)[0] - unlikely(found)[0]) > _PROVES
    return ShiftScatter(float(found[0] * np.sqrt(excess)) if proven else 0.0, excess)


def mean_shifts(motion: ViewMotion, scatter: ShiftScatter, in_blocks: bool = True) -> tuple[NDArray, NDArray]:
    """Return the mean shift of each camera against all, and its sd, shape (camera,); NaN where nothing tells.

    The sd is the larger of what noise and scatter make and what the mean changes when parts of the recording are left
    out (jackknife over blocks of frames in order): errors that last for seconds do not average out. Without
    `in_blocks` the former alone, at a fraction of the time.
    """
    mean, sd = _mean_shifts(motion, scatter, np.ones(len(motion.pull), bool))
    if not in_blocks:
        return mean, sd
    frames = np.flatnonzero((motion.gain != 0).any(axis=(1, 2)))
    blocks = [block for block in np.array_split(frames, _BLOCKS) if len(block)]
    without = [_mean_shifts(motion, scatter, ~np.isin(np.arange(len(motion.pull)), block))[0] for block in blocks]
    if len(without) < 2:
        return mean, sd
    off = np.array(without) - np.mean(without, axis=0)  # NaN for a camera that one block alone tells of
    blockwise = np.sqrt((len(without) - 1) / len(without) * (off**2).sum(axis=0))
    return mean, np.maximum(sd, blockwise)


def _mean_shifts(motion: ViewMotion, scatter: ShiftScatter, used: NDArray) -> tuple[NDArray, NDArray]:
    values, vectors = motion.directions()
    counted = (values > 0) & used[:, None]
    weight = np.where(counted, 1.0 / (scatter.excess * (1.0 + scatter.ratio**2 * values)), 0.0)
    precision = np.einsum("bck,bk,bdk->cd", vectors, values * weight, vectors)
    right = np.einsum("bck,bk,bdk,bd->c", vectors, weight, vectors, motion.pull)
    told = np.diagonal(precision) > 0
    n = max(int(told.sum()), 1)
    # All cameras together cannot be late: their mean is held at 0 by a weight that leaves everything else alone.
    held = precision + np.outer(told, told) * np.trace(precision) / n**2
    covariance = np.zeros_like(held)
    covariance[np.ix_(told, told)] = np.linalg.pinv(held[np.ix_(told, told)], rcond=1e-10, hermitian=True)
    centred = np.diag(told.astype(float)) - np.outer(told, told) / n
    covariance = centred @ covariance @ centred
    sd = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    return np.where(told, covariance @ right, np.nan), np.where(told, sd, np.nan)


def shifts(motion: ViewMotion, scatter: ShiftScatter, mean: NDArray) -> tuple[NDArray, NDArray]:
    """Return the shift of each view and its sd, shape (body, camera); NaN where the view tells nothing.

    Parameters
    ----------
    motion : ViewMotion
    scatter : ShiftScatter
    mean : ndarray, shape (camera,)
        Mean shifts of the cameras, about which the views scatter.
    """
    told = np.einsum("bcc->bc", motion.gain) > _NOTHING * motion.shown[:, None]
    known = np.where(np.isfinite(mean), mean, 0.0)
    covariance = _shift_covariance(motion, scatter)
    sd = np.sqrt(scatter.excess * np.einsum("bcc->bc", covariance))
    found = known + np.einsum("bcd,bd->bc", covariance, motion.about(mean).pull)
    return np.where(told, found, np.nan), np.where(told, sd, np.nan)


def _shift_covariance(motion: ViewMotion, scatter: ShiftScatter) -> NDArray:
    if scatter.spread <= 0:
        return np.zeros_like(motion.gain)
    return np.asarray(np.linalg.inv(motion.gain + np.eye(motion.gain.shape[1]) / scatter.ratio**2))


def freedom_of_shifts(motion: ViewMotion, scatter: ShiftScatter) -> NDArray:
    """Return how many degrees of freedom the shifts of each camera take, shape (camera,)."""
    return np.asarray(np.einsum("bcd,bdc->c", motion.gain, _shift_covariance(motion, scatter)))
