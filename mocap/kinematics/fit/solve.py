"""Gauss-Newton over all frames of a trial together, in stretches that overlap."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.fit import band_kernels as band
from mocap.kinematics.fit import normal_kernels as normal
from mocap.kinematics.fit.bridging import SEEN_SD_RAD, runs_of
from mocap.kinematics.fit.fast import without_slow
from mocap.kinematics.fit.gross import farthest_gross, implausible
from mocap.kinematics.fit.limits import LIMIT_SD_RAD
from mocap.kinematics.fit.result_kernels import blend, seen_sd, solve_frames
from mocap.kinematics.fit.tree import Tree
from mocap.kinematics.tape.evaluate import for_each

MAX_STEPS = 30
SAME_COST = 1e-9
MOST_IN_VAIN = 3
# Of samples too far off to be skin the farthest of each frame is left out and the rest fitted anew, this often at most.
ROUNDS = 12
SETTLED = 1e-4
SMALL_STEP = 1e-6
STRETCH = 1000
OVERLAP_S = 1.0
# A turn that no marker shows and nothing bridges is known to a radian at best, and a place to a metre.
LOOSEST = 1.0
# In a gap that is bridged the movement alone says how sure it is; this is for the arithmetic.
NO_TIE = 1e-6
# Away from gaps the prior is there for nothing but numerical ease: it must not round a corner of the movement.
LIGHT = 1e-4
EDGE_S = 0.1
LONGEST_S = 5.0
# Of the step alone, against the 1e4 and more of a marker: it keeps what nothing shows where it is.
DAMPING = 1e-4


@dataclass(frozen=True, eq=False)
class Observed:
    """Markers of a trial, ready for the fit.

    Attributes
    ----------
    segment : ndarray of int, shape (marker,)
    place : ndarray, shape (marker, 3)
        In the segment's axes, m.
    position : ndarray, shape (time, marker, 3)
        ISB-turned world, m; NaN is missing.
    covariance : ndarray, shape (time, marker, 3, 3)
        Of the measurement, m².
    soft_tissue : ndarray, shape (time, marker)
        Variance per axis that the skin adds, m².
    steady : float
        Frames over which the soft tissue errs alike.
    """

    segment: NDArray
    place: NDArray
    position: NDArray
    covariance: NDArray
    soft_tissue: NDArray
    steady: float

    def ease(self) -> float:
        """Return by how much the variance of soft tissue exceeds that of the measurement, typically; 1 or more.

        Soft tissue moves slowly: from one frame to the next its error is the same, and what markers show of fast
        movement is as good as their measurement. Against weights that count the soft tissue the prior is eased by
        this factor.
        """
        noise = np.einsum("tmii->tm", self.covariance) / 3.0
        return float(np.median(1.0 + self.soft_tissue / noise))

    def part(self, frames: slice | NDArray) -> "Observed":
        """Return some frames."""
        return Observed(
            self.segment, self.place, self.position[frames], self.covariance[frames], self.soft_tissue[frames],
            self.steady,
        )  # fmt: skip

    def weights(self, steady: float) -> NDArray:
        """Return the inverse covariances, shape (time, marker, 3, 3); `steady` multiplies the soft tissue's."""
        weights = np.empty(self.covariance.shape)
        normal.invert_all(np.ascontiguousarray(self.covariance), steady * self.soft_tissue, weights)
        return weights


@dataclass(frozen=True, eq=False)
class Fit:
    """Poses of a tree.

    Attributes
    ----------
    root : ndarray, shape (time, 3)
        Origin of the root segment, m.
    rotations : ndarray, shape (time, segment, 3, 3)
        Axes of the segments as columns, ISB-turned world.
    covariance : ndarray, shape (time, n, n)
        Of place and turns, m and rad.
    residuals : ndarray, shape (time, marker, 3)
        Measured minus modelled, m.
    seen : ndarray, shape (time, 1 + segment)
        What the markers of a single frame alone tell: sd of the place (m) and of each turn (rad), all axes together.
    restless : ndarray of bool, shape (time,)
        Frames, and those near them, in which the last step was not below 1e-4 m and rad in all that markers show, and
        frames in which samples are still too far off: their poses are no answer.
    left_out : ndarray of bool, shape (time, marker)
        Samples too far off to be skin; they have no part in the poses.
    doubted : ndarray of bool, shape (time, segment)
        Segments that lie farther from those of their markers that count than these err.
    """

    root: NDArray
    rotations: NDArray
    covariance: NDArray
    residuals: NDArray
    seen: NDArray
    restless: NDArray
    left_out: NDArray
    doubted: NDArray


