"""`mocap edit`: a reviewer's corrections of points, beside the raw ones."""

from pathlib import Path
from typing import Annotated

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, show

NAME = "edit"
EXAMPLE = (
    "mocap edit squat.h5 --missing LASI@120-140 --reason 'label jumped' --by AB\n\n"
    "two labels exchanged in frames 50 to 60: mocap edit squat.h5 --exchange LASI,RASI@50-60\n\n"
    "what is there, and the last one out again: mocap edit squat.h5; mocap edit squat.h5 --take-back 1"
)
_Words = list[str] | None


def command(
    trial: Annotated[Path, typer.Argument(help="The trial file.")],
    missing: Annotated[_Words, typer.Option(help="Points that are wrong there: LASI,RASI@120-140.")] = None,
    exchange: Annotated[_Words, typer.Option(help="Points that are each other there: LASI,RASI@50-60.")] = None,
    move: Annotated[_Words, typer.Option(help="Where a point is, in m in the world: LASI@77=0.101,-0.02,0.95.")] = None,
    leave_out: Annotated[
        _Words, typer.Option(help="A camera that is not to be used there, at all or for points: cam_2:LASI@100-120.")
    ] = None,
    mark: Annotated[_Words, typer.Option(help="Where a camera sees a point, in px: cam_2:LASI@77=512.5,300.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it stays in the file.")] = "",
    by: Annotated[str, typer.Option(help="Initials of who corrects.")] = "",
    take_back: Annotated[int, typer.Option(min=0, help="Take the last corrections out again, so many.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Correct points of a trial, or list the corrections; frames are counted from 0, the last one included.

    The raw points never change. `mocap kinematics` and `mocap run` compute from the corrected ones; until then a
    verdict says that the angles are of before.
    """
    from mocap.pipeline.edit_words import edit_line, point_edit
    from mocap.pipeline.point_edits import add_edits
    from mocap.pipeline.point_edits import take_back as taken_back
    from mocap.storage import read_edits
    from mocap.trial.edits import CAMERA_OUT, EXCHANGED, MARKED, MISSING, MOVED

    asked = {MISSING: missing, EXCHANGED: exchange, MOVED: move, CAMERA_OUT: leave_out, MARKED: mark}
    edits = [point_edit(kind, word, reason, by) for kind, words in asked.items() for word in words or ()]
    if take_back and edits:
        raise typer.BadParameter("Corrections are made or taken back, not both at once.")
    if edits:
        add_edits(trial, edits)
    elif take_back:
        taken_back(trial, take_back)
    found = read_edits(trial)
    lines = [f"  {number}: {edit_line(one)}" for number, one in enumerate(found, start=1)]
    changed = ["compute the angles again: mocap run for a session, mocap kinematics else"] if edits or take_back else []
    show({"edits": [vars(one) for one in found]}, as_json, [f"{trial}: {counted(len(found), 'correction')}", *lines,
                                                             *changed])  # fmt: skip
