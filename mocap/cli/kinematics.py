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
    as_json: JsonFlag = False,
) -> None:
    """Compute segment poses and joint angles with their uncertainty; say what is not observable, and why."""
    from mocap.pipeline.motion import kinematics_to_file

    angles = kinematics_to_file(trial, out, static, marker_set, model, up, units, cutoff).angles
    assert angles is not None
    lines = [f"{out}: {sum(d.observable for d in angles.definitions)} of {len(angles.definitions)} angles"]
    for definition in angles.definitions:
        what = definition.method if definition.observable else f"not observable: {definition.reason}"
        if definition.observable and definition.reason:
            what += f" ({definition.reason})"
        lines.append(f"  {definition.name}: {what}")
    show(
        {"out": out, "angles": [vars(definition) for definition in angles.definitions]},
        as_json,
        lines,
    )
