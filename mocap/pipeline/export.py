"""Hand a trial file over to another program: nothing that others wrote is written over."""

from pathlib import Path

from mocap.export import export_trial
from mocap.export.tables import VERDICTS, conventions_path, verdicts_path
from mocap.pipeline.output_kinds import CHECKS, COLUMNS, CONVENTIONS, MEASURES, Kind
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
    in_folder = out not in written
    if in_folder:
        check_no_file(out)
    for table in (out,) if in_folder and not out.is_dir() else written:
        check_output(table)
    check_nothing_lost(list(written), [path], list(written.values()))
    return export_trial(trial, to, out)


def table_files(out: Path) -> dict[Path, Kind]:
    """Return the tables of a trial that may be written, with what they are: of the name given, or those of a folder."""
    if out.suffix.lower() == ".csv":
        return {out: COLUMNS, conventions_path(out): CONVENTIONS, verdicts_path(out): CHECKS}
    tables = [out / name for name in ("points.csv", "points_smoothed.csv", "angles.csv", "measures.csv")]
    angles, measures = (conventions_path(table) for table in tables[-2:])
    return dict.fromkeys(tables, COLUMNS) | {angles: CONVENTIONS, measures: MEASURES, out / VERDICTS: CHECKS}
