"""`mocap check`: is this trial file sound?"""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "check"
EXAMPLE = "mocap check trial.h5"


def command(
    file: Annotated[Path, typer.Argument(help="Trial file.")],
    as_json: JsonFlag = False,
) -> None:
    """Check schema and integrity of a trial file; exit status 1 when something is wrong, with the item named."""
    from mocap.storage import check_trial

    findings = check_trial(file)
    lines = [str(finding) for finding in findings] or [f"{file}: sound"]
    show({"file": file, "sound": not findings, "findings": [str(finding) for finding in findings]}, as_json, lines)
    if findings:
        raise typer.Exit(1)
