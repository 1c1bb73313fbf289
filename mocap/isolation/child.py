"""The process that parses. It reads no file itself: each is read by a copy of it, made for that file alone.

A copy takes milliseconds, where a new interpreter and the libraries take half a second; and what one file did to the
memory of its copy ends with it. Where processes cannot be copied (Windows), the files are read one after the other.
"""

import contextlib
import errno
import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TextIO

from mocap.errors import MocapError
from mocap.isolation.answers import Answer, write_answer
from mocap.isolation.limits import limit_process, virtual_memory
from mocap.isolation.tasks import TASKS, Allowance

Job = dict[str, Any]
HUNGER = "it asks for more memory than its size allows"
FLOOD = "what is read of it is larger than its size allows"


def main() -> None:
    """Serve until the standard input ends; the arguments are the file for the answers, and `copy` where possible."""
    carrier, copies = sys.argv[1], sys.argv[2] == "copy"
    requests, told = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    _silence()
    # Left open: an error that nobody foresaw is written into it when all else is closed.
    number = int(carrier) if carrier.isdigit() else os.open(carrier, os.O_RDWR | getattr(os, "O_BINARY", 0))
    _serve(requests, told, os.fdopen(number, "r+b", buffering=0), copies)


def _silence() -> None:
    """Let nothing that a library prints reach the caller's screen or the answers, and give it nothing to read."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _serve(requests: TextIO, told: TextIO, answers: BinaryIO, copies: bool) -> None:
    sys.excepthook = _Recorder(answers)
    print(json.dumps("ready"), file=told, flush=True)
    for job in map(json.loads, requests):
        # Our own code: imported before any byte of the file is read, and once for all copies.
        function = _function(job["task"])
        status = peak = 0
        if not copies:
            _work(function, job, answers)
        elif child := os.fork():
            status, peak = _waited(child)
        else:
            requests.close()
            told.close()
            limit_process(Allowance(*job["allowed"]), virtual_memory())
            _work(function, job, answers)
            os._exit(0)
        print(json.dumps([status, peak]), file=told, flush=True)


def _function(task: str) -> Callable[..., Answer]:
    entry = TASKS[task]
    for library in entry.libraries:
        with contextlib.suppress(ImportError):  # an extra that is not installed: the function says so
            importlib.import_module(library)
    function: Callable[..., Answer] = getattr(importlib.import_module(entry.module), entry.function)
    return function


def _work(function: Callable[..., Answer], job: Job, answers: BinaryIO) -> None:
    try:
        answer = function(Path(job["file"]), *job["arguments"])
        write_answer(answers, answer.arrays, {"words": answer.words})
    except MocapError as error:
        said = [type(error).__name__, error.cause, error.remedy, error.code]
        write_answer(answers, {}, {"error": said})


def _waited(child: int) -> tuple[int, int]:
    """Return how a copy ended (below 0: by a signal) and the most memory that it had, in bytes."""
    _, status, usage = os.wait4(child, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit


class _Recorder:
    """Leaves the last words of a process that ends by an error that no reader foresaw."""

    def __init__(self, answers: BinaryIO) -> None:
        self.answers = answers

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, MemoryError):
            why = HUNGER
        elif isinstance(error, OSError) and error.errno == errno.EFBIG:
            why = FLOOD
        else:
            why = f"{kind.__name__}: {error}"
        self.answers.truncate(0)
        write_answer(self.answers, {}, {"died": why[:300]})
        os._exit(1)
