"""`mocap reconstruct`: 2D keypoints become a trial of 3D points."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "reconstruct"
EXAMPLE = "mocap reconstruct --calibration c.toml --keypoints squat/ --skeleton BODY_25B --rate 60 --out trial.h5"


def command(
    calibration: Annotated[Path, typer.Option(help="Calibration of the cameras.")],
    keypoints: Annotated[Path, typer.Option(help="OpenPose folders, DeepLabCut files, or a CSV or Parquet table.")],
    out: Annotated[Path, typer.Option(help="Trial file to write.")],
    rate: Annotated[float | None, typer.Option(help="Frame rate in Hz.", min=1e-3)] = None,
    skeleton: Annotated[
        str | None, typer.Option(help="Keypoint order, such as BODY_25B, where the files bring no names.")
    ] = None,
    format: Annotated[str, typer.Option(help="auto, openpose, deeplabcut or long.")] = "auto",
    z_up: Annotated[
        bool, typer.Option("--z-up", help="State that the calibration's Z points up, where its file does not say so.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Triangulate robustly, with the covariance of every point; the right person is chosen per camera."""
    from mocap.pipeline.reconstruction import reconstruct_to_file

    with progress_bars() as progress:
        trial = reconstruct_to_file(calibration, keypoints, out, rate, skeleton, format, progress, z_up)
    figures = {verdict.name: verdict.measured for verdict in trial.quality}
    show(
        {"out": out, "frames": trial.points.n_frames, "keypoints": trial.points.names, "figures": figures},
        as_json,
        [f"{out}: {trial.points.n_frames} frames, {len(trial.points.names)} keypoints"]
        + [f"  {'ok  ' if v.passed else 'LOOK'} {v.name}: {v.measured:.3g} {v.unit} {v.text}" for v in trial.quality],
    )
