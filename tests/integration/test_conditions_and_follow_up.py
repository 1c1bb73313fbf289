"""`mocap conditions` and `mocap follow-up`: effects that went in, limits, refusals, pages and tables that are inert."""

import csv
import importlib.util
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap.assessment.several.result import Conditions
from mocap.assessment.statistics.multiple import holm
from mocap.cli import app
from mocap.errors import MocapError
from mocap.pipeline.assessed_trials import recording
from mocap.pipeline.conditions import conditions_of
from mocap.pipeline.follow_up import follow_up_of
from mocap.pipeline.output_kinds import CONDITIONS_PAGE, FOLLOW_UP_PAGE, is_alike
from mocap.pipeline.several_tables import conditions_csv, follow_up_csv
from mocap.report.several.conditions_page import conditions_page
from mocap.report.several.follow_up_page import follow_up_page
from mocap.storage import write_trial
from mocap.trial import Assessment, Metric, Table, Trial
from tests.fixtures.html_page import Page

_SPEC = importlib.util.spec_from_file_location(
    "measured_people", Path(__file__).resolve().parents[1] / "fixtures" / "measured_people.py"
)
assert _SPEC is not None and _SPEC.loader is not None
_people = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_people)
made_trial = _people.made_trial
EVIL = '=HYPERLINK("http://x","<script>alert(1)</script>")'
RELIABILITY = """format = "mocap-reliability"
format_version = 1
name = "lab 2"
from_lab = true
task = "{task}"
method = {{ model = "{model}" }}
[metric.wink_magnitude]
unit = "deg"
mdc95 = 4.0
sem_measurement = 1.0
sd_repetition = 2.0
n_people = 12
n_measurements = 4
"""


def recordings(trials: dict[str, Trial]) -> list:
    return [recording(trial, trial.assessments[0], name, "descent") for name, trial in trials.items()]


def two_conditions(people: int = 8, effect: float = -5.0, bump: float = -6.0, both: bool = True) -> dict[str, Trial]:
    """Trials of people with the bar high and low; or half of them with each."""
    rng = np.random.default_rng(3)
    made = {}
    for person in range(people):
        level = 14 + 4 * rng.normal()
        for second, bar in enumerate(("high", "low")):
            wink = level + effect * second + rng.normal() + 1.2 * rng.normal(size=4)
            bump_deg = bump * second + rng.normal()
            if both or person % 2 == second:
                made[f"P{person}_{bar}.h5"] = made_trial(
                    f"P{person}", wink, context={"bar_position": bar}, bump_deg=bump_deg, seed=10 * person + second
                )
    return made


def visits(levels: tuple[float, ...] = (16, 14, 11, 8), days: tuple[str, ...] = ()) -> dict[str, Trial]:
    days = days or ("2026-01-05", "2026-02-10", "2026-03-20", "2026-06-01")
    rng = np.random.default_rng(5)
    return {
        f"V{at}.h5": made_trial("P01", level + rng.normal(size=4), date=day, seed=at)
        for at, (level, day) in enumerate(zip(levels, days, strict=False))
    }


@pytest.fixture(scope="module")
def conditions() -> Conditions:
    return conditions_of(recordings(two_conditions()), "bar_position", "descent")


def test_effects_that_went_in_come_out(conditions: Conditions) -> None:
    (one,) = conditions.comparisons
    assert one.paired and (one.first, one.second) == ("high", "low")
    wink = next(each for each in one.scalars if each.name == "wink_magnitude")
    means = [person.change.change for person in wink.people]
    assert wink.effect == pytest.approx(np.mean(means)) and wink.effect == pytest.approx(-5.0, abs=3 * wink.se)
    assert wink.test.p == 2 / 256 and wink.p_adjusted == 4 / 256
    assert wink.test.t[0] == pytest.approx(np.mean(means) / (np.std(means, ddof=1) / np.sqrt(8)))
    by_name = {each.name: each for each in one.curves}
    assert by_name["hip_flexion_r"].test.found and not by_name["hip_flexion_l"].test.found
    # The bump is at 0.8 of the way down, which a cosine reaches at 70 % of the descent.
    assert np.argmin(by_name["hip_flexion_r"].difference) == pytest.approx(70, abs=3)
    assert by_name["hip_flexion_r"].difference.min() == pytest.approx(-6.0, abs=1.2)
    depth = next(each for each in one.scalars if each.name == "depth")
    assert depth.test.p > 0.05 and depth.people[0].change.beyond is None


