"""JSON of the metrics: strict, complete, the same numbers; damage is found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mocap.export.metrics_back import json_differences
from mocap.export.metrics_json import export_json
from mocap.pipeline.export import export_to_file
from mocap.storage import write_trial
from mocap.trial import Event, Operation, PointEdit, SettingRow, Step, StepInput, Verdict
from tests.fixtures.assessed_trials import squat_trial


def _refuse(constant):
    raise AssertionError(constant)


def _trial():
    trial = squat_trial(seen=False)
    events = (Event(1.5, "squat_bottom", note='=1+1 "so"'), Event(float("nan"), "x", replaces_s=2.0, source="edited"))
    unlimited = Verdict("open", float("nan"), float("inf"), "m", True, "né ≥ 3 °")
    edit = PointEdit("missing", 3, 5, (trial.points.names[0],), reason="behind the bar", initials="AB")
    step = Step("assess", {"task": "squat", "set": {"a.b": 1.0}}, (StepInput("trial", "a.h5", "11" * 32),))
    settings = (SettingRow("filter", "cutoff_hz", "6.0", "default"),)
    trial = replace(trial, edits=(edit,), steps=(step,), settings=settings)
    return replace(trial, events=events, quality=(*trial.quality, unlimited), inputs={"a.mp4": "00" * 32})


def test_it_holds_every_metric_with_its_uncertainty_and_the_reason_of_what_is_missing(tmp_path):
    trial = _trial()
    (path,) = export_json(trial, tmp_path / "a.json")
    found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    assert (found["format"], found["format_version"]) == ("mocap-metrics", 1)
    assert found["trial"]["subject_code"] == "P01" and found["trial"]["context"]["load_kg"] == 40.0
    (task,), assessment = found["assessments"], trial.assessments[0]
    assert [one["name"] for one in task["tables"]] == ["repetitions", *(one.name for one in assessment.tables)]
    withheld = 0
    for table, told in zip((assessment.repetitions, *assessment.tables), task["tables"], strict=True):
        for metric, column in zip(table.metrics, told["metrics"], strict=True):
            assert (column["name"], column["column"], column["unit"]) == (metric.name, metric.column, metric.unit)
            for part in ("values", "sd", "low", "high"):
                back = np.array([np.nan if one is None else one for one in column[part]])
                np.testing.assert_array_equal(back, getattr(metric, part))
            withheld += sum(value is None and bool(why) for value, why in zip(column["values"], column["reasons"],
                                                                              strict=True))  # fmt: skip
        assert [one["values"] for one in told["words"]] == [list(one.values) for one in table.words]
    assert withheld > 0
    assert [one["observable"] for one in found["angles"]] == [one.observable for one in trial.angles.definitions]
    assert found["events"][0]["note"] == '=1+1 "so"' and found["events"][1]["time_s"] is None
    assert found["quality"][-1]["limit"] is None and found["quality"][-1]["text"] == "né ≥ 3 °"
    assert found["provenance"]["inputs"] == {"a.mp4": "00" * 32}
    made = found["provenance"]
    assert (made["edits"][0]["reason"], made["settings"][0]["value"]) == ("behind the bar", "6.0")
    assert made["steps"][0]["inputs"][0]["name"] == "a.h5" and made["steps"][0]["options"]["set"] == {"a.b": 1.0}
    assert not json_differences(trial, path)


@pytest.mark.parametrize("old, new", [
    ('"P01"', '"P02"'), ('"unit": "deg"', '"unit": "rad"'), ("null", "0.0"), ("null", "NaN"), ('"passed": true', ""),
    ("40.0", "41.0"), ('"rejected"', '"left_out"'), ("false", "true"),
])  # fmt: skip
def test_damage_is_found(tmp_path, old, new):
    trial = _trial()
    (path,) = export_json(trial, tmp_path / "a.json")
    whole = path.read_text(encoding="utf-8")
    assert old in whole
    path.write_text(whole.replace(old, new, 1), encoding="utf-8")
    assert json_differences(trial, path)
    path.write_text(whole[: len(whole) // 2], encoding="utf-8")
    assert "is not read" in str(json_differences(trial, path)[0])


def test_every_digit_counts(tmp_path):
    trial = _trial()
    (path,) = export_json(trial, tmp_path / "a.json")
    whole = path.read_text(encoding="utf-8")
    digits = [place for place, letter in enumerate(whole) if letter.isdigit()]
    for place in np.random.default_rng(1).choice(digits, 30, replace=False):
        other = str((int(whole[place]) + 5) % 10)
        path.write_text(whole[:place] + other + whole[place + 1 :], encoding="utf-8")
        assert json_differences(trial, path), whole[place - 40 : place + 5]


def test_the_command_writes_over_its_own_file_alone(tmp_path):
    write_trial(tmp_path / "t.h5", _trial())
    for _ in range(2):
        assert export_to_file(tmp_path / "t.h5", "json", tmp_path / "a.json", verify=True).verified
    (tmp_path / "a.json").write_text('{"format": "another"}')
    with pytest.raises(ValueError, match="OUTPUT_OTHER"):
        export_to_file(tmp_path / "t.h5", "json", tmp_path / "a.json")


def test_the_digest_of_settings_is_nobodys_and_goes_with_a_hand_over_without_names(tmp_path):
    trial, digest = squat_trial(), "0123456789abcdef" * 4
    assessment = replace(trial.assessments[0], protocol_sha256=digest)
    step = Operation("assess", {"task": "squat", "protocol_sha256": digest})
    write_trial(tmp_path / "t.h5", replace(trial, assessments=(assessment,), operations=(step,)))
    export_to_file(tmp_path / "t.h5", "json", tmp_path / "a.json", verify=True, key=tmp_path / "apart" / "key.json")
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert found["assessments"][0]["protocol_sha256"] == digest and "P01" not in str(found["trial"])
