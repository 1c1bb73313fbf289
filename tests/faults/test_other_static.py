"""A static of someone of the same size, or in which nobody stands still, is found in all models."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.synthetic import default_subject, hip_hinge, squat, static_standing, walking
from mocap.synthetic.soft_tissue import with_skin_motion
from mocap.trial import Points3D

MOVEMENTS = {"squat": lambda person: squat(person, repetitions=1), "walk": walking,
             "hinge": lambda person: hip_hinge(person, repetitions=1)}  # fmt: skip
MODELS = ("segments", "skeleton", "plug-in-gait")
LABELS = {"ASIS": "ASI", "PSIS": "PSI", "TH2": "THI", "LFE": "KNE", "SH2": "TIB", "LMAL": "ANK", "HEEL": "HEE",
          "MT2": "TOE"}  # fmt: skip
PERSON = {f"{name}_{side}_m": value for side in "rl"
          for name, value in (("leg_length", 0.9), ("knee_width", 0.1), ("ankle_width", 0.07))}  # fmt: skip
LANDMARK_M, CLUSTER_M = 0.008, 0.025
"""SD per axis of where another person's markers are on the skin: landmarks as they are palpated, clusters anywhere."""


def others_markers(static: Points3D, seed: int) -> Points3D:
    rng, position = np.random.default_rng(1000 + seed), static.position.copy()
    for column, name in enumerate(static.names):
        if not name.startswith(("SAC", "T12_")):
            position[:, column] += rng.normal(0, CLUSTER_M if name[1:3] in ("TH", "SH") else LANDMARK_M, 3)
    return Points3D(position, static.names, static.rate_hz)


def recordings(movement: str, seed: int) -> tuple[Points3D, Points3D, Points3D, Points3D]:
    """A trial with moving skin, the person's static, one of another of the same stature, and one who walks."""
    person, other = (default_subject(1.75, seed=seed + more) for more in (0, 50))
    moving = with_skin_motion(MOVEMENTS[movement](person), seed)
    noise = np.random.default_rng(seed).normal(0, 0.001, moving.position.shape)
    trial = Points3D(moving.position + noise, moving.names, moving.rate_hz)
    own, foreign = (static_standing(one, seconds=1.0).points for one in (person, other))
    return trial, own, others_markers(foreign, seed), walking(person).points


def verdict_or_code(trial: Points3D, static: Points3D, model: str, check: str = "refuse") -> str:
    options, marks, person = KinematicsOptions(model=model, static_check=check), "landmarks", {}
    if model == "plug-in-gait":
        trial, static = (
            replace(one, names=tuple(f"{n[0]}{LABELS[n[1:]]}" if n[1:] in LABELS else n for n in one.names))
            for one in (trial, static)
        )
        marks, person = "plug-in-gait-lower", PERSON
    try:
        found = kinematics(
            trial, marks, static, options=options, subject=person, static_subject=person, measured=False
        ).verdicts
    except KinematicsError as refused:
        return refused.code
    names = ("static_same_subject", "static_same_placement")
    return " ".join(one.name for one in found if one.name in names and not one.passed)


@pytest.mark.parametrize("model", MODELS)
def test_another_ones_static_is_found_though_of_the_same_size(model: str) -> None:
    trial, own, other, moving = recordings("squat", 1)
    if model == "segments":
        assert verdict_or_code(trial, own, model) == ""
        assert "static_same_placement" in verdict_or_code(trial, other, model, "flag")
    found = verdict_or_code(trial, other, model)
    assert found == "STATIC_OTHER_SUBJECT" if model != "plug-in-gait" else found
    assert verdict_or_code(trial, moving, model) == "STATIC_MOVING"


def test_a_static_of_another_marker_set_is_refused_and_one_with_few_of_the_landmarks_told() -> None:
    person = default_subject(seed=1)
    trial, static = squat(person, repetitions=1).points, static_standing(person, seconds=0.5).points
    pelvis = ("RASIS", "LASIS", "RPSIS", "LPSIS")
    for kept, n_shared in (((), "no label"), (("C7", "T10"), "2 of the trial's"), ((*pelvis, "C7", "T10"), "")):
        other = replace(static, names=tuple(one if one in kept else f"other_{one}" for one in static.names))
        if n_shared:
            with pytest.raises(KinematicsError, match=f"MARKER_SET_MISMATCH.*{n_shared}"):
                kinematics(trial, "landmarks", other, measured=False)
        else:
            (told,) = (one for one in kinematics(trial, "landmarks", other, measured=False).verdicts
                       if one.name == "static_landmarks")  # fmt: skip
            assert not told.passed and "C7, LASIS, LPSIS, RASIS, RPSIS, T10" in told.text


@pytest.mark.heavy
@pytest.mark.parametrize("movement", MOVEMENTS)
@pytest.mark.parametrize("model", ["segments", "plug-in-gait"])
def test_another_ones_static_is_found_over_seeds(movement: str, model: str) -> None:
    found = [[verdict_or_code(trial, static, model) for static in statics]
             for trial, *statics in (recordings(movement, seed) for seed in range(20))]  # fmt: skip
    own, other, moving = zip(*found, strict=True)
    assert set(own) == {""}
    assert set(moving) == {"STATIC_MOVING"}
    refused, told = (sum(map(test, other)) / len(other) for test in (lambda one: one == "STATIC_OTHER_SUBJECT", bool))
    if model == "segments":
        assert refused == 1.0
    else:
        # Three markers on each foot, four on the pelvis: measured 0.35 to 0.4 refused, 0.9 to 1.0 told.
        assert told >= 0.9
