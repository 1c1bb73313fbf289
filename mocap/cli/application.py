"""All commands, and what becomes of their errors."""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from mocap.cli import (
    assess,
    batch,
    benchmark_score,
    benchmark_set,
    board,
    calibrate,
    check,
    compare,
    conditions,
    config,
    convert,
    dataset,
    demo,
    detect,
    doctor,
    edit,
    erase,
    export,
    follow_up,
    import_,
    kinematics,
    new,
    plan,
    plate_calibrate,
    plates,
    reconstruct,
    reliability,
    report,
    run,
    sync,
    view,
)
from mocap.errors import MocapError

app = typer.Typer(
    name="mocap",
    help="Multi-camera motion capture: calibrate, reconstruct, measure angles, review.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _module in (
    demo, new, config, doctor, run, batch, plan, board, plates, plate_calibrate, calibrate, convert, detect, sync,
    reconstruct, import_, kinematics, assess, reliability, compare, conditions, follow_up, report, view, edit, check,
    export, dataset, benchmark_set, benchmark_score, erase,
):  # fmt: skip
    app.command(name=_module.NAME, epilog=f"Example: {_module.EXAMPLE}")(_module.command)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mocap {version('mocap')}")
        raise typer.Exit


@app.callback(help=app.info.help)
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep the commands as sub-commands."""


def answer() -> None:
    """Run the command line; what the data are refused for becomes one line and exit status 1."""
    # Names of files may hold what no encoding knows; stderr writes such letters out of itself.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except MocapError as error:
        _fail(error.code, error.cause, error.remedy)
    except MemoryError:
        _fail(
            "MEMORY", "There is not enough memory for this input.", "Close other programs or use a shorter recording."
        )
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail("FILE", f"{where}{error.strerror or error}.", "Check the path, the permissions and the free space.")


def _fail(code: str, cause: str, remedy: str) -> None:
    # One line, whatever a library put into its complaint.
    sys.stderr.write(" ".join(f"error {code}: {cause} Remedy: {remedy}".split()) + "\n")
    sys.exit(1)
