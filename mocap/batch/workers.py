"""What the command line asks for as workers."""

from collections.abc import Sequence

from mocap.batch.cluster import Workers
from mocap.errors import ConfigError
from mocap.isolation.machine import machine_memory
from mocap.pipeline.detection_pool import usable_cores

_GIB = 1 << 30
_SLURM_JOBS, _SLURM_GIB = 8, 4


def asked_workers(
    jobs: int | None, memory_gib: float | None, scheduler: str, slurm: bool, settings: Sequence[str]
) -> Workers:
    """Return the workers that are asked for.

    Raises
    ------
    ConfigError
        BATCH_WORKERS where two kinds are asked for, or one in a way that tells nothing.
    """
    if scheduler and (slurm or jobs or memory_gib):
        raise _wrong(
            "--scheduler names workers that run already, and stands alone.", "Leave --slurm, --jobs and --memory out."
        )
    if settings and not slurm:
        raise _wrong("--slurm-set is for --slurm.", "Add --slurm, or leave it out.")
    odd = [one for one in settings if "=" not in one or one.startswith("=")]
    if odd:
        raise _wrong(f"'{odd[0]}' is no setting.", "Write NAME=VALUE, such as --slurm-set queue=short.")
    count = jobs or (_SLURM_JOBS if slurm else usable_cores())
    # A share leaves room for this process and for the system.
    share = _SLURM_GIB * _GIB if slurm else machine_memory() * 0.9 / count
    asked = int(memory_gib * _GIB) if memory_gib else int(share)
    return Workers(count, asked, scheduler, slurm, dict(one.split("=", 1) for one in settings))


def _wrong(cause: str, remedy: str) -> ConfigError:
    return ConfigError(cause, remedy, code="BATCH_WORKERS")
