"""`mocap assess --task gait` on a real walk: events in the file, edits that stay, norms by name, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

import mocap
from mocap.config.protocols import read_protocol
from mocap.errors import AssessmentError, ConfigError
from mocap.pipeline.assess import assessed
from mocap.pipeline.assess_edits import with_edit_events
from mocap.pipeline.motion import kinematics_to_file
from mocap.trial import Table, Trial

WALK = "plug_in_gait/PiG_Motion3_FF.c3d"
STATIC = "plug_in_gait/PiG_Calibration3_FF.c3d"
PROTOCOL = read_protocol("gait")


@pytest.fixture(scope="module")
def walk(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gait") / "walk.h5"
    kinematics_to_file(shared_data / WALK, out, shared_data / STATIC, None, None, None, None)
    return out


@pytest.fixture(scope="module")
def trial(walk: Path) -> Trial:
    return assessed(mocap.read_trial(walk), PROTOCOL)


def edited(trial: Trial, *edits: str) -> Trial:
    return assessed(with_edit_events(trial, "gait", edits), PROTOCOL)


def cycles(trial: Trial) -> Table:
    return trial.assessments[-1].repetitions


def test_cycles_and_events_go_into_the_file(mocap_cli, walk: Path, trial: Trial) -> None:
    made = json.loads(mocap_cli("assess", walk, "--task", "gait", "--json").out)
    assert len(made["repetitions"]) == 4
    assert made["repetitions"][0]["side"] == "right"
    # By the plates the left foot strikes at 0.613 and 1.691 s.
    assert made["repetitions"][1]["start_time_s"] == pytest.approx(0.613, abs=0.001)
    stored = mocap.read_trial(walk)
    assert stored.events == trial.events or len(stored.events) == len(trial.events)
    sources = [event.source for event in stored.events]
    assert sources.count("imported") == 12
    assert sources.count("force_plate") == 6
    assert sources.count("detected") >= 12
    assert cycles(stored)["stride_length"].values.tolist() == cycles(trial)["stride_length"].values.tolist()


def test_an_edit_of_an_event_stays(trial: Trial) -> None:
    before = cycles(trial)
    moved = before["off_time"].values[1] + 0.04
    made = edited(trial, f"2:off={moved:.3f}")
    again = assessed(made, PROTOCOL)
    for one in (made, again):
        assert cycles(one)["off_time"].values[1] == pytest.approx(moved, abs=0.001)
        assert "edited" in cycles(one).told("events_from")[1]
        assert cycles(one)["off_time"].values[0] == before["off_time"].values[0]
    # Edited once more it goes by the event that was detected.
    twice = edited(again, f"2:off={moved + 0.01:.3f}")
    assert sum(event.source == "edited" for event in twice.events) == 1
    assert cycles(twice)["off_time"].values[1] == pytest.approx(moved + 0.01, abs=0.001)
    fewer = edited(twice, "2:end=out")
    assert cycles(fewer).rows < before.rows
    cleared = edited(fewer, "clear")
    assert np.array_equal(cycles(cleared)["off_time"].values, before["off_time"].values)
    assert cleared.events == trial.events or len(cleared.events) == len(trial.events)


@pytest.mark.parametrize(("edit", "word"), [
    ("2:bottom=1.0", "cannot be read"), ("2:off=soon", "cannot be read"), ("2:off=nan", "cannot be read"),
    ("9:off=1.0", "cycle 9"),
])  # fmt: skip
def test_edits_that_make_no_sense_are_refused(trial: Trial, edit: str, word: str) -> None:
    with pytest.raises(AssessmentError, match=word):
        edited(trial, edit)


def test_a_norm_is_named(trial: Trial) -> None:
    made = assessed(trial, read_protocol("gait", None, {"report.norm": "children_schwartz_2008"})).assessments[-1]
    points, scores = made.table("norm_points"), made.table("scores")
    assert points is not None
    assert scores is not None
    assert points.rows == 2 * 4 * 8
    assert any("typically developing children" in note for note in made.notes)
    assert np.isnan(scores["gps_overall"].values[0])
    with pytest.raises(ConfigError, match="men_18_29_ranges"):
        assessed(trial, read_protocol("gait", None, {"report.norm": "adults"}))
