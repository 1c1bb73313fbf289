"""The files of a blinded benchmark: the truth apart, and in the set nothing but what it is committed to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, SourceError
from mocap.pipeline.digests import file_sha256
from mocap.synthetic.cases import MadeCase

FORMAT = "mocap-benchmark-truth"
COMMITMENT = "commitment.sha256"
ANGLES = ("pelvic_tilt", "lumbar_flexion")


@dataclass(frozen=True, eq=False)
class TrueTrial:
    """What is true of one trial.

    Attributes
    ----------
    task, level : str
    time_s : ndarray, shape (time,)
    angles_deg : mapping of str to ndarray, shape (time,)
    points_m : ndarray, shape (time, point, 3)
        Of the bones, also where markers on the skin moved.
    point_names : tuple of str
    repetitions : tuple of mapping
        `bottom_time_s`, `wink_magnitude_deg`, `wink_onset_depth` (None without a tuck).
    """

    task: str
    level: str
    time_s: NDArray
    angles_deg: Mapping[str, NDArray]
    points_m: NDArray
    point_names: tuple[str, ...]
    repetitions: tuple[Mapping[str, float | None], ...]


def truth_text(seed: int, made: Mapping[str, MadeCase]) -> str:
    """Return the truth of all trials as JSON; the seed in it makes them again."""
    told = {"format": FORMAT, "format_version": 1, "seed": str(seed), "trials": {
        name: _trial(one) for name, one in made.items()
    }}  # fmt: skip
    return json.dumps(told, allow_nan=False, indent=None) + "\n"


def _trial(made: MadeCase) -> dict[str, Any]:
    truth = made.truth
    return {
        "task": made.case.task, "level": made.case.level, "rate_hz": truth.points.rate_hz,
        "angles_deg": {name: np.round(truth.truth_deg(name), 5).tolist() for name in ANGLES},
        "point_names": list(truth.points.names), "points_m": np.round(truth.points.position, 6).tolist(),
        "repetitions": [
            {"bottom_time_s": (one.bottom_s + one.rise_s) / 2,
             "wink_magnitude_deg": round(float(np.rad2deg(one.wink_magnitude)), 5),
             "wink_onset_depth": None if np.isnan(one.wink_onset) else round(one.wink_onset, 5)}
            for one in truth.repetitions
        ],
    }  # fmt: skip


def read_truth(path: Path, folder: Path | None = None) -> dict[str, TrueTrial]:
    """Return the truth by trial.

    Parameters
    ----------
    path : Path
    folder : Path, optional
        Of the set; its commitment has to be that of this file.

    Raises
    ------
    SourceError
        FILE_MISSING, BENCHMARK_COMMITMENT
    FormatError
        BENCHMARK_TRUTH
    """
    if not path.is_file():
        raise SourceError(f"There is no {path}.", "Name the truth that `mocap benchmark-set` wrote apart from the set.",
                          code="FILE_MISSING")  # fmt: skip
    if folder is not None:
        _check_commitment(path, folder)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError("it is of another format")
        return {str(name): _true(one) for name, one in told["trials"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} is no truth of a benchmark: {error}.", "Name the file that --truth wrote.",
                          code="BENCHMARK_TRUTH") from error  # fmt: skip


def _true(told: Mapping[str, Any]) -> TrueTrial:
    points = np.array(told["points_m"], float)
    return TrueTrial(
        str(told["task"]), str(told["level"]), np.arange(len(points)) / float(told["rate_hz"]),
        {name: np.array(told["angles_deg"][name], float) for name in ANGLES}, points,
        tuple(str(name) for name in told["point_names"]), tuple(told["repetitions"]),
    )  # fmt: skip


def _check_commitment(path: Path, folder: Path) -> None:
    place = folder / COMMITMENT
    if not place.is_file():
        raise SourceError(f"There is no {COMMITMENT} in {folder}.", "Name the folder of the set.",
                          code="FILE_MISSING")  # fmt: skip
    stated = place.read_text(encoding="utf-8").split(" ")[0].strip()
    if stated != file_sha256(path):
        raise SourceError(
            f"{path} is not the truth that the set in {folder} was committed to.",
            "Name the truth that was written with this set; if it is, it was changed since, and no score would count.",
            code="BENCHMARK_COMMITMENT",
        )  # fmt: skip
