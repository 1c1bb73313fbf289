"""Metrics as words: value and uncertainty with the digits that they deserve, names as people read them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mocap.report.assessment.plain_words import plain
from mocap.report.convention_part import side_of
from mocap.report.page_parts import escaped
from mocap.trial import Metric

_DIGITS = {"deg": 1, "m": 3, "mm": 0, "cm": 1, "s": 2, "m/s": 2, "deg/s": 0, "1": 2, "%": 1, "1/min": 1, "kg": 1,
           "deg/rep": 2}  # fmt: skip
_MOST_DIGITS = 3
_LOPSIDED = 0.15  # of an interval's half width, from which both its ends are told
_UNKNOWN = "\u2013"
_TITLES = {
    "wink_magnitude": "Tuck of the pelvis (wink)", "wink_onset_depth": "Onset, in parts of the depth",
    "lumbar_change": "Lumbar flexion with it", "wink_threshold": "A tuck counts from",
    "wink_detectable": "Smallest tuck that would be seen", "wink_largest": "Largest tuck",
    "wink_largest_repetition": "Repetition with the largest tuck", "wink_detected": "Repetitions with a tuck",
    "wink_velocity": "Speed of the tuck", "wink_recovery": "Share regained in the ascent",
    "lumbar_pctmax": "Lumbar flexion at the lowest, share of the largest",
    "knee_flexion_mean": "Knee flexion, mean over the repetition", "lumbopelvic_slope": "Lumbopelvic rhythm, slope",
    "score": "Score, of 100", "score_of_observable": "Score of what is observable, of 100",
    "wink_onset_crossing": "Onset by threshold, in parts of the depth",
    "wink_free_depth": "Depth free of a tuck",
    "wink_gain": "Tuck per degree of hip flexion", "wink_lumbar_ratio": "Lumbar flexion per degree of tuck",
}  # fmt: skip
_OF_SETS = {"mean": "mean", "sd": "SD", "slope": "slope over the repetitions"}
_LIMITS = ("wink_threshold", "wink_detectable")  # no measurements: they have no uncertainty
_SIDE_WITHIN = re.compile(r"(_[rl])(_.*)$")  # hip_flexion_r_bottom: the side is told last
_ACRONYMS = {
    "ap": "AP", "asis": "ASIS", "cmc": "CMC", "com": "CoM", "gdi": "GDI", "gps": "GPS", "gvs": "GVS", "icc": "ICC",
    "map": "MAP", "mdc95": "MDC95", "ml": "ML", "psis": "PSIS", "rms": "RMS", "rom": "ROM", "sd": "SD", "sem": "SEM",
    "xcom": "XCoM",
}  # fmt: skip


@dataclass
class Footnotes:
    """Reasons that stand below a table, each said once, with the letter that points to it."""

    reasons: list[str] = field(default_factory=list)

    def mark(self, reason: str) -> str:
        """Return the raised letter of a reason as HTML; nothing where there is none."""
        if not reason:
            return ""
        # One that says the same and more stands for both.
        whole = next((one for one in self.reasons if one == reason or one.startswith(f"{reason}; ")), reason)
        if whole not in self.reasons:
            self.reasons.append(whole)
        return f"<sup>{_letter(self.reasons.index(whole))}</sup>"

    def told(self) -> str:
        """Return all of them as HTML; nothing where there are none."""
        lines = "<br>".join(f"<sup>{_letter(at)}</sup> {escaped(plain(reason))}"
                            for at, reason in enumerate(self.reasons))  # fmt: skip
        return f"<p class='note'>{lines}</p>" if lines else ""


def _letter(at: int) -> str:
    return (chr(96 + at // 26) if at >= 26 else "") + chr(97 + at % 26)


def metric_title(name: str) -> str:
    """Return the name of a metric for a table: `knee_flexion_bottom_r` is "Knee flexion bottom, right"."""
    if name in _TITLES:
        return _TITLES[name]
    whole, _, kind = name.rpartition("_")
    if kind in _OF_SETS:
        return f"{metric_title(whole)}: {_OF_SETS[kind]}"
    base, side = side_of(_SIDE_WITHIN.sub(r"\2\1", name))
    words = " ".join(_ACRONYMS.get(word, word) for word in base.split("_"))
    return words[:1].upper() + words[1:] + (f", {side}" if side else "")


def shown_unit(unit: str) -> str:
    """Return a unit as it is shown; ratios have none."""
    return {"1": "", "deg/rep": "deg per repetition", "1/min": "per min"}.get(unit, unit)


def titled(metric: Metric) -> str:
    """Return name and unit as HTML; a metric no value of which has an uncertainty says so."""
    told = [escaped(shown_unit(metric.unit)), _lacking(metric)]
    words = ", ".join(filter(None, told))
    return escaped(metric_title(metric.name)) + (f" <small>({words})</small>" if words else "")


def _lacking(metric: Metric) -> str:
    """Return what the name of a metric says in place of the uncertainties that none of its values has."""
    known = np.isfinite(metric.values)
    if _is_count(metric) or not known.any() or (np.isfinite(metric.low) & np.isfinite(metric.high))[known].any():
        return ""
    return "a limit" if metric.name in _LIMITS else "\u00b1\u00a0not known"


def cells(metric: Metric, notes: Footnotes, rows: Sequence[int] | None = None) -> list[str]:
    """Return rows of a metric, all of them when left out, as HTML: value, uncertainty (95 %), letter of the reason."""
    digits = digits_of(metric)
    chosen = range(len(metric.values)) if rows is None else rows
    return [told(metric, row, digits) + notes.mark(metric.reasons[row]) for row in chosen]


def _is_count(metric: Metric) -> bool:
    """Return whether all values are whole numbers without a unit and without an uncertainty: counts are exact."""
    known = metric.values[np.isfinite(metric.values)]
    return bool(metric.unit == "1" and not np.isfinite(metric.low).any() and len(known) and (known % 1 == 0).all())


def told(metric: Metric, row: int, digits: int | None = None, unit: bool = False) -> str:
    """Return one value with its 95 % interval as HTML; a dash where there is none."""
    value, low, high = (float(part[row]) for part in (metric.values, metric.low, metric.high))
    if not np.isfinite(value):
        return _UNKNOWN
    digits = digits_of(metric) if digits is None else digits
    name = f"\u00a0{escaped(shown_unit(metric.unit))}" if unit and shown_unit(metric.unit) else ""
    if not np.isfinite([low, high]).all():
        if _is_count(metric):
            return figure(value, 0)
        lacking = "" if _lacking(metric) and not unit else " <small>±\u00a0not known</small>"
        return f"{figure(value, digits)}{name}{lacking}"
    half = (high - low) / 2
    if abs(high + low - 2 * value) > 2 * _LOPSIDED * half:
        return f"{figure(value, digits)}{name} <small>({figure(low, digits)} to {figure(high, digits)})</small>"
    return f"{figure(value, digits)} <small>±\u00a0{_half(half, digits)}</small>{name}"


def _half(half: float, digits: int) -> str:
    """Return half an interval; one that would round to 0 is told to be less than the last digit."""
    least = 10.0**-digits
    return figure(half, digits) if half >= least / 2 or half == 0 else f"&lt;{figure(least, digits)}"


def figure(value: float, digits: int) -> str:
    """Return a number with a true minus sign and no negative zero."""
    return f"{value:z.{digits}f}".replace("-", "\u2212")


def digits_of(metric: Metric) -> int:
    """Return the decimals of a metric: those of its unit, or as many as its smallest uncertainty needs."""
    half = (metric.high - metric.low) / 2
    known = half[np.isfinite(half) & (half > 0) & np.isfinite(metric.values)]
    needed = int(np.ceil(-np.log10(2 * known.min()))) if len(known) else 0
    least = _DIGITS.get(metric.unit, 2)
    return int(np.clip(needed, least, max(least, _MOST_DIGITS)))


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
