"""Days of visits, however they are written, and what a reliability file may hold and has to state."""

import pytest

from mocap.assessment.statistics.measured import day_of, is_day
from mocap.config.reliability import MetricReliability, Reliability
from mocap.errors import ConfigError


def test_days_are_alike_however_they_are_written() -> None:
    told = ("2026-03-01", "20260301", "2026-03-01T10:00:00Z", "20260301T100000", "2026-02-28T23:30:00-05:00")
    assert {day_of(one) for one in told} == {"2026-03-01"}
    assert sorted(map(day_of, ("2026-03-01", "20260115"))) == ["2026-01-15", "2026-03-01"]
    for wrong in ("", "2026-W02-1", "2026-060", "1.3.2026", "2026-13-01", "20261301", "yesterday", "2026-03-01Tnoon"):
        assert day_of(wrong) == wrong and not is_day(day_of(wrong))


@pytest.mark.parametrize("wrong", [
    {"mdc95": 1e308}, {"mdc95": -1.0}, {"sem_measurement": 1e308}, {"sem_measurement": -1.0}, {"sd_repetition": -0.1},
    {"sem": float("inf")}, {"n_people": -4}, {"n_measurements": -1}, {"repetitions": -2.0},
])  # fmt: skip
def test_figures_that_no_study_gives_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MetricReliability(**{"unit": "deg", "mdc95": 4.0, **wrong})  # type: ignore[arg-type]


def test_the_mdc95_of_the_file_comes_back_at_its_usual_repetitions() -> None:
    # Repetitions with SD 2 make means of 4 with SD 1, more than the SEM 0.5 of the study: MDC95 1.96 root 2 0.5.
    one = MetricReliability("deg", 1.385929, sem=0.5, sem_measurement=0.0, sd_repetition=2.0, repetitions=4.0)
    assert one.mdc95_between(4, 4) == pytest.approx(1.385929, rel=1e-5)
    assert one.mdc95_between(1, 1) == pytest.approx(2 * 1.385929, rel=1e-5)


def test_what_a_file_does_not_state_is_told() -> None:
    depth = MetricReliability("deg", 4.0)
    own = Reliability("mocap-reliability", 1, "lab", True, method={"model": "segments"}, metric={"depth": depth})
    told = own.doubts({"task": "squat", "model": "segments", "filter": "none"}, {"depth_r": "rad", "other": "m"})
    assert told == (
        "the reliability file 'lab' does not state its filter",
        "'lab' has depth_r in deg, it is in rad here, so it is not used",
    )
    assert own.doubts({"model": "segments"}, {"depth": "deg"}) == ()
