"""Whether the views contradict a lens model that was asked for by hand.

A model that does not fit its lens bends focal lengths and places of cameras with it, and no figure of the fit shows
that: stated uncertainties count noise, and take the model for true. So the lenses are chosen once more from the views,
and both answers are held against each other over the same corners. How much better the chosen lenses explain them is a
likelihood ratio. It has to be more than chance gives to the parameters that the asked lenses lack, where errors of one
moment hang together as many times more as variances are larger for it (`solve.shared_errors`), and to come of the whole
recording, not of one part of it (Vuong, "Likelihood ratio tests for model selection and non-nested hypotheses", 1989).
Where it is, how far the cameras move is told in the uncertainties that were stated.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration.digits import digits
from calibration.errors import CalibrationError
from calibration.lenses.evidence import SHARPEST_PX, lens_evidence
from calibration.lenses.models import parsed_model
from calibration.lenses.solved import solved_lenses
from calibration.observations import BoardObservations
from calibration.quality.bent_board import MOST_SDS, moved_sds, off_by
from calibration.quality.judgement import Check
from calibration.result import Calibration
from calibration.solve.bodies import BoardFootage, board_footage
from calibration.solve.bundle import BundleProblem, lens_and_pose_covariance, minimise
from calibration.solve.bundle_system import N_LENS, BundleState, squared_errors
from calibration.solve.part import part_of
from calibration.solve.refinement import Refinement, noise_per_camera
from calibration.solve.shared_errors import with_shared_errors
from calibration.views import usable_views

_MOST_BODIES = 600  # thinned out evenly beyond
_FEWEST_BODIES = 8
_BY_CHANCE = 3e-3
_STRETCHES = 20  # of a recording, whose errors count as independent
_STEADY = 2.0  # standard deviations of chance
_TIED = 1e5  # 1 / px² of fx - fy, from which on both are one
_NONE = float("nan")
_WORDS = {
    "pinhole": "a lens without distortion", "brown2": "Brown's lens with two coefficients",
    "brown5": "Brown's lens with five coefficients", "rational8": "the rational lens with eight coefficients",
    "fisheye": "the fisheye",
}  # fmt: skip
_REMEDY = (
    "Leave --lens away, so that the views choose, or name the lens of that camera alone which is of another kind "
    "(--lens CAMERA=MODEL)."
)
_REMEDY_OF_ONE = "Let the views choose its lens (leave --lens away)."


@dataclass(frozen=True, eq=False)
class ComparedLenses:
    """The lenses asked for against those that the views choose, over the same corners.

    Attributes
    ----------
    gain : float
        Likelihood ratio by which the chosen ones explain more (twice its logarithm), over what errors that hang
        together would let it seem larger.
    chance : float
        What chance alone does not reach.
    steady : float
        The gain over what the sum of as many parts of the recording scatters by chance.
    rms_px, chosen_rms_px : ndarray, shape (camera,)
    camera_gain : ndarray, shape (camera,)
        Share of each camera in the likelihood ratio.
    models : tuple of str
        Chosen.
    moved_sds : ndarray, shape (2, camera)
        How far positions and focal lengths move, in stated standard deviations; NaN where none is stated.
    """

    gain: float
    chance: float
    steady: float
    rms_px: NDArray
    chosen_rms_px: NDArray
    camera_gain: NDArray
    models: tuple[str, ...]
    moved_sds: NDArray

    @property
    def contradicted(self) -> bool:
        """Whether the views speak against what was asked for."""
        return self.gain > self.chance and self.steady > _STEADY


def lens_checks_asked(calibration: Calibration, observations: BoardObservations) -> tuple[Check, ...]:
    """Return the check of the lens models that were asked for; none where the views chose them all.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    """
    asked = by_hand(calibration.asked)
    if not asked.any():
        return ()
    found = compared_lenses(calibration, observations)
    if isinstance(found, str):
        why = f"the lens asked for could not be held against one that the views choose: {found}"
        return (Check("lens_untested", "warn", _NONE, _NONE, _NONE, "", why, "Leave --lens away, and compare."),)
    if not found.contradicted:
        meaning = "the lens asked for explains the corners as well as the one that the views choose"
        return (Check("lens_asked", "ok", _NONE, _NONE, _NONE, "", meaning),)
    known = found.moved_sds[np.isfinite(found.moved_sds)]
    # Where nothing can be held against it, a lens that is contradicted counts as bending too much.
    worst = float(known.max()) if len(known) else _NONE
    status = "warn" if worst <= MOST_SDS else "fail"
    faults = _faults(found, calibration, asked)
    names = calibration.rig.names
    own = tuple(
        (names[fault.camera], Check("lens_asked", status, _NONE, _NONE, _NONE, "", fault.describe(), _REMEDY_OF_ONE))
        for fault in faults
    )
    meaning = f"{_cause(faults, names)}; {off_by(worst)}"
    return (Check("lens_asked", status, worst, _NONE, MOST_SDS, "sd", meaning, _REMEDY, own),)


def by_hand(models: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return for which cameras something of the lens was asked for, shape (camera,)."""
    return np.array([model != "auto" for model in models], dtype=bool)


