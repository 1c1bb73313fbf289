"""A trial with angles as the assessment sees it."""

import json
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.lab import LabFigures
from mocap.assessment.movement import Movement
from mocap.config.reliability import Reliability, mdc95_or_default, read_reliability
from mocap.errors import AssessmentError
from mocap.kinematics.marker_sets import find_marker_set, match, read_marker_set
from mocap.pipeline.point_noise import trial_noise_correlation
from mocap.trial import Table, Trial

_CENTRES = {"femur": "HJC", "shank_proximal": "KJC", "shank_distal": "AJC"}
_BAR = {"BAR_R": ("BAR_R", "BARR", "RBAR", "R_BAR", "BAR1"), "BAR_L": ("BAR_L", "BARL", "LBAR", "L_BAR", "BAR2")}
_WALL = ("WALL1", "WALL2", "WALL3")
_CARRIED = "place_"
OWN_LABELS = "landmark_labels"
"""Of the step `kinematics`: labels by landmark, as JSON, where the marker set is a file of the lab's own."""


def movement_of(trial: Trial, reliability: Reliability, others: Mapping[str, Table] | None = None) -> Movement:
    """Return what an assessment is made from; `others` are tables of other tests of the person, by task.

    Raises
    ------
    AssessmentError
        NO_ANGLES
    """
    if trial.angles is None or not trial.angles.names:
        raise AssessmentError(
            f"Trial {trial.trial_id} holds no joint angles, of which an assessment is made.",
            f"Compute them first: mocap kinematics {trial.trial_id}.h5 --static STANDING --out angles.h5.",
            code="NO_ANGLES",
        )
    measures = {one.name: one for one in (() if trial.segments is None else trial.segments.measures)}
    return Movement(
        angles=trial.angles,
        places=places_of(trial),
        measures={name: one for name, one in measures.items() if not name.startswith(_CARRIED)},
        subject=trial.subject,
        context=trial.context,
        correlation=trial_noise_correlation(trial),
        filtered=trial.points_smoothed is not None,
        gravity_known=trial.gravity_known,
        others=others or {},
        events=tuple(one for one in trial.events if one.source != "detected"),
        mdc95=partial(mdc95_or_default, reliability, read_reliability()),
        lab=partial(lab_figures, reliability),
    )


def lab_figures(
    reliability: Reliability, name: str, unit: str, repetitions: tuple[int, int] = (0, 0)
) -> LabFigures | None:
    """Return what the lab's own reliability tells of a metric; None of the default, or where it lacks the metric."""
    one = reliability.entry(name, unit) if reliability.from_lab else None
    if one is None:
        return None
    mdc95 = one.mdc95_between(*repetitions)
    norm = one.norm_mean, one.norm_sd, one.norm_people
    return LabFigures(mdc95, one.sem, f"from reliability {reliability.called}", *norm)


def places_of(trial: Trial) -> dict[str, NDArray]:
    """Return landmarks as measured, those that are carried, and joint centres; each (time, 3) in the world."""
    points = trial.points_smoothed or trial.points
    index = {name: k for k, name in enumerate(points.names)}
    places = {name: points.position[:, index[label]] for name, label in _labels(trial, points.names).items()}
    if trial.segments is not None:
        for segment, name in enumerate(trial.segments.names):
            base, _, side = name.rpartition("_")
            if base in _CENTRES:
                places[side.upper() + _CENTRES[base]] = trial.segments.world_from_segment[:, segment, :3, 3]
        for one in trial.segments.measures:
            if one.name.startswith(_CARRIED):
                places[one.name.removeprefix(_CARRIED)] = one.values
    return {name: place for name, place in places.items() if np.isfinite(place).any()}


def label_of(trial: Trial) -> dict[str, str]:
    """Return the labels of the points of a trial by landmark (`RHEEL`, ...), as its angles were made from them."""
    return dict(_label_of(trial, trial.points.names))


def _labels(trial: Trial, names: tuple[str, ...]) -> dict[str, str]:
    """Return the labels of canonical landmarks, of the bar's ends and of a wall."""
    labels = dict(_label_of(trial, names))
    plain = {name.rsplit(":", 1)[-1].upper(): name for name in names}
    for end, choices in _BAR.items():
        there = [plain[choice] for choice in choices if choice in plain]
        labels |= {end: there[0]} if there else {}
    return labels | {one: plain[one] for one in _WALL if one in plain}


def _label_of(trial: Trial, names: tuple[str, ...]) -> Mapping[str, str]:
    """Return the labels of landmarks by the marker set of the angles."""
    made = next((one.parameters for one in trial.operations if one.name == "kinematics"), {})
    if OWN_LABELS in made:
        stated: dict[str, str] = json.loads(str(made[OWN_LABELS]))
        return {name: label for name, label in stated.items() if label in names}
    known = str(made.get("marker_set", ""))
    return (match(read_marker_set(known), names) if known else find_marker_set(names)).label_of
