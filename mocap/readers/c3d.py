"""C3D files through ezc3d: markers in metres with Z up, and what else the file brings along, kept apart."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.errors import FormatError
from mocap.readers import axes
from mocap.readers.c3d_content import C3dContent, load_c3d
from mocap.readers.c3d_parts import analog_of, events_of, force_plates_of, subject_of, values_of
from mocap.readers.far_samples import without_far
from mocap.readers.files import file_digest, read_bytes
from mocap.readers.imported import Imported
from mocap.readers.model_points import model_points
from mocap.trial import Points3D

_GROUPS = {"ANGLES": "angles", "FORCES": "forces", "MOMENTS": "moments", "POWERS": "powers", "SCALARS": "scalars"}
_UNITS = {"angles": ("ANGLE_UNITS", "deg"), "forces": ("FORCE_UNITS", "N"), "moments": ("MOMENT_UNITS", "Nmm"),
          "powers": ("POWER_UNITS", "W"), "scalars": ("SCALAR_UNITS", "")}  # fmt: skip
_SUFFIXES = (
    ("angles", re.compile(r"Angles?V?$")),
    ("forces", re.compile(r"(Force|GRF)V?$")),
    ("moments", re.compile(r"MomentV?$")),
    ("powers", re.compile(r"PowerV?$")),
)


def read_c3d(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read a C3D file.

    Parameters
    ----------
    path : path
    up : str, optional
        The file's axis that points up; when left out: POINT:Y_SCREEN, checked against the body, or else the body.
    units : str, optional
        Length unit, in place of POINT:UNITS.

    Returns
    -------
    Imported
        `points` are the markers and model points that are positions; time 0 is the first stored frame, so events
        are moved from the recording's clock by (first_frame - 1) / rate.

    Raises
    ------
    SourceError
        `FILE_MISSING`, `C3D_TRUNCATED`.
    FormatError
        `C3D_NOT`, `C3D_BROKEN`, `C3D_EMPTY`, `UNITS`, `AXES`.
    """
    path = Path(path)
    digest = file_digest(read_bytes(path))
    file = load_c3d(path)
    header, parameters = file.header, file.parameters
    names, notes = _labels(parameters, file.data["points"].shape[1])
    values = np.ascontiguousarray(np.moveaxis(file.data["points"][:3], 0, 2).swapaxes(0, 1))
    values[np.moveaxis(file.data["meta_points"]["residuals"][0], 0, 1) < 0] = np.nan
    rate = _rate(file, path)
    kinds = [_kind(name, parameters) for name in names]
    is_point = np.array([kind is None for kind in kinds], bool)
    markers = tuple(name for name, kind in zip(names, kinds, strict=True) if kind is None)
    if not len(values) or not is_point.any():
        raise FormatError(f"{path} holds no points in any frame.", "Export the trial with its markers.", "C3D_EMPTY")
    positions, more = _without_zeros(values[:, is_point])
    stated = _first_word(parameters, "POINT", "UNITS")
    factor, unit, unit_notes = axes.find_scale(positions, markers, stated, units, path.name)
    positions, far_notes = without_far(positions * factor)
    found = axes.find_axes(positions, markers, _stated_up(parameters), up, path.name)
    model, model_units = _model(names, kinds, values, parameters)
    subject, raw = subject_of(parameters)
    return Imported(
        points=Points3D(axes.world_from_file(positions, found.up), markers, rate),
        model=model,
        model_units=model_units,
        events=events_of(parameters, (header.first_frame - 1) / rate),
        analog=analog_of(parameters, file.data["analogs"]),
        force_plates=force_plates_of(parameters, factor, found.up),
        subject=subject,
        parameters=raw,
        model_points=model_points(markers, _own_groups(parameters)),
        first_frame=header.first_frame,
        units_original=unit,
        up_axis_original=found.up,
        axis_source=found.source,
        forward_axis=found.forward,
        sha256=digest,
        notes=(*notes, *more, *unit_notes, *far_notes, *found.notes),
    )


