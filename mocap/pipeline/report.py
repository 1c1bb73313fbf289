"""Pages for people: the kinematics of a trial, and the comparison of two."""

from collections.abc import Sequence
from pathlib import Path

import mocap
from calibration.files import write_texts
from mocap.assessment import Comparison
from mocap.errors import ExportError, KinematicsError
from mocap.pipeline.notes import notes_of
from mocap.pipeline.output_kinds import ANGLE_PAGE, COMPARISON_PAGE, Kind
from mocap.pipeline.outputs import check_outputs
from mocap.storage import read_trial
from mocap.trial import Trial

_PAGES = (".html", ".htm")


def report_to_file(path: Path, out: Path) -> Trial:
    """Write the page of a trial's kinematics and return the trial.

    Raises
    ------
    KinematicsError
        NO_ANGLES
    ExportError
        REPORT_SUFFIX, for anything but HTML.
    MocapError
        What reading and writing refuse.
    """
    check_page(out, ANGLE_PAGE, [path])
    trial = read_trial(path)
    if trial.angles is None or not trial.angles.names:
        raise KinematicsError(
            f"{path.name} holds no joint angles, of which the report is.",
            f"Compute them first: mocap kinematics {path.name} --static STANDING --out angles.h5.",
            code="NO_ANGLES",
        )
    from mocap.report.kinematics_page import kinematics_page

    write_texts({out: kinematics_page(trial, notes_of(trial), mocap.__version__)}, "WRITE_FAILED")
    return trial


def write_comparison(made: Comparison, out: Path) -> None:
    """Write the page of a comparison; `check_comparison` comes before the work."""
    from mocap.report.comparison_page import comparison_page

    write_texts({out: comparison_page(made)}, "WRITE_FAILED")


def check_comparison(out: Path, read: Sequence[Path]) -> None:
    """Refuse a page that could not be written, or that would cost another file; see `check_page`."""
    check_page(out, COMPARISON_PAGE, read)


def check_page(out: Path, kind: Kind, read: Sequence[Path]) -> None:
    """Refuse, before the work, a page that could not be written, or that would cost another file.

    Raises
    ------
    ExportError
        REPORT_SUFFIX
    ConfigError, SourceError
        As `check_outputs` does.
    """
    if out.suffix.lower() not in _PAGES:
        raise ExportError(
            f"A page is HTML, and {out.name} does not end in .html.",
            "Name it .html; every browser prints it to a PDF, made for paper.",
            code="REPORT_SUFFIX",
        )
    check_outputs({out: kind}, read)