@dataclass(frozen=True, eq=False)
class _Work:
    """Memory of a stretch."""

    blocks: NDArray
    right: NDArray
    residuals: NDArray
    factors: tuple[NDArray, NDArray, NDArray]

    @classmethod
    def of(cls, n_frames: int, n: int, observed: Observed) -> "_Work":
        def square() -> NDArray:
            return np.empty((n_frames, n, n))

        return cls(
            square(), np.empty((n_frames, n)), np.empty(observed.position.shape), (square(), square(), square())
        )


def solve(
    tree: Tree,
    observed: Observed,
    start: tuple[NDArray, NDArray],
    density: NDArray,
    rate_hz: float,
    bridge_s: float,
) -> Fit:
    """Return the poses that markers, joint limits and a smooth movement agree on.

    Parameters
    ----------
    tree : Tree
    observed : Observed
    start : (ndarray of shape (time, 3), ndarray of shape (time, segment, 3, 3))
    density : ndarray, shape (1 + segment,)
        Of the acceleration of place (m²/s³) and turns (rad²/s³).
    rate_hz : float
    bridge_s : float
        Gaps up to this long are bridged by the movement before and after.

    Notes
    -----
    Long trials are solved in stretches of 1000 frames with 1 s, or the longest bridge, more on both sides; what lies
    that far away moves no pose by more than rounding.
    """
    n_frames = len(observed.position)
    margin = round(max(OVERLAP_S, bridge_s + 2.0 * EDGE_S) * rate_hz)
    prior = np.repeat(rate_hz**3 / density, 3)
    parts: dict[int, Fit] = {}

    def fit_stretch(first: int) -> None:
        low, high = max(first - margin, 0), min(first + STRETCH + margin, n_frames)
        fitted = _solve_stretch(
            tree, observed.part(slice(low, high)), start[0][low:high].copy(), start[1][low:high].copy(), prior, rate_hz,
            bridge_s,
        )
        parts[first] = _cut(fitted, slice(first - low, min(first + STRETCH, n_frames) - low))

    for_each(fit_stretch, range(0, n_frames, STRETCH))
    return Fit(*(np.concatenate([getattr(parts[first], one.name) for first in sorted(parts)]) for one in fields(Fit)))


def _cut(fitted: Fit, frames: slice) -> Fit:
    return Fit(*(getattr(fitted, one.name)[frames] for one in fields(Fit)))


