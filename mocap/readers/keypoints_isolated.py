"""Parse files in a process of its own, with limits: a damaged HDF5 file may crash or hang the library that reads it.

The child answers file by file over a pipe and leaves the arrays beside it as npz; where it dies or takes too long,
that file is refused and a new child goes on with the next.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

import mocap
from mocap.errors import FormatError, KeypointError, MocapError, SourceError

_START_S = 60.0  # to import numpy and h5py, on a busy machine
# Of the processor, several times what a sound file needs; the clock also counts what other programs take.
_FILE_S = 5.0
_BYTES_PER_S = 2e6
_WALL_PER_CPU = 4.0
_MEMORY_FLOOR = 2 << 30
_SIGXCPU = 24
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LATE = "it takes longer to read than its size allows"
_CODE = "from mocap.readers.keypoints_isolated import main; main()"
_ERRORS: dict[str, type[MocapError]] = {kind.__name__: kind for kind in (FormatError, KeypointError, SourceError)}


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a file holds: arrays, and all else as JSON."""

    arrays: Mapping[str, NDArray]
    words: Any


Parser = Callable[[Path], Parsed]


def parse_isolated(
    task: str, files: Sequence[Path], progress: Callable[[int, int], None] | None = None
) -> list[Parsed | MocapError]:
    """Parse files by the named task, each within a time and a memory that its size allows.

    Parameters
    ----------
    task : str
        `pandas` or `sleap`.
    files : sequence of Path
    progress : callable, optional
        Called with the files done and all files.

    Returns
    -------
    list of Parsed or MocapError
        In the order of `files`; the error is not raised, so that others can be read on.
    """
    answers: list[Parsed | MocapError] = []
    with tempfile.TemporaryDirectory(prefix="mocap-read-") as scratch:
        children = _Children(task, Path(scratch), max(map(_size, files), default=0))
        try:
            for file in files:
                answers.append(_not_hdf5(file) or children.parse(file))
                if progress is not None:
                    progress(len(answers), len(files))
        finally:
            children.close()
    return answers


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _not_hdf5(file: Path) -> MocapError | None:
    """Return why a file need not be handed to the library: it is empty, or nowhere begins as HDF5 does."""
    size = _size(file)
    try:
        with file.open("rb") as stream:
            found = any(_signed(stream, offset) for offset in _offsets(size))
    except OSError as error:
        return SourceError(f"{file} cannot be read: {error.strerror or error}.", "Check the path and the rights.")
    if not size:
        return SourceError(f"{file} is empty.", "Export or copy the file again.", code="FILE_EMPTY")
    if not found:
        return FormatError(f"{file} is not an HDF5 file.", "Export or copy the file again.", code="BROKEN_HDF5")
    return None


def _offsets(size: int) -> Iterator[int]:
    """Where HDF5 may begin, after a block of the user's own: 0, 512 and its doubles. Source: HDF5 format, II.A."""
    offset = 0
    while offset < size:
        yield offset
        offset = 2 * offset or 512


def _signed(stream: BinaryIO, offset: int) -> bool:
    stream.seek(offset)
    return stream.read(len(_SIGNATURE)) == _SIGNATURE


class _Children:
    """The process that parses, and a new one where the last one was lost."""

    def __init__(self, task: str, scratch: Path, largest: int) -> None:
        self.task, self.scratch, self.largest = task, scratch, largest
        self.child: _Child | None = None

    def parse(self, file: Path) -> Parsed | MocapError:
        """Return the content of a file, or why there is none."""
        self.child = self.child or _Child(self.task, self.scratch, self.largest)
        answer = self.child.parse(file)
        if not self.child.alive:
            self.close()
        return answer

    def close(self) -> None:
        """End the process."""
        if self.child is not None:
            self.child.close()
            self.child = None


class _Child:
    """One process that parses; it ends with its standard input."""

    def __init__(self, task: str, scratch: Path, largest: int) -> None:
        package_folder = str(Path(mocap.__file__).resolve().parents[1])
        search = os.pathsep.join(part for part in (package_folder, os.environ.get("PYTHONPATH", "")) if part)
        self.scratch, self.alive, self.count = scratch, True, 0
        self.errors = (scratch / "errors.txt").open("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CODE, task, str(_MEMORY_FLOOR + 20 * largest)],
            env={**os.environ, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, encoding="utf-8",
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.alive = self._answer(_START_S) is not None

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def _answer(self, seconds: float) -> Any:
        try:
            line = self.lines.get(timeout=seconds)
            return json.loads(line) if line else None
        except (queue.Empty, ValueError):
            return None

    def parse(self, file: Path) -> Parsed | MocapError:
        """Return the content of a file or why there is none; the process is not alive afterwards where it failed."""
        assert self.process.stdin is not None
        target = self.scratch / f"{self.count}.npz"
        self.count += 1
        start, seconds = time.monotonic(), _FILE_S + _size(file) / _BYTES_PER_S
        allowed = _WALL_PER_CPU * seconds
        answer = None
        if self.alive:
            try:
                self.process.stdin.write(json.dumps([str(file.resolve()), str(target), seconds]) + "\n")
                self.process.stdin.flush()
                answer = self._answer(allowed)
            except OSError:  # it is gone already
                answer = None
        if answer is None:
            self.alive = False
            return self._lost(file, time.monotonic() - start >= allowed)
        if "error" in answer:
            kind, cause, remedy, code = answer["error"]
            return _ERRORS.get(kind, FormatError)(cause, remedy, code=code)
        with np.load(target, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        target.unlink()
        return Parsed(arrays, answer["words"])

    def _lost(self, file: Path, late: bool) -> FormatError:
        if late:
            why = _LATE
        else:
            self.process.wait(timeout=10)
            self.errors.seek(0)
            last = [line for line in self.errors.read().splitlines() if line.strip()][-1:]
            why = last[0].strip()[:300] if last and self.process.returncode > 0 else "the library that reads it crashed"
            why = why if self.process.returncode != -_SIGXCPU else _LATE
        return FormatError(
            f"{file} is damaged or incomplete: {why}.", "Export or copy the file again.", code="BROKEN_HDF5"
        )

    def close(self) -> None:
        """End the process."""
        self.alive = False
        if self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except OSError:
                self.process.kill()
        try:
            self.process.wait(timeout=0.5 if self.count else 0.1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


def main() -> None:
    """Parse the files that the standard input names; runs in the child."""
    # Libraries may print: what they say must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    parse = _parser(sys.argv[1])
    _limit(int(sys.argv[2]))
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        file, target, seconds = json.loads(line)
        _limit_processor(seconds)
        try:
            parsed = parse(Path(file))
            np.savez(target, **parsed.arrays)  # type: ignore[arg-type]
            answer: dict[str, Any] = {"words": parsed.words}
        except MocapError as error:
            answer = {"error": [type(error).__name__, error.cause, error.remedy, error.code]}
        print(json.dumps(answer), file=answers, flush=True)


def _parser(task: str) -> Parser:
    if task == "sleap":
        from mocap.readers.keypoints_sleap_files import parse_sleap

        return parse_sleap
    from mocap.readers.keypoints_pandas_hdf5 import parse_pandas

    return parse_pandas


def _limit_processor(seconds: float) -> None:
    """Let this process use so many seconds more."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _limit(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the clock of the parent still holds
        return
    for kind, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
