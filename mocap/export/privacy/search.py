"""Search files for words byte by byte, in the ways that programs write them."""

import base64
from collections.abc import Collection, Iterable
from pathlib import Path

_BLOCK = 1 << 22


def places_of(words: Collection[str], files: Iterable[Path]) -> tuple[tuple[Path, str], ...]:
    """Return (file, word) for each word that a file holds, or bears in its name: UTF-8, UTF-16 or base64.

    Parameters
    ----------
    words : collection of str
    files : iterable of Path
    """
    forms = {word: _forms(word) for word in sorted(words)}
    longest = max((len(form) for known in forms.values() for form in known), default=1)
    found = []
    for file in files:
        open_words = dict(forms)
        for word in [word for word in open_words if word in file.name]:
            found.append((file, word))
            del open_words[word]
        found += [(file, word) for word in _in_content(file, open_words, longest)]
    return tuple(found)


def _in_content(file: Path, forms: dict[str, frozenset[bytes]], longest: int) -> list[str]:
    found: list[str] = []
    tail = b""
    with file.open("rb") as content:
        while forms and (block := content.read(_BLOCK)):
            window = tail + block
            here = [word for word, known in forms.items() if any(form in window for form in known)]
            found += here
            forms = {word: known for word, known in forms.items() if word not in here}
            tail = window[-(longest - 1) :] if longest > 1 else b""
    return found


def _forms(word: str) -> frozenset[bytes]:
    plain = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")]
    return frozenset([*plain, *(code for raw in plain for code in _base64(raw))])


def _base64(raw: bytes) -> list[bytes]:
    """The characters of base64 that the bytes alone decide, wherever among others they begin."""
    codes = []
    for before in range(3):
        code = base64.b64encode(b"\0" * before + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        if last - first >= 5:
            codes.append(code[first:last])
    return codes
