"""Names that become names of files: plain on every system, so that none leads out of its folder or to a device."""

import os
from collections.abc import Iterator, Sequence
from typing import Any
from unicodedata import normalize

# Windows takes these for devices, whatever ending they have. Source: Microsoft, Naming Files, Paths, and Namespaces.
_PORTS = frozenset(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")
_DEVICES = frozenset(("con", "prn", "aux", "nul", "conin$", "conout$")) | _PORTS
_LONGEST = 120  # bytes; with an ending and what is put before it a name stays below the 255 that file systems take
_NEVER = set('<>:"/\\|?*')


def is_plain(name: str) -> bool:
    """Whether a name can be that of a file on every system, in the folder where it is put and nowhere else."""
    return bool(
        name
        and name.strip(" ") == name
        and not name.endswith(".")
        and not name.startswith((".", "-"))  # hidden, and taken for an option by other programs
        and not _NEVER & set(name)
        and name.isprintable()
        and len(name.encode("utf-8", "replace")) <= _LONGEST
        and name.partition(".")[0].rstrip(" ").lower() not in _DEVICES
    )


def recorded_name(name: str) -> str:
    """Return the name of a file as text that any file can hold: what of it is no UTF-8 is written out, as `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_code(name: str) -> bool:
    """Whether a plain name can be a code: one with blanks is somebody's name or a sentence."""
    return is_plain(name) and not any(character.isspace() for character in name)


def same_files(names: Sequence[str]) -> list[str]:
    """Return the names that are one file where neither capital and small letters nor ways to write an accent count."""
    folded = [normalize("NFC", normalize("NFC", name).casefold()) for name in names]
    return sorted({name for name, plain in zip(names, folded, strict=True) if folded.count(plain) > 1})


def texts_in(content: Any) -> Iterator[str]:
    """Yield all words of what a TOML file holds, keys too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from texts_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts_in(value)
