"""All that was found of a trial, without its curves, as one JSON document.

The document, format version 1. What is not known is `null`; there is no NaN. Units stand beside every number.

- `format` (`"mocap-metrics"`), `format_version`, `software` (name, version)
- `trial`: `trial_id`, `subject_code`, `task`, `created_utc`, `site`, `operator`, `rate_hz`, `frames`, `start_s`,
  `points` (names), `axes` (`up`, `forward`, `source`, `gravity_known`), `subject`, `context`
- `assessments`, one per task: `task`, `protocol`, `protocol_sha256`, `settings`, `notes`, `rejected` (`start_s`,
  `bottom_s`, `end_s`, `reason`), `screening` (`name`, `answer`, `numbers`, `evidence`) and `tables`, the first of which
  is `repetitions`: `name`, `rows`, `metrics` and `words`. A metric has `name`, `column`, `unit`, `meaning` and per row
  `values`, `sd`, `low` and `high` (95 % interval), `reasons` (why there is no value, or why to doubt it) and `n`; words
  have `name`, `meaning` and `values`
- `angles` and `measures`: what each means, whether it is observable and why not, constant uncertainties, and why single
  frames have no value
- `events`: `time_s`, `label`, `side`, `confidence`, `source`, `sd_s`, `note`, `replaces_s`,
  `initials`
- `quality`: `name`, `measured`, `limit`, `unit`, `passed`, `text`
- `provenance`: `operations` (`name`, `parameters`), `inputs` (SHA-256 by name), `settings` in effect (`stage`,
  `option`, `value`, `source`), `edits` of points by a reviewer, and `steps` (`command`, `options`, `inputs`) that make
  it again
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

import mocap
from calibration.files import write_texts
from mocap.trial import Assessment, Metric, Table, Trial, convention_rows, measure_rows

FORMAT = "mocap-metrics"
FORMAT_VERSION = 1


def export_json(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write assessments, meanings of angles, events, checks and provenance of a trial as JSON.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.json`.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    SourceError
        `WRITE_FAILED`; what was there before is then as it was.
    """
    path = Path(path)
    text = json.dumps(document(trial), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # Half of a surrogate pair has no UTF-8.
    write_texts({path: text.encode("utf-8", "replace")}, "WRITE_FAILED")
    return (path,)


def document(trial: Trial) -> dict[str, Any]:
    """Return the document of a trial as plain lists, mappings, numbers and words."""
    points = trial.points
    whole = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "software": {"name": "mocap", "version": mocap.__version__},
        "trial": {
            "trial_id": trial.trial_id, "subject_code": trial.subject_code, "task": trial.task,
            "created_utc": trial.created_utc, "site": trial.site, "operator": trial.operator,
            "rate_hz": points.rate_hz, "frames": points.n_frames, "start_s": points.start_s,
            "points": list(points.names),
            "axes": {
                "up": "z", "forward": trial.forward_axis, "source": trial.axis_source,
                "gravity_known": trial.gravity_known,
            },
            "subject": dict(trial.subject), "context": dict(trial.context),
        },
        "assessments": [_assessment(one) for one in trial.assessments],
        "angles": [] if trial.angles is None else convention_rows(trial.angles),
        "measures": [] if trial.segments is None else measure_rows(trial.segments.measures),
        "events": [_fields(one) for one in trial.events],
        "quality": [_fields(one) for one in trial.quality],
        "provenance": {
            "operations": [{"name": one.name, "parameters": dict(one.parameters)} for one in trial.operations],
            "inputs": dict(trial.inputs),
            "settings": [_fields(one) for one in trial.settings],
            "edits": [_fields(one) for one in trial.edits],
            "steps": [_fields(one) | {"inputs": [_fields(read) for read in one.inputs]} for one in trial.steps],
        },
    }  # fmt: skip
    return _plain(whole)


def _assessment(one: Assessment) -> dict[str, Any]:
    return {
        "task": one.task, "protocol": one.protocol, "protocol_sha256": one.protocol_sha256,
        "settings": dict(one.settings), "notes": list(one.notes),
        "rejected": [_fields(each) for each in one.rejected], "screening": [_fields(each) for each in one.screening],
        "tables": [_table(each) for each in (one.repetitions, *one.tables)],
    }  # fmt: skip


def _table(one: Table) -> dict[str, Any]:
    return {
        "name": one.name, "rows": one.rows, "metrics": [_metric(each) for each in one.metrics],
        "words": [_fields(each) for each in one.words],
    }  # fmt: skip


def _metric(one: Metric) -> dict[str, Any]:
    return {"name": one.name, "column": one.column} | _fields(one)


def _fields(one: Any) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return str(value)
