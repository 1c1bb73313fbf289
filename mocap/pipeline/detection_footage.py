"""The footage of one recording to one table of keypoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration.sources import CameraSource
from mocap.errors import ConfigError
from mocap.export.keypoint_parts import camera_facts, join_cameras
from mocap.pipeline.board_footage import length_note
from mocap.pipeline.detection_camera import CameraOutcome, CameraTask
from mocap.pipeline.detection_pool import detect_cameras
from mocap.pipeline.detectors import PreparedDetector
from mocap.pipeline.outputs import check_no_node, check_not_within, make_folder
from mocap.pipeline.progress import Progress

_RATES_ALIKE = 1e-3


@dataclass(frozen=True)
class DetectionOptions:
    """How the footage is worked through.

    Attributes
    ----------
    overlay : bool
        Leave a picture per camera with keypoints drawn into some of its images.
    jobs : int, optional
        Processes; as many as there are cores when left out.
    """

    overlay: bool = False
    jobs: int | None = None


@dataclass(frozen=True)
class TrialDetection:
    """The keypoints of one trial.

    Attributes
    ----------
    name : str
    file : Path
        Long table of all cameras, as `mocap reconstruct --keypoints` takes it.
    cameras : tuple of CameraOutcome
    notes : tuple of str
        What a user should know.
    overlays : tuple of Path
    refused : str
        Why there is no table; nothing where there is one.
    """

    name: str
    file: Path
    cameras: tuple[CameraOutcome, ...]
    notes: tuple[str, ...] = ()
    overlays: tuple[Path, ...] = ()
    refused: str = ""


def detect_footage(
    sources: Sequence[CameraSource],
    footage: Path,
    prepared: PreparedDetector,
    file: Path,
    progress: Progress,
    options: DetectionOptions | None = None,
) -> TrialDetection:
    """Find the keypoints of all cameras of one recording and write them as one table.

    Tables of single cameras, and their pictures, lie in a folder of the table's name: what is finished there, from
    the same footage with the same settings, is not done again.

    Raises
    ------
    ConfigError, SourceError, ExportError
        OUTPUT_AMONG_INPUTS, OUTPUT_OTHER, OUTPUT_FOLDER, WORKER_LOST, NOT_WRITTEN.
    """
    how = options or DetectionOptions()
    check_not_within(file.parent, footage)
    _check_own(file)
    parts = file.with_suffix("")
    make_folder(parts)
    tasks = [
        CameraTask(
            source, prepared, parts / f"{source.name}.parquet",
            parts / f"{source.name}.overlay.png" if how.overlay else None,
        )
        for source in sources
    ]  # fmt: skip
    for path in (path for task in tasks for path in (task.part, task.overlay) if path is not None):
        check_no_node(path)
    outcomes = tuple(detect_cameras(tasks, progress, how.jobs))
    pictures = tuple(task.overlay for task in tasks if task.overlay is not None and task.overlay.is_file())
    refused = [outcome for outcome in outcomes if outcome.state == "refused"]
    if refused:
        told = "; ".join(f"{outcome.camera}: {outcome.text}" for outcome in refused)
        return TrialDetection(file.stem, file, outcomes, prepared.notes, pictures, told)
    return _joined(file, tasks, outcomes, pictures, (*prepared.notes, *length_note(sources)), progress)


def _joined(
    file: Path,
    tasks: Sequence[CameraTask],
    outcomes: tuple[CameraOutcome, ...],
    pictures: tuple[Path, ...],
    notes: tuple[str, ...],
    progress: Progress,
) -> TrialDetection:
    prepared = tasks[0].prepared
    if not any(outcome.facts["seen"] for outcome in outcomes):
        instead = prepared.explain([task.source for task in tasks], True, True) if prepared.explain else ()
        return TrialDetection(file.stem, file, outcomes, notes, pictures, _nothing(pictures, instead))
    parts = {outcome.camera: task.part for outcome, task in zip(outcomes, tasks, strict=True)}
    keys = {outcome.camera: outcome.facts["key"] for outcome in outcomes}
    labels = prepared.labelling.digest if prepared.labelling is not None else None
    known = camera_facts(file)
    same = {name: one.get("key") for name, one in known.get("cameras", {}).items()} == keys
    if not (same and known.get("labels") == labels) or any(outcome.state == "done" for outcome in outcomes):
        said: tuple[str, ...] = ()
        ready = list(parts.values())
        if prepared.labelling is not None:
            ready, said = prepared.labelling.apply(parts, file.with_suffix(""), progress)
        join_cameras(
            ready, file,
            {"detector": prepared.name, "rate_hz": _joint_rate(outcomes), "labels": labels},
            [*said, *(f"{one} shows no keypoint in any frame" for one in _blind(ready)), *_instead(tasks, outcomes)],
        )  # fmt: skip
    return TrialDetection(file.stem, file, outcomes, (*notes, *camera_facts(file)["notes"]), pictures)


def _joint_rate(outcomes: Sequence[CameraOutcome]) -> float | None:
    """Return the rate that most of the cameras have, Hz; None where one has another, or tells none."""
    rates = [outcome.facts["rate_hz"] for outcome in outcomes]
    known = [float(rate) for rate in rates if rate is not None]
    if len(known) < len(rates) or max(known) > (1.0 + _RATES_ALIKE) * min(known):
        return None
    return max(known, key=known.count)


def _instead(tasks: Sequence[CameraTask], outcomes: Sequence[CameraOutcome]) -> tuple[str, ...]:
    """Return what cameras show that saw nothing, and what the others show where keypoints were never seen."""
    explain = tasks[0].prepared.explain
    if explain is None:
        return ()
    blind = [task.source for task, one in zip(tasks, outcomes, strict=True) if not one.facts["seen"]]
    lacking = set(outcomes[0].facts["names"]) - {name for one in outcomes for name in one.facts["seen"]}
    rest = [task.source for task in tasks if task.source not in blind] if lacking else []
    return (*explain(blind, True, False), *explain(rest, False, False))


def _nothing(pictures: tuple[Path, ...], instead: tuple[str, ...]) -> str:
    told = f" ({'; '.join(instead)})" if instead else ""
    remedy = "check that the footage shows what is looked for: sharp, lit and large enough"
    if pictures:  # a caller without them may have no way to ask for them
        remedy += f"; look at {pictures[0]}{' and those beside it' if len(pictures) > 1 else ''}"
    if instead:
        remedy = f"look for what is there: correct the description, or film what it describes; else {remedy}"
    return f"NOTHING_FOUND: no camera shows a single keypoint{told}. Remedy: {remedy}."


def _blind(parts: Sequence[Path]) -> list[str]:
    facts = [camera_facts(part) for part in parts]
    return [one["camera"] for one in facts if not one["seen"]]


def _check_own(file: Path) -> None:
    """Refuse to write over a table that was not made here."""
    check_no_node(file)
    if file.is_file() and file.stat().st_size and not camera_facts(file):
        raise ConfigError(
            f"The output {file} exists and is no table of keypoints written here; it is kept.",
            "Name another folder with --out, or remove it first.", code="OUTPUT_OTHER",
        )  # fmt: skip