def test_every_person_has_the_limit_for_the_own_number_of_repetitions(tmp_path: Path) -> None:
    file = tmp_path / "reliability.toml"
    file.write_text(RELIABILITY.format(task="squat", model="skeleton"), encoding="utf-8")
    made = conditions_of(recordings(two_conditions(2)), "bar_position", "descent", reliability=file)
    person = made.comparisons[0].scalars[-1].people[0]
    assert person.counts == (4, 4)
    assert person.change.mdc95 == pytest.approx(1.959964 * np.sqrt(2 * (1 + 4 / 4)), rel=1e-6)
    assert person.limit.source.startswith("this lab's own reliability 'lab 2'")
    assert "the limits may not hold: model was skeleton for the reliability and is segments here" in made.notes
    # What the lab's file lacks is the default's, and named so; in metres that knows nothing either.
    assert made.comparisons[0].scalars[0].people[0].limit.source.startswith("this lab's") or np.isnan(
        made.comparisons[0].scalars[0].people[0].limit.mdc95
    )
    file.write_text(RELIABILITY.format(task="gait", model="segments"), encoding="utf-8")
    with pytest.raises(MocapError, match="RELIABILITY_TASK"):
        conditions_of(recordings(two_conditions(2)), "bar_position", "descent", reliability=file)


def test_one_person_has_changes_and_no_test() -> None:
    made = conditions_of(recordings(two_conditions(1)), "bar_position", "descent")
    (one,) = made.comparisons
    assert all(each.test.reason.startswith("n too small: 1 person") for each in (*one.scalars, *one.curves))
    assert np.isfinite(one.scalars[-1].people[0].change.change)
    page = conditions_page(made)
    assert "No effect over people: n too small" in page and "No test: n too small" in page


def test_groups_of_other_people_are_compared_as_groups() -> None:
    made = conditions_of(recordings(two_conditions(12, effect=-9.0, both=False)), "bar_position", "descent")
    (one,) = made.comparisons
    wink = next(each for each in one.scalars if each.name == "wink_magnitude")
    assert not one.paired and wink.test.n == (6, 6) and wink.test.arrangements == 924 and not wink.people
    assert wink.interval[0] <= -9.0 <= wink.interval[1] and wink.test.t[0] < 0
    assert "Between two groups of people: n 6 and 6" in conditions_page(made)


def test_somebody_with_one_condition_is_told_and_not_in_the_tests() -> None:
    trials = two_conditions(7)
    del trials["P3_low.h5"]
    (one,) = conditions_of(recordings(trials), "bar_position", "descent").comparisons
    assert one.notes == ("in one of both conditions alone, and not in the tests: P3",)
    assert {each.test.n for each in (*one.scalars, *one.curves)} == {(6,)}


def test_what_else_differs_is_told_and_more_conditions_are_each_against_the_first() -> None:
    trials = two_conditions(2)
    for person in (0, 1):
        wink = np.full(4, 9.0) + person + 0.1 * np.arange(4)
        trials[f"P{person}_front.h5"] = made_trial(
            f"P{person}", wink, context={"bar_position": "front", "load_kg": 30.0}, seed=70 + person
        )
    made = conditions_of(recordings(trials), "bar_position", "descent", first="low")
    assert made.levels == ("low", "high", "front") and len(made.comparisons) == 2
    assert any(note.startswith("load_kg differs as well (not stated with low;") for note in made.notes)
    assert any("not over the pairs" in note for note in made.notes)


@pytest.mark.parametrize(
    ("by", "first", "told"),
    [
        ("bar_posiiton", "", "CONDITION_MISSING: No trial says what its bar_posiiton is. Remedy: Did you mean bar_pos"),
        ("bar_position", "front", "CONDITION_UNKNOWN"),
    ],
)
def test_conditions_that_are_not_there_are_refused(by: str, first: str, told: str) -> None:
    with pytest.raises(MocapError, match=told):
        conditions_of(recordings(two_conditions(2)), by, "descent", first)


