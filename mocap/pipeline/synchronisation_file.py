"""The file that keeps the clocks of a trial's cameras."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, SourceError
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.output_kinds import Kind
from mocap.readers.frame_times_cameras import CameraFrames
from mocap.trial import CameraTimes, SyncEstimate

SYNC = Kind("clocks of a trial", rb'"format": "mocap-sync"', start=b"{")
_PER_CAMERA = ("offset_s", "offset_sd_s", "drift_ppm", "drift_sd_ppm", "error_before_px", "error_after_px")


@dataclass(frozen=True, eq=False)
class TrialSync:
    """When a trial's frames were taken, how the clocks stand, and what other methods said."""

    name: str
    frames: CameraFrames
    estimate: SyncEstimate
    tried: tuple[str, ...] = ()
    recording_sha256: str = ""

    def rows(self) -> list[dict[str, Any]]:
        """Return one row of figures per camera; None where a figure is not known."""
        estimate, frames = self.estimate, self.frames
        return [
            {
                "camera": name, "source": frames.times.source[c], "rate_hz": _plain(frames.rate_hz[c]),
                "frames": len(order.footage_index), "jitter_frames": _plain(order.jitter),
                "dropped": order.n_dropped, "dropped_after": order.dropped.tolist(),
                "duplicated": order.duplicated.tolist(), "reordered": order.reordered.tolist(),
                "rollover": order.rollover.tolist(), "shifted": bool(estimate.shifted[c]),
                **{key: _plain(getattr(estimate, key)[c]) for key in _PER_CAMERA},
            }
            for c, (name, order) in enumerate(zip(estimate.camera_names, frames.orders, strict=True))
        ]  # fmt: skip


def sync_text(found: TrialSync) -> str:
    """Return the content of the file."""
    frames = found.frames
    content = {
        "format": "mocap-sync", "format_version": 1, "trial": found.name, "method": found.estimate.method,
        "words": list(found.estimate.words), "notes": list(frames.times.notes), "tried": list(found.tried),
        "recording_sha256": found.recording_sha256,
        "common_clock": frames.common_clock, "zero_s": frames.zero_s, "cameras": found.rows(),
        "frame_time_s": {n: _times(t) for n, t in zip(frames.times.camera_names, frames.times.time_s, strict=True)},
        "footage_index": {
            name: order.footage_index.tolist()
            for name, order in zip(frames.times.camera_names, frames.orders, strict=True)
        },
    }  # fmt: skip
    return json.dumps(content, allow_nan=False, indent=None, separators=(", ", ": ")) + "\n"


def check_same_recording(path: Path, recording: Path) -> None:
    """Refuse clocks of another recording than the one at hand.

    Raises
    ------
    FormatError
        SYNC_OTHER
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8")).get("recording_sha256", "")
    except (OSError, ValueError, AttributeError):
        return  # `read_sync` says what is wrong with the file
    if told and told != input_sha256(recording):
        raise FormatError(
            f"{path} holds the clocks of another recording: {recording.name} changed since.",
            "Run mocap sync again, or delete the file.", code="SYNC_OTHER",
        )  # fmt: skip


def read_sync(path: Path) -> tuple[CameraTimes, SyncEstimate, NDArray]:
    """Read the clocks of a trial.

    Returns
    -------
    times : CameraTimes
    estimate : SyncEstimate
    footage_index : ndarray of int, shape (camera, frame)
        Frame of the footage at each time; -1 after a camera's last.

    Raises
    ------
    SourceError, FormatError
        SYNC_FILE
    """
    remedy = "Run mocap sync again."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["cameras"]
        names = tuple(row["camera"] for row in rows)
        times = _filled([content["frame_time_s"][name] for name in names], np.nan)
        index = _filled([content["footage_index"][name] for name in names], -1).astype(np.int64)
        sources = tuple(row["source"] for row in rows)
        figures = {key: np.array([np.nan if row[key] is None else row[key] for row in rows]) for key in _PER_CAMERA}
        shifted = np.array([row["shifted"] for row in rows], bool)
        estimate = SyncEstimate(
            names, content["method"], **figures, shifted=shifted, words=tuple(content["words"])
        )  # fmt: skip
        return CameraTimes(names, times, sources, tuple(content["notes"])), estimate, index
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.", remedy, code="SYNC_FILE") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} holds no clocks of a trial.", remedy, code="SYNC_FILE") from error


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _times(row: NDArray) -> list[float]:
    return [round(value, 9) for value in row[np.isfinite(row)].tolist()]


def _filled(rows: list[list[float]], empty: float) -> NDArray:
    whole = np.full((len(rows), max(len(row) for row in rows)), empty)
    for target, row in zip(whole, rows, strict=True):
        target[: len(row)] = row
    return whole
