"""Lengths as a user writes them: between keypoints or markers, or with a tape between cameras."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from calibration.lengths import TapeLength
from calibration.points.tracks import KnownLength
from mocap.errors import ConfigError, KeypointError

_LENGTH = re.compile(r"(?P<ends>.+?)\s*=\s*(?P<length>[0-9.eE]+)\s*m?\s*(?:\+-|±|\+/-)\s*(?P<sd>[0-9.eE]+)\s*m?")
_LONGEST_M = 3.0  # between two points of a person or a wand
_LONGEST_TAPE_M = 200.0
_LOOSEST = 0.2


def parse_lengths(
    texts: Sequence[str], names: Sequence[str], cameras: Sequence[str]
) -> tuple[tuple[KnownLength, ...], tuple[TapeLength, ...]]:
    """Read lengths between points, and those between cameras, each written 'NAME-NAME=LENGTH+-SD' in m.

    Raises
    ------
    ConfigError
        LENGTH_FORMAT, LENGTH_UNITS, LENGTH_DOUBLED
    KeypointError
        KEYPOINT_UNKNOWN
    """
    points: dict[frozenset[int], KnownLength] = {}
    tapes: dict[frozenset[str], TapeLength] = {}
    for text in texts:
        ends, length, sd = _numbers(text, names)
        one, other = _places(ends, names, cameras)
        between = one in names
        _check_units(text, length, sd, _LONGEST_M if between else _LONGEST_TAPE_M)
        pair = frozenset((one, other))
        if pair in tapes or (between and frozenset(map(list(names).index, pair)) in points):
            raise ConfigError(
                f"The length between {one} and {other} is given twice.", "Give it once, with the mean of both.",
                code="LENGTH_DOUBLED",
            )  # fmt: skip
        if between:
            known = KnownLength(list(names).index(one), list(names).index(other), length, sd)
            points[frozenset((known.one, known.other))] = known
        else:
            tapes[pair] = TapeLength((one, other), length, sd)
    return tuple(points.values()), tuple(tapes.values())


def _numbers(text: str, names: Sequence[str]) -> tuple[str, float, float]:
    match = _LENGTH.fullmatch(text.strip())
    try:
        numbers = (float(match["length"]), float(match["sd"])) if match else None
    except ValueError:
        numbers = None
    if match is None or numbers is None:
        raise ConfigError(
            f"The known length '{text}' is not understood: NAME-NAME=LENGTH+-SD, in m with its standard deviation.",
            f"Write it as in {_example(names)}.",
            code="LENGTH_FORMAT",
        )
    return match["ends"].strip(), *numbers


def _places(ends: str, names: Sequence[str], cameras: Sequence[str]) -> tuple[str, str]:
    """Return the two names that are joined by one of the hyphens: both of points, or both of cameras."""
    cuts = [i for i, letter in enumerate(ends) if letter == "-"]
    pairs = [(ends[:i].strip(), ends[i + 1 :].strip()) for i in cuts]
    for known in (names, cameras):
        for one, other in pairs:
            if one in known and other in known and one != other:
                return one, other
    every = [*names, *cameras]
    strange = [end for pair in pairs[:1] for end in pair if end not in every]
    near = [match for end in strange for match in get_close_matches(end, every, 1, 0.6)]
    meant = f"Did you mean {' and '.join(near)}? " if near else ""
    raise KeypointError(
        f"'{ends}' does not name two different keypoints, nor two cameras"
        + (f": there is no {' and no '.join(strange)}." if strange else "."),
        f"{meant}Keypoints: {', '.join(names)}; cameras: {', '.join(cameras)}; as in {_example(names)}.",
        code="KEYPOINT_UNKNOWN",
    )


def _check_units(text: str, length: float, sd: float, longest: float) -> None:
    if not (0 < length <= longest and 0 < sd <= _LOOSEST * length):
        raise ConfigError(
            f"The length '{text}' is {length:g} +- {sd:g} m, which is no measured length between two such places.",
            f"Give metres, not cm or mm (up to {longest:g} m), and a standard deviation of a fifth of it at most.",
            code="LENGTH_UNITS",
        )


def _example(names: Sequence[str]) -> str:
    pair = "RHip-RKnee" if {"RHip", "RKnee"} <= set(names) or len(names) < 2 else f"{names[0]}-{names[1]}"
    return f"{pair}=0.42+-0.005"
