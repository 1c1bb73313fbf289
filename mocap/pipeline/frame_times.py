"""When the frames of board footage were taken, as the recorder wrote it beside the videos."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.frame_times import find_shared_frame_times, read_frame_time_table

__all__ = ["find_frame_times", "read_frame_times", "spread_sentence"]

find_frame_times = find_shared_frame_times


def read_frame_times(path: Path, camera_names: Sequence[str], frame_ids: NDArray) -> NDArray:
    """Read when each frame was taken, by one clock.

    Parameters
    ----------
    path : Path
        A file of all cameras, as `mocap.readers.frame_times` reads it. The k-th row of a camera, by its index, is
        the k-th frame of its footage.
    camera_names : sequence of str
    frame_ids : ndarray of int, shape (frame,)
        Frames that are wanted, counted from 0.

    Returns
    -------
    ndarray, shape (camera, frame)
        Seconds since the first time in the file of any of these cameras.

    Raises
    ------
    SourceError
        FILE_MISSING, FILE_EMPTY
    FormatError
        FRAME_TIMES_FORMAT, FRAME_TIMES_UNIT or FRAME_TIMES_SHORT
    """
    table = read_frame_time_table(path)
    if not table.shared:
        raise FormatError(
            f"{path.name} does not say which camera its times are of.",
            "Give a CSV file with the columns cam_id, sync_index and frame_time (s).", code="FRAME_TIMES_FORMAT",
        )  # fmt: skip
    read = [table.of_camera(name) for name in camera_names]
    first = min(own.zero_s for own in read)
    answer = np.full((len(camera_names), len(frame_ids)), np.nan)
    for row, name, own in zip(answer, camera_names, read, strict=True):
        if len(own.time_s) <= frame_ids.max(initial=0):
            raise FormatError(
                f"{path.name} has {len(own.time_s)} frames of camera '{name}', the footage at least "
                f"{frame_ids.max() + 1}.",
                "Give the file of this very footage.", code="FRAME_TIMES_SHORT",
            )  # fmt: skip
        row[:] = own.time_s[frame_ids] + (own.zero_s - first)
    return answer


def spread_sentence(times: NDArray, seen: NDArray) -> str:
    """Say how far apart the frames of one moment are, by the recorder's own times.

    Parameters
    ----------
    times : ndarray, shape (camera, frame)
        Seconds.
    seen : ndarray of bool, shape (camera, frame)
        Which camera saw the board: only these frames count.
    """
    own = np.where(seen, times, np.nan)
    several = own[:, np.isfinite(own).sum(axis=0) >= 2]
    if not several.size:
        return ""
    apart = 1e3 * (np.nanmax(several, axis=0) - np.nanmin(several, axis=0))
    return (
        f"By the recorder's own times the frames of one moment lie {np.median(apart):.1f} ms apart in the median, at "
        f"most {apart.max():.0f} ms; these are the times of their arrival, not of their exposure."
    )
