"""Inspect a file whose seal is broken in a process of its own, with limits: it may crash or hang the HDF5 library."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mocap
from mocap.storage.findings import Finding, inspect

# Several times what a sound file needs; a damaged one may keep the library busy for ever. The processor's time is
# counted, since the clock also counts what other programs take.
_CPU_S = 5.0
_CPU_BYTES_PER_S = 2e6
_WALL_PER_CPU = 6.0
_MEMORY_FLOOR = 2 << 30
_CODE = "from mocap.storage.isolation import main; main()"


def inspect_isolated(path: Path) -> tuple[Finding, ...]:
    """Return what is wrong with a file; a crash, a hang or a hunger for memory is a finding as well."""
    lost = Finding(str(path), "is damaged where the HDF5 library cannot read it", "TRIAL_DAMAGED")
    # The child has to find this very package, wherever the parent took it from.
    package_folder = str(Path(mocap.__file__).resolve().parents[1])
    search = os.pathsep.join(part for part in (package_folder, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CODE, str(path.resolve())],
            env={**os.environ, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=_WALL_PER_CPU * _seconds(path), check=False,
        )  # fmt: skip
        rows = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        rows = None
    return (lost,) if rows is None else tuple(Finding(*row) for row in rows)


def main() -> None:
    """Inspect the file named on the command line and print the findings as JSON; runs in the child."""
    path = Path(sys.argv[1])
    _limit(_MEMORY_FLOOR + 20 * path.stat().st_size, round(_seconds(path)))
    rows = [[finding.item, finding.problem, finding.code] for finding in inspect(path)]
    sys.stdout.write(json.dumps(rows))


def _seconds(path: Path) -> float:
    return _CPU_S + path.stat().st_size / _CPU_BYTES_PER_S


def _limit(memory_bytes: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the wall clock still holds
        return
    for kind, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (soft, hard))
