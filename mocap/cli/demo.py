"""`mocap demo`: the whole pipeline on the synthetic lab, measured against truth."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "demo"
EXAMPLE = "mocap demo --out demo_out"


def command(
    out: Annotated[Path, typer.Option(help="Folder for the session, the results and the figures.")] = Path("demo_out"),
    seed: Annotated[int, typer.Option(help="Another lab, subject and noise.", min=0)] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Run the whole pipeline on an embedded synthetic lab and compare it with the truth.

    Renders a board into every camera, calibrates from the images, reconstructs a static and a squat from noisy
    keypoints, computes the angles, and prints measured against true with limits. Exit status 1 when over a limit.
    """
    from mocap.pipeline.demo import run_demo

    with progress_bars() as progress:
        result = run_demo(out, seed, progress)
    rows = [
        f"  {'ok  ' if v.passed else 'OVER'} {v.name:<34} {v.measured:8.3f} {v.unit:<4} limit {v.limit:g} {v.unit}"
        for v in result.verdicts
    ]
    lines = [f"Measured against truth, seed {seed}:", *rows, f"Left in {out}:", *(f"  {p}" for p in result.files)]
    verdicts = [vars(verdict) for verdict in result.verdicts]
    show({"seed": seed, "passed": result.passed, "verdicts": verdicts, "files": result.files}, as_json, lines)
    if not result.passed:
        raise typer.Exit(1)
