"""Where the work of a batch is done: processes of this machine, a Dask cluster that runs already, or SLURM."""

import contextlib
import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mocap.batch.tasks import version_words, worker_state
from mocap.errors import ConfigError, MocapError, SourceError

# Libraries that start a thread for each core in each process would fight for the cores.
_THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
_CONNECT_S, _WORKERS_S = "15s", 300


@dataclass(frozen=True)
class Workers:
    """What does the work.

    Attributes
    ----------
    count : int
        Processes of this machine, or jobs of SLURM.
    memory_bytes : int
        Of each; one that takes more is ended, and its trial given to another.
    scheduler : str
        Address of a Dask scheduler that runs already; its workers are taken as they are.
    slurm : bool
    slurm_settings : mapping of str to str
        `queue`, `account`, `walltime`, ... of dask-jobqueue's SLURMCluster; the rest from its own configuration.
    """

    count: int
    memory_bytes: int
    scheduler: str = ""
    slurm: bool = False
    slurm_settings: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def opened(workers: Workers) -> Iterator[Any]:
    """Yield a client of what does the work; what was started for it ends with it.

    Raises
    ------
    MocapError
        BATCH_LIBRARY where a library is not installed, BATCH_SCHEDULER where none answers.
    """
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(_client(workers, stack))


def _client(workers: Workers, stack: contextlib.ExitStack) -> Any:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ConfigError(
            "Work in several processes needs the library distributed, which is not installed.",
            "Install it: pip install 'mocap[cluster]'; or do one at a time: --jobs 1.", code="BATCH_LIBRARY",
        ) from error  # fmt: skip
    # What it tells of workers that are lost is told in the table, by what it costs.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if workers.scheduler:
        return _connected(Client, workers.scheduler)
    if workers.slurm:
        cluster = stack.enter_context(slurm_cluster(workers))
        cluster.scale(workers.count)
        return Client(cluster)
    stack.enter_context(dask.config.set({"distributed.nanny.pre-spawn-environ": _THREADS}))
    cluster = stack.enter_context(LocalCluster(
        n_workers=workers.count, threads_per_worker=1, processes=True, memory_limit=workers.memory_bytes,
        dashboard_address="127.0.0.1:0", host="127.0.0.1", silence_logs=logging.CRITICAL,
    ))  # fmt: skip
    return Client(cluster)


def _connected(client: Any, address: str) -> Any:
    try:
        return client(address, timeout=_CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise SourceError(
            f"No Dask scheduler answers at {address}: {' '.join(str(error).split())[:200]}.",
            "Give the address that `dask scheduler` prints, such as tcp://10.0.0.5:8786, and see that this machine "
            "reaches it.",
            code="BATCH_SCHEDULER",
        ) from error


def slurm_cluster(workers: Workers) -> Any:
    """Return a cluster whose workers are jobs of SLURM, one process each; none is asked for yet.

    Raises
    ------
    ConfigError
        BATCH_LIBRARY, BATCH_SLURM
    """
    try:
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError as error:
        raise ConfigError(
            "--slurm needs the library dask-jobqueue, which is not installed.",
            "Install it: pip install 'mocap[cluster]'.", code="BATCH_LIBRARY",
        ) from error  # fmt: skip
    settings: dict[str, Any] = dict(workers.slurm_settings)
    exports = [f"export {name}={value}" for name, value in _THREADS.items()]
    try:
        return SLURMCluster(
            cores=1, processes=1, memory=f"{workers.memory_bytes} B", job_script_prologue=exports,
            **settings,
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"SLURM is not asked for in this way: {' '.join(str(error).split())[:200]}.",
            "Known to --slurm-set: queue, account, walltime, interface, and the further settings of dask-jobqueue's "
            "SLURMCluster.",
            code="BATCH_SLURM",
        ) from error


def check_workers(client: Any, versions: Mapping[str, str], outs: Sequence[Path]) -> str:
    """See that the workers have this program, these libraries and these disks; return where they can be watched.

    Parameters
    ----------
    client
    versions : mapping of str to str
        Those of this process.
    outs : sequence of Path
        Folders in which results will be written: a file that is made there has to be seen by all workers.

    Raises
    ------
    MocapError
        BATCH_WORKERS where there are none, BATCH_VERSIONS, BATCH_DISK.
    """
    try:
        client.wait_for_workers(1, timeout=_WORKERS_S)
    except TimeoutError as error:
        raise SourceError(
            f"No worker came within {_WORKERS_S} s.", "Start workers (`dask worker ADDRESS`), or look at the queue.",
            code="BATCH_WORKERS",
        ) from error  # fmt: skip
    for folder in outs:
        with _token(folder) as token:
            _check_states(_states(client, token), versions, folder)
    return str(client.dashboard_link or "")


def _states(client: Any, token: Path) -> dict[str, tuple[dict[str, str], bool]]:
    try:
        return client.run(worker_state, str(token))
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"The workers do not have this program: {' '.join(str(error).split())[:200]}.",
            "Give all workers the same environment as this one.", code="BATCH_VERSIONS",
        ) from error  # fmt: skip


def _check_states(states: Mapping[str, tuple[dict[str, str], bool]], versions: Mapping[str, str], folder: Path) -> None:
    wrong = {name: words for name, (there, _) in states.items() if (words := version_words(dict(versions), there))}
    if wrong:
        name, words = next(iter(wrong.items()))
        others = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ConfigError(
            f"The worker {name}{others} has other versions: {words}.",
            "Give all workers the same environment as this one.", code="BATCH_VERSIONS",
        )  # fmt: skip
    blind = [name for name, (_, sees) in states.items() if not sees]
    if blind:
        raise SourceError(
            f"The worker {blind[0]} does not see {folder}.",
            "Work goes to workers as paths: put the sessions on a disk that all of them have under the same name.",
            code="BATCH_DISK",
        )


@contextmanager
def _token(folder: Path) -> Iterator[Path]:
    path = folder / f".mocap-batch-{secrets.token_hex(8)}"
    try:
        path.write_text("", encoding="utf-8")
    except OSError as error:
        raise SourceError(
            f"{folder} cannot be written: {error.strerror}.", "Name a folder that may be written to with --out.",
            code="OUTPUT_FOLDER",
        ) from error  # fmt: skip
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def workers_lost(error: BaseException) -> MocapError:
    """Return what is said where the scheduler itself is gone."""
    return SourceError(
        f"The Dask scheduler does not answer any more: {' '.join(str(error).split())[:200]}.",
        "What is done stays; start the same line again and it goes on from there.", code="BATCH_SCHEDULER",
    )  # fmt: skip
