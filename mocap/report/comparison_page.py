"""The page of a comparison: agreement angle by angle, curves over each other, Bland-Altman plots, definitions."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment import ComparedAngle, Comparison
from mocap.report.angle_figures import LEFT, RIGHT, Line, agreement_picture
from mocap.report.calibration_page import whole_page
from mocap.report.convention_part import conventions_part, full_name, listed_names
from mocap.report.page_parts import escaped, table

_HEAD = (
    "Angle (deg)", "n (effective)", "offset A \u2212 B (95 %)", "SD", "RMSE", "after offset", "limits of agreement",
    "slope", "r", "CMC (after offset)", "largest",
)  # fmt: skip
_SMALL_DEG = 0.005


def comparison_page(made: Comparison) -> str:
    """Return the page as self-contained HTML."""
    return whole_page(f"Comparison of {made.a} and {made.b}", [
        _facts(made),
        _notes(made.notes),
        f'<h2>Agreement</h2><div class="wide">{table(_HEAD, [_row(one) for one in made.angles])}</div>{_legend()}',
        _same(made.angles),
        "<h2>Curves and differences</h2>" + "".join(_angle(one, made) for one in made.angles),
        _left_out(made),
        conventions_part([one.of_a for one in made.angles], f"Conventions of A, {made.a}"),
        conventions_part([one.of_b for one in made.angles], f"Conventions of B, {made.b}"),
    ])  # fmt: skip


def _facts(made: Comparison) -> str:
    rows = [["A", escaped(made.a)], ["B", escaped(made.b)], ["Differences", "A \u2212 B, degrees"],
            ["Compared at", f"{made.rate_hz:.4g} Hz, the samples of the slower one"],
            ["Lag", escaped(made.lag_words)]]  # fmt: skip
    return table(["", ""], rows, (1,))


def _notes(notes: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escaped(note)}</li>' for note in notes)}</ul>" if notes else ""


def _row(one: ComparedAngle) -> list[str]:
    f = one.figures
    mark = " *" if one.differences else ""
    cmc = f"{_number(f.cmc.value, 3)}<br><small>{_number(f.cmc_after_offset.value, 3)}</small>"
    return [
        escaped(full_name(one.name)) + mark, f"{f.n}<br><small>{f.n_effective:.0f}</small>",
        f"{_number(f.offset)}<br><small>{_span(f.offset_interval)}</small>", _number(f.sd), _number(f.rmse),
        _number(f.rmse_after_offset), _span(f.limits), _number(f.slope, 3), _number(f.r, 3), cmc, _number(f.largest),
    ]  # fmt: skip


def _legend() -> str:
    return (
        "<p class='note'>* not defined alike. n effective: what the samples of a curve, which are not independent, "
        "are worth; all intervals go by it. Limits of agreement: offset ± 1.96 SD. Slope: of A \u2212 B against the "
        "mean of both; 0 where their gains are the same. CMC: coefficient of multiple correlation; it falls with the "
        "offset and rises with the range of motion, and is not defined (\u2013) where the curves differ more than "
        "they move.</p>"
    )


def _same(angles: Sequence[ComparedAngle]) -> str:
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in angles:
        groups.setdefault(one.differences, []).append(one.name)
    rows = [
        [escaped(listed_names(names)), "<br>".join(escaped(words) for words in differences)]
        for differences, names in groups.items() if differences
    ]  # fmt: skip
    if not rows:
        return "<h2>Definitions</h2><p>Every angle is defined alike in both.</p>"
    head = ["Angles", "Not the same definition"]
    return f'<h2>Definitions</h2><div class="wide">{table(head, rows, (1,))}</div>'


def _angle(one: ComparedAngle, made: Comparison) -> str:
    lines = [
        Line(label, one.time_s, values, sd, np.full(len(sd), np.nan), colour, label == "B")
        for label, values, sd, colour in (("A", one.a_deg, one.a_sd_deg, LEFT), ("B", one.b_deg, one.b_sd_deg, RIGHT))
    ]
    picture = agreement_picture(lines[0], lines[1], one.figures, f"{one.name} of {made.a} and {made.b}")
    worst = float(one.time_s[one.figures.largest_at])
    words = [f"Largest difference at {worst:.2f} s", one.verdict, one.note, one.figures.cmc.reason]
    told = ". ".join(escaped(word[:1].upper() + word[1:]) for word in words if word)
    head = f"<h3>{escaped(full_name(one.name))}</h3>"
    return f"<section class='camera'>{head}{picture}<p class='note'>{told}.</p></section>"


def _left_out(made: Comparison) -> str:
    if not made.left_out:
        return ""
    reasons: dict[str, list[str]] = {}
    for name, reason in made.left_out.items():
        reasons.setdefault(reason, []).append(name)
    rows = [[escaped(listed_names(names)), escaped(reason)] for reason, names in reasons.items()]
    return f"<h2>Not compared</h2>{table(['Angles', 'Why'], rows, (1,))}"


def _number(value: float, digits: int = 2) -> str:
    if not np.isfinite(value):
        return "\u2013"
    small = digits == 2 and 0 < abs(value) < _SMALL_DEG  # agreement to rounding is not agreement to 0.00
    return (f"{value:.0e}" if small else f"{value:z.{digits}f}").replace("-", "\u2212")


def _span(interval: tuple[float, float]) -> str:
    return f"{_number(interval[0])} to {_number(interval[1])}".replace(" ", "\u00a0")
