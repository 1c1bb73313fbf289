"""A page as PDF, without a browser; the same page gives the same bytes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mocap.errors import ExportError

MARK = b"%mocap report\n"
"""Behind the end of a PDF that was written here; readers look past it."""
_LOGGERS = ("weasyprint", "weasyprint.progress", "fontTools")


def page_to_pdf(html: str) -> bytes:
    """Return a self-contained page as a PDF.

    Raises
    ------
    ExportError
        PDF_UNAVAILABLE, where WeasyPrint or the Pango library that it draws with is missing.
    """
    weasyprint = load_weasyprint()
    with _quiet():
        # Pages bring all they need along: nothing is fetched.
        inside_alone = weasyprint.urls.URLFetcher(allowed_protocols={"data"})
        drawn: bytes = weasyprint.HTML(string=html, url_fetcher=inside_alone).write_pdf()
    return drawn + MARK


def load_weasyprint() -> Any:
    """Return the module, or say what is missing (ExportError PDF_UNAVAILABLE)."""
    try:
        with _quiet():
            import weasyprint
    except (ImportError, OSError) as error:
        missing = "WeasyPrint" if isinstance(error, ImportError) else "the Pango library, which WeasyPrint draws with,"
        raise ExportError(
            f"A PDF cannot be made: {missing} is not there.",
            "Install it (pip install weasyprint; apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
            "libharfbuzz-subset0), or write .html, which every browser prints to a PDF.",
            code="PDF_UNAVAILABLE",
        ) from error
    return weasyprint


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the notes of drawing and of fonts from the screen."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
