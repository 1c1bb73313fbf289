"""Names that files, types and screens share: axis names, status flags, conventions.

World: right-handed, Z up, metres, X the nominal facing direction, Y to the left; gravity is -Z.
Inside the program: metres, seconds, radians, pixels. In files and on screens angles are in degrees.
Axis order: (camera, time, keypoint, coordinate), leaving out what is absent. Missing is NaN plus a status.
"""

from enum import IntFlag

FORMAT = "mocap-trial"
FORMAT_VERSION = 2
SPACE = ("x", "y", "z")
UV = ("u", "v")
COVARIANCE_TERMS = ("xx", "xy", "xz", "yy", "yz", "zz")
GRAVITY_VECTOR = (0.0, 0.0, -9.81)

# Length units of other programs' files.
METRES_PER = {
    "mm": 1e-3, "millimeter": 1e-3, "millimeters": 1e-3, "millimetre": 1e-3, "millimetres": 1e-3,
    "cm": 1e-2, "centimeter": 1e-2, "centimeters": 1e-2, "centimetre": 1e-2, "centimetres": 1e-2,
    "dm": 1e-1, "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0,
    "in": 0.0254, "inch": 0.0254, "inches": 0.0254, "ft": 0.3048, "feet": 0.3048,
}  # fmt: skip


class Status(IntFlag):
    """How a 3D sample came to be; survives every later stage and every export. 0 is missing.

    A doubtful sample keeps its value, though something speaks against it: the verdicts of the trial tell what.
    """

    MEASURED = 1
    FILLED = 2
    FILTERED = 4
    EDITED = 8
    REJECTED = 16
    DOUBTFUL = 32
