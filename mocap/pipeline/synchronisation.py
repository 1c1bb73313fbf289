"""The common timeline of a session's trials: when the cameras took their frames, and how their clocks stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration import CameraRig
from calibration.files import write_texts
from calibration.sources import CameraSource, find_sources
from mocap.config.session import CameraEntry, Session, TrialEntry, read_session
from mocap.errors import ConfigError, FormatError, MocapError, SourceError
from mocap.pipeline.board_footage import named_sources
from mocap.pipeline.detection import keypoint_file
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.keypoint_input import KeypointInput, load_keypoints
from mocap.pipeline.outputs import check_nothing_lost, check_outputs, make_folder
from mocap.pipeline.places import located
from mocap.pipeline.progress import Progress
from mocap.pipeline.synchronisation_file import SYNC, TrialSync, check_same_recording, read_sync, sync_text
from mocap.pipeline.synchronisation_methods import METHODS, Evidence, estimate_clocks
from mocap.readers.frame_times_cameras import (
    NOMINAL,
    CameraFrames,
    camera_times_of_files,
    nominal_times,
    read_camera_times,
)
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate

__all__ = ["METHODS", "TrialSync", "in_time_order", "known_clocks", "synchronise_session", "trial_frames"]


@dataclass(frozen=True)
class SyncOutcome:
    """What became of one trial: its clocks and the file they were written to, or why it was refused."""

    trial: str
    file: Path
    found: TrialSync | None = None
    refused: str = ""


def synchronise_session(
    folder: Path, out: Path | None, method: str, progress: Progress, trials: Sequence[str] = ()
) -> tuple[SyncOutcome, ...]:
    """Find the clocks of the cameras in every trial of a session, and write one file per trial.

    Parameters
    ----------
    folder : Path
        Holds `session.toml`.
    out : Path, optional
        Folder for the files; `sync` of the session when left out.
    method : str
        Of `METHODS`; `auto` takes the best that the recording offers.
    progress : callable
    trials : sequence of str
        Only these; all when empty.

    Returns
    -------
    tuple of SyncOutcome
        A trial that is refused does not stop the others.

    Raises
    ------
    SourceError, ConfigError
        As `read_session`; TRIAL_UNKNOWN, SYNC_METHOD, and those of outputs that would cost another file.
    """
    session = read_session(folder)
    _check(session, method, trials)
    wanted = [entry for entry in session.trial if not trials or entry.name in trials]
    target = out or folder / "sync"
    files = {entry.name: target / f"{entry.name}.json" for entry in wanted}
    written = dict.fromkeys(files.values(), SYNC)
    read = [folder / "session.toml", *(folder / entry.files for entry in wanted)]
    # Before the folder is made: nothing is left behind by a refusal.
    check_nothing_lost(list(written), read, list(written.values()))
    make_folder(target)
    check_outputs(written, read)
    rig = session_rig(session, folder)
    outcomes = []
    for entry in wanted:
        try:
            found = synchronise_trial(session, folder, entry, rig, method, progress)
            write_texts({files[entry.name]: sync_text(found)}, "SYNC_NOT_WRITTEN")
            outcomes.append(SyncOutcome(entry.name, files[entry.name], found))
        except MocapError as error:
            outcomes.append(SyncOutcome(entry.name, files[entry.name], refused=str(error)))
    return tuple(outcomes)


def synchronise_trial(
    session: Session, folder: Path, entry: TrialEntry, rig: CameraRig | None, method: str, progress: Progress
) -> TrialSync:
    """Find the clocks of the cameras in one trial.

    Parameters
    ----------
    session, folder, entry
    rig : CameraRig or None
        Without it movement cannot tell the clocks.
    method : str
        Of `METHODS`; the session's own goes before `auto`.
    progress : callable

    Raises
    ------
    SourceError, FormatError, KeypointError
        Files that cannot be read, or a method that this recording offers nothing for (SYNC_NO_INPUT).
    """
    sources = trial_footage(session, folder, entry)
    keypoints = _keypoints(session, folder, entry, rig)
    names = rig.names if rig is not None else tuple(source.name for source in sources)
    frames = trial_frames(session, folder, entry, names, keypoints.n_frames if keypoints else None)
    if keypoints is not None:
        keypoints = in_time_order(keypoints, frames.footage_index)
    by_name = {source.name: source for source in sources}
    footage = tuple(by_name[name] for name in names) if set(names) <= set(by_name) else ()
    asked = method if method != "auto" else session.sync.method
    estimate, tried = estimate_clocks(asked, Evidence(frames, footage, keypoints, rig), progress)
    return TrialSync(entry.name, frames, estimate, tried, input_sha256(folder / entry.files))


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
        As `read_camera_times`; RATE_UNKNOWN where neither footage, files nor session tell.
    """
    rate = session.sync.rate_hz or nominal_hz
    declared, rates = _declared(session, folder, entry), _rates(session, camera_names, rate)
    sources = {source.name: source for source in trial_footage(session, folder, entry)}
    if set(camera_names) <= set(sources):
        return read_camera_times([sources[name] for name in camera_names], declared=declared, rate_hz=rates)
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
        return nominal_times(camera_names, n_frames, rate)
    raise _no_frames(entry)


