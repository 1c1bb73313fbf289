"""Automatic choice of each camera's lens model from what its views can carry, said in a sentence.

The joint refinement starts every lens as Brown's with five coefficients (or as a fisheye, where the camera alone
shows that it is one), kept ordinary by weak priors. From there the choice goes two ways:

- up, to eight coefficients or to the equidistant fisheye, where the residuals of the five show more than the noise
  and a refit proves it;
- down, to a lens that does not fold inside the image, where corners say next to nothing against it (`whole_image`),
  and by holding what the views say nothing of: a parameter whose posterior standard deviation is (nearly) that of
  its prior is a belief and no measurement. It is held at what is believed, but stays open in the covariance: not
  having seen a coefficient is not knowing that it is 0. A lens whose whole distortion is below what shows is a
  pinhole.

A coefficient that is known well and happens to be small stays: leaving it out would gain nothing.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.lenses.evidence import LensCoverage, LensEvidence, lens_coverage, lens_evidence
from calibration.lenses.growth import grown
from calibration.lenses.models import LensModel, parsed_model
from calibration.lenses.whole_image import unfolded
from calibration.lenses.words import said
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import N_LENS, BundleState
from calibration.solve.refinement import Refinement

UNSEEN = 0.95  # posterior over prior standard deviation from which on the views say nothing of a parameter
_PINHOLE_K1_SD = 0.02  # an ordinary lens bends by more than twice this, and would have shown
_TIE_SD_PX = 1e-3  # of fx - fy where one focal length is held
_BROWN_STEPS = (("k3", (8,)), ("k2", (5,)), ("p", (6, 7)), ("c", (2, 3)), ("fx=fy", (0, 1)), ("k1", (4,)))
_FISHEYE_STEPS = (("k4", (7,)), ("k3", (6,)), ("k2", (5,)), ("c", (2, 3)), ("fx=fy", (0, 1)), ("k1", (4,)))
_RATIONAL_STEPS = (("p", (6, 7)), ("c", (2, 3)), ("fx=fy", (0, 1)))
_BEFORE = {"k1": "k2", "k2": "k3"}  # a coefficient goes only after the next higher one


@dataclass(frozen=True, eq=False)
class LensChoice:
    """The lens model of one camera.

    Attributes
    ----------
    model : str
        'pinhole', 'brown2', 'brown5', 'rational8' or 'fisheye'.
    free : ndarray of bool, shape (12,)
        Which lens parameters were estimated; fx and fy as one where `square`.
    square : bool
    prior : LensPrior
        Of this camera alone, each array with one row.
    sentence : str
        What was chosen and why.
    """

    model: str
    free: NDArray[np.bool_]
    square: bool
    prior: LensPrior
    sentence: str


@dataclass(frozen=True, eq=False)
class ChosenLenses:
    """The choices for all cameras, and the refinement with them.

    Attributes
    ----------
    choices : tuple of LensChoice
    refinement : Refinement
    open_problem : BundleProblem
        As the refinement's, but with what was held for want of evidence left open to its prior: what the covariance
        has to rest on.
    """

    choices: tuple[LensChoice, ...]
    refinement: Refinement
    open_problem: BundleProblem

    @property
    def models(self) -> list[str]:
        """Name of each camera's model."""
        return [choice.model for choice in self.choices]

    def describe(self) -> str:
        """Return the sentences of all cameras, joined by '; '."""
        return "; ".join(choice.sentence for choice in self.choices)


