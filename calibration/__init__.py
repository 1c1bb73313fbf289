"""Cameras and frames: boards seen by the cameras become a `CameraRig` in a gravity-aligned world.

A leaf: imports nothing from `mocap`. Heavy parts load on first use, so that importing stays fast.
"""

from importlib import import_module
from typing import Any

from calibration.camera import Camera, CameraRig
from calibration.errors import MocapError

_LAZY = {
    "read_rig": "calibration.files",
    "write_rig": "calibration.files",
    "Board": "calibration.boards.board",
    "read_board": "calibration.boards.board",
    "write_board": "calibration.boards.board",
    "write_board_pdf": "calibration.boards.board_page",
    "find_sources": "calibration.sources",
    "detect_board": "calibration.detection",
    "BoardObservations": "calibration.observations",
    "calibrate": "calibration.recipe",
}

__all__ = ["Camera", "CameraRig", "MocapError", *_LAZY]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'calibration' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
