"""`mocap sync`: one timeline for all cameras."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, end_refused, progress_bars, show

if TYPE_CHECKING:
    from mocap.pipeline.synchronisation import SyncOutcome, TrialSync

NAME = "sync"
EXAMPLE = "mocap sync P01_2026-03-01 --method flash"


def command(
    session_dir: Annotated[Path, typer.Argument(help="Folder with a session.toml.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default SESSION_DIR/sync.")] = None,
    method: Annotated[
        str,
        typer.Option(
            help="timestamps (times by one clock), motion (keypoints and calibration), flash (a lamp that all saw), "
            "sound (the cameras' microphones; 2.9 ms per metre), or auto: the first of these that tells every clock."
        ),
    ] = "auto",
    trial: Annotated[list[str] | None, typer.Option(help="Only this trial; repeatable.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Find when every camera took its frames, and how the cameras' clocks stand to each other.

    Frame times come from files of the cameras or the recorder, else from the videos' containers, else from the nominal
    rate; which one is said for each camera. Dropped, doubled and misplaced frames are named by their index. Writes one
    file per trial.
    """
    from mocap.pipeline.synchronisation import synchronise_session

    with progress_bars() as progress:
        outcomes = synchronise_session(session_dir, out, method, progress, tuple(trial or ()))
    lines: list[str] = []
    for outcome in outcomes:
        lines += [f"{outcome.trial}: refused"] if outcome.found is None else _lines(outcome.found, outcome.file)
    refused = [outcome for outcome in outcomes if outcome.refused]
    done = len(outcomes) - len(refused)
    lines.append(f"{counted(len(outcomes), 'trial')} found, {done} done, {len(refused)} refused")
    show({"trials": [_result(outcome) for outcome in outcomes]}, as_json, lines)
    end_refused((outcome.trial, outcome.refused) for outcome in refused)


def _result(one: "SyncOutcome") -> dict[str, Any]:
    if one.found is None:
        return {"trial": one.trial, "file": one.file, "refused": one.refused}
    return {
        "trial": one.trial, "file": one.file, "method": one.found.estimate.method, "cameras": one.found.rows(),
        "words": one.found.estimate.words, "notes": one.found.frames.times.notes, "tried": one.found.tried,
    }  # fmt: skip


def _lines(found: "TrialSync", file: Path) -> list[str]:
    titles = zip(("rate Hz", "offset ms", "drift ppm", "dropped", "px"), (8, 18, 15, 8, 14), strict=True)
    head = f"{'camera':<12} {'times from':<13} " + " ".join(f"{title:>{width}}" for title, width in titles)
    lines = [f"{found.name}: by {found.estimate.method}, {file}", f"  {head}"]
    for row in found.rows():
        error = f"{_figure(row['error_before_px'])} -> {_figure(row['error_after_px'])}"
        offset = _with_sd(row["offset_s"], row["offset_sd_s"], 1e3)
        drift = _with_sd(row["drift_ppm"], row["drift_sd_ppm"], 1.0)
        lines.append(
            f"  {row['camera']:<12} {row['source']:<13} {_figure(row['rate_hz'], 3):>8} {offset:>18} {drift:>15} "
            f"{row['dropped']:>8} {error if row['error_before_px'] is not None else '-':>14}"
        )
    said = (*found.estimate.words, *found.frames.times.notes, *(f"tried {text}" for text in found.tried))
    return [*lines, *(f"  {text}" for text in said)]


def _figure(value: float | None, decimals: int = 1) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _with_sd(value: float | None, sd: float | None, scale: float) -> str:
    if value is None:
        return "not known"
    return f"{scale * value:+.2f} +- {_figure(None if sd is None else scale * sd, 2)}"
