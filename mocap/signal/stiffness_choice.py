"""What the choice of a smoothing spline's stiffness adds to its noise.

A stiffness that was chosen from noisy samples follows their noise: where chance makes the noise wavy, a softer spline
is chosen and lets more of it pass; where chance makes the noise look like the motion, a softer spline lets more of the
motion pass. A point that hardly moves feels it most, as little tells motion and noise apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dst

from mocap.signal.splines import (
    HIGHEST_SHARE,
    LOWEST_SHARE,
    SmoothingSpline,
    degrees_of_freedom,
    roughness,
    stiffness_at,
)

# Few modes choose widely, and seldom very softly: that takes many draws. Many modes all choose much the same.
_FEWEST_DRAWS, _MOST_DRAWS, _DRAWN = 100, 500, 40_000
_STEPS, _SEED = 48, 0
# Modes above this many cutoffs keep less than 0.2 % of themselves; a few more where a cutoff is very low.
_FAR, _FEWEST_MODES = 4.0, 32


@dataclass(frozen=True, eq=False)
class ChoiceNoise:
    """What the choice of the stiffness does to the variance of a spline.

    Attributes
    ----------
    inflation : float
        Of the noise alone, in all samples and directions: the variance is to be multiplied by it.
    added : tuple of ndarray, shape (samples, axis, axis) each
        Of the motion, by run: variance that is added, m^2, along the motion and when it turns.
    """

    inflation: float
    added: tuple[NDArray, ...]


def choice_noise(runs_of_point: Sequence[NDArray], spline: SmoothingSpline) -> ChoiceNoise:
    """Return what a stiffness that is chosen anew in every draw adds to the variance of one that is known.

    Parametric bootstrap (Wang & Wahba 1995, J Stat Comput Simul 51:263-279): to the spline is added white noise of the
    variance of its misses (over samples less degrees of freedom), the stiffness is chosen again by the same score, and
    the scatter of the results is summed over samples and axes. This is done in the modes of a beam whose ends are held,
    where the spline acts on every mode by itself; what each draw does beyond a fixed filter is drawn, the rest exact.
    Noise has no direction, so that the result is the same for any axes; the draws are the same for every point.

    What the noise alone scatters has no direction and no time. What the motion adds lies along the derivative of the
    spline by its stiffness: its square times the variance of the choice, and twice its product with what the noise and
    the choice have in common, which is the gradient of the score by the samples, smoothed (delta method). These shares
    of samples are scaled to the sum that the draws show.

    The sd of malleoli that a squat moves by 1.2 mm, in noise of 1 mm at 50 Hz, is thereby 1.00 of their scatter in the
    mean (300 draws; 0.96 without), and 0.88 to 1.06 at its worst and best samples of the vertical (0.82 without).

    Parameters
    ----------
    runs_of_point : sequence of ndarray, each of shape (samples, axis)
        Those from which the stiffness of `spline` was chosen; m.
    spline : SmoothingSpline
        As `cross_validated` returns it.

    Returns
    -------
    ChoiceNoise
        1 and nothing without any noise.
    """
    n_axes = runs_of_point[0].shape[1]
    fits = [spline(run) for run in runs_of_point]
    noise_sd = _noise_sd(runs_of_point, fits, spline)
    if noise_sd == 0.0:
        return ChoiceNoise(1.0, tuple(np.zeros((*fit.shape, n_axes)) for fit in fits))
    draws = _drawn(fits, spline, noise_sd)
    # Straight lines, of which each run has two, pass whole.
    lines = 2.0 * n_axes * len(fits)
    still, moving = _scatter(draws)
    known = n_axes * float((draws.kept**2).sum(axis=1).mean())
    added = _along_motion(fits, spline, draws, max(moving, 0.0) * noise_sd**2)
    return ChoiceNoise((still + lines) / (known + lines), added)


@dataclass(frozen=True, eq=False)
class _Draws:
    """Noise in the modes, (axis, draw, mode), the fit's size, (mode,), and what the stiffness each draw chooses does.

    `stiffness` has shape (draw,), `kept`, what the spline keeps of a mode, (draw, mode). The variance of noise is 1.
    """

    noise: NDArray
    size: NDArray
    stiffness: NDArray
    kept: NDArray


def _drawn(fits: Sequence[NDArray], spline: SmoothingSpline, noise_sd: float) -> _Draws:
    """Draw noise in the modes that matter, turned so that every mode of the fit lies along the first axis."""
    n_samples, n_axes = sum(len(fit) for fit in fits), fits[0].shape[1]
    angle = np.concatenate([np.arange(1, len(fit) - 1) * np.pi / (len(fit) - 1) for fit in fits])
    size = np.concatenate([_mode_sizes(fit) for fit in fits]) / noise_sd
    few = float(np.sort(angle)[:_FEWEST_MODES][-1])
    near = angle <= max(_FAR * 2 * np.pi * spline.cutoff_hz / spline.rate_hz, few)
    n_draws = int(np.clip(_DRAWN // near.sum(), _FEWEST_DRAWS, _MOST_DRAWS))
    noise = np.random.default_rng(_SEED).normal(size=(n_axes, n_draws, int(near.sum())))
    power = ((noise[0] + size[near]) ** 2) + (noise[1:] ** 2).sum(axis=0)
    rough, beyond = (roughness(angle[near]), roughness(angle[~near])), n_axes + size[~near] ** 2
    stiffness = stiffness_at(_chosen(power, beyond, rough, n_samples))
    return _Draws(noise, size[near], stiffness, 1 / (1 + stiffness[:, None] * rough[0]))


def _noise_sd(runs_of_point: Sequence[NDArray], fits: Sequence[NDArray], spline: SmoothingSpline) -> float:
    """Return the root of the squared misses over what the spline leaves free of the samples."""
    missed = sum(float(((run - fit) ** 2).sum()) for run, fit in zip(runs_of_point, fits, strict=True))
    free = sum(len(run) - degrees_of_freedom(len(run), spline.stiffness) for run in runs_of_point)
    return float(np.sqrt(missed / (free * runs_of_point[0].shape[1])))


def _mode_sizes(fit: NDArray) -> NDArray:
    """Return how large the modes of held ends are, (samples - 2,), in the fit, (samples, axis), less its chord."""
    along = np.linspace(0.0, 1.0, len(fit))[:, None]
    bent = fit - (fit[0] * (1 - along) + fit[-1] * along)
    sizes: NDArray = np.linalg.norm(dst(bent[1:-1], type=1, axis=0, norm="ortho"), axis=1)
    return sizes


def _chosen(power: NDArray, beyond: NDArray, rough: tuple[NDArray, NDArray], n_samples: int) -> NDArray:
    """Return the cutoff over the rate that every draw chooses, (draw,).

    `power` holds the modes of each draw, (draw, mode), `beyond` the mean of the higher modes, `rough` the roughness of
    both; all noise has the variance 1.
    """
    grid = np.linspace(np.log(LOWEST_SHARE), np.log(HIGHEST_SHARE), _STEPS)
    kept, kept_beyond = (1 / (1 + stiffness_at(np.exp(grid))[:, None] * one) for one in rough)
    # Straight lines pass: what is neither among these modes nor those is fitted whole.
    free = len(power[0]) + len(beyond) - kept.sum(axis=1) - kept_beyond.sum(axis=1)
    score = np.log(power @ ((1 - kept) ** 2).T + (1 - kept_beyond) ** 2 @ beyond) - 2 * np.log(free / n_samples)
    best = np.clip(score.argmin(axis=1), 1, _STEPS - 2)
    before, there, after = (np.take_along_axis(score, best[:, None] + step, axis=1)[:, 0] for step in (-1, 0, 1))
    bend = before - 2 * there + after
    flat = bend <= 0.0
    step = np.where(flat, np.sign(before - after), (before - after) / 2 / np.where(flat, 1.0, bend))
    share: NDArray = np.exp(grid[best] + np.clip(step, -1.0, 1.0) * (grid[1] - grid[0]))
    return share


def _scatter(draws: _Draws) -> tuple[float, float]:
    """Return the variance over draws, summed over modes and axes, of what is kept of the noise, and what motion adds.

    What a fixed filter does is not drawn.
    """
    fixed = draws.kept.mean(axis=0)
    off, more = draws.kept - fixed, len(draws.kept) - 1
    moved, passed = off * draws.noise, fixed * draws.noise
    moved -= moved.mean(axis=1, keepdims=True)
    of_motion = off * draws.size
    still = len(draws.noise) * float((fixed**2).sum()) + float(np.vdot(moved, 2.0 * passed + moved)) / more
    motion = float(np.vdot(of_motion, 2.0 * (passed[0] + moved[0]) + of_motion)) / more
    return still, motion


def _along_motion(
    fits: Sequence[NDArray], spline: SmoothingSpline, draws: _Draws, total: float
) -> tuple[NDArray, ...]:
    """Return the variance by run, (samples, axis, axis), that the motion adds; its traces sum to `total`."""
    fixed, choice = draws.kept.mean(axis=0), np.log(draws.stiffness)
    choice = choice - choice.mean()
    free = sum(len(fit) - degrees_of_freedom(len(fit), spline.stiffness) for fit in fits)
    ratio = float((fixed * (1 - fixed)).sum()) / free
    # How the score's slope over the logarithm of the stiffness goes with the samples, but for a factor, which the
    # draws tell: the noise along it and the choice go together.
    slope = (1 - fixed) ** 2 * (ratio - fixed) * draws.size
    common = float(choice @ (draws.noise[0] @ slope)) / (len(choice) - 1) / max(float(slope @ slope), 1e-300)
    ways, shares = [], []
    for fit in fits:
        once = spline(fit)
        missed = fit - once
        missed = missed - spline(missed)
        way = spline(once) - once  # the derivative of the spline by the logarithm of its stiffness
        length = np.linalg.norm(way, axis=1)
        ways.append(way / np.where(length > 0.0, length, 1.0)[:, None])
        together = (way * spline(ratio * missed - spline(missed))).sum(axis=1)
        shares.append(np.maximum(choice.var(ddof=1) * length**2 + 2.0 * common * together, 0.0))
    scale = total / max(sum(float(share.sum()) for share in shares), 1e-300)
    return tuple(scale * share[:, None, None] * way[:, :, None] * way[:, None, :]
                 for share, way in zip(shares, ways, strict=True))  # fmt: skip
