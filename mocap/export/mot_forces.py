"""Ground reaction forces as a table of OpenSim, which its inverse dynamics takes beside the TRC of the same trial."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.export.ground_forces import UNLOADED_N, GroundForce, ground_forces
from mocap.export.plain import Cell, beside
from mocap.export.trc import file_axes, turned
from mocap.trial import Trial

MARK = "ground reaction forces of mocap"
PLATES = ("plate", "kind", "columns", "unloaded_below_n", "why_not")


def plate_forces(trial: Trial) -> tuple[GroundForce, ...]:
    """Return the forces of the trial's plates; none where it has no plates or channels."""
    return ground_forces(trial.analog, trial.force_plates) if trial.analog is not None else ()


def forces_path(path: Path) -> Path:
    """Return where the forces lie that belong to a table of angles."""
    return path.with_name(f"{path.stem}_grf{path.suffix}")


def plates_path(path: Path) -> Path:
    """Return where the plates are told."""
    return beside(path, "plates")


def force_columns(trial: Trial) -> dict[str, NDArray]:
    """Return force (N), centre of pressure (m) and free moment (Nm) of each plate in the axes of the trial's TRC.

    `1_ground_force_vx`, ..., `1_ground_force_px`, ..., `1_ground_torque_x`, ... for the first plate.
    """
    axes = file_axes(trial.forward_axis)
    columns = {}
    for number, one in enumerate(plate_forces(trial), start=1):
        if one.why:
            continue
        for stem, values in (("force_v", one.force), ("force_p", one.place), ("torque_", one.moment)):
            for axis, column in zip("xyz", turned(values, axes).T, strict=True):
                columns[f"{number}_ground_{stem}{axis}"] = np.asarray(column + 0.0)
    return columns


def plate_rows(trial: Trial) -> list[list[Cell]]:
    """Return the cells of `PLATES`: a row per plate."""
    rows: list[list[Cell]] = []
    for number, (one, plate) in enumerate(zip(plate_forces(trial), trial.force_plates, strict=False), start=1):
        rows.append([number, plate.kind, "" if one.why else f"{number}_ground_", UNLOADED_N, one.why])
    return rows
