"""Write down with a trial how it was made: each step with its options and inputs, and where every setting came from."""

import dataclasses
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from mocap.config.plain_names import recorded_name
from mocap.pipeline.digests import input_sha256
from mocap.trial import SettingRow, Step, StepInput, Trial

DEFAULT, COMMAND_LINE, SESSION = "default", "command line", "session.toml"


def plain(value: Any) -> Any:
    """Return options as plain JSON; `mocap.config.build` makes them of it again."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value) if isinstance(value, Path) else value


def step_input(role: str, path: Path, name: str = "") -> StepInput:
    """Return what is recorded of a file or folder that a step reads: never the folder that it lies in."""
    return StepInput(role, recorded_name(name or path.name), input_sha256(path))


def with_step(trial: Trial, before: Sequence[Step] | None, step: Step, settings: Iterable[SettingRow]) -> Trial:
    """Return a trial with one more step of its making.

    Parameters
    ----------
    trial : Trial
    before : sequence of Step, optional
        The earlier steps; None where they are not known, so that nobody could make the trial again.
    step : Step
        One that is the same as the last is not done twice.
    settings : iterable of SettingRow
        In place of those of the same stages.
    """
    rows = tuple(settings)
    stages = {row.stage for row in rows}
    kept = tuple(row for row in trial.settings if row.stage not in stages)
    steps = () if before is None else (*before, *(() if before and before[-1] == step else (step,)))
    return replace(trial, steps=steps, settings=(*kept, *rows))


def known_steps(trial: Trial) -> tuple[Step, ...] | None:
    """Return the steps of a trial that was read; None where an earlier version wrote it without."""
    return trial.steps or None


def setting_rows(
    stage: str, options: Any, stated: Collection[str] | Mapping[str, str] = (), source: str = COMMAND_LINE,
    default: Any = None,
) -> tuple[SettingRow, ...]:  # fmt: skip
    """Return a row for each field of a stage's options.

    Parameters
    ----------
    stage : str
    options : dataclass
    stated : collection or mapping of str
        Fields that somebody stated, with where they did if that is not `source`.
    source : str
    default : dataclass, optional
        What the fields are when nobody says anything; that of the class when left out.
    """
    usual = default if default is not None else type(options)()
    rows = []
    for one in dataclasses.fields(options):
        value = plain(getattr(options, one.name))
        where = stated.get(one.name, "") if isinstance(stated, Mapping) else source if one.name in stated else ""
        same = _text(value) == _text(plain(getattr(usual, one.name)))
        rows.append(SettingRow(stage, one.name, _text(value), where or (DEFAULT if same else source)))
    return tuple(rows)


def value_rows(
    stage: str, values: Mapping[str, Any], sources: Mapping[str, str], source: str
) -> tuple[SettingRow, ...]:
    """Return a row for each value by its name; those that are not among `sources` came from `source`."""
    return tuple(SettingRow(stage, name, _text(plain(value)), sources.get(name, source))
                 for name, value in sorted(values.items()))  # fmt: skip


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
