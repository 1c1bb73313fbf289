"""What a trial lacks and what is open, in words: no display."""

from dataclasses import replace

import numpy as np
import pytest

from calibration import CameraRig
from mocap.pipeline.sample_trials import sample_trial
from mocap.trial import JointAngles, Points3D, Trial, Verdict
from mocap.viewer.facts import checks, facts
from mocap.viewer.lacking import lacking
from mocap.viewer.plain_layers import plain_layers
from mocap.viewer.review import ViewOnly


@pytest.fixture(scope="module")
def walk():
    return sample_trial("walk")


def blind(angles: JointAngles) -> JointAngles:
    definitions = tuple(replace(one, observable=False, reason="") for one in angles.definitions)
    return JointAngles(definitions, np.full(angles.values.shape, np.nan), angles.rate_hz)


def one_view(trial: Trial) -> dict[str, object]:
    points = Points3D(trial.points.position, trial.points.names, trial.points.rate_hz)
    return {"rig": CameraRig(tuple(trial.rig)[:1]), "keypoints": None, "points": points}


def lost(points: Points3D) -> Points3D:
    return Points3D(np.full(points.position.shape, np.nan), points.names, points.rate_hz)


@pytest.mark.parametrize(("change", "words"), [
    (lambda trial: {"rig": None, "keypoints": None}, "No cameras"),
    (one_view, "There is one camera (cam_0)"),
    (lambda trial: {"angles": None}, "No angles are stored"),
    (lambda trial: {"angles": blind(trial.angles)}, "No angle can be observed"),
    (lambda trial: {"assessments": ()}, "No movement is assessed yet"),
    (lambda trial: {"gravity_known": False}, "Which way is up is not known"),
    (lambda trial: {"points": lost(trial.points)}, "No point is known"),
])  # fmt: skip
def test_each_thing_that_lacks_is_one_sentence(walk, change, words):
    (sentence,) = lacking(replace(walk, **change(walk)))
    assert sentence.startswith(words)


def test_a_whole_trial_lacks_nothing(walk):
    assert lacking(walk) == ()


def test_the_facts_say_what_is_open_and_why_nothing_can_be_decided(walk):
    lines = facts(ViewOnly(walk, "it is a sample", ("No cameras.",)).review, "/data/walk.h5", "it is a sample")
    assert lines[:4] == [
        "sample walk, subject SAMPLE", "300 frames at 50.00 Hz (6.00 s), 56 points, 4 cameras",
        f"{sum(one.observable for one in walk.angles.definitions)} angles observed; assessed as gait", "from walk.h5",
    ]  # fmt: skip
    assert lines[-2:] == ["No cameras.", "Nothing can be decided here: it is a sample."]


def test_checks_that_did_not_hold_are_told_one_by_one():
    held = Verdict("clock", 0.1, 1.0, "ms", True)
    failed = Verdict("floor", 12.34, 10.0, "mm", False, "The floor is not level.")
    unknown = Verdict("scale", float("nan"), float("nan"), "1", False, "Nothing tells the scale.")
    assert checks((held,)) == ["1 check made, all held"]
    assert checks(()) == ["No checks are stored."]
    assert checks((held, failed, unknown)) == [
        "LOOK floor: 12.3 mm (limit 10.0). The floor is not level.", "LOOK scale: Nothing tells the scale.",
    ]  # fmt: skip


def test_plain_layers_hold_what_is_drawn(walk):
    ((data, known, kind),) = plain_layers(walk)
    finite = np.isfinite(walk.points.position).all(axis=2)
    assert kind == "points"
    assert data.shape == (finite.sum(), 4)
    np.testing.assert_array_equal(data[:, 1:], walk.points.position[finite])
    assert len(known["features"]["name"]) == len(data) == len(known["face_color"])
