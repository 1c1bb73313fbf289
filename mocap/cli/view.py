"""`mocap view`: the viewer."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "view"
EXAMPLE = "mocap view trial.h5"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file; or a C3D or TRC file, to look at.")],
    as_json: JsonFlag = False,
) -> None:
    """Open a trial in the review window: the person in 3D, cameras, time line and the curves of the angles."""
    from mocap.pipeline.review_open import open_desk
    from mocap.viewer import view_trial

    desk = open_desk(trial)
    view_trial(desk, source=str(trial.resolve()))
    if as_json:
        show({"trial": desk.review.trial.trial_id, "file": trial, "closed": True}, as_json, [])