def _solve_stretch(
    tree: Tree,
    observed: Observed,
    root: NDArray,
    rotations: NDArray,
    prior: NDArray,
    rate_hz: float,
    bridge_s: float,
) -> Fit:
    n_frames, n = len(root), tree.n_unknowns
    work = _Work.of(n_frames, n, observed)
    weights = observed.weights(1.0)
    everything = observed.position
    for so_far in range(1 + ROUNDS):
        _normal_equations(tree, observed, weights, root, rotations, work)
        seen = np.empty((n_frames, n // 3))
        seen_sd(work.blocks, np.full(n, LOOSEST), seen)
        near = _near_gaps(seen, rate_hz)
        pull = _held(np.broadcast_to(prior / observed.ease(), (n_frames, n)))
        restless = _descend(
            tree, observed, weights, root, rotations, work, np.where(near, pull, LIGHT * pull), seen
        )
        gross = farthest_gross(work.residuals, weights)
        if not gross.any() or so_far == ROUNDS:
            break
        observed = replace(observed, position=np.where(gross[..., None], np.nan, observed.position))
    doubted = implausible(work.residuals, weights, observed.segment, len(tree.segments))
    left_out = np.isfinite(everything[..., 0]) & np.isnan(observed.position[..., 0])
    # Where markers leap, what is fast is no movement.
    leaping = _widened(doubted.any(axis=1) | left_out.any(axis=1) | gross.any(axis=1), rate_hz)
    whole = ~(_missing(seen) | near[:, ::3]).any(axis=1) & ~leaping
    _follow_fast(tree, observed, root, rotations, work, whole)
    tie = np.where(_gaps(_missing(seen), bridge_s * rate_hz, closed=True), NO_TIE, LOOSEST**-2)
    covariance = _covariance(tree, observed, root, rotations, work, prior, _missing(seen), tie)
    restless = _widened(restless | ~np.isfinite(covariance).all(axis=(1, 2)), rate_hz) | gross.any(axis=1)
    _normal_equations(tree, replace(observed, position=everything), weights, root, rotations, work)
    return Fit(root, rotations, covariance, work.residuals, seen, restless, left_out, doubted)


def _follow_fast(
    tree: Tree, observed: Observed, root: NDArray, rotations: NDArray, work: _Work, whole: NDArray
) -> None:
    """Move the poses, in place, by what the markers tell of fast movement beside the slow errors of their skin.

    One step from poses that the markers have settled on; only in frames, `whole` (time,), that show all segments.
    """
    axes = rotations[:, observed.segment]
    fast, weights = without_slow(work.residuals, axes, observed.covariance, observed.steady)
    shifted = replace(observed, position=observed.position - (work.residuals - fast))
    _normal_equations(tree, shifted, weights, root, rotations, work)
    _add_diagonal(work.blocks, DAMPING)
    solve_frames(work.blocks, whole, work.right)
    normal.apply_step(root, rotations, work.right)


def _widened(frames: NDArray, rate_hz: float) -> NDArray:
    """Return frames, shape (time,), with those that the prior couples to them."""
    reach = max(2, round(EDGE_S * rate_hz))
    last = len(frames)
    wide = np.zeros(last, bool)
    for first, end in runs_of(frames):
        wide[max(first - reach, 0) : min(end + reach, last)] = True
    return wide


def _covariance(
    tree: Tree,
    observed: Observed,
    root: NDArray,
    rotations: NDArray,
    work: _Work,
    prior: NDArray,
    missing: NDArray,
    tie: NDArray,
) -> NDArray:
    """Return the covariances of place and turns, shape (time, n, n); NaN where there is none.

    A frame that shows all segments stands for itself. In gaps neighbours and the prior tell too, and soft tissue, which
    errs alike in neighbours, counts there as often as it is independent. `tie` (time, n / 3) is the information that
    each frame is given for nothing: none in gaps that are bridged, or many frames would make much of it.
    """
    n_frames, n = work.right.shape
    covariance = np.full((n_frames, n, n), np.inf)
    if missing.any():
        _normal_equations(tree, observed, observed.weights(observed.steady), root, rotations, work)
        _add_diagonal(work.blocks, np.repeat(tie, 3, axis=1))
        if band.factor_band(work.blocks, _held(np.broadcast_to(prior, (n_frames, n))), *work.factors):
            band.inverse_diagonal(*work.factors, covariance)
    _normal_equations(tree, observed, observed.weights(1.0), root, rotations, work)
    _add_diagonal(work.blocks, LOOSEST**-2)
    blend(work.blocks, missing, covariance)
    return covariance


def _descend(
    tree: Tree,
    observed: Observed,
    weights: NDArray,
    root: NDArray,
    rotations: NDArray,
    work: _Work,
    pull: NDArray,
    seen: NDArray,
) -> NDArray:
    """Move the poses, in place, to where the cost is least; return the frames, shape (time,), that did not get there.

    A step that raises the cost is taken back, and damped the next time (Levenberg 1944).
    """
    def equations() -> float:
        cost = _normal_equations(tree, observed, weights, root, rotations, work)
        cost += normal.add_limits(rotations, tree.parent, tree.low, tree.high, LIMIT_SD_RAD, work.blocks, work.right)
        return cost + float(normal.add_prior(root, rotations, pull, work.right))

    damping, least, in_vain, restless = DAMPING, np.inf, 0, np.ones(len(root), bool)
    kept = root.copy(), rotations.copy()
    for _ in range(MAX_STEPS):
        cost = equations()
        if cost > least * (1.0 + SAME_COST) + SAME_COST:
            root[:], rotations[:] = kept
            in_vain, damping = in_vain + 1, max(1.0, 30.0 * damping)
            if in_vain > MOST_IN_VAIN:
                break
            cost = equations()
        kept, least = (root.copy(), rotations.copy()), cost
        _add_diagonal(work.blocks, damping)
        if not band.factor_band(work.blocks, pull, *work.factors):
            return np.ones(len(root), bool)
        band.solve_band(*work.factors, work.right, work.right)
        largest = normal.apply_step(root, rotations, work.right)
        restless = _moved_seen(work.right, seen) > SETTLED
        if damping <= DAMPING and largest < SMALL_STEP:
            break
        damping = max(DAMPING, damping / 100.0)
    return restless


def _moved_seen(step: NDArray, seen: NDArray) -> NDArray:
    """Return the largest part, shape (time,), of a step (time, n) in segments that their frames show.

    What no marker shows drifts with the prior for long, and is left out in the end.
    """
    turns = np.abs(step.reshape(len(step), -1, 3)).max(axis=2)
    moved: NDArray = np.where(_missing(seen), 0.0, turns).max(axis=1)
    return moved


def _add_diagonal(blocks: NDArray, value: float | NDArray) -> None:
    places = np.arange(blocks.shape[1])
    blocks[:, places, places] += value


def _held(weight: NDArray) -> NDArray:
    """Return weights of second differences without those that would reach beyond the ends."""
    inner = weight.copy()
    inner[:1], inner[-1:] = 0.0, 0.0
    return inner


def _missing(seen: NDArray) -> NDArray:
    """Return what frames do not show, shape (time, 1 + segment); the place of the root is no better than its turn."""
    missing: NDArray = seen > SEEN_SD_RAD
    missing[:, 0] = missing[:, 1]
    return missing


def _gaps(missing: NDArray, longest: float, *, closed: bool) -> NDArray:
    """Return which frames that do not show a segment, shape (time, 1 + segment), lie in a gap of so many or fewer.

    `closed`: only in gaps with frames on both sides that show it.
    """
    found = np.zeros_like(missing)
    for index in range(1, missing.shape[1]):
        for first, last in runs_of(missing[:, index]):
            inside = first > 0 and last < len(missing)
            found[first:last, index] = last - first <= longest + 1e-6 and (inside or not closed)
    found[:, 0] = found[:, 1]
    return found


def _near_gaps(seen: NDArray, rate_hz: float) -> NDArray:
    """Return where, shape (time, n), a segment is not seen or was or will be so within 0.1 s; places as the root is.

    What is out of sight for very long is not bridged, and must not pull at what is in sight.
    """
    reach = max(2, round(EDGE_S * rate_hz))
    near = _gaps(_missing(seen), LONGEST_S * rate_hz, closed=False)
    missing = near.copy()
    for shift in range(1, min(reach, len(seen) - 1) + 1):
        near[shift:] |= missing[:-shift]
        near[:-shift] |= missing[shift:]
    return np.repeat(near, 3, axis=1)


def _normal_equations(
    tree: Tree, observed: Observed, weights: NDArray, root: NDArray, rotations: NDArray, work: _Work
) -> float:
    """Write the normal equations of the markers alone, and return their cost."""
    work.blocks[:] = 0.0
    work.right[:] = 0.0
    cost: float = normal.add_markers(
        root, rotations, tree.parent, tree.offset, observed.segment, observed.place, observed.position, weights,
        work.blocks, work.right, work.residuals,
    )  # fmt: skip
    return cost
