"""Whether the step of a camera stands out from the scatter of its single views.

A tripod that trembles, and a rolling shutter, put all corners of a view off together: such views scatter about the
rig far more than noise of corners lets expect, and a few of them on one side of a moment look like a step. So each view
gets a shift and a turn in the image of its own, at random, with variances found from the views themselves (restricted
maximum likelihood; Patterson and Thompson 1971, with the fixed point of MacKay 1992), while boards, cameras and step
are estimated; the step is then held against what these leave it uncertain by (Wald's test). A camera that runs late
while the board swings is off the same way for many views, and its place and lens follow: so each camera may be late by
a time of its own beside the step. Other errors that stay for many views count as fewer views: as many as an
autoregressive process of their correlation leaves independent. A camera that sinks little by little leaves such errors
beside any step; so an even motion from the first view to the last is tried as well.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from calibration.corrections.board_motion import board_paths
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, Views
from calibration.solve.view_jacobians import by_body, by_camera, view_misses

_OWN = 3  # of a view: shift along both axes, and turn
_GROUP = np.array([0, 0, 1])
_WIDTH = _OWN + N_CAMERA + 1  # errors of a view, its camera, and how late that is
_ROUNDS = 60
_SETTLED = 0.01
_LEAST_SHARE = 1e-6  # of the variance of corners
_MOST_TESTED = 600  # views
_STRAY_PX = 10.0  # corners that far from the rest of their view, and 8 sigmas, are strays
_STRAY_SIGMAS = 8.0


@dataclass(frozen=True, eq=False)
class StepTest:
    """A step against the scatter of single views.

    Attributes
    ----------
    step : ndarray, shape (6,)
        Turn (rad) and shift (m) in the camera's frame.
    covariance : ndarray, shape (6, 6)
    shake_px : float
        Standard deviation of the common shift of a view, per axis.
    freedom : float
        Shifts and turns of views that are left to measure it.
    slowly : bool
        Evenly from the first view of the camera to the last, not at one moment.
    """

    step: NDArray
    covariance: NDArray
    shake_px: float
    freedom: float
    slowly: bool = False

    @property
    def square(self) -> float:
        """Wald's square of the step, expected 6 without one."""
        return float(self.step @ np.linalg.pinv(self.covariance, hermitian=True) @ self.step)

    @property
    def chance(self) -> float:
        """Probability of such a step at a moment chosen beforehand."""
        return float(fdtrc(6, max(self.freedom, 1.0), self.square / 6))

    @property
    def turn_deg(self) -> float:
        """Angle turned."""
        return float(np.rad2deg(np.linalg.norm(self.step[:3])))


@dataclass(frozen=True, eq=False)
class _Body:
    """What one body tells once its pose is eliminated: of the views' own errors and of the unknowns, in px²."""

    views: NDArray
    own: NDArray
    cross: NDArray
    unknown: NDArray
    own_pull: NDArray
    unknown_pull: NDArray


