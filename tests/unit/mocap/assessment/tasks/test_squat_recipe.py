"""A set of squats by the whole recipe: what of it rests on stance, other tests and context."""

import numpy as np
import pytest

from mocap.config.protocols import read_protocol
from mocap.pipeline.assess_squat import LABELS, assess_squat
from mocap.synthetic import default_subject, squat
from mocap.trial import Metric, Words, joined

SUBJECT = default_subject(seed=3)


def test_a_set_with_the_tests_beside_it(movement_of) -> None:
    trial = squat(SUBJECT, 3, wink_deg=12.0, wink_onset=0.8)
    side = Words("side", "", ("right", "left"))
    wall = joined("repetitions", 2, [(side, Metric("shank_inclination", "deg", "", np.array([29.0, 40.0])))])
    hinge = joined("repetitions", 1, [(Metric("lumbar_early", "deg", "", np.array([3.0])),)])
    context = {"passive_hip_flexion_deg": 112.0, "load_kg": 20.0}
    movement = movement_of(trial, context=context, others={"knee_to_wall": wall, "hinge": hinge})
    made, events = assess_squat(movement, read_protocol("squat"))
    table = made.repetitions
    assert table.rows == 3 and {one.label for one in events} <= {*LABELS}
    onset = int(np.argmax(trial.truth["pelvic_tilt"][:260]))
    hip, ankle = (trial.truth_deg(f"{name}_r")[onset] for name in ("hip_flexion", "ankle_dorsiflexion"))
    # Measured: 0.3 and 0.2 deg.
    np.testing.assert_allclose(table["hip_reserve_r"].values, 112.0 - hip, atol=1.0)
    np.testing.assert_allclose(table["ankle_reserve_r"].values, 29.0 - ankle, atol=1.0)
    drop = 0.30 * (SUBJECT.thigh + SUBJECT.shank + SUBJECT.ankle_height - 0.022)
    height = (trial.joint_centres["RHJC"] + trial.joint_centres["LHJC"])[:, 2] / 2
    frame = int(np.flatnonzero(height[0] - height >= drop)[0])
    np.testing.assert_allclose(table["hip_flexion_matched_l"].values, trial.truth_deg("hip_flexion_l")[frame], atol=1.5)
    answers = {one.name: one.answer for one in made.screening}
    assert answers == {
        "ANKLE": "supported", "HIP": "not supported", "STANCE": "not supported", "CONTROL": "not supported",
        "BALANCE": "not supported", "LOAD": "not assessable", "HAMSTRING": "not assessable",
    }  # fmt: skip
    neutral = made.table("set")["pelvic_tilt_neutral"]
    assert neutral.values[0] == pytest.approx(np.rad2deg(SUBJECT.standing_tilt), abs=1e-3)
