"""From images to keypoint files: the footage of a session's trials, or of one folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import calibration
from calibration.sources import find_sources
from mocap.config.session import Session, TrialEntry, read_session
from mocap.errors import ConfigError, KeypointError, MocapError
from mocap.pipeline.board_footage import named_sources
from mocap.pipeline.detection_footage import DetectionOptions, TrialDetection, detect_footage
from mocap.pipeline.detectors import DetectorRequest, PreparedDetector, prepare_detector
from mocap.pipeline.places import located
from mocap.pipeline.progress import Progress
from mocap.pipeline.session_inputs import session_skeleton
from mocap.readers.keypoints_cameras import match_cameras


def keypoint_file(session_folder: Path, trial: str) -> Path:
    """Return where a session keeps the keypoints that were detected in the footage of a trial."""
    return session_folder / "keypoints" / f"{trial}.parquet"


def detect_session(
    folder: Path,
    request: DetectorRequest,
    progress: Progress,
    options: DetectionOptions | None = None,
    trials: Sequence[str] = (),
    out: Path | None = None,
) -> tuple[TrialDetection, ...]:
    """Find the keypoints of the trials of a session.

    Parameters
    ----------
    folder : Path
        With a `session.toml` whose `[keypoints]` has `source = "video"`.
    request : DetectorRequest
        What it leaves out is that of the session.
    progress : callable
        `progress(label, done, total)`.
    options : DetectionOptions, optional
    trials : sequence of str
        Only these; all when empty.
    out : Path, optional
        Folder for the tables; `keypoints` of the session when left out.

    Raises
    ------
    ConfigError
        NOT_FROM_VIDEO, TRIAL_UNKNOWN, and those of the detector.
    SourceError
        As `read_session`.
    """
    session = read_session(folder)  # where keypoints are does not depend on when
    if session.keypoints.source != "video":
        raise ConfigError(
            "session.toml takes its keypoints from files: there is nothing to detect.",
            'Write source = "video" in [keypoints], and name the footage in files of each [[trial]].',
            code="NOT_FROM_VIDEO",
        )
    names = [entry.name for entry in session.trial]
    unknown = sorted(set(trials) - set(names))
    if unknown:
        raise ConfigError(f"There are no trials {unknown}.", f"Known: {', '.join(names)}.", code="TRIAL_UNKNOWN")
    prepared = prepare_detector(session_request(session, folder, request))
    wanted = [entry for entry in session.trial if not trials or entry.name in trials]
    return tuple(
        detect_trial(session, folder, entry, prepared, progress, options, out, len(wanted) > 1) for entry in wanted
    )


def session_request(session: Session, folder: Path, request: DetectorRequest | None = None) -> DetectorRequest:
    """Return a request with what it leaves out taken from the session."""
    asked, own = request or DetectorRequest(), session.keypoints
    detector = asked.detector
    if detector == "auto" and asked.plates is None and asked.marker_set is None:
        detector = str(folder / own.model) if own.model else own.detector or "auto"
    # The session's digest is of its model, and says nothing where something else was asked for.
    own_sha256 = own.sha256 if detector.lower().endswith(".onnx") else None
    plates = asked.plates
    if plates is None and own.plates is not None:
        there = located(own.plates, (folder,))
        plates = there if there.exists() else own.plates
    standing = asked.marker_set or (folder / own.marker_set if own.marker_set else None)
    return DetectorRequest(
        detector, asked.sha256 or own_sha256, plates, standing, asked.calibration or _calibration(session, folder),
        asked.skeleton or session_skeleton(session, folder), asked.markers or own.markers,
    )  # fmt: skip


def detect_trial(
    session: Session,
    folder: Path,
    entry: TrialEntry,
    prepared: PreparedDetector,
    progress: Progress,
    options: DetectionOptions | None = None,
    out: Path | None = None,
    several: bool = False,
) -> TrialDetection:
    """Find the keypoints of one trial of a session; what its footage is refused for is told in the answer."""
    file = keypoint_file(folder, entry.name) if out is None else out / f"{entry.name}.parquet"
    footage = folder / entry.files
    label = f"{entry.name} " if several else ""
    try:
        sources, _ = named_sources(*find_sources(footage), session.camera_patterns) if session.cameras else (
            find_sources(footage)
        )
        found = detect_footage(sources, footage, prepared, file, _labelled(progress, label), options)
        return replace(found, notes=(*found.notes, *_size_notes(found, session, folder)))
    except MocapError as error:
        return TrialDetection(entry.name, file, (), refused=str(error))


def session_keypoints(
    session: Session, folder: Path, entry: TrialEntry, progress: Progress, calibration_file: Path | None = None
) -> Path:
    """Return the table of the keypoints in a trial's footage; what was found before, and did not change, is taken.

    Raises
    ------
    KeypointError
        DETECTION, when the footage is refused.
    ConfigError
        Those of the detector.
    """
    request = session_request(session, folder, DetectorRequest(calibration=calibration_file))
    found = detect_trial(session, folder, entry, prepare_detector(request), progress)
    if found.refused:
        raise KeypointError(
            f"The footage of '{entry.name}' gives no keypoints: {found.refused}",
            "Mend that, and look at what mocap detect --overlay leaves.", code="DETECTION",
        )  # fmt: skip
    return found.file


def detect_folder(
    footage: Path,
    request: DetectorRequest,
    progress: Progress,
    options: DetectionOptions | None = None,
    out: Path | None = None,
) -> TrialDetection:
    """Find the keypoints in a folder with one video or one folder of images per camera.

    Parameters
    ----------
    footage : Path
    request : DetectorRequest
    progress : callable
    options : DetectionOptions, optional
    out : Path, optional
        Folder for the table; beside the footage, named after it, when left out.

    Raises
    ------
    SourceError, ConfigError
        SOURCE_MISSING, SOURCE_EMPTY, CAMERA_DOUBLE, OUTPUT_AMONG_INPUTS, and those of the detector.
    """
    sources, ignored = find_sources(footage)
    place = footage.resolve()
    folder = out or place.with_name(f"{place.name}_keypoints")
    found = detect_footage(
        sources, footage, prepare_detector(request), folder / f"{place.name}.parquet", progress, options
    )
    left = f"ignored: {', '.join(path.name for path in ignored[:5])}{', ...' if len(ignored) > 5 else ''}"
    return replace(found, notes=(*found.notes, left)) if ignored else found


def _calibration(session: Session, folder: Path) -> Path | None:
    """Return the ready calibration of a session, or that of its last run."""
    named = session.calibration.file
    file = folder / named if named else folder / "results" / "calibration.toml"
    return file if file.is_file() else None


def _labelled(progress: Progress, label: str) -> Progress:
    return lambda camera, done, total: progress(f"{label}{camera}", done, total)


def _size_notes(found: TrialDetection, session: Session, folder: Path) -> tuple[str, ...]:
    """Return a note per camera whose images have another size than those that its calibration was made of."""
    file = _calibration(session, folder)
    if file is None:
        return ()
    try:
        rig = calibration.read_rig(file)
        source_of = match_cameras([outcome.camera for outcome in found.cameras], rig.names)
    except MocapError:
        return ()  # what is wrong with it is told where it is used
    sizes = {outcome.camera: outcome.facts.get("size") for outcome in found.cameras}
    return tuple(
        f"{camera.name} was calibrated with images of {camera.size[0]} x {camera.size[1]} px, its footage is "
        f"{size[0]} x {size[1]} px: unless one was cut out of the other, positions from it are wrong"
        for camera in rig
        for size in [sizes[source_of[camera.name]]]
        if isinstance(size, list) and tuple(size) != tuple(camera.size)
    )
