"""Whether every camera stood still while it was calibrated: a tripod that was bumped shows as a step in time.

For each camera and each moment a second pose from that moment on is offered to the refined answer, all other unknowns
free to follow, and the gain in cost is told (a score test of a change point; Rao 1948, Page 1954). Only this is fair:
boards that few cameras see follow a bumped camera half the way, and its own residuals alone show little. Slow errors,
such as cameras that drift against each other in time, gain a little from any step; so the best one is then refined in
earnest, and only a step that leaves much less error than before, and that neither late cameras nor the scatter of
single views by chance can have made (`shaking`), counts as a bump.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.shaking import moved_test
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import (
    N_CAMERA,
    N_LENS,
    BundleState,
    Views,
    data_cost,
    normal_equations,
    squared_errors,
)

_LEAST_VIEWS = 4  # on either side of the step
_LEAST_STEP_DEG = 0.15
_LEAST_SLOW_DEG = 0.3  # from the first view to the last: of cameras 15 ms late 0.2, of one that sinks by 1 deg 0.9
_LEAST_GAIN = 1.0  # without a step 0.05 to 0.15, with 0.3 deg 1.2 to 50
_MOST_VIEWS = 1500
_FAR_PX = 60.0  # a view this far off is no view of this board
_CAUCHY_PX = 30.0  # a bump of a degree is 15 px and has to count in full
_WORST_CHANCE = 1e-6  # of so large a step without one: some hundred moments and cameras are tried
_LEAST_RATIO = 1.5  # of the cost without the step to that with it
_FIT_CAUCHY_PX = 10.0
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class CameraStep:
    """The step of one camera that explains most.

    Attributes
    ----------
    camera : int
    body : int
        First body (of one board: frame) after the step.
    step_deg : float
    gain : float
        Cost that the step removes per unknown, over the cost that is left per degree of freedom of the views (three
        each: errors of one view hang together).
    n_before, n_after : int
        Views on either side.
    """

    camera: int
    body: int
    step_deg: float
    gain: float
    n_before: int
    n_after: int

    @property
    def suspicious(self) -> bool:
        """Whether it is worth a refinement of its own."""
        return self.step_deg > _LEAST_STEP_DEG and self.gain > _LEAST_GAIN


def largest_step(state: BundleState, views: Views, free: NDArray) -> CameraStep | None:
    """Return the step of a camera in time that explains most, or None with too few views.

    Parameters
    ----------
    state : BundleState
        The refined answer.
    views : Views
        All views, also those that were left out as outliers; bodies in order of time.
    free : ndarray of bool, shape (camera, 18)
        Camera parameters that were refined.
    """
    views = _countable(state, views)
    if len(views.camera) < 2 * _LEAST_VIEWS:
        return None
    blocks = _Blocks.of(state, views, free)
    best: CameraStep | None = None
    for camera in range(views.n_cameras):
        found = _best_of_camera(blocks, camera)
        if found is not None and (best is None or found.gain > best.gain):
            best = found
    return best


def _countable(state: BundleState, views: Views) -> Views:
    """Views near their boards, at most so many, evenly over time; bodies that one camera saw alone say nothing."""
    views = _near(state, views)
    shared = np.bincount(views.body, minlength=views.n_bodies) >= 2
    rows = np.flatnonzero(shared[views.body])
    if len(rows) > _MOST_VIEWS:
        bodies = np.unique(views.body[rows])
        kept = np.zeros(views.n_bodies, dtype=bool)
        kept[bodies[:: -(-len(rows) // _MOST_VIEWS)]] = True
        rows = rows[kept[views.body[rows]]]
    return _rows(views, rows)


def _near(state: BundleState, views: Views) -> Views:
    squares = squared_errors(state, views).sum(axis=1) / np.maximum(views.seen.sum(axis=1), 1)
    return _rows(views, np.flatnonzero(squares < _FAR_PX**2))


def _rows(views: Views, rows: NDArray) -> Views:
    return replace(views, **{name: getattr(views, name)[rows] for name in ("camera", "body", "pixels", "seen")})


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Per view what a second pose of its camera would add to the reduced system.

    own (view, 6, 6), cross (view, 6, free) and gradient (view, 6), with `matrix` and `pull` of the system itself.
    """

    views: Views
    own: NDArray
    cross: NDArray
    gradient: NDArray
    inverse: NDArray
    pull: NDArray
    cost: float

    @staticmethod
    def of(state: BundleState, views: Views, free: NDArray) -> "_Blocks":
        """Return the blocks at an answer, the poses of the bodies eliminated view by view.

        Parameters
        ----------
        state : BundleState
        views : Views
            Sorted by body.
        free : ndarray of bool, shape (camera, 18)
            The parameters of the cameras that the solver moved.
        """
        # A camera of its own for each view: the sums then come view by view.
        n_views = len(views.camera)
        alone = replace(views, camera=np.arange(n_views), fisheye=views.fisheye[views.camera])
        spread = BundleState(state.lenses[views.camera], state.cam_from_world[views.camera], state.world_from_board)
        system = normal_equations(spread, alone, np.ones(n_views), _CAUCHY_PX)
        empty = ~system.body.any(axis=(1, 2))
        blocks = system.body.copy()
        blocks[empty] = np.eye(6)
        body_inverse = np.linalg.inv(blocks)
        pulled = system.coupling @ body_inverse[views.body]  # (view, 18, 6)
        size = free.size
        whole, gradient = np.zeros((size, size)), np.zeros(size)
        cross, own = np.zeros((n_views, 6, size)), np.empty((n_views, 6, 6))
        left = system.camera_gradient - (pulled @ system.body_gradient[views.body][..., None])[..., 0]
        for view in range(n_views):
            there = slice(*np.searchsorted(views.body, [views.body[view], views.body[view] + 1]))
            mine = slice(N_CAMERA * views.camera[view], N_CAMERA * (views.camera[view] + 1))
            row = np.zeros((N_CAMERA, size))
            for other in range(there.start, there.stop):
                at = N_CAMERA * views.camera[other]
                row[:, at : at + N_CAMERA] -= pulled[view] @ system.coupling[other].T
            row[:, mine] += system.camera[view]
            whole[mine] += row
            gradient[mine] += left[view]
            cross[view], own[view] = row[N_LENS:], row[N_LENS:, mine][:, N_LENS:]
        chosen = np.flatnonzero(free)
        matrix = whole[np.ix_(chosen, chosen)]
        scale = 1.0 / np.sqrt(np.maximum(np.diagonal(matrix), 1e-300))
        inverse = np.linalg.pinv(matrix * scale * scale[:, None], rcond=1e-12, hermitian=True) * scale * scale[:, None]
        squares = squared_errors(state, views)[views.seen]
        cost = float((_CAUCHY_PX**2 * np.log1p(squares / _CAUCHY_PX**2)).sum())
        pull = inverse @ gradient[chosen]
        return _Blocks(
            views, own, cross[:, :, chosen], left[:, N_LENS:], inverse, pull, cost - float(gradient[chosen] @ pull)
        )


