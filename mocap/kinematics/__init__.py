"""Points become segment poses and joint angles with their uncertainty.

Inside the package everything is in ISB axes (X anterior, Y up, Z right); the world is turned once, at the door.
"""

from mocap.kinematics.anatomical.joints import NO_RECORDINGS, CalibrationRecordings, Clicked
from mocap.kinematics.definitions import GRAVITY_ANGLES, VERDICT_NAMES
from mocap.kinematics.joint_angles import Kinematics, joint_angles, joint_centres, kinematics, segment_poses
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.placement import Placement
from mocap.trial import Change, change_between

__all__ = [
    "GRAVITY_ANGLES",
    "NO_RECORDINGS",
    "VERDICT_NAMES",
    "CalibrationRecordings",
    "Change",
    "Clicked",
    "Kinematics",
    "KinematicsOptions",
    "Placement",
    "change_between",
    "joint_angles",
    "joint_centres",
    "kinematics",
    "segment_poses",
]
