"""The columns of a C3D file that are stored as points: markers, angles, scalars, outputs of a model."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.schema import Status
from mocap.trial import FileOrigin, JointAngles, Points3D, Trial
from mocap.trial.c3d_words import STATUS_ENDING

IMPORTED = "#imported"
"""Behind the label of an output of the file that a trial came from, where the trial has one of that label itself."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes
    ----------
    label : str
    kind : str
        `points`, or a kind of model outputs.
    values : ndarray, shape (frame, 3)
        In the file's unit and axes; NaN is missing.
    residual : ndarray, shape (frame,)
        In the file's unit.
    camera_mask : ndarray of uint8, shape (frame,)
    description : str
    """

    label: str
    kind: str
    values: NDArray
    residual: NDArray
    camera_mask: NDArray
    description: str = ""


def columns_of(trial: Trial, position: NDArray, units_per_metre: float) -> tuple[Column, ...]:
    """Return all columns: those of the file that the trial came from in its order, then the others.

    Parameters
    ----------
    position : ndarray, shape (frame, point, 3)
        The trial's points in the file's unit and axes.
    units_per_metre : float
    """
    columns, own = list(_points(trial, position, units_per_metre)), list(_own(trial))
    taken = {column.label for column in columns}
    own = [_renamed(column, taken) for column in own]
    columns += [*_beside(_outputs(trial), own), *own]
    order = {label: place for place, label in enumerate(trial.origin.labels if trial.origin else ())}
    return tuple(sorted(columns, key=lambda column: order.get(column.label, len(order))))


def _beside(outputs: Iterable[Column], own: Sequence[Column]) -> Iterator[Column]:
    """Outputs of the file that the trial came from, which give way to what the trial itself has under their labels.

    They may be what an earlier version of the same trial had there: who asks for `pelvic_tilt` is to find the present
    one. What is the same is not written twice.
    """
    present = {column.label: column for column in own}
    for column in outputs:
        one = present.get(column.label)
        if one is None:
            yield column
        elif not np.array_equal(one.values.astype("f4"), column.values.astype("f4"), equal_nan=True):
            yield replace(column, label=f"{column.label}{IMPORTED}")


def _renamed(column: Column, taken: set[str]) -> Column:
    """A column whose label no other one has."""
    label, copy = column.label, 2
    while label in taken:
        label, copy = f"{column.label}#{copy}", copy + 1
    taken.add(label)
    return replace(column, label=label)


def _points(trial: Trial, position: NDArray, units_per_metre: float) -> Iterator[Column]:
    told = _told(trial.origin)
    residual = residual_of(trial.points, trial.origin) * units_per_metre
    mask = camera_mask_of(trial.points, trial.origin)
    for index, name in enumerate(trial.points.names):
        yield Column(name, "points", position[:, index], residual[:, index], mask[:, index], told.get(name, ""))


def _told(origin: FileOrigin | None) -> dict[str, str]:
    """The file's words about its points, by label."""
    stated = origin.parameters.get("POINT:DESCRIPTIONS") if origin else None
    return dict(zip(origin.labels, map(str, stated.values), strict=False)) if origin and stated else {}


def residual_of(points: Points3D, origin: FileOrigin | None) -> NDArray:
    """Error of each sample in m: as the file said, else the root of the covariance's trace; 0 where neither is known.

    A filled sample has 0, by which C3D files tell what was not measured.
    """
    if origin is not None and origin.residual is not None:
        return np.nan_to_num(origin.residual).astype(float)
    trace = np.trace(np.asarray(points.covariance, float), axis1=2, axis2=3)
    error = np.sqrt(np.clip(np.nan_to_num(trace), 0.0, None))
    return np.where(points.status & Status.FILLED, 0.0, error)


def camera_mask_of(points: Points3D, origin: FileOrigin | None) -> NDArray:
    """One bit per camera: as the file said, else where it is known which of up to seven cameras were used."""
    shape = points.position.shape[:2]
    if origin is not None and origin.camera_mask is not None:
        return origin.camera_mask
    errors = points.reprojection_error
    if errors is None or points.n_views is None or len(errors) > 7:
        return np.zeros(shape, np.uint8)
    seen = np.isfinite(errors)
    # An error stands at rejected observations, too: only where all were used is it known which.
    sure = seen.sum(axis=0) == points.n_views
    bits = (seen * (1 << np.arange(len(errors)))[:, None, None]).sum(axis=0)
    return np.where(sure, bits, 0).astype(np.uint8)


def _outputs(trial: Trial) -> Iterator[Column]:
    for one in trial.model_outputs:
        for index, label in enumerate(one.labels):
            yield _plain(label, one.kind, one.values[:, index], one.descriptions[index])


def _own(trial: Trial) -> Iterator[Column]:
    """Angles of the trial with their SD and doubts, and the flags of the points, each as the x of a column."""
    usual = np.where(np.isfinite(trial.points.position).all(axis=2), Status.MEASURED, 0)
    for index, name in enumerate(trial.points.names):
        flags = trial.points.status[:, index]
        if (flags != usual[:, index]).any():
            yield _along_x(f"{name}{STATUS_ENDING}", "scalars", flags.astype(float), _flag_words())
    if trial.angles is not None:
        yield from _angles(trial.angles)


def _flag_words() -> str:
    return "sum of flags: " + ", ".join(f"{flag.value} {str(flag.name).lower()}" for flag in Status)


def _angles(angles: JointAngles) -> Iterator[Column]:
    for index, definition in enumerate(angles.definitions):
        name = definition.name
        told = f"+ {definition.positive}; {definition.definition}" if definition.observable else definition.reason
        yield _along_x(name, "angles", angles.deg(name), told)
        sd = angles.sd_deg(name)
        if np.isfinite(sd).any():
            yield _along_x(f"{name}_sd", "scalars", sd, f"standard uncertainty of {name}, random, deg")
        codes = angles.frame_reason[:, index]
        if (codes.astype(bool) & np.isfinite(angles.deg(name))).any():
            yield _along_x(f"{name}_doubt", "scalars", codes.astype(float), _doubt_words(angles, codes))


def _doubt_words(angles: JointAngles, codes: NDArray) -> str:
    words: Sequence[str] = angles.frame_reason_words
    return "; ".join(f"{code} {words[code]}" for code in np.unique(codes) if code)


def _along_x(label: str, kind: str, values: NDArray, description: str) -> Column:
    """A single number as x; y and z are 0."""
    spread = np.zeros((len(values), 3))
    spread[:, 0] = values
    return _plain(label, kind, np.where(np.isfinite(values)[:, None], spread, np.nan), description)


def _plain(label: str, kind: str, values: NDArray, description: str) -> Column:
    return Column(label, kind, values, np.zeros(len(values)), np.zeros(len(values), np.uint8), description)
