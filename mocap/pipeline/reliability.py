"""The lab's own reliability: from assessed trials of people, operators and visits to `reliability.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tomlkit

from calibration.files import write_texts
from mocap.assessment.statistics.measured import Recording, is_day
from mocap.assessment.statistics.study import FEWEST_FREEDOM, Norm, StudyMetric, norm_of, study_metric
from mocap.config.reliability import FORMAT, FORMAT_VERSION
from mocap.config.trial_table import read_trial_table
from mocap.errors import AssessmentError, ConfigError
from mocap.pipeline.assessed_trials import (
    METHOD,
    check_different,
    check_method,
    check_subjects,
    read_recordings,
    with_table,
)
from mocap.pipeline.output_kinds import RELIABILITY
from mocap.pipeline.outputs import check_outputs

Measurement = tuple[str, str]
_FORM = "ICC(2,1)"
_DIGITS = 6  # of a figure in the file


@dataclass(frozen=True, eq=False)
class Study:
    """A study of reliability.

    Attributes
    ----------
    name, task : str
    method : mapping of str to str
    people, measurements : tuple of str
        Who, and the operators and visits that each was measured by and at.
    metrics : mapping of str to StudyMetric
    units, meanings : mapping of str to str
    notes : tuple of str
    date : str
        Last day of the recordings; empty where one does not say its day.
    norms : mapping of str to Norm
        Of everybody, those who lack a measurement too.
    """

    name: str
    task: str
    method: Mapping[str, str]
    people: tuple[str, ...]
    measurements: tuple[str, ...]
    metrics: Mapping[str, StudyMetric]
    units: Mapping[str, str]
    meanings: Mapping[str, str]
    notes: tuple[str, ...]
    date: str = ""
    norms: Mapping[str, Norm] = field(default_factory=dict)

    @property
    def design(self) -> str:
        """The design in words."""
        number = len(self.measurements)
        return f"{len(self.people)} people, each measured {number} times: {'; '.join(self.measurements)}"


def reliability_to_file(
    paths: Sequence[Path], out: Path, table: Path | None = None, task: str | None = None, name: str = ""
) -> Study:
    """Make a study of trial files and write its reliability file.

    Raises
    ------
    AssessmentError
        As `study_of` and the reading do.
    ConfigError, SourceError
        Of table and output.
    """
    check_outputs({out: RELIABILITY}, [*paths, *([table] if table else [])])
    if out.suffix.lower() != ".toml":
        raise ConfigError(
            f"{out.name} is no name of a reliability file.", "Give --out a name that ends in .toml.",
            code="RELIABILITY_SUFFIX",
        )  # fmt: skip
    rows = read_trial_table(table) if table else {}
    recordings, _ = read_recordings(paths, task)
    made = study_of(with_table(recordings, rows) if table else recordings, name or out.stem)
    write_texts({out: study_text(made)}, "WRITE_FAILED")
    return made


def study_of(recordings: Sequence[Recording], name: str) -> Study:
    """Return the study that recordings make: people by operators and visits.

    A measurement is one operator at one visit; where a visit is not stated, it is the nth day on which that operator
    measured that person. Trials of one person at one measurement are put together. People who lack a measurement are
    left out, and told.

    Raises
    ------
    AssessmentError
        SUBJECT_MISSING, VISIT_MISSING, METHOD_DIFFERS, SAME_RECORDING, RELIABILITY_DESIGN
    """
    check_subjects(recordings)
    check_method(recordings)
    check_different(recordings)
    cells: dict[tuple[str, Measurement], list[Recording]] = {}
    for one, visit in zip(recordings, _visits(recordings), strict=True):
        cells.setdefault((one.subject, (one.operator or "operator not stated", visit)), []).append(one)
    made = sorted({measurement for _, measurement in cells})
    everybody = sorted({person for person, _ in cells})
    people = tuple(one for one in everybody if all((one, measurement) in cells for measurement in made))
    _check_design(everybody, people, made, cells)
    lacking = [one for one in everybody if one not in people]
    notes = [f"left out, as a measurement is missing: {', '.join(lacking)}"] if lacking else []
    names = sorted({metric for one in recordings for metric in one.metrics})
    by_operator, by_visit = _grouped(made, 0), _grouped(made, 1)
    metrics = {
        metric: study_metric([[_values(cells[person, one], metric) for one in made] for person in people],
                             by_operator, by_visit)
        for metric in names
    }  # fmt: skip
    first = {metric: next(one.metrics[metric] for one in recordings if metric in one.metrics) for metric in names}
    return Study(
        name, recordings[0].method["task"], recordings[0].method, people, tuple(map(_shown, made)), metrics,
        {metric: one.unit for metric, one in first.items()}, {metric: one.meaning for metric, one in first.items()},
        tuple(notes), _last_day(recordings),
        {metric: norm_of([[_values(cells[person, one], metric) for one in made if (person, one) in cells]
                          for person in everybody]) for metric in names},
    )  # fmt: skip


def _last_day(recordings: Sequence[Recording]) -> str:
    days = [one.date for one in recordings]
    return max(days) if all(map(is_day, days)) else ""


def _shown(measurement: Measurement) -> str:
    return f"{measurement[0]}, visit {measurement[1]}"


def _grouped(made: Sequence[Measurement], part: int) -> list[list[int]]:
    """Return the measurements of each operator (0) or visit (1), by their places."""
    return [[at for at, one in enumerate(made) if one[part] == key] for key in sorted({one[part] for one in made})]


def _values(recordings: Sequence[Recording], metric: str) -> np.ndarray:
    return np.concatenate([one.metrics[metric].values if metric in one.metrics else np.empty(0) for one in recordings])


def _visits(recordings: Sequence[Recording]) -> list[str]:
    """Return the visit of each recording: as stated, else the nth day of that person with that operator."""
    lacking = [one.name for one in recordings if not one.visit and not is_day(one.date)]
    if lacking:
        raise AssessmentError(
            f"{', '.join(lacking)}: neither a visit nor the day of the recording is known.",
            "Give a table of trials (--table) with the columns file and visit.",
            code="VISIT_MISSING",
        )
    days: dict[tuple[str, str], set[str]] = {}
    for one in recordings:
        days.setdefault((one.subject, one.operator), set()).add(one.date)
    return [one.visit or str(1 + sorted(days[one.subject, one.operator]).index(one.date)) for one in recordings]


def _check_design(
    everybody: Sequence[str], people: Sequence[str], measurements: Sequence[Measurement],
    cells: Mapping[tuple[str, Measurement], Sequence[Recording]],
) -> None:  # fmt: skip
    remedy = (
        f"Measure people again by the same operators and visits: (people - 1) x (measurements - 1) of at least "
        f"{FEWEST_FREEDOM}, as 9 people twice or 5 people three times."
    )
    if len(measurements) < 2:
        raise AssessmentError(
            f"Everybody was measured once ({_shown(measurements[0])}): that shows nothing of reliability.", remedy,
            code="RELIABILITY_DESIGN",
        )  # fmt: skip
    freedom = (len(people) - 1) * (len(measurements) - 1)
    if len(people) < 2 or freedom < FEWEST_FREEDOM:
        missing = [(person, one) for person in everybody for one in measurements if (person, one) not in cells]
        gaps = [f"{person} lacks {_shown(one)}" for person, one in missing]
        told = f" ({'; '.join(gaps[:4])}{'; ...' if len(gaps) > 4 else ''})" if gaps else ""
        raise AssessmentError(
            f"{len(people)} of {len(everybody)} people have all of {len(measurements)} measurements{told}: too few.",
            remedy, code="RELIABILITY_DESIGN",
        )  # fmt: skip


def study_text(made: Study) -> str:
    """Return a study as the text of a reliability file."""
    document = tomlkit.document()
    document.add(tomlkit.comment("What a change of each metric has to exceed, from people measured several times."))
    head = {
        "format": FORMAT, "format_version": FORMAT_VERSION, "name": made.name, "from_lab": True,
        "design": made.design, **({"date": made.date} if made.date else {}), "icc_form": _FORM, "task": made.task,
        "method": {key: made.method[key] for key in METHOD if key != "task"},
    }  # fmt: skip
    for key, value in head.items():
        document.add(key, tomlkit.item(value))
    metrics = tomlkit.table(is_super_table=True)
    for name, one in made.metrics.items():
        if one.reliability is not None:
            metrics.add(name, tomlkit.item(_entry(one, made, name)))
    document.add("metric", metrics)
    return tomlkit.dumps(document)


def _entry(one: StudyMetric, made: Study, name: str) -> dict[str, str | float | int]:
    found = one.reliability
    assert found is not None
    icc = found.icc(_FORM)
    figures = {
        "mdc95": found.mdc95, "mdc95_low": found.mdc95_interval[0], "mdc95_high": found.mdc95_interval[1],
        "sem": found.sem_agreement, "sem_consistency": found.sem_consistency, "sem_measurement": one.sem_measurement,
        "sd_repetition": one.sd_repetition, "repetitions": one.repetitions, "icc": icc.value,
        "icc_low": icc.interval[0], "icc_high": icc.interval[1], "mean": found.mean, "sd_people": found.sd_people,
        "sem_one_operator": one.sem_one_operator, "sem_one_visit": one.sem_one_visit,
    }  # fmt: skip
    norm = made.norms[name]
    figures |= {"norm_mean": norm.mean, "norm_sd": norm.sd} if norm.people > 1 else {}
    told = {key: float(f"{value:.{_DIGITS}g}") for key, value in figures.items() if np.isfinite(value)}
    left_out = ", ".join(made.people[row] for row in one.left_out)
    note = {"note": f"without {left_out}, who lack a value"} if left_out else {}
    return {"unit": made.units[name], "n_people": found.squares.n, "n_measurements": found.squares.k,
            "norm_people": norm.people, **told, **note}  # fmt: skip
