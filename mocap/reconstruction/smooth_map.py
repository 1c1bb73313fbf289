"""Smoothing of all keypoints together: pixels, motion, and bones that keep their length, in one estimate.

The most probable positions of all keypoints in all frames, given the points with their covariances, the pixels of
views for which no point was found, the motion of each keypoint (as `smooth` learns it) and bones whose lengths, and how
well each keeps it, are learned. Gauss-Newton steps; each is solved by conjugate gradients, for which every keypoint's
banded system over time is factorised: without bones one step would be exact, and the bones need a few.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.reconstruction.robust import Reconstruction
from mocap.reconstruction.smooth_assembly import assemble
from mocap.reconstruction.smooth_bone_kernels import bone_blocks, bone_forces, bone_product, inner, system_product
from mocap.reconstruction.smooth_bones import Bones, learn_bones, lines, relearned, told_by_neighbours
from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_lanes import Lanes, Prepared, look_at_lanes, pool, prepare
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions
from mocap.reconstruction.smooth_series import Factor, Series, factor_of
from mocap.reconstruction.smooth_views import view_information, with_reprojection
from mocap.trial import Keypoints2D

_DEFAULT = SmoothingOptions()
_NEWTON_STEPS = 4
_NEWTON_SETTLED = 0.3  # root mean square of a step, in units of a single frame's noise
_GRADIENT_STEPS = 25
_GRADIENT_SETTLED = 0.03  # of the first residual
_TERMS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def smooth_points_map(
    result: Reconstruction,
    keypoints: Keypoints2D,
    rig: CameraRig,
    bones: tuple[tuple[str, str], ...] = (),
    options: SmoothingOptions = _DEFAULT,
) -> Smoothed:
    """Smooth all keypoints together, with bones that keep their length and views that alone make no point.

    Parameters
    ----------
    result : Reconstruction
        Of these keypoints by this rig.
    keypoints : Keypoints2D
    rig : CameraRig
    bones : tuple of (str, str)
        Pairs of keypoints; those that do not keep a length learn a wide one and do no harm.
    options : SmoothingOptions

    Returns
    -------
    Smoothed
        Samples without a point of their own, though one view or more may have seen them, carry FILLED.
    """
    points = result.points
    prepared = prepare(points)
    longest = int(np.floor(options.longest_gap_s * points.rate_hz + 1e-6))
    with pool(options) as workers:
        found = list(workers.map(lambda group: _looked_at(prepared, group, longest, options), prepared.groups))
        lanes, fitted = [lane for lane, _ in found], [fit for _, fit in found]
        seen = _with_views(result, keypoints, rig, prepared, lanes, fitted, options)
        solved = _Together(prepared, lanes, seen, workers).solve(fitted, _bones(points.names, bones, prepared))
    lanes = [lane.held(prepared, position) for lane, (position, _) in zip(lanes, solved, strict=True)]
    smoothed = assemble(points, prepared, lanes, solved, options)
    fresh = with_reprojection(smoothed.points, keypoints, rig)
    return replace(smoothed, points=fresh, notes=(*smoothed.notes, *_notes(seen, lanes)))


def _looked_at(
    prepared: Prepared, group: NDArray, longest: int, options: SmoothingOptions
) -> tuple[Lanes, tuple[NDArray, NDArray]]:
    lanes, seen = look_at_lanes(prepared, group, longest, options)
    position = seen.position
    return lanes.held(prepared, position), (position, seen.covariance)


def _bones(names: tuple[str, ...], bones: tuple[tuple[str, str], ...], prepared: Prepared) -> Bones:
    place = {int(keypoint): (g, lane) for g, group in enumerate(prepared.groups) for lane, keypoint in enumerate(group)}
    pairs = [(names.index(a), names.index(b)) for a, b in bones if a in names and b in names and a != b]
    ends = np.array([(*place[a], *place[b]) for a, b in pairs], np.int64).reshape(-1, 4)
    apart = np.array([(prepared.centre[b] - prepared.centre[a]) / prepared.unit for a, b in pairs]).reshape(-1, 3)
    return Bones(ends, apart, np.zeros(len(pairs)), np.zeros(len(pairs)))


def _with_views(
    result: Reconstruction,
    keypoints: Keypoints2D,
    rig: CameraRig,
    prepared: Prepared,
    lanes: Sequence[Lanes],
    fitted: Sequence[tuple[NDArray, NDArray]],
    options: SmoothingOptions,
) -> list[Series]:
    """Return the series with what views say of samples that stand in a stretch but have no point."""
    usable = np.isfinite(keypoints.pixels).all(axis=-1) & (keypoints.confidence >= max(options.min_confidence, 1e-9))
    seen = []
    for lane, (position, covariance) in zip(lanes, fitted, strict=True):
        series, size = lane.series, len(lane.members)
        frames, at = np.nonzero((series.active & ~series.measured)[:-PAD, :size])
        keypoint = lane.members[at]
        some = usable[:, frames, keypoint].any(axis=0)
        frames, at, keypoint = frames[some], at[some], keypoint[some]
        if not len(frames):
            seen.append(series)
            continue
        where = position[frames, :, at]
        spread = np.empty((len(frames), 3, 3))
        for term, (row, column) in enumerate(_TERMS):
            spread[:, row, column] = spread[:, column, row] = covariance[frames, term, at]
        unit = prepared.unit
        info, pull, _ = view_information(
            keypoints.pixels[:, frames, keypoint], usable[:, frames, keypoint], rig, result.sigma_px[:, keypoint],
            where * unit + prepared.centre[keypoint], spread * lane.noise[at][:, None, None] * unit**2,
            max(options.outlier_probability, 1e-3),
        )  # fmt: skip
        seen.append(_added(series, frames, at, info * unit**2, pull * unit, where))
    return seen


def _added(series: Series, frames: NDArray, at: NDArray, info: NDArray, pull: NDArray, where: NDArray) -> Series:
    """Return the series with observations of any rank added; `value` is such that info times value is the whole."""
    own, value = series.info.copy(), series.value.copy()
    for term, (row, column) in enumerate(_TERMS):
        own[frames, term, at] = info[:, row, column]
    # Of a single view the value along its ray is free: that of the prediction serves.
    held = info + 1e-9 * np.trace(info, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    none = ~(held[:, 0, 0] > 0)
    held[none] = np.eye(3)
    step = np.linalg.solve(held, pull[..., None])[..., 0]
    value[frames, :, at] = where + step
    return replace(series, value=value, info=own)


class _Together:
    """The system of all keypoints in units of their true noise; vectors are (group, time + PAD, 3, LANES)."""

    def __init__(
        self, prepared: Prepared, lanes: Sequence[Lanes], seen: list[Series], workers: ThreadPoolExecutor
    ) -> None:
        self.seen, self.workers = seen, workers
        self.noise = np.stack([lane.noise for lane in lanes])
        self.info = np.stack([series.info for series in seen]) / self.noise[:, None, None]
        self.value = np.stack([series.value for series in seen])
        self.stiffness = np.stack([lane.stiffness for lane in lanes]) / self.noise[:, None]
        self.alive = np.stack([series.active for series in seen])
        self.measured = np.stack([lane.series.measured for lane in lanes])
        self.terms = [series.terms.reshape(len(series.active), 4, LANES) for series in seen]

    def solve(self, fitted: Sequence[tuple[NDArray, NDArray]], bones: Bones) -> list[tuple[NDArray, NDArray]]:
        """Return position and covariance of each group, in units of the stated noise as they were fitted."""
        position = np.stack([part[0] for part in fitted])
        covariance = np.stack([part[1] for part in fitted]) * self.noise[:, None, None]
        bones = learn_bones(bones, position, covariance, self.measured, self.info)
        for _ in range(_NEWTON_STEPS):
            direction, length = lines(bones, position, self.alive)
            step = self._step(position, bones, direction, length)
            position = position + step
            bones = relearned(bones, position, self.measured)
            if inner(step, step) < _NEWTON_SETTLED**2 * max(int(self.alive.sum()), 1):
                break
        direction, _ = lines(bones, position, self.alive)
        told = told_by_neighbours(bones, direction, self.info)

        def invert(group: int) -> NDArray:
            return self._factor(group, told[group]).covariance() / self.noise[group]

        spread = list(self.workers.map(invert, range(len(self.seen))))
        return [(position[group], spread[group]) for group in range(len(self.seen))]

    def _factor(self, group: int, info: NDArray) -> Factor:
        system = info + (self.seen[group].system - self.seen[group].info)
        return factor_of(self.seen[group], self.stiffness[group], system)

    def _step(self, position: NDArray, bones: Bones, direction: NDArray, length: NDArray) -> NDArray:
        """Return one Gauss-Newton step, by conjugate gradients."""
        weight = np.broadcast_to(bones.weight, length.shape)
        own = self.info.copy()
        bone_blocks(bones.ends, direction, weight, weight, own)
        factors = list(self.workers.map(lambda group: self._factor(group, own[group]), range(len(self.seen))))

        def smooth(vector: NDArray) -> NDArray:
            return np.stack(list(self.workers.map(lambda f, v: f.solved(v), factors, vector)))

        residual = self._product(self.value - position, prior=False) - self._product(position, info=False)
        bone_forces(bones.ends, direction, (bones.length - length) * weight, residual)
        step, near = np.zeros_like(position), smooth(residual)
        search, power = near.copy(), float(inner(residual, near))
        first = power
        for _ in range(_GRADIENT_STEPS):
            if power <= _GRADIENT_SETTLED**2 * max(first, 1e-300):
                break
            ahead = self._product(search)
            bone_product(bones.ends, direction, bones.weight, search, ahead)
            share = power / float(inner(search, ahead))
            step += share * search
            residual -= share * ahead
            near = smooth(residual)
            before, power = power, float(inner(residual, near))
            search = near + (power / before) * search
        return step

    def _product(self, vector: NDArray, info: bool = True, prior: bool = True) -> NDArray:
        """Multiply by the system without bones, or by a part of it."""
        result = np.empty_like(vector)

        def one(group: int) -> None:
            own = self.info[group] if info else np.zeros_like(self.info[group])
            stiffness = self.stiffness[group] * float(prior)
            system_product(own, self.terms[group], stiffness, vector[group], result[group])

        list(self.workers.map(one, range(len(self.seen))))
        return result


def _notes(seen: list[Series], lanes: Sequence[Lanes]) -> tuple[str, ...]:
    helped = sum(int((series.measured & ~lane.series.measured).sum()) for series, lane in zip(seen, lanes, strict=True))
    return (f"{helped} of the bridged samples lean on single views",) if helped else ()
