"""Landmarks that were touched with a pointer, put into the static as if each carried a marker there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.anatomical.joints import CalibrationRecordings, movement_positions, same_person
from mocap.kinematics.anatomical.pointer import clicked_place, placed_in_static, touch
from mocap.kinematics.anatomical.pointer_tip import calibrate_pointer, pointer_positions, tip_positions
from mocap.kinematics.landmarks import TRACKED, calibrate
from mocap.kinematics.marker_sets import MarkerSet
from mocap.kinematics.options import KinematicsOptions
from mocap.trial import Verdict


@dataclass(frozen=True, eq=False)
class TouchedLandmarks:
    """Touched landmarks in the static's quiet frames, shape (time, 3) each, m, and what is to be told of them."""

    positions: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    facts: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))
    verdicts: tuple[Verdict, ...] = ()


def find_touched(
    recordings: CalibrationRecordings,
    marker_set: MarkerSet,
    static: Mapping[str, NDArray],
    options: KinematicsOptions,
    every_frame: Mapping[str, NDArray],
) -> TouchedLandmarks:
    """Return the landmarks that were touched.

    Parameters
    ----------
    recordings : CalibrationRecordings
    marker_set : MarkerSet
    static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames of the static, ISB-turned world, m.
    options : KinematicsOptions
    every_frame : mapping of str to ndarray, shape (time, 3)
        Landmarks in all frames of the static, of which the clicks count.

    Returns
    -------
    TouchedLandmarks
        A landmark that was touched more than once is the mean, its scatter told.

    Raises
    ------
    KinematicsError
        POINTER_PIVOT without the pivot recording; POINTER_CLUSTER where nothing carries the landmark; those of
        `calibrate_pointer`, `tip_positions`, `touch` and `movement_positions`.
    """
    _check_pelvis(recordings.pointed_names, options.pelvis)
    facts: dict[str, float | str] = {}
    places: dict[str, list[NDArray]] = {}
    for click in recordings.clicked:
        places.setdefault(click.name, []).append(
            clicked_place(click, static, every_frame, options.pelvis, recordings.pointed_names)
        )
        facts[f"clicked_{click.name}_residual_px"] = click.residual_px
        facts[f"clicked_{click.name}_sd_m"] = click.sd_m
    verdicts: tuple[Verdict, ...] = ()
    if recordings.pointed:
        verdicts = _touch_all(recordings, marker_set, static, options, places, facts)
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
    return TouchedLandmarks(MappingProxyType(positions), MappingProxyType(facts), verdicts)


def check_carried(touched: Mapping[str, NDArray], static: Mapping[str, NDArray]) -> None:
    """Refuse touched landmarks that nothing carries into other trials: the marker is dropped, and nothing replaces it.

    Parameters
    ----------
    touched, static : mapping of str to ndarray, shape (time, 3)
        Landmarks that were touched, and all of the static with them, m.

    Raises
    ------
    KinematicsError
        POINTER_CLUSTER.
    """
    places = calibrate(static, set(static) - set(touched)).places
    lost = [name for name in touched if name not in places]
    if lost:
        raise KinematicsError(
            f"{', '.join(lost)}: pointed at or clicked, and no plate or cluster of three markers carries it through "
            "the other trials.",
            "Put a plate or a cluster of three markers on the segment, or keep the landmark's marker.",
            code="POINTER_CLUSTER",
        )


def _check_pelvis(touched: Sequence[str], pelvis: str) -> None:
    """Refuse to touch the pelvis where no sacral plate is used, which alone could carry what was touched."""
    of_pelvis = [name for name in touched if name in TRACKED["pelvis"][1]]
    if pelvis == "landmarks" and of_pelvis:
        raise KinematicsError(
            f"{', '.join(of_pelvis)}: pointed at or clicked, and pelvis=landmarks leaves the sacral plate aside, which "
            "alone could carry it through the other trials.",
            "Leave pelvis=landmarks out, or keep the landmark's marker and do not point at it.",
            code="POINTER_CLUSTER",
        )


def _touch_all(
    recordings: CalibrationRecordings,
    marker_set: MarkerSet,
    static: Mapping[str, NDArray],
    options: KinematicsOptions,
    places: dict[str, list[NDArray]],
    facts: dict[str, float | str],
) -> tuple[Verdict, ...]:
    if recordings.pivot is None:
        raise KinematicsError(
            "Landmarks were pointed at, and no recording tells where the pointer's tip is.",
            "Give the recording in which the pointer pivots about its tip too.",
            code="POINTER_PIVOT",
        )
    pointer = calibrate_pointer(pointer_positions(recordings.pivot))
    facts |= {"pointer_tip_residual_m": pointer.residual_m, "pointer_tip_sd_m": pointer.sd_m}
    skip = recordings.pointed_names
    same: list[Verdict | None] = []
    for landmark, points in recordings.pointed:
        owner = f"recording that points at {landmark}"
        seen, person = movement_positions(points, marker_set, static, owner, options.static_check == "refuse")
        same.append(person)
        tip = tip_positions(pointer, pointer_positions(points))
        found = touch(landmark, tip, seen, static, points.rate_hz, options.pelvis, skip)
        places.setdefault(landmark, []).append(placed_in_static(found, static))
        told = {"sd_m": found.sd_m, "rest_s": found.rest_s, "at_s": found.at_s}
        facts |= {f"pointed_{landmark}_{what}": value for what, value in told.items()}
    return same_person("pointing", same)
