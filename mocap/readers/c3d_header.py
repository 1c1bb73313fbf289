"""Look over a C3D file before a library is let loose on it: sizes, offsets and the walk through the parameters.

Layout after the C3D user guide (c3d.org): 512-byte blocks; header words count from 1; parameters as a chain of
records whose offsets must stay inside the file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mocap.errors import FormatError, SourceError

BLOCK = 512
INTEL, DEC, MIPS = 84, 85, 86
LONGEST_HEAD = 1 << 20
"""Bytes: parameters begin at block 255 at most, go on for as many, and the last may be as long once more."""
_MOST_BLOCKS = 255


@dataclass(frozen=True)
class C3dHeader:
    """What the first block of a C3D says, checked against the length of the file."""

    n_points: int
    n_analog_per_frame: int
    samples_per_frame: int
    first_frame: int
    last_frame: int
    bytes_per_value: int
    data_start: int
    scale: float
    rate_hz: float
    processor: int

    @property
    def n_frames(self) -> int:
        """Frames that the header counts."""
        return self.last_frame - self.first_frame + 1


@dataclass(frozen=True)
class Record:
    """One record of the chain of parameters; `kind` is None for a group."""

    group: int
    name: str
    kind: int | None
    shape: tuple[int, ...]
    content: bytes
    description: bytes


def check_c3d(content: bytes, path: Path, size: int | None = None) -> C3dHeader:
    """Return the header of a C3D file that can be read safely.

    Parameters
    ----------
    content : bytes
        Its first `LONGEST_HEAD` bytes at least, or all of them.
    path : Path
    size : int, optional
        Bytes of the whole file; those of the content when left out.

    Raises
    ------
    SourceError
        Code `C3D_TRUNCATED`: the file ends before its parameters or its data do.
    FormatError
        Code `C3D_NOT`: no C3D file; `C3D_BROKEN`: its header or parameters contradict themselves;
        `C3D_UNSUPPORTED`: MIPS byte order.
    """
    if len(content) < 2 or content[1] != 0x50:
        raise FormatError(f"{path} is not a C3D file (its second byte is not 0x50).", "Name a C3D file.", "C3D_NOT")
    parameters = (content[0] - 1) * BLOCK
    if len(content) < BLOCK or len(content) < parameters + 4:
        raise _truncated(path, max(parameters + 4, BLOCK), len(content))
    processor = content[parameters + 3]
    if content[0] < 2 or processor not in (INTEL, DEC, MIPS):
        raise _broken(path, f"parameter block {content[0]}, processor {processor}")
    if processor == MIPS:
        raise FormatError(
            f"{path} is written in the byte order of MIPS processors, which is not read here.",
            "Export it again in Intel byte order.",
            code="C3D_UNSUPPORTED",
        )
    header = _header(content, processor, path)
    parameters_found = _walk(content, path)
    header = _agreed(header, parameters_found, path)
    n_values = (header.n_points * 4 + header.n_analog_per_frame) * header.n_frames
    needed = header.data_start + n_values * header.bytes_per_value
    size = len(content) if size is None else size
    if needed > size:
        raise _truncated(path, needed, size)
    return header


def _header(content: bytes, processor: int, path: Path) -> C3dHeader:
    _, n_points, n_analog, first, last = struct.unpack_from("<5H", content, 0)
    data_block, samples = struct.unpack_from("<2H", content, 16)
    scale, rate = real_number(content[12:16], processor), real_number(content[20:24], processor)
    if n_points and not (np.isfinite(scale) and scale != 0 and np.isfinite(rate)):
        raise _broken(path, f"scale {scale}, rate {rate}")
    if n_points and (last < first or data_block < 2):
        raise _broken(path, f"frames {first} to {last}, data in block {data_block}")
    size = 4 if scale < 0 else 2
    start = (max(data_block, 1) - 1) * BLOCK
    return C3dHeader(n_points, n_analog, samples, first, last, size, start, scale, rate, processor)


def real_number(content: bytes, processor: int) -> float:
    """Return a real number of either byte order; DEC's is four times the IEEE number, its 16-bit words swapped."""
    if processor == INTEL:
        return float(struct.unpack("<f", content)[0])
    return float(struct.unpack("<f", content[2:] + content[:2])[0]) / 4.0


