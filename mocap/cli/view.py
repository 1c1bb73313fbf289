"""`mocap view`: the viewer."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "view"
EXAMPLE = "mocap view trial.h5"


def command(trial: Annotated[Path, typer.Argument(help="Trial file.")], as_json: JsonFlag = False) -> None:
    """Open a trial in the 3D viewer: skeleton, cameras, floor, time slider and the curve of an angle."""
    from mocap.storage import read_trial
    from mocap.viewer import view_trial

    shown = read_trial(trial)
    view_trial(shown)
    if as_json:
        show({"trial": shown.trial_id, "file": trial, "closed": True}, as_json, [])
