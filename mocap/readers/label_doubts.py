"""Labels that look damaged: characters that no one types, and a left side that has no right one."""

import re
from collections.abc import Sequence

from mocap.readers.words import few

_USUAL = re.compile(r"[A-Za-z0-9_:.*+\-/#()\[\]%&'<>=,]+( [A-Za-z0-9_:.*+\-/#()\[\]%&'<>=,]+)*")
_SIDED = re.compile(r"(?P<before>.*:)?(?P<side>Left|Right|left|right|l_|r_|[LR](?=[A-Z0-9_.]))(?P<rest>.+)")
_SIDES = (("L", "R"), ("Left", "Right"), ("left", "right"), ("l_", "r_"))
_OTHER = dict(_SIDES) | {right: left for left, right in _SIDES}
# Right back tells the sides of the trunk apart and has no partner; the lumbar vertebrae count with an L.
_ALONE = re.compile(r"RBAK|RBACK|R?L[1-5]")
_FEWEST_PAIRS = 3
_MOST_LONE = 0.2


def strange_words(words: Sequence[str], what: str) -> tuple[str, ...]:
    """Return a note on words with characters or gaps that a person would not type."""
    foreign = {word for word in words if word.isprintable() and not word.isascii() and "  " not in word}
    # Two words with letters of another language are its words; one alone may be a letter whose highest bit is wrong.
    known = foreign if len(foreign) > 1 else set()
    strange = [word for word in dict.fromkeys(words) if word and word not in known and not _USUAL.fullmatch(word)]
    return (f"{what} {few([ascii(word) for word in strange])} looks damaged.",) if strange else ()


def lone_sides(names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on the few names of one side that lack the other, where most names come in pairs."""
    known = set(names)
    sided = [(name, found) for name in known if (found := _SIDED.fullmatch(name)) and not _ALONE.fullmatch(name)]
    lone = []
    for name, found in sided:
        other = (found["before"] or "") + _OTHER[found["side"]] + found["rest"]
        if other not in known:
            lone.append(name)
    paired = len(sided) - len(lone)
    if not lone or paired < 2 * _FEWEST_PAIRS or len(lone) > _MOST_LONE * len(sided):
        return ()
    return (f"{few(sorted(lone))} has no partner on the other side, which the other labels have.",)
