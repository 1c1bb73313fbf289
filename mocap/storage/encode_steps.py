"""Steps and settings of `/provenance` as variables, and back."""

import json
from collections.abc import Mapping

import numpy as np

from mocap.storage.layout import Variable, numbers, words
from mocap.trial import SettingRow, Step, StepInput

_ROW = ("stage", "option", "value", "source")


def step_variables(steps: tuple[Step, ...], settings: tuple[SettingRow, ...]) -> dict[str, Variable]:
    """Return the variables of the steps that make a trial again, and of the settings in effect."""
    variables: dict[str, Variable] = {}
    if steps:
        told = [json.dumps({"options": dict(one.options), "inputs": [list(vars(item).values()) for item in one.inputs]},
                           sort_keys=True) for one in steps]  # fmt: skip
        variables["step_index"] = numbers(["step_index"], np.arange(len(steps)), "1", "index of the step", "<i4")
        variables["step"] = words(["step_index"], [one.command for one in steps], "command of the step, in order")
        variables["step_record"] = words(["step_index"], told, "its options and inputs (role, name, SHA-256), as JSON")
    if settings:
        axis = ["setting_index"]
        variables["setting_index"] = numbers(axis, np.arange(len(settings)), "1", "index of the setting", "<i4")
        meanings = ("stage it belongs to", "its name", "value in effect, as JSON", "where the value came from")
        for name, meaning in zip(_ROW, meanings, strict=True):
            variables[f"setting_{name}"] = words(axis, [getattr(one, name) for one in settings], meaning)
    return variables


def decoded_steps(variables: Mapping[str, Variable]) -> tuple[Step, ...]:
    """Return the steps of a group's variables; none in files of earlier versions."""
    if "step" not in variables:
        return ()
    rows = zip(variables["step"].data, variables["step_record"].data, strict=True)
    found = []
    for command, record in rows:
        told = json.loads(str(record))
        inputs = tuple(StepInput(*map(str, item)) for item in told["inputs"])
        found.append(Step(str(command), told["options"], inputs))
    return tuple(found)


def decoded_settings(variables: Mapping[str, Variable]) -> tuple[SettingRow, ...]:
    """Return the settings of a group's variables; none in files of earlier versions."""
    if "setting_index" not in variables:
        return ()
    columns = [variables[f"setting_{name}"].data for name in _ROW]
    return tuple(SettingRow(*map(str, row)) for row in zip(*columns, strict=True))