def choose_lenses(
    problem: BundleProblem, refinement: Refinement, models: list[str], names: tuple[str, ...], sizes: NDArray
) -> ChosenLenses:
    """Choose the lens model of each camera for which 'auto' was asked, and refine again where it changes.

    Parameters
    ----------
    problem : BundleProblem
        That `refinement` has solved, with all views.
    refinement : Refinement
    models : list of str
        As asked for, in the words of `lens_models.checked_model`.
    names : tuple of str
    sizes : ndarray, shape (camera, 2)
        Image width and height, px.
    """
    asked = [parsed_model(model, name) for model, name in zip(models, names, strict=True)]
    auto = np.array([model.name == "auto" for model in asked])
    if not auto.any() or _contradicts(refinement):
        choices = tuple(
            _choice(refinement.problem, camera, own, (), said(name, model_of(refinement.problem, camera, own), own))
            for camera, (own, name) in enumerate(zip(asked, names, strict=True))
        )
        return ChosenLenses(choices, refinement, refinement.problem)
    growth = grown(problem, refinement, auto, [model.holds for model in asked], sizes)
    refinement = growth.refinement
    evidence = lens_evidence(refinement.problem, refinement.state, refinement.sigma)
    coverage = lens_coverage(refinement.state, refinement.problem.views, sizes)
    held = [
        held_parameters(refinement.problem, refinement.state, evidence, coverage, camera) if auto[camera] else ()
        for camera in range(len(names))
    ]
    reduced = _reduced(refinement, held)
    if reduced is None:  # never seen: with less to move, the minimum is only nearer
        held, reduced = [()] * len(names), refinement
    reduced, straightened = unfolded(reduced, sizes, auto, evidence.inflation)
    sentences = [
        said(name, model_of(reduced.problem, camera, own), own, held[camera], camera, growth, coverage, tied,
             float(reduced.state.lenses[camera, 5]) if straightened[camera] else None)
        for camera, (name, own, tied) in enumerate(zip(names, asked, evidence.inflation.tolist(), strict=True))
    ]
    choices = tuple(
        _choice(reduced.problem, camera, own, held[camera], sentences[camera]) for camera, own in enumerate(asked)
    )
    # Beliefs as before, but about what is held to be rid of a fold.
    prior = replace(refinement.problem.prior, mean=reduced.problem.prior.mean)
    opened = replace(reduced.problem, free=refinement.problem.free, prior=prior)
    return ChosenLenses(choices, reduced, opened)


def _contradicts(refinement: Refinement) -> bool:
    """Whether most corners of some camera were left out: no lens is to be chosen for that, it will be refused."""
    views = refinement.every_view
    kept = np.bincount(views.camera, refinement.kept.sum(axis=1), minlength=views.n_cameras)
    seen = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    return bool((2 * kept < seen).any())


def held_parameters(
    problem: BundleProblem, state: BundleState, evidence: LensEvidence, coverage: LensCoverage, camera: int
) -> tuple[str, ...]:
    """Name what the views of a camera say nothing of: some of k1 to k4, p, c, fx=fy, or all of k1 k2 k3 p.

    Parameters
    ----------
    problem : BundleProblem
    state : BundleState
        Its answer.
    evidence : LensEvidence
    coverage : LensCoverage
    camera : int
    """
    information, inflation = evidence.information[camera], float(evidence.inflation[camera])
    free, fisheye = problem.free[camera, :N_LENS].copy(), bool(problem.views.fisheye[camera])
    steps = _FISHEYE_STEPS if fisheye else _RATIONAL_STEPS if free[9:].any() else _BROWN_STEPS
    held: list[str] = []
    for name, places in steps:
        there = [place for place in places if free[place]]
        if not there or free[_place(steps, _BEFORE.get(name))].any():
            continue
        covariance = _covariance(information, free, "fx=fy" in held)
        if _unseen(name, there, covariance, problem.prior, camera, inflation):
            held.append(name)
            free[there] = name == "fx=fy"
    if not fisheye and not free[9:].any() and free[4]:
        covariance, bent = _covariance(information, free, "fx=fy" in held), np.flatnonzero(free[4:]) + 4
        n_views = int(coverage.n_views[camera])
        if _shows_no_distortion(covariance, state.lenses[camera], bent, inflation, n_views):
            held = [*(name for name in held if name in {"c", "fx=fy"}), "all"]
    return tuple(held)