def _best_of_camera(blocks: _Blocks, camera: int) -> CameraStep | None:
    rows = np.flatnonzero(blocks.views.camera == camera)
    n = len(rows)
    if n < 2 * _LEAST_VIEWS:
        return None
    # From a view on to the last: sums over all later ones.
    own, cross, gradient = (np.cumsum(part[rows][::-1], axis=0)[::-1] for part in
                            (blocks.own, blocks.cross, blocks.gradient))  # fmt: skip
    best: CameraStep | None = None
    for first in range(_LEAST_VIEWS, n - _LEAST_VIEWS + 1):
        follow = cross[first] @ blocks.inverse
        matrix = own[first] - follow @ cross[first].T
        right = gradient[first] - cross[first] @ blocks.pull
        step = -np.linalg.lstsq(matrix, right, rcond=1e-10)[0]
        gained = float(-right @ step)
        left_over = max(blocks.cost - gained, 1e-12) / (3 * len(blocks.views.camera))
        gain = gained / 6 / left_over
        if best is None or gain > best.gain:
            angle = float(np.rad2deg(np.linalg.norm(step[:3])))
            best = CameraStep(camera, int(blocks.views.body[rows[first]]), angle, gain, first, n - first)
    return best


def refined_step(problem: BundleProblem, state: BundleState, step: CameraStep) -> tuple[float, float]:
    """Refine with and without a second pose of the camera.

    Parameters
    ----------
    problem : BundleProblem
        With all views, also those that were left out as outliers.
    state : BundleState
    step : CameraStep

    Returns
    -------
    ratio : float
        Robust cost without the step over that with it, in the frames that the camera saw.
    angle_deg : float
        Between the camera's directions before and after.
    """
    views = _near(state, problem.views)
    sigma = np.ones(views.n_cameras)
    without = minimise(replace(problem, views=views), state, sigma, _FIT_CAUCHY_PX, _TOLERANCE).state
    own, last = step.camera, views.n_cameras
    after = (views.camera == own) & (views.body >= step.body)
    more = np.append(np.arange(last), own)
    split = replace(views, camera=np.where(after, last, views.camera), fisheye=views.fisheye[more])
    order = np.lexsort((split.camera, split.body))
    split = _rows(split, order)
    free = problem.free[more].copy()
    free[last, N_LENS:] = True
    prior = problem.prior
    wider = LensPrior(prior.mean[more], prior.precision[more], prior.aspect_precision[more])
    start = BundleState(state.lenses[more], state.cam_from_world[more], state.world_from_board)
    with_step = minimise(BundleProblem(split, free, wider), start, sigma[more], _FIT_CAUCHY_PX, _TOLERANCE).state
    # Where the camera looked on: elsewhere nothing can change, and much of it would hide the step.
    own_bodies = np.unique(views.body[views.camera == own])
    costs = [
        data_cost(found, _rows(seen, np.flatnonzero(np.isin(seen.body, own_bodies))), noise, _FIT_CAUCHY_PX)
        for found, seen, noise in ((without, views, sigma), (with_step, split, sigma[more]))
    ]
    turn = with_step.cam_from_world[last, :3, :3] @ with_step.cam_from_world[own, :3, :3].T
    cosine = np.clip((np.trace(turn) - 1) / 2, -1.0, 1.0)
    return costs[0] / max(costs[1], 1e-12), float(np.rad2deg(np.arccos(cosine)))


