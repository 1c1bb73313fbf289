"""What is said of a piece that ended in a way that nobody foresaw: it costs its own result, and nothing else."""

import os

from mocap.batch.plan import SessionJob
from mocap.batch.rows import FAILED, Row

KILLED = "KilledWorker"


def unforeseen_words(error: BaseException | None) -> tuple[str, str]:
    """Return code and words of an error that is none of the program's own."""
    if isinstance(error, MemoryError):
        return "MEMORY", "There is not enough memory for it. Remedy: Fewer at a time (--jobs)."
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        words = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
        return "FILE", f"{where}{words}. Remedy: Check the path, the permissions and the free space; then start again."
    if type(error).__name__ == KILLED:
        return "WORKER_KILLED", (
            "The process that worked at it was ended from outside, each time that it was tried; most often memory ran "
            "out. Remedy: More memory for each worker (--memory), or fewer at a time (--jobs)."
        )
    return "UNFORESEEN", (
        f"An error in the program: {type(error).__name__}: {' '.join(str(error).split())[:300]}. Remedy: Report it "
        "with this line, and try that session by itself with `mocap run`."
    )


def lost_row(job: SessionJob, name: str, words: tuple[str, str]) -> Row:
    """Return the row of a piece that was lost."""
    code, text = words
    return Row(job.name, name, FAILED, job.subject, job.tasks.get(name, name), f"{code}: {text}", code)
