"""`mocap import`: C3D or TRC becomes a trial file."""

from pathlib import Path
from typing import Annotated

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, note_lines, show, told_quality, verdict_lines

NAME = "import"
EXAMPLE = "mocap import squat.trc --up y --out trial.h5"


def command(
    file: Annotated[Path, typer.Argument(help="C3D, TRC or MOT file.")],
    out: Annotated[Path, typer.Option(help="Trial file to write.")],
    up: Annotated[
        str | None, typer.Option(help="Axis that points up in the file: x, y or z; inferred when left out.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help="Unit of length: m, mm, cm, in; as stated in the file when left out.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Read a motion file into a trial; what the format leaves open is inferred from the body and said."""
    from mocap.pipeline.motion import import_to_file
    from mocap.pipeline.notes import notes_of

    trial = import_to_file(file, out, up, units)
    notes = notes_of(trial)
    points = trial.points
    result = {
        "out": out, "frames": points.n_frames, "markers": points.names, "axes": trial.axis_source,
        "quality": told_quality(trial.quality), "notes": notes,
    }  # fmt: skip
    lines = [
        f"{out}: {counted(points.n_frames, 'frame')}, {counted(len(points.names), 'marker')}, axes {trial.axis_source}",
        *note_lines(notes),
        *verdict_lines(trial.quality, failed_alone=True),
    ]
    show(result, as_json, lines)
