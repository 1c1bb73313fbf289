"""Which keypoints are a right and a left of the same thing, and which part of the body they belong to."""

import re
from collections.abc import Sequence

from mocap.skeleton import side_of

_ENDING = re.compile(r"[_.\- ](l|r|left|right)$", re.IGNORECASE)
_BEGINNING = re.compile(r"^(left|right|[lr])[_.\- ]?", re.IGNORECASE)

#: Parts whose sides may be exchanged apart from the rest of the body, and the words that name them.
PARTS: dict[str, tuple[str, ...]] = {
    "ASIS": ("asis", "asi"),
    "pelvis": ("hip", "psis", "psi", "hjc", "troch"),
    "legs": (
        "knee", "ankle", "heel", "toe", "foot", "calc", "meta", "hallux", "lfe", "mfe", "lmal", "mmal", "kne", "ank",
        "tib", "thi", "hee", "kjc", "ajc", "shank", "thigh", "mt1", "mt2", "mt5", "th1", "th2", "th3", "sh1", "sh2",
        "sh3",
    ),
    "shoulders": ("shoulder", "sho", "sjc", "acrom", "stern"),
    "arms": (
        "elbow", "wrist", "hand", "pinky", "index", "thumb", "finger", "ejc", "wjc", "met3", "elb", "wra", "wrb",
        "fin", "upa", "frm",
    ),
    "head": ("eye", "ear", "mouth", "fhd", "bhd", "head"),
}  # fmt: skip


def stem(name: str) -> str:
    """Return what is left of a sided name without its side, in small letters and digits alone."""
    plain = name.rsplit(":", 1)[-1]
    if side_of(name) != "centre":
        ended = _ENDING.search(plain)
        begins = re.match(r"left|right", plain, re.IGNORECASE)
        plain = plain[: ended.start()] if ended and not begins else _BEGINNING.sub("", plain, count=1)
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def side_pairs(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return (right, left) places of keypoints that are partners; a name is sided only if its partner is there."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for place, name in enumerate(names):
        side = side_of(name)
        if side != "centre":
            owner = name.rsplit(":", 1)[0] if ":" in name else ""
            found.setdefault((owner, stem(name)), {}).setdefault(side, place)
    return tuple((pair["right"], pair["left"]) for pair in found.values() if len(pair) == 2)


def side_partner(names: Sequence[str]) -> list[int]:
    """Return for every keypoint the place of its partner on the other side, or its own."""
    partner = list(range(len(names)))
    for right, left in side_pairs(names):
        partner[right], partner[left] = left, right
    return partner


def part_of(name: str) -> str:
    """Return the part of `PARTS` that a keypoint belongs to, or `other`."""
    short = stem(name)
    for part, words in PARTS.items():
        if any(short.startswith(word) or short.endswith(word) for word in words):
            return part
    return "other"
