"""TRC files: a header that has to agree with its body, and axes that the format leaves open."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.errors import FormatError, SourceError
from mocap.readers import axes
from mocap.readers.even_times import last_digit, off_times, rate_of, steps_differ
from mocap.readers.far_samples import without_far, without_jumps
from mocap.readers.files import plain_number, read_text
from mocap.readers.imported import CHANGED, Imported
from mocap.readers.label_doubts import lone_sides, strange_words
from mocap.readers.model_points import model_points
from mocap.trial import Points3D

# Times are written with few digits; the mean step decides.
_RATE_TOLERANCE = 0.01
# What files that are written here say of their axes, behind their name.
_OWN = re.compile(r"\tmocap: x y z here are (-?[xyz]) (-?[xyz]) (-?[xyz]) of a lab with z up, sha256 ([0-9a-f]{64})$")


@dataclass(frozen=True)
class _Header:
    rate_hz: float
    n_frames: int
    n_markers: int
    units: str
    names: tuple[str, ...]


def read_trc(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read a TRC file.

    The format does not say which axis points up: it is given, or inferred from the body and noted as inferred. Files
    that were written here say it in line 1.
    Of a file with Y up, our world is its (z, x, y).

    Parameters
    ----------
    path : path
    up : str, optional
        The file's axis that points up.
    units : str, optional
        Length unit, in place of the header's.

    Raises
    ------
    SourceError
        `FILE_MISSING`, `TRC_TRUNCATED` (fewer frames than the header says).
    FormatError
        `TRC_HEADER`, `TRC_COUNTS`, `TRC_NUMBER`, `TRC_TIME`, `UNITS`, `AXES`.
    """
    path = Path(path)
    text, notes, digest = read_text(path)
    lines = text.splitlines()
    header = _header(lines, path)
    table = _table(lines, header, path)
    start_s = _checked_time(table, header, path)
    notes += _time_notes(table[:, 1], header)
    values = table[:, 2:].reshape(len(table), header.n_markers, 3)
    own = None if up is not None or units is not None or header.units != "m" else _own_axes(lines[0])
    if own is not None and _is_intact(text):
        return _own_file(values, own, header, start_s, digest, notes)
    if own is not None:
        up, notes = _up_of(own), (*notes, CHANGED)
    zeros = (values == 0).all(axis=2)
    if zeros.any():
        values = np.where(zeros[..., None], np.nan, values)
        notes += (f"{counted(int(zeros.sum()), 'sample')} at exactly 0, 0, 0 taken as missing.",)
    factor, unit, unit_notes = axes.find_scale(values, header.names, header.units, units, path.name)
    positions, far_notes = without_far(values * factor)
    positions, jump_notes = without_jumps(positions, header.rate_hz)
    found = axes.find_axes(positions, header.names, None, up, path.name)
    return Imported(
        points=Points3D(axes.world_from_file(positions, found.up), header.names, header.rate_hz, start_s=start_s),
        model_points=model_points(header.names),
        first_frame=int(table[0, 0]),
        units_original=unit,
        up_axis_original=found.up,
        axis_source=found.source,
        forward_axis=found.forward,
        sha256=digest,
        notes=(
            *notes, *unit_notes, *far_notes, *jump_notes, *found.notes, *strange_words(header.names, "marker"),
            *lone_sides(header.names),
        ),
    )


def _own_axes(line: str) -> tuple[str, ...] | None:
    """The world's axes that x, y, z of a file are which was written here; None for another one."""
    found = _OWN.search(line)
    axes = found.groups()[:3] if found else ()
    if sorted(axis[-1] for axis in axes) != ["x", "y", "z"] or np.linalg.det(_directions(axes)) < 0:
        return None
    return tuple(axes)


def _is_intact(text: str) -> bool:
    """Whether the lines behind the first are as they were written here: else they are looked over as any others."""
    first, _, rest = text.partition("\n")
    found = _OWN.search(first)
    return found is not None and hashlib.sha256(rest.encode()).hexdigest() == found[4]


def _up_of(own: Sequence[str]) -> str:
    """The file's axis that points up, of one that was written here."""
    return next(f"{'-' * axis.startswith('-')}{name}" for axis, name in zip(own, "xyz", strict=True) if "z" in axis)


def _directions(axes: Sequence[str]) -> NDArray:
    """World axes as rows, shape (3, 3)."""
    signs = [-1.0 if axis.startswith("-") else 1.0 for axis in axes]
    return np.eye(3)[["xyz".index(axis[-1]) for axis in axes]] * np.array(signs)[:, None]


def _own_file(
    values: NDArray, own: tuple[str, ...], header: _Header, start_s: float, digest: str, notes: tuple[str, ...]
) -> Imported:
    """Points in the axes that they had before the file was written; its gaps are written out, so 0, 0, 0 is a place."""
    places = [next(place for place, axis in enumerate(own) if axis[-1] == wanted) for wanted in "xyz"]
    signs = np.array([-1.0 if own[place].startswith("-") else 1.0 for place in places])
    positions = values[..., places] * signs + 0.0
    return Imported(
        points=Points3D(positions, header.names, header.rate_hz, start_s=start_s),
        model_points=model_points(header.names),
        units_original="m",
        up_axis_original=_up_of(own),
        axis_source="stated",
        forward_axis=own[0] if "z" not in own[0] else "x",
        sha256=digest,
        notes=notes,
    )


