"""A folder for a session that is going to be filmed: the recipe of `mocap new`."""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from calibration.boards.board import read_board
from calibration.text_files import write_texts
from mocap.config.plates import read_plates
from mocap.config.presets import preset_names, preset_path
from mocap.config.scaffold import NewSession, session_text
from mocap.config.session import session_of
from mocap.errors import ConfigError
from mocap.pipeline.outputs import make_folder


def write_new_session(folder: Path, new: NewSession, board: str) -> tuple[str, ...]:
    """Write `session.toml`, the board and the folders for the footage; return what to do next, a line each.

    Parameters
    ----------
    folder : Path
    new : NewSession
    board : str
        A preset or a file; not used where a ready calibration is named.

    Raises
    ------
    ConfigError
        SESSION_THERE where the folder has a session already; PRESET_UNKNOWN; what is wrong with the session.
    SourceError
        OUTPUT_FOLDER, OUTPUT_IS_FILE
    """
    if (folder / "session.toml").exists():
        raise ConfigError(
            f"{folder} holds a session.toml already; it is kept.", "Name another folder, or edit that file.",
            code="SESSION_THERE",
        )  # fmt: skip
    source = None if new.calibration else _board_file(board)
    if new.plates and new.plates in preset_names("plates"):
        read_plates(new.plates)
    text = session_text(new)
    session_of(tomllib.loads(text))  # what it would be refused for is told before anything is made
    make_folder(folder)
    for name in (*(["calibration"] if source else []), *(one.name for one in new.trials)):
        make_folder(folder / name)
    if source is not None and source.resolve() != (folder / "board.toml").resolve():
        shutil.copyfile(source, folder / "board.toml")
    write_texts({folder / "session.toml": text}, "OUTPUT_FOLDER")
    return tuple(_next_steps(folder, new, source is not None))


def _board_file(board: str) -> Path:
    path = Path(board)
    found = path if path.suffix == ".toml" else preset_path("boards", board)
    read_board(found)
    return found


def _next_steps(folder: Path, new: NewSession, boards: bool) -> Iterator[str]:
    cameras = ", ".join(f"{name}.*" for name in new.cameras)
    if boards:
        yield f"print the board: mocap board {folder / 'board.toml'} --out {folder / 'board.pdf'}"
        yield f"film it with all cameras, and put the videos into {folder / 'calibration'}: {cameras}"
    else:
        yield f"put the calibration to {folder / new.calibration}"
    kind = "videos" if new.video else "keypoint files"
    for one in new.trials:
        yield f"{one.task}: put its {kind} into {folder / one.name}: {cameras}"
    yield f"look whether anything would spoil it: mocap doctor {folder}"
    yield f"then: mocap run {folder}"
