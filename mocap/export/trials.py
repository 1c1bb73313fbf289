"""Hand a trial over in another format; one table says which there are."""

from collections.abc import Callable
from pathlib import Path

from mocap.errors import ExportError
from mocap.export.tables import export_csv
from mocap.trial import Trial

EXPORTERS: dict[str, Callable[[Trial, Path | str], tuple[Path, ...]]] = {"csv": export_csv}


def export_trial(trial: Trial, to: str, path: Path | str) -> tuple[Path, ...]:
    """Write a trial in the named format and return the files.

    Raises
    ------
    ExportError
        `EXPORT_UNKNOWN`, naming what is available; and what the exporter raises.
    """
    exporter = EXPORTERS.get(to.lower())
    if exporter is None:
        raise ExportError(
            f"Export to '{to}' is not available.", f"Choose one of: {', '.join(EXPORTERS)}.", code="EXPORT_UNKNOWN"
        )
    return exporter(trial, path)
