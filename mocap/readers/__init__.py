"""Files of other programs, read into the types of the flow. Conversions of units and axes happen here alone."""

from mocap.readers.c3d import read_c3d
from mocap.readers.imported import Analog, ForcePlate, Imported, ImportedEvent
from mocap.readers.mot import MotionTable, read_mot
from mocap.readers.motion import read_motion
from mocap.readers.trc import read_trc

__all__ = [
    "Analog",
    "ForcePlate",
    "Imported",
    "ImportedEvent",
    "MotionTable",
    "read_c3d",
    "read_mot",
    "read_motion",
    "read_trc",
]
