"""`mocap new`: a folder for a session that is going to be filmed."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from mocap.cli.common import JsonFlag, show

NAME = "new"
EXAMPLE = "mocap new P01_2026-03-01 --subject P01 --cameras 4 --rate 60 --trial standing --trial squat"


def command(
    session_dir: Annotated[Path, typer.Argument(help="Folder to make.")],
    subject: Annotated[str | None, typer.Option(help="Code of the person, never a name.")] = None,
    cameras: Annotated[
        str | None, typer.Option(help="How many, or their names: 6, or front,left,right. Files bear these names.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=1.0, help="Frames per second.")] = None,
    trial: Annotated[
        list[str] | None, typer.Option(help="NAME or NAME:TASK, again for each; default standing and squat.")
    ] = None,
    board: Annotated[str | None, typer.Option(help="Preset or board.toml of the calibration board.")] = None,
    source: Annotated[str, typer.Option(help="video: keypoints are found in videos; files: another program does.")] = (
        "video"
    ),
    plates: Annotated[str, typer.Option(help="Plates with tags on the body: a preset, or a plates.toml.")] = "",
    calibration: Annotated[str, typer.Option(help="File in the folder with a ready calibration: no board.")] = "",
    operator: Annotated[str, typer.Option(help="Initials.")] = "",
    site: Annotated[str, typer.Option()] = "",
    day: Annotated[str, typer.Option("--date", help="Default today.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a folder with a session.toml, the board and a place for each recording, and say what comes next.

    In a terminal it asks what was not given as an option.
    """
    from mocap.config.scaffold import NewSession, asked_trials
    from mocap.errors import ConfigError
    from mocap.pipeline.new_session import write_new_session

    if source not in ("video", "files"):
        raise ConfigError(f"'{source}' is no source of keypoints.", "Write video or files.", code="CONFIG_VALUE")
    asks = sys.stdin.isatty() and not yes and not as_json

    def answer(given: Any, question: str, default: Any) -> Any:
        if given is not None:
            return given
        return typer.prompt(question, default=default, err=True) if asks else default

    code = answer(subject, "Code of the person (never a name)", session_dir.resolve().name.partition("_")[0])
    names = _camera_names(str(answer(cameras, "Cameras: how many, or their names with commas", "4")))
    hertz = float(answer(rate, "Frames per second", 60.0))
    trials = trial or str(answer(None, "Trials, NAME or NAME:TASK with commas", "standing,squat")).split(",")
    chosen = "" if calibration else str(answer(board, "Board", "charuco_7x5_a3"))
    new = NewSession(
        session_dir.resolve().name, code, _day(day), names, hertz, asked_trials([one.strip() for one in trials]),
        source == "video", plates, operator, site, calibration,
    )  # fmt: skip
    steps = write_new_session(session_dir, new, chosen)
    lines = [f"{session_dir / 'session.toml'}: {len(new.trials)} trials, {len(names)} cameras", "next:"]
    lines += [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    show({"session": session_dir, "next": list(steps)}, as_json, lines)


def _camera_names(text: str) -> tuple[str, ...]:
    from mocap.config.plain_names import is_plain
    from mocap.errors import ConfigError

    if text.strip().isdigit() and 1 <= int(text) <= 99:
        count = int(text)
        width = len(str(count - 1))
        return tuple(f"cam_{number:0{width}d}" for number in range(count))
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) != len(names) or not all(is_plain(name) for name in names):
        raise ConfigError(
            f"'{text}' names no cameras.", "Write how many there are, or their names: front,left,right.",
            code="CONFIG_VALUE",
        )  # fmt: skip
    return names


def _day(text: str) -> str:
    from mocap.errors import ConfigError

    try:
        return (date.fromisoformat(text) if text else date.today()).isoformat()
    except ValueError as error:
        raise ConfigError(f"'{text}' is no date.", "Write it as 2026-03-01.", code="CONFIG_VALUE") from error
