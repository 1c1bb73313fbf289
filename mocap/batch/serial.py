"""A batch in this process, one piece after the other: what `--jobs 1` does, and what all others are held against."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from mocap.batch.plan import SessionJob
from mocap.batch.rows import CALIBRATION, Row
from mocap.batch.tasks import begin_job, end_job, trial_job
from mocap.batch.unforeseen import lost_row, unforeseen_words


def run_serial(jobs: tuple[SessionJob, ...], versions: dict[str, str], tell: Callable[[Row], None]) -> None:
    """Make all sessions; `tell` is given each row as soon as it is known."""
    with ThreadPoolExecutor(1) as worker:  # an error that nobody foresaw is then that of one piece
        for job in jobs:
            began = _done(worker.submit(begin_job, job, versions))
            if began.exception() is not None:
                words = unforeseen_words(began.exception())
                for name in (CALIBRATION, *job.pieces.names):
                    tell(lost_row(job, name, words))
                continue
            begun = began.result()
            for row in begun.rows:
                tell(row)
            for name in (*job.pieces.free, *job.pieces.last):
                made = _done(worker.submit(trial_job, job, name, begun, versions))
                error = made.exception()
                tell(made.result() if error is None else lost_row(job, name, unforeseen_words(error)))
            ended = _done(worker.submit(end_job, job, begun))
            error = ended.exception()
            for row in ended.result() if error is None else (lost_row(job, "", unforeseen_words(error)),):
                tell(row)


def _done(future: Future) -> Future:
    future.exception()  # waits
    return future
