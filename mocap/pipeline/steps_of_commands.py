"""The record of what single commands did: import, reconstruct, kinematics, assess."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mocap.config.protocols import Protocol
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.calibration_recordings import RecordingPaths
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.step_record import COMMAND_LINE, known_steps, plain, setting_rows, step_input, value_rows, with_step
from mocap.pipeline.trial_outputs import TRIAL_SUFFIXES
from mocap.reconstruction import ReconstructionOptions
from mocap.signal.filter_options import FilterOptions
from mocap.trial import SettingRow, Step, StepInput, Trial

IMPORT, RECONSTRUCT, KINEMATICS, ASSESS = "import", "reconstruct", "kinematics", "assess"
POINTED = "pointed:"


def imported_step(trial: Trial, path: Path, up: str | None, units: str | None) -> Trial:
    """Return a trial that was read from a motion file with the record of it."""
    step = Step(IMPORT, {"up": up, "units": units}, (step_input("file", path),))
    return with_step(trial, (), step, _stated("import", {"up": up, "units": units}))


def reconstructed_step(
    trial: Trial, calibration_file: Path, path: Path, how: KeypointInput, cameras: tuple[str, ...], z_up: bool,
    choices: Any,
) -> Trial:  # fmt: skip
    """Return a trial that was reconstructed with the record of it; `choices` are its `TrialChoices`."""
    inputs = [step_input("calibration", calibration_file), step_input("keypoints", path)]
    own = how.skeleton is not None and how.skeleton.lower().endswith(".toml")
    if own and how.skeleton is not None:
        inputs.append(step_input("skeleton", Path(how.skeleton)))
    told = replace(how, skeleton=None) if own else how
    options = {"how": plain(told), "choices": plain(choices), "cameras": list(cameras), "z_up": z_up}
    rows = (
        *_stated("calibration", {"cameras": list(cameras), "z_up": z_up}),
        *setting_rows("keypoints", told),
        *(row for row in setting_rows("reconstruction", choices) if row.option not in ("reconstruction", "plates")),
        *setting_rows("reconstruction", choices.reconstruction, default=ReconstructionOptions()),
    )
    return with_step(trial, (), Step(RECONSTRUCT, options, tuple(inputs)), rows)


def kinematics_step(
    trial: Trial, stored: Trial, path: Path, static: Path | None, marker_set: str | None, up: str | None,
    units: str | None, filtering: FilterOptions | None, options: KinematicsOptions, recorded: RecordingPaths,
) -> Trial:  # fmt: skip
    """Return a trial with angles, with the record of it; `stored` is what was read from `path`."""
    inputs: list[StepInput] = []
    before = known_steps(stored)
    if path.suffix.lower() not in TRIAL_SUFFIXES:
        inputs.append(step_input("trial", path))
        before = ()
    single = {"static": static, "closing": recorded.closing, "pivot": recorded.pivot, "clicks": recorded.clicks}
    inputs += [step_input(role, one) for role, one in single.items() if one is not None]
    inputs += [step_input("functional_hip", one) for one in recorded.functional_hip]
    inputs += [step_input("functional_knee", one) for one in recorded.functional_knee]
    inputs += [step_input(f"{POINTED}{landmark}", one) for landmark, one in recorded.pointed]
    own = marker_set is not None and marker_set.lower().endswith(".toml")
    if own and marker_set is not None:
        inputs.append(step_input("marker_set", Path(marker_set)))
    told: dict[str, Any] = {
        "marker_set": None if own else marker_set, "up": up, "units": units,
        "filter": None if filtering is None else plain(filtering), "kinematics": plain(options),
    }  # fmt: skip
    found = next((one.parameters for one in trial.operations if one.name == "kinematics"), {})
    rows = (
        *(() if filtering is None else setting_rows("filter", filtering)),
        *kinematics_rows(options, trial.task, (), COMMAND_LINE),
        SettingRow("kinematics", "marker_set", f'"{found.get("marker_set", "")}"',
                   "found from the labels" if marker_set is None else COMMAND_LINE),
    )  # fmt: skip
    return with_step(trial, before, Step(KINEMATICS, told, tuple(inputs)), rows)


def kinematics_rows(
    options: KinematicsOptions, task: str, stated: Collection[str] | Mapping[str, str], source: str
) -> tuple[SettingRow, ...]:
    """Return the settings of the kinematics; the task, where none was chosen, is that of the trial."""
    rows = setting_rows("kinematics", options, stated, source)
    own = SettingRow("kinematics", "task", f'"{task}"', "stated of the trial")
    return tuple(own if row.option == "task" and not options.task and task else row for row in rows)


def assessed_step(
    trial: Trial, stored: Trial, protocol: Protocol, chosen: str | None, changes: Mapping[str, str],
    facts: Mapping[str, str], reliability: Path | None, beside: tuple[Path, ...],
) -> Trial:  # fmt: skip
    """Return an assessed trial with the record of it. A reviewer's edits are in the trial itself."""
    inputs = [step_input("beside", one) for one in beside]
    own = chosen is not None and chosen.lower().endswith(".toml")
    if own and chosen is not None:
        inputs.append(step_input("protocol", Path(chosen)))
    if reliability is not None:
        inputs.append(step_input("reliability", reliability))
    told = {
        "task": protocol.task, "protocol": None if own else chosen, "changes": dict(changes), "facts": dict(facts),
    }  # fmt: skip
    return with_step(trial, known_steps(stored), Step(ASSESS, told, tuple(inputs)), assessment_rows(protocol, changes))


def assessment_rows(protocol: Protocol, changes: Mapping[str, str]) -> tuple[SettingRow, ...]:
    """Return the settings of an assessment, of its protocol or as changed."""
    sources = dict.fromkeys(changes, COMMAND_LINE)
    return value_rows(f"assessment {protocol.task}", protocol.values, sources, f"protocol {protocol.name}")


def _stated(stage: str, values: Mapping[str, Any]) -> tuple[SettingRow, ...]:
    usual = [name for name, value in values.items() if value in (None, False, [])]
    return value_rows(stage, values, dict.fromkeys(usual, "default"), COMMAND_LINE)
