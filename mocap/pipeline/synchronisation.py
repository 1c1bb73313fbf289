"""The common timeline of a session's trials: when the cameras took their frames, and how their clocks stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import NDArray

from calibration import CameraRig
from calibration.files import write_texts
from mocap.config.session import Session, TrialEntry, read_session
from mocap.errors import ConfigError, FormatError, MocapError
from mocap.keypoints import ParticipantRule
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.outputs import check_nothing_lost, check_outputs, make_folder
from mocap.pipeline.progress import Progress
from mocap.pipeline.synchronisation_file import SYNC, TrialSync, check_same_recording, read_sync, sync_text
from mocap.pipeline.synchronisation_inputs import (
    Seen,
    camera_footage,
    in_time_order,
    session_rig,
    trial_footage,
    trial_frames,
    trial_people,
)
from mocap.pipeline.synchronisation_methods import METHODS, Evidence, estimate_clocks
from mocap.pipeline.trial_people import UNSETTLED, known_instants, settled_participant
from mocap.readers.frame_times_cameras import NOMINAL
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate

__all__ = ["METHODS", "TrialSync", "known_clocks", "synchronise_session"]


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
    read = trial_people(session, folder, entry, rig)
    names = rig.names if rig is not None else tuple(source.name for source in sources)
    frames = trial_frames(session, folder, entry, names, read.people.n_frames if read else None)
    footage, _ = camera_footage(session, sources, names)
    asked = method if method != "auto" else session.sync.method

    def clocks(keypoints: Keypoints2D | None) -> tuple[tuple[SyncEstimate, tuple[str, ...]], NDArray | None]:
        found = estimate_clocks(asked, Evidence(frames, footage, keypoints, rig), progress)
        return found, known_instants(frames.times, found[0])

    if read is None or rig is None:
        (estimate, tried), _ = clocks(None)
    else:
        read = replace(read, people=in_time_order(read.people, frames.footage_index))
        loaded, (estimate, tried) = settled_participant(read, rig, ParticipantRule(), frames.times.time_s, clocks)
        doubts = tuple(verdict.text for verdict in loaded.verdicts if verdict.name == UNSETTLED)
        estimate = replace(estimate, words=(*estimate.words, *doubts))
    return TrialSync(entry.name, frames, estimate, tried, input_sha256(folder / entry.files))


def known_clocks(
    session: Session, folder: Path, entry: TrialEntry, keypoints: Seen, camera_names: Sequence[str]
) -> tuple[Seen, CameraTimes | None, SyncEstimate | None]:
    """Return what is known of a trial's clocks before its keypoints are asked, for `set_clocks`.

    Parameters
    ----------
    session, folder, entry
    keypoints : Keypoints2D or PeopleKeypoints
        By frames of the footage, in the order of the cameras.
    camera_names : sequence of str

    Returns
    -------
    keypoints : Keypoints2D or PeopleKeypoints
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


def _check(session: Session, method: str, trials: Sequence[str]) -> None:
    names = [entry.name for entry in session.trial]
    unknown = sorted(set(trials) - set(names))
    if unknown:
        raise ConfigError(f"There are no trials {unknown}.", f"Known: {', '.join(names)}.", code="TRIAL_UNKNOWN")
    if method not in METHODS:
        raise ConfigError(f"There is no way '{method}' to synchronise.", f"Known: {', '.join(METHODS)}.",
                          code="SYNC_METHOD")  # fmt: skip
