"""What each stage of a session depends on, as digests by name: what did not change is not made again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mocap.config.session import Session, TrialEntry
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.digests import file_sha256, input_sha256, options_sha256
from mocap.pipeline.session_assessment import SessionAssessment
from mocap.pipeline.session_inputs import (
    calibration_files,
    clock_files,
    content_sha256,
    marker_set_sha256,
    plates_sha256,
    presets_sha256,
    skeleton_sha256,
)
from mocap.pipeline.session_options import StageOptions
from mocap.storage import software_versions
from mocap.trial import PointEdit
from mocap.trial.edits import edits_sha256

CALIBRATION, RECONSTRUCTION, KINEMATICS, ASSESSMENT = "calibration", "reconstruction", "kinematics", "assessment"
TRIAL_STAGES = (RECONSTRUCTION, KINEMATICS, ASSESSMENT)
AS_RECORDED = "session.toml"
_PROGRAM = "the program or its libraries"


def calibration_parts(session: Session, options: CalibrationOptions, folder: Path) -> dict[str, str]:
    """Return what the calibration of a session depends on."""
    source = session.calibration
    return _digests({
        "its files": [content_sha256(path) for path in calibration_files(session, options, folder)],
        "[calibration]": [source.world, source.board],
        "[cameras]": session.camera_patterns,
        "[options.calibration]": repr(options),
        _PROGRAM: software_versions(),
    })  # fmt: skip


def reconstruction_parts(
    session: Session, options: StageOptions, folder: Path, entry: TrialEntry, source: Path, rig_file: Path
) -> dict[str, str]:
    """Return what the points of a trial depend on; `source` are its keypoints, `rig_file` is the calibration."""
    return _digests({
        "its keypoints": [source.name, input_sha256(source)],
        "the calibration": file_sha256(rig_file),
        "the times of its cameras": [content_sha256(path) for path in clock_files(session, folder, entry)],
        "the skeleton": skeleton_sha256(session, folder),
        "the plates": plates_sha256(session, folder),
        "[keypoints]": repr(session.keypoints),
        "[sync]": repr(session.sync),
        "[cameras]": repr(session.cameras),
        "its participant": repr(entry.participant),
        "[options.reconstruction]": repr(options.reconstruction),
        # A smoother that learns needs what the reconstruction knows; other filters come after it.
        "[options.filter]": repr(options.filter) if options.filter.learned else "",
        _PROGRAM: [presets_sha256(), software_versions()],
    })  # fmt: skip


def kinematics_parts(
    session: Session, options: StageOptions, folder: Path, entry: TrialEntry, static: Path | None,
    recordings: Sequence[tuple[str, str, str]], edits: Sequence[PointEdit],
) -> dict[str, str]:  # fmt: skip
    """Return what the angles of a trial depend on beside its points; `static` is the result of the standing trial."""
    stands = session.static is not None and entry.name == session.static.trial
    # Who stood, and when, is told with the static alone.
    who = [str(session.session.date), session.session.operator] if stands else []
    return _digests({
        "the static": [None if static is None else static.name, None if static is None else file_sha256(static)],
        "[static]": [repr(session.static), list(recordings)],
        "its task": entry.task,
        "a reviewer's edit of points": edits_sha256(edits),
        "[session]": who,
        "[options.filter]": repr(options.filter),
        "[options.kinematics]": [repr(options.kinematics), options.marker_set],
        "the marker set": marker_set_sha256(options.marker_set, folder),
        _PROGRAM: [presets_sha256(), software_versions()],
    })  # fmt: skip


def assessment_parts(
    session: Session, entry: TrialEntry, how: SessionAssessment, beside: Sequence[Path], recorded: object
) -> dict[str, str]:
    """Return what the assessment of a trial depends on beside its angles.

    `beside` are results of other tests; `recorded` is what the file tells of its making, written with the assessment.
    """
    return _digests({
        AS_RECORDED: recorded,
        "[options.assessment]": how.inputs_of(entry.task),
        "other tests": [[path.name, file_sha256(path)] for path in beside],
        "[session]": repr(session.session),
        "its context": repr(entry.context),
        _PROGRAM: software_versions(),
    })  # fmt: skip


def _digests(parts: Mapping[str, Any]) -> dict[str, str]:
    return {name: options_sha256({"part": value}) for name, value in parts.items()}
