"""`mocap assess`: repetitions or cycles, and what each shows, into the trial file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mocap.cli.common import JsonFlag, note_lines, show

if TYPE_CHECKING:
    from mocap.trial import Assessment

NAME = "assess"
EXAMPLE = (
    "mocap assess squat.h5 --task squat\n\n"
    "other settings: mocap assess squat.h5 --task squat --protocol our_squat.toml --set repetitions.foot_shift=0.03\n\n"
    "a reviewer's corrections, which stay: mocap assess squat.h5 --task squat --edit 2:bottom=3.95 "
    "--edit '4:reject=lost balance'\n\n"
    "with what other tests of the person say: mocap assess squat.h5 --task squat --beside knee_to_wall.h5 "
    "--beside hinge.h5\n\n"
    "what the file does not say: mocap assess squat.h5 --task squat --state subject=P01 --state date=2026-03-01 "
    "--state load_kg=40 --state passive_hip_flexion_deg=112"
)


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file with angles (.h5); the results are written into it.")],
    task: Annotated[
        str | None, typer.Option(help="squat, hinge, knee_to_wall, sit_to_stand, lunge, gait; the trial's if left out.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Settings: a preset, or a .toml file of your own; the task's preset if left out.")
    ] = None,
    choices: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as section.name=value; repeatable.")
    ] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option(
            help="REPETITION:start|bottom|end=SECONDS, REPETITION:reject=REASON, REPETITION:accept=REASON, or clear; a "
            "candidate that was not taken goes by its bottom: @7.25:accept=REASON; repeatable."
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="Initials of who edits.")] = "",
    reliability: Annotated[
        Path | None, typer.Option(help="The lab's own reliability.toml, as mocap reliability writes it.")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="An assessed trial of another test of the person: knee-to-wall, hinge, squats; repeatable."),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE of subject, date, operator, site, or a circumstance (load_kg, footwear, bar_position, "
            "heel_height_mm, passive_hip_flexion_deg); stays in the file; nothing after = takes it back."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table of repetitions to this .csv file, too.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Find repetitions or gait cycles and say what each shows: how much, when, how sure, and what cannot be told."""
    from mocap.pipeline.assess import assess_file, write_table
    from mocap.pipeline.assess_words import assessment_json, assessment_lines

    made = assess_file(trial, task, protocol, _pairs(choices), tuple(edit or ()), csv, reliability,
                       tuple(beside or ()), _facts(state), by)  # fmt: skip
    if csv is not None:
        write_table(made, csv)
    show(assessment_json(made, trial), as_json, [*assessment_lines(made), *_lines(made)])


def _lines(made: "Assessment") -> list[str]:
    return note_lines(made.notes)


def _pairs(choices: list[str] | None) -> dict[str, str]:
    found: dict[str, Any] = {}
    for choice in choices or []:
        name, _, value = choice.partition("=")
        if not value or "." not in name:
            raise typer.BadParameter("give section.name=value", param_hint="--set")
        found[name] = value
    return found


def _facts(stated: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in stated or []:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter("give name=value", param_hint="--state")
        if name.strip() in found:
            raise typer.BadParameter(f"{name.strip()} is stated twice", param_hint="--state")
        found[name.strip()] = value.strip()
    return found
