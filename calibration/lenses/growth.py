"""Whether a lens needs more than Brown's five coefficients: eight of them, or the equidistant fisheye.

Asked first without a fit: by the gradient of three more coefficients at the answer, whether it promises more than
chance gives; and by the angle at which corners were seen, whether an equidistant lens would look different at all.
Only then are the other models fitted. They are compared by their evidence (what the corners cost, how far the
parameters had to leave what is believed of them, and how sharply they had to be tuned; Laplace's approximation, MacKay,
"Bayesian interpolation", 1992), over all these cameras together, as lenses of one rig tend to be alike; a camera goes
its own way where its own corners say so clearly.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SolverError
from calibration.lens import distort
from calibration.lenses.evidence import SHARPEST_PX, LensEvidence, larger_model_tests, lens_evidence
from calibration.lenses.models import LensModel, held_words, lens_prior
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import N_LENS, BundleState, Views, squared_errors
from calibration.solve.refinement import Refinement, refine

_ADDED = 3  # coefficients of the rational model over Brown's five
_FEWEST_VIEWS = 10
_CLEARLY = 5.0  # logarithm of the odds at which a camera gets another model than the others
_BARREL = -0.15  # k1 below which a lens may be a fisheye; of an equidistant one it is -0.33
_WIDE_RAD = np.deg2rad(35)  # from the axis: there an equidistant lens and Brown's part by a pixel or so
_ROUGH = 1e-4  # tolerance of a first fit
_SAMPLES = 500
_BEYOND = 1.1  # tangents up to which a lens has to be one, in units of the farthest seen
_FLAT, _STEEP = 0.05, 3.0  # how fast a lens may go outwards with the angle, in focal lengths
_DECENTRING = (6, 7)  # p1 p2
_SHRINK = 1e-8  # keeps the coefficients of a first fisheye ordinary


@dataclass(frozen=True, eq=False)
class Growth:
    """What larger models brought.

    Attributes
    ----------
    refinement : Refinement
        With the models chosen.
    rms_px : dict of str to ndarray, shape (camera,)
        RMS distance from corner to model over the same corners, of each model tried; empty when none was.
    grown : ndarray of bool, shape (camera,)
        Cameras whose model is larger than before.
    """

    refinement: Refinement
    rms_px: dict[str, NDArray]
    grown: NDArray


def grown(
    problem: BundleProblem, refinement: Refinement, auto: NDArray, holds: list[tuple[str, ...]], sizes: NDArray
) -> Growth:
    """Fit larger models where the residuals ask for them, and keep those that pay.

    Parameters
    ----------
    problem : BundleProblem
        With all views.
    refinement : Refinement
    auto : ndarray of bool, shape (camera,)
        Cameras whose model may change.
    holds : list of tuple of str
        What is to be held in each camera whatever is chosen.
    sizes : ndarray, shape (camera, 2)
        Image width and height, px.
    """
    views = refinement.problem.views
    n_views = np.bincount(views.camera[views.seen.any(axis=1)], minlength=views.n_cameras)
    asked = auto & ~views.fisheye & (n_views >= _FEWEST_VIEWS) & (refinement.sigma > SHARPEST_PX)
    none = Growth(refinement, {}, np.zeros(len(auto), dtype=bool))
    if not asked.any():
        return none
    sigma = np.maximum(refinement.sigma, SHARPEST_PX)
    decrease, robust = larger_model_tests(refinement.problem, refinement.state, sigma, asked)
    worth = _ADDED * np.log(np.maximum(n_views, 2))
    wanted = asked & (_wide(refinement.state, views) | ((decrease > worth) & (robust > worth)))
    if not wanted.any():
        return none
    fits: dict[str, Refinement] = {"brown5": refinement}
    for model in ("rational8", "fisheye"):
        fit = _with_models(problem, refinement, [model if want else "" for want in wanted], holds, sizes)
        if fit is not None:
            fits[model] = fit
    # Every model is judged by the same corners, those that Brown's five coefficients had kept.
    costs = {
        name: _costs(fit.state, replace(views, fisheye=fit.problem.views.fisheye)) for name, fit in fits.items()
    }
    models = _best_models(fits, costs, wanted)
    larger = np.array([model not in {"", "brown5"} for model in models])
    rms = {name: np.sqrt(cost) for name, cost in costs.items()}
    if not larger.any():
        return Growth(refinement, rms, larger)
    answer: Refinement | None = fits[models[int(wanted.argmax())]]
    if len(set(models) - {""}) > 1:
        answer = _with_models(problem, refinement, [m if m != "brown5" else "" for m in models], holds, sizes)
    return Growth(answer, rms, larger) if answer is not None else none


def _wide(state: BundleState, views: Views) -> NDArray[np.bool_]:
    """Which lenses bend rays inwards and showed corners far enough from their axis for a fisheye to be another lens."""
    far = np.arctan(farthest_rays(state, views)) > _WIDE_RAD
    return np.asarray(far & (state.lenses[:, 4] < _BARREL) & ~views.fisheye)


def farthest_rays(state: BundleState, views: Views) -> NDArray:
    """Return the tangent of the largest angle from the axis at which each camera saw a corner, shape (camera,)."""
    answer = np.zeros(views.n_cameras)
    for camera in range(views.n_cameras):
        rows = np.flatnonzero((views.camera == camera) & views.seen.any(axis=1))
        pose = state.cam_from_world[camera] @ state.world_from_board[views.body[rows]]
        corners = views.targets[views.body_target[views.body[rows]]]
        points = corners @ pose[:, :3, :3].swapaxes(1, 2) + pose[:, None, :3, 3]
        points = points[views.seen[rows]]
        answer[camera] = (np.hypot(points[:, 0], points[:, 1]) / points[:, 2]).max(initial=0.0)
    return answer


def _bending(lens: NDArray, fisheye: bool, farthest: float) -> tuple[NDArray, NDArray]:
    """Tangents of angles from the axis, up to one, and where the lens puts them: radially, without p1 and p2."""
    ideal = np.linspace(0.0, max(farthest, 1e-3), _SAMPLES)
    coefficients = lens[4:8] if fisheye else np.where(np.isin(np.arange(4, N_LENS), _DECENTRING), 0.0, lens[4:])
    return ideal, distort(np.column_stack([ideal, np.zeros_like(ideal)]), coefficients, fisheye)[0][:, 0]


def sound_lenses(state: BundleState, views: Views) -> NDArray[np.bool_]:
    """Return which lenses neither fold nor run off anywhere near what they saw, shape (camera,)."""
    answer = np.ones(views.n_cameras, dtype=bool)
    for camera, farthest in enumerate(_BEYOND * farthest_rays(state, views)):
        ideal, bent = _bending(state.lenses[camera], bool(views.fisheye[camera]), float(farthest))
        slope = np.diff(bent) / np.diff(np.arctan(ideal))
        # One of a straight-line lens grows as the square of the secant, that of a fisheye is about one.
        steepest = _STEEP * (1 + ideal[1:] ** 2)
        answer[camera] = bool(((slope > _FLAT) & (slope < steepest)).all())
        if not views.fisheye[camera]:
            # A pole with a zero beside it is too narrow to be met by samples of the bending.
            k4, k5, k6 = state.lenses[camera, 9:N_LENS]
            q = ideal**2
            answer[camera] &= bool((1 + q * (k4 + q * (k5 + q * k6)) > _FLAT).all())
    return answer


def _costs(state: BundleState, views: Views) -> NDArray:
    """Mean squared distance of each camera's corners, shape (camera,), px²."""
    squares = squared_errors(state, views)
    total = np.bincount(views.camera, squares.sum(axis=1), minlength=views.n_cameras)
    return total / np.maximum(np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras), 1)


