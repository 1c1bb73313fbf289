"""Tables of a trial beside those over its frames: events, metrics of assessments, analog channels, force plates."""

from numpy.typing import NDArray

from mocap.export.tidy import TidyTable, event_table, metric_table, plate_table
from mocap.trial import Analog, Trial

_METRES = ("x", "y", "z")


def further_tables(trial: Trial) -> dict[str, list[tuple[str, NDArray]]]:
    """Return names of files with their columns, those that the trial has."""
    plates = _columns(plate_table(trial.force_plates))
    tables = {
        "events.csv": _columns(event_table(trial.events)),
        "metrics.csv": _columns(metric_table(trial)) if trial.assessments else [],
        "analog.csv": _analog(trial.analog),
        "force_plates.csv": [(f"{name}_m" if name in _METRES else name, cells) for name, cells in plates],
    }
    return {name: columns for name, columns in tables.items() if columns}


def _columns(table: TidyTable) -> list[tuple[str, NDArray]]:
    return [(one.name, one.cells.astype(str) if one.cells.dtype.kind == "O" else one.cells) for one in table]


def _analog(analog: Analog | None) -> list[tuple[str, NDArray]]:
    """A column per channel, its number and unit in the name: names of channels need not differ."""
    if analog is None:
        return []
    columns = [("analog_time_s", analog.time_s)]
    for number, (name, unit) in enumerate(zip(analog.names, analog.units, strict=True)):
        columns.append((f"{name}_{number + 1}{f'_{unit}' if unit else ''}", analog.values[:, number]))
    return columns
