"""Rolling shutters: when the row of each keypoint was read, and keypoints as if all rows were read at once."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Context

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import KeypointError
from mocap.sync.course import FEWEST_FRAMES, HALF_WIDTH_S, ways_of
from mocap.sync.resample_slots import EXACT
from mocap.trial import Keypoints2D

_READOUT_SHARE = 1.02  # of the time between frames, which is known as well as the rate that was stated


def row_delays(
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


def without_rows(
    keypoints: Keypoints2D, row_time_s: Sequence[float] | NDArray, image_height: Sequence[int] | NDArray,
    own_time_s: NDArray | None = None, camera_names: Sequence[str] = (),
) -> tuple[Keypoints2D, str]:
    """Return keypoints where they were when their camera's middle row was read, by the camera's own frames.

    Parameters
    ----------
    keypoints : Keypoints2D
    row_time_s : sequence of float, shape (camera,)
        Seconds from one row of the image to the next; 0 for a global shutter.
    image_height : sequence of int, shape (camera,)
    own_time_s : ndarray, shape (camera, frame), optional
        By each camera's own clock; frame i at i / rate when left out.
    camera_names : sequence of str, optional
        For what is refused.

    Returns
    -------
    keypoints : Keypoints2D
        Each observation carried along the course of its keypoint (see `mocap.sync.course`); NaN where none is known.
    note : str
        What was done, in plain words; empty without rows that take time.

    Raises
    ------
    KeypointError
        ROW_TIMES, where a camera would still read one image when the next begins; FRAME_TIMES.
    """
    rows = row_delays(keypoints, row_time_s, image_height)
    if rows is None or not np.any(np.asarray(row_time_s)):
        return keypoints, ""
    n_cameras, n_frames = keypoints.pixels.shape[:2]
    times = np.broadcast_to(np.arange(n_frames) / keypoints.rate_hz, (n_cameras, n_frames))
    times = times if own_time_s is None else checked_array(own_time_s, "own_time_s", (n_cameras, n_frames))
    pixels, confidence = np.array(keypoints.pixels), np.array(keypoints.confidence)
    for camera, own in enumerate(times):
        interval = frame_interval(own)
        name = camera_names[camera] if camera_names else str(camera)
        _check_readout(name, float(row_time_s[camera]), int(image_height[camera]), interval)
        step = -rows[camera] / interval
        if not (np.abs(step) > EXACT).any():
            continue
        half_width = max(round(HALF_WIDTH_S / interval), FEWEST_FRAMES)
        when = (own[:, None] + rows[camera]) / interval
        pixels[camera] += ways_of(keypoints.pixels[camera], when, np.arange(n_frames), step, half_width)
        confidence[camera, ~np.isfinite(pixels[camera]).all(axis=-1)] = 0.0
    readout = 1e3 * float(np.nanmax(np.asarray(row_time_s) * np.asarray(image_height)))
    note = (
        f"Keypoints carried from the time their row was read (rolling shutter, {readout:.1f} ms an image at most) to "
        "that of the middle row, along the local course of each."
    )
    return replace(keypoints, pixels=pixels, confidence=confidence), note


def _check_readout(name: str, row_time_s: float, height: int, interval_s: float) -> None:
    readout = abs(row_time_s) * height
    if readout > _READOUT_SHARE * interval_s:
        # Rounded down: what is given as the most must not be refused itself.
        most = Context(prec=3, rounding=ROUND_DOWN).create_decimal_from_float(interval_s / height)
        raise KeypointError(
            f"Camera '{name}' would take {1e3 * readout:.4g} ms to read an image ({height} rows of {row_time_s:g} s), "
            f"and its frames are {1e3 * interval_s:.4g} ms apart.",
            f"Give as row_time_s the readout of an image over its rows, {float(most):.3g} s at most; mend the "
            "frame rate if it is wrong.",
            code="ROW_TIMES",
        )


def frame_interval(own: NDArray) -> float:
    """Return the usual time between frames, s; refuses times that do not increase."""
    step = np.diff(own[np.isfinite(own)])
    if (step <= 0).any():
        raise KeypointError(
            "Frame times that do not increase.", "Put the frames in order of time first.", code="FRAME_TIMES"
        )
    return float(np.median(step)) if len(step) else 1.0
