"""Hip joint centres from pelvis size: the published regressions, in pelvis axes (X anterior, Y up, Z right).

All lengths in m; the origin is the midpoint of the ASIS. `side` is +1 for the right hip and -1 for the left.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError

DAVIS_THETA_RAD = 0.5
DAVIS_BETA_RAD = 0.314


@dataclass(frozen=True)
class PelvisSize:
    """What the regressions start from, in m.

    Attributes
    ----------
    width : float
        Between the ASIS.
    depth : float
        From mid-ASIS to mid-PSIS.
    leg_length : float
        ASIS to medial malleolus, mean of both legs; NaN where unknown.
    asis_trochanter : float
        Sagittal ASIS to greater trochanter distance; NaN: estimated from the leg length as Davis does.
    marker_radius : float
        Marker radius (and base), for markers on the skin; 0 for landmarks.
    skin_asis, skin_psis : float
        Soft tissue between the landmark and what stands for it, along the pelvis's forward axis.
    """

    width: float
    depth: float
    leg_length: float = float("nan")
    asis_trochanter: float = float("nan")
    marker_radius: float = 0.0
    skin_asis: float = 0.0
    skin_psis: float = 0.0


def harrington(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Harrington 2007, one predictor per axis."""
    x, y, z = -0.24 * size.depth - 0.0099, -0.30 * size.width - 0.0109, 0.33 * size.width + 0.0073
    return np.array([x - size.marker_radius, y, side * z])


def harrington_full(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Harrington 2007, all predictors."""
    y = -0.16 * size.width - 0.04 * size.leg_length - 0.0071
    z = 0.28 * size.depth + 0.16 * size.width + 0.0079
    return np.array([-0.24 * size.depth - 0.0099 - size.marker_radius, y, side * z])


def harrington_width(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Harrington 2007 from the pelvis width alone (Sangeux)."""
    x, y, z = -0.138 * size.width - 0.0104, -0.305 * size.width - 0.0109, 0.33 * size.width + 0.0073
    return np.array([x - size.marker_radius, y, side * z])


def harrington_leg(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Harrington 2007 from the leg length alone."""
    leg = size.leg_length
    x, y, z = -0.041 * leg - 0.0063, -0.083 * leg - 0.0079, 0.0874 * leg + 0.0054
    return np.array([x - size.marker_radius, y, side * z])


def hara(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Hara 2016."""
    leg = size.leg_length
    x, y, z = 0.011 - 0.063 * leg, -0.009 - 0.078 * leg, 0.008 + 0.086 * leg
    return np.array([x - size.marker_radius, y, side * z])


def bell(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Bell 1990."""
    x, y, z = -0.19 * size.width, -0.30 * size.width, 0.36 * size.width
    return np.array([x - size.marker_radius, y, side * z])


def davis(size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre, shape (3,) in m, after Davis 1991 with the angles of Plug-in Gait.

    The marker radius is part of the formula: the origin is the midpoint of the marker centres.
    """
    known = np.isfinite(size.asis_trochanter)
    reach = (size.asis_trochanter if known else 0.1288 * size.leg_length - 0.04856) + size.marker_radius
    c = 0.115 * size.leg_length - 0.0153
    sin_b, cos_b = np.sin(DAVIS_BETA_RAD), np.cos(DAVIS_BETA_RAD)
    x = c * np.cos(DAVIS_THETA_RAD) * sin_b - reach * cos_b
    y = -c * np.cos(DAVIS_THETA_RAD) * cos_b - reach * sin_b
    return np.array([x, y, -side * (c * np.sin(DAVIS_THETA_RAD) - size.width / 2)])


METHODS: dict[str, Callable[[PelvisSize, float], NDArray]] = {
    "harrington": harrington,
    "harrington_full": harrington_full,
    "harrington_width": harrington_width,
    "harrington_leg": harrington_leg,
    "hara": hara,
    "bell": bell,
    "davis": davis,
}
NEEDS_LEG_LENGTH = frozenset({"harrington_full", "harrington_leg", "hara", "davis"})


def hip_centre(method: str, size: PelvisSize, side: float) -> NDArray:
    """Return the hip centre in pelvis axes, shape (3,) in m, by a named regression.

    Parameters
    ----------
    method : str
        One of `METHODS`; `harrington` is the project's default.
    size : PelvisSize
        As seen on the skin.
    side : float
        +1 right, -1 left.

    Raises
    ------
    KinematicsError
        HIP_METHOD for an unknown method, LEG_LENGTH when the method needs one and there is none.
    """
    if method not in METHODS:
        raise KinematicsError(
            f"There is no hip centre method '{method}'.", f"Choose one of {', '.join(METHODS)}.", code="HIP_METHOD"
        )
    if method in NEEDS_LEG_LENGTH and not np.isfinite(size.leg_length):
        raise KinematicsError(
            f"The hip centre method '{method}' needs the leg length, which is not known.",
            "Give leg_length_m, a static trial with medial malleoli, or use the method 'harrington'.",
            code="LEG_LENGTH",
        )
    # ASIS and PSIS lie that much deeper than they are seen: the pelvis is less deep, and its origin farther back.
    bone = replace(size, depth=size.depth - size.skin_asis - size.skin_psis)
    return METHODS[method](bone, side) - np.array([size.skin_asis, 0.0, 0.0])
