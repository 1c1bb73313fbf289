"""A calibration file with what lies beside it, made ready for the view of calibrations."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration import CameraRig
from calibration.quality.error_map import ErrorMap, display_axes
from mocap.errors import FormatError
from mocap.pipeline.outputs import report_paths
from mocap.viewer.calibration_scene import Boards, CalibrationView, CameraRow, view_of_rig

_FORMAT = "mocap-calibration-quality"
_MOST_BYTES = 200_000_000
_SAME_PLACE_M = 1e-3


def read_calibration_view(path: Path) -> CalibrationView:
    """Return what there is to see of a calibration file.

    Boards, errors of the volume and verdicts come from the table that `mocap calibrate` writes beside it; without
    one, or with one that is damaged or of other cameras, the cameras are shown alone and the notes say why.

    Raises
    ------
    SourceError, FormatError
        As `calibration.read_rig`.
    """
    rig = calibration.read_rig(path)
    table_path = report_paths(path)[1]
    title = path.name
    if not table_path.is_file():
        return view_of_rig(rig, title, (f"There is no {table_path.name} beside {path.name}: no boards, no verdicts.",))
    try:
        return _with_table(rig, title, _table(table_path))
    except FormatError as error:
        return view_of_rig(rig, title, (f"{error.cause} So there are no boards and no verdicts.",))


def _table(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_BYTES:
        raise _damaged(f"{path.name} has more than {_MOST_BYTES // 10**6} MB.")
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(f"{path.name} cannot be read.") from error
    if not isinstance(table, dict) or table.get("format") != _FORMAT:
        raise _damaged(f"{path.name} is no table of a calibration.")
    return table


def _with_table(rig: CameraRig, title: str, table: dict[str, Any]) -> CalibrationView:
    try:
        rows = tuple(_camera(part) for part in table["cameras"])
        places = np.array([part["position_m"] for part in table["cameras"]], float)
        verdict = " ".join(filter(None, (f"{table['verdict']['grade']}:", table["verdict"]["reason"],
                                         table["verdict"]["remedy"])))  # fmt: skip
        checks = tuple(_check(part) for part in table["checks"] if part["status"] != "ok")
        volume, boards = _volume(rig, table["volume"]["grid"]), _boards(table.get("board"))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise _damaged("The table beside the calibration is damaged.") from error
    centres = np.array([camera.centre_world for camera in rig])
    same = tuple(row.name for row in rows) == rig.names and places.shape == centres.shape
    if not same or not np.allclose(places, centres, rtol=1e-4, atol=_SAME_PLACE_M):
        raise _damaged("The table beside the calibration is of other cameras, or of these before they were moved.")
    notes = () if boards is not None else (_no_boards(table),)
    return CalibrationView(title, rig, rows, verdict, checks, volume, boards, notes)


def _no_boards(table: dict[str, Any]) -> str:
    method = str(table.get("method") or "")
    if method:
        return f"There are no boards: this was calibrated with a {method}."
    return "Where the boards stood is not in this table: calibrate again to see them."


def _camera(part: dict[str, Any]) -> CameraRow:
    coverage = part.get("coverage") or {}
    counts = coverage.get("counts")
    views = part.get("n_views", part.get("n_frames"))
    return CameraRow(
        str(part["name"]), str(part["grade"]), str(part["reason"]), str(part["remedy"]), _number(part.get("rms_px")),
        None if views is None else int(views), _number(coverage.get("share_pct")), _number(coverage.get("reach_pct")),
        _number(part.get("position_sd_mm")), None if counts is None else _counts(counts),
    )  # fmt: skip


def _counts(counts: Any) -> NDArray:
    found = np.array(counts, int)
    if found.ndim != 2 or not found.size:
        raise ValueError("no table of counts")
    return found


def _check(part: dict[str, Any]) -> str:
    measured = "" if part["measured"] is None else f": {float(part['measured']):.3g} {part['unit']}".rstrip()
    return f"{part['status']}: {part['meaning']}{measured}. {part['remedy']}".strip()


def _volume(rig: CameraRig, grid: dict[str, Any]) -> ErrorMap:
    shape = tuple(int(count) for count in grid["shape"])
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError("no grid")
    places = np.array(grid["places_m"], float).reshape(*shape, 3)
    calibration_mm, noise_mm = (
        np.array([_number(value) for value in grid[name]]).reshape(shape)
        for name in ("calibration_sd_mm", "noise_sd_mm")
    )
    if not np.isfinite(places).all():
        raise ValueError("places are missing")
    return ErrorMap(places, display_axes(rig), calibration_mm, noise_mm, np.array(grid["n_views"], int).reshape(shape))


def _boards(part: Any) -> Boards | None:
    if part is None:
        return None
    poses = np.array(part["world_from_board"], float).reshape(-1, 4, 4)
    corners = np.array(part["corners_m"], float).reshape(-1, 3)
    faces = tuple(np.array(face, int) for face in part["faces"])
    frames, n_cameras = np.array(part["frames"], int), np.array(part["n_cameras"], int)
    known = np.isfinite(poses).all() and np.isfinite(corners).all() and len(frames) == len(n_cameras) == len(poses)
    if not known or any(face.size and not (face.min() >= 0 and face.max() < len(corners)) for face in faces):
        raise ValueError("no boards")
    return Boards(frames, poses, n_cameras, corners, faces) if len(poses) else None


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _damaged(cause: str) -> FormatError:
    return FormatError(cause, "Calibrate again.", code="CALIBRATION_TABLE")
