"""Multi-camera motion capture: keypoints become points, points become angles with their uncertainty.

All parts load on first use, so that ``import mocap`` stays fast and needs no display.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocap.errors import MocapError
    from mocap.trial import JointAngles, Keypoints2D, Points3D, Timeline, Trial

__version__ = "0.1.0"

_TYPES = ("JointAngles", "Keypoints2D", "Points3D", "Timeline", "Trial")
_LAZY = {
    **dict.fromkeys(_TYPES, "mocap.trial"),
    "MocapError": "mocap.errors",
    "reconstruct": "mocap.reconstruction",
    "joint_angles": "mocap.kinematics",
    "read_trial": "mocap.storage",
    "write_trial": "mocap.storage",
}

__all__ = ["JointAngles", "Keypoints2D", "MocapError", "Points3D", "Timeline", "Trial", "__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'mocap' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