@dataclass(frozen=True)
class _Fault:
    """A camera whose views speak against what was asked for, and what they would have; RMS of each, px."""

    camera: int
    wanted: str
    better: str
    rms_px: float
    better_px: float

    def figures(self) -> str:
        return f"residual {digits(self.rms_px, 3)} against {digits(self.better_px, 3)} px"

    def describe(self) -> str:
        return f"{self.wanted}, as asked for, fits worse than {self.better}: {self.figures()}"


def _faults(found: ComparedLenses, calibration: Calibration, asked: NDArray) -> list[_Fault]:
    gain, faults = np.where(asked, found.camera_gain, -np.inf), []
    # Where none of them alone is beyond chance, all together are: the one that adds most is named.
    for camera in np.flatnonzero((gain > found.chance) | (gain == gain.max())):
        model, better = parsed_model(calibration.asked[camera]), found.models[camera]
        wanted = _WORDS.get(model.name, "the lens") + (f" with {', '.join(model.holds)}" if model.holds else "")
        best = _WORDS[better] if better != model.name else "the same with nothing held"
        faults.append(
            _Fault(int(camera), wanted, best, float(found.rms_px[camera]), float(found.chosen_rms_px[camera]))
        )
    return faults


def _cause(faults: list[_Fault], names: tuple[str, ...]) -> str:
    """Name all of the cameras, and the figures of the one whose residuals grow most."""
    first, worst = faults[0], max(faults, key=lambda fault: fault.rms_px / max(fault.better_px, 1e-12))
    if len(faults) == 1:
        return f"camera '{names[first.camera]}': {first.describe()}"
    named = [names[fault.camera] for fault in faults]
    told = f"cameras {', '.join(named[:-1])} and {named[-1]}: "
    if len({(fault.wanted, fault.better) for fault in faults}) == 1:
        told += f"{first.wanted}, as asked for, fits worse than {first.better}"
        return f"{told} (worst {names[worst.camera]}: {worst.figures()})"
    told += "the lenses, as asked for, fit worse than those that the views choose"
    return f"{told} (worst {names[worst.camera]}: {worst.wanted} against {worst.better}, {worst.figures()})"


