"""Keypoints at the instants of the common timeline, from the frames that each camera really took.

Between two frames a keypoint is read from the cubic through the two samples before and the two after (Lagrange's
form, on the true times); where a neighbour is missing the curve has one degree less. It reproduces cubics exactly;
at 100 Hz a movement of 5 Hz keeps 99.9 % of its size half-way between frames. White noise comes out smaller there,
0.64 of its variance, and neighbouring samples share some of it. Nothing is extrapolated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import KeypointError
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate

METHOD = "cubic through four frames"
_EXACT = 1e-6  # frames: nearer than this a sample is copied
_SLACK = 0.5  # frames: how uneven frame times may be before two frames have a hole between them
_LONGEST_OVERLAP = 3.0  # lengths of a recording that clocks may spread over


@dataclass(frozen=True, eq=False)
class Resampled:
    """Keypoints on the common timeline.

    Attributes
    ----------
    keypoints : Keypoints2D
        NaN and confidence 0 where a camera has no frames on both sides; confidence is the lowest of the samples used.
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
        Missing frames in a row that are read across, flagged in `bridged`; 0: none.
    row_time_s : sequence of float, shape (camera,), optional
        Rolling shutter: seconds from one row of the image to the next. A keypoint's own time is that of the frame
        plus this times its row below the middle one.
    image_height : sequence of int, shape (camera,)
        Rows of the images; wanted with `row_time_s`.

    Returns
    -------
    Resampled

    Raises
    ------
    KeypointError
        `FRAME_TIMES`: times that do not increase or of another number of frames, or row times without heights.
    """
    n_cameras, n_own = keypoints.pixels.shape[:2]
    times = checked_array(common_time_s, "common_time_s", (n_cameras, n_own))
    rate = float(keypoints.rate_hz if rate_hz is None else rate_hz)
    wanted = start_s + np.arange(n_own if n_frames is None else n_frames) / rate
    shape = (n_cameras, len(wanted), len(keypoints.names))
    pixels = np.full((*shape, 2), np.nan, keypoints.pixels.dtype)
    confidence, bridged = np.zeros(shape, keypoints.confidence.dtype), np.zeros(shape, bool)
    rows = _row_delays(keypoints, row_time_s, image_height)
    for camera, own in enumerate(times):
        interval = _interval(own)
        longest = (1 + longest_hole + _SLACK) * interval
        for keypoint in range(shape[2]):
            seen = np.isfinite(keypoints.pixels[camera, :, keypoint]).all(axis=1) & np.isfinite(own)
            frames = np.flatnonzero(seen)
            when = own[frames] if rows is None else own[frames] + rows[camera, frames, keypoint]
            order = np.argsort(when, kind="stable")  # by rows a keypoint that leaps may overtake its next frame
            frames, when = frames[order], when[order]
            found = _read(when, keypoints.pixels[camera, frames, keypoint],
                          keypoints.confidence[camera, frames, keypoint], wanted, interval, longest)  # fmt: skip
            pixels[camera, :, keypoint], confidence[camera, :, keypoint], bridged[camera, :, keypoint] = found
    answer = Keypoints2D(pixels, confidence, keypoints.names, rate)
    return Resampled(answer, bridged, float(start_s), _note(keypoints, answer, bridged, longest_hole, rows is not None))


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
    n_frames = int(np.floor((stop - start) * keypoints.rate_hz + _EXACT)) + 1
    answer = resample_keypoints(keypoints, times.time_s, start_s=start, n_frames=n_frames)
    return start, answer.keypoints


def _interval(own: NDArray) -> float:
    step = np.diff(own[np.isfinite(own)])
    if (step <= 0).any():
        raise KeypointError(
            "Frame times that do not increase.", "Put the frames in order of time first.", code="FRAME_TIMES"
        )
    return float(np.median(step)) if len(step) else 1.0


def _row_delays(
    keypoints: Keypoints2D, row_time_s: Sequence[float] | NDArray | None,
    image_height: Sequence[int] | NDArray | None,
) -> NDArray | None:
    """Seconds after the frame time at which each keypoint's row is read, shape (camera, frame, keypoint)."""
    if row_time_s is None:
        return None
    if image_height is None:
        raise KeypointError(
            "Row times without the heights of the images.", "Give image_height too.", code="FRAME_TIMES"
        )
    row_time = checked_array(row_time_s, "row_time_s", (len(keypoints.pixels),))[:, None, None]
    height = checked_array(image_height, "image_height", (len(keypoints.pixels),))[:, None, None]
    delays: NDArray = row_time * (keypoints.pixels[..., 1] - (height - 1) / 2)
    return delays


