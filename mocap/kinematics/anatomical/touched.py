"""Landmarks that were touched with a pointer, put into the static as if each carried a marker there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.anatomical.joints import CalibrationRecordings, movement_positions
from mocap.kinematics.anatomical.pointer import (
    calibrate_pointer,
    placed_in_static,
    pointer_positions,
    tip_positions,
    touch,
)
from mocap.kinematics.marker_sets import MarkerSet
from mocap.kinematics.options import KinematicsOptions


@dataclass(frozen=True, eq=False)
class TouchedLandmarks:
    """Touched landmarks in the static's quiet frames, shape (time, 3) each, m, and what is to be told of them."""

    positions: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    facts: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))


def find_touched(
    recordings: CalibrationRecordings, marker_set: MarkerSet, static: Mapping[str, NDArray], options: KinematicsOptions
) -> TouchedLandmarks:
    """Return the landmarks that were touched.

    Parameters
    ----------
    recordings : CalibrationRecordings
    marker_set : MarkerSet
    static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames of the static, ISB-turned world, m.
    options : KinematicsOptions

    Returns
    -------
    TouchedLandmarks
        A landmark that was touched more than once is the mean, its scatter told.

    Raises
    ------
    KinematicsError
        POINTER_PIVOT without the pivot recording; those of `calibrate_pointer`, `tip_positions`, `touch` and
        `movement_positions`.
    """
    if not recordings.pointed:
        return TouchedLandmarks()
    if recordings.pivot is None:
        raise KinematicsError(
            "Landmarks were pointed at, and no recording tells where the pointer's tip is.",
            "Give the recording in which the pointer pivots about its tip too.",
            code="POINTER_PIVOT",
        )
    pointer = calibrate_pointer(pointer_positions(recordings.pivot))
    facts: dict[str, float | str] = {
        "pointer_tip_residual_m": pointer.residual_m, "pointer_tip_sd_m": pointer.sd_m
    }  # fmt: skip
    skip = recordings.pointed_names
    places: dict[str, list[NDArray]] = {}
    for landmark, points in recordings.pointed:
        owner = f"recording that points at {landmark}"
        seen = movement_positions(points, marker_set, static, owner, options.static_check == "refuse")
        tip = tip_positions(pointer, pointer_positions(points))
        found = touch(landmark, tip, seen, static, points.rate_hz, options.pelvis, skip)
        places.setdefault(landmark, []).append(placed_in_static(found, static))
        facts[f"pointed_{landmark}_sd_m"] = found.sd_m
    positions = {}
    for landmark, several in places.items():
        positions[landmark] = np.mean(several, axis=0)
        if len(several) > 1:
            apart = np.linalg.norm(np.stack(several) - positions[landmark], axis=2)
            facts[f"pointed_{landmark}_spread_m"] = float(np.nanmax(np.nanmean(apart, axis=1)))
        if landmark in static:
            off = np.linalg.norm(positions[landmark] - static[landmark], axis=1)
            if np.isfinite(off).any():
                facts[f"pointed_{landmark}_from_marker_m"] = float(np.nanmedian(off))
    return TouchedLandmarks(MappingProxyType(positions), MappingProxyType(facts))
