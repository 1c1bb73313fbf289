"""Segment frames from landmarks, ISB axes: X anterior, Y up, Z to the subject's right.

Every function takes and returns vectors and frames over time in one common frame of reference; `side` is +1 for the
right leg and -1 for the left. Sources: ISB recommendations (Wu 2002), Plug-in Gait for plane and origin of the pelvis.
"""

from mocap.kinematics.traced import Frame, Vec, combine, difference, frame, mean


def pelvis_frame(right_asis: Vec, left_asis: Vec, mid_psis: Vec) -> Frame:
    """Return the pelvis: Z along the ASIS line to the right, X forward in the plane of the ASIS and mid-PSIS."""
    return frame(difference(right_asis, left_asis), difference(mean([right_asis, left_asis]), mid_psis), "zx")


def thorax_frame(c7: Vec, t10: Vec, clav: Vec, strn: Vec) -> Frame:
    """Return the thorax: Y from mid(STRN, T10) to mid(CLAV, C7), Z normal to the plane of CLAV, C7, mid(STRN, T10)."""
    upward = difference(mean([clav, c7]), mean([strn, t10]))
    return frame(upward, difference(clav, c7), "yx")


def knee_axis(lateral: Vec, medial: Vec, *, side: float) -> Vec:
    """Return the line between two condyles or malleoli that points to the subject's right on both sides."""
    return combine((side, -side), (lateral, medial))


def long_bone_frame(upper: Vec, lower: Vec, rightward: Vec) -> Frame:
    """Return femur or shank: Y from the lower to the upper joint centre, X perpendicular to Y and `rightward`."""
    return frame(difference(upper, lower), rightward, "yz")


def foot_frame(heel: Vec, first_metatarsal: Vec, fifth_metatarsal: Vec, *, side: float) -> Frame:
    """Return the anatomical foot: X from the heel to mid(MT1, MT5), Y dorsal, Z to the right."""
    forward = difference(mean([first_metatarsal, fifth_metatarsal]), heel)
    return frame(forward, knee_axis(fifth_metatarsal, first_metatarsal, side=side), "xz")


def floor_frame(up: Vec, forward: Vec) -> Frame:
    """Return the upright frame whose X is the horizontal part of `forward`."""
    return frame(up, forward, "yx")
