"""Keypoints at the instants of the common timeline, from the frames that each camera really took.

Every observation is carried from its own frame to the nearest common one along the course of its keypoint:
``x(common t) = x_observed(own t) + course(common t) - course(own t)``. The course is fitted to the neighbours (see
`mocap.sync.course`), so that an observation stays one: its noise stays its own, an outlier spoils no neighbour, and a
missing neighbour costs nothing. Where no frame was taken there is nothing to carry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import KeypointError
from mocap.sync.course import FEWEST_FRAMES, HALF_WIDTH_S, ways_of
from mocap.sync.resample_cubic import read_cubic
from mocap.sync.resample_slots import EXACT, SLACK, frame_of_slots
from mocap.sync.rows import frame_interval, row_delays
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate

#: How keypoints are brought to the common frames.
METHODS = {
    "carried": "carrying each observation along the local course of its keypoint to the nearest common frame",
    "cubic": "the cubic through four frames",
}
_LONGEST_OVERLAP = 3.0  # lengths of a recording that clocks may spread over


@dataclass(frozen=True, eq=False)
class Resampled:
    """Keypoints on the common timeline.

    Attributes
    ----------
    keypoints : Keypoints2D
        NaN and confidence 0 where a camera took no frame or nothing is seen; each carries its own confidence (of a
        curve: the lowest of the samples used).
    bridged : ndarray of bool, shape (camera, time, keypoint)
        Read across missing frames; fill rather than measurement.
    start_s : float
        Common time of frame 0.
    note : str
        What was done, in plain words.
    """

    keypoints: Keypoints2D
    bridged: NDArray
    start_s: float
    note: str


def resample_keypoints(
    keypoints: Keypoints2D,
    common_time_s: NDArray,
    *,
    rate_hz: float | None = None,
    start_s: float = 0.0,
    n_frames: int | None = None,
    longest_hole: int = 0,
    row_time_s: Sequence[float] | NDArray | None = None,
    image_height: Sequence[int] | NDArray | None = None,
    method: str = "carried",
) -> Resampled:
    """Read every keypoint at the frames of the common timeline.

    Parameters
    ----------
    keypoints : Keypoints2D
        By each camera's own frames.
    common_time_s : ndarray, shape (camera, frame)
        When each frame was taken, by the common clock (see `common_times`), increasing; NaN after a camera's last.
    rate_hz, start_s, n_frames
        The common timeline; by default the rate of the keypoints, 0 s, and as many frames as they have.
    longest_hole : int
        Missing frames in a row that a curve is read across, flagged in `bridged`; 0: none.
    row_time_s : sequence of float, shape (camera,), optional
        Rolling shutter: seconds from one row of the image to the next. A keypoint's own time is that of the frame
        plus this times its row below the middle one.
    image_height : sequence of int, shape (camera,)
        Rows of the images; wanted with `row_time_s`.
    method : str
        Of `METHODS`.

    Returns
    -------
    Resampled

    Raises
    ------
    KeypointError
        `FRAME_TIMES`: times that do not increase or of another number of frames, or row times without heights.
        `RESAMPLE_METHOD`: an unknown method, or holes to be read across by observations that are carried.
    """
    _check_method(method, longest_hole)
    n_cameras, n_own = keypoints.pixels.shape[:2]
    times = checked_array(common_time_s, "common_time_s", (n_cameras, n_own))
    rate = float(keypoints.rate_hz if rate_hz is None else rate_hz)
    wanted = start_s + np.arange(n_own if n_frames is None else n_frames) / rate
    shape = (n_cameras, len(wanted), len(keypoints.names))
    pixels = np.full((*shape, 2), np.nan, keypoints.pixels.dtype)
    confidence, bridged = np.zeros(shape, keypoints.confidence.dtype), np.zeros(shape, bool)
    rows = row_delays(keypoints, row_time_s, image_height)
    read = _carried if method == "carried" else _by_curve
    for camera, own in enumerate(times):
        interval = frame_interval(own)
        when = np.repeat(own[:, None], shape[2], axis=1) if rows is None else own[:, None] + rows[camera]
        view = _View(keypoints.pixels[camera], keypoints.confidence[camera], own, when, interval)
        pixels[camera], confidence[camera], bridged[camera] = read(view, wanted, (1 + longest_hole + SLACK) * interval)
    answer = Keypoints2D(pixels, confidence, keypoints.names, rate)
    note = _note(keypoints, answer, bridged, longest_hole, method, rows is not None)
    return Resampled(answer, bridged, float(start_s), note)


def common_times(
    estimate: SyncEstimate, times: CameraTimes | None = None, *, n_frames: int | None = None,
    rate_hz: float | None = None,
) -> tuple[NDArray, NDArray]:
    """Return when each frame of each camera was taken by the common clock.

    Parameters
    ----------
    estimate : SyncEstimate
        A clock that cannot be told is taken as the common one, a drift that cannot as none.
    times : CameraTimes, optional
        The cameras' own clocks; without them frame i of `n_frames` is taken at i / `rate_hz`.

    Returns
    -------
    common_time_s : ndarray, shape (camera, frame)
    residual_s : ndarray, shape (camera, frame)
        The same less the nearest instant of the common timeline (k / rate): what shifts by whole frames would leave
        wrong. NaN without a rate.

    Raises
    ------
    KeypointError
        `CAMERAS_DIFFER`, or `FRAME_TIMES` when neither times nor a number of frames and a rate are given.
    """
    n_cameras = len(estimate.camera_names)
    if times is None:
        if n_frames is None or rate_hz is None:
            raise KeypointError(
                "Neither frame times nor a number of frames and a rate.",
                "Give the frame times, or n_frames and rate_hz.",
                code="FRAME_TIMES",
            )
        own = np.broadcast_to(np.arange(n_frames) / rate_hz, (n_cameras, n_frames))
    else:
        own = times.time_s
        if times.camera_names != estimate.camera_names:
            raise KeypointError(
                f"Times of cameras {list(times.camera_names)} for clocks of {list(estimate.camera_names)}.",
                "Give both for the same cameras in the same order.",
                code="CAMERAS_DIFFER",
            )
    offset = np.nan_to_num(estimate.offset_s)[:, None]
    drift = 1e-6 * np.nan_to_num(estimate.drift_ppm)[:, None]
    # Exact for clocks that agree: x - 0 and x / 1 keep every bit.
    common = (own - offset) / (1.0 + drift)
    rate = np.nan if rate_hz is None else float(rate_hz)
    return common, common - np.rint(common * rate) / rate


def on_own_grid(keypoints: Keypoints2D, times: CameraTimes) -> tuple[float, Keypoints2D]:
    """Read the keypoints at even instants of each camera's own clock; returns the time of the first, and them.

    Raises
    ------
    KeypointError
        `CLOCKS_APART`: the clocks spread over several times the length of the recording.
    """
    first, last = np.nanmin(times.time_s, axis=1), np.nanmax(times.time_s, axis=1)
    start, stop = float(first.min()), float(last.max())
    if stop - start > _LONGEST_OVERLAP * max(float((last - first).max()), 1.0 / keypoints.rate_hz):
        raise KeypointError(
            f"The cameras' clocks lie {stop - start:.0f} s apart for recordings of {(last - first).max():.0f} s.",
            "Give times that begin together, such as seconds since a common trigger.",
            code="CLOCKS_APART",
        )
    n_frames = int(np.floor((stop - start) * keypoints.rate_hz + EXACT)) + 1
    answer = resample_keypoints(keypoints, times.time_s, start_s=start, n_frames=n_frames)
    return start, answer.keypoints


@dataclass(frozen=True, eq=False)
class _View:
    """One camera's keypoints with the time of each frame and of each observation, s."""

    pixels: NDArray
    confidence: NDArray
    own: NDArray
    when: NDArray
    interval: float


