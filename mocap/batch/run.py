"""The recipe of `mocap batch`: find, plan, work, tell."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.files import write_texts
from mocap.batch.cluster import Workers, check_workers, opened
from mocap.batch.cluster_run import run_on
from mocap.batch.page import batch_page
from mocap.batch.plan import BatchPlan
from mocap.batch.rows import Row
from mocap.batch.serial import run_serial
from mocap.batch.summary import is_trial, summary_csv
from mocap.pipeline.output_kinds import BATCH_PAGE, BATCH_TABLE
from mocap.pipeline.outputs import check_outputs, make_folder
from mocap.pipeline.progress import Progress
from mocap.storage import software_versions


@dataclass(frozen=True)
class BatchFiles:
    """Where the table of a batch is written."""

    page: Path
    table: Path


def batch_files(folder: Path) -> BatchFiles:
    """Return where the table of a batch is written, and refuse, before the work, what would cost another file.

    Raises
    ------
    ConfigError, SourceError
        As `check_outputs` does.
    """
    files = BatchFiles(folder / "batch.html", folder / "batch.csv")
    make_folder(folder)
    check_outputs({files.page: BATCH_PAGE, files.table: BATCH_TABLE}, [])
    return files


def run_batch(
    plan: BatchPlan, workers: Workers, files: BatchFiles, progress: Progress, say: Callable[[str], None]
) -> list[Row]:
    """Make all sessions of a plan, and write the table, also where the work is cut short.

    Parameters
    ----------
    plan : BatchPlan
    workers : Workers
        One process works in this one.
    files : BatchFiles
    progress : callable
        `progress("trials", done, total)`.
    say : callable
        Given a line at once: where the work can be watched.

    Returns
    -------
    list of Row
        A row for each calibration and trial, and for what was refused as a whole.

    Raises
    ------
    MocapError
        When the workers cannot be used, or their scheduler is lost.
    """
    rows = list(plan.refused)
    total, done = plan.n_trials, 0

    def tell(row: Row) -> None:
        nonlocal done
        rows.append(row)
        done += is_trial(row)
        progress("trials", min(done, total), total)

    progress("trials", 0, total)
    try:
        _work(plan, workers, tell, say, files.table.parent)
    finally:
        n_sessions = len(plan.jobs) + len(plan.refused)
        write_texts({files.page: batch_page(rows, n_sessions), files.table: summary_csv(rows)}, "WRITE_FAILED")
    return rows


def _work(
    plan: BatchPlan, workers: Workers, tell: Callable[[Row], None], say: Callable[[str], None], folder: Path
) -> None:
    versions = software_versions()
    if workers.count == 1 and not workers.scheduler and not workers.slurm:
        run_serial(plan.jobs, versions, tell)
        return
    with opened(workers) as client:
        link = check_workers(client, versions, [folder])
        if link:
            say(f"watch the work at {link}")
        run_on(client, plan.jobs, versions, tell)
