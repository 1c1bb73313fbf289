"""`mocap check`: is this trial file sound?"""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, note_lines, show, told_quality, verdict_lines

NAME = "check"
EXAMPLE = "mocap check trial.h5"


def command(
    file: Annotated[Path, typer.Argument(help="Trial file.")],
    as_json: JsonFlag = False,
) -> None:
    """Check schema and integrity of a trial file; exit status 1 when something is wrong, with the item named.

    Of a sound file it also prints how its trial was made and what was found to look at. That concerns the recording:
    the file is sound either way. The journal beside it, which tells who changed the trials of the folder and when, is
    checked as well.
    """
    from mocap.pipeline.notes import notes_in
    from mocap.storage import check_trial, read_told
    from mocap.storage.journal_check import check_journal

    findings = check_trial(file)
    quality, operations = ((), ()) if findings else read_told(file)
    broken, history = check_journal(file)
    findings, notes = (*findings, *broken), (*notes_in(operations), *history)
    lines = [str(finding) for finding in findings] or [f"{file}: sound"]
    result = {
        "file": file, "sound": not findings, "findings": [str(finding) for finding in findings],
        "quality": told_quality(quality), "notes": notes,
    }  # fmt: skip
    show(result, as_json, [*lines, *note_lines(notes), *verdict_lines(quality)])
    if findings:
        raise typer.Exit(1)
