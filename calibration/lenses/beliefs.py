"""Beliefs about ordinary lenses that the views refute: given up, camera by camera and parameter by parameter.

The priors say what lenses are like: square pixels, the axis in the middle of the image, little decentring. Footage
that was cropped, squeezed (1440 x 1080 shown as 1920 x 1080) or taken through an odd lens is not like that, and a
Gaussian belief pulls such a lens towards the ordinary one by more than its stated uncertainty. So a parameter that
comes to lie far out in its prior is a lens that the prior does not describe, and the prior of it is widened.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.lenses.evidence import lens_evidence
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import N_LENS
from calibration.solve.refinement import Refinement, refine

# At 3, lenses that truly lay 4 and 5 sd out lost the belief, and two rigs of 43 measured 4 and 10 % worse than with it:
# chosen on those rigs, so that it tells what is odd (2 % oblong pixels lie 20 sd out) and leaves what is unlikely.
_FAR_SDS = 6.0
_FARTHER_SDS = 10.0
_SHARP = 0.5  # sd by the views alone over that of the belief, up to which the lower limit holds
_WIDER = 100.0  # times the standard deviation of what was believed
_ROUNDS = 3


def without_refuted_beliefs(
    problem: BundleProblem, refinement: Refinement, held_square: NDArray
) -> tuple[BundleProblem, Refinement]:
    """Widen the priors that the answer contradicts, and refine again.

    Parameters
    ----------
    problem : BundleProblem
        That `refinement` has solved, with all views.
    refinement : Refinement
    held_square : ndarray of bool, shape (camera,)
        Cameras for which one focal length was asked for.

    Raises
    ------
    SolverError
        As `refine`.
    """
    for _ in range(_ROUNDS):
        prior = _widened(problem, refinement, held_square)
        if prior is None:
            break
        problem = replace(problem, prior=prior)
        kept = replace(problem, views=refinement.problem.views)
        state = minimise(kept, refinement.state, refinement.sigma).state
        refinement = refine(problem, state)
    return problem, refinement


def _widened(problem: BundleProblem, refinement: Refinement, held_square: NDArray) -> LensPrior | None:
    """Return the prior without what the answer contradicts; None where it contradicts nothing."""
    prior, lenses = problem.prior, refinement.state.lenses
    free = problem.free[:, :N_LENS]
    off, uneven = np.where(free, lenses - prior.mean, 0.0), lenses[:, 0] - lenses[:, 1]
    far = off**2 * prior.precision > _FAR_SDS**2
    apart = ~held_square & (uneven**2 * prior.aspect_precision > _FAR_SDS**2)
    if not (far.any() or apart.any()):
        return None
    evidence = lens_evidence(refinement.problem, refinement.state, refinement.sigma)
    for camera in np.flatnonzero(far.any(axis=1) | apart):
        covariance = np.zeros((N_LENS, N_LENS))
        chosen = np.flatnonzero(free[camera])
        covariance[np.ix_(chosen, chosen)] = np.linalg.inv(evidence.information[camera][np.ix_(chosen, chosen)])
        grown = float(evidence.inflation[camera])
        far[camera] &= _refuted(off[camera], prior.precision[camera], np.diagonal(covariance), grown)
        between = np.array([covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]])
        apart[camera] &= _refuted(uneven[[camera]], prior.aspect_precision[[camera]], between, grown)[0]
    if not (far.any() or apart.any()):
        return None
    return LensPrior(
        prior.mean,
        np.where(far, prior.precision / _WIDER**2, prior.precision),
        np.where(apart, prior.aspect_precision / _WIDER**2, prior.aspect_precision),
    )


def _refuted(off: NDArray, precision: NDArray, variance: NDArray, inflation: float) -> NDArray[np.bool_]:
    """Whether what the views alone say differs from the belief by more than both together are uncertain.

    `off` and `variance` are of the answer, which the belief has pulled at; errors of one moment that hang together
    pull harder than they have a right to, and count by `inflation`.
    """
    gained = np.maximum(1.0 / np.maximum(variance, 1e-300) - precision, 1e-300)
    alone = off * (1.0 + precision / gained)
    believed = 1.0 / np.maximum(precision, 1e-300)
    known = inflation / gained
    # Views that know little more than the belief are to overrule only what is far beyond it: they may err otherwise.
    limit = np.where(known < _SHARP**2 * believed, _FAR_SDS, _FARTHER_SDS)
    return np.asarray((precision > 0) & (alone**2 > limit**2 * (believed + known)))
