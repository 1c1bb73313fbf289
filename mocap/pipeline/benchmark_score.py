"""Score the answers of a tool against the truth of a benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import SourceError
from mocap.pipeline.benchmark_files import ANGLES, TrueTrial, read_truth
from mocap.readers.benchmark_answers import answer_table, read_points, read_tucks, refused
from mocap.storage import read_trial
from mocap.synthetic.scoring import CurveScore, score_curve, score_points
from mocap.trial import Trial
from mocap.trial.angles import CONSTANT_PARTS
from mocap.trial.scalars import scalar_values

_OF_VALUE = tuple(part for part in CONSTANT_PARTS if not part.endswith("_change") and part != "u_static")
_NEAR_S = 0.75  # an answered bottom belongs to a true one that is no farther
_TUCK_DEG = 3.0  # a smaller one is none: no tool tells it from noise


@dataclass(frozen=True, eq=False)
class Answer:
    """What a tool says of one trial; NaN is not known.

    Attributes
    ----------
    time_s : ndarray, shape (n,)
    values_deg, sd_deg : mapping of str to ndarray, shape (n,)
    tucks : ndarray, shape (k, 3)
        Bottom in s, magnitude in deg, depth of the onset; empty where nothing is said.
    points : tuple, or None
        Names, times, and positions (time, point, 3) in m.
    """

    time_s: NDArray
    values_deg: Mapping[str, NDArray]
    sd_deg: Mapping[str, NDArray]
    tucks: NDArray
    points: tuple[tuple[str, ...], NDArray, NDArray] | None = None


@dataclass(frozen=True)
class TuckScore:
    """Errors of the tucks of one trial.

    Attributes
    ----------
    repetitions, found : int
        True repetitions, and those of which something is said.
    magnitude_deg, onset : tuple of float
        Errors, one for each that is said; onsets of tucks that are there.
    missed, invented : int
        Tucks above 3 deg that are said to be less, and the other way round.
    """

    repetitions: int
    found: int
    magnitude_deg: tuple[float, ...] = ()
    onset: tuple[float, ...] = ()
    missed: int = 0
    invented: int = 0


@dataclass(frozen=True)
class TrialScore:
    """Scores of one trial: by angle, of the points in mm, of the tucks."""

    name: str
    level: str
    angles: Mapping[str, CurveScore]
    points_mm: CurveScore | None
    tucks: TuckScore | None
    notes: tuple[str, ...] = field(default=())


def score_answers(answers: Path, truth: Path, folder: Path | None = None) -> tuple[TrialScore, ...]:
    """Score a folder of answers.

    Parameters
    ----------
    answers, truth : Path
    folder : Path, optional
        The set, to whose commitment the truth is held.

    Raises
    ------
    SourceError
        FILE_MISSING, BENCHMARK_COMMITMENT, BENCHMARK_NO_ANSWER
    FormatError
        BENCHMARK_TRUTH, BENCHMARK_ANSWER
    """
    true = read_truth(truth, folder)
    if not answers.is_dir():
        raise SourceError(f"There is no folder {answers}.", "Name the folder with the answers.", code="FILE_MISSING")
    known = {name: path for name in true if (path := _answer_file(answers, name)) is not None}
    if not known:
        raise SourceError(
            f"No file in {answers} is the answer to a trial of the set ({', '.join(list(true)[:3])}, ...).",
            "Name them T01.csv, T02.csv, ..., or T01.h5 for trial files.", code="BENCHMARK_NO_ANSWER",
        )  # fmt: skip
    tucks = read_tucks(answers / "repetitions.csv")
    return tuple(
        _scored(name, one, read_answer(known[name], tucks.get(name)) if name in known else None)
        for name, one in true.items()
    )


def _answer_file(folder: Path, name: str) -> Path | None:
    places = [folder / f"{name}.csv", folder / f"{name}.h5", folder / name / "results" / f"{name}.h5"]
    return next((path for path in places if path.is_file()), None)


def read_answer(path: Path, tucks: NDArray | None = None) -> Answer:
    """Return the answer in a table or a trial file.

    Raises
    ------
    FormatError
        BENCHMARK_ANSWER
    MocapError
        What reading a trial file refuses.
    """
    if path.suffix == ".h5":
        return _of_trial(read_trial(path))
    table = answer_table(path, ("time_s",))
    if not set(ANGLES) & {name.removesuffix("_deg") for name in table.columns}:
        raise refused(path, f"has none of the columns {', '.join(f'{name}_deg' for name in ANGLES)}")
    empty = np.full(len(table), np.nan)
    columns = {name: np.asarray(table[name], float) for name in table.columns}
    beside = path.with_name(f"{path.stem}_points.csv")
    return Answer(
        columns["time_s"], {name: columns.get(f"{name}_deg", empty) for name in ANGLES},
        {name: columns.get(f"{name}_sd_deg", empty) for name in ANGLES},
        np.zeros((0, 3)) if tucks is None else tucks, read_points(beside) if beside.is_file() else None,
    )  # fmt: skip


def _of_trial(trial: Trial) -> Answer:
    angles, points = trial.angles, trial.points_smoothed or trial.points
    values: dict[str, NDArray] = {}
    sd: dict[str, NDArray] = {}
    sound = None if angles is None else np.rad2deg(scalar_values(angles))
    for name in ANGLES:
        values[name] = sd[name] = np.full(points.n_frames, np.nan)
        if angles is not None and sound is not None and name in angles.names:
            at = angles.names.index(name)
            parts = np.array([getattr(angles, part)[at] for part in _OF_VALUE])
            values[name] = sound[:, at]
            sd[name] = np.rad2deg(np.hypot(angles.sd[:, at], np.linalg.norm(parts[np.isfinite(parts)])))
    found = np.zeros((0, 3))
    for assessment in trial.assessments:
        table = assessment.repetitions
        if table.has("wink_magnitude") and table.rows:
            columns = [table[name].values for name in ("bottom_time", "wink_magnitude", "wink_onset_depth")]
            found = np.stack([np.asarray(one, float) for one in columns], axis=1)
    return Answer(points.time_s, values, sd, found, (points.names, points.time_s, points.position))


def _scored(name: str, true: TrueTrial, answer: Answer | None) -> TrialScore:
    if answer is None:
        no = np.zeros(0)
        angles = {angle: score_curve(no, no, no, true.time_s, true.angles_deg[angle]) for angle in ANGLES}
        return TrialScore(name, true.level, angles, None, None, ("no answer",))
    angles = {
        angle: score_curve(answer.time_s, answer.values_deg[angle], answer.sd_deg[angle], true.time_s,
                           true.angles_deg[angle]) for angle in ANGLES
    }  # fmt: skip
    points, notes = _point_score(true, answer)
    return TrialScore(name, true.level, angles, points, _tuck_score(true, answer), notes)


def _point_score(true: TrueTrial, answer: Answer) -> tuple[CurveScore | None, tuple[str, ...]]:
    if answer.points is None:
        return None, ()
    names, time_s, position = answer.points
    shared = [name for name in names if name in true.point_names]
    if not shared:
        return None, ("its points bear none of the names in the set",)
    own, others = ([which.index(name) for name in shared] for which in (names, true.point_names))
    return score_points(time_s, position[:, own], true.time_s, true.points_m[:, others]), ()


def _tuck_score(true: TrueTrial, answer: Answer) -> TuckScore | None:
    if true.task != "squat" or not len(answer.tucks):
        return None
    magnitude, onset, missed, invented = [], [], 0, 0
    for one in true.repetitions:
        apart = np.abs(answer.tucks[:, 0] - float(one["bottom_time_s"] or 0.0))
        if not np.isfinite(apart).any() or np.nanmin(apart) > _NEAR_S:
            continue
        told, size = answer.tucks[int(np.nanargmin(apart))], float(one["wink_magnitude_deg"] or 0.0)
        if np.isfinite(told[1]):
            magnitude.append(float(told[1] - size))
            missed += bool(size > _TUCK_DEG > told[1])
            invented += bool(size < _TUCK_DEG < told[1])
        if np.isfinite(told[2]) and one["wink_onset_depth"] is not None:
            onset.append(float(told[2] - one["wink_onset_depth"]))
    return TuckScore(len(true.repetitions), len(magnitude), tuple(magnitude), tuple(onset), missed, invented)


def overall(scores: tuple[TrialScore, ...]) -> dict[str, Any]:
    """Return the figures of a whole set: root mean squares over the trials that have an answer, and shares."""
    told: dict[str, Any] = {}
    for angle in ANGLES:
        each = [one.angles[angle] for one in scores]
        told[angle] = {
            "rmse_deg": _rms([one.rmse for one in each]), "bias_deg": _mean([one.bias for one in each]),
            "rmse_without_bias_deg": _rms([one.rmse_without_bias for one in each]),
            "largest_deg": _most([one.largest for one in each]), "coverage": _mean([one.coverage for one in each]),
            "missing": _mean([one.missing for one in each]),
        }  # fmt: skip
    told["points_rmse_mm"] = _rms([one.points_mm.rmse for one in scores if one.points_mm is not None])
    tucks = [one.tucks for one in scores if one.tucks is not None]
    told["tuck"] = {
        "repetitions": sum(one.repetitions for one in tucks), "told": sum(one.found for one in tucks),
        "magnitude_rmse_deg": _rms([error for one in tucks for error in one.magnitude_deg]),
        "onset_rmse": _rms([error for one in tucks for error in one.onset]),
        "missed": sum(one.missed for one in tucks), "invented": sum(one.invented for one in tucks),
    }  # fmt: skip
    return told


def _rms(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.sqrt(np.mean(np.square(known)))) if known else float("nan")


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _most(values: list[float]) -> float:
    return max((value for value in values if np.isfinite(value)), default=float("nan"))
