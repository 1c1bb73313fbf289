"""The command `mocap`: one file per command, each thin."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocap.cli.application import app

__all__ = ["app", "main"]

_INTERRUPTED = 130  # what a shell expects after Ctrl-C, and what typer exits with


def main() -> None:
    """Run the command line; exit status 0 ok, 1 the data were refused, 2 usage, 130 stopped by Ctrl-C."""
    with _stopped_at_once():  # the libraries take a while
        from mocap.cli.application import answer
    try:
        answer()
    except KeyboardInterrupt:
        _say_stopped()
        sys.exit(_INTERRUPTED)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _say_stopped()
        raise


@contextmanager
def _stopped_at_once() -> Iterator[None]:
    """End at Ctrl-C without more ado: some libraries, while they load, take an exception for theirs and go on."""
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if usual:
        signal.signal(signal.SIGINT, lambda _number, _frame: _end_at_once())
    try:
        yield
    finally:
        if usual:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_at_once() -> None:
    _say_stopped()
    sys.stderr.flush()
    os._exit(_INTERRUPTED)


def _say_stopped() -> None:
    sys.stderr.write("\nStopped. No file is half-written; the same line again keeps what was finished.\n")


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module 'mocap.cli' has no attribute '{name}'")
    from mocap.cli.application import app

    return app
