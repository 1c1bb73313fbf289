"""What a standing trial says of the person: angles against limits, lengths left and right."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from mocap.report.convention_part import shown_name
from mocap.report.page_parts import escaped, number, table
from mocap.report.verdict_part import verdict_table
from mocap.trial import Verdict

_NEUTRAL = re.compile(r"neutral_(.+)_deg$")
_SIDED = re.compile(r"(.+)_([rl])_(m|mm|rad|deg|kg)$")
_PLAIN = re.compile(r"(.+)_(m|mm|rad|deg|kg|s)$")
_MM = 1000.0

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
    quiet = subject.get("static_quiet_s")
    words = f"<p>Quiet standing used: {number(float(quiet), 3, 's')}.</p>" if isinstance(quiet, float | int) else ""
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
    """Lengths and other measures; both sides in a row, lengths in mm."""
    sided: dict[tuple[str, str], dict[str, float]] = {}
    plain: list[list[str]] = []
    for key, value in subject.items():
        if _NEUTRAL.match(key) or key == "static_quiet_s":
            continue
        if isinstance(value, str):
            plain.append([escaped(_words(key)), escaped(value), "", "", ""])
        elif match := _SIDED.match(key):
            sided.setdefault((match[1], match[3]), {})[match[2]] = float(value)
        else:
            match = _PLAIN.match(key)
            name, unit = (match[1], match[2]) if match else (key, "")
            plain.append([escaped(_words(name)), _measure(float(value), unit), "", "", ""])
    rows = [
        [escaped(_words(name)), "", *(_measure(both.get(side, float("nan")), unit) for side in "rl"),
         _measure(both.get("r", float("nan")) - both.get("l", float("nan")), unit)]
        for (name, unit), both in sided.items()
    ]  # fmt: skip
    if not rows and not plain:
        return ""
    return table(["Measures", "", "right", "left", "right \u2212 left"], [*rows, *plain])


def _words(key: str) -> str:
    return shown_name(key.removeprefix("static_"))


def _measure(value: float, unit: str) -> str:
    if not np.isfinite(value):
        return ""
    shown, unit = {"m": (value * _MM, "mm"), "rad": (float(np.rad2deg(value)), "deg")}.get(unit, (value, unit))
    return f"{shown:z.1f} {unit}".strip().replace("-", "\u2212").replace(" ", "\u00a0")
