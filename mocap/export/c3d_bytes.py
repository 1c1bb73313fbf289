"""The bytes of a C3D file: header, parameters, samples in floating point, Intel byte order.

Layout after the C3D user guide (c3d.org), rotations after Visual3D's documentation of their group. Written here and
not by ezc3d, whose writer puts the residual and the cameras of a point into two halves of a floating point number,
rounds the samples per frame down at fractional rates, and leaves out ANALOG:OFFSET.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ExportError
from mocap.trial import FileParameter
from mocap.trial.c3d_words import NO_DIGEST

BLOCK = 512
MOST_16_BIT = 65535
_INTEL = 84
_MOST_BLOCKS = 255
_KINDS = {"text": -1, "byte": 1, "integer": 2, "real": 4}
# An entry's offset to the next one is a signed number of 16 bits; one axis of a parameter has 255 entries at most.
_MOST_BYTES, _MOST_ENTRIES = 30_000, 255
_MOST_TOLD = 127

Groups = Mapping[str, Mapping[str, FileParameter]]


@dataclass(frozen=True, eq=False)
class C3dFile:
    """What is to be written.

    Attributes
    ----------
    points : ndarray, shape (frame, point, 3)
        In the file's unit and axes; NaN is missing.
    residual : ndarray, shape (frame, point)
        In the same unit; whatever it is where the point is missing.
    camera_mask : ndarray of uint8, shape (frame, point)
    samples : ndarray, shape (frame, sample, channel)
        Analog, as stored: not scaled.
    rotations : ndarray, shape (sample, rotation, 4, 4)
        NaN is missing.
    groups : mapping
        Parameters by group and name, beside those that follow from the rest: POINT:USED, FRAMES, SCALE, RATE,
        DATA_START; ANALOG:USED, RATE; ROTATION:USED, DATA_START, RATE, RATIO, FRAMES; TRIAL:ACTUAL_START_FIELD,
        ACTUAL_END_FIELD.
    rate_hz : float
    first_frame : int
    residual_step : float
        A residual is stored as a whole number of these, at most 255.
    """

    points: NDArray
    residual: NDArray
    camera_mask: NDArray
    samples: NDArray
    rotations: NDArray
    groups: Groups
    rate_hz: float
    first_frame: int = 1
    residual_step: float = 0.1


def c3d_bytes(file: C3dFile) -> bytes:
    """Return the file's bytes; the first parameter that holds `NO_DIGEST` holds the file's SHA-256 instead.

    Raises
    ------
    ExportError
        `EXPORT_TOO_LARGE`: more than the format can count or hold.
    """
    n_frames, n_points = file.points.shape[:2]
    n_analog = file.samples.shape[1] * file.samples.shape[2]
    _check_counts({"points": n_points, "analog values a frame": n_analog, "frames": n_frames + file.first_frame})
    # The blocks of the parameters do not depend on the numbers in them.
    n_blocks = len(_parameters(file, 0, 0)) // BLOCK
    data_block = 2 + n_blocks
    rotations = _rotations(file.rotations)
    # Readers that know the 16 bits of the header alone take what fills the last block for frames of a long recording.
    filled = bool(rotations) or file.first_frame + n_frames - 1 < MOST_16_BIT
    data = _padded(_samples(file)) if filled else _samples(file)
    rotation_block = data_block + len(data) // BLOCK
    _check_counts({"blocks of samples before the rotations": rotation_block if rotations else 0})
    n_samples = file.samples.shape[1]
    rate, _ = stored_rates(file.rate_hz, max(n_samples, 1))
    header = struct.pack(
        "<BB5Hf2Hf", 2, 0x50, n_points, n_analog, _low(file.first_frame), _low(file.first_frame + n_frames - 1), 0,
        -file.residual_step, data_block, n_samples, rate,
    )  # fmt: skip
    # Word 150: labels of events have four letters.
    header = header.ljust(298, b"\0") + struct.pack("<H", 12345)
    content = header.ljust(BLOCK, b"\0") + _parameters(file, data_block, rotation_block) + data + rotations
    # The digest of the file in which zeros stand in its place.
    return content.replace(NO_DIGEST.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def _check_counts(counts: Mapping[str, int]) -> None:
    limits = {"frames": 2**31 - 1}
    for what, count in counts.items():
        if count > limits.get(what, MOST_16_BIT):
            raise ExportError(
                f"A C3D file cannot hold {count} {what}.", "Export a part of the trial, or into another format.",
                code="EXPORT_TOO_LARGE",
            )  # fmt: skip


def _low(frame: int) -> int:
    """A number of a frame as the header can hold it."""
    return min(frame, MOST_16_BIT)


def _samples(file: C3dFile) -> bytes:
    n_frames, n_points = file.points.shape[:2]
    missing = ~np.isfinite(file.points).all(axis=2)
    steps = np.nan_to_num(np.rint(file.residual / file.residual_step)).clip(0, 255).astype(np.int32)
    words = (file.camera_mask.astype(np.int32) & 0x7F) << 8 | steps
    frames = np.zeros((n_frames, 4 * n_points + file.samples.shape[1] * file.samples.shape[2]), "<f4")
    points = frames[:, : 4 * n_points].reshape(n_frames, n_points, 4)
    points[..., :3] = np.where(missing[..., None], 0.0, file.points)
    points[..., 3] = np.where(missing, -1, words)
    frames[:, 4 * n_points :] = file.samples.reshape(n_frames, -1)
    return frames.tobytes()


def _rotations(rotations: NDArray) -> bytes:
    """Matrices in column order, each with its reliability: 0, or -1 where it is missing."""
    if not rotations.size:
        return b""
    missing = ~np.isfinite(rotations).all(axis=(2, 3))
    values = np.zeros((*rotations.shape[:2], 17), "<f4")
    values[..., :16] = np.where(missing[..., None, None], np.nan, rotations).swapaxes(2, 3).reshape(*missing.shape, 16)
    values[..., 16] = np.where(missing, -1.0, 0.0)
    return _padded(values.tobytes())


def _padded(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // BLOCK) * BLOCK, b"\0")


def _parameters(file: C3dFile, data_block: int, rotation_block: int) -> bytes:
    groups = {group: dict(entries) for group, entries in file.groups.items()}
    for group, entries in _counted(file, data_block, rotation_block).items():
        groups[group] = {**entries, **groups.get(group, {})}
    content = bytearray()
    for number, (group, entries) in enumerate(groups.items(), start=1):
        content += _record(-number, group, b"", "")
        for name, parameter in entries.items():
            for part, piece in _pieces(name, parameter):
                content += _record(number, part, _value(piece), piece.description)
    n_blocks = -(-(len(content) + 6) // BLOCK)
    if n_blocks > _MOST_BLOCKS or len(groups) > 127:
        raise ExportError(
            f"The labels and parameters take {len(content)} bytes, and a C3D file holds {_MOST_BLOCKS * BLOCK}.",
            "Export a part of the trial, or into another format.", code="EXPORT_TOO_LARGE",
        )  # fmt: skip
    return (struct.pack("<4B", 1, 0x50, n_blocks, _INTEL) + bytes(content)).ljust(n_blocks * BLOCK, b"\0")


def _counted(file: C3dFile, data_block: int, rotation_block: int) -> dict[str, dict[str, FileParameter]]:
    """The parameters that follow from the samples."""
    n_frames, n_points = file.points.shape[:2]
    last = file.first_frame + n_frames - 1
    rate, analog_rate = stored_rates(file.rate_hz, max(file.samples.shape[1], 1))
    groups = {
        "POINT": {
            "USED": whole(n_points), "FRAMES": whole(_low(n_frames)), "DATA_START": whole(data_block),
            "SCALE": real(-file.residual_step), "RATE": real(rate),
        },
        "ANALOG": {
            "USED": whole(file.samples.shape[2]), "RATE": real(analog_rate if file.samples.size else 0.0),
        },
        "TRIAL": {
            "ACTUAL_START_FIELD": whole(file.first_frame & MOST_16_BIT, file.first_frame >> 16),
            "ACTUAL_END_FIELD": whole(last & MOST_16_BIT, last >> 16),
        },
    }  # fmt: skip
    if last > MOST_16_BIT:
        groups["POINT"]["LONG_FRAMES"] = real(n_frames)
    if file.rotations.size:
        ratio = len(file.rotations) // n_frames
        groups["ROTATION"] = {
            "USED": whole(file.rotations.shape[1]), "DATA_START": whole(rotation_block), "RATIO": whole(ratio),
            "RATE": real(file.rate_hz * ratio), "FRAMES": real(len(file.rotations)),
        }  # fmt: skip
    return groups


def stored_rates(rate_hz: float, ratio: int) -> tuple[float, float]:
    """Return a rate and a multiple of it in single precision whose quotient readers take for the whole number.

    Some divide in double precision and cut off what follows, some divide in single precision and want equality; the
    rate may be one of the next numbers beside the nearest for both to hold.
    """
    rate = np.float32(rate_hz)
    candidates = [rate]
    for end in (np.inf, -np.inf):
        near = rate
        for _ in range(4):
            near = np.nextafter(near, np.float32(end))
            candidates.append(near)
    for one in sorted(candidates, key=lambda one: abs(float(one) - rate_hz)):
        multiple = np.float32(float(one) * ratio)
        if float(multiple) < float(one) * ratio:
            multiple = np.nextafter(multiple, np.float32(np.inf))
        if multiple / one == np.float32(ratio):
            return float(one), float(multiple)
    return float(rate), float(np.float32(rate_hz * ratio))


def whole(*values: int) -> FileParameter:
    """Return a parameter of whole numbers below 65536."""
    return FileParameter(values, (len(values),) if len(values) != 1 else (), "integer")


def real(*values: float) -> FileParameter:
    """Return a parameter of numbers in single precision."""
    return FileParameter(values, (len(values),) if len(values) != 1 else (), "real")


def text(*values: str, description: str = "") -> FileParameter:
    """Return a parameter of words."""
    return FileParameter(values, (len(values),), "text", description)


def _pieces(name: str, parameter: FileParameter) -> list[tuple[str, FileParameter]]:
    """A parameter in parts that the format can hold: NAME, NAME2, ...; split along the last axis."""
    shape = parameter.shape
    length = shape[-1] if shape else 1
    width = _width(parameter.values) if parameter.kind == "text" else abs(_KINDS[parameter.kind])
    per_entry = width * int(np.prod(shape[:-1], dtype=int)) if shape else width
    most = max(1, min(_MOST_ENTRIES, _MOST_BYTES // max(per_entry, 1)))
    if length <= most:
        return [(name, parameter)]
    step = int(np.prod(shape[:-1], dtype=int))
    pieces: list[tuple[str, FileParameter]] = []
    for at in range(0, length, most):
        values = parameter.values[at * step : (at + most) * step]
        part = FileParameter(values, (*shape[:-1], min(most, length - at)), parameter.kind, parameter.description)
        pieces.append((name if not at else f"{name}{len(pieces) + 1}", part))
    return pieces


def _width(words: Sequence[object]) -> int:
    return max([1, *(len(str(word).encode()) for word in words)])


def _value(parameter: FileParameter) -> bytes:
    if parameter.kind == "text":
        width = _width(parameter.values)
        if width > 255:
            raise ExportError(
                f"A label or text of {width} bytes is longer than the 255 that a C3D file holds.",
                "Give a shorter name.", code="EXPORT_TOO_LARGE",
            )  # fmt: skip
        content = b"".join(str(word).encode().ljust(width) for word in parameter.values)
        return struct.pack("<bBBB", -1, 2, width, len(parameter.values)) + content
    kind = _KINDS[parameter.kind]
    if kind == 4:
        content = np.asarray(parameter.values, "<f4").tobytes()
    else:
        size = 8 * kind
        numbers = np.array([int(value) & ((1 << size) - 1) for value in parameter.values], np.uint32)
        content = numbers.astype("u1" if kind == 1 else "<u2").tobytes()
    return struct.pack("<bB", kind, len(parameter.shape)) + bytes(parameter.shape) + content


def _record(number: int, name: str, value: bytes, description: str) -> bytes:
    """One entry of the chain; its offset counts from itself to the next one."""
    told = cut(description, _MOST_TOLD)
    label = cut(name, _MOST_TOLD)
    body = value + struct.pack("<B", len(told)) + told
    return struct.pack("<bb", len(label), number) + label + struct.pack("<h", 2 + len(body)) + body


def cut(words: str, most: int) -> bytes:
    """Return the bytes of a text, no more than the most, and no half of a character."""
    return words.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").encode()