def compared_lenses(calibration: Calibration, observations: BoardObservations) -> ComparedLenses | str:
    """Choose the lenses from the views, and hold what was asked for against them.

    Returns
    -------
    ComparedLenses or str
        In words why not, when no lens could be chosen.
    """
    footage, bodies = _footage(calibration, observations)
    models = ["auto"] * len(calibration.rig)  # a model that was not asked for was chosen
    try:
        chosen, _ = solved_lenses(footage, models, calibration.refinement.problem.views.targets)
        pair = _same_corners(calibration.refinement, chosen.refinement, bodies[footage.frame])
    except (CalibrationError, np.linalg.LinAlgError) as error:
        return str(error)
    if isinstance(pair, str):
        return pair
    ours, other, sigma = pair
    inflation = _inflation(other, sigma)
    more = _squares(ours, sigma) - _squares(other, sigma)
    moved = moved_sds(calibration, observations, ours.state, other.state, tuple(chosen.models))
    return ComparedLenses(
        float(more.sum()) / inflation, float(chi2.ppf(1 - _BY_CHANCE, _freedom(ours.problem, other.problem))),
        _steadiness(more), _rms(ours), _rms(other), more.sum(axis=1) / inflation, tuple(chosen.models), moved,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Fit:
    problem: BundleProblem
    state: BundleState


def _footage(calibration: Calibration, observations: BoardObservations) -> tuple[BoardFootage, NDArray]:
    """The views that the calibration used, outliers included, thinned; and which of its bodies they are."""
    views = calibration.refinement.every_view
    bodies = np.arange(views.n_bodies)[:: max(-(-views.n_bodies // _MOST_BODIES), 1)]
    n_corners = observations.board.n_corners
    pixels = np.full((len(calibration.rig), views.n_bodies, n_corners, 2), np.nan)
    seen = views.seen[:, :n_corners, None]
    pixels[views.camera, views.body] = np.where(seen, views.pixels[:, :n_corners], np.nan)
    frames = calibration.frames[bodies]
    part = replace(observations.subset_frames(frames), pixels=pixels[:, bodies])
    return board_footage([part], [usable_views(part.seen, part.board.corners_board)]), bodies


def _same_corners(asked: Refinement, chosen: Refinement, body_of: NDArray) -> tuple[_Fit, _Fit, NDArray] | str:
    """Fit both to the corners that both had kept; `body_of` says which body of the first each of the second is."""
    views = chosen.every_view
    row = np.full((views.n_cameras, asked.every_view.n_bodies), -1)
    row[asked.every_view.camera, asked.every_view.body] = np.arange(len(asked.every_view.camera))
    kept = chosen.kept & asked.kept[row[views.camera, body_of[views.body]]]
    kept[~usable_views(kept, views.targets[0])] = False
    bodies = np.unique(views.body[kept.any(axis=1)])
    if len(bodies) < _FEWEST_BODIES:
        return "too few views fit both"
    seen, state = part_of(views.with_seen(kept), chosen.state, bodies)
    first = minimise(replace(chosen.problem, views=seen), state, chosen.sigma)
    sigma = np.maximum(noise_per_camera(replace(chosen.problem, views=seen), first.state), SHARPEST_PX)
    other = _Fit(replace(chosen.problem, views=seen), first.state)
    own = replace(asked.problem, views=replace(seen, fisheye=asked.problem.views.fisheye), slide=None)
    begun = BundleState(
        asked.state.lenses, asked.state.cam_from_world, asked.state.world_from_board[body_of[bodies]]
    )
    second = minimise(own, begun, chosen.sigma)
    return (_Fit(own, second.state), other, sigma) if first.converged and second.converged else "a fit does not settle"


def _squares(fit: _Fit, sigma: NDArray) -> NDArray:
    """Squared errors in units of sigma, shape (camera, body)."""
    views = fit.problem.views
    answer = np.zeros((views.n_cameras, views.n_bodies))
    answer[views.camera, views.body] = squared_errors(fit.state, views).sum(axis=1) / sigma[views.camera] ** 2
    return answer


def _rms(fit: _Fit) -> NDArray:
    views = fit.problem.views
    n_seen = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    total = np.bincount(views.camera, squared_errors(fit.state, views).sum(axis=1), minlength=views.n_cameras)
    return np.asarray(np.sqrt(total / np.maximum(n_seen, 1)))


def _steadiness(more: NDArray) -> float:
    """Sum of the parts, shape (camera, body), over how far sums of their kind scatter, by stretches of time."""
    parts = more.sum(axis=0)
    stretches = np.array([part.sum() for part in np.array_split(parts, min(_STRETCHES, len(parts)))])
    scatter = len(stretches) * float(np.var(stretches, ddof=1))
    return float(stretches.sum() / np.sqrt(max(scatter, 1e-300)))


def _inflation(fit: _Fit, sigma: NDArray) -> float:
    """By how much variances are larger than independent errors leave them: by view, or by stretch of time."""
    # The median: where next to nothing but beliefs know a parameter, the figure of a camera is an outlier.
    by_view = float(np.median(lens_evidence(fit.problem, fit.state, sigma).inflation))
    plain = lens_and_pose_covariance(fit.problem, fit.state, sigma)
    return max(by_view, with_shared_errors(fit.problem, fit.state, sigma, plain).ratio)


def _freedom(ours: BundleProblem, other: BundleProblem) -> int:
    """How many parameters the chosen lenses have that those asked for have not."""
    own, chosen = ours.free[:, :N_LENS], other.free[:, :N_LENS]
    fisheye = ours.views.fisheye, other.views.fisheye
    extra = (chosen[:, :4] & ~own[:, :4]).sum(axis=1)
    extra += (ours.prior.aspect_precision > _TIED) & (other.prior.aspect_precision < _TIED)
    alike = fisheye[0] == fisheye[1]
    extra += np.where(alike, (chosen[:, 4:] & ~own[:, 4:]).sum(axis=1), 0)
    # Along the radius a polynomial of one kind does what as many coefficients of another do, or nearly so.
    radial = [_radial(free, fish) for free, fish in ((own, fisheye[0]), (chosen, fisheye[1]))]
    decentring = np.where(fisheye[1], 0, chosen[:, 6:8].sum(axis=1))
    extra += np.where(alike, 0, np.maximum(radial[1] - radial[0], 0) + decentring + 1)
    return max(int(extra.sum()), 1)


def _radial(free: NDArray, fisheye: NDArray) -> NDArray:
    places = free[:, 4:].sum(axis=1)
    return np.asarray(np.where(fisheye, places, places - free[:, 6:8].sum(axis=1)))
