"""Which inputs of a trial an analysis took in beside its points: those of one that is made anew go with it."""

from collections.abc import Iterable
from dataclasses import replace

from mocap.trial import Operation, Trial

_KEY, _BETWEEN = "files", "; "


def without_former_inputs(trial: Trial) -> Trial:
    """Return a trial without the inputs of the kinematics that it holds, which the next one replaces."""
    former = {
        name
        for operation in trial.operations
        if operation.name == "kinematics"
        for name in str(operation.parameters.get(_KEY, "")).split(_BETWEEN)
    }
    return replace(trial, inputs={name: digest for name, digest in trial.inputs.items() if name not in former})


def with_input_names(trial: Trial, names: Iterable[str]) -> Trial:
    """Return a trial whose kinematics names the inputs that it took in: the static and other recordings."""
    told = _BETWEEN.join(names)
    if not told:
        return trial
    operations = tuple(
        Operation(one.name, {**one.parameters, _KEY: told}) if one.name == "kinematics" else one
        for one in trial.operations
    )
    return replace(trial, operations=operations)
