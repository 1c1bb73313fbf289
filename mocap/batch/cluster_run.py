"""A batch on the workers of a Dask scheduler, session by session, followed until the last piece.

Each session goes its own way: its beginning, then its trials, then those that take up results of others, then the end.
What comes next is decided here and not by the scheduler, as a piece that is lost must not take those behind it along.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from mocap.batch.cluster import workers_lost
from mocap.batch.plan import SessionJob
from mocap.batch.rows import CALIBRATION, Row
from mocap.batch.tasks import BegunJob, begin_job, end_job, trial_job
from mocap.batch.unforeseen import lost_row, unforeseen_words

_BEGIN, _TRIAL, _END = "begin", "trial", "end"
_QUEUED = 1000


@dataclass
class _Course:
    """How far a session is."""

    job: SessionJob
    place: int
    begun: BegunJob | None = None
    under_way: int = 0
    stage: int = 0


@dataclass(frozen=True)
class _Piece:
    """One piece that is queued or under way."""

    course: _Course
    kind: str
    name: str
    future: Any


def run_on(client: Any, jobs: tuple[SessionJob, ...], versions: Mapping[str, str], tell: Callable[[Row], None]) -> None:
    """Make all sessions on the workers of a client; `tell` is given each row as soon as it is known.

    Raises
    ------
    SourceError
        BATCH_SCHEDULER, where the scheduler itself is lost.
    """
    from distributed import as_completed

    queue = _Queue(client, dict(versions), as_completed())
    courses = (_Course(job, place) for place, job in enumerate(jobs))
    queue.fill(courses)
    for future in queue.coming:
        piece = queue.pieces.pop(future.key)
        made, error = _answer(future)
        for row in _rows(piece, made, error):
            tell(row)
        queue.go_on(piece, made)
        queue.fill(courses)


class _Queue:
    """What is queued, and what is queued next."""

    def __init__(self, client: Any, versions: dict[str, str], coming: Any) -> None:
        self.client, self.versions, self.coming = client, versions, coming
        self.pieces: dict[str, _Piece] = {}
        self._token = secrets.token_hex(4)  # the scheduler may know the same names from another batch

    def fill(self, courses: Iterator[_Course]) -> None:
        """Begin further sessions, but no more than keep the workers busy: what waits here takes no memory there."""
        for course in islice(courses, max(0, _QUEUED - len(self.pieces))):
            self._submit(course, _BEGIN, "", begin_job, course.job, self.versions)

    def go_on(self, piece: _Piece, made: Any) -> None:
        """Queue what comes after a piece, once all beside it are done."""
        course = piece.course
        if piece.kind == _END or (piece.kind == _BEGIN and made is None):
            return
        if piece.kind == _BEGIN:
            # The rows are told already: what is sent to each trial is small.
            begun = None if made.begun is None else replace(made.begun, outcomes=())
            course.begun = BegunJob((), begun)
        else:
            course.under_way -= 1
        while course.under_way == 0 and course.stage < 3:
            self._next_stage(course)

    def _next_stage(self, course: _Course) -> None:
        pieces = course.job.pieces
        course.stage += 1
        if course.stage == 3:
            self._submit(course, _END, "", end_job, course.job, course.begun)
            return
        for name in pieces.free if course.stage == 1 else pieces.last:
            self._submit(course, _TRIAL, name, trial_job, course.job, name, course.begun, self.versions)
            course.under_way += 1

    def _submit(self, course: _Course, kind: str, name: str, work: Callable[..., Any], *arguments: Any) -> None:
        # A session that is begun is finished before the next one is taken up.
        future = self.client.submit(
            work, *arguments, key=f"{kind}-{self._token}-{course.job.name}/{name}", pure=False, priority=-course.place
        )
        self.pieces[future.key] = _Piece(course, kind, name, future)
        self.coming.add(future)


def _answer(future: Any) -> tuple[Any, BaseException | None]:
    from distributed.client import FutureCancelledError

    try:
        error = future.exception()
        return (None, error) if error is not None else (future.result(), None)
    except (FutureCancelledError, OSError, TimeoutError) as lost:
        raise workers_lost(lost) from lost


def _rows(piece: _Piece, made: Any, error: BaseException | None) -> tuple[Row, ...]:
    job = piece.course.job
    if error is None:
        return (made,) if isinstance(made, Row) else made.rows if isinstance(made, BegunJob) else made
    words = unforeseen_words(error)
    names = {_BEGIN: (CALIBRATION, *job.pieces.names), _TRIAL: (piece.name,), _END: ("",)}
    return tuple(lost_row(job, name, words) for name in names[piece.kind])
