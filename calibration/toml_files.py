"""TOML files that describe something: a board, a wand, landmarks."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import FormatError, SourceError
from calibration.text_files import read_limited

MOST_BYTES = 64_000_000
# Forty words with points between them; each word is looked at once, however long it is.
_DEEP_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){40}""")
_MOST_TABLES = 20_000


@dataclass(frozen=True)
class TomlKind:
    """A kind of file and how refusals speak of it.

    Attributes
    ----------
    what : str
        'board': then 'the board file', and 'a board.toml' is to be given.
    missing_code, format_code : str
    remedy : str
        How such a file is written.
    """

    what: str
    missing_code: str
    format_code: str
    remedy: str


def read_toml(path: Path, kind: TomlKind) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    SourceError
        `kind.missing_code` when there is no such readable file.
    FormatError
        `kind.format_code` when it is not TOML.
    """
    try:
        return parse_toml(read_limited(path, MOST_BYTES))
    except OSError as error:
        raise SourceError(
            f"The {kind.what} file {path} cannot be read: {error.strerror or error}.",
            f"Give the path of a {kind.what}.toml.",
            kind.missing_code,
        ) from error
    except ValueError as error:
        raise FormatError(f"{path} is not TOML: {error}.", kind.remedy, kind.format_code) from error


def parse_toml(data: bytes) -> dict[str, Any]:
    """Return the content of the bytes of a TOML file.

    Raises
    ------
    ValueError
        When they are none: not only `tomllib.TOMLDecodeError`, for the library stumbles over brackets in brackets
        without end and over numbers of thousands of digits too.
    """
    return loads(data.decode("utf-8"))


def loads(text: str) -> dict[str, Any]:
    """Return the content of TOML, as `parse_toml`.

    Raises
    ------
    ValueError
    """
    # The library takes a time that grows with the square of both.
    if _DEEP_KEY.search(text) or text.count("\n[") > _MOST_TABLES:
        raise ValueError("it has keys of more than 40 parts, or more than 20000 tables")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it has brackets in brackets without end") from error
