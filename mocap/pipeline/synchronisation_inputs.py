"""What a session holds of a trial's cameras: its footage, its calibration, and when each frame was taken."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration import CameraRig
from calibration.sources import CameraSource, find_sources
from mocap.config.session import CameraEntry, Session, TrialEntry
from mocap.errors import KeypointError, MocapError, SourceError
from mocap.keypoints import PeopleKeypoints
from mocap.pipeline.board_footage import named_sources
from mocap.pipeline.detection import keypoint_file
from mocap.pipeline.keypoint_input import KeypointInput, ReadPeople, read_people
from mocap.pipeline.places import located
from mocap.readers.frame_times_cameras import CameraFrames, camera_times_of_files, nominal_times, read_camera_times
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.words import few
from mocap.trial import Keypoints2D

_SHOWN = 5  # names on either side
Seen = TypeVar("Seen", Keypoints2D, PeopleKeypoints)


def trial_footage(session: Session, folder: Path, entry: TrialEntry) -> tuple[CameraSource, ...]:
    """Return the footage of a trial by camera; nothing where its files are keypoints."""
    place = folder / entry.files
    if not place.is_dir():
        return ()
    try:
        sources, ignored = find_sources(place)
    except MocapError:
        if session.keypoints.source == "video":
            raise
        return ()
    if session.keypoints.source != "video" and not any(source.kind == "video" for source in sources):
        return ()
    return named_sources(sources, ignored, session.camera_patterns)[0] if session.cameras else sources


def camera_footage(
    session: Session, sources: Sequence[CameraSource], camera_names: Sequence[str]
) -> tuple[tuple[CameraSource, ...], str]:
    """Return the footage of each camera, matched by its name as keypoint files are.

    Parameters
    ----------
    session : Session
        `cameras` of [keypoints] go before the names where they name footage; those of [cameras] are names already.
    sources : sequence of CameraSource
        Of `trial_footage`.
    camera_names : sequence of str

    Returns
    -------
    footage : tuple of CameraSource
        In the order of the cameras and named as they are; empty where there is none, or it cannot be told whose it is.
    told : str
        Which footage was taken for which camera where the names differ, or why none can be.
    """
    if not sources:
        return (), ""
    by_name = {source.name: source for source in sources}
    named = None if session.cameras else session.keypoints.cameras or None
    declared = named if named and set(named.values()) <= set(by_name) else None
    if declared is None and set(camera_names) <= set(by_name):
        return tuple(by_name[name] for name in camera_names), ""
    try:
        source_of = match_cameras(list(by_name), camera_names, declared)
    except KeypointError:
        return (), (
            f"the names of the footage ({few([source.path.name for source in sources], _SHOWN)}) do not tell of which "
            f"cameras it is ({few(camera_names, _SHOWN)})"
        )
    renamed = [f"{name} from {other}" for name, other in source_of.items() if name != other]
    told = f"footage of {', '.join(renamed)}" if renamed else ""
    return tuple(replace(by_name[other], name=name) for name, other in source_of.items()), told


def session_rig(session: Session, folder: Path) -> CameraRig | None:
    """Return the calibration of a session where it is there already."""
    ready = session.calibration.file
    file = folder / ready if ready else folder / "results" / "calibration.toml"
    if not file.is_file():
        return None
    rig = calibration.read_rig(file)
    return rig.subset(list(session.camera_patterns)) if session.camera_patterns else rig


def trial_people(session: Session, folder: Path, entry: TrialEntry, rig: CameraRig | None) -> ReadPeople | None:
    """Return everybody's keypoints of a trial where they and a calibration are there already."""
    from_video = session.keypoints.source == "video"
    file = keypoint_file(folder, entry.name) if from_video else folder / entry.files
    if rig is None or not file.exists():
        return None
    own = session.keypoints
    how = KeypointInput(
        session.sync.rate_hz, None if from_video else own.skeleton, "auto" if from_video else own.format,
        own.cameras, own.names,
    )  # fmt: skip
    return read_people(file, rig, how)


