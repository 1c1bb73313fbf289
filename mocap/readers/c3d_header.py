"""Look over a C3D file before a library is let loose on it: sizes, offsets and the walk through the parameters.

Layout after the C3D user guide (c3d.org): 512-byte blocks; header words count from 1; parameters as a chain of
records whose offsets must stay inside the file.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from mocap.errors import FormatError, SourceError

BLOCK = 512
_INTEL, _DEC, _MIPS = 84, 85, 86


@dataclass(frozen=True)
class C3dHeader:
    """What the first block of a C3D says, checked against the length of the file."""

    n_points: int
    n_analog_per_frame: int
    first_frame: int
    last_frame: int
    bytes_per_value: int
    data_start: int
    processor: int


def check_c3d(content: bytes, path: Path) -> C3dHeader:
    """Return the header of a C3D file that can be read safely.

    Raises
    ------
    SourceError
        Code `C3D_TRUNCATED`: the file ends before its parameters or its data do.
    FormatError
        Code `C3D_NOT`: no C3D file; `C3D_BROKEN`: its header or parameters contradict themselves.
    """
    if len(content) < 2 or content[1] != 0x50:
        raise FormatError(f"{path} is not a C3D file (its second byte is not 0x50).", "Name a C3D file.", "C3D_NOT")
    parameters = (content[0] - 1) * BLOCK
    if len(content) < BLOCK or len(content) < parameters + 4:
        raise _truncated(path, max(parameters + 4, BLOCK), len(content))
    processor = content[parameters + 3]
    if content[0] < 2 or processor not in (_INTEL, _DEC, _MIPS):
        raise _broken(path, f"parameter block {content[0]}, processor {processor}")
    header = _header(content, processor, path)
    _walk(content, parameters, processor, path)
    n_values = (header.n_points * 4 + header.n_analog_per_frame) * (header.last_frame - header.first_frame + 1)
    needed = header.data_start + n_values * header.bytes_per_value
    if needed > len(content):
        raise _truncated(path, needed, len(content))
    return header


def _header(content: bytes, processor: int, path: Path) -> C3dHeader:
    order = ">" if processor == _MIPS else "<"
    _, n_points, n_analog, first, last = struct.unpack_from(f"{order}5H", content, 0)
    data_block, _ = struct.unpack_from(f"{order}2H", content, 16)
    scale_bytes = content[12:16]
    # DEC floats hold the sign in the top bit of the first 16-bit word, IEEE floats in that of the last byte.
    top = scale_bytes[{_INTEL: 3, _DEC: 1, _MIPS: 0}[processor]]
    if n_points and scale_bytes == b"\0\0\0\0":
        raise _broken(path, "its scale is 0")
    if n_points and (last < first or first < 1 or data_block < 2):
        raise _broken(path, f"frames {first} to {last}, data in block {data_block}")
    size = 4 if top & 0x80 else 2
    return C3dHeader(n_points, n_analog, first, last, size, (max(data_block, 1) - 1) * BLOCK, processor)


def _walk(content: bytes, parameters: int, processor: int, path: Path) -> None:
    """Follow the chain of groups and parameters; every record has to stay inside the parameter blocks."""
    order = ">" if processor == _MIPS else "<"
    end = min(len(content), parameters + max(content[parameters + 2], 1) * BLOCK)
    at = parameters + 4
    while at + 2 <= end:
        length, group = struct.unpack_from("2b", content, at)
        if length == 0 or group == 0:
            return
        name_end = at + 2 + abs(length)
        if name_end + 2 > len(content):
            raise _truncated(path, name_end + 2, len(content))
        (offset,) = struct.unpack_from(f"{order}h", content, name_end)
        if group > 0:
            _check_record(content, name_end + 2, name_end + offset, path)
        if offset == 0:
            return
        if offset < 2:
            raise _broken(path, f"a parameter at byte {at} points backwards")
        at = name_end + offset
    if at > len(content):
        raise _truncated(path, at, len(content))


def _check_record(content: bytes, at: int, following: int, path: Path) -> None:
    if at + 2 > len(content):
        raise _truncated(path, at + 2, len(content))
    kind, n_axes = struct.unpack_from("bB", content, at)
    if kind not in (-1, 1, 2, 4) or n_axes > 7 or at + 2 + n_axes > len(content):
        raise _broken(path, f"a parameter at byte {at} has type {kind} and {n_axes} axes")
    size = abs(kind)
    for length in content[at + 2 : at + 2 + n_axes]:
        size *= length
    finish = at + 2 + n_axes + size
    if finish > len(content):
        raise _truncated(path, finish, len(content))
    # An offset of 0 ends the chain, so its record has no follower to run into.
    if following != at - 2 and finish > following:
        raise _broken(path, f"the parameter at byte {at} runs into the next one")


def _truncated(path: Path, needed: int, found: int) -> SourceError:
    return SourceError(
        f"{path} is cut off: it has {found} bytes, its header asks for {needed}.",
        "Copy or export the file again.",
        code="C3D_TRUNCATED",
    )


def _broken(path: Path, what: str) -> FormatError:
    return FormatError(f"{path} is a damaged C3D file: {what}.", "Copy or export the file again.", code="C3D_BROKEN")
