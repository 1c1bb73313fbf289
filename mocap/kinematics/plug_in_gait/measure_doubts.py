"""Measures of Plug-in Gait that a person may have but hardly has: unlike sides, and options unlike the files."""

from collections.abc import Mapping, Sequence

import numpy as np

from mocap.kinematics.options import KinematicsOptions
from mocap.trial import Verdict

Stated = Mapping[str, float | str]

_LIMITS_M = {
    "knee_width": 0.010, "ankle_width": 0.010, "leg_length": 0.030, "inter_asis": 0.030, "asis_trochanter": 0.015,
    "marker_diameter": 0.003,
}  # fmt: skip
"""Choices of this project: above what two people measure differently, and below what a slip of a digit makes."""
_SIDED = ("knee_width", "ankle_width", "asis_trochanter")


def measure_verdicts(
    options: KinematicsOptions, files: Sequence[Stated], sides: Mapping[str, Mapping[str, float]]
) -> tuple[Verdict, ...]:
    """Return whether measures of right and left, and those given and in the files, are near each other.

    Parameters
    ----------
    options : KinematicsOptions
    files : sequence of mapping of str to float or str
        What the files of standing trial and trial tell, m; the first that tells a measure counts.
    sides : mapping of str to mapping of str to float
        Side (R, L) to the measures that are used: `knee_width`, `ankle_width`, `asis_trochanter`, m.

    Returns
    -------
    tuple of Verdict
        `measures_sides` where both legs are there, and `measures_changed` where an option replaces a file's measure;
        the figure is the difference that most exceeds its limit, m.
    """
    apart = []
    if {"R", "L"} <= set(sides):
        for name in _SIDED:
            pair = [sides[side][name] for side in "RL"]
            words = f"{_plain(name)} {1e3 * pair[0]:.0f} mm right, {1e3 * pair[1]:.0f} mm left"
            apart.append((abs(pair[0] - pair[1]), _LIMITS_M[name], words))
        legs = [_stored(files, f"leg_length_{side}_m") for side in "rl"]
        words = f"leg length {1e3 * legs[0]:.0f} mm right, {1e3 * legs[1]:.0f} mm left"
        apart.append((abs(legs[0] - legs[1]), _LIMITS_M["leg_length"], words))
    changed = []
    for option, stored in _options():
        given = getattr(options, option)
        told = [value for value in (_stored(files, name) for name in stored) if np.isfinite(value)]
        if np.isfinite(given) and told:
            name, there = option.removesuffix("_m"), float(np.mean(told))
            words = f"{_plain(name)} {1e3 * given:.0f} mm given, {1e3 * there:.0f} mm in the file"
            changed.append((abs(given - there), _LIMITS_M[name.removesuffix("_r").removesuffix("_l")], words))
    return _verdict("measures_sides", apart, "right and left") + _verdict(
        "measures_changed", changed, "what is given and what the file says"
    )


def _options() -> list[tuple[str, tuple[str, ...]]]:
    sided = [(f"{name}_{side}_m", (f"{name}_{side}_m",)) for name in ("knee_width", "ankle_width") for side in "rl"]
    reach = [(f"asis_trochanter_{side}_m", (f"asis_trochanter_distance_{side}_m",)) for side in "rl"]
    whole = [("leg_length_m", ("leg_length_r_m", "leg_length_l_m")), ("inter_asis_m", ("inter_asis_distance_m",))]
    return [*sided, *reach, *whole, ("marker_diameter_m", ("marker_diameter_m",))]


def _stored(files: Sequence[Stated], name: str) -> float:
    for file in files:
        value = file.get(name)
        if isinstance(value, int | float) and np.isfinite(value) and value != 0:
            return float(value)
    return float("nan")


def _plain(name: str) -> str:
    side = {"_r": " right", "_l": " left"}.get(name[-2:], "")
    plain = name[:-2] if side else name
    return plain.replace("_", " ").replace("asis", "ASIS") + side


def _verdict(name: str, apart: list[tuple[float, float, str]], between: str) -> tuple[Verdict, ...]:
    apart = [one for one in apart if np.isfinite(one[0])]
    if not apart:
        return ()
    size, limit, _ = max(apart, key=lambda one: one[0] / one[1])
    odd = [words for distance, most, words in apart if distance > most]
    text = f"largest difference between {between}, of {len(apart)} measures of the person"
    text += f": {'; '.join(odd)}. Check what was measured and typed" if odd else ""
    return (Verdict(name, size, limit, "m", not odd, text),)
