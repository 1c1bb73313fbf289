"""`mocap view`: the viewer."""

from pathlib import Path
from typing import Annotated

import typer

NAME = "view"
EXAMPLE = "mocap view trial.h5"


def command(trial: Annotated[Path, typer.Argument(help="Trial file.")]) -> None:
    """Open a trial in the 3D viewer: skeleton, cameras, floor, time slider and the curve of an angle."""
    from mocap.storage import read_trial
    from mocap.viewer import view_trial

    view_trial(read_trial(trial))
