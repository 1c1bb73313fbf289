"""Smoothing of all keypoints together: pixels, motion, and bones that keep their length, in one estimate.

The most probable positions of all keypoints in all frames, given the points with their covariances, the pixels of
views for which no point was found, the motion of each keypoint (as `smooth` learns it) and bones whose lengths, and how
well each keeps it, are learned. Gauss-Newton steps; each is solved by conjugate gradients, for which every keypoint's
banded system over time is solved: without bones one step would be exact, and the bones need a few.

The covariance is that of each keypoint by itself. Bones also tie the errors of their ends together: in 16 draws of a
squat those of two ends correlate by 0.39 along the bone and 0.12 across (mean of 29 bones, 0.84 at most), those of
other pairs by 0.06. The points carry the correlation along each bone, frame by frame (`mocap.trial.BoneErrors`), and
angles take it in. Taken as independent, trunk lean and pelvic obliquity state 0.83 of their errors.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.reconstruction.robust import Reconstruction
from mocap.reconstruction.smooth_assembly import assemble
from mocap.reconstruction.smooth_bone_errors import bone_errors, shared_errors
from mocap.reconstruction.smooth_bone_kernels import bone_forces, bone_product
from mocap.reconstruction.smooth_bones import Bones, learn_bones, lines, relearned, told_by_neighbours
from mocap.reconstruction.smooth_kernels import PAD
from mocap.reconstruction.smooth_lanes import Lanes, Prepared, look_at_lanes, prepare
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions, pool
from mocap.reconstruction.smooth_series import held, solve_for
from mocap.reconstruction.smooth_step_kernels import add, advance, inner, system_defect, turn
from mocap.reconstruction.smooth_views import view_information
from mocap.trial import Keypoints2D

_DEFAULT = SmoothingOptions()
_NEWTON_STEPS = 4
_NEWTON_SETTLED = 0.3  # root mean square of a step, in units of a single frame's noise
_GRADIENT_STEPS = 25
_GRADIENT_SETTLED = 0.1  # of the first residual: what is left is far below the noise
_PARTS = 8  # of the frames, for threads to share
_NONE = np.empty(0)
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

    def look(group: NDArray) -> tuple[Lanes, _Start]:
        lanes, seen = look_at_lanes(prepared, group, longest, options)
        start = _Start(seen.position, seen.variance)
        lanes = lanes.held(prepared, start.position)
        return lanes, replace(start, views=_views(result, keypoints, rig, prepared, lanes, start, options))

    with pool(options) as workers:
        found = list(workers.map(look, prepared.groups))
        lanes, starts = [lane for lane, _ in found], [start for _, start in found]
        together = _Together(lanes, starts, workers)
        pairs = tuple((a, b) for a, b in bones if a in points.names and b in points.names and a != b)
        solved = together.solve(_bones(points.names, pairs, prepared))
        lanes = list(workers.map(lambda lane, fit: lane.held(prepared, fit[0]), lanes, solved))
    smoothed = assemble(points, prepared, lanes, solved, options)
    tied = bone_errors(smoothed, together.shared, pairs, prepared.covariance)
    told = replace(smoothed.points, bone_errors=tied)
    return replace(smoothed, points=told, notes=(*smoothed.notes, *_notes(starts)))


@dataclass(frozen=True, eq=False)
class _Views:
    """What views say of samples that stand in a stretch but have no point: frame, lane, information, and value."""

    frames: NDArray
    at: NDArray
    info: NDArray
    value: NDArray


@dataclass(frozen=True, eq=False)
class _Start:
    """Where the search begins in one group: position and variance by axis, (time + PAD, 3, LANES), and views."""

    position: NDArray
    variance: NDArray
    views: _Views | None = None


def _bones(names: tuple[str, ...], bones: tuple[tuple[str, str], ...], prepared: Prepared) -> Bones:
    place = {int(keypoint): (g, lane) for g, group in enumerate(prepared.groups) for lane, keypoint in enumerate(group)}
    pairs = [(names.index(a), names.index(b)) for a, b in bones]
    ends = np.array([(*place[a], *place[b]) for a, b in pairs], np.int64).reshape(-1, 4)
    apart = np.array([(prepared.centre[b] - prepared.centre[a]) / prepared.unit for a, b in pairs]).reshape(-1, 3)
    return Bones(ends, apart, np.zeros(len(pairs)), np.zeros(len(pairs)))


def _views(
    result: Reconstruction,
    keypoints: Keypoints2D,
    rig: CameraRig,
    prepared: Prepared,
    lanes: Lanes,
    start: _Start,
    options: SmoothingOptions,
) -> _Views | None:
    """Return what views say of samples that stand in a stretch but have no point."""
    series = lanes.series
    frames, at = np.nonzero((series.active & ~series.measured)[:-PAD, : len(lanes.members)])
    keypoint = lanes.members[at]
    usable = keypoints.confidence[:, frames, keypoint] >= max(options.min_confidence, 1e-9)
    pixels = keypoints.pixels[:, frames, keypoint]
    usable &= np.isfinite(pixels[..., 0]) & np.isfinite(pixels[..., 1])
    some = usable.any(axis=0)
    if not some.any():
        return None
    frames, at, keypoint = frames[some], at[some], keypoint[some]
    where, unit = start.position[frames, :, at], prepared.unit
    spread = start.variance[frames, :, at] * lanes.noise[at][:, None] * unit**2
    info, pull, _ = view_information(
        pixels[:, some], usable[:, some], rig, result.sigma_px[:, keypoint],
        where * unit + prepared.centre[keypoint], spread, max(options.outlier_probability, 1e-3),
    )  # fmt: skip
    info, pull = info * unit**2, pull * unit
    held = np.empty((len(info), 3, 3))
    for term, (row, column) in enumerate(_TERMS):
        held[:, row, column] = held[:, column, row] = info[:, term]
    # Of a single view the value along its ray is free: that of the prediction serves.
    held += 1e-9 * np.trace(held, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    held[~(held[:, 0, 0] > 0)] = np.eye(3)
    return _Views(frames, at, info, where + np.linalg.solve(held, pull[..., None])[..., 0])


@dataclass(frozen=True, eq=False)
class _Vectors:
    """Vectors of conjugate gradients: the step so far, what it leaves, its solution, the search, and its product."""

    step: NDArray
    residual: NDArray
    near: NDArray
    search: NDArray
    ahead: NDArray

    def of(self, group: int, *names: str) -> tuple[NDArray, ...]:
        """Return the vectors of one group, flat."""
        return tuple(getattr(self, name)[group].reshape(-1) for name in names)


class _Together:
    """The system of all keypoints in units of their true noise; vectors are (group, time + PAD, 3, LANES)."""

    def __init__(self, lanes: Sequence[Lanes], starts: Sequence[_Start], workers: ThreadPoolExecutor) -> None:
        self.lanes, self.workers = lanes, workers
        self.groups = range(len(lanes))
        shape = len(lanes), *starts[0].position.shape
        vectors = held((8, *shape), "vectors of a system")
        self.position, self.value, self.variance = vectors[:3]
        self.vectors = _Vectors(*vectors[3:])
        self.stiffness = [np.ascontiguousarray(lane.stiffness / lane.noise) for lane in lanes]
        self.alive = np.stack([lane.series.active for lane in lanes])
        self.measured = np.stack([lane.series.measured for lane in lanes])
        self.info = held((*shape[:2], 6, shape[3]), "information of a system")
        self.shared = _NONE

        def load(group: int) -> None:
            lane, views = lanes[group], starts[group].views
            self.position[group], self.value[group] = starts[group].position, lane.series.value
            np.multiply(starts[group].variance, lane.noise, out=self.variance[group])
            info = self.info[group]
            info[:] = lane.series.info
            if views is not None:
                self.value[group, views.frames, :, views.at] = views.value
                info[views.frames, :, views.at] = views.info
            info /= lane.noise

        self._by_group(load)

    def solve(self, bones: Bones) -> list[tuple[NDArray, NDArray]]:
        """Return position and covariance of each group, in units of the stated noise."""
        bones = learn_bones(bones, self.position, self.variance, self.measured, self.info, self._share)
        direction, length = lines(bones, self.position, self.alive, self._share)
        told, covariance = held((2, *self.info.shape), "covariance of a system")
        told_by_neighbours(bones, direction, self.info, self._share, told)
        self.shared = shared_errors(bones, direction, self.info, told, self._share)
        covariance[:, -PAD:] = 0.0
        limit = _NEWTON_SETTLED**2 * max(int(self.alive.sum()), 1)
        for newton in range(_NEWTON_STEPS):
            if newton:
                bones = relearned(bones, self.position, self.measured, self._share)
                direction, length = lines(bones, self.position, self.alive, self._share)
            if self._step(bones, direction, length, told, covariance if not newton else None) < limit:
                break

        def in_stated_noise(group: int) -> tuple[NDArray, NDArray]:
            covariance[group] /= self.lanes[group].noise
            return self.position[group], covariance[group]

        return self._by_group(in_stated_noise)

    def _by_group(self, work: Callable[[int], Any]) -> list[Any]:
        return list(self.workers.map(work, self.groups))

    def _share(self, n_rows: int, work: Callable[[int, int], None]) -> None:
        """Work on parts of the rows at once."""
        ends = np.linspace(0, n_rows, _PARTS + 1).astype(int).tolist()
        list(self.workers.map(work, ends[:-1], ends[1:]))

    def _step(
        self, bones: Bones, direction: NDArray, length: NDArray, told: NDArray, covariance: NDArray | None
    ) -> float:
        """Go one Gauss-Newton step, by conjugate gradients; return the sum of its squares.

        On the way the covariance is filled in, if it is given.
        """
        v = self.vectors
        v.step[:] = v.search[:] = 0.0
        pull = (bones.length - length) * bones.weight
        self._by_group(lambda group: self._defect(group, v.residual[group]))
        self._share(len(pull), lambda *part: bone_forces(bones.ends, direction, pull, v.residual, *part))

        def tie(start: int, stop: int) -> None:
            bone_product(bones.ends, direction, bones.weight, v.search, v.ahead, start, stop)

        def near(group: int, wanted: NDArray = _NONE) -> float:
            solve_for(self.lanes[group].series, self.stiffness[group], v.near[group], told[group], wanted)
            return float(inner(v.residual[group].reshape(-1), v.near[group].reshape(-1)))

        def begin(group: int) -> float:
            v.near[group] = v.residual[group]
            return near(group, _NONE if covariance is None else covariance[group])

        def go(group: int) -> float:
            advance(share, *v.of(group, "search", "ahead", "step", "residual", "near"))
            return near(group)

        def turn_to(group: int) -> None:
            turn(*self._system(group), keep, *v.of(group, "near", "search", "ahead"))

        power = first = sum(self._by_group(begin))
        keep = 0.0
        for _ in range(_GRADIENT_STEPS):
            if power <= _GRADIENT_SETTLED**2 * max(first, 1e-300):
                break
            self._by_group(turn_to)
            self._share(len(pull), tie)
            share = -power / sum(self._by_group(lambda group: inner(*v.of(group, "search", "ahead"))))
            before, power = power, sum(self._by_group(go))
            keep = power / before
        return sum(self._by_group(lambda group: add(self.position[group].reshape(-1), *v.of(group, "step"))))

    def _system(self, group: int) -> tuple[NDArray, NDArray, NDArray]:
        led = self.lanes[group].series.led
        return self.info[group].reshape(-1), led.reshape(-1), self.stiffness[group].reshape(-1)

    def _defect(self, group: int, result: NDArray) -> None:
        vectors = self.value[group], self.position[group], result
        system_defect(*self._system(group), *(vector.reshape(-1) for vector in vectors))


def _notes(starts: Sequence[_Start]) -> tuple[str, ...]:
    helped = sum(int((start.views.info[:, 0] > 0).sum()) for start in starts if start.views is not None)
    return (f"{helped} of the bridged samples lean on single views",) if helped else ()