def check_steady(problem: BundleProblem, state: BundleState, names: tuple[str, ...], frame_ids: NDArray) -> None:
    """Refuse footage during which a camera moved.

    Parameters
    ----------
    problem : BundleProblem
        With all views; bodies are frames.
    state : BundleState
        The refined answer.
    names : tuple of str
    frame_ids : ndarray of int, shape (frame,)

    Raises
    ------
    CalibrationError
        CAMERA_MOVED, naming the camera, the frame and the angle.
    """
    step = largest_step(state, problem.views, problem.free)
    if step is None or not step.suspicious:
        return
    ratio, angle_deg = refined_step(problem, state, step)
    if ratio < _LEAST_RATIO or angle_deg < _LEAST_STEP_DEG:
        return
    near, moments = _near(state, problem.views), frame_ids.astype(float)
    found = moved_test(state, near, problem.free, step.camera, step.body, moments)
    # Beside a time shift of its camera a step may be next to nothing; what is left of long shifts looks like slow ones.
    if found.chance > _WORST_CHANCE or found.turn_deg < (_LEAST_SLOW_DEG if found.slowly else _LEAST_STEP_DEG):
        return
    where = f"near frame {frame_ids[step.body]}"
    if found.slowly:
        angle_deg, where = found.turn_deg, "little by little over the recording, most plainly before and after frame "
        where += f"{frame_ids[step.body]}"
    raise CalibrationError(
        f"Camera '{names[step.camera]}' moved by about {angle_deg:.1f} deg {where} "
        f"({step.n_before} shared views before, {step.n_after} after).",
        "Fix the camera and record again, or calibrate from the frames before or after it alone. If it stood still, it "
        "may run late: let the calibration estimate when views were taken (--timing).",
        code="CAMERA_MOVED",
    )
