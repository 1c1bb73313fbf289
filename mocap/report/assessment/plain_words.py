"""Words that programs write, as people read them: names of columns, angles and settings within a sentence."""

import re

from mocap.report.convention_part import full_name

_UNITS = {"deg": "deg", "m": "m", "mm": "mm", "cm": "cm", "kg": "kg", "s": "s", "hz": "Hz", "pct": "%"}
#: Not file names, paths, options or what stands in quotes.
_NAME = re.compile(r"(?<![\w./'\"-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?!\w|[./'\"-]\w|['\"])")
_CAPITALS = re.compile(r"\b(ANKLE|HIP|STANCE|CONTROL|BALANCE|LOAD|HAMSTRING)\b")


def plain(words: str) -> str:
    """Return a sentence with its names in words: `passive_hip_flexion_deg` is "passive hip flexion (deg)"."""
    shown = plain_signs(words).replace("`", "")
    return _CAPITALS.sub(lambda found: f"\u201c{found[0].capitalize()}\u201d", _NAME.sub(_told, shown))


def plain_signs(words: str) -> str:
    """Return words with the sign of an uncertainty."""
    return words.replace("+-", "\u00b1")


def _told(found: re.Match[str]) -> str:
    base, _, last = found[0].rpartition("_")
    unit = f" ({_UNITS[last]})" if last in _UNITS else ""
    name = full_name(base if unit else found[0])
    return f"{name if name[:2].isupper() else name[:1].lower() + name[1:]}{unit}"