def in_time_order(keypoints: Keypoints2D, footage_index: NDArray) -> Keypoints2D:
    """Return keypoints with the frames of every camera in the order of time: doubled ones left out, NaN after the last.

    Parameters
    ----------
    keypoints : Keypoints2D
        By frames of the footage.
    footage_index : ndarray of int, shape (camera, frame)
        Of `CameraFrames` or `read_sync`, for the same cameras.
    """
    # Footage may go on after the last frame with keypoints.
    index = np.where(footage_index < keypoints.n_frames, footage_index, -1)
    there = index >= 0
    rows = np.arange(len(index))[:, None]
    safe = np.where(there, index, 0)
    pixels = np.where(there[..., None, None], keypoints.pixels[rows, safe], np.nan)
    confidence = np.where(there[..., None], keypoints.confidence[rows, safe], 0.0)
    return replace(keypoints, pixels=pixels, confidence=confidence)


def known_clocks(
    session: Session, folder: Path, entry: TrialEntry, keypoints: Keypoints2D, camera_names: Sequence[str]
) -> tuple[Keypoints2D, CameraTimes | None, SyncEstimate | None]:
    """Return what is known of a trial's clocks before its keypoints are asked, for `set_clocks`.

    Parameters
    ----------
    session, folder, entry
    keypoints : Keypoints2D
        By frames of the footage, in the order of the cameras.
    camera_names : sequence of str

    Returns
    -------
    keypoints : Keypoints2D
        In the order of time.
    times : CameraTimes or None
        None where nothing but the nominal rate is known.
    estimate : SyncEstimate or None
        What `mocap sync` found, where its file lies in `sync` of the session.

    Raises
    ------
    SourceError, FormatError
        As `trial_frames` and `read_sync`; SYNC_OTHER where the file is of other cameras or of fewer frames.
    """
    file = folder / "sync" / f"{entry.name}.json"
    if file.is_file():
        check_same_recording(file, folder / entry.files)
        times, estimate, index = read_sync(file)
        if times.camera_names != tuple(camera_names) or index.max() + 1 < keypoints.n_frames:
            raise FormatError(
                f"{file} is of the cameras {', '.join(times.camera_names)} and {index.max() + 1} frames; there are "
                f"{', '.join(camera_names)} and {keypoints.n_frames}.",
                "Run mocap sync again, or delete the file.", code="SYNC_OTHER",
            )  # fmt: skip
        return in_time_order(keypoints, index), times, estimate
    frames = trial_frames(session, folder, entry, camera_names, keypoints.n_frames, keypoints.rate_hz)
    if set(frames.times.source) == {NOMINAL} and not frames.times.notes:
        return keypoints, None, None
    return in_time_order(keypoints, frames.footage_index), frames.times, None


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


def session_rig(session: Session, folder: Path) -> CameraRig | None:
    """Return the calibration of a session where it is there already."""
    ready = session.calibration.file
    file = folder / ready if ready else folder / "results" / "calibration.toml"
    if not file.is_file():
        return None
    rig = calibration.read_rig(file)
    return rig.subset(list(session.camera_patterns)) if session.camera_patterns else rig


def _keypoints(session: Session, folder: Path, entry: TrialEntry, rig: CameraRig | None) -> Keypoints2D | None:
    from_video = session.keypoints.source == "video"
    file = keypoint_file(folder, entry.name) if from_video else folder / entry.files
    if rig is None or not file.exists():
        return None
    own = session.keypoints
    how = KeypointInput(
        session.sync.rate_hz, None if from_video else own.skeleton, "auto" if from_video else own.format,
        own.cameras, own.names,
    )  # fmt: skip
    return load_keypoints(file, rig, how).keypoints


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


def _check(session: Session, method: str, trials: Sequence[str]) -> None:
    names = [entry.name for entry in session.trial]
    unknown = sorted(set(trials) - set(names))
    if unknown:
        raise ConfigError(f"There are no trials {unknown}.", f"Known: {', '.join(names)}.", code="TRIAL_UNKNOWN")
    if method not in METHODS:
        raise ConfigError(f"There is no way '{method}' to synchronise.", f"Known: {', '.join(METHODS)}.",
                          code="SYNC_METHOD")  # fmt: skip


def _no_frames(entry: TrialEntry) -> SourceError:
    return SourceError(
        f"Nothing says when the frames of trial '{entry.name}' were taken.",
        "Give rate_hz in [sync], footage with its own times, or timestamps in [cameras].", code="RATE_UNKNOWN",
    )  # fmt: skip