def _header(lines: list[str], path: Path) -> _Header:
    if len(lines) < 6 or not lines[0].startswith("PathFileType"):
        raise FormatError(f"{path} is not a TRC file (no PathFileType).", "Name a TRC file.", code="TRC_HEADER")
    keys, words = lines[1].split("\t"), lines[2].split("\t")
    entries = {key.strip(): word.strip() for key, word in zip(keys, words, strict=False)}
    try:
        rate = float(entries["DataRate"])
        n_frames, n_markers = int(entries["NumFrames"]), int(entries["NumMarkers"])
        units = entries["Units"]
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"{path}: DataRate, NumFrames, NumMarkers or Units is missing or no number in line 3: {error}.",
            "Export the file again.",
            code="TRC_HEADER",
        ) from error
    names = tuple(word.strip() for word in lines[3].split("\t")[2:] if word.strip())
    if len(names) != n_markers or len(set(names)) != n_markers:
        raise FormatError(
            f"{path} says {n_markers} markers and names {len(set(names))} different ones.",
            "Export the file again, each marker under its own name.",
            code="TRC_COUNTS",
        )
    if not (np.isfinite(rate) and 0 < rate < 1e5) or n_frames < 1 or n_markers < 1:
        raise FormatError(
            f"{path} says {n_frames} frames of {n_markers} markers at {rate} Hz.", "Export the file again.",
            code="TRC_HEADER",
        )  # fmt: skip
    return _Header(rate, n_frames, n_markers, units, names)


def _table(lines: list[str], header: _Header, path: Path) -> NDArray:
    """All numbers, shape (frame, 2 + 3 markers); blank is NaN."""
    rows = [(number, line) for number, line in enumerate(lines[5:], start=6) if line.strip()]
    if len(rows) < header.n_frames:
        raise SourceError(
            f"{path} is cut off: {len(rows)} frames, its header says {header.n_frames}.",
            "Copy or export the file again.",
            code="TRC_TRUNCATED",
        )
    if len(rows) > header.n_frames:
        raise FormatError(
            f"{path} has {len(rows)} frames, its header says {header.n_frames}.", "Export the file again.",
            code="TRC_COUNTS",
        )  # fmt: skip
    width = 2 + 3 * header.n_markers
    table = np.empty((len(rows), width))
    for row, (number, line) in enumerate(rows):
        cells = line.split("\t")
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            raise FormatError(
                f"{path}, line {number}: {len(cells)} columns, expected {width}.", "Export the file again.",
                code="TRC_COUNTS",
            )  # fmt: skip
        table[row] = _numbers(cells[:width], number, path)
        if np.isinf(table[row]).any():
            raise FormatError(
                f"{path}, line {number}: a number is infinite.", "Leave gaps blank.", code="TRC_NUMBER"
            )
    return table


def _numbers(cells: list[str], line: int, path: Path) -> list[float]:
    try:
        return [plain_number(cell) if cell and not cell.isspace() else float("nan") for cell in cells]
    except ValueError as error:
        raise FormatError(
            f"{path}, line {line}: {error}.", "Write numbers with a decimal point, and leave gaps blank.",
            code="TRC_NUMBER",
        ) from error  # fmt: skip


def _checked_time(table: NDArray, header: _Header, path: Path) -> float:
    """Time of the first frame in s; frames and times have to go on as the rate says."""
    frames, times = table[:, 0], table[:, 1]
    n_frames = len(table)
    sound = np.isfinite(table[:, :2]).all() and (np.diff(frames) == 1).all()
    if sound and n_frames > 1:
        step = (times[-1] - times[0]) / (n_frames - 1)
        sound = bool(abs(step * header.rate_hz - 1) <= _RATE_TOLERANCE and (np.diff(times) >= 0).all() and step > 0)
        sound = sound and not steps_differ(times, rate_of(times))
    if not sound:
        raise FormatError(
            f"{path}: frame numbers or times do not go on at {header.rate_hz:g} Hz.",
            "Export the file again.",
            code="TRC_TIME",
        )
    return float(times[0])


def _time_notes(time_s: NDArray, header: _Header) -> tuple[str, ...]:
    """Say where the times are not those of the header's rate, as far as their decimals go."""
    if len(time_s) < 2:
        return ()
    digit, own = last_digit(time_s), rate_of(time_s)
    if np.ptp(time_s - np.arange(len(time_s)) / header.rate_hz) <= 2 * digit:
        return ()
    off = off_times(time_s, own)
    if off.any():
        return (f"{int((off > 0).sum())} of {len(off)} times are off the others, by up to {1e3 * off.max():.3g} ms.",)
    return (f"its times go on at {own:.6g} Hz, its header says {header.rate_hz:.6g} Hz, which is taken.",)
