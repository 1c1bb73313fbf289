"""What `mocap kinematics` prints of the measures of the body."""

import numpy as np

from mocap.cli.kinematics import _measured
from mocap.trial import Measure, measure_rows


def test_measures_are_listed_with_what_limits_them() -> None:
    words, there, gone = ("1", "d", "p", "m"), np.array([0.5, np.nan]), np.full(2, np.nan)
    measures = (
        Measure("heel_rise_r", there, *words), Measure("com_ap_ratio", there, *words, reason="83.2 % seen"),
        Measure("knee_over_toe_r", gone, *words, reason="needs RHEEL"),
        Measure("knee_over_toe_l", gone, *words, reason="needs RHEEL"),
    )  # fmt: skip
    assert _measured(()) == []
    assert _measured(measures) == [
        "  measured too, in /segments: heel_rise_r, com_ap_ratio",
        "  in part: com_ap_ratio: 83.2 % seen",
        "  not measured: knee_over_toe_r, knee_over_toe_l: needs RHEEL",
    ]
    assert [(row["observable"], row["frames"]) for row in measure_rows(measures)] == [(True, 1)] * 2 + [(False, 0)] * 2
