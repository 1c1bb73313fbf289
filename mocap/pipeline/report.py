"""Pages for people: the assessment and the kinematics of a trial, and the comparison of two."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from numpy.typing import NDArray

import mocap
from calibration.files import write_texts
from mocap.assessment import Comparison
from mocap.errors import ExportError, KinematicsError
from mocap.pipeline.movement import places_of
from mocap.pipeline.notes import notes_of
from mocap.pipeline.output_kinds import ANGLE_PAGE, COMPARISON_PAGE, PAGE_PRINT, Kind
from mocap.pipeline.outputs import check_outputs
from mocap.storage import read_trial
from mocap.storage.journal import handed_over
from mocap.trial import Trial

_PAGES, _PRINTS = (".html", ".htm"), (".pdf",)


def report_to_file(path: Path, out: Path) -> Trial:
    """Write the page of a trial, its assessments first where it has some, and return the trial.

    Parameters
    ----------
    path : Path
        Trial file with angles or assessments.
    out : Path
        `.html`, or `.pdf` for the same page on paper.

    Raises
    ------
    KinematicsError
        NO_ANGLES
    ExportError
        REPORT_SUFFIX, for anything but HTML and PDF; PDF_UNAVAILABLE.
    MocapError
        What reading and writing refuse.
    """
    check_page(out, ANGLE_PAGE, [path])
    trial = read_trial(path)
    if not trial.assessments and (trial.angles is None or not trial.angles.names):
        raise KinematicsError(
            f"{path.name} holds no joint angles, of which the report is.",
            f"Compute them first: mocap kinematics {path.name} --static STANDING --out angles.h5.",
            code="NO_ANGLES",
        )
    from mocap.report.trial_page import trial_page

    page = trial_page(trial, notes_of(trial), mocap.__version__, _places(trial))
    handed_over(path, "report", (out,))
    write_page(out, page)
    return trial


def _places(trial: Trial) -> Mapping[str, NDArray]:
    """Return what key frames show by its name; nothing where the labels are of no known marker set."""
    if not trial.assessments:
        return {}
    try:
        return places_of(trial)
    except KinematicsError:
        return {}


def write_page(out: Path, html: str) -> None:
    """Write a page as it is, or as a PDF, by the suffix; `check_page` comes before the work."""
    if out.suffix.lower() in _PRINTS:
        from mocap.report.pdf import page_to_pdf

        write_texts({out: page_to_pdf(html)}, "WRITE_FAILED")
    else:
        write_texts({out: html}, "WRITE_FAILED")


def write_comparison(made: Comparison, out: Path) -> None:
    """Write the page of a comparison; `check_comparison` comes before the work."""
    from mocap.report.comparison_page import comparison_page

    write_page(out, comparison_page(made))


def check_comparison(out: Path, read: Sequence[Path]) -> None:
    """Refuse a page that could not be written, or that would cost another file; see `check_page`."""
    check_page(out, COMPARISON_PAGE, read)


def check_page(out: Path, kind: Kind, read: Sequence[Path]) -> None:
    """Refuse, before the work, a page that could not be written, or that would cost another file.

    Parameters
    ----------
    out : Path
    kind : Kind
        That of the page as HTML.
    read : sequence of Path

    Raises
    ------
    ExportError
        REPORT_SUFFIX; PDF_UNAVAILABLE, where what draws a PDF is missing.
    ConfigError, SourceError
        As `check_outputs` does.
    """
    if out.suffix.lower() in _PRINTS:
        from mocap.report.pdf import load_weasyprint

        load_weasyprint()
        kind = PAGE_PRINT
    elif out.suffix.lower() not in _PAGES:
        raise ExportError(
            f"A page is HTML or PDF, and {out.name} ends in neither .html nor .pdf.",
            "Name it .html or .pdf.",
            code="REPORT_SUFFIX",
        )
    check_outputs({out: kind}, read)
