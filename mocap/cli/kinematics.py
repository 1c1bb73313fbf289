"""`mocap kinematics`: points become joint angles."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "kinematics"
EXAMPLE = "mocap kinematics squat.c3d --static standing.c3d --out squat.h5"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial: .h5, .c3d or .trc.")],
    out: Annotated[Path, typer.Option(help="Trial file to write.")],
    static: Annotated[Path | None, typer.Option(help="Standing trial of the same person: .h5, .c3d or .trc.")] = None,
    marker_set: Annotated[str | None, typer.Option(help="Marker set; found from the labels when left out.")] = None,
    model: Annotated[str, typer.Option(help="How poses are found: 'segments' (closed form).")] = "segments",
    up: Annotated[str | None, typer.Option(help="Up axis of a TRC: x, y or z; inferred when left out.")] = None,
    units: Annotated[
        str | None, typer.Option(help="Unit of length of a TRC or C3D that states none or a wrong one.")
    ] = None,
    cutoff: Annotated[
        float | None, typer.Option(help="Low-pass the points at this frequency in Hz first; none by default.", min=0.01)
    ] = None,
    choices: Annotated[
        list[str] | None,
        typer.Option("--set", help="A choice of the kinematics, such as posture=any or foot=anatomical; repeatable."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute segment poses and joint angles with their uncertainty; say what is not observable, and why."""
    from mocap.pipeline.motion import kinematics_to_file
    from mocap.pipeline.notes import notes_of

    pairs = [choice.partition("=") for choice in choices or []]
    if not all(value for _, _, value in pairs):
        raise typer.BadParameter("give NAME=VALUE", param_hint="--set")
    chosen = {name: value for name, _, value in pairs}
    made = kinematics_to_file(trial, out, static, marker_set, model, up, units, cutoff, chosen)
    angles = made.angles
    assert angles is not None
    notes = notes_of(made)
    lines = [f"{out}: {sum(d.observable for d in angles.definitions)} of {len(angles.definitions)} angles"]
    lines += [f"  note: {note}" for note in notes]
    lines += [
        f"  LOOK {v.name}: {v.measured:.3g} {v.unit}, limit {v.limit:g} {v.unit}. {v.text}"
        for v in made.quality
        if not v.passed
    ]
    for definition in angles.definitions:
        what = definition.method if definition.observable else f"not observable: {definition.reason}"
        if definition.observable and definition.reason:
            what += f" ({definition.reason})"
        lines.append(f"  {definition.name}: {what}")
    show(
        {
            "out": out,
            "angles": [vars(definition) for definition in angles.definitions],
            "quality": [vars(verdict) for verdict in made.quality],
            "notes": notes,
        },
        as_json,
        lines,
    )