def test_conditions_of_trials_that_do_not_belong_together_are_refused() -> None:
    trials = two_conditions(2)
    wink = np.full(4, 9.0)
    with pytest.raises(MocapError, match=r"CONDITION_MISSING: x.h5 does not say"):
        conditions_of(recordings({**trials, "x.h5": made_trial("P9", wink, seed=90)}), "bar_position", "descent")
    one = {name: trial for name, trial in trials.items() if "high" in name}
    with pytest.raises(MocapError, match="All trials have the bar_position 'high'"):
        conditions_of(recordings(one), "bar_position", "descent")
    with pytest.raises(MocapError, match="METRIC_UNKNOWN: There is no angle 'wrist'"):
        conditions_of(recordings(trials), "bar_position", "descent", "", ["wrist"])
    for changed in ({"protocol": "cd" * 32}, {"model": "skeleton"}):
        with pytest.raises(MocapError, match="METHOD_DIFFERS"):
            other = made_trial("P9", wink, context={"bar_position": "low"}, seed=91, **changed)
            conditions_of(recordings({**trials, "x.h5": other}), "bar_position", "descent")
    told = recordings(trials)
    words = {name: words.replace("flexion", "extension") for name, words in told[1].conventions.items()}
    told[1] = replace(told[1], conventions=words)
    with pytest.raises(MocapError, match="Not the same convention of hip_flexion_l"):
        conditions_of(told, "bar_position", "descent")


def test_a_person_over_visits() -> None:
    made = follow_up_of(recordings(visits()))
    wink = next(one for one in made.metrics if one.name == "wink_magnitude")
    assert [visit.days for visit in made.visits] == [0.0, 36.0, 74.0, 147.0]
    assert wink.changes[-1].beyond and wink.changes[-1].mdc95 == 5.0 and wink.changes[0].beyond is False
    assert wink.trend.beyond and wink.trend.change == pytest.approx(-8.0, abs=1.5) and wink.trend.scatter_p > 0.05
    two = follow_up_of(recordings(visits((16, 14))))
    first = next(one for one in two.metrics if one.name == "wink_magnitude")
    assert first.trend.change == pytest.approx(first.changes[0].change) and first.trend.mdc95 == pytest.approx(5.0)
    assert "scatter" not in follow_up_page(two).split("<h2>Courses")[0].split("<h2>Visits")[1].split("</table>")[0]


def test_several_trials_of_one_day_are_one_visit_and_a_lost_metric_is_told() -> None:
    trials = visits((16, 14, 11), ("2026-01-05", "2026-01-05", "2026-03-20"))
    trials["V2.h5"] = made_trial("P01", np.full(4, np.nan), date="2026-03-20", seed=33)
    made = follow_up_of(recordings(trials))
    assert len(made.visits) == 2 and len(made.visits[0].recordings) == 2
    assert [one.name for one in made.metrics] == ["depth"] and made.metrics[0].counts == (8, 4)
    assert "not known at two visits: wink_magnitude" in made.notes


def test_follow_ups_that_do_not_belong_together_are_refused() -> None:
    wink = np.full(4, 9.0)

    def refusal(**changed: str) -> str:
        told = {"date": "2026-09-01", **changed}
        code = told.pop("code", "P01")
        with pytest.raises(MocapError) as caught:
            follow_up_of(recordings({**visits(), "x.h5": made_trial(code, wink, seed=44, **told)}))
        return str(caught.value)

    assert "SUBJECT_DIFFERS: Not the same person: 'P01' in V0.h5, 'P02' in x.h5." in refusal(code="P02")
    assert "SUBJECT_MISSING" in refusal(code="")
    assert "METHOD_DIFFERS: Not the same settings of the assessment" in refusal(protocol="cd" * 32)
    assert "METHOD_DIFFERS: Not the same model" in refusal(model="skeleton")
    assert "VISIT_MISSING: x.h5 does not say on which day" in refusal(date="")
    with pytest.raises(MocapError, match="ONE_VISIT"):
        follow_up_of(recordings(visits((16, 14), ("2026-01-05", "2026-01-05"))))


def test_pages_stand_alone_and_words_of_users_stay_words() -> None:
    trials = {
        f"{EVIL.replace('/', '')}{second}.h5": made_trial(
            EVIL, np.full(4, 9.0 + 8 * second) + np.arange(4) * 0.1, date=f"2026-0{1 + second}-05",
            context={"bar_position": bar}, seed=second,
        )
        for second, bar in enumerate(("high", EVIL))
    }  # fmt: skip
    made = conditions_of(recordings(trials), "bar_position", "descent")
    followed = follow_up_of(recordings(trials))
    for page in (conditions_page(made), follow_up_page(followed)):
        seen = Page(page)
        assert seen.active == [] and seen.open == [] and "&lt;script&gt;" in page
        assert not re.search(r"\b(fault|risk|injur|abnormal|danger)", page, re.IGNORECASE)
        assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()
    for text in (conditions_csv(made), follow_up_csv(followed)):
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert f"'{EVIL}" in cells and not any(cell[:1] in ("=", "@", "+") for cell in cells)
        # A minus begins numbers alone.
        assert all(np.isfinite(float(cell)) for cell in cells if cell.startswith("-"))


