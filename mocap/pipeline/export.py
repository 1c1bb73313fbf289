"""Hand a trial file over to another program: nothing that others wrote is written over."""

from pathlib import Path

from mocap.export import export_trial
from mocap.pipeline.output_kinds import COLUMNS
from mocap.pipeline.outputs import check_no_file, check_nothing_lost, check_output
from mocap.storage import read_trial


def export_to_file(path: Path, to: str, out: Path) -> tuple[Path, ...]:
    """Export a trial file as `mocap.export.export_trial` does, and return the files.

    Raises
    ------
    ConfigError
        OUTPUT_IS_INPUT, OUTPUT_OTHER
    SourceError
        OUTPUT_FOLDER, OUTPUT_IS_FOLDER, OUTPUT_IS_FILE
    MocapError
        What reading and the exporter refuse.
    """
    trial = read_trial(path)
    written = table_files(out)
    if written != (out,):
        check_no_file(out)
    for table in written if out.is_dir() and written != (out,) else (out,):
        check_output(table)
    check_nothing_lost(written, [path], [COLUMNS] * len(written))
    return export_trial(trial, to, out)


def table_files(out: Path) -> tuple[Path, ...]:
    """Return the tables of a trial that may be written: one of the name, or those of a folder."""
    if out.suffix.lower() == ".csv":
        return (out,)
    return out / "points.csv", out / "points_smoothed.csv", out / "angles.csv"
