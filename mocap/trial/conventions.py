"""The conventions record of angles as plain rows: what every export, page and JSON carries beside the numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.trial.angles import CONSTANT_PARTS, JointAngles
from mocap.trial.measures import Measure

UNIT = "deg"
#: What an `AngleDefinition` says, in the order in which it is told.
MEANING = ("definition", "sequence", "positive", "zero", "reference", "method")


def convention_rows(angles: JointAngles) -> list[dict[str, Any]]:
    """Return one row per angle: its name, unit, meaning, whether it is observable and its constant uncertainties.

    Returns
    -------
    list of dict
        `name`, `unit` ("deg"), the words of `MEANING`, `observable` (bool), `reason`, the parts of the
        uncertainty of `CONSTANT_PARTS` as `u_landmark_deg`, ... (degrees; NaN is unknown), `frames` (int, those with a
        value) and `frame_reasons` (why single frames have none, or one to doubt, with their number).
    """
    rows = []
    for index, one in enumerate(angles.definitions):
        row: dict[str, Any] = {"name": one.name, "unit": UNIT}
        row |= {word: getattr(one, word) for word in MEANING}
        row |= {"observable": one.observable, "reason": one.reason}
        row |= {f"{part}_deg": float(np.rad2deg(getattr(angles, part)[index])) for part in CONSTANT_PARTS}
        row["frames"] = int(np.isfinite(angles.values[:, index]).sum())
        row["frame_reasons"] = frame_reasons(angles, index)
        rows.append(row)
    return rows


def shared_parts(methods: Sequence[str]) -> tuple[str, ...]:
    """Return the parts, between semicolons, that all of two or more methods have, in the order of the first."""
    each = [method.split("; ") for method in methods]
    return tuple(part for part in each[0] if all(part in other for other in each)) if len(each) > 1 else ()


def frame_reasons(angles: JointAngles, index: int) -> str:
    """Return why single frames of an angle have no value, or one to doubt, with the number of frames; may be empty."""
    return _counted(angles.frame_reason[:, index], angles.frame_reason_words)


def measure_frame_reasons(one: Measure) -> str:
    """Return why single frames of a measure are missing or to be doubted, with the number of frames; may be empty."""
    return _counted(one.frame_reason, one.frame_reason_words)


def _counted(codes: NDArray, words: Sequence[str]) -> str:
    found, counts = np.unique(codes, return_counts=True)
    return "; ".join(f"{n} frames: {words[code]}" for code, n in zip(found, counts, strict=True) if code)


FILE_UNITS = {"m": ("m", 1.0), "1": ("1", 1.0), "rad/s": ("deg/s", float(np.rad2deg(1.0)))}
"""Of a measure in memory: its unit on screens and in tables, and how many of those make one."""


def measure_rows(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Return one row per measure: its name, unit, meaning, whether it is observable and why not, frames with a value.

    Returns
    -------
    list of dict
        `name`, `unit` ("m", "1", "deg/s"), `definition`, `positive`, `method`, `observable` (bool), `reason`,
        `frames` (int) and `frame_reasons` (why single frames are missing or to be doubted, with their number).
    """
    return [
        {
            "name": one.name, "unit": FILE_UNITS[one.unit][0], "definition": one.definition, "positive": one.positive,
            "method": one.method, "observable": one.observable, "reason": one.reason,
            "frames": int(one.known.sum()), "frame_reasons": measure_frame_reasons(one),
        }
        for one in measures
    ]  # fmt: skip
