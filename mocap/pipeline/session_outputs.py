"""All that a session writes, held against all that it reads, before any work."""

from collections.abc import Iterable
from pathlib import Path

from mocap.config.session import Session
from mocap.errors import ConfigError
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.output_kinds import CALIBRATION, RECORD, TRIAL, Kind
from mocap.pipeline.outputs import (
    calibration_outputs,
    check_not_among,
    check_not_within,
    check_nothing_lost,
    check_outputs,
    make_folder,
)
from mocap.pipeline.record import RECORD_NAME, outdated_path
from mocap.pipeline.session_inputs import calibration_files


def check_session_outputs(
    session: Session, options: CalibrationOptions, folder: Path, out: Path, recordings: Iterable[Path] = ()
) -> None:
    """Refuse results that would cost another file, and make their folder.

    Parameters
    ----------
    session : Session
    options : CalibrationOptions
    folder, out : Path
        Of the session and of its results.
    recordings : iterable of Path
        Files of points that calibrate the person, which are read beside the trials.

    Raises
    ------
    ConfigError
        OUTPUT_IS_INPUT, OUTPUT_OTHER, OUTPUT_AMONG_INPUTS; CONFIG_VALUE for trials whose files would be one.
    SourceError
        OUTPUT_IS_FILE, OUTPUT_FOLDER, OUTPUT_IS_FOLDER
    """
    ready = session.calibration.file is not None
    written = session_outputs(out, (entry.name for entry in session.trial), ready)
    read = [*_read(session, options, folder), *recordings]
    if session.calibration.folder is not None:
        check_not_within(out, folder / session.calibration.folder)
    # Before the folder is made: nothing is left behind by a refusal.
    check_nothing_lost(list(written), read, list(written.values()))
    for entry in session.trial:
        check_not_among(written, folder / entry.files)
    make_folder(out)
    check_outputs(written, read)


def session_outputs(out: Path, trials: Iterable[str], ready: bool = False) -> dict[Path, Kind]:
    """Return all that may be written among the results of a session, with what it is.

    Parameters
    ----------
    out : Path
    trials : iterable of str
    ready : bool
        The calibration is given, and no page or table comes with it.

    Raises
    ------
    ConfigError
        CONFIG_VALUE for trials whose files would be one.
    """
    rig = out / "calibration.toml"
    written = {rig: CALIBRATION} if ready else calibration_outputs(rig)
    written[out / RECORD_NAME] = RECORD
    for name in trials:
        trial = out / f"{name}.h5"
        if trial in written:
            raise ConfigError(
                f"session.toml: {trial.name} is the file of one trial and the older result of another.",
                f"Give the trial '{name}' another name.",
                code="CONFIG_VALUE",
            )
        written |= {trial: TRIAL, outdated_path(trial): TRIAL}
    return written


def _read(session: Session, options: CalibrationOptions, folder: Path) -> list[Path]:
    footage, *named = calibration_files(session, options, folder)
    return [folder / "session.toml", footage, *(folder / entry.files for entry in session.trial), *named]
