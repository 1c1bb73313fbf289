"""Which labels name a person, and how far the points of a frame reach: by that the unit of a file is judged."""

import re

import numpy as np
from numpy.typing import NDArray

_ENOUGH_LABELS = 4

UPPER = re.compile(
    r"HEAD|[LR][FB]HD|NOSE|EYE|(^|LEFT|RIGHT|[LR])[_. -]?EAR$|NECK|^C7|^T\d{1,2}$|CLAV|STERN|STRN|SHOULDER|"
    r"ACROM|[LR]SHO|SJN",
    re.IGNORECASE,
)
MIDDLE = re.compile(r"[LR.]ASI|[LR.]PSI|PELV|SACR|HIP|HJC|ILIAC|CREST|^L[1-5]$", re.IGNORECASE)
LOWER = re.compile(r"ANK|HEE|CALC|TOE|META(?!CARP)|MT[1-5]|FOOT|MALL|HALLUX", re.IGNORECASE)


def plain_name(name: str) -> str:
    """Return a label without the subject's prefix (`A22:`)."""
    return name.rsplit(":", 1)[-1]


def names_a_person(names: tuple[str, ...]) -> bool:
    """Whether the labels are of a person: four are known at least."""
    return sum(_of_a_person(names)) >= _ENOUGH_LABELS


def names_whole_legs(names: tuple[str, ...]) -> bool:
    """Whether the labels are of a person from the feet to the pelvis, or further up."""
    plain = [plain_name(name) for name in names]
    low, middle, high = (any(map(part.search, plain)) for part in (LOWER, MIDDLE, UPPER))
    return names_a_person(names) and low and (middle or high)


def body_points(points: NDArray, names: tuple[str, ...]) -> NDArray:
    """Points that belong to the person: those with known labels if there are four, else all but Vicon's unnamed `*1`.

    Ghosts and markers on the floor would otherwise decide the size of the person.
    """
    person = names_a_person(names)
    known = _of_a_person(names) if person else [not plain_name(name).startswith("*") for name in names]
    return points[:, known]


def _of_a_person(names: tuple[str, ...]) -> list[bool]:
    plain = [plain_name(name) for name in names]
    return [any(pattern.search(name) for pattern in (UPPER, MIDDLE, LOWER)) for name in plain]


def extents(points: NDArray) -> NDArray:
    """Size of the bounding box per frame, shape (frames with two points or more, 3)."""
    seen = np.isfinite(points).all(axis=2)
    rows = seen.sum(axis=1) >= 2
    if not rows.any():
        return np.zeros((1, 3))
    high = np.where(seen[rows][..., None], points[rows], -np.inf).max(axis=1)
    low = np.where(seen[rows][..., None], points[rows], np.inf).min(axis=1)
    return high - low


def extent(values: NDArray) -> float:
    """Longest side of the median frame's bounding box; NaN without two points in any frame."""
    if not (np.isfinite(values).all(axis=2).sum(axis=1) >= 2).any():
        return float("nan")
    return float(np.median(extents(values), axis=0).max())
