"""`mocap follow-up`: what changed in one person over visits, beyond what measuring explains."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mocap.cli.common import JsonFlag, note_lines, show

if TYPE_CHECKING:
    from mocap.assessment.several import FollowUp

NAME = "follow-up"
EXAMPLE = "mocap follow-up P01_march.h5 P01_june.h5 --reliability reliability.toml --out P01.html"


def command(
    trials: Annotated[list[Path], typer.Argument(help="Assessed trial files of one person, of two days or more.")],
    out: Annotated[Path | None, typer.Option(help="Page to write (.html or .pdf).")] = None,
    csv: Annotated[Path | None, typer.Option(help="Table to write (.csv).")] = None,
    task: Annotated[str | None, typer.Option(help="Of the assessments; needed where the files have several.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Follow this figure alone; repeatable.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="CSV with the columns file, subject, date, in place of what the files say.")
    ] = None,
    reliability: Annotated[Path | None, typer.Option(help="The lab's own (mocap reliability).")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Follow one person over visits: every figure against its MDC95, and as a trend.

    Refused where the person, the settings of the assessment, the marker set, the model, the filter or a convention of
    an angle is not the same.
    """
    from mocap.pipeline.follow_up import check_follow_up_outputs, follow_up_of_files, write_follow_up
    from mocap.pipeline.several_tables import follow_up_json

    check_follow_up_outputs(out, csv, [*trials, *(path for path in (table, reliability) if path is not None)])
    made = follow_up_of_files(trials, task, table, reliability, metric or ())
    write_follow_up(made, out, csv)
    show({**follow_up_json(made), "out": out, "csv": csv}, as_json, _lines(made, out, csv))


def _lines(made: "FollowUp", out: Path | None, csv: Path | None) -> list[str]:
    days = ", ".join(visit.day for visit in made.visits)
    lines = [
        f"{made.subject}, {made.task}: {len(made.visits)} visits ({days})",
        f"  {'figure':34} {'unit':>8} {'first':>9} {'last':>9} {'change':>9} {'MDC95':>9}",
    ]
    first = [one for one in made.metrics if one.primary] or made.metrics
    for one in first:
        last = one.changes[-1]
        lines.append(f"  {one.name:34} {one.unit:>8} {_figure(one.means[0]):>9} {_figure(one.means[-1]):>9} "
                     f"{_figure(last.change):>9} {_figure(last.mdc95):>9} {last.words}")  # fmt: skip
        if len(made.visits) > 2 and one.trend.beyond:
            change, limit = _figure(one.trend.change), _figure(one.trend.mdc95)
            lines.append(f"  {'':34} trend {change} over all visits, beyond {limit}")
    further = [one for one in made.metrics if one not in first]
    beyond = [one.name for one in further if one.changes[-1].beyond]
    if further:
        told = f", beyond the MDC95: {', '.join(beyond)}" if beyond else ""
        lines.append(f"  {len(further)} further figures (--csv, --json, --out){told}")
    return [*lines, *note_lines(made.notes), *(str(path) for path in (out, csv) if path is not None)]


def _figure(value: float) -> str:
    return f"{value:z.3g}" if value == value else "-"