def _carried(view: _View, wanted: NDArray, _longest: float) -> tuple[NDArray, NDArray, NDArray]:
    spacing = float(wanted[1] - wanted[0]) if len(wanted) > 1 else view.interval
    frame = frame_of_slots((view.own - (wanted[0] if len(wanted) else 0.0)) / spacing, len(wanted))
    there = np.flatnonzero(frame >= 0)
    frame = frame[there]
    pixels = np.full((len(wanted), *view.pixels.shape[1:]), np.nan, view.pixels.dtype)
    confidence = np.zeros(pixels.shape[:2], view.confidence.dtype)
    pixels[there], confidence[there] = view.pixels[frame], view.confidence[frame]
    step = (wanted[there, None] - view.when[frame]) / view.interval
    moved = np.abs(step) > EXACT
    if moved.any():
        half_width = max(round(HALF_WIDTH_S / view.interval), FEWEST_FRAMES)
        way = ways_of(view.pixels, view.when / view.interval, frame, step, half_width)
        pixels[there] = np.where(moved[..., None], pixels[there] + way, pixels[there])
        confidence[~np.isfinite(pixels).all(axis=-1)] = 0.0
    return pixels, confidence, np.zeros(confidence.shape, bool)


def _by_curve(view: _View, wanted: NDArray, longest: float) -> tuple[NDArray, NDArray, NDArray]:
    shape = (len(wanted), view.pixels.shape[1])
    pixels = np.full((*shape, 2), np.nan, view.pixels.dtype)
    confidence, bridged = np.zeros(shape, view.confidence.dtype), np.zeros(shape, bool)
    for keypoint in range(shape[1]):
        seen = np.isfinite(view.pixels[:, keypoint]).all(axis=1) & np.isfinite(view.own)
        frames = np.flatnonzero(seen)
        # By rows a keypoint that leaps may overtake its next frame.
        frames = frames[np.argsort(view.when[frames, keypoint], kind="stable")]
        found = read_cubic(view.when[frames, keypoint], view.pixels[frames, keypoint],
                           view.confidence[frames, keypoint], wanted, view.interval, longest)  # fmt: skip
        pixels[:, keypoint], confidence[:, keypoint], bridged[:, keypoint] = found
    return pixels, confidence, bridged


def _check_method(method: str, longest_hole: int) -> None:
    if method not in METHODS:
        cause, remedy = f"There is no way '{method}' to resample.", f"Known: {', '.join(METHODS)}."
    elif method == "carried" and longest_hole:
        cause = "Where no frame was taken there is no observation to carry."
        remedy = "Fill holes afterwards, or take method='cubic' to read across them."
    else:
        return
    raise KeypointError(cause, remedy, code="RESAMPLE_METHOD")


def _note(
    before: Keypoints2D, after: Keypoints2D, bridged: NDArray, longest_hole: int, method: str, by_rows: bool
) -> str:
    seen = [int(np.isfinite(item.pixels).all(axis=-1).sum()) for item in (before, after)]
    hole = "never across a missing frame" if longest_hole == 0 else (
        f"across at most {longest_hole} missing frame{'s' if longest_hole > 1 else ''} "
        f"({int(bridged.sum())} observations, flagged)"
    )  # fmt: skip
    rows = ", each at the time its row was read" if by_rows else ""
    return (
        f"Keypoints brought to the common frames by {METHODS[method]}{rows}, {hole}; frames that agree are copied. "
        f"{seen[0]} observations became {seen[1]}."
    )
