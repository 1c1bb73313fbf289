"""`mocap check`: is this trial file sound?"""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, note_lines, show, told_quality, verdict_lines

NAME = "check"
EXAMPLE = "mocap check trial.h5 --reproduce"


def command(
    file: Annotated[Path, typer.Argument(help="Trial file.")],
    reproduce: Annotated[
        bool, typer.Option("--reproduce", help="Make the trial again from its inputs as it tells, and compare.")
    ] = False,
    inputs: Annotated[
        Path | None, typer.Option(help="Folder with inputs, beside those of the file and of its session.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check schema and integrity of a trial file; exit status 1 when something is wrong, with the item named.

    Of a sound file it also prints how its trial was made and what was found to look at. That concerns the recording:
    the file is sound either way. The journal beside it, which tells who changed the trials of the folder and when, is
    checked as well.

    With --reproduce its inputs are found by name and SHA-256, the recorded steps are done again in a temporary folder,
    and the file has to come out byte for byte; with other versions of the libraries with values within 1e-9.
    """
    if inputs is not None and not reproduce:
        raise typer.BadParameter("--inputs is for --reproduce")
    from mocap.pipeline.notes import notes_in
    from mocap.storage import check_trial, read_told
    from mocap.storage.journal_check import check_journal

    findings = check_trial(file)
    quality, operations = ((), ()) if findings else read_told(file)
    broken, history = check_journal(file)
    findings, notes = (*findings, *broken), (*notes_in(operations), *history)
    again = None
    if reproduce and not findings:
        from mocap.pipeline.reproduce import reproduce as made_again

        again = made_again(file, inputs)
    lines = [str(finding) for finding in findings] or [f"{file}: sound"]
    result = {
        "file": file, "sound": not findings, "findings": [str(finding) for finding in findings],
        "quality": told_quality(quality), "notes": notes, **({} if again is None else {"reproduced": again.told}),
    }  # fmt: skip
    repeated = [] if again is None else [f"{file}: {line}" for line in again.lines]
    show(result, as_json, [*lines, *repeated, *note_lines(notes), *verdict_lines(quality)])
    if findings or not (again is None or again.holds):
        raise typer.Exit(1)
