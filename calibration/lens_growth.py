"""Whether a lens needs more than Brown's five coefficients: eight of them, or the equidistant fisheye.

Asked first without a fit, from the gradient of three more coefficients at the answer; only where that promises more
than chance gives are the larger models fitted, and kept where the cost of the same corners falls by more than the
added coefficients are worth (Schwarz's criterion with views as the independent pieces).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.bundle import BundleProblem, LensPrior
from calibration.bundle_system import N_LENS, BundleState, Views, squared_errors
from calibration.errors import SolverError
from calibration.lens import distort
from calibration.lens_evidence import larger_model_tests
from calibration.lens_models import LensModel, held_words, lens_prior
from calibration.refinement import Refinement, refine

_ADDED = 3  # coefficients of the rational model over Brown's five
_FEWEST_VIEWS = 10
_SIZES = {"brown5": 9, "rational8": 12, "fisheye": 8}
_LARGEST = 6.0  # tangent of the largest angle from the axis that Brown's models are followed to
_SHRINK = 1e-6  # keeps the coefficients of a first fisheye ordinary


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
    fitted, views = refinement.problem, refinement.problem.views
    n_views = np.bincount(views.camera[views.seen.any(axis=1)], minlength=views.n_cameras)
    asked = auto & ~views.fisheye & (n_views >= _FEWEST_VIEWS)
    none = Growth(refinement, {}, np.zeros(len(auto), dtype=bool))
    if not asked.any():
        return none
    decrease, robust = larger_model_tests(fitted, refinement.state, refinement.sigma, asked)
    worth = _ADDED * np.log(np.maximum(n_views, 2))
    if not (asked & (decrease > worth) & (robust > worth)).any():
        return none
    wanted = asked & (decrease > worth)
    fits: dict[str, Refinement] = {"brown5": refinement}
    for model in ("rational8", "fisheye"):
        fit = _with_models(problem, refinement, [model if want else "" for want in wanted], holds, sizes)
        if fit is not None:
            fits[model] = fit
    # Every model is judged by the same corners, those that Brown's five coefficients had kept.
    costs = {
        name: _costs(fit.state, replace(views, fisheye=fit.problem.views.fisheye)) for name, fit in fits.items()
    }
    models = _best_models(costs, views, np.maximum(decrease / np.maximum(robust, 1e-300), 1.0), wanted)
    larger = np.array([model not in {"", "brown5"} for model in models])
    chosen = {model for model in models if model}
    if len(chosen) == 1:
        answer: Refinement | None = fits[chosen.pop()]
    else:
        answer = _with_models(problem, refinement, [m if m != "brown5" else "" for m in models], holds, sizes)
    rms = {name: np.sqrt(cost) for name, cost in costs.items()}
    return Growth(answer, rms, larger) if answer is not None else Growth(refinement, rms, none.grown)


def _costs(state: BundleState, views: Views) -> NDArray:
    """Mean squared distance of each camera's corners, shape (camera,), px²."""
    squares = squared_errors(state, views)
    total = np.bincount(views.camera, squares.sum(axis=1), minlength=views.n_cameras)
    return total / np.maximum(np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras), 1)


def _best_models(costs: dict[str, NDArray], views: Views, clustering: NDArray, wanted: NDArray) -> list[str]:
    """Name the model of each camera, '' where none is wanted, by Schwarz's criterion."""
    n_corners = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    n_views = np.bincount(views.camera[views.seen.any(axis=1)], minlength=views.n_cameras)
    names = list(costs)
    each = np.stack([np.log(costs[name]) * n_corners / clustering + _SIZES[name] * np.log(n_views) for name in names])
    return [names[best] if want else "" for best, want in zip(each.argmin(axis=0), wanted, strict=True)]


def _with_models(
    problem: BundleProblem, refinement: Refinement, models: list[str], holds: list[tuple[str, ...]], sizes: NDArray
) -> Refinement | None:
    """Refine again with other models, '' for as it is; None when no lens of that kind fits."""
    free, lenses = problem.free.copy(), refinement.state.lenses.copy()
    fisheye, prior = problem.views.fisheye.copy(), problem.prior
    mean, precision, aspect = prior.mean.copy(), prior.precision.copy(), prior.aspect_precision.copy()
    for camera, model in enumerate(models):
        if not model:
            continue
        kept = held_words(model, holds[camera])
        fisheye[camera] = model == "fisheye"
        free[camera, :N_LENS] = LensModel(model, kept).free()
        if fisheye[camera]:
            lenses[camera] = fisheye_of(lenses[camera], refinement.problem.views, camera)
        lenses[camera][~free[camera, :N_LENS]] = mean[camera][~free[camera, :N_LENS]]
        own = lens_prior([":".join([model, ",".join(kept)]) if kept else model], sizes[[camera]], lenses[[camera], 0])
        mean[camera], precision[camera], aspect[camera] = own.mean[0], own.precision[0], own.aspect_precision[0]
    views = replace(problem.views, fisheye=fisheye)
    wider = replace(problem, views=views, free=free, prior=LensPrior(mean, precision, aspect))
    try:
        return refine(wider, replace(refinement.state, lenses=lenses))
    except SolverError:
        return None


def fisheye_of(lens: NDArray, views: Views, camera: int) -> NDArray:
    """Return the fisheye, shape (12,), that bends as one of Brown's lenses does, as far as corners were seen.

    Parameters
    ----------
    lens : ndarray, shape (12,)
    views : Views
    camera : int
    """
    own = views.camera == camera
    pixels = views.pixels[own][views.seen[own]]
    bent = float(np.linalg.norm((pixels - lens[2:4]) / lens[:2], axis=1).max())
    ideal = np.linspace(0.0, _LARGEST, 4000)
    out = distort(np.column_stack([ideal, np.zeros_like(ideal)]), lens[[4, 5, 6, 7, 8, 9, 10, 11]], False)[0][:, 0]
    reached = out >= bent
    end = int(reached.argmax()) if reached.any() else int(out.argmax())
    angle = np.arctan(ideal[1 : end + 1])
    # focal * (angle + k1 angle³ + ...): linear in focal, focal * k1, ...; the small ones kept small.
    powers = angle[:, None] ** np.array([1, 3, 5, 7, 9])
    keep = np.sqrt(_SHRINK * len(angle)) * np.eye(5)[1:]
    parts = np.linalg.lstsq(np.vstack([powers, keep]), np.append(out[1 : end + 1], np.zeros(4)), rcond=None)[0]
    answer = np.zeros(N_LENS)
    answer[:2], answer[2:4], answer[4:8] = lens[:2] * parts[0], lens[2:4], parts[1:] / parts[0]
    return answer
