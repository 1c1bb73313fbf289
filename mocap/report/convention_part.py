"""What every angle of a page means, as a table."""

import re
from collections.abc import Sequence

from mocap.report.page_parts import escaped, table
from mocap.trial import AngleDefinition, shared_parts

_SIDES = {"_r": "right", "_l": "left"}
_SIDED = re.compile(r"\b[RL]([A-Z][A-Z0-9]+)\b")  # landmarks, such as RMFE
_LEGEND = (
    "Rz(a) Rx(b) Ry(g): turns about the axes to the right (z), forward (x) and up (y) of the segment, one after the "
    "other in the axes already turned; s: the sign that gives both sides one meaning."
)
_WORDS = {"asis": "ASIS", "psis": "PSIS"}


def conventions_part(definitions: Sequence[AngleDefinition], title: str = "Conventions") -> str:
    """Return definition, sequence, sign, zero, reference and method of every angle; both sides in one row where alike.

    The method of an angle that is not observable is told as none. What the methods of all others share is said once.
    """
    shared = shared_parts([one.method for one in definitions if one.observable])
    rows: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for one in definitions:
        method = "; ".join(part for part in one.method.split("; ") if part not in shared)
        words = (one.definition, one.sequence, one.positive, one.zero, one.reference)
        key = (side_of(one.name)[0], *words, _SIDED.sub(r"\1", method))
        rows.setdefault(key, []).append((one.name, method))
    head = ("Angle, by its name in files", "Definition", "Sequence", "Positive", "Zero", "Reference", "Method")
    cells = [
        [escaped(word) or "-" for word in (_named([name for name, _ in both]), *key[1:-1], _both_sides(both))]
        for key, both in rows.items()
    ]
    once = f"<p class='note'>All methods: {escaped('; '.join(shared))}.</p>" if shared else ""
    return (
        f'<h2>{escaped(title)}</h2>{once}<div class="wide">{table(head, cells, range(1, 7))}</div>'
        f"<p class='note'>{_LEGEND}</p>"
    )


def _both_sides(both: Sequence[tuple[str, str]]) -> str:
    """Return a method that is alike on both sides, each landmark with both letters where they differ."""
    methods = [method for _, method in both]
    others = "; ".join(method for method in methods if method != methods[0])
    return _SIDED.sub(lambda found: f"R/L{found[1]}" if others and found[0] not in others else found[0], methods[0])


def side_of(name: str) -> tuple[str, str]:
    """Return an angle's name without its side, and the side: `right`, `left` or nothing."""
    side = _SIDES.get(name[-2:], "")
    return (name[:-2], side) if side else (name, "")


def shown_name(name: str) -> str:
    """Return an angle's name for a heading, without its side."""
    words = " ".join(_WORDS.get(word, word) for word in side_of(name)[0].split("_"))
    return words[:1].upper() + words[1:]


def full_name(name: str) -> str:
    """Return an angle's name as it is shown in a table, with its side."""
    side = side_of(name)[1]
    return f"{shown_name(name)}, {side}" if side else shown_name(name)


def listed_names(names: Sequence[str]) -> str:
    """Return names as they are shown in a sentence, both sides of an angle together."""
    bases: dict[str, list[str]] = {}
    for name in names:
        bases.setdefault(shown_name(name), []).append(side_of(name)[1])
    told = []
    for base, sides in bases.items():
        known = [side for side in sides if side]
        told += [base] if len(known) < len(sides) or not known else []
        told += [f"{base} ({', '.join(known)})"] if known else []
    return ", ".join(told)


def _named(names: Sequence[str]) -> str:
    base = side_of(names[0])[0]
    sides = [told for name in names if (told := side_of(name)[1])]
    whole = [base] if len(sides) < len(names) else []
    return ", ".join([*whole, *([f"{base} ({', '.join(sides)})"] if sides else [])])
