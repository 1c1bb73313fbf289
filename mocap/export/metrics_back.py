"""The JSON of the metrics read back strictly, and held against the trial table by table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.metrics_json import document
from mocap.trial import Metric, Trial


def json_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what a file of `export_json` has otherwise than the trial: none, to the last bit."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        return (Difference(path.name, f"is not read: {error}"),)
    return (*_told(path.name, document(trial), found), *_metrics(trial, found))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _told(item: str, expected: Any, found: Any) -> Iterator[Difference]:
    """What differs between two documents, by the way to it."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted({*expected, *found}):
            if key not in expected or key not in found:
                yield Difference(f"{item}, {key}", "is missing" if key in expected else "is not of the trial")
            else:
                yield from _told(f"{item}, {key}", expected[key], found[key])
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _told(f"{item}, {place}", one, other)
    elif type(expected) is not type(found) or expected != found:
        yield Difference(item, f"is {_short(found)}, expected {_short(expected)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _metrics(trial: Trial, found: Any) -> Iterator[Difference]:
    """Compare the metrics with those of the trial itself, past what wrote them."""
    for task, told in zip(trial.assessments, _at(found, "assessments"), strict=False):
        for table, listed in zip((task.repetitions, *task.tables), _at(told, "tables"), strict=False):
            for metric, columns in zip(table.metrics, _at(listed, "metrics"), strict=False):
                yield from _metric(f"{task.task}, {table.name}, {metric.column}", metric, columns)


def _at(found: Any, key: str) -> Sequence[Any]:
    listed = found.get(key) if isinstance(found, Mapping) else None
    return listed if isinstance(listed, list) else ()


def _metric(item: str, metric: Metric, columns: Any) -> Iterator[Difference]:
    for part in ("values", "sd", "low", "high", "n"):
        numbers = [value if isinstance(value, int | float) else np.nan for value in _at(columns, part)]
        expected = np.asarray(getattr(metric, part), float)
        yield from number_differences(f"{item}, {part}", np.where(np.isfinite(expected), expected, np.nan), numbers)
    yield from word_differences(f"{item}, reasons", metric.reasons, [str(one) for one in _at(columns, "reasons")])
