"""Units and axes of a motion file: read what it states, infer the rest from the body, and say which."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.body_extent import LOWER, MIDDLE, UPPER, body_points, extent, extents, names_a_person, plain_name
from mocap.schema import METRES_PER
from mocap.skeleton import side_of

UP_AXES = ("x", "y", "z", "-x", "-y", "-z")
# A child's lower body to a tall person with raised arms; decided on the median frame.
EXTENT_RANGE_M = (0.5, 2.5)
# A unit that the user insists on may describe a hand or a hall, but not a flea or a town.
GIVEN_RANGE_M = (0.02, 25.0)
# The vertical has to stand out of the two horizontals by this factor, or the axis stays open.
DOMINANCE = 1.5



@dataclass(frozen=True)
class Axes:
    """Which axis of a file points up, how that is known, and which way the person faces in our world."""

    up: str
    source: str
    forward: str
    notes: tuple[str, ...] = ()


def metres_per(units: str, where: str = "") -> float:
    """Return the length of a unit in metres; `where` begins the error.

    Raises
    ------
    FormatError
        Code `UNITS`, for a unit that is not a length known here.
    """
    factor = METRES_PER.get(units.strip().lower().rstrip("."))
    if factor is None:
        raise FormatError(
            f"{where}{units!a} is not a known length unit.",
            f"Give one of {', '.join(('mm', 'cm', 'dm', 'm', 'in', 'ft'))}.",
            code="UNITS",
        )  # fmt: skip
    return factor


def world_from_file(values: NDArray, up: str) -> NDArray:
    """Turn coordinates (..., 3) of a file into the world with Z up.

    Y up: world = (z, x, y) of the file; X up: (y, z, x). Both are proper rotations; the first one is the inverse of
    what Pose2Sim writes into its TRC files. For an axis that points down the result is turned half about world X.

    Raises
    ------
    FormatError
        Code `AXES`, when `up` is not one of x, y, z, -x, -y, -z.
    """
    up = checked_up(up)
    order = {"z": [0, 1, 2], "y": [2, 0, 1], "x": [1, 2, 0]}[up[-1]]
    turned = np.asarray(values, float)[..., order]
    return turned * np.array([1.0, -1.0, -1.0]) if up.startswith("-") else turned


def checked_up(up: str) -> str:
    """Return the axis name in our spelling (`+Z` becomes `z`), or refuse it with code `AXES`."""
    plain = up.strip().lower().removeprefix("+")
    if plain not in UP_AXES:
        raise FormatError(f"'{up}' is no axis.", f"Give the axis that points up: {', '.join(UP_AXES)}.", code="AXES")
    return plain


def find_scale(
    values: NDArray, names: tuple[str, ...], stated: str, given: str | None, source: str
) -> tuple[float, str, tuple[str, ...]]:
    """Return metres per unit, the unit, and notes; refuse a unit in which no person could stand there.

    Parameters
    ----------
    values : ndarray, shape (time, point, 3)
        In the file's unit and axes.
    stated : str
        The file's own unit, empty when it has none.
    given : str or None
        The caller's; wins over the file.
    source : str
        Name of the file for the error.

    Raises
    ------
    FormatError
        Code `UNITS`.
    """
    reach = extent(body_points(values, names))
    if given is not None:
        factor = metres_per(given)
        # Where the labels say that it is a person, the caller's unit is held to a person's size as well.
        low, high = EXTENT_RANGE_M if names_a_person(names) else GIVEN_RANGE_M
        notes: tuple[str, ...] = (f"length unit {given} was given" + (f", the file says {stated}." if stated else "."),)
        if np.isfinite(reach) and not EXTENT_RANGE_M[0] <= reach * factor <= EXTENT_RANGE_M[1]:
            notes += (f"in {given} the points reach over {reach * factor:.3g} m, which is not a standing person.",)
    elif stated.strip():
        factor, notes = metres_per(stated, f"{source}: "), ()
        low, high = EXTENT_RANGE_M
    else:
        raise FormatError(
            f"{source} does not say its length unit; {_looks_like(reach)}",
            "Pass the unit of the numbers with --units: mm, cm, m or in.",
            code="UNITS",
        )
    if np.isfinite(reach) and not low <= reach * factor <= high:
        raise FormatError(
            f"{source}: in '{given or stated}' the points of a frame reach over {reach * factor:.3g} m, expected "
            f"{low} to {high} m; {_looks_like(reach)}",
            "Pass the unit of the numbers with --units: mm, cm, m or in.",
            code="UNITS",
        )
    return factor, (given or stated).strip(), notes


def find_axes(
    points: NDArray, names: tuple[str, ...], stated: str | None, given: str | None, source: str
) -> Axes:
    """Decide which axis of the file points up.

    Given wins; then what the file states, if the body does not contradict it; then what the body shows.

    Parameters
    ----------
    points : ndarray, shape (time, point, 3)
        Metres, in the file's axes.

    Raises
    ------
    FormatError
        Code `AXES`: the body contradicts the file, or nothing shows the axis.
    """
    seen, why = infer_up(points, names)
    if given is not None:
        up, how = checked_up(given), "given"
        notes: tuple[str, ...] = (f"up axis {up} was given.",)
        if seen and seen != up:
            notes += (f"the body seems to stand along {seen} ({why}).",)
    elif stated is not None:
        up, how, notes = checked_up(stated), "stated", ()
        if seen and seen != up and why.startswith("labels"):
            raise FormatError(
                f"{source} says that {up} points up, but the body stands along {seen} ({why}).",
                f"Pass the axis that points up, e.g. --up {seen}.",
                code="AXES",
            )
    elif seen:
        up, how, notes = seen, "inferred", (f"up axis {seen} was inferred from the body ({why}).",)
    else:
        raise FormatError(
            f"{source} does not say which axis points up, and the body does not show it ({why}).",
            "Pass the axis that points up, e.g. --up y.",
            code="AXES",
        )
    forward = infer_forward(world_from_file(points, up), names)
    if forward is None:
        notes += ("the facing direction is not known from the labels; x is taken.",)
    return Axes(up, how, forward or "x", notes)


def infer_up(points: NDArray, names: tuple[str, ...]) -> tuple[str, str]:
    """Infer the up axis from a body: by what the labels say of head, pelvis and feet, else by the longest extent.

    Returns
    -------
    up : str
        Empty when the body does not show it.
    why : str
        The evidence, in words.
    """
    levels = [_level(points, names, pattern) for pattern in (UPPER, MIDDLE, LOWER)]
    spans = [high - levels[2] for high in levels[:2]]
    # A hinge or a stoop turns trunk and head away, so the legs are asked as well as the whole.
    medians = [_median(span) for span in spans if np.isfinite(span).all(axis=1).any()]
    if medians:
        return _dominant(np.sum(medians, axis=0), "labels of head, pelvis and feet")
    size = np.median(extents(body_points(points, names)), axis=0)
    axis, why = _dominant(size, "longest extent of the points")
    if axis:
        column = points[..., "xyz".index(axis)]
        # Recordings stand on a floor near 0; a body hanging wholly below it has its axis pointing down.
        if np.nanmedian(column) < 0 and np.nanmax(column) < 0.2:
            axis = f"-{axis}"
    return axis, why


def infer_forward(points_world: NDArray, names: tuple[str, ...]) -> str | None:
    """Return the world axis a person faces, from left and right labels: forward = left x up; None without them."""
    sides = [side_of(name) for name in names]
    middles = [_mean(points_world[:, [side == wanted for side in sides]]) for wanted in ("left", "right")]
    across = middles[0] - middles[1]
    if not np.isfinite(across).all(axis=1).any():
        return None
    left = _median(across)
    forward = np.array([left[1], -left[0]])
    if np.abs(forward).max() < 0.02:
        return None
    axis = int(np.argmax(np.abs(forward)))
    return ("-" if forward[axis] < 0 else "") + "xy"[axis]


def _level(points: NDArray, names: tuple[str, ...], pattern: re.Pattern[str]) -> NDArray:
    chosen = [bool(pattern.search(plain_name(name))) for name in names]
    return _mean(points[:, chosen])


def _mean(points: NDArray) -> NDArray:
    """Mean over the point axis, (time, 3), of what is there; NaN where nothing is."""
    seen = np.isfinite(points).all(axis=2)
    total = np.where(seen[..., None], points, 0.0).sum(axis=1)
    count = seen.sum(axis=1)[:, None]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _median(rows: NDArray) -> NDArray:
    return np.median(rows[np.isfinite(rows).all(axis=1)], axis=0)


def _dominant(vector: NDArray, evidence: str) -> tuple[str, str]:
    size = np.abs(vector)
    axis = int(np.argmax(size))
    others = np.delete(size, axis).max()
    if size[axis] < 0.1 or size[axis] < DOMINANCE * others:
        return "", f"{evidence}: {size[0]:.2f}, {size[1]:.2f}, {size[2]:.2f} m along x, y, z"
    return ("-" if vector[axis] < 0 else "") + "xyz"[axis], f"{evidence}: {size[axis]:.2f} m against {others:.2f} m"


def _looks_like(reach: float) -> str:
    low, high = EXTENT_RANGE_M
    fitting = [unit for unit in ("mm", "cm", "m", "in") if low <= reach * METRES_PER[unit] <= high]
    if not fitting:
        return "no common unit makes a person of them."
    return f"the numbers look like {' or '.join(fitting)}."
