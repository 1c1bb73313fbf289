"""Inputs that an analysis took in go with it when it is made anew; those of the recording itself stay."""

import numpy as np

from mocap.pipeline.analysis_inputs import with_input_names, without_former_inputs
from mocap.trial import Operation, Points3D, Trial

DIGESTS = {name: f"{place:064x}" for place, name in enumerate(("squat.c3d", "standing one.h5", "hip.h5"))}
STEPS = (Operation("import", {"files": "squat.c3d"}), Operation("kinematics", {"model": "segments"}))


def a_trial(*steps: Operation) -> Trial:
    return Trial("t", points=Points3D(np.zeros((2, 1, 3)), ("p",), 100.0), inputs=DIGESTS, operations=steps)


def test_inputs_of_a_former_analysis_alone_are_left_out() -> None:
    told = with_input_names(a_trial(*STEPS), ["standing one.h5", "hip.h5"])
    assert dict(without_former_inputs(told).inputs) == {"squat.c3d": DIGESTS["squat.c3d"]}
    # Other steps, and what else the analysis says of itself, stay.
    assert told.operations[0] is STEPS[0]
    assert told.operations[1].parameters["model"] == "segments"
    assert dict(told.inputs) == DIGESTS


def test_an_analysis_of_the_points_alone_leaves_all_inputs() -> None:
    for trial in (a_trial(), a_trial(*STEPS), with_input_names(a_trial(*STEPS), [])):
        assert dict(without_former_inputs(trial).inputs) == DIGESTS
    assert with_input_names(a_trial(*STEPS), []).operations == STEPS
