"""What a recording brought along, without names that came from outside: channels, model outputs, poses, its origin."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mocap.export.privacy.words import Scrubber
from mocap.trial import Analog, FileOrigin, ImportedPoses, ModelOutputs, Trial


def recorded_without(trial: Trial, scrubber: Scrubber) -> dict[str, Any]:
    """Return the recorded parts of a trial by field: figures as they are, names that are not known by number.

    Parameters of the file are left out, words and figures alike: nothing tells what a program put there.
    """
    return {
        "analog": None if trial.analog is None else _analog(trial.analog, scrubber),
        "model_outputs": tuple(_model(one, scrubber) for one in trial.model_outputs),
        "imported_poses": None if trial.imported_poses is None else _poses(trial.imported_poses, scrubber),
        "origin": None if trial.origin is None else _origin(trial.origin, scrubber),
    }


def _analog(analog: Analog, scrubber: Scrubber) -> Analog:
    names = _renamed(analog.names, "channel", scrubber)
    units = tuple(unit if scrubber.vocabulary.is_label(unit) else "" for unit in analog.units)
    return replace(analog, names=names, units=units, descriptions=())


def _model(outputs: ModelOutputs, scrubber: Scrubber) -> ModelOutputs:
    labels = _renamed(outputs.labels, outputs.kind, scrubber)
    unit = outputs.unit if scrubber.vocabulary.is_label(outputs.unit) else ""
    return replace(outputs, labels=labels, unit=unit, descriptions=())


def _poses(poses: ImportedPoses, scrubber: Scrubber) -> ImportedPoses:
    return replace(poses, names=_renamed(poses.names, "segment", scrubber))


def _origin(origin: FileOrigin, scrubber: Scrubber) -> FileOrigin:
    labels = tuple(scrubber.renamed.get(name, name) for name in origin.labels)
    known = set(scrubber.renamed.values())
    # Whatever is neither a point nor a model output of the trial is nobody's to know.
    labels = tuple(name for name in labels if name in known or scrubber.vocabulary.is_label(name))
    return replace(origin, labels=labels, parameters={})


def _renamed(names: Sequence[str], kind: str, scrubber: Scrubber) -> tuple[str, ...]:
    for number, name in enumerate(names):
        if not scrubber.vocabulary.is_label(name) and name not in scrubber.renamed:
            scrubber.rename(name, f"{kind}_{number + 1}")
    return tuple(scrubber.renamed.get(name, name) for name in names)