def moved_test(
    state: BundleState, views: Views, free: NDArray, camera: int, first_body: int, moments: NDArray
) -> StepTest:
    """Return the likelier of a step of a camera from one body on and of an even motion over the recording.

    Parameters
    ----------
    state : BundleState
        Refined without.
    views : Views
        In order of time; those that are of no body left out.
    free : ndarray of bool, shape (camera, 18)
    camera : int
    first_body : int
    moments : ndarray, shape (body,)
        When the bodies were seen.
    """
    placed = np.isin(np.arange(views.n_bodies), views.body)
    velocity, _ = board_paths(state.world_from_board, moments, placed, views.body_target)
    own = np.unique(views.body[views.camera == camera])
    after = (np.arange(views.n_bodies) >= first_body).astype(float)
    evenly = np.clip((moments - moments[own[0]]) / max(float(moments[own[-1]] - moments[own[0]]), 1e-9), 0.0, 1.0)
    # Of what this camera did not see the step knows the others' places only: to leave it out errs on the safe side.
    bodies = own[:: -(-int(np.isin(views.body, own).sum()) // _MOST_TESTED)]
    rows = np.isin(views.body, bodies)
    part = {name: getattr(views, name)[rows] for name in ("camera", "body", "pixels", "seen")}
    counted = _without_strays(state, replace(views, **part))
    sudden, slow = (step_test(state, counted, free, camera, share, velocity) for share in (after, evenly))
    return sudden if sudden.chance <= slow.chance else replace(slow, slowly=True)


def _without_strays(state: BundleState, views: Views) -> Views:
    off = view_misses(state, views).miss
    middle = np.nanmedian(np.where(views.seen[..., None], off, np.nan), axis=1, keepdims=True)
    away = np.linalg.norm(off - middle, axis=2)
    limit = max(_STRAY_PX, _STRAY_SIGMAS * float(np.median(away[views.seen])))
    return views.with_seen(views.seen & (away < limit))


def step_test(
    state: BundleState, views: Views, free: NDArray, camera: int, share: NDArray, velocity: NDArray
) -> StepTest:
    """Estimate how far a camera moved, with errors of whole views and cameras that may be late.

    Parameters
    ----------
    state : BundleState
        Refined without the step.
    views : Views
        In order of time; corners that belong to no answer left out.
    free : ndarray of bool, shape (camera, 18)
    camera : int
    share : ndarray, shape (body,)
        Of the motion that is done when a body is seen.
    velocity : ndarray, shape (body, 6)
        Of each body in its own frame (`corrections.board_motion.board_paths`); 0 where unknown.
    """
    bodies, sigma2 = _bodies(state, views, free, camera, share, velocity)
    shares, answer, inverse, own, freedom = _variances(bodies, sigma2)
    # Where corners' noise, known from many, makes most of a view's shift, few views matter less (Satterthwaite 1946).
    part = shares[0] / (shares[0] + 1.0 / max(float(views.seen.sum(axis=1).mean()), 1.0))
    freedom /= max(part, 0.01) ** 3
    slow = _slowness(own, views.camera, camera)
    covariance = sigma2 * inverse[-6:, -6:] * slow
    return StepTest(answer[-6:], covariance, float(np.sqrt(shares[0] * sigma2)), freedom / slow)


def _bodies(
    state: BundleState, views: Views, free: NDArray, camera: int, share: NDArray, velocity: NDArray
) -> tuple[list[_Body], float]:
    columns, by_pose, misses = _columns(state, views, velocity)
    n_views = len(views.camera)
    flat = columns.reshape(n_views, -1, _WIDTH)
    pose, miss = by_pose.reshape(n_views, -1, 6), misses.reshape(n_views, -1)
    square, towards = flat.swapaxes(1, 2) @ flat, flat.swapaxes(1, 2) @ pose
    block, pull = pose.swapaxes(1, 2) @ pose, np.einsum("vri,vr->vi", flat, miss)
    pose_pull = np.einsum("vri,vr->vi", pose, miss)
    number = np.full(free.size, -1)
    number[free.ravel()] = np.arange(free.sum())
    late = int(free.sum())
    size, answer = late + views.n_cameras + 6, []
    for body in np.unique(views.body):
        rows = np.arange(*np.searchsorted(views.body, [body, body + 1]))
        # From the unknowns of views to those of all: own errors first, then cameras, how late they are, and the step.
        cut = len(rows) * _OWN
        spread = np.zeros((cut + size, len(rows), _WIDTH))
        for place, row in enumerate(rows):
            spread[place * _OWN + np.arange(_OWN), place, np.arange(_OWN)] = 1.0
            index = number[views.camera[row] * N_CAMERA + np.arange(N_CAMERA)]
            moving = np.flatnonzero(index >= 0)
            spread[cut + index[moving], place, _OWN + moving] = 1.0
            spread[cut + late + views.camera[row], place, -1] = 1.0
            if views.camera[row] == camera:
                spread[-6 + np.arange(6), place, _OWN + N_LENS + np.arange(6)] = share[body]
        coupling = np.einsum("uvi,vij->uj", spread, towards[rows])
        inverse = np.linalg.pinv(block[rows].sum(axis=0), rcond=1e-13, hermitian=True)
        whole = np.einsum("uvi,vij,wvj->uw", spread, square[rows], spread, optimize=True)
        whole -= coupling @ inverse @ coupling.T
        right = np.einsum("uvi,vi->u", spread, pull[rows]) - coupling @ inverse @ pose_pull[rows].sum(axis=0)
        answer.append(_Body(rows, whole[:cut, :cut], whole[:cut, cut:], whole[cut:, cut:], right[:cut], right[cut:]))
    return answer, _corner_variance(columns, misses, views)


def _columns(state: BundleState, views: Views, velocity: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return by own errors, camera and time (view, corner, 2, 22), by the body's pose (..., 6), and the misses."""
    found = view_misses(state, views)
    seen = views.seen & np.isfinite(found.miss).all(axis=2)
    columns = np.zeros((*seen.shape, 2, _WIDTH))
    columns[..., 0, 0] = columns[..., 1, 1] = seen
    count = np.maximum(seen.sum(axis=1), 1)[:, None, None]
    middle = (views.pixels * seen[..., None]).sum(axis=1, keepdims=True) / count
    off = np.where(seen[..., None], views.pixels - middle, 0.0)
    radius = np.sqrt((off**2).sum(axis=(1, 2)) / count[:, 0, 0])[:, None]
    columns[..., 0, 2], columns[..., 1, 2] = -off[..., 1] / np.maximum(radius, 1), off[..., 0] / np.maximum(radius, 1)
    for camera in range(views.n_cameras):
        rows, jacobian = by_camera(state, views, camera)
        columns[rows, ..., _OWN:-1] = jacobian
    by_pose = by_body(views, found) * seen[..., None, None]
    columns[..., -1] = np.einsum("vcxi,vi->vcx", by_pose, velocity[views.body])
    return columns * seen[..., None, None], by_pose, found.miss * seen[..., None]


def _corner_variance(columns: NDArray, misses: NDArray, views: Views) -> float:
    """Variance of a coordinate about an affine pattern of its view."""
    seen = views.seen[..., None]
    base = np.concatenate([np.ones((*views.seen.shape, 1)), views.pixels / 1e3], axis=2) * seen
    axes, spread, _ = np.linalg.svd(base, full_matrices=False)
    axes = axes * (spread > 1e-9 * spread[:, :1])[:, None]
    left = misses - axes @ (axes.swapaxes(1, 2) @ misses)
    freedom = 2 * (views.seen.sum() - (spread > 1e-9 * spread[:, :1]).sum())
    return max(float((left**2).sum()) / max(float(freedom), 1.0), 1e-12)


def _variances(bodies: list[_Body], sigma2: float) -> tuple[NDArray, NDArray, NDArray, NDArray, float]:
    """Return shares (2,) of the views' variances of sigma2, unknowns, their inverse, own errors (view, 3), freedom."""
    shares, n_views = np.array([1.0, 0.01]), sum(len(one.views) for one in bodies)
    for _ in range(_ROUNDS):
        answer, inverse, own, told = _solved(bodies, shares)
        squares = np.array([(part**2).sum() for part in (own[:, :2], own[:, 2:])])
        known = np.array([part.sum() for part in (told[:, :2], told[:, 2:])])
        counts = n_views * np.bincount(_GROUP)
        freedom = np.maximum(counts - known / shares, 1e-3)
        new = np.maximum(squares / sigma2 / freedom, _LEAST_SHARE)
        done = bool((np.abs(np.log(new / shares)) < _SETTLED).all())
        shares = new
        if done:
            break
    answer, inverse, own, told = _solved(bodies, shares)
    return shares, answer, inverse, own, float(max(counts[0] - told[:, :2].sum() / shares[0], 1.0))


def _solved(bodies: list[_Body], shares: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return unknowns, their inverse, and per view the own errors and their variances (in units of sigma2)."""
    size = len(bodies[0].unknown_pull)
    matrix, right, inner = np.zeros((size, size)), np.zeros(size), []
    for one in bodies:
        n = len(one.views)
        inner.append(np.linalg.inv(one.own + np.diag(np.tile(1.0 / shares[_GROUP], n))))
        matrix += one.unknown - one.cross.T @ inner[-1] @ one.cross
        right += one.unknown_pull - one.cross.T @ inner[-1] @ one.own_pull
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(matrix), 1e-300))
    inverse = np.linalg.pinv(matrix * scale * scale[:, None], rcond=1e-11, hermitian=True) * scale * scale[:, None]
    answer = -inverse @ right
    n_views = 1 + max(int(one.views.max()) for one in bodies)
    own, told = np.zeros((n_views, _OWN)), np.zeros((n_views, _OWN))
    for one, block in zip(bodies, inner, strict=True):
        follow = block @ one.cross
        own[one.views] = (-block @ (one.own_pull + one.cross @ answer)).reshape(-1, _OWN)
        told[one.views] = np.diagonal(block + follow @ inverse @ follow.T).reshape(-1, _OWN)
    return answer, inverse, own, told


def _slowness(own: NDArray, camera_of: NDArray, camera: int) -> float:
    """By how many times the views would have to be fewer, were they independent."""
    shifts = own[camera_of == camera, :2]
    shifts = shifts - shifts.mean(axis=0)
    total = float((shifts**2).sum())
    if len(shifts) < 3 or total <= 0:
        return 1.0
    together = float((shifts[1:] * shifts[:-1]).sum()) / total
    by_chance = 1.0 / np.sqrt(2 * len(shifts))
    together = min(max(together - by_chance, 0.0), 0.95)
    return (1 + together) / (1 - together)