def test_the_commands_write_page_table_and_json(tmp_path: Path) -> None:
    for name, trial in {**two_conditions(2), **visits()}.items():
        write_trial(tmp_path / name, trial)
    bars = [str(path) for path in sorted(tmp_path.glob("P*.h5"))]
    days = [str(path) for path in sorted(tmp_path.glob("V*.h5"))]
    page, table = tmp_path / "page.html", tmp_path / "table.csv"
    arguments = ["conditions", *bars, "--by", "bar_position", "--out", str(page), "--csv", str(table), "--json"]
    first, again = (CliRunner().invoke(app, arguments) for _ in range(2))
    assert first.exit_code == again.exit_code == 0 and first.stdout == again.stdout
    told = json.loads(first.stdout)
    assert told["comparisons"][0]["metrics"][0]["test"]["reason"].startswith("n too small: 2 people")
    assert is_alike(page, CONDITIONS_PAGE) and table.read_text(encoding="utf-8").startswith("condition,against,metric,")
    refused = CliRunner().invoke(app, ["follow-up", *days, "--out", str(page)])
    assert refused.exit_code == 1 and refused.exception.code == "OUTPUT_OTHER" and is_alike(page, CONDITIONS_PAGE)
    other = tmp_path / "follow.html"
    done = CliRunner().invoke(app, ["follow-up", *days, "--out", str(other), "--csv", str(tmp_path / "follow.csv")])
    assert done.exit_code == 0 and is_alike(other, FOLLOW_UP_PAGE) and "beyond the MDC95" in done.stdout
    rows = list(csv.DictReader(io.StringIO((tmp_path / "follow.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 8 and rows[0]["visit"] == "2026-01-05" and rows[-1]["beyond_mdc95"] == "1"
    missing = CliRunner().invoke(app, ["follow-up", *days, "--task", "gait"])
    assert missing.exit_code == 1 and missing.exception.code == "NOT_ASSESSED"


def test_adjusted_p_by_hand() -> None:
    # Holm (1979): the smallest of three times 3, the next times 2, never falling.
    assert holm(np.array([0.03, np.nan, 0.01, 0.04])) == pytest.approx([0.06, np.nan, 0.03, 0.06], nan_ok=True)
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_what_comes_first_is_tested_apart_from_all_else() -> None:
    trials = {
        name: replace(trial, assessments=(_with_further(trial.assessments[0], at),))
        for at, (name, trial) in enumerate(two_conditions().items())
    }
    (one,) = conditions_of(recordings(trials), "bar_position", "descent").comparisons
    assert [each.primary for each in one.scalars] == [True, True] + [False] * 12
    # Two figures come first: the p of the tuck is doubled, whatever the twelve others are.
    wink = next(each for each in one.scalars if each.name == "wink_magnitude")
    assert wink.p_adjusted == 2 * wink.test.p
    chosen = conditions_of(recordings(trials), "bar_position", "descent", "", ["hip_flexion"], ["further_3"])
    (one,) = chosen.comparisons
    assert [(each.name, each.primary, each.p_adjusted) for each in one.scalars] == [
        ("further_3", True, one.scalars[0].test.p)
    ]
    assert [each.name for each in one.curves] == ["hip_flexion_r", "hip_flexion_l"]
    page = conditions_page(conditions_of(recordings(trials), "bar_position", "descent"))
    assert "Further figures" in page and "Further 11" in page
    with pytest.raises(MocapError, match="METRIC_UNKNOWN: There is no metric 'further'"):
        conditions_of(recordings(trials), "bar_position", "descent", "", (), ["further"])


def _with_further(made: Assessment, seed: int) -> Assessment:
    rng = np.random.default_rng(1000 + seed)
    rows = made.repetitions.rows
    others = [Metric(f"further_{number}", "mm", "one more", rng.normal(size=rows)) for number in range(12)]
    table = replace(made.repetitions, metrics=(*made.repetitions.metrics, *others))
    means = Table("set", 1, (Metric("depth_mean", "m", "mean of depth", [0.5]),))
    return replace(made, repetitions=table, tables=(means,))
