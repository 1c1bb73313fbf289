"""Answers to a benchmark as tables of any tool."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mocap.errors import FormatError


def refused(path: Path, what: str) -> FormatError:
    """Return the refusal of an answer."""
    return FormatError(f"{path} {what}.", "Write it as the README of the set shows.", code="BENCHMARK_ANSWER")


def answer_table(path: Path, needed: tuple[str, ...], words: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a table of numbers, but for the columns that are words.

    Raises
    ------
    FormatError
        BENCHMARK_ANSWER
    """
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(words, str), encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise refused(path, f"is no table of values with commas between: {error}") from error
    table.columns = [str(name).strip() for name in table.columns]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise refused(path, f"lacks the columns {', '.join(missing)}")
    for name in table.columns:
        if name not in words and not pd.api.types.is_numeric_dtype(table[name]):
            raise refused(path, f"holds something other than numbers in '{name}'")
    return table


def read_tucks(path: Path) -> dict[str, NDArray]:
    """Return bottom (s), magnitude (deg) and onset of the tucks of each trial, shape (k, 3); none without a file."""
    if not path.is_file():
        return {}
    names = ("bottom_time_s", "wink_magnitude_deg", "wink_onset_depth")
    table = answer_table(path, ("trial", *names[:2]), ("trial",))
    if names[2] not in table:
        table[names[2]] = np.nan
    return {str(name): rows[list(names)].to_numpy(float) for name, rows in table.groupby("trial")}


def read_points(path: Path) -> tuple[tuple[str, ...], NDArray, NDArray]:
    """Return names, times (s) and positions (time, point, 3) of points, as the file has them."""
    table = answer_table(path, ("time_s", "point", "x", "y", "z"), ("point",))
    if table.duplicated(["time_s", "point"]).any():
        raise refused(path, "holds a point twice at one time")
    wide = table.set_index(["time_s", "point"]).unstack("point")
    names = tuple(str(name) for name in wide["x"].columns)
    return names, wide.index.to_numpy(float), np.stack([wide[axis].to_numpy(float) for axis in "xyz"], axis=2)
