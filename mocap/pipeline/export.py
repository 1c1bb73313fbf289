"""Hand a trial file over to another program: whole or not at all, and nothing that others wrote is written over."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calibration.digits import counted
from mocap.errors import ExportError, MocapError, SourceError
from mocap.export import FORMATS, ExportFormat, format_for
from mocap.pipeline.aside import folder_aside, move_all
from mocap.pipeline.export_back import DIFFERENCES
from mocap.pipeline.export_kinds import COMPANIONS, KINDS
from mocap.pipeline.export_privacy import (
    WithoutIdentity,
    check_key_apart,
    check_no_leak,
    check_output_name,
    without_identity,
)
from mocap.pipeline.output_kinds import Kind, is_alike
from mocap.pipeline.outputs import check_new, check_no_file, check_nothing_lost, check_output
from mocap.pipeline.point_edits import with_edits
from mocap.storage import read_trial, write_trial
from mocap.storage.journal import handed_over
from mocap.trial import Trial

_MOST_TOLD = 5
_ANY = Kind("file", b"")


@dataclass(frozen=True)
class Exported:
    """Files of a hand-over, and whether they were read back and found equal."""

    files: tuple[Path, ...]
    verified: bool = False
    without: WithoutIdentity | None = None


def _write_h5(trial: Trial, path: Path) -> tuple[Path, ...]:
    write_trial(path, trial, journal=False)  # who handed it over is told beside the trial that it comes from
    return (path,)


ROWS = {"h5": ExportFormat("h5", _write_h5, (".h5",)), **FORMATS}


def export_to_file(
    path: Path, to: str, out: Path, *, verify: bool = False, overwrite: bool = False, key: Path | None = None
) -> Exported:
    """Export a trial file in a format of `ROWS`: those of `mocap.export`, and a trial file again.

    Parameters
    ----------
    path : Path
        Trial file.
    to : str
        Name of the format.
    out : Path
        File or folder to write.
    verify : bool
        Read the files back before they take their names, and compare them with the trial.
    overwrite : bool
        Write over files of which it cannot be told that they were written here.
    key : Path, optional
        Take out what tells whose trial it is; this file keeps who is behind the pseudonyms.

    Raises
    ------
    ExportError
        EXPORT_UNKNOWN, EXPORT_SUFFIX; EXPORT_DIFFERS when what was read back is not what was written: nothing is
        left then; EXPORT_UNVERIFIED for a format that nothing here reads back; DEIDENTIFY_NAME, DEIDENTIFY_LEAK,
        DEIDENTIFY_UNKNOWN, KEY_BROKEN, KEY_BUSY, KEY_NOT_WRITTEN, KEY_NOT_APART.
    ConfigError
        OUTPUT_IS_INPUT, OUTPUT_OTHER, OUTPUT_EXISTS
    SourceError
        OUTPUT_FOLDER, OUTPUT_IS_FOLDER, OUTPUT_IS_FILE, WRITE_FAILED
    MocapError
        What reading and the exporter refuse.
    """
    row = format_for(to, out, ROWS)
    if verify and row.name not in DIFFERENCES:
        raise ExportError(
            f"Nothing here reads {row.name} back.", "Leave --verify out, and look at the file in the program that it "
            "is for.", code="EXPORT_UNVERIFIED",
        )  # fmt: skip
    in_folder = out.suffix.lower() not in row.endings
    if in_folder:
        check_no_file(out)
    if not out.is_dir():
        check_output(out)
    if key is not None:
        check_key_apart(key, out)
    trial = read_trial(path)
    if row.name != "h5":
        trial = with_edits(trial)  # a trial file keeps raw points and corrections side by side
    if key is None:
        return _exported(trial, row, path, out, verify, overwrite, None)
    without = without_identity(trial, key)
    check_output_name(out, without)
    return _exported(without.trial, row, path, out, verify, overwrite, without)


def _exported(
    trial: Trial, row: ExportFormat, path: Path, out: Path, verify: bool, overwrite: bool,
    without: WithoutIdentity | None,
) -> Exported:  # fmt: skip
    with _aside(out) as folder:
        aside = folder / out.name
        written = row.write(trial, aside)
        if without is not None:
            check_no_leak(written, without)
        if verify:
            _check_back(trial, row, aside)
        if row.merge is not None and out.is_dir():
            row.merge(aside, out)
        # What stays as it is there was taken out on bringing both together.
        targets = {file: out.parent / file.relative_to(folder) for file in written if file.exists()}
        _check_targets(row, targets, path, overwrite)
        kind = row.name if without is None else f"{row.name}, de-identified"
        handed_over(path, kind, tuple(targets.values()), named=without is None, written=tuple(targets))
        stale = _remnants(row, out, set(targets.values()))
        move_all(targets)
        for file in stale:
            file.unlink(missing_ok=True)
    return Exported(tuple(targets.values()), verify, without)


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """Make a folder aside; what the disk refuses within the block becomes an error that names the output."""
    try:
        with folder_aside(out) as folder:
            yield folder
    except OSError as error:
        if isinstance(error, MocapError):
            raise
        raise _failed(out, error) from error


def _failed(out: Path, error: OSError) -> SourceError:
    return SourceError(
        f"{out} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
        code="WRITE_FAILED",
    )  # fmt: skip


def _check_back(trial: Trial, row: ExportFormat, aside: Path) -> None:
    found = DIFFERENCES[row.name](trial, aside)
    if found:
        more = f" (and {counted(len(found) - _MOST_TOLD, 'more difference')})" if len(found) > _MOST_TOLD else ""
        raise ExportError(
            f"What was written as {row.name} reads back otherwise: {'; '.join(map(str, found[:_MOST_TOLD]))}{more}.",
            "Nothing was written. Check the disk; where it is sound, use another format and report this one.",
            code="EXPORT_DIFFERS",
        )


def _remnants(row: ExportFormat, out: Path, written: set[Path]) -> list[Path]:
    """Files of an earlier export of which this one writes none: beside the new ones they would mislead."""
    if row.merge is not None:
        return []
    if out.is_dir():
        there = list(out.iterdir())
    else:
        there = [out.with_name(f"{out.stem}{ending}") for ending in COMPANIONS.get(row.name, ())]
    there = [file for file in there if file.is_file() and file not in written and file.stat().st_size]
    return [file for file in there if any(is_alike(file, kind) for kind in KINDS.get(row.name, ()))]


def _check_targets(row: ExportFormat, targets: Mapping[Path, Path], path: Path, overwrite: bool) -> None:
    """Refuse to write over the trial, and over what is not known to be an earlier export."""
    for file, target in targets.items():
        known = None if overwrite else next((kind for kind in KINDS.get(row.name, ()) if is_alike(file, kind)), None)
        if known is None and not overwrite:
            check_new([target], "Name another file with --out, or write over this one with --overwrite.")
        check_nothing_lost([target], [path], [known or _ANY])
