"""A page and a table of what several recordings say: refused before the work, written after it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from calibration.files import write_texts
from mocap.pipeline.output_kinds import Kind
from mocap.pipeline.outputs import check_outputs
from mocap.pipeline.report import check_page, write_page


def check_page_and_table(page: Path | None, csv: Path | None, kinds: tuple[Kind, Kind], read: Sequence[Path]) -> None:
    """Refuse, before the work, a page or a table that could not be written, or that would cost another file.

    Parameters
    ----------
    page, csv : Path, optional
        What is not asked for is None.
    kinds : tuple of Kind
        Those of page and table.
    read : sequence of Path

    Raises
    ------
    As `check_page` and `check_outputs`.
    """
    if page is not None:
        check_page(page, kinds[0], read)
    if csv is not None:
        check_outputs({csv: kinds[1]}, read)


def write_page_and_table(page: Path | None, csv: Path | None, html: Callable[[], str], text: Callable[[], str]) -> None:
    """Write what is asked for; each is made only where it is written. `check_page_and_table` comes before the work."""
    if csv is not None:
        write_texts({csv: text()}, "WRITE_FAILED")
    if page is not None:
        write_page(page, html())
