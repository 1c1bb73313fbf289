"""Names that become names of files: plain on every system, so that none leads out of its folder or to a device."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

# Windows takes these for devices, whatever ending they have. Source: Microsoft, Naming Files, Paths, and Namespaces.
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")))
_LONGEST = 120  # bytes; with an ending and what is put before it a name stays below the 255 that file systems take
_NEVER = set('<>:"/\\|?*')


def is_plain(name: str) -> bool:
    """Whether a name can be that of a file on every system, in the folder where it is put and nowhere else."""
    return bool(
        name
        and name.strip(" ") == name
        and not name.endswith(".")
        and not _NEVER & set(name)
        and name.isprintable()
        and len(name.encode("utf-8", "replace")) <= _LONGEST
        and name.partition(".")[0].rstrip(" ").lower() not in _DEVICES
    )


def recorded_name(name: str) -> str:
    """Return the name of a file as text that any file can hold: what of it is no UTF-8 is written out, as `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def same_files(names: Sequence[str]) -> list[str]:
    """Return the names that are one file where capital and small letters are not told apart."""
    folded = [name.casefold() for name in names]
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