def _labels(parameters: Mapping[str, Any], n_points: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels of LABELS, LABELS2, ...; empty and missing ones get a number, doubled ones a mark."""
    found = [str(label).strip() for label in values_of(parameters, "POINT", "LABELS")][:n_points]
    names: list[str] = []
    notes = []
    for index in range(n_points):
        name = found[index] if index < len(found) else ""
        if not name:
            name = f"point_{index + 1}"
            notes.append(f"point {index + 1} has no label; it is called {name}.")
        if name in names:
            copy = 2
            while f"{name}#{copy}" in names:
                copy += 1
            notes.append(f"label {name} is there more than once; number {copy} is called {name}#{copy}.")
            name = f"{name}#{copy}"
        names.append(name)
    return tuple(names), tuple(notes)


def _rate(file: C3dContent, path: Path) -> float:
    given = values_of(file.parameters, "POINT", "RATE")
    rate = float(given[0]) if len(given) else 0.0
    if not (np.isfinite(rate) and rate > 0):
        rate = float(file.library_header["points"]["frame_rate"])
    if not (np.isfinite(rate) and 0 < rate < 1e5):
        raise FormatError(f"{path} has a frame rate of {rate} Hz.", "Export the trial again.", code="C3D_BROKEN")
    return rate


def _kind(name: str, parameters: Mapping[str, Any]) -> str | None:
    """Kind of model output of a label, or None for a point in space."""
    plain = name.split("#")[0]
    for group, kind in _GROUPS.items():
        if plain in {str(label).strip() for label in values_of(parameters, "POINT", group)}:
            return kind
    return next((kind for kind, suffix in _SUFFIXES if suffix.search(plain)), None)


def _own_groups(parameters: Mapping[str, Any]) -> set[str]:
    """Labels in groups of POINT:TYPE_GROUPS (outputs of a model) beyond the kinds that are no points."""
    groups = [str(word).strip() for word in values_of(parameters, "POINT", "TYPE_GROUPS")]
    return {str(label).strip() for group in groups if group not in _GROUPS
            for label in values_of(parameters, "POINT", group)}  # fmt: skip


def _first_word(parameters: Mapping[str, Any], group: str, name: str) -> str:
    words = values_of(parameters, group, name)
    return str(words[0]).strip() if len(words) else ""


def _stated_up(parameters: Mapping[str, Any]) -> str | None:
    """The axis that the file shows upwards on a screen; None when it says none, or one that is no axis."""
    screen = _first_word(parameters, "POINT", "Y_SCREEN").lower().removeprefix("+")
    return screen if screen in axes.UP_AXES else None


def _without_zeros(positions: NDArray) -> tuple[NDArray, tuple[str, ...]]:
    """Take points at exactly 0, 0, 0, and infinite ones, as missing: no marker sits there to the last bit."""
    zeros = (positions == 0).all(axis=2)
    wild = np.isinf(positions).any(axis=2)
    notes = []
    if zeros.any():
        notes.append(f"{counted(int(zeros.sum()), 'sample')} at exactly 0, 0, 0 taken as missing.")
    if wild.any():
        notes.append(f"{counted(int(wild.sum()), 'infinite sample')} taken as missing.")
    return np.where((zeros | wild)[..., None], np.nan, positions), tuple(notes)


def _model(
    names: Sequence[str], kinds: Sequence[str | None], values: NDArray, parameters: Mapping[str, Any]
) -> tuple[dict[str, dict[str, NDArray]], dict[str, str]]:
    model: dict[str, dict[str, NDArray]] = {}
    units = {}
    for index, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        if kind is None:
            continue
        parameter, usual = _UNITS[kind]
        unit = _first_word(parameters, "POINT", parameter) or usual
        column = values[:, index]
        if kind == "angles":
            # A zero in all three is how Vicon writes an angle that could not be computed.
            column = np.where((column == 0).all(axis=1)[:, None], np.nan, column)
            if unit.lower().startswith("rad"):
                column, unit = np.rad2deg(column), "deg"
        model.setdefault(kind, {})[name] = np.ascontiguousarray(column)
        units[kind] = unit
    return model, units
