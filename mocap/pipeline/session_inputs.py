"""The files that a session names: where they lie, and what tells that one of them changed."""

from pathlib import Path

from mocap.config.presets import configs_folder
from mocap.config.session import CameraEntry, Session, TrialEntry, session_content
from mocap.errors import ConfigError, SourceError
from mocap.pipeline.boards import target_path
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.digests import input_sha256, text_sha256
from mocap.pipeline.places import landmark_name, located

_PRESETS = ("marker_sets", "skeletons", "plates")  # those that trials are read and analysed by


def places(session: Session, folder: Path) -> tuple[Path, Path]:
    """Return where the files that a session names are looked for: its folder, then the footage.

    Never where the program runs: a session would then mean one thing here and another there.
    """
    return folder, folder / (session.calibration.file or session.calibration.folder or "")


def cohort_sources(folder: Path) -> dict[str, str]:
    """Return where the values of a session are from that `session.toml` does not state, by their keys."""
    return {".".join(one.place): one.source for one in session_content(folder)[1]}


def calibration_files(session: Session, options: CalibrationOptions, folder: Path) -> tuple[Path, ...]:
    """Return all that the calibration of a session reads: the footage or the ready file first, then what is named.

    Raises
    ------
    ConfigError
        PRESET_UNKNOWN, for a board that is neither a file nor a preset.
    """
    where, source = places(session, folder), session.calibration
    boards = [name for name in (source.board, *options.boards) if name]
    others = [name for name in (options.frame_times, landmark_name(source.world)) if name]
    return (
        where[1], *(target_path(Path(name), where) for name in boards), *(located(name, where) for name in others)
    )  # fmt: skip


def session_skeleton(session: Session, folder: Path) -> str | None:
    """Return the skeleton of a session's keypoints; a file of the lab's own lies in the session's folder."""
    name = session.keypoints.skeleton
    return str(folder / name) if name is not None and name.lower().endswith(".toml") else name


def skeleton_sha256(session: Session, folder: Path) -> str:
    """Return the digest of a skeleton of the lab's own; nothing for a preset."""
    name = session_skeleton(session, folder)
    return content_sha256(Path(name)) if name is not None and name.lower().endswith(".toml") else ""


def own_marker_set(name: str | None, folder: Path) -> str | None:
    """Return the marker set as the kinematics take it; a file of the lab's own lies in the session's folder."""
    return str(folder / name) if name is not None and name.lower().endswith(".toml") else name


def marker_set_sha256(name: str | None, folder: Path) -> str:
    """Return the digest of a marker set of the lab's own; nothing for a preset."""
    return content_sha256(folder / name) if name is not None and name.lower().endswith(".toml") else ""


def plates_sha256(session: Session, folder: Path) -> str:
    """Return the digest of the plates that a session names; nothing where it names none, or a preset."""
    name = session.keypoints.plates
    return content_sha256(folder / name) if name else ""


def clock_files(session: Session, folder: Path, entry: TrialEntry) -> tuple[Path, ...]:
    """Return the files beside a trial that tell the clocks of its cameras, there or not."""
    declared = [
        entry_of.timestamps for entry_of in session.cameras.values()
        if isinstance(entry_of, CameraEntry) and entry_of.timestamps is not None
    ]  # fmt: skip
    beside = folder / entry.files
    places = [place / name for name in declared for place in (beside, folder)]
    return folder / "sync" / f"{entry.name}.json", beside / "timestamps.csv", *places


def content_sha256(path: Path) -> str:
    """Return the digest of what a file or folder holds; nothing for one that is missing, which its reader tells."""
    return input_sha256(path) if path.exists() else ""


def presets_sha256() -> str:
    """Return the digest of the marker sets and skeletons, among which those of a trial are found."""
    return text_sha256(f"{kind} {input_sha256(configs_folder() / kind)}" for kind in _PRESETS)


def existing(folder: Path, name: str, owner: str) -> Path:
    """Return a file or folder that a session names.

    Raises
    ------
    ConfigError, SourceError
        CONFIG_VALUE for what lies outside the session's folder, FILE_MISSING.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ConfigError(
            f"session.toml: {owner} points outside the session folder: {name}.",
            "Keep the files inside the session folder.", code="CONFIG_VALUE",
        )  # fmt: skip
    path = folder / name
    if not path.exists():
        raise SourceError(
            f"{owner} names {name}, which is not in {folder}.", "Mend the name in session.toml, or add the file.",
            code="FILE_MISSING",
        )  # fmt: skip
    return path
