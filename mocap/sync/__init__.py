"""One timeline for all cameras: whose clock is off, by how much, and the keypoints at common instants."""

from mocap.sync.lost import find_lost_frames
from mocap.sync.lost_holes import LostFrames
from mocap.sync.motion import estimate_offsets
from mocap.sync.motion_options import MotionSyncOptions
from mocap.sync.resample import Resampled, common_times, resample_keypoints
from mocap.sync.rows import without_rows

__all__ = [
    "LostFrames", "MotionSyncOptions", "Resampled", "common_times", "estimate_offsets", "find_lost_frames",
    "resample_keypoints", "without_rows",
]  # fmt: skip
