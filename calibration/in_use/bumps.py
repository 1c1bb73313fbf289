"""Whether a camera was bumped, or sank, while a recording was made: when, by how much, and how sure that is.

Each camera is held against the points that all cameras place, and two poses are offered to it, before and after a
moment, in place of one (a score test of a change point; Rao 1948, Page 1954). What a calibration errs by, and what a
keypoint is off by all the time, is the same before and after and cancels. A clock that steps is offered as well, so
that frames lost are not taken for a bump. Keypoints err alike for many frames: the scatter is taken from blocks of
time and from keypoints, whichever is larger, not from single frames.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from calibration.camera import CameraRig
from calibration.in_use.bump_or_clock import clock_explains
from calibration.in_use.bump_record import SHIFT, TURN, Bump, Drift, Steadiness, length_and_sd
from calibration.in_use.step_systems import N_STEP, StepSystems, step_systems
from calibration.rigid import from_rotvec, rotvec
from calibration.triangulation import undistorted

_POINTS = 9000
_RATE_HZ = 2.5  # at least so many frames are looked at
_ENDS_S = 4.0  # of which as many more as there are, up to
_END_FRAMES = 150
_SPEED_FRAMES = 4
_PRIOR_SD = np.array([0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 30.0])  # a change beyond is no bump
_BLOCKS = 32
_PLACES = 150
_LEAST_FRAMES = 6  # on either side of a step
_LEAST_SEEN = 100  # points of the camera there
_CHANCE = 1e-6
LEAST_MM = 1.5  # in the volume, beyond doubt
_MOST_BUMPS = 3
_STEPS = 2  # of refinement
_LEAST_GAIN = 30.0  # in units of independent noise
_TURN_DOES = 16.0  # a shift has to explain more beside a turn
_LEAST_CAMERAS = 3


def find_bumps(rig: CameraRig, pixels: NDArray, rate_hz: float) -> Steadiness | None:
    """Look for cameras that were bumped within a recording, and tell by how much each turned over it.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, time, point, 2)
        NaN where not seen. A sample of the frames is looked at, and of the points.
    rate_hz : float

    Returns
    -------
    Steadiness or None
        None with fewer than three cameras, too few frames, or too few points that they share.
    """
    frames, points = _sample(pixels, rate_hz)
    if len(rig) < _LEAST_CAMERAS or len(frames) < 3 * _LEAST_FRAMES:
        return None
    rays, speed = _rays(rig, pixels, frames, points)
    focal = np.array([np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]) for camera in rig])
    poses = np.repeat(np.stack([camera.cam_from_world[:3] for camera in rig])[:, None], len(frames), axis=1)
    systems = step_systems(rays, focal, poses, speed)
    if systems is None:
        return None
    found: list[Bump] = []
    while len(found) < _MOST_BUMPS:
        bump, moved, after = _refined(systems, rays, focal, poses, speed)
        if bump is None or after is None:
            break
        if clock_explains(
            rig, pixels, rays, focal, poses, moved, bump.camera, frames, points, bump.first, after.sigma_px
        ):
            break  # others may seem to have moved because of it
        poses, systems = moved, after
        found.append(bump)
    drifts = [_drift(systems, camera, frames) for camera in range(len(rig))]
    for bump in reversed(found):
        drifts[bump.camera] = Drift(*bump.turn_alone_deg, bump.chance)
    told = tuple(replace(bump, first=int(frames[bump.first])) for bump in found)
    return Steadiness(told, tuple(drifts), systems.sigma_px)


def _sample(pixels: NDArray, rate_hz: float) -> tuple[NDArray, NDArray]:
    """Frames, more of them near the ends, and points that are looked at: those most often seen, in their order."""
    n_frames, n_points = pixels.shape[1:3]
    wanted = max(_POINTS // max(n_points, 1), int(_RATE_HZ * n_frames / rate_hz))
    frames = np.unique(np.linspace(0, n_frames - 1, min(n_frames, wanted)).astype(int))
    end = min(round(_ENDS_S * rate_hz), n_frames)
    more = np.unique(np.linspace(0, max(end - 1, 0), min(end, _END_FRAMES)).astype(int))
    frames = np.unique(np.concatenate([frames, more, n_frames - 1 - more]))
    few = pixels[:, frames[:: max(len(frames) // 200, 1)], :, 0]
    often = np.isfinite(few).sum(axis=(0, 1))
    kept = np.sort(np.argsort(-often, kind="stable")[: max(int(1.1 * _POINTS) // max(len(frames), 1), 6)])
    return frames, kept


def _rays(rig: CameraRig, pixels: NDArray, frames: NDArray, points: NDArray) -> tuple[NDArray, NDArray]:
    """Rays, and how fast they move per frame by the frames around; 0 where that is not known."""
    last = pixels.shape[1] - 1
    early, late = np.maximum(frames - _SPEED_FRAMES, 0), np.minimum(frames + _SPEED_FRAMES, last)
    rays = undistorted(rig, pixels[:, frames[:, None], points])[0]
    focal = np.array([[camera.matrix[0, 0], camera.matrix[1, 1]] for camera in rig])[:, None, None]
    way = pixels[:, late[:, None], points] - pixels[:, early[:, None], points]
    return rays, np.nan_to_num(way / (late - early)[:, None, None] / focal)


def _refined(
    systems: StepSystems, rays: NDArray, focal: NDArray, poses: NDArray, speed: NDArray
) -> tuple[Bump | None, NDArray, StepSystems | None]:
    """The step that explains most, estimated about where it leads; None where it may be chance or is small."""
    n_cameras, after = len(systems.matrix), systems
    steps = [_best_step(systems, camera) for camera in range(n_cameras)]
    camera = int(np.argmax([gain for _, gain in steps]))
    place, gain = steps[camera]
    value = np.zeros(6)
    if gain < _LEAST_GAIN:
        return None, poses, None
    for _ in range(_STEPS):
        contrast, _, _ = _contrast(after, camera, place)
        value = _on_top(contrast, value)
        moved = _moved(poses, camera, place, value)
        found = step_systems(rays, focal, moved, speed)
        if found is None:
            return None, poses, None
        after = found
    contrast, covariance, freedom = _contrast(after, camera, place)
    bump = _told(after, camera, place, _on_top(contrast, value), covariance, freedom)
    if bump.chance > _CHANCE or bump.effect_mm - 2 * bump.effect_sd_mm < LEAST_MM:
        return None, poses, None
    moved = _moved(poses, camera, place, value)
    return bump, moved, after


def _best_step(systems: StepSystems, camera: int) -> tuple[int, float]:
    """The place at which poses before and after explain most beyond one pose and a clock that steps, and the gain."""
    matrix, pull = systems.matrix[camera], systems.gradient(camera).sum(axis=1)
    sums, pulls = np.cumsum(matrix, axis=0), np.cumsum(pull, axis=0)
    seen = np.cumsum(systems.n_points[camera])
    low = max(int(np.searchsorted(seen, _LEAST_SEEN)) + 1, _LEAST_FRAMES)
    high = min(int(np.searchsorted(seen, seen[-1] - _LEAST_SEEN, side="right")), len(matrix) - _LEAST_FRAMES)
    if high < low:
        return 0, 0.0
    places = np.unique(np.linspace(low, high, min(_PLACES, high - low + 1)).astype(int))
    gains = _gains(sums, pulls, places)
    best = int(gains.argmax())
    low, high = places[max(best - 1, 0)], places[min(best + 1, len(places) - 1)]
    near = np.unique(np.linspace(low, high, min(_PLACES, high - low + 1)).astype(int))
    gains = _gains(sums, pulls, near)
    return int(near[gains.argmax()]), float(gains.max())


def _gains(sums: NDArray, pulls: NDArray, places: NDArray) -> NDArray:
    prior = np.diag(1.0 / _PRIOR_SD**2)
    before, after = sums[places - 1], sums[-1] - sums[places - 1]
    spread = [np.linalg.inv(part + prior) for part in (before, after)]
    values = [
        (part @ pull[..., None])[..., 0]
        for part, pull in zip(spread, (pulls[places - 1], pulls[-1] - pulls[places - 1]), strict=True)
    ]
    step = (values[1] - values[0])[:, :6]
    solved = np.linalg.solve((spread[0] + spread[1])[:, :6, :6], step[..., None])[..., 0]
    return np.asarray((step * solved).sum(axis=1))


def _contrast(systems: StepSystems, camera: int, place: int) -> tuple[NDArray, NDArray, float]:
    """Pose after less pose before, shape (6,), its covariance, and the degrees of freedom that this rests on."""
    prior = np.diag(1.0 / _PRIOR_SD**2)
    matrix, pull = systems.matrix[camera], systems.gradient(camera).sum(axis=1)
    sides = (slice(0, place), slice(place, None))
    spread = [np.linalg.inv(matrix[side].sum(axis=0) + prior) for side in sides]
    values = [part @ pull[side].sum(axis=0) for part, side in zip(spread, sides, strict=True)]
    change = np.where((np.arange(len(matrix)) < place)[:, None], values[0], values[1])
    left = systems.gradient(camera, change)
    inflation, freedom = _inflation(left, spread, place)
    return (values[1] - values[0])[:6], inflation * (spread[0] + spread[1])[:6, :6], freedom


def _inflation(left: NDArray, spread: list[NDArray], place: int) -> tuple[float, float]:
    """How much more the pulls of blocks of time, or of keypoints, scatter than independent noise would make them."""
    answer, freedom = 0.0, 1.0
    for part, inverse in zip((left[:place], left[place:]), spread, strict=True):
        blocks = np.add.reduceat(part.sum(axis=1), _starts(len(part)), axis=0)
        n = len(blocks)
        scatter = float(np.einsum("bi,ij,bj->", blocks, inverse, blocks)) / (N_STEP * (1 - 1 / n))
        if scatter > answer:
            answer, freedom = scatter, float(N_STEP * (n - 1))
    alike = left[place:].sum(axis=0) @ spread[1] - left[:place].sum(axis=0) @ spread[0]
    n = int(np.count_nonzero(np.abs(alike).sum(axis=1)))
    if n > 2:
        by_point = float(np.einsum("ki,ij,kj->", alike, np.linalg.inv(spread[0] + spread[1]), alike))
        by_point /= N_STEP * (1 - 1 / n)
        if by_point > answer:
            answer, freedom = by_point, float(N_STEP * (n - 1))
    return max(answer, 0.5), freedom


def _starts(n: int) -> NDArray:
    return np.unique(np.linspace(0, n, min(_BLOCKS, n) + 1).astype(int)[:-1])


def _told(
    systems: StepSystems, camera: int, place: int, value: NDArray, covariance: NDArray, freedom: float
) -> Bump:
    known = np.linalg.inv(covariance)
    square = float(value @ known @ value)
    chance = float(fdtrc(6, freedom, square / 6)) if freedom > 0 else 1.0
    turn_covariance = np.linalg.inv(known[TURN, TURN])
    turn = turn_covariance @ (known @ value)[TURN]
    size, size_sd = np.rad2deg(length_and_sd(turn, turn_covariance))
    if square - float(turn @ known[TURN, TURN] @ turn) < _TURN_DOES:
        value, covariance = np.concatenate([turn, np.zeros(3)]), np.zeros((6, 6))
        covariance[TURN, TURN] = turn_covariance
    count = max(float(systems.n_points[camera, place:].sum()), 1.0)
    mm = systems.square_mm[camera, place:].sum(axis=0)[:6, :6] / count
    effect = float(np.sqrt(max(value @ mm @ value - np.trace(mm @ covariance), 0.0)))
    pull = mm @ value
    sd = float(np.sqrt(pull @ covariance @ pull) / max(np.sqrt(value @ mm @ value), 1e-12))
    return Bump(camera, place, value, covariance, effect, sd, chance, (float(size), float(size_sd)))


def _drift(systems: StepSystems, camera: int, frames: NDArray) -> Drift:
    """A turn that grows evenly over the recording, beside a pose that stays and a clock that is off."""
    when = (frames - frames[0]) / max(frames[-1] - frames[0], 1) - 0.5
    matrix, pull = systems.matrix[camera], systems.gradient(camera).sum(axis=1)
    design = np.zeros((len(when), N_STEP, N_STEP + 3))
    design[:, :, :N_STEP] = np.eye(N_STEP)
    design[:, TURN, N_STEP:] = when[:, None, None] * np.eye(3)
    whole = np.einsum("tai,tab,tbj->ij", design, matrix, design, optimize=True)
    whole += np.diag(1.0 / np.concatenate([_PRIOR_SD, _PRIOR_SD[TURN]]) ** 2)
    inverse = np.linalg.inv(whole)
    value = inverse @ np.einsum("tai,ta->i", design, pull)
    left = systems.gradient(camera, design @ value)
    half = len(frames) // 2
    spread = [np.linalg.inv(matrix[part].sum(axis=0) + np.diag(1.0 / _PRIOR_SD**2))
              for part in (slice(0, half), slice(half, None))]  # fmt: skip
    inflation, freedom = _inflation(left, spread, half)
    turn, covariance = value[N_STEP:], inflation * inverse[N_STEP:, N_STEP:]
    square = float(turn @ np.linalg.solve(covariance, turn))
    size, sd = length_and_sd(turn, covariance)
    chance = float(fdtrc(3, freedom, square / 3)) if freedom > 0 else 1.0
    return Drift(float(np.rad2deg(size)), float(np.rad2deg(sd)), chance)


def _moved(poses: NDArray, camera: int, place: int, value: NDArray) -> NDArray:
    answer = poses.copy()
    turn = from_rotvec(value[TURN], value[SHIFT])
    answer[camera, place:] = turn[:3, :3] @ poses[camera, place:]
    answer[camera, place:, :, 3] += turn[:3, 3]
    return answer


def _on_top(value: NDArray, before: NDArray) -> NDArray:
    pose = from_rotvec(value[TURN], value[SHIFT]) @ from_rotvec(before[TURN], before[SHIFT])
    return np.concatenate([rotvec(pose), pose[:3, 3]])
