"""`mocap batch`: all sessions below a folder, on one machine or a cluster."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, end_refused, progress_bars, show

NAME = "batch"
EXAMPLE = "mocap batch recordings/ --jobs 8"


def command(
    root: Annotated[Path, typer.Argument(help="Folder; every folder below it with a session.toml is a session.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for all results and the table; default: results within each session, table in ROOT."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes, default all cores; with --slurm jobs of it, default 8.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(min=0.5, help="GiB of each; default its share of this machine's, with --slurm 4.")
    ] = None,
    scheduler: Annotated[str, typer.Option(help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786.")] = "",
    slurm: Annotated[bool, typer.Option("--slurm", help="Have SLURM start the processes.")] = False,
    slurm_set: Annotated[
        list[str] | None, typer.Option(help="With --slurm: queue=short, account=lab, walltime=02:00:00, ...")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what is found and do nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run every session below a folder; what did not change is skipped, and one bad trial stops no other.

    Killed or interrupted, the same line goes on from there. A table of all trials with their verdicts is written as
    batch.html and batch.csv. The exit status is 1 where a trial has no result.
    """
    from mocap.batch.plan import plan_batch, plan_lines
    from mocap.batch.rows import WITHOUT_RESULT
    from mocap.batch.run import batch_files, run_batch
    from mocap.batch.summary import closing_line, counts_of, look_lines, ordered
    from mocap.batch.workers import asked_workers
    from mocap.pipeline.session_folders import find_sessions

    workers = asked_workers(jobs, memory, scheduler, slurm, slurm_set or ())
    plan = plan_batch(root, find_sessions(root), "results", out)
    n_sessions = len(plan.jobs) + len(plan.refused)
    if dry_run:
        told = {"sessions": [job.name for job in plan.jobs], "trials": plan.n_trials}
        closing = f"{counted(n_sessions, 'session')}, {counted(plan.n_trials, 'trial')} found; nothing was done"
        show(told, as_json, [*plan_lines(plan), closing])
        end_refused((row.name, row.text) for row in plan.refused)
        return
    files = batch_files(out or root)
    with progress_bars() as progress:
        rows = ordered(run_batch(plan, workers, files, progress, _say))
    lines = [*(f"  {line}" for line in look_lines(rows)), f"table: {files.page}, {files.table}"]
    result = {"rows": [{**vars(row), "verdict": row.verdict} for row in rows], "counts": counts_of(rows),
              "page": files.page, "table": files.table}  # fmt: skip
    show(result, as_json, [*lines, closing_line(rows, n_sessions)])
    end_refused((row.name, row.text) for row in rows if row.state in WITHOUT_RESULT)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
