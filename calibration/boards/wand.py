"""A calibration wand: a rigid stick with markers at measured places, and the `wand.toml` that says so.

    type = "wand"
    markers = [0.0, 0.2, 0.5]   # places along the stick, m; or [x, y, z] of each marker
    length_sd = 0.0003          # sd of the distance between the farthest markers, m
    labelled = false            # whether the detector tells one end from the other

Two markers of one kind look alike from both ends, and nothing can tell which is which. For a calibration it does not
matter, as long as all cameras mean the same one in the same frame, and that the rays show. Three markers at uneven
distances are told apart by their distances in space.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, FormatError
from calibration.toml_files import TomlKind, read_toml

_KEYS = {"type", "markers", "length_sd", "labelled", "names"}
_LONGEST_M = 5.0
_SHORTEST_M = 0.02
_REMEDY = "Write type = 'wand', markers in m (numbers along the stick, or [x, y, z] each), length_sd in m, labelled."
_FILE = TomlKind("wand", "WAND_MISSING", "WAND_FORMAT", _REMEDY)


@dataclass(frozen=True, eq=False)
class Wand:
    """A rigid object with few markers.

    Attributes
    ----------
    markers_wand : ndarray, shape (marker, 3)
        Places of the markers in the wand's frame, m.
    length_sd_m : float
        Standard deviation of the longest distance between two markers; the others count in proportion.
    labelled : bool
        Whether the two ends are told apart by their detector. Only markers on one line may be unlabelled.
    names : tuple of str
        Of the markers; `marker_0`, ... when left out.

    Raises
    ------
    BoardError
        WAND when it has fewer than two markers or doubled ones, WAND_UNITS when it looks like mm or cm.
    """

    markers_wand: NDArray
    length_sd_m: float
    labelled: bool = True
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        markers = np.array(self.markers_wand, float)
        if markers.ndim == 1:
            markers = np.stack([markers, np.zeros_like(markers), np.zeros_like(markers)], axis=1)
        if markers.ndim != 2 or markers.shape[1:] != (3,) or len(markers) < 2 or not np.isfinite(markers).all():
            raise BoardError("A wand needs two or more markers at finite places.", _REMEDY, code="WAND")
        object.__setattr__(self, "markers_wand", markers)
        markers.flags.writeable = False
        names = tuple(self.names) or tuple(f"marker_{i}" for i in range(len(markers)))
        object.__setattr__(self, "names", names)
        _check_wand(self)

    @property
    def n_markers(self) -> int:
        """Number of markers."""
        return len(self.markers_wand)

    @property
    def ends(self) -> tuple[int, int]:
        """The two markers that are farthest from each other."""
        gaps = np.linalg.norm(self.markers_wand[:, None] - self.markers_wand[None], axis=2)
        one, other = np.unravel_index(int(gaps.argmax()), gaps.shape)
        return int(min(one, other)), int(max(one, other))

    @property
    def length_m(self) -> float:
        """Longest distance between two markers."""
        one, other = self.ends
        return float(np.linalg.norm(self.markers_wand[one] - self.markers_wand[other]))

    @property
    def collinear(self) -> bool:
        """Whether all markers lie on one line."""
        return bool(np.linalg.svd(self.markers_wand - self.markers_wand.mean(axis=0))[1][1] < 1e-6 * self.length_m)

    @property
    def order(self) -> NDArray:
        """Markers from one end to the other along the longest distance, shape (marker,)."""
        one, other = self.ends
        along = (self.markers_wand - self.markers_wand[one]) @ (self.markers_wand[other] - self.markers_wand[one])
        return np.argsort(along, kind="stable")

    @property
    def exchanged(self) -> NDArray:
        """Which marker each one is when the ends are taken for each other; none may be when not on one line."""
        answer = np.arange(self.n_markers)
        if self.collinear:
            answer[self.order] = self.order[::-1]
        return answer

    @property
    def symmetric(self) -> bool:
        """Whether it looks alike from both ends: evenly spaced within three sd of its length."""
        order = self.markers_wand[self.order]
        gaps = np.linalg.norm(np.diff(order, axis=0), axis=1)
        return self.collinear and bool(np.abs(gaps - gaps[::-1]).max() <= 3 * self.length_sd_m)

    def describe(self) -> str:
        """Return one line."""
        places = ", ".join(f"{place:.4f}" for place in self._along())
        kind = "labelled" if self.labelled else "unlabelled"
        return f"{kind} wand of {self.n_markers} markers at {places} m, length sd {1e3 * self.length_sd_m:.2f} mm"

    def _along(self) -> NDArray:
        one, other = self.ends
        line = (self.markers_wand[other] - self.markers_wand[one]) / self.length_m
        return (self.markers_wand - self.markers_wand[one]) @ line


def _check_wand(wand: Wand) -> None:
    gaps = np.linalg.norm(wand.markers_wand[:, None] - wand.markers_wand[None], axis=2)
    nearest = float(gaps[~np.eye(wand.n_markers, dtype=bool)].min())
    if len(wand.names) != wand.n_markers or len(set(wand.names)) < wand.n_markers:
        raise BoardError(f"The names {list(wand.names)} are not one per marker.", _REMEDY, code="WAND")
    if wand.length_m > _LONGEST_M:
        raise BoardError(
            f"A wand of {wand.length_m:g} m looks like millimetres or centimetres.", "Give metres.", code="WAND_UNITS"
        )
    if wand.length_m < _SHORTEST_M or nearest < 0.01 * wand.length_m:
        raise BoardError(
            f"Markers of the wand are {1e3 * nearest:.1f} mm apart, its length is {1e3 * wand.length_m:.1f} mm.",
            "Give the places of different markers, in metres.",
            code="WAND_UNITS",
        )
    if not (np.isfinite(wand.length_sd_m) and 0 < wand.length_sd_m < 0.1 * wand.length_m):
        raise BoardError(
            f"length_sd = {wand.length_sd_m} m of a wand of {wand.length_m:g} m.",
            "Give the standard deviation of the measured length, in metres and above 0 (0.0003 for a good ruler).",
            code="WAND",
        )
    if not wand.labelled and not wand.collinear:
        raise BoardError(
            "Only markers on one line can be told apart without labels.", "Set labelled = true.", code="WAND"
        )


def read_wand(path: str | Path) -> Wand:
    """Read a `wand.toml`.

    Raises
    ------
    SourceError
        WAND_MISSING when there is no such readable file.
    FormatError
        WAND_FORMAT when it is not TOML, lacks a key, or has one that is unknown or of the wrong type.
    BoardError
        What `Wand` refuses.
    """
    path = Path(path)
    return parse_wand(read_toml(path, _FILE), path.name)


def parse_wand(table: dict[str, Any], name: str) -> Wand:
    """Return the wand that a table describes; `name` is what errors call it."""
    strange, missing = sorted(set(table) - _KEYS), sorted({"type", "markers", "length_sd"} - set(table))
    cause = ""
    if strange or missing:
        cause = f"has the unknown keys {strange}" if strange else f"lacks {', '.join(missing)}"
    elif table["type"] != "wand":
        cause = f"is of type '{table['type']}', not 'wand'"
    elif not isinstance(table.get("labelled", True), bool) or not isinstance(table["length_sd"], int | float):
        cause = "has a labelled that is not true or false, or a length_sd that is no number"
    if cause:
        raise FormatError(f"{name} {cause}.", _REMEDY, code="WAND_FORMAT")
    try:
        markers = np.array(table["markers"], float)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name}: markers are no list of places.", _REMEDY, code="WAND_FORMAT") from error
    return Wand(markers, float(table["length_sd"]), table.get("labelled", True), tuple(table.get("names", ())))
