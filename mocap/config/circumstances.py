"""What is said about a trial beside its recording: load, footwear, tests of the couch; checked where it is stated."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence

from mocap.errors import ConfigError

_NUMBERS: Mapping[str, tuple[float, float]] = {
    "load_kg": (0.0, 600.0), "body_mass_kg": (2.0, 400.0), "heel_height_mm": (0.0, 150.0), "heel_height_m": (0.0, 0.15),
    "passive_hip_flexion_deg": (30.0, 180.0), "straight_leg_raise_deg": (0.0, 180.0),
    "knee_extension_deg": (-30.0, 180.0), "knee_to_wall_deg": (0.0, 70.0), "lumbar_flexion_max_deg": (0.0, 150.0),
    "beighton": (0.0, 9.0), "leg_length_m": (0.2, 1.5), "leg_length_r_m": (0.2, 1.5), "leg_length_l_m": (0.2, 1.5),
    "biacromial_m": (0.1, 0.8),
    "wall_x_m": (-1000.0, 1000.0), "wall_turn_deg": (-360.0, 360.0),
}  # fmt: skip
_OF_A_SIDE = ("passive_hip_flexion_deg", "straight_leg_raise_deg", "knee_extension_deg", "knee_to_wall_deg")
_WORDS = ("bar_position", "footwear", "stance", "cue", "condition", "side", "pain")
_SIDES = ("right", "left", "r", "l")
#: Names that mean something here, without their sides.
NAMES: tuple[str, ...] = (*_NUMBERS, *_WORDS)
_OTHERWISE = {"load_lb": "load_kg", "weight_kg": "load_kg or body_mass_kg", "mass_kg": "body_mass_kg",
              "heel_height_cm": "heel_height_mm", "heels_mm": "heel_height_mm"}  # fmt: skip
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TEXT = 200


def checked_circumstances(
    stated: Mapping[str, str | float], where: str, beside: Sequence[str] = ()
) -> dict[str, str | float]:
    """Return circumstances with numbers as such; a name that is not known here is kept as it is.

    Parameters
    ----------
    stated : mapping of str to str or float
        `load_kg`, `footwear`, ... Tests of the couch may end in `_r` or `_l`.
    where : str
        What to name in a refusal: a section or an option.
    beside : sequence of str
        Further names that are known in that place.

    Raises
    ------
    ConfigError
        CONFIG_KEY where a name is nearly one that is used, and CONFIG_VALUE where a number is none or cannot be.
    """
    return {_checked_name(name, where, beside): _checked_value(name, value, where) for name, value in stated.items()}


def _checked_name(name: str, where: str, beside: Sequence[str]) -> str:
    known = (*_NUMBERS, *_WORDS, *beside)
    if _without_side(name) in known:
        return name
    without_unit = [one for one in known if one.rpartition("_")[0] == name]
    of_no_side = [name[:-2]] if name[:-2] in known and name.endswith(("_r", "_l")) else []
    otherwise = [_OTHERWISE[name]] if name in _OTHERWISE else []
    near = otherwise or of_no_side or without_unit or difflib.get_close_matches(name, known, n=1, cutoff=0.85)
    if near:
        raise ConfigError(
            f"{where}: '{name}' is nearly '{near[0]}', and nothing would use it.",
            f"Write {near[0]}, or another name for something else.",
            code="CONFIG_KEY",
        )
    if not _PLAIN.fullmatch(name):
        raise ConfigError(
            f"{where}: '{name}' is no plain name.",
            "Use small letters, digits and _, 40 at most, a letter first.",
            code="CONFIG_KEY",
        )
    return name


def _checked_value(name: str, value: str | float, where: str) -> str | float:
    limits = _NUMBERS.get(_without_side(name))
    if name == "side" and str(value).strip().lower() not in _SIDES:
        raise ConfigError(f"{where}: side = {value!r} is none.", "Write right or left.", code="CONFIG_VALUE")
    if limits is None:
        text = str(value)
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            raise ConfigError(
                f"{where}: {name} is longer than {_LONGEST_TEXT} characters, or not plain text.",
                "Shorten it to one line.",
                code="CONFIG_VALUE",
            )
        return value
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not limits[0] <= number <= limits[1]:
        raise ConfigError(
            f"{where}: {name} = {str(value)[:40]!r} is not a number from {limits[0]:g} to {limits[1]:g}.",
            "Give the number alone, in the unit that the name ends in.",
            code="CONFIG_VALUE",
        )
    return number


def _without_side(name: str) -> str:
    return name[:-2] if name.endswith(("_r", "_l")) and name[:-2] in _OF_A_SIDE else name
