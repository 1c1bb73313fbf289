"""The ribbon of quality, as plain arrays: a row per point, a column per stretch of frames. Needs no display.

A column shows the worst of its frames: at no zoom is a spike of a single frame lost.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mocap.schema import Status
from mocap.trial import Points3D, Trial
from mocap.viewer.parts import Parts

NO_CAMERA = 255
ERROR_PX, UNCERTAINTY_MM = (0.5, 50.0), (0.5, 50.0)
"""Ends of the colour scales; the same for all trials, so that colours can be compared."""
UNKNOWN_COLOUR = (38, 40, 46)
_BLOCK = 512
# Viridis: even steps of lightness, the same order for every kind of sight.
_SCALE = np.array([(68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129),
                   (92, 200, 99), (170, 220, 50), (253, 231, 37)])  # fmt: skip


class Mark(IntEnum):
    """What a sample is; of several in a column the highest is shown."""

    MEASURED = 0
    FILLED = 1
    EDITED = 2
    DOUBTFUL = 3
    MISSING = 4
    REJECTED = 5


# Apart for every common colour blindness; rejected is as in the 3D view (`layers.REJECTED_COLOUR`).
MARK_COLOURS = np.array([(52, 84, 107), (120, 200, 255), (245, 245, 245), (240, 210, 70), (0, 0, 0), (237, 89, 191)],
                        np.uint8)  # fmt: skip
MARK_WORDS = ("measured", "filled", "edited", "doubtful", "missing", "rejected")


@dataclass(frozen=True, eq=False)
class Ribbon:
    """What is known of the quality of every sample; time is last, so that a row lies in one piece.

    Attributes
    ----------
    names, cameras : tuple of str
    rate_hz : float
    marks : ndarray of uint8, shape (point, time)
        Values of `Mark`, of the points that are shown.
    error_px, all_px : ndarray of float32, shape (point, time), optional
        Worst reprojection error of the views that the point rests on, and of all views; NaN is none.
    camera, all_camera : ndarray of uint8, shape (point, time), optional
        Index of the camera with that error; `NO_CAMERA` is none.
    sd_mm : ndarray of float32, shape (point, time), optional
        Uncertainty (root of the summed variances); NaN is unknown.
    """

    names: tuple[str, ...]
    cameras: tuple[str, ...]
    rate_hz: float
    marks: NDArray
    error_px: NDArray | None = None
    camera: NDArray | None = None
    all_px: NDArray | None = None
    all_camera: NDArray | None = None
    sd_mm: NDArray | None = None

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return self.marks.shape[1]

    def camera_at(self, row: int, frame: int, every: bool) -> str:
        """Return the camera with the largest error of a sample, among all views or those used; empty for none."""
        cameras = self.all_camera if every else self.camera
        index = NO_CAMERA if cameras is None else int(cameras[row, frame])
        return self.cameras[index] if index < len(self.cameras) else ""


def shown_points(trial: Trial) -> Points3D:
    """Return the points that the window shows: the smoothed ones where there are any."""
    return trial.points if trial.points_smoothed is None else trial.points_smoothed


def ribbon_of(trial: Trial) -> Ribbon:
    """Return the ribbon as far as it is known without the errors."""
    points = shown_points(trial)
    rig, keypoints = trial.rig, trial.keypoints
    cameras = rig.names if rig is not None else () if keypoints is None else _numbered(keypoints.n_cameras)
    return Ribbon(points.names, cameras, points.rate_hz, marks_of(points))


def marks_of(points: Points3D) -> NDArray:
    """Return what each sample is, shape (point, time), uint8: values of `Mark`."""
    status, finite = np.asarray(points.status).T, np.isfinite(points.position).all(axis=2).T
    marks = np.full(status.shape, Mark.MEASURED, np.uint8)
    for flag, mark in ((Status.FILLED, Mark.FILLED), (Status.EDITED, Mark.EDITED), (Status.DOUBTFUL, Mark.DOUBTFUL)):
        marks[(status & np.uint8(flag)) != 0] = mark
    marks[~finite] = Mark.MISSING
    marks[(status & np.uint8(Status.REJECTED)) != 0] = Mark.REJECTED
    return marks


def with_errors(ribbon: Ribbon, trial: Trial, parts: Parts) -> Generator[tuple[float, Ribbon | None], None, None]:
    """Go through all errors: the share that is done, and at the end the ribbon with them.

    Of each sample only the worst error and its camera are kept. The ribbon stays as it is where there are no errors.
    """
    raw, n_frames = trial.points.names, ribbon.n_frames
    index = {name: column for column, name in enumerate(raw)}
    columns = np.array([index.get(name, -1) for name in ribbon.names], int)
    there = columns >= 0
    errors = [np.full(ribbon.marks.shape, np.nan, np.float32) for _ in range(2)]
    cameras = [np.full(ribbon.marks.shape, NO_CAMERA, np.uint8) for _ in range(2)]
    n_cameras = 0
    for start, block in parts.error_blocks():
        n_cameras = len(block)
        for part in range(0, block.shape[1], _BLOCK):
            piece = block[:, part : part + _BLOCK][:, :, columns[there]]
            frames = slice(start + part, start + part + piece.shape[1])
            n_views = None if trial.points.n_views is None else trial.points.n_views[frames][:, columns[there]]
            for number, views in enumerate((n_views, None)):
                worst, camera = worst_of(piece, views)
                errors[number][there, frames], cameras[number][there, frames] = worst.T, camera.T
        yield min(1.0, (start + block.shape[1]) / max(n_frames, 1)), None
    if not n_cameras:
        yield 1.0, ribbon
        return
    names = ribbon.cameras if len(ribbon.cameras) == n_cameras else _numbered(n_cameras)
    yield 1.0, replace(ribbon, cameras=names, error_px=errors[0], camera=cameras[0], all_px=errors[1],
                       all_camera=cameras[1])  # fmt: skip


def worst_of(errors_px: NDArray, n_views: NDArray | None = None) -> tuple[NDArray, NDArray]:
    """Return the largest error of each sample and the index of its camera.

    Parameters
    ----------
    errors_px : ndarray, shape (camera, time, point)
        NaN is none.
    n_views : ndarray, shape (time, point), optional
        How many views each point rests on: those that fit best count, the others were left out.

    Returns
    -------
    error_px : ndarray of float32, shape (time, point)
        NaN where no view counts.
    camera : ndarray of uint8, shape (time, point)
        `NO_CAMERA` where no view counts.
    """
    known = np.isfinite(errors_px)
    count = known.sum(axis=0)
    wanted = count if n_views is None else np.minimum(count, n_views)
    # Unknown ones come last in this order, and so behind all that count.
    order = np.argsort(np.where(known, errors_px, np.inf), axis=0)
    camera = np.take_along_axis(order, np.maximum(wanted - 1, 0)[None], axis=0)
    worst = np.take_along_axis(errors_px, camera, axis=0)[0].astype(np.float32)
    none = wanted == 0
    return np.where(none, np.float32(np.nan), worst), np.where(none, NO_CAMERA, camera[0]).astype(np.uint8)


def with_uncertainty(ribbon: Ribbon, parts: Parts) -> Generator[tuple[float, Ribbon | None], None, None]:
    """Go through all covariances: the share that is done, and at the end the ribbon with the uncertainty."""
    sd_mm = np.full(ribbon.marks.shape, np.nan, np.float32)
    for frame in range(ribbon.n_frames):
        covariance = parts.covariance(frame)
        variance = covariance[:, 0, 0] + covariance[:, 1, 1] + covariance[:, 2, 2]
        sd_mm[:, frame] = 1000 * np.sqrt(np.maximum(variance, 0))
        if frame % _BLOCK == _BLOCK - 1:
            yield frame / ribbon.n_frames, None
    yield 1.0, replace(ribbon, sd_mm=sd_mm)


def bin_starts(first: float, last: float, n_bins: int, n_frames: int) -> NDArray:
    """Return the first frame of each of the columns from `first` to `last`, and the one behind the last: (n_bins + 1,).

    A frame fills the time half way to its neighbours. Columns narrower than a frame repeat it; beyond both ends of
    the recording there are none, so cut the range to it first.
    """
    places = np.linspace(first, last, n_bins + 1)
    return np.clip(np.floor(places + 0.5 + 1e-9), 0, n_frames).astype(int)


def binned(values: NDArray, starts: NDArray) -> NDArray:
    """Return the largest value of each column, shape (row, bin), of values (row, time); NaN where all are.

    `starts` (bin + 1,) are those of `bin_starts`.
    """
    stop = max(int(starts[-1]), int(starts[-2]) + 1)
    return np.fmax.reduceat(values[:, :stop], np.minimum(starts[:-1], stop - 1), axis=1)


def worst_frame(values: NDArray, first: int, last: int) -> int:
    """Return the frame with the largest value, the first of several, from `first` to `last`; of values (time,)."""
    first, last = max(0, min(first, len(values) - 1)), max(0, min(last, len(values) - 1))
    part = np.where(np.isnan(values[first : last + 1]), -np.inf, values[first : last + 1])
    return first + int(np.argmax(part))


def mark_colours(marks: NDArray) -> NDArray:
    """Return RGB, shape (..., 3) uint8, of values of `Mark`."""
    return MARK_COLOURS[marks]


def scale_colours(values: NDArray, ends: tuple[float, float]) -> NDArray:
    """Return RGB, shape (..., 3) uint8, of positive values on a scale of equal ratios; dark grey is unknown."""
    with np.errstate(divide="ignore"):
        share = np.log(values / ends[0]) / np.log(ends[1] / ends[0])
    place = np.clip(np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
    table = np.stack([np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, len(_SCALE)), part) for part in _SCALE.T], 1)
    colours = np.round(table).astype(np.uint8)[np.round(255 * place).astype(np.uint8)]
    return np.where(np.isnan(values)[..., None], np.array(UNKNOWN_COLOUR, np.uint8), colours)


def row_order(names: Sequence[str], worst: NDArray | None = None) -> NDArray:
    """Return the rows from top to bottom: by name, or by `worst` (row,), the largest first and unknown ones last."""
    by_name = sorted(range(len(names)), key=lambda row: names[row].casefold())
    if worst is None:
        return np.array(by_name, int)
    return np.array(sorted(by_name, key=lambda row: -np.inf if np.isnan(worst[row]) else worst[row], reverse=True), int)


def bad_samples(marks: NDArray) -> NDArray:
    """Return how many samples of each row (row, time) are not as measured: the worst first in the order of rows."""
    return (marks >= Mark.DOUBTFUL).sum(axis=1) + 0.3 * (marks == Mark.FILLED).sum(axis=1)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"camera {number + 1}" for number in range(count))
