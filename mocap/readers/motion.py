"""One door for motion files: the suffix names the reader."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.c3d import read_c3d
from mocap.readers.even_times import off_times
from mocap.readers.imported import Imported
from mocap.readers.mot import MotionTable, read_mot
from mocap.readers.trc import read_trc
from mocap.trial import AngleDefinition, JointAngles, Points3D


def read_motion(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read a motion file by its suffix: .c3d, .trc, or .mot and .sto (angles alone).

    Parameters
    ----------
    path : path
    up : str, optional
        The file's axis that points up; given by the user.
    units : str, optional
        Length unit; given by the user.

    Raises
    ------
    FormatError
        `SUFFIX_UNKNOWN`, and what the reader of the format raises.
    SourceError
        When the file is missing or cut off.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise FormatError(
            f"'{path.suffix}' of {path.name} is not a known motion format.",
            f"Give a file that ends in {', '.join(READERS)}.",
            code="SUFFIX_UNKNOWN",
        )
    return reader(path, up, units)


def read_mot_angles(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read the joint angles of a MOT file as angles without points, named `imported_<column>`.

    Translations (`_tx`, `_ty`, `_tz`) are left out and noted. Signs and zeros stay those of the file, hence the
    prefix: OpenSim's anterior pelvic tilt is negative, ours positive.

    Raises
    ------
    FormatError
        `MOT_NO_ANGLES`: the table holds something else; `MOT_UNITS`: it does not say degrees or radians;
        `MOT_TIME`: the rows are not evenly spaced.
    """
    table = read_mot(path)
    name = Path(path).name
    angles = [column for column in table.columns if column[-3:] not in ("_tx", "_ty", "_tz")]
    if table.in_degrees is None or not angles:
        code = "MOT_UNITS" if angles else "MOT_NO_ANGLES"
        raise FormatError(
            f"{name} does not say inDegrees, so its columns cannot be taken as angles.",
            "Export joint angles with inDegrees=yes or no.",
            code=code,
        )
    uneven = _check_even(table, name)
    values = np.stack([table.columns[column] for column in angles], axis=1)
    values, strange = _checked_angles(values, table.in_degrees, name)
    joint_angles = JointAngles(
        tuple(_definition(column, name) for column in angles),
        np.deg2rad(values) if table.in_degrees else values,
        table.rate_hz,
        start_s=float(table.time_s[0]),
    )
    n_rows = len(table.time_s)
    left_out = [column for column in table.columns if column not in angles]
    notes: tuple[str, ...] = (f"{name} holds joint angles and no points.",)
    if left_out:
        notes += (f"translations are left out: {', '.join(left_out)}.",)
    if up is not None or units is not None:
        notes += ("an up axis or a unit was given, which angles do not have: not used.",)
    points = Points3D(np.empty((n_rows, 0, 3)), (), table.rate_hz, start_s=float(table.time_s[0]))
    return Imported(points, angles=joint_angles, sha256=table.sha256, notes=(*table.notes, *notes, *uneven, *strange))


def _checked_angles(values: NDArray, in_degrees: bool, name: str) -> tuple[NDArray, tuple[str, ...]]:
    """Take angles of more than ten turns as missing, with a note; refuse degrees that are called radians."""
    turn = 360.0 if in_degrees else 2 * np.pi
    seen = np.abs(values[np.isfinite(values)])
    if not in_degrees and len(seen) and np.mean(seen > 2 * turn) > 0.05:
        raise FormatError(
            f"{name} says inDegrees=no, but its angles reach {seen.max():.4g}: these are degrees.",
            "Export joint angles with inDegrees as they are.",
            code="MOT_UNITS",
        )
    strange = np.abs(np.nan_to_num(values)) > 10 * turn
    if not strange.any():
        return values, ()
    note = f"{int(strange.sum())} angles of more than ten turns are taken as missing."
    return np.where(strange, np.nan, values), (note,)


def _check_even(table: MotionTable, name: str) -> tuple[str, ...]:
    """Refuse rows whose steps differ; return a note where times are off by more than their last digit."""
    steps = np.diff(table.time_s)
    if not len(steps) or np.abs(steps * table.rate_hz - 1).max() > 0.05:
        raise FormatError(
            f"{name}: the rows are not evenly spaced in time.", "Resample to a fixed rate.", code="MOT_TIME"
        )
    off = off_times(table.time_s, table.rate_hz)
    if not off.any():
        return ()
    return (
        f"{int((off > 0).sum())} of {len(off)} times are not where the others put them, by up to "
        f"{1e3 * off.max():.3g} ms: the rate is taken as {table.rate_hz:.6g} Hz.",
    )


def _definition(column: str, source: str) -> AngleDefinition:
    return AngleDefinition(
        name=f"imported_{column}",
        definition=f"coordinate {column} of the model behind {source}",
        sequence="as in the model",
        positive="as in the model",
        zero="as in the model",
        reference="absolute",
        method="imported, not computed here",
    )


READERS: dict[str, Callable[[Path | str, str | None, str | None], Imported]] = {
    ".c3d": read_c3d,
    ".trc": read_trc,
    ".mot": read_mot_angles,
    ".sto": read_mot_angles,
}
