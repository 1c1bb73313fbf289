"""`mocap plates`: printable plates with tags, described already or new."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "plates"
EXAMPLE = (
    "mocap plates squat_60 --out plates.pdf\n\n"
    "mocap plates --new sacrum --segment pelvis --tag 0.06 --facet-angle 30 --out sacrum.pdf"
)


OF_A_NEW_PLATE = ("segment", "tag", "facet_angle", "first_id", "tags", "fold", "dictionary")


def command(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(help="PDF to write; with --new its description comes beside it: a.toml and a.pdf.")
    ],
    plates: Annotated[Path | None, typer.Argument(help="Plates, a .toml, or the name of a preset.")] = None,
    new: Annotated[str | None, typer.Option(help="Make a new folded plate of this name.")] = None,
    segment: Annotated[str, typer.Option(help="What it is fixed to: pelvis, lumbar, femur_r, ...")] = "other",
    tag: Annotated[float, typer.Option(help="Side of a tag, black border included, m.")] = 0.06,
    facet_angle: Annotated[float, typer.Option(help="Between the fronts of both facets, deg; 0 is flat.")] = 30.0,
    first_id: Annotated[int, typer.Option(help="Id of the first tag; the others follow.")] = 0,
    tags: Annotated[int, typer.Option(help="Tags per facet, along the fold.", min=1, max=20)] = 1,
    fold: Annotated[str, typer.Option(help="upright or level: which way the fold runs.")] = "upright",
    dictionary: Annotated[str, typer.Option(help="Tags, by OpenCV's name.")] = "DICT_APRILTAG_36h11",
    as_json: JsonFlag = False,
) -> None:
    """Write plates as a PDF, true to scale, one page each: ids, sides, fold lines, a ruler and lengths to measure."""
    from mocap.pipeline.plates import print_plates, write_new_plate

    if (plates is None) == (new is None):
        raise typer.BadParameter("Give either a description of plates or --new with a name.")
    given = [name for name in OF_A_NEW_PLATE if not _left_out(context, name)]
    if new is None and given:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise typer.BadParameter(f"{options} make a plate of --new; those described are printed as described.")
    if new is not None:
        made, toml, pdf = write_new_plate(
            out, new, segment, tag, facet_angle, first_id, tags, fold, dictionary
        )
    else:
        assert plates is not None
        made, toml, pdf = print_plates(plates, out), plates, out
    lines = [f"{pdf}: one page per plate. Print at 100 %, then check the lengths that each page marks."]
    lines += [f"  {plate.describe()}" for plate in made]
    lines += [f"{toml}: their description. After folding: mocap plate-calibrate measures the real angle."]
    show({"out": pdf, "plates": toml, "names": [plate.name for plate in made]}, as_json, lines)


def _left_out(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is None or source.name == "DEFAULT"
