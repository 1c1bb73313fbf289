"""In which line of a TOML file a value stands, so that a person finds it."""

import re
import tomllib
from collections import Counter

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def toml_lines(text: str) -> dict[str, int]:
    """Return the line, from 1, of each key that begins one, by its full name with dots between.

    Entries of an array of tables are counted: `trial.0.name`. Keys within tables on one line have none of their own;
    `line_of` finds that of the table. Lines within texts of several lines are passed by.
    """
    found: dict[str, int] = {}
    arrays: Counter[str] = Counter()
    table: list[str] = []
    held = ""  # of a value that goes on over lines
    for number, line in enumerate(text.splitlines(), 1):
        if held:
            held = "" if _is_whole(f"{held}\n{line}") else f"{held}\n{line}"
            continue
        header = _HEADER.match(line)
        if header:
            table = _parts(header[2])
            if header[1] == "[[":
                name = ".".join(table)
                table = [*table, str(arrays[name])]
                arrays[name] += 1
            found[".".join(table)] = number
            continue
        key = _KEY.match(line)
        if key:
            found[".".join([*table, *_parts(key[1])])] = number
            held = "" if _is_whole(line) else line
    return found


def line_of(lines: dict[str, int], key: str) -> int | None:
    """Return the line of a key, or of what it stands in; None where the file says nothing of it."""
    parts = key.split(".")
    for count in range(len(parts), 1, -1):
        line = lines.get(".".join(parts[:count]))
        if line is not None:
            return line
    return None


def _parts(name: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(name)]


def _is_whole(value: str) -> bool:
    try:
        tomllib.loads(value)
    except tomllib.TOMLDecodeError:
        return False
    return True
