"""Synthetic cameras and rendered calibration boards with known truth, from a seed."""

from importlib import import_module
from typing import Any

_LAZY = {
    "ring_rig": "calibration.synthetic.rigs",
    "RenderOptions": "calibration.synthetic.boards",
    "board_poses": "calibration.synthetic.footage",
    "floor_pose": "calibration.synthetic.footage",
    "render_board": "calibration.synthetic.boards",
    "render_calibration_footage": "calibration.synthetic.footage",
}

__all__ = list(_LAZY)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'calibration.synthetic' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
