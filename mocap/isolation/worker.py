"""The caller's end: start the process that parses, hand it one file at a time, and believe nothing unchecked."""

import atexit
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

import mocap
from mocap import errors
from mocap.errors import MocapError, SourceError
from mocap.isolation.answers import Answer, read_answer
from mocap.isolation.tasks import START_S, allowance

_CODE = "from mocap.isolation.child import main; main()"
_LATE = "it takes longer to read than its size allows"
CRASHED = "the library that reads it crashed"
_LONGEST_LINE = 1000
_TEXT_MOST = 4000
_GRACE_S = 5.0
_LOST_BY = {"SIGALRM": _LATE, "SIGXCPU": _LATE, "SIGKILL": "the system ended the process that read it"}


class Lost(Exception):
    """The process that parsed a file was lost, or what it gave back is no answer; the words say why."""


def parse(task: str, file: Path, arguments: Sequence[Any] = ()) -> Answer:
    """Parse a file in the process of this program that is kept for it.

    Parameters
    ----------
    task : str
        A key of `tasks.TASKS`.
    file : Path
    arguments : sequence
        Further arguments of the task's function, as JSON knows them.

    Raises
    ------
    MocapError
        As the task's function raises it.
    Lost
        It crashed, hung, or asked for more memory or answered more than a file of this size may.
    """
    return of_this_process().parse(task, file, arguments)


def start_worker() -> None:
    """Start the process now, so that it is ready when the first file comes; it starts by itself otherwise."""
    of_this_process().start()


def close_worker() -> None:
    """End the process; the next file starts a new one."""
    of_this_process().close()


def of_this_process() -> "Worker":
    """Return the one that `parse` uses."""
    return _worker(os.getpid())


@cache
def _worker(process: int) -> "Worker":
    # By process: a copy of this program must not speak through the pipes of its parent.
    worker = Worker()
    atexit.register(worker.close)
    return worker


class Worker:
    """A process that parses files, started at the first one and anew where it was lost; one file at a time.

    `peak_bytes` is the most memory that any file took so far; 0 where the system does not say.
    """

    def __init__(self, *, copies: bool = hasattr(os, "fork")) -> None:
        self.copies = copies
        self.owner = os.getpid()
        self.lock = threading.RLock()
        self.child: _Child | None = None
        self.peak_bytes = 0

    def start(self) -> None:
        """Start the process and do not wait for it."""
        with self.lock:
            self.child = self.child or _Child(self.copies)

    def close(self) -> None:
        """End the process; a copy of the program that started it leaves it alone."""
        with self.lock:
            child, self.child = self.child, None
            if child is not None and os.getpid() == self.owner:
                child.close()

    def parse(self, task: str, file: Path, arguments: Sequence[Any] = ()) -> Answer:
        """Parse a file; see `parse`."""
        with self.lock:
            self.start()
            assert self.child is not None
            try:
                return self.child.parse(task, file, arguments)
            finally:
                self.peak_bytes = max(self.peak_bytes, self.child.peak_bytes)
                # Also when the user interrupts: the answer to come would be taken for that of the next file.
                if self.child.busy:
                    self.close()


