"""Joint angles as MOT (STO), the table over time of OpenSim.

Of a table of version 1 OpenSim's older reader takes `nan` for the end of the data and hands over zeros; from version 2
on it reads it as missing. The names and signs are ours, and told beside it: OpenSim's coordinates belong to a model
with zeros of its own (and anterior pelvic tilt is negative there), so none is written under its name.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.files import write_texts
from mocap.export.mot_forces import MARK as FORCES
from mocap.export.mot_forces import PLATES, force_columns, forces_path, plate_forces, plate_rows, plates_path
from mocap.export.plain import Cell, beside, csv_text, nothing_to_write, number, plain_names
from mocap.trial import JointAngles, Trial, convention_rows

#: In the header of every table that is written here.
MARK = "angles of mocap"
FLAGS = ("angle", "first_frame", "last_frame", "first_time_s", "last_time_s", "reason")


def export_mot(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write the joint angles as a MOT table in degrees, with standard uncertainties, meanings and flags beside it.

    Where force plates came with the points, their forces on the person are a table, too.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.mot` or `.sto`. An angle without any value is left out. Beside it lie `<stem>_sd` (the same
        columns, the random standard uncertainty of each value), `<stem>_angles.csv` (every angle: definition,
        sequence, which direction is +, method, constant uncertainties; of those left out why) and `<stem>_flags.csv`
        (stretches of frames, counted from 1, that have no value or one to doubt, and why). Forces are in `<stem>_grf`
        (N, m, Nm; at the rate of the channels, in the axes of the trial's TRC; 0 while a plate bears less than 20 N)
        and `<stem>_plates.csv` says what is known of which plate.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `EXPORT_EMPTY` without an angle that has a value, and without forces.
    SourceError
        `WRITE_FAILED`; what was there before is then as it was.
    """
    path = Path(path)
    texts = _angle_texts(trial.angles, path) | _force_texts(trial, path)
    if not texts:
        why = "; ".join(dict.fromkeys(one.why for one in plate_forces(trial) if one.why))
        raise nothing_to_write(
            f"angles with a value, and no forces of plates{f' ({why})' if why else ''}",
            "Run mocap kinematics first, or export points as trc or c3d.",
        )
    write_texts(texts, "WRITE_FAILED")
    return tuple(texts)


def _angle_texts(angles: JointAngles | None, path: Path) -> dict[Path, str | bytes]:
    if angles is None or not shown_angles(angles).any():
        return {}
    shown = shown_angles(angles)
    labels = angle_labels(angles)
    return {
        path: mot_text(MARK, angles.time_s, _labelled(labels, np.rad2deg(angles.values), shown)),
        sd_path(path): mot_text(
            f"sd of {MARK}", angles.time_s, _labelled(labels, np.rad2deg(angles.sd), shown)
        ),
        beside(path, "angles"): meaning_text(angles),
        beside(path, "flags"): csv_text(FLAGS, flag_rows(angles, labels)),
    }


def _force_texts(trial: Trial, path: Path) -> dict[Path, str | bytes]:
    columns = force_columns(trial)
    if trial.analog is None or not columns or not len(trial.analog.values):
        return {}
    return {
        forces_path(path): mot_text(FORCES, trial.analog.time_s, columns, degrees=False),
        plates_path(path): csv_text(PLATES, plate_rows(trial)),
    }


def angle_labels(angles: JointAngles) -> tuple[str, ...]:
    """Return the names of the columns of angles, none of which is that of the time."""
    return plain_names(("time", *angles.names), "_")[1:]


def shown_angles(angles: JointAngles) -> NDArray:
    """Return which angles, shape (angle,) of bool, have a value in any frame."""
    return np.isfinite(angles.values).any(axis=0)


def mot_text(title: str, time_s: NDArray, columns: dict[str, NDArray], degrees: bool = True) -> str:
    """Return a table over time as OpenSim reads it: header that matches the body, missing as `nan`.

    What holds no angles says nothing of degrees, so that nobody takes it for such.
    """
    head = [
        title, "version=2", f"nRows={len(time_s)}", f"nColumns={len(columns) + 1}", "DataType=double",
        *(("inDegrees=yes",) if degrees else ()), "endheader", "\t".join(("time", *columns)),
    ]  # fmt: skip
    table = np.column_stack([time_s, *columns.values()])
    return "\n".join([*head, *("\t".join(number(value) for value in row) for row in table.tolist())]) + "\n"


def _labelled(labels: tuple[str, ...], values: NDArray, shown: NDArray) -> dict[str, NDArray]:
    return {label: values[:, place] for place, label in enumerate(labels) if shown[place]}


def meaning_text(angles: JointAngles) -> str:
    """Return the table of what the angles mean; those that are left out have no column."""
    rows = [
        {"column": label if has else "", "angle": row.pop("name"), **row}
        for label, has, row in zip(angle_labels(angles), shown_angles(angles), convention_rows(angles), strict=True)
    ]
    return csv_text(tuple(rows[0]), (tuple(row.values()) for row in rows))


def flag_rows(angles: JointAngles, labels: tuple[str, ...]) -> list[list[Cell]]:
    """Return the cells of `FLAGS`: a row per stretch of frames that bear one reason."""
    rows: list[list[Cell]] = []
    times = angles.time_s
    for place, label in enumerate(labels):
        codes = angles.frame_reason[:, place]
        edges = np.flatnonzero(np.diff(codes)) + 1
        for first, behind in zip([0, *edges], [*edges, len(codes)], strict=True):
            if codes[first]:
                words = angles.frame_reason_words[codes[first]]
                rows.append([label, int(first) + 1, int(behind), float(times[first]), float(times[behind - 1]), words])
    return rows


def sd_path(path: Path) -> Path:
    """Return where the standard uncertainties of a table of angles lie."""
    return path.with_name(f"{path.stem}_sd{path.suffix}")
