"""`mocap report`: what a trial shows, as one page."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show, told_quality, verdict_lines

NAME = "report"
EXAMPLE = "mocap report squat.h5 --out report.html"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file with angles.")],
    out: Annotated[Path, typer.Option(help="Page to write (.html), all in one file.")] = Path("report.html"),
    as_json: JsonFlag = False,
) -> None:
    """Write the page of a trial: who and when, standing, every angle with its uncertainty, what is not observable.

    With every angle stand its definition, sequence, sign, zero, reference and method.
    """
    from mocap.pipeline.report import report_to_file

    made = report_to_file(trial, out)
    assert made.angles is not None
    seen = sum(one.observable for one in made.angles.definitions)
    lines = [f"{out}: {seen} of {len(made.angles.names)} angles", *verdict_lines(made.quality, failed_alone=True)]
    result = {"out": out, "angles": made.angles.names, "observable": seen, "quality": told_quality(made.quality)}
    show(result, as_json, lines)
