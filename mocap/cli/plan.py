"""`mocap plan`: where to hang cameras, before anything is drilled."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "plan"
EXAMPLE = "mocap plan --room 6x5x2.8 --cameras 8 --field-deg 70 --out plan.html"


def command(
    sketch: Annotated[
        Path | None,
        typer.Argument(help="Sketch of the room, room.toml, or a preset (lab_6x5 shows every entry); or give --room."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Page to write; a .csv of the cameras' places goes beside it.")] = Path(
        "plan.html"
    ),
    room: Annotated[str | None, typer.Option(help="Length x width x height of the room in m, such as 6x5x2.8.")] = None,
    cameras: Annotated[int, typer.Option(help="Number of cameras to place along the walls.", min=2, max=64)] = 8,
    volume: Annotated[str, typer.Option(help="Length x width x height of the space to measure, in m.")] = "2x1.5x2",
    field_deg: Annotated[float, typer.Option(help="Horizontal field of view of the lenses in degrees.")] = 70.0,
    image: Annotated[str, typer.Option(help="Image size in px.")] = "1920x1080",
    pixel_sd: Annotated[
        float, typer.Option(help="Noise of a detected point in px: 0.2 markers and plates, 2 to 8 pose detectors.")
    ] = 1.0,
    gravity_sd_deg: Annotated[float, typer.Option(help="Uncertainty of gravity in degrees.")] = 0.1,
    as_json: JsonFlag = False,
) -> None:
    """Forecast the 3D error and the error of pelvic tilt over the capture volume.

    Unless room.toml gives cameras, the places along the walls are chosen that measure the volume best. The forecast
    is the noise of one frame with a sound calibration; a person's own body hides landmarks from cameras behind it.
    """
    from mocap.pipeline.plan import camera_rows, sketched_room, write_plan

    plan = write_plan(
        sketched_room(sketch, room, cameras, volume, field_deg, image, pixel_sd, gravity_sd_deg), out, sketch
    )
    rows, figures = camera_rows(plan.rig), plan.summary()
    lines = [
        f"{out}: {len(rows)} cameras {'suggested' if plan.suggested else 'as given'}",
        *(
            f"  {row['name']}: x {row['x_m']:z.2f}, y {row['y_m']:z.2f}, z {row['z_m']:z.2f} m, "
            f"pan {row['pan_deg']:z.0f}, tilt {row['tilt_deg']:z.0f} deg"
            for row in rows
        ),
        *(f"  {name}: {value:.3g}" for name, value in figures.items()),
    ]
    show({"out": out, "suggested": plan.suggested, "cameras": rows, "figures": figures}, as_json, lines)
