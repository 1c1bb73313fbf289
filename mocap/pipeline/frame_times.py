"""When the frames of board footage were taken, as the recorder wrote it beside the videos."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, SourceError

#: What recorders call the file that they leave beside their videos.
USUAL_NAME = "timestamps.csv"
_COLUMNS = ("cam_id", "sync_index", "frame_time")
_REMEDY = f"Give a CSV file with the columns {', '.join(_COLUMNS)} (s), a row per camera and frame, or leave it out."


def find_frame_times(folder: Path) -> Path | None:
    """Return the file of frame times that lies beside footage, if it has the columns of one."""
    path = folder / USUAL_NAME
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        head = lines.readline().strip().split(",")
    return path if set(_COLUMNS) <= {name.strip() for name in head} else None


def read_frame_times(path: Path, camera_names: Sequence[str], frame_ids: NDArray) -> NDArray:
    """Read when each frame was taken.

    Parameters
    ----------
    path : Path
        CSV with `cam_id` (a camera's name, or the number that its name ends in), `sync_index` and `frame_time` (s).
        The k-th row of a camera, by `sync_index`, is the k-th frame of its footage.
    camera_names : sequence of str
    frame_ids : ndarray of int, shape (frame,)
        Frames that are wanted, counted from 0.

    Returns
    -------
    ndarray, shape (camera, frame)
        Seconds.

    Raises
    ------
    SourceError
        FRAME_TIMES_MISSING
    FormatError
        FRAME_TIMES_FORMAT or FRAME_TIMES_SHORT
    """
    times = _by_camera(path)
    answer = np.full((len(camera_names), len(frame_ids)), np.nan)
    for row, name in zip(answer, camera_names, strict=True):
        number = re.search(r"(\d+)$", name)
        key = name if name in times else str(int(number[1])) if number else name
        if key not in times:
            raise FormatError(
                f"{path.name} has times of the cameras {sorted(times)}, none of '{name}'.", _REMEDY,
                code="FRAME_TIMES_FORMAT",
            )  # fmt: skip
        own = np.array([time for _, time in sorted(times[key])])
        if len(own) <= frame_ids.max(initial=0):
            raise FormatError(
                f"{path.name} has {len(own)} frames of camera '{name}', the footage at least {frame_ids.max() + 1}.",
                "Give the file of this very footage.", code="FRAME_TIMES_SHORT",
            )  # fmt: skip
        row[:] = own[frame_ids]
    return answer


def _by_camera(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return (sync_index, seconds) of every row, by camera."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as text.", _REMEDY, code="FRAME_TIMES_MISSING") from error
    times: dict[str, list[tuple[int, float]]] = {}
    try:
        for row in csv.DictReader(text.splitlines(), skipinitialspace=True):
            times.setdefault(row["cam_id"].strip(), []).append((int(row["sync_index"]), float(row["frame_time"])))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{path.name} is no file of frame times.", _REMEDY, code="FRAME_TIMES_FORMAT") from error
    if not times:
        raise FormatError(f"{path.name} has no rows.", _REMEDY, code="FRAME_TIMES_FORMAT")
    return times


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
