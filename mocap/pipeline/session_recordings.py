"""What calibrates the person of a session beyond the static: some of its trials, files of points, and clicks."""

from collections.abc import Mapping
from pathlib import Path

from mocap.config.session import Session
from mocap.errors import KinematicsError
from mocap.kinematics import CalibrationRecordings, Clicked
from mocap.pipeline.calibration_recordings import NO_PATHS, RecordingPaths, open_recordings
from mocap.pipeline.clicks import clicked_landmarks
from mocap.pipeline.motion import open_trial
from mocap.pipeline.point_edits import with_edits
from mocap.pipeline.session_inputs import content_sha256, existing
from mocap.signal.filter_options import FilterOptions
from mocap.signal.smoothing import filter_points
from mocap.trial import Points3D, Trial


def recording_paths(session: Session, folder: Path, out: Path) -> RecordingPaths:
    """Return where the recordings of `[static]` lie: files in the session's folder, trials among the results.

    Raises
    ------
    ConfigError, SourceError
        For a file that is outside the folder, or not there.
    """
    static = session.static
    if static is None:
        return NO_PATHS
    trials = {entry.name for entry in session.trial}

    def path(entry: str, name: str) -> Path:
        return out / f"{name}.h5" if name in trials else existing(folder, name, f"[static] {entry}")

    def one(entry: str, name: str | None) -> Path | None:
        return None if name is None else path(entry, name)

    return RecordingPaths(
        tuple(path("functional_hip", name) for name in static.hips),
        tuple(path("functional_knee", name) for name in static.knees),
        one("closing", static.closing), one("pointer_pivot", static.pointer_pivot),
        tuple((landmark, path(f"pointer.{landmark}", name)) for landmark, name in static.pointed),
        None if static.landmarks is None else existing(folder, static.landmarks, "[static] landmarks"),
    )  # fmt: skip


def calibration_trials(session: Session) -> dict[str, str]:
    """Return the trials that calibrate the person beyond the static, with the entry of `[static]` that names each."""
    if session.static is None:
        return {}
    owners = {entry.name: session.static.owner_of(entry.name) for entry in session.trial}
    return {name: owner for name, owner in owners.items() if owner}


def file_recordings(session: Session, paths: RecordingPaths, out: Path) -> tuple[Path, ...]:
    """Return the recordings that are files of their own, not trials of the session."""
    trials = {out / f"{name}.h5" for name in calibration_trials(session)}
    clicks = () if paths.clicks is None else (paths.clicks,)
    return tuple(path for path in (*paths.files, *clicks) if path not in trials)


def recording_contents(paths: RecordingPaths) -> list[tuple[str, str, str]]:
    """Return use, name and digest of each recording; what is missing has no digest, and is told where it is read."""
    clicks = () if paths.clicks is None else (("landmarks", paths.clicks),)
    single = (("closing", paths.closing), ("pivot", paths.pivot))
    named = (
        *(("hip", path) for path in paths.functional_hip), *(("knee", path) for path in paths.functional_knee),
        *((use, path) for use, path in single if path is not None), *paths.pointed, *clicks,
    )  # fmt: skip
    return [(use, path.name, content_sha256(path)) for use, path in named]


class SessionRecordings:
    """The recordings of a session, their points treated as those of the static are; each is read once.

    Parameters
    ----------
    paths : RecordingPaths
    filtering : FilterOptions
        Of the session.
    """

    def __init__(self, paths: RecordingPaths, filtering: FilterOptions) -> None:
        self.paths = paths
        self._filtering = filtering
        self._points: dict[Path, Points3D] = {}

    def opened(self, static: Trial) -> CalibrationRecordings | None:
        """Return the recordings, None where there are none; `static` brings the cameras where landmarks were clicked.

        Raises
        ------
        KinematicsError, ConfigError, FormatError, SourceError
            Of what cannot be read; those of `clicked_landmarks`.
        """
        clicked: tuple[Clicked, ...] = ()
        if self.paths.clicks is not None:
            clicked = clicked_landmarks(self.paths.clicks, static)
        return open_recordings(self.paths, self._read, clicked)

    def _read(self, path: Path) -> Points3D:
        if path not in self._points:
            trial, filtering = with_edits(open_trial(path)), self._filtering
            if filtering.acts and not filtering.learned:
                self._points[path] = filter_points(trial.points, filtering).points
            else:
                self._points[path] = (trial.points_smoothed if filtering.learned else None) or trial.points
        return self._points[path]


def check_recordings(refused: Mapping[str, str], name: str) -> None:
    """Refuse a trial whose calibration lacks a recording.

    Parameters
    ----------
    refused : mapping of str to str
        Recordings that were refused, with the entries of `[static]` that name them.
    name : str
        Of the trial.

    Raises
    ------
    KinematicsError
        RECORDING_REFUSED
    """
    if not refused:
        return
    words = ", ".join(f"'{trial}' ({entry})" for trial, entry in refused.items())
    raise KinematicsError(
        f"[static] calibrates with {words}, which was refused, and the angles of '{name}' would be others without it.",
        "Mend that recording, or take it out of [static] to have angles without it.",
        code="RECORDING_REFUSED",
    )
