"""All that a session writes, held against all that it reads, before any work."""

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


def check_session_outputs(session: Session, options: CalibrationOptions, folder: Path, out: Path) -> None:
    """Refuse results that would cost another file, and make their folder.

    Parameters
    ----------
    session : Session
    options : CalibrationOptions
    folder, out : Path
        Of the session and of its results.

    Raises
    ------
    ConfigError
        OUTPUT_IS_INPUT, OUTPUT_OTHER, OUTPUT_AMONG_INPUTS; CONFIG_VALUE for trials whose files would be one.
    SourceError
        OUTPUT_IS_FILE, OUTPUT_FOLDER, OUTPUT_IS_FOLDER
    """
    written = _written(session, out)
    read = _read(session, options, folder)
    if session.calibration.folder is not None:
        check_not_within(out, folder / session.calibration.folder)
    # Before the folder is made: nothing is left behind by a refusal.
    check_nothing_lost(list(written), read, list(written.values()))
    for entry in session.trial:
        check_not_among(written, folder / entry.files)
    make_folder(out)
    check_outputs(written, read)


def _written(session: Session, out: Path) -> dict[Path, Kind]:
    ready = out / "calibration.toml"
    written = {ready: CALIBRATION} if session.calibration.file is not None else calibration_outputs(ready)
    written[out / RECORD_NAME] = RECORD
    for entry in session.trial:
        trial = out / f"{entry.name}.h5"
        if trial in written:
            raise ConfigError(
                f"session.toml: {trial.name} is the file of one trial and the older result of another.",
                f"Give the trial '{entry.name}' another name.",
                code="CONFIG_VALUE",
            )
        written |= {trial: TRIAL, outdated_path(trial): TRIAL}
    return written


def _read(session: Session, options: CalibrationOptions, folder: Path) -> list[Path]:
    footage, *named = calibration_files(session, options, folder)
    return [folder / "session.toml", footage, *(folder / entry.files for entry in session.trial), *named]