def trial_frames(
    session: Session, folder: Path, entry: TrialEntry, camera_names: Sequence[str], n_frames: int | None = None,
    nominal_hz: float | None = None,
) -> CameraFrames:
    """Read when each frame of a trial was taken, in the order of the cameras.

    Parameters
    ----------
    session, folder, entry
        `timestamps` and `rate_hz` of [cameras] go before what lies beside the footage and `rate_hz` of [sync].
    camera_names : sequence of str
    n_frames : int, optional
        Of the keypoints, where there is no footage.
    nominal_hz : float, optional
        Rate where the session names none.

    Raises
    ------
    SourceError, FormatError
        As `read_camera_times`; RATE_UNKNOWN where neither footage, files nor session tell; FOOTAGE_NAMES where
        footage of keypoints to be found in it is of nobody knows which camera.
    """
    rate = session.sync.rate_hz or nominal_hz
    declared, rates = _declared(session, folder, entry), _rates(session, camera_names, rate)
    footage, told = camera_footage(session, trial_footage(session, folder, entry), camera_names)
    if footage:
        return _with_note(read_camera_times(footage, declared=declared, rate_hz=rates), told)
    if told and session.keypoints.source == "video":
        raise _unmatched(entry, told)
    place = folder / entry.files / "timestamps.csv"
    files = {name: declared.get(name, place) for name in camera_names}
    if n_frames and all(file.is_file() for file in files.values()):
        return camera_times_of_files(files, n_frames, rate_hz=rate)
    if set(declared) & set(camera_names):
        missing = [name for name in camera_names if not files[name].is_file()]
        raise SourceError(
            f"There are frame times of some cameras, none of {', '.join(missing)} ({files[missing[0]]}).",
            "Give timestamps for every camera in [cameras], or for none.", code="FRAME_TIMES_MISSING",
        ) if missing else _no_frames(entry)  # fmt: skip
    if n_frames and rate:
        instead = f"{told}, so that its frame times are not used: frames are taken as evenly spaced" if told else ""
        return _with_note(nominal_times(camera_names, n_frames, rate), instead)
    raise _unmatched(entry, told) if told else _no_frames(entry)


def in_time_order(keypoints: Seen, footage_index: NDArray) -> Seen:
    """Return keypoints with the frames of every camera in the order of time: doubled ones left out, NaN after the last.

    Parameters
    ----------
    keypoints : Keypoints2D or PeopleKeypoints
        By frames of the footage.
    footage_index : ndarray of int, shape (camera, frame)
        Of `CameraFrames` or `read_sync`, for the same cameras.
    """
    # Footage may go on after the last frame with keypoints.
    index = np.where(footage_index < keypoints.n_frames, footage_index, -1)
    there = index >= 0
    rows = np.arange(len(index))[:, None]
    safe = np.where(there, index, 0)
    gone = np.nonzero(~there)
    pixels, confidence = keypoints.pixels[rows, safe], keypoints.confidence[rows, safe]
    pixels[gone], confidence[gone] = np.nan, 0.0
    return replace(keypoints, pixels=pixels, confidence=confidence)


def _declared(session: Session, folder: Path, entry: TrialEntry) -> dict[str, Path]:
    """Return the files of frame times that the session names, looked for with the footage and in its own folder."""
    return {
        name: located(camera.timestamps, (folder / entry.files, folder))
        for name, camera in session.cameras.items()
        if isinstance(camera, CameraEntry) and camera.timestamps is not None
    }


def _rates(session: Session, names: Sequence[str], nominal_hz: float | None) -> dict[str, float]:
    rates = dict.fromkeys(names, nominal_hz)
    for name, camera in session.cameras.items():
        if isinstance(camera, CameraEntry) and camera.rate_hz is not None:
            rates[name] = camera.rate_hz
    return {name: rate for name, rate in rates.items() if rate}


def _with_note(frames: CameraFrames, note: str) -> CameraFrames:
    return replace(frames, times=replace(frames.times, notes=(*frames.times.notes, note))) if note else frames


def _unmatched(entry: TrialEntry, told: str) -> SourceError:
    return SourceError(
        f"Of trial '{entry.name}' {told}: its frame times cannot be used.",
        "Name the files after the cameras of the calibration, or say in [cameras] which file is whose.",
        code="FOOTAGE_NAMES",
    )


def _no_frames(entry: TrialEntry) -> SourceError:
    return SourceError(
        f"Nothing says when the frames of trial '{entry.name}' were taken.",
        "Give rate_hz in [sync], footage with its own times, or timestamps in [cameras].", code="RATE_UNKNOWN",
    )  # fmt: skip
