"""The order of cameras and images by their names, and which images of several folders are of one moment."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from calibration.errors import FormatError

_SHOWN = 6  # folders in an error


def natural_text(text: str) -> tuple:
    """Return what sorts texts with numbers as people do: cam_2 before cam_10."""
    parts = re.split(r"(\d+)", text.casefold())
    # Odd parts are the numbers; the text itself breaks ties such as cam_1 and cam_01.
    return tuple(int(part) if i % 2 else part for i, part in enumerate(parts)), text


def frame_indices(folders: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """Return frame indices for the images of each folder; equal ones mean one moment.

    By position where all folders hold as many images in even steps; otherwise by the last number in the names, where
    all folders count alike, so that a lost image leaves a gap and does not shift what follows.

    Parameters
    ----------
    folders : mapping of str to sequence of str
        Name of a folder to the names of its images without their endings, in order; none is empty.

    Raises
    ------
    FormatError
        FRAMES_UNPAIRED when the names do not tell which images belong together.
    """
    counted = [_numbers(names) for names in folders.values()]
    numbers = [number for number in counted if number is not None]
    numbered = len(numbers) == len(folders)
    same_count = len({len(names) for names in folders.values()}) <= 1
    if same_count and (not numbered or all(_evenly_spaced(number) for number in numbers)):
        return {folder: tuple(range(len(names))) for folder, names in folders.items()}
    if numbered and _count_alike(numbers):
        first = min(number[0] for number in numbers)
        return {folder: tuple(n - first for n in number) for folder, number in zip(folders, numbers, strict=True)}
    shown = ", ".join(f"{folder}: {len(names)}" for folder, names in list(folders.items())[:_SHOWN])
    raise FormatError(
        f"The image folders ({shown}{', ...' if len(folders) > _SHOWN else ''} images) have gaps or different lengths, "
        "and their file names do not say which images belong together.",
        "Name the images of one moment with the same number in every folder.",
        code="FRAMES_UNPAIRED",
    )


def _numbers(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the last number of each name, or None when they do not count up."""
    found = [re.findall(r"\d+", name) for name in names]
    if not all(found):
        return None
    numbers = tuple(int(texts[-1]) for texts in found)
    return numbers if all(a < b for a, b in pairwise(numbers)) else None


def _evenly_spaced(numbers: tuple[int, ...]) -> bool:
    return len({b - a for a, b in pairwise(numbers)}) <= 1


def _count_alike(numbers: list[tuple[int, ...]]) -> bool:
    """Whether the folders share one counter: each has at least half of all numbers that occur."""
    union = set().union(*numbers)
    return all(2 * len(number) >= len(union) for number in numbers)
