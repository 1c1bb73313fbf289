"""Processes that work for this one, and go with it."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold the keyboard's interrupt back; processes that are started meanwhile never see one.

    A terminal interrupts all processes of a command, and each would tell of it in its own words: while it still loads
    its libraries, nothing within it can prevent that. For this process it comes a moment later.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where `ignore_interrupts` has to do
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_interrupts() -> None:
    """Leave it to the process that started this one to say what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def end_late(processes: Sequence[BaseProcess], grace_s: float) -> None:
    """Wait for processes that were told to end, and end those that still run after a time."""
    until = time.monotonic() + grace_s
    running = list(processes)
    while running and (left := until - time.monotonic()) > 0:
        ended = wait([process.sentinel for process in running], left)
        running = [process for process in running if process.sentinel not in ended]
    for process in running:
        process.kill()


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone: one that is killed cannot end its workers itself.

    They would wait for work that nobody hands out, and hold their memory.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
