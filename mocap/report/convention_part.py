"""What every angle of a page means, as a table."""

from collections.abc import Sequence

from mocap.report.page_parts import escaped, table
from mocap.trial import AngleDefinition

_SIDES = {"_r": "right", "_l": "left"}


def conventions_part(definitions: Sequence[AngleDefinition], title: str = "Conventions") -> str:
    """Return definition, sequence, sign, zero, reference and method of every angle; both sides in one row where alike.

    The method of an angle that is not observable is told as none.
    """
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in definitions:
        words = (one.definition, one.sequence, one.positive, one.zero, one.reference, one.method)
        rows.setdefault((side_of(one.name)[0], *words), []).append(one.name)
    head = ("Angle", "Definition", "Sequence", "Positive", "Zero", "Reference", "Method")
    cells = [[escaped(_named(names)), *(escaped(word) or "-" for word in key[1:])] for key, names in rows.items()]
    return f'<h2>{escaped(title)}</h2><div class="wide">{table(head, cells, range(1, 7))}</div>'


def side_of(name: str) -> tuple[str, str]:
    """Return an angle's name without its side, and the side: `right`, `left` or nothing."""
    side = _SIDES.get(name[-2:], "")
    return (name[:-2], side) if side else (name, "")


def shown_name(name: str) -> str:
    """Return an angle's name for a heading, without its side."""
    words = side_of(name)[0].replace("_", " ")
    return words[:1].upper() + words[1:]


def _named(names: Sequence[str]) -> str:
    base = side_of(names[0])[0]
    sides = [told for name in names if (told := side_of(name)[1])]
    whole = [base] if len(sides) < len(names) else []
    return ", ".join([*whole, *([f"{base} ({', '.join(sides)})"] if sides else [])])
