"""Tables of the knee-to-wall test: its lunges, its sides, and right against left."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment.knee_to_wall.lunges import Lunge
from mocap.assessment.knee_to_wall.measured import Measured
from mocap.assessment.knee_to_wall.settings import KneeToWallSettings
from mocap.assessment.values import Value, column, combined, withheld
from mocap.trial import Metric, Table, Words, joined

_REFERENCE = (
    "Adults: 12 +- 2.8 cm, about 3.6 deg per cm; side difference up to 1.5 cm in two of three people, up to 3 cm in "
    "most; minimal detectable change 1.6 cm or 4.6 deg between raters, 1.9 cm or 4.7 deg within one (Hoch and McKeon "
    "2011, Chisholm et al. 2012, Powden et al. 2015)"
)
_NAMES = ("distance", "shank_inclination", "ankle_dorsiflexion")
_UNITS = {"distance": "cm", "shank_inclination": "deg", "ankle_dorsiflexion": "deg"}


def lunge_columns(
    lunges: Sequence[Lunge], found: Sequence[Measured], settings: KneeToWallSettings
) -> tuple[Metric | Words, ...]:
    """Return the columns of the table of lunges."""
    down = f"with the heel less than {settings.heel_down_mm:g} mm up"
    return (
        Words("side", "The leg in front", tuple(one.word for one in lunges)),
        column("distance", "cm", "From the tip of the hallux to the wall while the knee touches it, heel down. "
               f"{_REFERENCE}.", [one.distance for one in found]),
        column("shank_inclination", "deg", f"Largest inclination of the front shank against the vertical {down}.",
               [one.shank for one in found]),
        column("ankle_dorsiflexion", "deg", "Dorsiflexion of the front ankle there.", [one.ankle for one in found]),
        column("heel_rise", "mm", "Highest rise of the front heel, low-passed.", [one.heel for one in found]),
        column("knee_gap", "mm", "Smallest distance of the front of the knee from the wall, low-passed: a landmark on "
               f"it, else the knee centre and {settings.patella_offset_mm:g} mm.", [one.gap for one in found]),
        Words("contact", f"Whether the knee comes within {settings.contact_mm:g} mm of the wall",
              tuple(one.contact for one in found)),
        Words("set_up", f"Whether inclination and {settings.deg_per_cm:g} deg per cm of the distance agree within "
              f"{settings.cross_check_deg:g} deg", tuple(one.set_up for one in found)),
    )  # fmt: skip


def side_tables(lunges: Sequence[Lunge], found: Sequence[Measured]) -> tuple[Table, ...]:
    """Return the table of the sides, each by its best lunge, and that of right less left."""
    rows = {word: _side([one for lunge, one in zip(lunges, found, strict=True) if lunge.word == word], word)
            for word in ("right", "left")}  # fmt: skip
    best = "of the lunge with the largest distance, or inclination where no distance is known"
    columns = [
        column(name, _UNITS[name], f"{name.replace('_', ' ').capitalize()} {best}; n: lunges.",
               [row[name] for row in rows.values()])
        for name in _NAMES
    ]  # fmt: skip
    means = [
        column(f"{name}_mean", _UNITS[name], f"Mean {name.replace('_', ' ')} over the lunges that have it.",
               [row[f"{name}_mean"] for row in rows.values()])
        for name in _NAMES
    ]  # fmt: skip
    sides = joined("sides", 2, [(Words("side", "The leg in front", tuple(rows)),), tuple(columns), tuple(means)])
    differences = tuple(
        column(f"{name}_difference", _UNITS[name], f"Right less left, best lunges. {_REFERENCE}.",
               [_difference(rows["right"][name], rows["left"][name])])
        for name in _NAMES
    )  # fmt: skip
    return sides, joined("difference", 1, [differences])


def _side(found: Sequence[Measured], word: str) -> dict[str, Value]:
    if not found:
        nothing = withheld(f"there is no lunge of the {word} leg")
        return {name: nothing for name in (*_NAMES, *(f"{name}_mean" for name in _NAMES))}
    values = {"distance": [one.distance for one in found], "shank_inclination": [one.shank for one in found],
              "ankle_dorsiflexion": [one.ankle for one in found]}  # fmt: skip
    leading = values["distance"] if any(one.known for one in values["distance"]) else values["shank_inclination"]
    best = max(range(len(found)), key=lambda k: leading[k].value if leading[k].known else -np.inf)
    made = {}
    for name, cells in values.items():
        known = [one for one in cells if one.known]
        made[name] = Value(cells[best].value, cells[best].sd, cells[best].reason, len(known))
        made[f"{name}_mean"] = _mean(known) if known else cells[best]
    return made


def _mean(known: Sequence[Value]) -> Value:
    values = np.array([one.value for one in known])
    sd = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else known[0].sd
    return Value(float(values.mean()), sd, "", len(values))


def _difference(right: Value, left: Value) -> Value:
    if not (right.known and left.known):
        return right if not right.known else left
    return combined(right.value - left.value, [(1.0, right.sd), (1.0, left.sd)], n=right.n + left.n)
