"""`mocap reliability`: what a lab's own repeated measurements say of the error of each metric."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mocap.cli.common import JsonFlag, note_lines, show

if TYPE_CHECKING:
    from mocap.pipeline.reliability import Study

NAME = "reliability"
EXAMPLE = "mocap reliability study/*.h5 --table trials.csv --out reliability.toml"


def command(
    trials: Annotated[list[Path], typer.Argument(help="Assessed trial files of people who were measured repeatedly.")],
    out: Annotated[Path, typer.Option(help="Reliability file to write (.toml).")] = Path("reliability.toml"),
    table: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns file, subject, operator, visit; in place of what the files say."),
    ] = None,
    task: Annotated[str | None, typer.Option(help="Of the assessments; needed where the files have several.")] = None,
    name: Annotated[str, typer.Option(help="Printed where the figures are used; that of the file if left out.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Tell ICC, SEM and MDC95 of every metric from trials of people by operators and visits.

    ICC(2,1), absolute agreement; MDC95 = 1.96 x root 2 x SEM. A file says who, by whom and when; a table of trials says
    it in its place. Without a stated visit, it is the nth day on which an operator measured a person.
    """
    from mocap.pipeline.reliability import reliability_to_file

    made = reliability_to_file(trials, out, table, task, name)
    show(_told(made, out), as_json, _lines(made, out))


def _lines(made: "Study", out: Path) -> list[str]:
    lines = [f"{made.task}: {made.design}", f"  {'metric':34} {'unit':>8} {'ICC(2,1) (95 %)':>24} {'SEM':>9} "
             f"{'MDC95 (95 %)':>30} {'n':>3} {'one operator':>12} {'one visit':>9}"]  # fmt: skip
    for name, one in made.metrics.items():
        if one.reliability is None:
            continue
        found, icc = one.reliability, one.reliability.icc()
        span = f"{icc.value:.2f} ({icc.interval[0]:.2f} to {icc.interval[1]:.2f})"
        low, high = found.mdc95_interval
        limit = f"{found.mdc95:.3g} ({low:.3g} to {high:.3g})"
        lines.append(f"  {name:34} {made.units[name]:>8} {span:>24} {found.sem_agreement:>9.3g} {limit:>30} "
                     f"{found.squares.n:3d} {_sem(one.sem_one_operator):>12} {_sem(one.sem_one_visit):>9}")  # fmt: skip
    reasons: dict[str, list[str]] = {}
    for name, one in made.metrics.items():
        if one.reliability is None:
            reasons.setdefault(one.reason, []).append(name)
    lines += [f"  not told {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return [*lines, *note_lines(made.notes), str(out)]


def _sem(value: float) -> str:
    return f"{value:.3g}" if value == value else "-"


def _told(made: "Study", out: Path) -> dict[str, Any]:
    return {
        "task": made.task, "name": made.name, "design": made.design, "method": dict(made.method),
        "people": made.people, "measurements": made.measurements, "notes": made.notes, "out": out,
        "metrics": [
            {
                "name": name, "unit": made.units[name], "meaning": made.meanings[name], "reason": one.reason,
                "sd_repetition": one.sd_repetition, "repetitions": one.repetitions,
                "sem_measurement": one.sem_measurement, "sem_one_operator": one.sem_one_operator,
                "sem_one_visit": one.sem_one_visit,
                "norm": vars(made.norms[name]), **({} if one.reliability is None else _figures(one.reliability)),
            }
            for name, one in made.metrics.items()
        ],
    }  # fmt: skip


def _figures(found: Any) -> dict[str, Any]:
    return {
        "n_people": found.squares.n, "n_measurements": found.squares.k,
        "icc": {one.form: {"value": one.value, "interval": one.interval} for one in found.coefficients},
        "sem": found.sem_agreement, "sem_interval": found.sem_agreement_interval,
        "sem_consistency": found.sem_consistency, "mdc95": found.mdc95, "mdc95_interval": found.mdc95_interval,
        "mean": found.mean, "sd_people": found.sd_people,
    }  # fmt: skip
