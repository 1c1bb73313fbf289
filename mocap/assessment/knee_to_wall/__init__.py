"""The knee-to-wall test (weight-bearing lunge): distance of the toes from the wall and inclination of the shank."""

from mocap.assessment.knee_to_wall.columns import lunge_columns, side_tables
from mocap.assessment.knee_to_wall.lunges import Lunge, find_lunges, front_leg
from mocap.assessment.knee_to_wall.measured import Measured, measured
from mocap.assessment.knee_to_wall.settings import KneeToWallSettings
from mocap.assessment.knee_to_wall.wall import Wall, find_wall

__all__ = [
    "KneeToWallSettings",
    "Lunge",
    "Measured",
    "Wall",
    "find_lunges",
    "find_wall",
    "front_leg",
    "lunge_columns",
    "measured",
    "side_tables",
]
