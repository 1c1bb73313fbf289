"""`mocap reliability`: from trial files to the file that thresholds use, and what a design cannot support."""

import importlib.util
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap.cli import app
from mocap.config.reliability import read_reliability
from mocap.config.trial_table import read_trial_table
from mocap.errors import MocapError
from mocap.pipeline.assessed_trials import recording, with_table
from mocap.pipeline.reliability import reliability_to_file, study_of, study_text
from mocap.storage import write_trial
from mocap.trial import Trial

_SPEC = importlib.util.spec_from_file_location(
    "measured_people", Path(__file__).resolve().parents[1] / "fixtures" / "measured_people.py"
)
assert _SPEC is not None and _SPEC.loader is not None
_people = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_people)
made_trial, study = _people.made_trial, _people.study


def recordings(trials: dict[str, Trial]) -> list:
    return [recording(trial, trial.assessments[0], name, "descent") for name, trial in trials.items()]


def written(folder: Path, trials: dict[str, Trial]) -> list[Path]:
    for name, trial in trials.items():
        write_trial(folder / name, trial)
    return [folder / name for name in trials]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return written(tmp_path_factory.mktemp("study"), study(5, 3, ("AB",)))


def test_the_command_writes_a_file_that_says_what_it_rests_on(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "reliability.toml"
    done = CliRunner().invoke(app, ["reliability", *map(str, files), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "5 people, each measured 3 times: AB, visit 1; AB, visit 2; AB, visit 3" in done.stdout
    own = read_reliability(out)
    assert own.from_lab and own.task == "squat" and own.method["model"] == "segments"
    entry = own.metric["wink_magnitude"]
    assert (entry.unit, entry.n_people, entry.n_measurements, entry.repetitions) == ("deg", 5, 3, 4.0)
    # Of the four repetitions that were usual the file's own MDC95, but where the parts were rounded.
    assert entry.mdc95_between(4, 4) == pytest.approx(entry.mdc95, rel=1e-4)
    value, words = own.mdc95("wink_magnitude", "deg")
    assert value == entry.mdc95 and own.date == "2026-03-15"  # the last day
    assert words == "this lab's own reliability 'reliability' of 2026-03-15 (5 people, 3 measurements each)"
    assert set(own.metric) == {"wink_magnitude", "depth"}


def test_json_and_a_second_run_over_the_own_file(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "lab.toml"
    arguments = ["reliability", *map(str, files), "--out", str(out), "--name", "lab <2>", "--json"]
    out.write_text('# format = "mocap-reliability"\n', encoding="utf-8")  # of that kind: it gives way
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    wink = next(one for one in told["metrics"] if one["name"] == "wink_magnitude")
    assert wink["icc"]["ICC(2,1)"]["interval"][0] < wink["icc"]["ICC(2,1)"]["value"]
    assert told["people"] == ["P00", "P01", "P02", "P03", "P04"]
    out.write_text("somebody's own", encoding="utf-8")
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1 and refused.exception.code == "OUTPUT_OTHER"
    assert out.read_text(encoding="utf-8") == "somebody's own"


def test_many_people_show_the_errors_that_went_in() -> None:
    made = study_of(recordings(study(40, 2, sds=(5.0, 1.5, 1.0))), "large")
    wink = made.metrics["wink_magnitude"]
    # True: 1.5 between measurements, 1 between repetitions, so an SEM of sqrt(1.5^2 + 1 / 4) = 1.58.
    assert wink.sd_repetition == pytest.approx(1.0, abs=0.06)
    assert wink.sem_measurement == pytest.approx(1.5, abs=0.2)
    assert wink.reliability.sem_agreement == pytest.approx(1.58, abs=0.2)
    assert wink.reliability.icc().value == pytest.approx(25 / 27.5, abs=0.05)
    assert wink.sem_one_operator == pytest.approx(1.58, abs=0.25) == wink.sem_one_visit


def test_what_an_operator_does_differently_is_told_from_what_a_day_does() -> None:
    trials = study(20, 2, sds=(5.0, 0.3, 0.2))
    for name, trial in trials.items():
        if "_CD_" in name:  # who always finds 4 deg more
            made = trial.assessments[0]
            wink = made.repetitions["wink_magnitude"]
            others = [one for one in made.repetitions.metrics if one is not wink]
            more = replace(wink, values=wink.values + 4, low=None, high=None)
            table = replace(made.repetitions, metrics=(*others, more))
            trials[name] = replace(trial, assessments=(replace(made, repetitions=table),))
    wink = study_of(recordings(trials), "x").metrics["wink_magnitude"]
    # The SD of two means 4 apart is 4 / root 2 about the mean of both operators.
    assert wink.sem_one_operator == pytest.approx(0.32, abs=0.08)
    assert wink.sem_one_visit == pytest.approx(np.sqrt(8 + 0.1), rel=0.05)
    assert wink.reliability.sem_agreement == pytest.approx(np.sqrt(16 / 3 + 0.1), rel=0.05)
    alone = study_of(recordings(study(9, 2, ("AB",))), "x").metrics["wink_magnitude"]
    assert np.isnan(alone.sem_one_operator) and np.isnan(alone.sem_one_visit)


def test_a_table_of_trials_says_who_and_when(tmp_path: Path) -> None:
    table, found = tmp_path / "trials.csv", recordings(study(5, 2))
    lines = ["file;subject;operator;visit"]
    for one in found:  # one operator, four visits
        person, operator, visit = one.name.removesuffix(".h5").split("_")
        lines.append(f"{one.name};=X{person};AB;{int(visit) + 2 * (operator == 'CD')}")
    table.write_text("\n".join(lines), encoding="utf-8")
    made = study_of(with_table(found, read_trial_table(table)), "x")
    assert made.measurements == tuple(f"AB, visit {number}" for number in range(4)) and made.people[0] == "=XP00"
    table.write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(MocapError, match=r"NOT_IN_TABLE: P04_CD_1.h5 is not"):
        with_table(found, read_trial_table(table))
    for text, cause in (("a,b\n1,2", "a column 'file'"), ("", "is empty"), ("file,visit\nx", "has 1 cells in line 2"),
                        ("file\nx\nx", "x twice in line 3")):  # fmt: skip
        table.write_text(text, encoding="utf-8")
        with pytest.raises(MocapError, match=cause):
            read_trial_table(table)


def test_somebody_without_a_measurement_is_left_out_and_told() -> None:
    trials = study(7, 2)
    del trials["P03_CD_1.h5"]
    made = study_of(recordings(trials), "gap")
    assert "P03" not in made.people and made.notes == ("left out, as a measurement is missing: P03",)


def test_people_who_were_measured_once_are_in_the_norm() -> None:
    trials = study(12, 2, ("AB",))
    for person in range(9, 12):
        del trials[f"P{person:02d}_AB_1.h5"]
    made = study_of(recordings(trials), "norm")
    assert len(made.people) == 9 and made.norms["wink_magnitude"].people == 12
    first = [trial.assessments[0].repetitions["wink_magnitude"].values.mean()
             for name, trial in trials.items() if name.endswith("_0.h5")]  # fmt: skip
    norm = made.norms["wink_magnitude"]
    assert (norm.mean, norm.sd) == pytest.approx((np.mean(first), np.std(first, ddof=1)))
    told = tomllib.loads(study_text(made))["metric"]["wink_magnitude"]
    assert told["norm_people"] == 12 and told["n_people"] == 9
    assert (told["norm_mean"], told["norm_sd"]) == pytest.approx((norm.mean, norm.sd), rel=1e-5)


def test_a_metric_that_somebody_lacks_leaves_that_person_out() -> None:
    trials = study(6, 2)
    trials["P02_AB_1.h5"] = made_trial("P02", np.full(4, np.nan), date="2026-03-08", operator="AB", seed=99)
    made = study_of(recordings(trials), "gap")
    assert made.metrics["wink_magnitude"].left_out == (2,)
    assert made.metrics["wink_magnitude"].reliability.squares.n == 5
    assert made.metrics["depth"].left_out == ()


def refusal(trials: dict[str, Trial]) -> str:
    with pytest.raises(MocapError) as caught:
        study_of(recordings(trials), "x")
    return str(caught.value)


def test_designs_that_tell_nothing_are_refused() -> None:
    assert "RELIABILITY_DESIGN: Everybody was measured once" in refusal(study(9, 1, ("AB",)))
    told = refusal(study(8, 2, ("AB",)))
    assert "8 of 8 people have all of 2 measurements: too few" in told and "9 people twice" in told
    trials = study(9, 2, ("AB",))
    del trials["P03_AB_1.h5"]
    assert "(P03 lacks AB, visit 2): too few" in refusal(trials)


def test_what_was_not_measured_alike_is_refused() -> None:
    trials = study(5, 2)
    last = list(trials)[-1]
    wink = np.array([9.0, 10, 11, 10])

    def other(**changed: str) -> str:
        told = {"date": "2026-03-09", "operator": "CD", **changed}
        return refusal(trials | {last: made_trial("P04", wink, seed=77, **told)})  # type: ignore[arg-type]

    assert "METHOD_DIFFERS: Not the same settings of the assessment: abababababab..." in other(protocol="cd" * 32)
    assert "METHOD_DIFFERS: Not the same model: 'segments' in P00_AB_0.h5, 'skeleton' in" in other(model="skeleton")
    assert "VISIT_MISSING" in other(date="")
    assert "SUBJECT_MISSING" in refusal(trials | {last: made_trial("", wink, seed=77)})
    twice = made_trial("P04", wink, date="2026-03-01", operator="AB", seed=16)
    assert "SAME_RECORDING" in refusal(trials | {last: twice})


def test_files_without_the_assessment_are_refused(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "reliability.toml"
    with pytest.raises(MocapError, match=r"NOT_ASSESSED: P00_AB_0.h5 holds no assessment of the task gait"):
        reliability_to_file(files[:2], out, task="gait")
    with pytest.raises(MocapError, match="SAME_FILE"):
        reliability_to_file([files[0], files[0]], out)
    assert not out.exists()
