"""The data section of a C3D file as arrays: points with residuals and camera masks, analog samples, rotations.

Layout after the C3D user guide (c3d.org), rotations after Visual3D's documentation of their group: 16 numbers of a
4x4 matrix in column order and one of its reliability, negative where the matrix is missing. Read here and not through
a library, since those in use take the fourth word of a point in floating point for two integers, drop frames at the
end in which nothing was seen, and know no unsigned analog samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, SourceError
from mocap.readers.c3d_header import BLOCK, DEC, C3dHeader
from mocap.readers.c3d_parts import numbers_of, values_of

_MOST_16_BIT = 65535
_PER_ROTATION = 17
_MOST_UNTOLD = 16 << 20  # bytes beyond twice what the header tells of: programs pad, and add blocks of their own


@dataclass(frozen=True, eq=False)
class C3dData:
    """Samples in the units and axes of the file.

    Attributes
    ----------
    points : ndarray, shape (frame, point, 3)
        NaN is missing.
    residual : ndarray, shape (frame, point)
        In the unit of the points; NaN is missing.
    camera_mask : ndarray of uint8, shape (frame, point)
        One bit for each of the first seven cameras.
    analog : ndarray, shape (sample, channel)
        Scaled as the file says.
    rotations : ndarray, shape (sample, rotation, 4, 4)
        NaN is missing.
    """

    points: NDArray
    residual: NDArray
    camera_mask: NDArray
    analog: NDArray
    rotations: NDArray


@dataclass(frozen=True)
class C3dFrames:
    """Number of frames, and the number of the first one in the recording, counted from 1."""

    count: int
    first: int


def frames_of(header: C3dHeader, parameters: Mapping[str, Any], path: Path) -> C3dFrames:
    """Return the frames of a file; those of long recordings, which 16 bits cannot count, from its parameters.

    Raises
    ------
    FormatError
        `C3D_BROKEN`: 65535 frames or more, and nothing says how many.
    """
    start, end = (_long(parameters, f"ACTUAL_{name}_FIELD") for name in ("START", "END"))
    first = max(header.first_frame, 1)
    if start is not None and (start & _MOST_16_BIT == header.first_frame or header.first_frame == _MOST_16_BIT):
        first = start
    if header.last_frame < _MOST_16_BIT:
        return C3dFrames(header.n_frames, first)
    stated = np.ravel(numbers_of(parameters, "POINT", "LONG_FRAMES"))
    if len(stated) and np.isfinite(stated[0]) and stated[0] >= 1:
        return C3dFrames(int(stated[0]), first)
    if start is not None and end is not None and end >= start:
        return C3dFrames(end - start + 1, start)
    count = _count(parameters, "POINT", "FRAMES")
    if count == header.n_frames < _MOST_16_BIT:
        return C3dFrames(count, first)
    raise FormatError(
        f"{path} has {_MOST_16_BIT} frames or more, and neither POINT:LONG_FRAMES nor TRIAL:ACTUAL_END_FIELD says how "
        "many.", "Export the trial in parts of at most 65534 frames.", code="C3D_BROKEN",
    )  # fmt: skip


def check_size(path: Path, header: C3dHeader, parameters: Mapping[str, Any], n_frames: int) -> None:
    """Refuse a file that is far larger than what its header tells of, before all of it is read (FormatError)."""
    n_values = n_frames * (4 * header.n_points + header.n_analog_per_frame)
    told = header.data_start + n_values * header.bytes_per_value
    used, start = (_count(parameters, "ROTATION", name) for name in ("USED", "DATA_START"))
    if used and start:
        n_rotations = n_frames * rotation_ratio(parameters, header, path) * used
        told = max(told, (start - 1) * BLOCK + n_rotations * _PER_ROTATION * 4)
    size = path.stat().st_size
    if size > _MOST_UNTOLD + 2 * told:
        raise FormatError(
            f"{path} has {size} bytes, and its header tells of {told}.", "Copy or export the file again.",
            code="C3D_BROKEN",
        )  # fmt: skip


def read_data(
    content: bytes, header: C3dHeader, parameters: Mapping[str, Any], n_frames: int, path: Path
) -> C3dData:
    """Return the samples of a file whose header was checked.

    Raises
    ------
    SourceError
        `C3D_TRUNCATED`.
    FormatError
        `C3D_BROKEN`, `C3D_ANALOG_RATE`: samples per frame are no whole number.
    """
    n_points, n_analog = header.n_points, header.n_analog_per_frame
    n_channels = _n_channels(header, path)
    per_frame = 4 * n_points + n_analog
    raw = _values(content, header.data_start, n_frames * per_frame, header, path).reshape(n_frames, per_frame)
    points = raw[:, : 4 * n_points].reshape(n_frames, n_points, 4)
    # Damaged numbers may be of the NaNs that signal, or beyond all bounds.
    with np.errstate(invalid="ignore", over="ignore"):
        xyz = points[..., :3].astype(float)
        if header.scale > 0:
            xyz *= header.scale
        word = np.nan_to_num(points[..., 3], nan=-1.0, posinf=-1.0, neginf=-1.0).clip(-32768, 32767).astype(np.int16)
    missing = word < 0
    xyz[missing] = np.nan
    residual = np.where(missing, np.nan, (word & 0xFF) * abs(header.scale))
    mask = np.where(missing, 0, (word >> 8) & 0x7F).astype(np.uint8)
    analog = raw[:, 4 * n_points :].reshape(n_frames * max(header.samples_per_frame, 1), n_channels)
    return C3dData(
        xyz, residual, mask, _scaled(analog, header, parameters, path),
        _rotations(content, header, parameters, n_frames, path),
    )  # fmt: skip


def _n_channels(header: C3dHeader, path: Path) -> int:
    if header.n_analog_per_frame == 0:
        return 0
    if header.samples_per_frame < 1 or header.n_analog_per_frame % header.samples_per_frame:
        raise FormatError(
            f"{path} holds {header.n_analog_per_frame} analog values a frame in {header.samples_per_frame} samples: no "
            "whole number of channels.", "Export the trial again, its analog rate a multiple of the frame rate.",
            code="C3D_ANALOG_RATE",
        )  # fmt: skip
    return header.n_analog_per_frame // header.samples_per_frame


def _values(content: bytes, start: int, count: int, header: C3dHeader, path: Path, size: int = 0) -> NDArray:
    """Plain numbers of the file, integers as they are."""
    size = size or header.bytes_per_value
    needed = start + count * size
    if needed > len(content):
        raise SourceError(
            f"{path} is cut off: it has {len(content)} bytes, its header asks for {needed}.",
            "Copy or export the file again.", code="C3D_TRUNCATED",
        )  # fmt: skip
    if size == 2:
        return np.frombuffer(content, "<i2", count, start)
    if header.processor != DEC:
        return np.frombuffer(content, "<f4", count, start)
    # VAX F: the 16-bit words swapped, four times the IEEE number.
    words = np.frombuffer(content, "<u2", 2 * count, start).reshape(-1, 2)[:, ::-1]
    return np.ascontiguousarray(words).view("<f4").ravel() / np.float32(4.0)


def _scaled(raw: NDArray, header: C3dHeader, parameters: Mapping[str, Any], path: Path) -> NDArray:
    """Analog samples as ANALOG:FORMAT, OFFSET, SCALE and GEN_SCALE say: (sample - offset) * scale * general scale."""
    n_channels = raw.shape[1]
    if not n_channels:
        return np.empty((len(raw) if len(raw) else 0, 0))
    words = [str(word).strip().upper() for word in values_of(parameters, "ANALOG", "FORMAT")]
    unsigned = words[:1] == ["UNSIGNED"]
    if unsigned and raw.dtype.kind == "i":
        raw = raw.view("<u2") if raw.flags.c_contiguous else np.ascontiguousarray(raw).view("<u2")
    offset = _per_channel(parameters, "OFFSET", n_channels, 0.0, path)
    if unsigned:
        offset = np.where(offset < 0, offset + 65536.0, offset)
    scale = _per_channel(parameters, "SCALE", n_channels, 1.0, path)
    general = np.ravel(numbers_of(parameters, "ANALOG", "GEN_SCALE"))
    factor = scale * (general[0] if len(general) else 1.0)
    if not np.isfinite(factor).all():
        raise FormatError(f"{path} has an analog scale that is no number.", "Export it again.", code="C3D_BROKEN")
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((raw.astype(float) - offset) * factor)


def _per_channel(
    parameters: Mapping[str, Any], name: str, n_channels: int, usual: float, path: Path
) -> NDArray:
    values = np.ravel(numbers_of(parameters, "ANALOG", name))
    if 0 < len(values) < n_channels:
        raise FormatError(
            f"{path} has {n_channels} analog channels and {len(values)} values of ANALOG:{name}.",
            "Export the trial again.", code="C3D_BROKEN",
        )  # fmt: skip
    return values[:n_channels] if len(values) else np.full(n_channels, usual)


def _rotations(
    content: bytes, header: C3dHeader, parameters: Mapping[str, Any], n_frames: int, path: Path
) -> NDArray:
    used, start = (_count(parameters, "ROTATION", name) for name in ("USED", "DATA_START"))
    if not used or not start:
        return np.empty((0, 0, 4, 4))
    n_samples = n_frames * rotation_ratio(parameters, header, path)
    raw = _values(content, (start - 1) * BLOCK, n_samples * used * _PER_ROTATION, header, path, size=4)
    with np.errstate(invalid="ignore", over="ignore"):
        raw = raw.reshape(n_samples, used, _PER_ROTATION).astype(float)
        matrices = raw[..., :16].reshape(n_samples, used, 4, 4).swapaxes(2, 3).copy()
        matrices[~(raw[..., 16] >= 0) | ~np.isfinite(matrices).all(axis=(2, 3))] = np.nan
    return matrices


def rotation_ratio(parameters: Mapping[str, Any], header: C3dHeader, path: Path) -> int:
    """Return the samples of rotations in a frame.

    Raises
    ------
    FormatError
        `C3D_BROKEN` when it is no whole number.
    """
    ratio = float(_count(parameters, "ROTATION", "RATIO"))
    rates = np.ravel(numbers_of(parameters, "ROTATION", "RATE"))
    if not ratio and len(rates) and header.rate_hz > 0:
        ratio = float(rates[0]) / header.rate_hz
    if ratio < 0.5 or abs(ratio - round(ratio)) > 1e-3 or ratio > 1e4:
        raise FormatError(
            f"{path} holds {ratio:g} rotations a frame, which is no whole number.", "Export the trial again.",
            code="C3D_BROKEN",
        )  # fmt: skip
    return round(ratio)


def _count(parameters: Mapping[str, Any], group: str, name: str) -> int:
    values = np.ravel(numbers_of(parameters, group, name))
    value = float(values[0]) if len(values) and np.isfinite(values[0]) else 0.0
    return int(value) & _MOST_16_BIT if value < 0 else int(value)


def _long(parameters: Mapping[str, Any], name: str) -> int | None:
    """A number of TRIAL in two 16-bit words, the lower one first; None where it is not there."""
    words = np.ravel(numbers_of(parameters, "TRIAL", name))
    if len(words) < 2 or not np.isfinite(words[:2]).all():
        return None
    low, high = (int(word) & _MOST_16_BIT for word in words[:2])
    return low + (high << 16)
