"""From recordings of functional movements to the hip centres and knee axes of a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics import landmarks as lm
from mocap.kinematics import plausibility
from mocap.kinematics.anatomical.functional import (
    Functional,
    Pair,
    StaticFrame,
    find_hip,
    find_knee,
    pair_of,
    regression_or_none,
)
from mocap.kinematics.body import SIDES, Body, Setting, Zeros
from mocap.kinematics.marker_sets import MarkerSet, match
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.options import KinematicsOptions
from mocap.trial import Points3D, Verdict


@dataclass(frozen=True, eq=False)
class Clicked:
    """A landmark that was clicked in views of the static.

    Attributes
    ----------
    name : str
    frame : int
        Of the static, from 0.
    position_world : ndarray, shape (3,)
        m.
    residual_px : float
        RMS distance of the clicks from where the point would be seen.
    sd_m : float
        Standard uncertainty of the position (root of the trace).
    """

    name: str
    frame: int
    position_world: NDArray
    residual_px: float
    sd_m: float


@dataclass(frozen=True, eq=False)
class CalibrationRecordings:
    """Recordings of the same person, made to calibrate beyond the static; all may be left out.

    Attributes
    ----------
    functional_hip, functional_knee : tuple of Points3D
        Movements of the hips (star and arc) and of the knees (bending in the air), taken together.
    closing : Points3D, optional
        A second static at the end of the session; finds a plate that slid.
    pivot : Points3D, optional
        A pointer (markers `PTR1`, `PTR2`, ...) that pivots about its resting tip.
    pointed : tuple of (str, Points3D)
        Landmarks with the recordings in which the tip touches them; a touched landmark counts in place of its marker.
    clicked : tuple of Clicked
        Landmarks that were clicked in views of the static; they count like touched ones.
    """

    functional_hip: tuple[Points3D, ...] = ()
    functional_knee: tuple[Points3D, ...] = ()
    closing: Points3D | None = None
    pivot: Points3D | None = None
    pointed: tuple[tuple[str, Points3D], ...] = ()
    clicked: tuple[Clicked, ...] = ()

    @property
    def pointed_names(self) -> tuple[str, ...]:
        """The landmarks that were touched or clicked, each once."""
        return tuple(dict.fromkeys([*(name for name, _ in self.pointed), *(one.name for one in self.clicked)]))

    @property
    def none(self) -> bool:
        """Whether there is no recording at all."""
        several = (self.functional_hip, self.functional_knee, self.pointed, self.clicked)
        return not any(several) and self.closing is None and self.pivot is None


NO_RECORDINGS = CalibrationRecordings()
GIVEN = "as given with the points"
_NO_FRAME = StaticFrame(np.empty((0, 3, 3)), np.empty((0, 3)))


def movement_positions(
    points: Points3D,
    marker_set: MarkerSet,
    static: Mapping[str, NDArray],
    owner: str,
    refuse: bool,
    without: Sequence[str] = (),
) -> tuple[dict[str, NDArray], Verdict | None]:
    """Return the landmarks of a movement of the person of the static, and whether it is the same person.

    The landmarks `without` are left out: those that the static has from elsewhere than from their markers.

    Raises
    ------
    KinematicsError
        UNITS, SKELETON, LEFT_RIGHT, MEDIAL_LATERAL, HEEL_TOE, and STATIC_OTHER_SUBJECT where `refuse`.
    """
    positions = lm.positions_isb(points, match(marker_set, points.names))
    positions = {name: values for name, values in positions.items() if name not in without}
    if not positions:
        return positions, None
    plausibility.check_body(positions, owner)
    return positions, plausibility.same_subject(static, positions, refuse, owner)


def same_person(recordings: str, found: Iterable[Verdict | None]) -> tuple[Verdict, ...]:
    """Return of verdicts on recordings of one kind the worst, under the name of the kind; nothing of none."""
    told = [verdict for verdict in found if verdict is not None]
    worst = max(told, key=lambda verdict: verdict.measured, default=None)
    return () if worst is None else (replace(worst, name=f"{recordings}_same_subject"),)


def find_functional(
    recordings: CalibrationRecordings,
    marker_set: MarkerSet,
    static: Mapping[str, NDArray],
    found: lm.Landmarks,
    setting: Setting,
    options: KinematicsOptions,
) -> tuple[Functional, tuple[Verdict, ...]]:
    """Return hip centres and knee axes of functional movements, with the verdicts on them.

    Parameters
    ----------
    recordings : CalibrationRecordings
    marker_set : MarkerSet
    static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames of the static, ISB-turned world, m.
    found : Landmarks
        Those of the static as the trial will have them.
    setting, options

    Raises
    ------
    KinematicsError
        Those of `movement_positions`.
    """
    refuse = options.static_check == "refuse"

    # The static has a touched landmark where it was touched, and a movement has only its marker.
    touched = recordings.pointed_names

    def movements(recorded: Sequence[Points3D], joint: str) -> tuple[list[dict[str, NDArray]], tuple[Verdict, ...]]:
        owner = f"functional {joint} trial"
        every = [movement_positions(points, marker_set, static, owner, refuse, touched) for points in recorded]
        return [positions for positions, _ in every], same_person(f"functional_{joint}", (one for _, one in every))

    hips, same_hips = movements(recordings.functional_hip, "hip")
    knees, same_knees = movements(recordings.functional_knee, "knee")
    functional, verdicts = _hips(hips, static, found, setting, options)
    setting = replace(setting, functional=functional)
    with_knees, more = _knees(knees, static, found, setting, options)
    return with_knees, same_hips + same_knees + verdicts + more


def joint_facts(functional: Functional, hip_methods: Mapping[str, str]) -> dict[str, float | str]:
    """Return for the person's record by what each hip centre and knee axis was found; lengths in m, angles in deg.

    `hip_methods` says by side (R, L) what places a hip centre that no movement shows; given ones go before all others.
    """
    facts: dict[str, float | str] = {}
    for side in SIDES:
        low, offset = side.lower(), functional.hip_offset.get(side)
        said, method = functional.hip_words.get(side, ""), hip_methods[side]
        if method == GIVEN:
            offset, said = None, said and "functional movement not used"
        facts[f"hip_centre_{low}"] = said if offset is not None else f"{method}{said and f' ({said})'}"
        if offset is not None:
            facts |= {f"hip_centre_{axis}_{low}_m": float(x) for axis, x in zip("xyz", offset, strict=True)}
        if side in functional.knee_words:
            facts[f"knee_axis_{low}"] = functional.knee_words[side]
        if side in functional.knee_turn_rad:
            facts[f"knee_axis_turn_{low}_deg"] = float(np.rad2deg(functional.knee_turn_rad[side]))
    return facts


def without_given_hips(
    verdicts: Iterable[Verdict], hip_methods: Mapping[str, str]
) -> tuple[Verdict, ...]:
    """Return verdicts, of which those on hips that are given with the points say that no movement is used for them."""
    given = {f"functional_hip_{side.lower()}" for side, method in hip_methods.items() if method == GIVEN}
    words = f"functional movement not used: the hip centre is {GIVEN}"
    return tuple(
        Verdict(one.name, 1.0, 0.0, "1", False, words) if one.name in given else one for one in verdicts
    )


def hips_of(body: Body) -> dict[str, NDArray]:
    """Return the observable hip centres of a body by side, shape (time, 3), m."""
    hips = {}
    for side in SIDES:
        try:
            hips[side] = body.hip(side).value
        except NotObservable:
            continue
    return hips


def _hips(
    movements: list[dict[str, NDArray]],
    static: Mapping[str, NDArray],
    found: lm.Landmarks,
    setting: Setting,
    options: KinematicsOptions,
) -> tuple[Functional, tuple[Verdict, ...]]:
    if not movements:
        return Functional(), ()
    body = Body(found.points, found.poses, setting, Zeros())
    offsets: dict[str, NDArray] = {}
    words: dict[str, str] = {}
    verdicts: tuple[Verdict, ...] = ()
    for side in SIDES:
        pair: Pair | str = pair_of(static, movements, "pelvis", f"femur_{side.lower()}", options.pelvis)
        try:
            frame = StaticFrame(body.pelvis().axes, body.mid_asis().value)
        except NotObservable as missing:
            pair, frame = missing.reason, _NO_FRAME
        hip = find_hip(pair, frame, side, regression_or_none(setting.size, side))
        words[side] = hip.words
        verdicts += hip.verdicts
        if hip.offset is not None:
            offsets[side] = hip.offset
    return Functional(hip_offset=MappingProxyType(offsets), hip_words=MappingProxyType(words)), verdicts


def _knees(
    movements: list[dict[str, NDArray]],
    static: Mapping[str, NDArray],
    found: lm.Landmarks,
    setting: Setting,
    options: KinematicsOptions,
) -> tuple[Functional, tuple[Verdict, ...]]:
    if not movements or options.knee_axis == "epicondyles":
        return setting.functional, ()
    body = Body(found.points, found.poses, setting, Zeros())
    turns: dict[str, float] = {}
    words: dict[str, str] = {}
    verdicts: tuple[Verdict, ...] = ()
    for side in SIDES:
        low = side.lower()
        pair: Pair | str = pair_of(static, movements, f"femur_{low}", f"shank_{low}")
        try:
            frame = StaticFrame(body.femur(side).axes, body.knee(side).value)
        except NotObservable as missing:
            pair, frame = missing.reason, _NO_FRAME
        knee = find_knee(pair, frame, side, options.knee_axis)
        words[side] = knee.words
        verdicts += knee.verdicts
        if knee.turn_rad is not None:
            turns[side] = knee.turn_rad
    functional = replace(
        setting.functional, knee_turn_rad=MappingProxyType(turns), knee_words=MappingProxyType(words)
    )
    return functional, verdicts