def _unseen(
    name: str, places: list[int], covariance: NDArray, prior: LensPrior, camera: int, inflation: float
) -> bool:
    """Whether the views add next to nothing to what is believed of some parameters."""
    if name == "fx=fy":
        believed = prior.aspect_precision[[camera]]
        known = np.array([covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]])
    else:
        believed, known = prior.precision[camera, places], np.diagonal(covariance)[places]
    # Precision that the data add, made smaller by how much the errors of one moment hang together.
    gained = np.maximum(1.0 / known - believed, 0.0) / inflation
    return bool((believed > UNSEEN**2 * (believed + gained)).all())


def _place(steps: tuple[tuple[str, tuple[int, ...]], ...], name: str | None) -> list[int]:
    return [place for step, places in steps if step == name for place in places]


def _covariance(information: NDArray, free: NDArray, tied: bool) -> NDArray:
    """Covariance, shape (12, 12), of the free parameters with the others held; 0 where held."""
    chosen = np.flatnonzero(free)
    matrix = information[np.ix_(chosen, chosen)].copy()
    if tied:
        matrix[:2, :2] += np.array([[1.0, -1.0], [-1.0, 1.0]]) / _TIE_SD_PX**2
    scale = 1.0 / np.sqrt(np.diagonal(matrix))
    answer = np.zeros((N_LENS, N_LENS))
    answer[np.ix_(chosen, chosen)] = np.linalg.inv(matrix * scale * scale[:, None]) * scale * scale[:, None]
    return answer


def _shows_no_distortion(covariance: NDArray, lens: NDArray, bent: NDArray, inflation: float, n_views: int) -> bool:
    """Whether all coefficients at 0 cost less than they are worth (Schwarz), though an ordinary lens would show."""
    if inflation * covariance[4, 4] > _PINHOLE_K1_SD**2:
        return False
    off = lens[bent]
    cost = off @ np.linalg.solve(covariance[np.ix_(bent, bent)], off) / inflation
    return bool(cost < len(bent) * np.log(max(n_views, 2)))


def _reduced(refinement: Refinement, held: list[tuple[str, ...]]) -> Refinement | None:
    """Refine with parameters held at what is believed of them; None when that finds no minimum."""
    problem = refinement.problem
    if not any(held):
        return refinement
    free, aspect, lenses = problem.free.copy(), problem.prior.aspect_precision.copy(), refinement.state.lenses.copy()
    for camera, names in enumerate(held):
        steps = _FISHEYE_STEPS if problem.views.fisheye[camera] else _BROWN_STEPS
        places = list(range(4, N_LENS)) if "all" in names else []
        places += [place for name in names if name != "fx=fy" for place in _place(steps, name)]
        free[camera, places] = False
        lenses[camera, places] = problem.prior.mean[camera, places]
        if "fx=fy" in names:
            aspect[camera] = 1.0 / _TIE_SD_PX**2
            lenses[camera, :2] = lenses[camera, :2].mean()
    fewer = replace(problem, free=free, prior=replace(problem.prior, aspect_precision=aspect))
    result = minimise(fewer, replace(refinement.state, lenses=lenses), refinement.sigma)
    if not result.converged:
        return None
    return replace(refinement, state=result.state, problem=fewer, steps=refinement.steps + result.steps)


def _choice(
    problem: BundleProblem, camera: int, asked: LensModel, held: tuple[str, ...], sentence: str
) -> LensChoice:
    prior = problem.prior
    own = LensPrior(prior.mean[[camera]], prior.precision[[camera]], prior.aspect_precision[[camera]])
    square = asked.square or "fx=fy" in held
    free = problem.free[camera, :N_LENS].copy()
    return LensChoice(model_of(problem, camera, asked), free, square, own, sentence)


def model_of(problem: BundleProblem, camera: int, asked: LensModel) -> str:
    """Name a camera's model: as asked for, or the smallest that has all that is free."""
    if asked.name != "auto":
        return asked.name
    return model_name(problem.free[camera, :N_LENS], bool(problem.views.fisheye[camera]))


def model_name(free: NDArray, fisheye: bool) -> str:
    """Return the smallest model that has all parameters that are free, shape (12,)."""
    if fisheye:
        return "fisheye"
    if free[9:].any():
        return "rational8"
    if free[6:9].any():
        return "brown5"
    return "brown2" if free[4:6].any() else "pinhole"