def _agreed(header: C3dHeader, parameters: dict[tuple[str, str], Record], path: Path) -> C3dHeader:
    """Counts, scale and rate stand in the file twice; where the two differ, one of them is damaged.

    But for the scale of floating-point samples, of which the sign alone matters to positions: programs write -1 into
    the header, so that the parameter counts, by which residuals are scaled.
    """

    def number(group: str, name: str) -> float | None:
        value = parameters.get((group, name))
        if value is None or not value.content:
            return None
        if value.kind == 2:
            return float(struct.unpack_from("<H", value.content)[0])
        return real_number(value.content[:4], header.processor) if value.kind == 4 else float(value.content[0])

    frames = number("POINT", "FRAMES")
    # The 16 bits of the header cannot count long recordings, whose true length stands elsewhere.
    if header.last_frame == 65535 or frames in (0, 65535):
        frames = None
    channels = number("ANALOG", "USED")
    scale = number("POINT", "SCALE")
    both_floating = scale is not None and scale < 0 and header.scale < 0
    pairs = {
        "POINT:USED": (number("POINT", "USED"), header.n_points),
        "POINT:FRAMES": (frames, header.n_frames),
        "POINT:DATA_START": (number("POINT", "DATA_START") or None, header.data_start // BLOCK + 1),
        "POINT:SCALE": (None if both_floating else scale, header.scale),
        "POINT:RATE": (number("POINT", "RATE") or None, header.rate_hz or number("POINT", "RATE")),
        "ANALOG:USED": (None if channels is None else channels * header.samples_per_frame, header.n_analog_per_frame),
    }
    for name, (found, expected) in pairs.items():
        if found is not None and expected is not None and not abs(found - expected) <= 1e-5 * abs(expected):
            raise _broken(path, f"{name} says {found:g}, its header {expected:g}")
    return replace(header, scale=scale) if both_floating and scale is not None else header


def _walk(content: bytes, path: Path) -> dict[tuple[str, str], Record]:
    """The parameters by the names of their group and of themselves, in upper case."""
    found = list(records(content, path))
    groups = {record.group: record.name.upper() for record in found if record.kind is None}
    return {(groups.get(one.group, ""), one.name.upper()): one for one in found if one.kind is not None}


def records(content: bytes, path: Path) -> Iterator[Record]:
    """Follow the chain of groups and parameters, which has to stay inside the file.

    Raises
    ------
    SourceError
        `C3D_TRUNCATED`.
    FormatError
        `C3D_BROKEN`.
    """
    parameters = (content[0] - 1) * BLOCK
    end = min(len(content), parameters + max(content[parameters + 2], 1) * BLOCK)
    at = parameters + 4
    while at + 2 <= end:
        length, group = struct.unpack_from("2b", content, at)
        if length == 0 or group == 0:
            break
        name_end = at + 2 + abs(length)
        if name_end + 2 > len(content):
            raise _truncated(path, name_end + 2, len(content))
        name = content[at + 2 : name_end].decode("latin-1")
        (offset,) = struct.unpack_from("<h", content, name_end)
        if group > 0:
            yield _checked_record(content, (group, name), name_end + 2, name_end + offset, path)
        else:
            told = _checked_description(content, name_end + 2, name_end, name_end + offset, path)
            yield Record(-group, name, None, (), b"", told)
        if offset == 0:
            break
        if offset < 2:
            raise _broken(path, f"a parameter at byte {at} points backwards")
        at = name_end + offset
    if at > len(content):
        raise _truncated(path, at, len(content))


def _checked_record(content: bytes, named: tuple[int, str], at: int, following: int, path: Path) -> Record:
    if at + 2 > len(content):
        raise _truncated(path, at + 2, len(content))
    kind, n_axes = struct.unpack_from("bB", content, at)
    if kind not in (-1, 1, 2, 4) or n_axes > 7 or at + 2 + n_axes > len(content):
        raise _broken(path, f"a parameter at byte {at} has type {kind} and {n_axes} axes")
    shape = tuple(content[at + 2 : at + 2 + n_axes])
    size = abs(kind)
    for length in shape:
        size *= length
    if size > _MOST_BLOCKS * BLOCK:
        raise _broken(path, f"a parameter at byte {at} claims {size} bytes")
    finish = at + 2 + n_axes + size
    told = _checked_description(content, finish, at - 2, following, path)
    return Record(*named, kind, shape, content[finish - size : finish], told)


def _checked_description(content: bytes, at: int, offset_at: int, following: int, path: Path) -> bytes:
    """The words that end a record have to end where the next record begins."""
    if at + 1 > len(content):
        raise _truncated(path, at + 1, len(content))
    finish = at + 1 + content[at]
    # An offset of 0 ends the chain, so its record has no follower to run into.
    if finish > len(content) or (following != offset_at and finish > following):
        raise _broken(path, f"the parameter at byte {offset_at} runs into the next one")
    return content[at + 1 : finish]


def _truncated(path: Path, needed: int, found: int) -> SourceError:
    return SourceError(
        f"{path} is cut off: it has {found} bytes, its header asks for {needed}.",
        "Copy or export the file again.",
        code="C3D_TRUNCATED",
    )


def _broken(path: Path, what: str) -> FormatError:
    return FormatError(f"{path} is a damaged C3D file: {what}.", "Copy or export the file again.", code="C3D_BROKEN")
