"""The world that a calibrated rig stands in: gravity, origin and heading, where they come from and how sure they are.

Sources: a board on the floor in one place or several, an L-frame, surveyed points, an upright wand, plumb lines, a
person's feet, or the frame of one camera (gravity unknown). A source that fails is an error, never another origin.
"""

from calibration.world.boards import FloorBoards, floor_frame
from calibration.world.build import check_landmarks, landmark_frame
from calibration.world.choice import WorldChoice, parse_world
from calibration.world.feet import check_feet, foot_contacts
from calibration.world.floor import (
    check_above_floor,
    check_upright,
    floor_placements,
    floor_positions,
    floor_tilt_covariance,
    floor_tilt_sd,
    root_from_floor,
)
from calibration.world.frame import (
    GRAVITY_FROM_FLOOR,
    GRAVITY_UNKNOWN,
    WorldFrame,
    camera_frame,
    rig_in_world,
    tilt_limit,
    world_from_metadata,
)
from calibration.world.landmarks import Landmarks, parse_landmarks, read_landmarks
from calibration.world.plane import FloorPlane, fit_floor
from calibration.world.refined import refined_frame

__all__ = [
    "GRAVITY_FROM_FLOOR",
    "GRAVITY_UNKNOWN",
    "FloorBoards",
    "FloorPlane",
    "Landmarks",
    "WorldChoice",
    "WorldFrame",
    "camera_frame",
    "check_above_floor",
    "check_feet",
    "check_landmarks",
    "check_upright",
    "fit_floor",
    "floor_frame",
    "floor_placements",
    "floor_positions",
    "floor_tilt_covariance",
    "floor_tilt_sd",
    "foot_contacts",
    "landmark_frame",
    "parse_landmarks",
    "parse_world",
    "read_landmarks",
    "refined_frame",
    "rig_in_world",
    "root_from_floor",
    "tilt_limit",
    "world_from_metadata",
]
