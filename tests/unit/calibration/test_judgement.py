"""Verdicts: each limit from both sides, and what a reader is told."""

import numpy as np
import pytest

from calibration.quality.assessment import whole_verdict
from calibration.quality.judgement import CAMERA_LIMITS, RIG_LIMITS, Check, Limit, graded, judge_camera

GOOD = {
    "views": 60, "rejected": 0, "residual": 0.03, "coverage": 70, "reach": 90, "with_ray": 100, "edge_sd": 0.05,
    "slanted": 60, "shared": 40, "focal_sd": 0.05, "position_sd": 0.05, "repeatability": 1.1,
}  # fmt: skip


@pytest.mark.parametrize("name", CAMERA_LIMITS)
def test_each_limit_from_both_sides(name: str) -> None:
    limit = CAMERA_LIMITS[name]
    better = 1 if limit.ok > limit.fail else -1
    assert judge_camera("cam", {**GOOD, name: limit.ok}).grade == "good"
    worse = judge_camera("cam", {**GOOD, name: limit.ok - 0.01 * better})
    assert worse.grade == "usable" and limit.meaning in worse.reason.lower().replace("rms", "RMS")
    assert worse.remedy == limit.remedy
    if 0 <= limit.fail < np.inf:
        assert judge_camera("cam", {**GOOD, name: limit.fail + 0.01 * better}).grade == "usable"
        assert judge_camera("cam", {**GOOD, name: limit.fail}).grade == "refuse"
    else:
        far = 0.0 if limit.fail < 0 else 1e6
        assert judge_camera("cam", {**GOOD, name: far}).grade == "usable"


def test_counts_say_how_many_are_needed() -> None:
    told = [judge_camera("cam", {**GOOD, "views": n}).reason for n in (3, 4, 5, 19)]
    assert told[0] == "Views of the board used 3, fewer than the 5 needed."
    assert told[1] == "Views of the board used 4, fewer than the 5 needed."
    assert told[2] == "Views of the board used 5, fewer than the 20 of a good camera."
    assert told[3] == "Views of the board used 19, fewer than the 20 of a good camera."


def test_a_good_camera_needs_nothing() -> None:
    verdict = judge_camera("cam", GOOD)
    assert verdict.grade == "good" and verdict.remedy == "" and len(verdict.checks) == len(CAMERA_LIMITS)
    assert all(check.status == "ok" for check in verdict.checks)


def test_what_was_not_measured_is_no_pass() -> None:
    verdict = judge_camera("cam", {**GOOD, "repeatability": float("nan")})
    assert verdict.grade == "usable" and "not measured" in verdict.reason


def test_the_worst_is_told_first_with_measured_value_and_limit() -> None:
    verdict = judge_camera("cam", {**GOOD, "coverage": 19, "focal_sd": 4.0, "reach": 25})
    assert verdict.reason == (
        "Focal length known to (1 sd) 4 % (limit 0.5 %); reach of the corners from the middle of the image to its "
        "corner 25 % (limit 30 %); and 1 more."
    )
    refused = judge_camera("cam", {**GOOD, "coverage": 19, "focal_sd": 12.0})
    assert refused.grade == "refuse" and refused.reason == "Focal length known to (1 sd) 12 % (limit 10 %)."


def test_the_rig_is_as_good_as_its_worst_camera() -> None:
    checks = tuple(limit.judge(name, limit.ok) for name, limit in RIG_LIMITS.items())
    good, weak = judge_camera("a", GOOD), judge_camera("b", {**GOOD, "views": 10})
    assert whole_verdict((good, good), checks)[0] == "good"
    grade, reason, remedy = whole_verdict((good, weak), checks)
    assert grade == "usable" and "b" in reason and remedy == CAMERA_LIMITS["views"].remedy
    unsure = Check("scale", "warn", np.nan, np.nan, np.nan, "", "scale rests on the board alone", "Measure.")
    assert whole_verdict((good,), (*checks, unsure))[0] == "good"
    broken = Check("image_size", "fail", 1.0, 0.0, 0.0, "cameras", "of another size", "Film again.")
    assert whole_verdict((good, weak), (*checks, broken))[::2] == ("refuse", "Film again.")


def test_nothing_to_judge_is_good() -> None:
    assert graded([])[0] == "good"
    assert Limit(1, 2, "m", "length", "Mend.").judge("x", 0.5).describe() == "length 0.5 m (limit 1 m)"
