"""Films and pictures of trials: what joins the window that shows them and the file that keeps them."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mocap.export.film import FilmFile


def open_film(path: Path, size: tuple[int, int], rate_hz: float, title: str, comment: str) -> "FilmFile":
    """Begin a film in the place of whatever has its name; for windows, which ask before (`mocap.viewer.filming`)."""
    from mocap.export.film import FilmFile

    return FilmFile(path, size, rate_hz, title, comment, overwrite=True)
