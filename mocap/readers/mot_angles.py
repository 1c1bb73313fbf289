"""Joint angles of MOT and STO files, which hold forces, muscles and speeds under the same header."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.even_times import off_times, steps_differ
from mocap.readers.imported import Imported
from mocap.readers.mot import MotionTable, read_mot
from mocap.readers.words import few
from mocap.trial import AngleDefinition, JointAngles, Points3D

# What OpenSim and others put into columns that is no coordinate, or one of a length: forces, points of force,
# moments, muscles, speeds and translations. Of states by path (/jointset/knee_r/knee_angle_r/value) values alone.
_NO_ANGLE = re.compile(
    r"(?i).*(force|torque|moment|grf|activation|excitation|fib(er|re)|emg|power|lambda|/bodyset/).*"
    r"|.*_[tpv][xyz]([/_].*)?|.*/speed|.*_[uw]"
)
_OF_ERRORS = "sd of "
_SMALL = 2.0  # degrees that no coordinate of a whole body leaves: so far go radians


def read_mot_angles(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read the joint angles of a MOT file as angles without points, named `imported_<column>`.

    Translations, forces, muscles and speeds are left out and noted. Signs and zeros stay those of the file, hence the
    prefix: OpenSim's anterior pelvic tilt is negative, ours positive.

    Raises
    ------
    FormatError
        `MOT_NO_ANGLES`: the table holds something else; `MOT_UNITS`: it does not say degrees or radians;
        `MOT_TIME`: the rows are not evenly spaced.
    """
    table = read_mot(path)
    name = Path(path).name
    angles = [column for column in table.columns if not _NO_ANGLE.fullmatch(column)]
    if not angles or table.name.startswith(_OF_ERRORS):
        what = f"{few(list(table.columns))}" if table.columns else "no column"
        what = "standard deviations of angles" if angles else what
        raise FormatError(
            f"{name} holds {what}, and no joint angles.", "Name the file of the joint angles.", code="MOT_NO_ANGLES"
        )
    if table.in_degrees is None:
        raise FormatError(
            f"{name} does not say inDegrees, so its columns cannot be taken as angles.",
            "Export joint angles with inDegrees=yes or no.",
            code="MOT_UNITS",
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
        notes += (f"no angles, and left out: {few(left_out)}.",)
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
    notes = []
    if in_degrees and len(seen) and seen.max() < _SMALL:
        notes.append(f"no angle exceeds {seen.max():.3g} degrees: are these radians that the file calls degrees?")
    strange = np.abs(np.nan_to_num(values)) > 10 * turn
    if strange.any():
        notes.append(f"{int(strange.sum())} angles of more than ten turns are taken as missing.")
    over = (np.abs(np.nan_to_num(values)) > turn) & ~strange
    if over.any():
        notes.append(f"{int(over.sum())} angles are more than one turn.")
    return np.where(strange, np.nan, values), tuple(notes)


def _check_even(table: MotionTable, name: str) -> tuple[str, ...]:
    """Refuse rows whose steps differ; return a note where times are off by more than their last digit."""
    if len(table.time_s) < 2:
        raise FormatError(f"{name} has one row, and so no rate.", "Export more frames.", code="MOT_TIME")
    if steps_differ(table.time_s, table.rate_hz):
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
