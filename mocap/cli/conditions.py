"""`mocap conditions`: what a bar position, a heel or a stance changes, in each person and over people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mocap.cli.common import JsonFlag, note_lines, show

if TYPE_CHECKING:
    from mocap.assessment.several import ConditionComparison
    from mocap.assessment.several.result import Conditions

NAME = "conditions"
EXAMPLE = "mocap conditions P*.h5 --by bar_position --first 'high bar' --out bar_position.html"


def command(
    trials: Annotated[list[Path], typer.Argument(help="Assessed trial files of two conditions or more.")],
    by: Annotated[str, typer.Option(help="What differs: an entry of the trials' context, such as heel_height_mm.")],
    out: Annotated[Path | None, typer.Option(help="Page to write (.html or .pdf).")] = None,
    csv: Annotated[Path | None, typer.Option(help="Table to write (.csv).")] = None,
    first: Annotated[str, typer.Option(help="Condition to compare with; that of the first file if left out.")] = "",
    task: Annotated[str | None, typer.Option(help="Of the assessments; needed where the files have several.")] = None,
    over: Annotated[str, typer.Option(help="descent, ascent or cycle: what curves are over.")] = "",
    angle: Annotated[list[str] | None, typer.Option(help="Compare the curve of this angle alone; repeatable.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Compare this figure alone; repeatable.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="CSV with the columns file, subject, and others that differ; over the files'.")
    ] = None,
    reliability: Annotated[Path | None, typer.Option(help="The lab's own (mocap reliability).")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare conditions within people and over people: figures against their MDC95, curves by permutation tests.

    People who did both are compared with themselves; where nobody did, two groups are. A test over people needs six.
    """
    from mocap.pipeline.conditions import check_conditions_outputs, conditions_of_files, write_conditions
    from mocap.pipeline.several_tables import conditions_json

    read = [*trials, *(path for path in (table, reliability) if path is not None)]
    check_conditions_outputs(out, csv, read)
    made = conditions_of_files(
        trials, by, first=first, task=task, part=over, angles=angle or (), metrics=metric or (),
        table=table, reliability=reliability,
    )  # fmt: skip
    write_conditions(made, out, csv)
    show({**conditions_json(made), "out": out, "csv": csv}, as_json, _lines(made, out, csv))


def _lines(made: "Conditions", out: Path | None, csv: Path | None) -> list[str]:
    lines = [line for one in made.comparisons for line in _comparison_lines(one)]
    return [*lines, *note_lines(made.notes), *(str(path) for path in (out, csv) if path is not None)]


def _comparison_lines(one: "ConditionComparison") -> list[str]:
    both = len(set(one.people[0]) & set(one.people[1]))
    who = f"within {both} people" if one.paired else f"{len(one.people[1])} people against {len(one.people[0])}"
    lines = [
        f"{one.by}: {one.second} minus {one.first}, {who}",
        f"  {'figure':34} {'unit':>8} {'n':>5} {'difference':>10} {'95 % of it':>22} {'p':>6} {'p, all':>6} over MDC95",
    ]
    first = [each for each in one.scalars if each.primary] or one.scalars
    for each in first:
        n = "+".join(str(count) for count in each.test.n)
        span = f"{_figure(each.interval[0])} to {_figure(each.interval[1])}"
        beyond = [person.person for person in each.people if person.change.beyond]
        p = f"{_p(each.test.p):>6} {_p(each.p_adjusted):>6}"
        lines.append(f"  {each.name:34} {each.unit:>8} {n:>5} {_figure(each.effect):>10} {span:>22} {p} "
                     f"{', '.join(beyond) or '-'}")  # fmt: skip
    lines += [f"  curve {each.name}: p {_p(each.test.p)} ({_p(each.p_adjusted)} for all of these angles)"
              for each in one.curves if each.primary and not each.test.reason]  # fmt: skip
    further = len(one.scalars) - len(first)
    lines += [f"  {further} further figures: --csv, --json, --out; --metric NAME asks for others"] * bool(further)
    tests = [*(each.test for each in one.scalars), *(each.test for each in one.curves)]
    reasons = {test.reason for test in tests if test.reason}
    return [*lines, *(f"  no test: {reason}" for reason in sorted(reasons)), *note_lines(one.notes)]


def _figure(value: float) -> str:
    return f"{value:z.3g}" if value == value else "-"


def _p(value: float) -> str:
    return f"{value:.3f}" if value == value else "-"
