"""When footage was recorded, as far as its files tell: the date that a calibration carries."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from calibration.points.result import PointCalibration
from calibration.result import Calibration

Found = TypeVar("Found", Calibration, PointCalibration)
_KEYPOINTS = (".json", ".csv", ".parquet", ".h5")


def recorded(files: Collection[Path]) -> dict[str, str]:
    """Return date and source of the date, for the metadata of a calibration; the same files give the same date.

    Parameters
    ----------
    files : collection of Path
        Of the footage.

    Returns
    -------
    dict of str to str
        `created_utc`, ISO 8601 to the second, and `created_by`, whose word that is; empty where no file can be asked.
    """
    stamps = [path.stat().st_mtime for path in files if path.is_file()]
    if not stamps:
        return {}
    date = datetime.fromtimestamp(int(max(stamps)), UTC)
    return {
        "created_utc": f"{date:%Y-%m-%dT%H:%M:%SZ}",
        "created_by": "time stamp of the newest file of its footage, which copying may renew",
    }


def dated(found: Found, files: Collection[Path]) -> Found:
    """Return a calibration whose rig carries the date of its footage."""
    return replace(found, rig=replace(found.rig, metadata={**found.rig.metadata, **recorded(files)}))


def keypoint_files(path: Path) -> list[Path]:
    """Return the keypoint file, or those of a folder."""
    if not path.is_dir():
        return [path]
    return [file for file in sorted(path.rglob("*")) if file.suffix.lower() in _KEYPOINTS]