def _best_models(fits: dict[str, Refinement], costs: dict[str, NDArray], wanted: NDArray) -> list[str]:
    """Name the model of each camera, '' where none is wanted."""
    names = list(fits)
    known = {
        name: lens_evidence(fit.problem, fit.state, np.maximum(fit.sigma, SHARPEST_PX)) for name, fit in fits.items()
    }
    # A lens that does not fit errs alike in corners that are close: how far errors hang together, the best one says.
    together = np.min([known[name].inflation for name in names], axis=0)
    noise = np.maximum(np.min([costs[name] for name in names], axis=0) / 2, SHARPEST_PX**2) * together
    each = np.stack([_log_evidence(fits[name], costs[name], noise, known[name]) for name in names])
    common = int(each[:, wanted].sum(axis=1).argmax())
    best = np.where(each.max(axis=0) > each[common] + _CLEARLY, each.argmax(axis=0), common)
    return [names[index] if want else "" for index, want in zip(best, wanted, strict=True)]


def _log_evidence(fit: Refinement, cost: NDArray, noise: NDArray, known: LensEvidence) -> NDArray:
    """Logarithm of the evidence for each camera's lens, shape (camera,), but for what all models have in common.

    `cost` is the mean squared distance and `noise` the variance of one coordinate, both of shape (camera,), px².
    """
    views, prior, lenses = fit.problem.views, fit.problem.prior, fit.state.lenses
    n_corners = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    answer = -0.5 * n_corners * cost / noise - 0.5 * (prior.precision * (lenses - prior.mean) ** 2).sum(axis=1)
    for camera in range(views.n_cameras):
        chosen = np.flatnonzero(fit.problem.free[camera, :N_LENS])
        if not views.fisheye[camera]:
            # A fisheye has no decentring because nobody modelled it, not because such lenses have none: it gains
            # nothing by that, but for what two more parameters explain by chance.
            decentring = np.isin(chosen, _DECENTRING)
            answer[camera] -= 0.5 * decentring.sum()
            chosen = chosen[~decentring]
        believed = prior.precision[camera, chosen]
        answer[camera] -= 0.5 * np.linalg.slogdet(known.information[camera][np.ix_(chosen, chosen)])[1]
        answer[camera] += 0.5 * np.log(believed[believed > 0]).sum()
    return answer


