"""The options of `mocap calibrate`, and to which way of calibrating each belongs: none is ignored in silence."""

from pathlib import Path
from typing import Annotated

import typer

_CHECK = "An old calibration against today's footage"
_POINTS = "Without a board: a wand, or a person who walks about"

SourceDir = Annotated[
    Path, typer.Argument(help="One video or one image folder per camera; keypoint files for a wand or a person.")
]
Boards = Annotated[
    list[Path] | None,
    typer.Option(
        help="Board description, board.toml, or the name of a preset. Give it again for further boards in the same "
        "footage; the first is the one that lies on the floor."
    ),
]
Out = Annotated[Path, typer.Option(help="Calibration to write.")]
World = Annotated[
    str | None,
    typer.Option(
        help="'floor:0', 'floor:0-9' or 'floor:0-9,200-220': the board lies on the floor in these frames "
        "('@5mm' behind it: its thickness); 'camera:NAME'; or 'lframe:', 'points:', 'wand:', 'plumb:' or 'feet:' "
        "with a FILE of landmarks. With --person also 'feet': the floor is under the person's own heels and toes."
    ),
]
Lens = Annotated[
    list[str],
    typer.Option(
        help="Lens model: auto, pinhole, brown2, brown5, rational8 or fisheye; CAMERA=MODEL for one camera alone."
    ),
]
Report = Annotated[
    bool, typer.Option(help="Measure how good it is, and write a page (.html) and a table (.json) beside it.")
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Write also a calibration whose verdict is 'refuse'; the file says so.")
]
Wand = Annotated[
    Path | None, typer.Option(help="Wand description, or the name of a preset.", rich_help_panel=_POINTS)
]
Person = Annotated[
    bool, typer.Option("--person", help="Calibrate from a person's keypoints.", rich_help_panel=_POINTS)
]
Lengths = Annotated[
    list[str] | None,
    typer.Option(
        help="A length that is known, in m with its sd; repeatable. With --board between cameras, with a tape: "
        "'cam_0-cam_3=4.212+-0.010'; with --person between keypoints, 'RHip-RKnee=0.42+-0.005', or cameras; with "
        "--wand between its markers, or cameras, to hold against the wand."
    ),
]
Frames = Annotated[
    int,
    typer.Option(
        help="Calibrate from at most so many frames, those that together show most of the board; 0 for all.", min=0
    ),
]
Timing = Annotated[
    bool,
    typer.Option(
        "--timing", help="Estimate how early or late each view was taken: for cameras without a common clock."
    ),
]
Bending = Annotated[
    bool | None,
    typer.Option(
        "--bending/--flat",
        help="Refine with the cameras how far the board is from flat, or keep it flat. Without either its shape is "
        "refined where the views prove that it bends, and the output says so.",
        show_default=False,
    ),
]
FrameTimes = Annotated[
    str,
    typer.Option(
        help="CSV of the times of the frames (cam_id, sync_index, frame_time); a timestamps.csv beside the footage "
        "is found by itself."
    ),
]
Lenses = Annotated[
    Path | None,
    typer.Option(help="Calibration whose lenses are taken; its poses are not.", rich_help_panel=_POINTS),
]
ImageSizes = Annotated[
    list[str] | None,
    typer.Option(help="CAMERA=WIDTHxHEIGHT, where no --lenses are given.", rich_help_panel=_POINTS),
]
Skeleton = Annotated[
    str | None,
    typer.Option(help="Keypoint order, such as BODY_25B, where the files bring no names.", rich_help_panel=_POINTS),
]
Rate = Annotated[
    float | None, typer.Option(help="Frame rate in Hz, for 'feet', and for shifts in ms with --timing.", min=1e-3)
]
Check = Annotated[
    Path | None,
    typer.Option(
        help="Measure this calibration against today's footage of a --board, a --wand or a --person: which camera "
        "moved, was exchanged, turned, resized or runs late, and by how much.",
        rich_help_panel=_CHECK,
    ),
]
Repair = Annotated[
    str | None,
    typer.Option(help="Place this camera anew by the others, and write --out.", rich_help_panel=_CHECK),
]
LimitMm = Annotated[
    float,
    typer.Option(
        help="Error in the volume from which a change is named; refused at twice.", min=0, rich_help_panel=_CHECK
    ),
]
LimitHours = Annotated[
    tuple[float, float],
    typer.Option(help="Ages from which a check, and a new calibration, are advised.", rich_help_panel=_CHECK),
]

_CHECKED = "--check with "
_WAYS = ("--board", "--wand", "--person")
_ALWAYS = {"source_dir", "board", "wand", "person", "check", "as_json"}
_ALL = {"out", "world", "length", "rate", "report", "anyway"}
_OF_POINTS = {*_ALL, "lenses", "image_size", "skeleton"}
#: By way: the options that it takes beside those that choose it.
_TAKEN = {
    "--board": {*_ALL, "lens", "frames", "timing", "bending", "frame_times"},
    "--wand": _OF_POINTS,
    "--person": _OF_POINTS,
    "--check with --board": {"repair", "out", "limit_mm", "limit_hours"},
    "--check with --wand": {"repair", "out", "limit_mm", "limit_hours", "rate", "skeleton"},
    "--check with --person": {"repair", "out", "limit_mm", "limit_hours", "rate", "skeleton"},
}


def refuse_strays(context: typer.Context, way: str) -> None:
    """Refuse options that were given and mean nothing in this way of calibrating.

    Parameters
    ----------
    context : typer.Context
    way : str
        '--board', '--wand', '--person', or '--check with' one of them.

    Raises
    ------
    typer.BadParameter
        Names each of them and where it belongs.
    """
    strays = []
    for parameter in context.command.params:
        name = str(parameter.name)
        if name not in _ALWAYS | _TAKEN[way] and _given(context, name):
            # Of an option that has two names, such as --bending/--flat, the one for its value.
            off = context.params[name] is False and parameter.secondary_opts
            typed = max(parameter.secondary_opts if off else parameter.opts, key=len)
            strays.append(f"{typed} (it goes with {_owners(name, way)})")
    if strays:
        raise typer.BadParameter(f"{way} takes no {', no '.join(strays)}")
    if way.startswith("--check") and _given(context, "out") and not context.params["repair"]:
        raise typer.BadParameter("--check writes nothing to --out but a camera that is placed anew, with --repair")


def _owners(name: str, way: str) -> str:
    """Return with which ways of calibrating an option goes; where something is checked, also that it is not then."""
    made = [owner for owner, taken in _TAKEN.items() if name in taken and not owner.startswith(_CHECKED)]
    checked = [owner for owner, taken in _TAKEN.items() if name in taken and owner.startswith(_CHECKED)]
    if [owner.removeprefix(_CHECKED) for owner in checked] == made:
        return " or ".join(made)  # with and without --check
    if len(checked) == len(_TAKEN) - len(_WAYS):
        checked = ["--check"]
    without = " without --check" if made and way.startswith(_CHECKED) else ""
    return " or ".join(filter(None, [" or ".join(made) + without, *checked]))


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