class _Child:
    """One process and its pipes."""

    def __init__(self, copies: bool) -> None:
        package_folder = str(Path(mocap.__file__).resolve().parents[1])
        search = os.pathsep.join(part for part in (package_folder, os.environ.get("PYTHONPATH", "")) if part)
        self.answers, name, self.folder = _carrier()
        command = [sys.executable, "-P", "-c", _CODE, name, "copy" if copies else "alone"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            pass_fds=(self.answers.fileno(),) if name.isdigit() else (),
            start_new_session=True,  # an interrupt by the keyboard is for the caller, who ends this one
        )  # fmt: skip
        self.ready, self.busy, self.peak_bytes = False, False, 0
        self.lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed meanwhile
            while line := self.process.stdout.readline(_LONGEST_LINE):
                self.lines.put(line)
        self.lines.put(b"")

    def _line(self, seconds: float) -> Any:
        """The next line of the process; raises where it ended, or says nothing in time."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty as error:
            raise Lost(_LATE) from error
        if not line:
            raise Lost(self._last_words())
        return json.loads(line)

    def parse(self, task: str, file: Path, arguments: Sequence[Any]) -> Answer:
        """Parse one file; where the process is still busy afterwards it is of no more use."""
        self.busy = True
        self._await_start(file)
        path, allowed = str(file.absolute()), allowance(task, file.stat().st_size if file.is_file() else 0)
        job = {"task": task, "file": path, "arguments": list(arguments), "allowed": astuple(allowed)}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Lost(CRASHED) from error
        # The child's own alarm comes first; this is for one that does not heed it.
        status, peak = self._line(allowed.wall_s + _GRACE_S)
        self.peak_bytes = max(self.peak_bytes, peak)
        self.busy = False
        arrays, header = self._read(status, allowed.answer)
        if "error" in header:
            raise _error(header["error"], path, str(file))
        if status or "words" not in header:
            raise Lost(str(header.get("died") or _why(status))[:_TEXT_MOST])
        return Answer(arrays, header["words"], peak)

    def _await_start(self, file: Path) -> None:
        if self.ready:
            return
        try:
            self.ready = self._line(START_S) == "ready"
        except Lost as error:
            raise SourceError(
                f"{file} cannot be read: the process that reads it does not start ({sys.executable}).",
                "Install this program again, or give the machine more memory.", code="READER_START",
            ) from error  # fmt: skip

    def _read(self, status: int, most: int) -> tuple[dict[str, NDArray], dict[str, Any]]:
        try:
            return read_answer(self.answers, most)
        except (ValueError, TypeError, OSError, MemoryError, RecursionError) as error:
            raise Lost(_why(status)) from error
        finally:
            self.answers.truncate(0)

    def _last_words(self) -> str:
        """Why the process itself ended: it was lost with a file, where files are read without copies of it."""
        try:
            self.process.wait(timeout=10)
            _, header = read_answer(self.answers, _TEXT_MOST)
            return str(header.get("died") or CRASHED)
        except (ValueError, OSError, subprocess.TimeoutExpired):
            return CRASHED

    def close(self) -> None:
        """End the process and all that it started."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(timeout=0.0 if self.busy else 0.5)
        except subprocess.TimeoutExpired:
            self._kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.answers.close()
        if self.folder is not None:
            self.folder.cleanup()

    def _kill(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()


def _carrier() -> tuple[BinaryIO, str, "tempfile.TemporaryDirectory[str] | None"]:
    """Return the file that carries the answers, what the child has to open, and the folder to remove afterwards."""
    if hasattr(os, "memfd_create"):
        stream = os.fdopen(os.memfd_create("mocap-answer"), "r+b", buffering=0)
        return stream, str(stream.fileno()), None
    folder = tempfile.TemporaryDirectory(prefix="mocap-read-")
    path = Path(folder.name) / "answer"
    return path.open("w+b", buffering=0), str(path), folder


def _why(status: int) -> str:
    """Why a copy of the child ended as it did."""
    if status >= 0:
        return CRASHED
    known = {-number.value: number.name for number in signal.Signals}
    return _LOST_BY.get(known.get(status, ""), CRASHED)


def _error(said: Any, path: str, named: str) -> MocapError:
    """The error that the child met, by the name that the caller has for the file."""
    if not (isinstance(said, list) and len(said) == 4 and all(isinstance(word, str) for word in said)):
        raise Lost(CRASHED)
    kind, cause, remedy, code = (word[:_TEXT_MOST] for word in said)
    # Of the closed list of errors alone: the child names a kind, and never makes one.
    found = getattr(errors, kind) if kind in errors.__all__ else MocapError
    error: MocapError = found(cause.replace(path, named), remedy, code=code)
    return error