def _with_models(
    problem: BundleProblem, refinement: Refinement, models: list[str], holds: list[tuple[str, ...]], sizes: NDArray
) -> Refinement | None:
    """Refine again with other models, '' for as it is; None when no lens of that kind fits."""
    free, lenses = problem.free.copy(), refinement.state.lenses.copy()
    fisheye, prior = problem.views.fisheye.copy(), problem.prior
    mean, precision, aspect = prior.mean.copy(), prior.precision.copy(), prior.aspect_precision.copy()
    farthest = farthest_rays(refinement.state, refinement.problem.views)
    for camera, model in enumerate(models):
        if not model:
            continue
        kept = held_words(model, holds[camera])
        fisheye[camera] = model == "fisheye"
        free[camera, :N_LENS] = LensModel(model, kept).free()
        if fisheye[camera]:
            lenses[camera] = fisheye_of(lenses[camera], float(farthest[camera]))
        lenses[camera][~free[camera, :N_LENS]] = mean[camera][~free[camera, :N_LENS]]
        own = lens_prior([":".join([model, ",".join(kept)]) if kept else model], sizes[[camera]], lenses[[camera], 0])
        mean[camera], precision[camera], aspect[camera] = own.mean[0], own.precision[0], own.aspect_precision[0]
    views = replace(problem.views, fisheye=fisheye)
    wider = replace(problem, views=views, free=free, prior=LensPrior(mean, precision, aspect))
    try:
        # First to the corners that are known to be sound: one far off can send a young polynomial over its pole.
        near = replace(wider, views=views.with_seen(refinement.kept))
        begun = minimise(near, replace(refinement.state, lenses=lenses), refinement.sigma, tolerance=_ROUGH).state
        fit = refine(wider, begun)
    except SolverError:
        return None
    unsound = ~sound_lenses(fit.state, fit.problem.views) & np.array([bool(model) for model in models])
    if not unsound.any():
        return fit
    fewer = ["" if bad else model for model, bad in zip(models, unsound, strict=True)]
    return _with_models(problem, refinement, fewer, holds, sizes) if any(fewer) else None


def fisheye_of(lens: NDArray, farthest: float) -> NDArray:
    """Return the fisheye, shape (12,), that bends as one of Brown's lenses does, as far as corners were seen.

    Parameters
    ----------
    lens : ndarray, shape (12,)
    farthest : float
        Tangent of the largest angle from the axis.
    """
    ideal, out = _bending(lens, False, farthest)
    angle = np.arctan(ideal)
    # focal * (angle + k1 angle³ + ...): linear in focal, focal * k1, ...; the small ones kept small.
    powers = angle[:, None] ** np.array([1, 3, 5, 7, 9])
    keep = np.sqrt(_SHRINK * len(angle)) * np.eye(5)[1:]
    parts = np.linalg.lstsq(np.vstack([powers, keep]), np.append(out, np.zeros(4)), rcond=None)[0]
    answer = np.zeros(N_LENS)
    answer[:2], answer[2:4], answer[4:8] = lens[:2] * parts[0], lens[2:4], parts[1:] / parts[0]
    return answer
