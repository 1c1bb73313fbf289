"""What a batch is going to do: the sessions, their trials, and what each of them waits for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mocap.batch.rows import Row, refused_row
from mocap.config.session import read_session
from mocap.errors import MocapError
from mocap.pipeline.session_tasks import SessionPieces, session_pieces


@dataclass(frozen=True)
class SessionJob:
    """One session of a batch.

    Attributes
    ----------
    name : str
        Its folder, as seen from the root of the batch.
    folder, out : str
        Absolute paths of the session and of its results: what is sent to workers.
    subject : str
    pieces : SessionPieces
    tasks : mapping of str to str
        The task of each trial.
    """

    name: str
    folder: str
    out: str
    subject: str
    pieces: SessionPieces
    tasks: dict[str, str]


@dataclass(frozen=True)
class BatchPlan:
    """All sessions of a batch, and those that cannot even be read."""

    jobs: tuple[SessionJob, ...]
    refused: tuple[Row, ...]

    @property
    def n_trials(self) -> int:
        """Of all sessions that can be read."""
        return sum(len(job.pieces.names) for job in self.jobs)


def plan_batch(root: Path, sessions: Sequence[Path], results: str, out: Path | None) -> BatchPlan:
    """Read the sessions.

    Parameters
    ----------
    root : Path
        The folder of the batch.
    sessions : sequence of Path
    results : str
        Name of the folder of results in each session.
    out : Path, optional
        Where the results go instead: a folder for each session, named and nested as the sessions are.
    """
    jobs: list[SessionJob] = []
    refused: list[Row] = []
    for folder in sessions:
        name = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
        try:
            session = read_session(folder)
        except MocapError as error:
            refused.append(refused_row(name, error))
            continue
        target = folder / results if out is None else out / folder.relative_to(root)
        jobs.append(SessionJob(
            name, str(folder.absolute()), str(target.absolute()), session.session.subject_code,
            session_pieces(session), {entry.name: entry.task for entry in session.trial},
        ))  # fmt: skip
    return BatchPlan(tuple(jobs), tuple(refused))


def plan_lines(plan: BatchPlan) -> Iterator[str]:
    """Yield what is planned, a line for each session."""
    for job in plan.jobs:
        there = sum((Path(job.out) / f"{name}.h5").is_file() for name in job.pieces.names)
        yield f"  {job.name}: {len(job.pieces.names)} trials, {there} with results that are looked at again"
    for row in plan.refused:
        yield f"  {row.name}: refused, {row.text}"
