"""What a standing trial says of the person: angles against limits, lengths left and right."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from mocap.report.convention_part import shown_name
from mocap.report.page_parts import escaped, number, table
from mocap.report.verdict_part import verdict_table
from mocap.trial import Verdict

_NEUTRAL = re.compile(r"neutral_(.+)_deg$")
_UNIT = re.compile(r"(.+)_(m|mm|rad|deg|kg|s)$")
_COLUMNS = {"": 1, "r": 2, "l": 3}
_MM = 1000.0
_RECORD = ("static_trial", "static_recorded", "static_operator")

Subject = Mapping[str, float | str]


def neutral_of(subject: Subject, name: str) -> float:
    """Return an angle's standing value in degrees; NaN where there was no standing trial."""
    value = subject.get(f"neutral_{name}_deg", float("nan"))
    return float(value) if not isinstance(value, str) else float("nan")


def standing_part(subject: Subject, verdicts: Sequence[Verdict], names: Sequence[str] = ()) -> str:
    """Return the report of the standing trial, and all else that is known of the person.

    Parameters
    ----------
    subject : mapping
        `neutral_<angle>_deg` and `neutral_<angle>_sd_deg`, and lengths with their unit in the name.
    verdicts : sequence of Verdict
        The checks of the standing trial.
    names : sequence of str
        Angles in the order in which they are shown; others come after them.
    """
    standing, lengths = _angles(subject, names), _lengths(subject)
    if not standing and not verdicts:
        return f"<h2>Standing</h2><p>No standing trial was given.</p>{lengths}"
    quiet, who = subject.get("static_quiet_s"), [str(subject[key]) for key in _RECORD if key in subject]
    of = f" of {escaped(', '.join(who))}" if who else ""
    words = f"<p>Quiet standing used: {number(float(quiet), 3, 's')}{of}.</p>" if isinstance(quiet, float | int) else ""
    checks = verdict_table(verdicts, "Check of the standing trial")
    return f"<h2>Standing</h2>{words}{checks}{standing}{lengths}"


def _angles(subject: Subject, order: Sequence[str]) -> str:
    found = [match[1] for key in subject if (match := _NEUTRAL.match(key)) and not match[1].endswith("_sd")]
    names = [*(name for name in order if name in found), *(name for name in found if name not in order)]
    bases = dict.fromkeys(name[:-2] if name[-2:] in ("_r", "_l") else name for name in names)
    rows = []
    for base in bases:
        right, left = (neutral_of(subject, f"{base}_{side}") for side in "rl")
        each = [_with_sd(subject, name) for name in (base, f"{base}_r", f"{base}_l")]
        rows.append([escaped(shown_name(base)), *each, _signed(right - left)])
    if not rows:
        return ""
    head = ["Standing angle (deg)", "middle", "right", "left", "right \u2212 left"]
    return (
        f"{table(head, rows)}<p class='note'>Mean ± SD over the quiet frames: how still the person stood, not how well "
        "the angle is known. Mean ± 2 SD is the neutral band.</p>"
    )


def _with_sd(subject: Subject, name: str) -> str:
    mean, sd = neutral_of(subject, name), subject.get(f"neutral_{name}_sd_deg")
    if not np.isfinite(mean):
        return ""
    spread = f" ± {float(sd):.1f}" if isinstance(sd, float | int) else ""
    return f"{_signed(mean)}{spread}".replace(" ", "\u00a0")


def _signed(value: float) -> str:
    return f"{value:z.1f}".replace("-", "\u2212") if np.isfinite(value) else ""


def _lengths(subject: Subject) -> str:
    """Lengths and other measures with their SD where there is one; both sides in a row, lengths in mm."""
    rows: dict[tuple[str, str], list[str]] = {}
    for key, value in subject.items():
        name, side, unit = _parts(key)
        if _NEUTRAL.match(key) or key in ("static_quiet_s", *_RECORD) or name.endswith("_sd"):
            continue
        cells = rows.setdefault((name, unit), [escaped(_words(name)), "", "", "", ""])
        cells[_COLUMNS[side]] = escaped(value) if isinstance(value, str) else _with_spread(subject, key, value)
    for (name, unit), cells in rows.items():
        right, left = (subject.get(_key(name, side, unit)) for side in "rl")
        if isinstance(right, float | int) and isinstance(left, float | int):
            cells[4] = _measure(float(right) - float(left), unit)
    return table(["Measures", "", "right", "left", "right \u2212 left"], list(rows.values())) if rows else ""


def _parts(key: str) -> tuple[str, str, str]:
    """Name, side (`r`, `l` or nothing) and unit of a measure."""
    match = _UNIT.match(key)
    name, unit = (match[1], match[2]) if match else (key, "")
    return (name[:-2], name[-1], unit) if name[-2:] in ("_r", "_l") else (name, "", unit)


def _key(name: str, side: str, unit: str) -> str:
    return "_".join(part for part in (name, side, unit) if part)


def _with_spread(subject: Subject, key: str, value: float) -> str:
    name, side, unit = _parts(key)
    sd = subject.get(_key(f"{name}_sd", side, unit))
    shown = _measure(float(value), unit)
    return f"{shown} ± {_measure(float(sd), unit)}" if isinstance(sd, float | int) else shown


def _words(key: str) -> str:
    return shown_name(key.removeprefix("static_"))


def _measure(value: float, unit: str) -> str:
    if not np.isfinite(value):
        return ""
    shown, unit = {"m": (value * _MM, "mm"), "rad": (float(np.rad2deg(value)), "deg")}.get(unit, (value, unit))
    return f"{shown:z.1f} {unit}".strip().replace("-", "\u2212").replace(" ", "\u00a0")
