"""The command `mocap`: one file per command, each thin."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocap.cli.application import app

__all__ = ["app", "main"]

_INTERRUPTED = 130  # what a shell expects after Ctrl-C, and what typer exits with


def main() -> None:
    """Run the command line; exit status 0 ok, 1 the data were refused, 2 usage, 130 stopped by Ctrl-C."""
    try:
        from mocap.cli.application import answer  # here: the libraries take a while, and may be interrupted too

        answer()
    except KeyboardInterrupt:
        _say_stopped()
        sys.exit(_INTERRUPTED)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _say_stopped()
        raise


def _say_stopped() -> None:
    sys.stderr.write("\nStopped. No file is half-written; the same line again keeps what was finished.\n")


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module 'mocap.cli' has no attribute '{name}'")
    from mocap.cli.application import app

    return app
