"""`mocap benchmark-set`: trials with a hidden truth, for any tool."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "benchmark-set"
EXAMPLE = "mocap benchmark-set set/ --truth apart/truth.json --trials 12"
_SECRET_BITS = 128
_GUESSABLE = 2**64


def command(
    out: Annotated[Path, typer.Argument(help="New folder for the set.")],
    truth: Annotated[Path, typer.Option(help="File for the truth; not in the set, which is handed out without it.")],
    trials: Annotated[int, typer.Option(min=1, max=999, help="How many.")] = 12,
    videos: Annotated[int, typer.Option(min=0, help="Film plates in so many of them; minutes each.")] = 0,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Makes the same set again; drawn when left out, and kept in the truth.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write squats and hip hinges whose pelvic tilt and lumbar flexion are known, without telling them.

    The set holds keypoints of every camera, calibrations and, with --videos, films of plates; its README says how to
    answer. The truth goes into a file elsewhere; in the set is its digest alone. `mocap benchmark-score` compares.
    """
    import secrets

    from mocap.pipeline.benchmark_set import make_benchmark

    chosen = secrets.randbits(_SECRET_BITS) if seed is None else seed
    with progress_bars() as progress:
        made = make_benchmark(out, truth, trials, chosen, min(videos, trials), progress)
    lines = [f"{made.out}: {len(made.trials)} trials, {len(made.filmed)} filmed; hand this out",
             f"{made.truth}: the truth; keep it apart (SHA-256 {made.sha256[:16]}...)"]  # fmt: skip
    if chosen < _GUESSABLE:
        lines.append("  note: whoever guesses so short a seed has the truth; leave --seed out for a blind set")
    show({"out": made.out, "truth": made.truth, "trials": list(made.trials), "filmed": list(made.filmed),
          "sha256": made.sha256}, as_json, lines)  # fmt: skip
