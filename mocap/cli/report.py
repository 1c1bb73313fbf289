"""`mocap report`: what a trial shows, as one page or as a PDF."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show, told_quality, verdict_lines

NAME = "report"
EXAMPLE = "mocap report squat.h5 --out report.html"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file with angles, and assessments if there are.")],
    out: Annotated[Path, typer.Option(help="Page to write (.html or .pdf), all in one file.")] = Path("report.html"),
    as_json: JsonFlag = False,
) -> None:
    """Write the page of a trial: its assessment first, where it has one, then its kinematics.

    The assessment: who and when, what was found per repetition with its uncertainty, what is withheld and why,
    curves, key frames, screening, settings. The kinematics: standing, every angle with its uncertainty, what is not
    observable; with every angle its definition, sequence, sign, zero, reference and method.
    """
    from mocap.pipeline.report import report_to_file

    made = report_to_file(trial, out)
    definitions = made.angles.definitions if made.angles is not None else ()
    seen = sum(one.observable for one in definitions)
    told = "".join(f"assessment of {one.task} ({one.repetitions.rows} rows), " for one in made.assessments)
    lines = [f"{out}: {told}{seen} of {len(definitions)} angles", *verdict_lines(made.quality, failed_alone=True)]
    result = {
        "out": out, "assessments": [one.task for one in made.assessments], "angles": [one.name for one in definitions],
        "observable": seen, "quality": told_quality(made.quality),
    }  # fmt: skip
    show(result, as_json, lines)