def _read(
    when: NDArray, pixels: NDArray, confidence: NDArray, wanted: NDArray, interval: float, longest: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Pixels, confidence and whether a hole was bridged, at the wanted times, of one keypoint in one camera."""
    out = np.full((len(wanted), 2), np.nan, pixels.dtype)
    trust, bridged = np.zeros(len(wanted), confidence.dtype), np.zeros(len(wanted), bool)
    if not len(when):
        return out, trust, bridged
    nearest = np.clip(np.searchsorted(when, wanted), 0, len(when) - 1)
    before = np.maximum(nearest - 1, 0)
    nearest = np.where(np.abs(when[before] - wanted) < np.abs(when[nearest] - wanted), before, nearest)
    exact = np.abs(when[nearest] - wanted) <= _EXACT * interval
    out[exact], trust[exact] = pixels[nearest[exact]], confidence[nearest[exact]]
    if len(when) > 1:
        low = np.clip(np.searchsorted(when, wanted, side="right") - 1, 0, len(when) - 2)
        span = when[low + 1] - when[low]
        held = (wanted > when[low]) & (wanted < when[low + 1]) & (span <= longest) & ~exact
        if held.any():
            out[held], trust[held] = _curve(when, pixels, confidence, low[held], wanted[held], longest)
            bridged[held] = span[held] > (1 + _SLACK) * interval
    return out, trust, bridged


def _curve(
    when: NDArray, pixels: NDArray, confidence: NDArray, low: NDArray, wanted: NDArray, longest: float
) -> tuple[NDArray, NDArray]:
    """Lagrange's curve through the samples low - 1 to low + 2, those that are there and near."""
    index = low[:, None] + np.arange(-1, 3)
    there = (index >= 0) & (index < len(when))
    index = np.clip(index, 0, len(when) - 1)
    time = when[index]
    there[:, 0] &= (time[:, 1] - time[:, 0] <= longest) & (time[:, 1] > time[:, 0])
    there[:, 3] &= (time[:, 3] - time[:, 2] <= longest) & (time[:, 3] > time[:, 2])
    weight = there.astype(float)
    for one in range(4):
        for other in range(4):
            if one != other:
                gap = time[:, one] - time[:, other]
                factor = (wanted - time[:, other]) / np.where(gap == 0, 1.0, gap)
                weight[:, one] *= np.where(there[:, other], factor, 1.0)
    weight[~there] = 0.0
    curve = np.einsum("nj,njc->nc", weight, np.where(there[..., None], pixels[index], 0.0))
    return curve, np.where(there, confidence[index], np.inf).min(axis=1)


def _note(before: Keypoints2D, after: Keypoints2D, bridged: NDArray, longest_hole: int, by_rows: bool) -> str:
    seen = [int(np.isfinite(item.pixels).all(axis=-1).sum()) for item in (before, after)]
    hole = "never across a missing frame" if longest_hole == 0 else (
        f"across at most {longest_hole} missing frame{'s' if longest_hole > 1 else ''} "
        f"({int(bridged.sum())} observations, flagged)"
    )  # fmt: skip
    rows = ", each at the time its row was read" if by_rows else ""
    return (
        f"Keypoints read at the common frames by the {METHOD}{rows}, {hole}; frames that agree are copied. "
        f"{seen[0]} observations became {seen[1]}."
    )
