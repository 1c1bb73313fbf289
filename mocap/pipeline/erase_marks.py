"""Whether a file names a person, wherever it does so."""

import base64
import re
from pathlib import Path

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
    if is_named(str(file.relative_to(root)), code):
        return True
    pattern, longest = _pattern(code)
    with file.open("rb") as content:
        tail, first = b"", content.read(_HEAD)
        if len(code) < _LONG and b"\0" in first:
            return pattern.search(first) is not None
        block = first
        while block:
            window = tail + block
            if pattern.search(window):
                return True
            tail = window[-longest:]
            block = content.read(_BLOCK)
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
