"""`mocap view`: the viewer."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "view"
EXAMPLE = "mocap view trial.h5"
_CALIBRATION = ".toml"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file, or calibration.toml; a C3D or TRC file, to look at.")],
    videos: Annotated[Path | None, typer.Option(
        help="Folder with a video or a folder of images per camera; left out, those of the session around the trial.",
    )] = None,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Open a trial in the review window: the person in 3D, cameras, their pictures, curves, quality and decisions."""
    from mocap.viewer import view_trial
    from mocap.viewer.display import check_installed

    check_installed()
    if trial.suffix.lower() == _CALIBRATION:
        _view_calibration(trial, as_json)
        return
    from mocap.pipeline.review_open import open_desk

    desk = open_desk(trial, videos)
    view_trial(desk, source=str(trial.resolve()))
    if as_json:
        show({"trial": desk.review.trial.trial_id, "file": trial, "closed": True}, as_json, [])


def _view_calibration(path: Path, as_json: bool) -> None:
    """Open cameras, boards and maps of a calibration."""
    from mocap.pipeline.review_calibration import read_calibration_view
    from mocap.viewer.calibration_window import view_calibration

    shown = read_calibration_view(path)
    view_calibration(shown)
    if as_json:
        show({"calibration": path, "cameras": list(shown.rig.names), "closed": True}, as_json, [])
