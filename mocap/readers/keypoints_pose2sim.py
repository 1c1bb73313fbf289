"""Pose2Sim: a project folder with Config.toml, whose `pose` folder holds a folder of OpenPose JSON per camera.

A key that a Config.toml lacks is looked for in the folder above. `pose-sync` is `pose` shifted by whole frames,
`pose-associated` has one person chosen per camera. Source: Pose2Sim 0.10, Demo_SinglePerson/Config.toml.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from calibration.toml_files import parse_toml
from mocap.errors import FormatError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_common import KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import Progress
from mocap.readers.keypoints_openpose import holds_openpose, read_openpose
from mocap.readers.words import complaint

_CONFIG = "Config.toml"
# The furthest first, as Pose2Sim itself would take them.
_STAGES = ("pose-associated", "pose-sync", "pose")
_LEVELS = 3  # trial, participant, session
_SKELETONS = {
    "body_with_feet": "halpe_26", "halpe_26": "halpe_26", "lower_body": "halpe_26", "body": "coco_17",
    "coco_17": "coco_17", "coco": "coco_17", "whole_body": "coco_wholebody", "whole_body_wrist": "coco_wholebody",
    "coco_133": "coco_wholebody", "coco_133_wrist": "coco_wholebody", "body_25b": "body_25b", "body_25": "body_25",
    "blazepose": "mediapipe_33",
}  # fmt: skip


def holds_pose2sim(path: Path) -> bool:
    """Whether `path` is a Pose2Sim project, or one of its folders of keypoints."""
    return _places(path) is not None


def _places(path: Path) -> tuple[Path, Path] | None:
    """Return the project and its folder of keypoints."""
    if not path.is_dir():
        return None
    if path.name in _STAGES and (path.parent / _CONFIG).is_file() and holds_openpose(path):
        return path.parent, path
    if not (path / _CONFIG).is_file():
        return None
    folder = next((path / name for name in _STAGES if (path / name).is_dir() and holds_openpose(path / name)), None)
    return None if folder is None else (path, folder)


def read_pose2sim(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read the keypoints of a project: those of one person per camera where it has come so far.

    Raises
    ------
    KeypointError, FormatError
        As `read_openpose`; POSE2SIM_CONFIG for a Config.toml that cannot be used.
    """
    places = _places(path)
    assert places is not None  # `holds_pose2sim` was asked first
    project, folder = places
    settings = _settings(project)
    rate = _rate(settings, project)
    model = settings.get("pose", {}).get("pose_model")
    notes = []
    if request.skeleton is None and isinstance(model, str):
        known = _SKELETONS.get(model.lower())
        if known is not None:
            request = replace(request, skeleton=known)
            notes.append(f"{_CONFIG} says pose_model = '{model}': skeleton {known}.")
    # Pose2Sim calls the folder of a video `<video>_json`.
    found = read_openpose(folder, request, progress)
    if folder.name != "pose":
        shifted = " Its frames are as Pose2Sim shifted them, by whole frames per camera." if _shifted(project) else ""
        notes.append(f"the keypoints of {folder.name} were read.{shifted}")
    return replace(found, notes=(*notes, *found.notes), rate_hz=rate, files=(*found.files, project / _CONFIG))


def _shifted(project: Path) -> bool:
    return holds_openpose(project / "pose-sync")


def _settings(project: Path) -> dict[str, dict[str, Any]]:
    """Return the sections that matter, each key from the nearest Config.toml that has it."""
    merged: dict[str, dict[str, Any]] = {"project": {}, "pose": {}}
    folder = project.resolve()
    for _ in range(_LEVELS):
        file = folder / _CONFIG
        if not file.is_file():
            break
        content = _read_config(file)
        for section, values in merged.items():
            found = content.get(section)
            if isinstance(found, Mapping):
                merged[section] = {**found, **values}
        folder = folder.parent
    return merged


def _read_config(file: Path) -> dict[str, Any]:
    try:
        return parse_toml(read_bytes(file))
    except ValueError as error:
        raise FormatError(
            f"{file} is not valid TOML: {complaint(error)}.", "Mend that line.", code="POSE2SIM_CONFIG"
        ) from error


def _rate(settings: Mapping[str, Mapping[str, Any]], project: Path) -> float | None:
    rate = settings["project"].get("frame_rate")
    if rate is None or (isinstance(rate, str) and re.fullmatch(r"auto|", rate)):
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e5:
        raise FormatError(
            f"{project / _CONFIG} has frame_rate = {str(rate)[:40]!r}.",
            "Give the frames per second there, or 'auto'.",
            code="POSE2SIM_CONFIG",
        )
    return float(rate)
