"""Whether a file names a person, wherever it does so."""

import base64
import re
from collections.abc import Sequence
from io import BufferedIOBase
from pathlib import Path

from mocap.pipeline.erase_packed import any_within, is_packed

_BLOCK, _HEAD = 1 << 22, 1 << 17
_LONG = 6  # characters that no file of numbers holds by chance


def is_named(text: str, code: str) -> bool:
    """Return whether a text holds a code as a word of its own."""
    return re.search(rf"(?<![^\W_]){re.escape(code)}(?![^\W_])", text) is not None


def is_telling(code: str) -> bool:
    """Return whether a code that stands in words is somebody's: a mere number stands in those about anybody."""
    return any(character.isalpha() for character in code)


def mentions(file: Path, code: str, root: Path) -> bool:
    """Return whether a file holds a code, as a word of its own, in UTF-8, UTF-16 or base64, or bears it in its path.

    A short code stands in any large file of numbers by chance: of files that are no text only the beginning counts
    then, where formats keep their words. Of the path counts what is below `root`.
    """
    return is_named(str(file.relative_to(root)), code) or _is_held_by(file, code)


def mentions_within(file: Path, codes: Sequence[str]) -> bool:
    """Return whether a packed file holds a code in a file within it, or in its name; False for a file of its own.

    Raises
    ------
    SourceError
        PACKED_CLOSED for what cannot be unpacked.
    """
    def holds(name: str, content: BufferedIOBase) -> bool:
        return any(is_named(name, code) for code in codes) or is_held(content, codes)

    with file.open("rb") as content:
        if not is_packed(content.read(_HEAD)):
            return False
        content.seek(0)
        return any_within(content, holds)


def _is_held_by(file: Path, code: str) -> bool:
    with file.open("rb") as content:
        return is_held(content, (code,))


def is_held(content: BufferedIOBase, codes: Sequence[str]) -> bool:
    """Return whether a stream holds one of some codes, as `mentions` seeks them."""
    sought = [(_pattern(code), len(code) < _LONG) for code in codes]
    tail, block, at = b"", content.read(_HEAD), 0
    while block and sought:
        window = tail + block
        if any(pattern.search(window) for (pattern, _), _ in sought):
            return True
        if at == 0 and b"\0" in block:
            sought = [one for one in sought if not one[1]]
        tail = window[-max((longest for (_, longest), _ in sought), default=1) :]
        block, at = content.read(_BLOCK), 1
    return False


def _pattern(code: str) -> tuple[re.Pattern[bytes], int]:
    """Bytes that are the code, and how many a match may need on both sides of a block's end."""
    raw = code.encode()
    forms = [rb"(?<![A-Za-z0-9])" + re.escape(raw) + rb"(?![A-Za-z0-9])"]
    for wide in (code.encode("utf-16-le"), code.encode("utf-16-be")):
        forms.append(re.escape(wide))
    if len(code) >= _LONG:
        forms += [re.escape(part) for whole in (raw, code.encode("utf-16-le")) for part in _base64(whole)]
    return re.compile(b"|".join(forms)), 4 * len(raw) + 8


def _base64(raw: bytes) -> list[bytes]:
    parts = []
    for before in range(3):
        code = base64.b64encode(b"\0" * before + raw)
        parts.append(code[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
    return parts
