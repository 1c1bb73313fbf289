"""The page of conditions: what changes from one to the other, over people and in each person, with its limits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mocap.assessment.several.conditions import Comparison, CurveEffect, ScalarEffect
from mocap.assessment.several.result import Conditions
from mocap.report.assessment.figures import figure, metric_title
from mocap.report.assessment.headline import USE
from mocap.report.calibration_page import whole_page
from mocap.report.page_parts import escaped, table
from mocap.report.paper_style import STYLE
from mocap.report.several.pictures import curve_pictures, people_picture
from mocap.report.several.words import (
    NONE,
    change_cell,
    decimals,
    facts,
    method_facts,
    notes_list,
    number,
    p_words,
    sources_table,
    span_words,
    united,
)

_BESIDE = 5  # people in a row of a table


def conditions_page(made: Conditions) -> str:
    """Return the page as self-contained HTML, for the screen and for paper."""
    by = made.by.replace("_", " ")
    people = sorted({one.subject for one in made.recordings})
    rows = [
        ("Conditions", f"{by}: {', '.join(made.levels)}"), ("People", f"{len(people)}: {', '.join(people)}"),
        ("Trials", str(len(made.recordings))), ("Curves over", f"0 to 100 % of the {made.part}"),
        *method_facts(made.method),
    ]  # fmt: skip
    return whole_page(f"Conditions by {by}", [
        facts(rows), *(_comparison(one, made.part) for one in made.comparisons), notes_list(made.notes),
        _meanings(made), _methods(), f"<h2>Intended use</h2><p>{USE}</p>",
    ], STYLE)  # fmt: skip


def _comparison(one: Comparison, part: str) -> str:
    title = f"<h2 class='task'>{escaped(one.second)} against {escaped(one.first)}</h2>"
    kind = "Within people who did both" if one.paired else "Between two groups of people"
    who = [sorted(set(one.people[0]) & set(one.people[1]))] * 2 if one.paired else one.people
    told = f"{kind}: n {len(who[0])}" + ("" if one.paired else f" and {len(who[1])}")
    lead = f"<p class='lead'>{told}. Differences are {escaped(one.second)} minus {escaped(one.first)}.</p>"
    first = replace(one, scalars=tuple(each for each in one.scalars if each.primary),
                    curves=tuple(each for each in one.curves if each.primary))  # fmt: skip
    rest = replace(one, scalars=tuple(each for each in one.scalars if not each.primary),
                   curves=tuple(each for each in one.curves if not each.primary))  # fmt: skip
    parts = [title, lead, _beyond(first), notes_list(one.notes).replace("<h2>Notes</h2>", ""), _over_people(first),
             _each_person(first), _people_pictures(first), _curves(first, part)]  # fmt: skip
    if rest.scalars or rest.curves:
        parts += [f"<h2>Further figures: {escaped(one.second)} against {escaped(one.first)}</h2>", _FURTHER,
                  _over_people(rest), _further_people(rest), _curve_table(rest)]  # fmt: skip
    return "".join(parts)


FURTHER_MEANINGS = (
    "<p class='note'>The page of each trial (mocap report) and --json say what the further figures mean.</p>"
)
_FURTHER = (
    "<p class='note'>Not what was asked in the first place: p are adjusted for all of these together, and with so many "
    "figures some changes are beyond their MDC95 by the error of measuring alone.</p>"
)


def _further_people(one: Comparison) -> str:
    """The changes of a few people, a line per figure; of many, those beyond their MDC95."""
    people = [person.person for person in one.scalars[0].people] if one.scalars and one.paired else []
    if not people:
        return ""
    if len(people) > _BESIDE:
        return f"<h3>Each person</h3>{_beyond(one)}<p class='note'>The table (--csv) has all of them.</p>"
    rows = [
        [united(metric_title(scalar.name), scalar.unit),
         *(change_cell(person.change, _decimals(scalar)).replace("<br>", " ") for person in scalar.people)]
        for scalar in one.scalars
    ]  # fmt: skip
    return f"<h3>Each person: changes</h3><div class='wide'>{table(['Figure', *people], rows)}</div>"


def _curve_table(one: Comparison) -> str:
    """The curves that are not drawn, a line each; nothing without any test of them."""
    tested = [each for each in one.curves if not each.test.reason]
    if not tested:
        return ""
    rows = [[escaped(metric_title(each.name)), escaped(curve_words(each))] for each in tested]
    return f"<h3>Further curves</h3><div class='wide'>{table(['Angle', 'Permutation test'], rows, (0, 1))}</div>"


def _beyond(one: Comparison) -> str:
    """What is beyond the MDC95 in single people, in words."""
    if not one.paired:
        return ""
    lines = []
    for scalar in one.scalars:
        out = [person for person in scalar.people if person.change.beyond]
        if out:
            digits = _decimals(scalar)
            told = ", ".join(f"{person.person} ({_signed(person.change.change, digits)})" for person in out)
            lines.append(f"<li>{united(metric_title(scalar.name), scalar.unit)}: {escaped(told)}</li>")
    if not lines:
        return "<p>No figure of any person changes by more than its MDC95.</p>"
    return f"<p>Beyond the MDC95:</p><ul class='plain'>{''.join(lines)}</ul>"


def _signed(value: float, digits: int) -> str:
    return ("+" if value > 0 else "") + figure(value, digits)


def _decimals(one: ScalarEffect) -> int:
    errors = [one.se, *(sd for person in one.people for sd in person.sds)]
    means = [mean for person in one.people for mean in person.means]
    return decimals(one.unit, [*means, one.effect], errors)


def _over_people(one: Comparison) -> str:
    rows = []
    notes: list[str] = []
    if one.scalars and all(scalar.reason and scalar.test.reason for scalar in one.scalars):
        return f"<h3>Over people</h3><p>No effect over people: {escaped(one.scalars[0].reason)}.</p>"
    for scalar in one.scalars:
        digits = _decimals(scalar)
        reason = scalar.reason or scalar.test.reason
        if reason and reason not in notes:
            notes.append(reason)
        up = sum(bool(person.change.beyond) and person.change.change > 0 for person in scalar.people)
        down = sum(bool(person.change.beyond) and person.change.change < 0 for person in scalar.people)
        n = " and ".join(map(str, scalar.test.n))
        effect = _signed(scalar.effect, digits) if np.isfinite(scalar.effect) else NONE
        rows.append([
            united(metric_title(scalar.name), scalar.unit), n, effect, span_words(*scalar.interval, digits),
            *(escaped(p_words(p)) for p in (scalar.test.p, scalar.p_adjusted, scalar.p_model)),
            f"{up} / {down}" if one.paired else NONE,
        ])  # fmt: skip
    if not rows:
        return "<p>No figure is known in both conditions.</p>"
    head = ["Figure", "n", "difference", "95 % interval", "p (exchange)", "p, all figures", "p (model)",
            "people beyond MDC95, up / down"]  # fmt: skip
    why = f"<p class='note'>{escaped('; '.join(notes))}.</p>" if notes else ""
    return f"<h3>Over people</h3><div class='wide'>{table(head, rows)}</div>{why}"


def _each_person(one: Comparison) -> str:
    people = [person.person for person in one.scalars[0].people] if one.scalars and one.paired else []
    parts = []
    for start in range(0, len(people), _BESIDE):
        some = range(start, min(start + _BESIDE, len(people)))
        head = ["Figure", *(people[at] for at in some)]
        rows = [[united(metric_title(scalar.name), scalar.unit), *(_person_cell(scalar, at) for at in some)]
                for scalar in one.scalars]  # fmt: skip
        parts.append(f"<div class='wide'>{table(head, rows)}</div>")
    legend = (
        "<p class='note'>First \u2192 second: means over the repetitions \u00b1 SD; below the change and its MDC95. "
        "\u25b2 \u25bc: the change is beyond the MDC95 of this person's numbers of repetitions.</p>"
    )
    return f"<h3>Each person</h3>{''.join(parts)}{legend}" if parts else ""


def _person_cell(scalar: ScalarEffect, at: int) -> str:
    one, digits = scalar.people[at], _decimals(scalar)
    means = [
        number(mean, digits) + (f"<small>\u00a0\u00b1\u00a0{figure(sd, digits)}</small>" if np.isfinite(sd) else "")
        for mean, sd in zip(one.means, one.sds, strict=True)
    ]
    count = f"<small>n\u00a0{one.counts[0]}, {one.counts[1]}</small>"
    return f"{means[0]}\u00a0\u2192<br>{means[1]}<br>{change_cell(one.change, digits)}<br>{count}"


def _people_pictures(one: Comparison) -> str:
    drawn = [(scalar, people_picture(scalar, one)) for scalar in one.scalars ]
    figures = "".join(
        f"<figure><h3>{escaped(metric_title(scalar.name))}</h3>{picture}</figure>"
        for scalar, picture in drawn if picture
    )  # fmt: skip
    note = ("<p class='note'>A line per person; thick with filled points where the change is beyond the MDC95. "
            "Bars at the sides: means over people.</p>")  # fmt: skip
    return f"<h3>People</h3><div class='plots'>{figures}</div>{note}" if figures else ""


def _curves(one: Comparison, part: str) -> str:
    if not one.curves:
        return ""
    figures = "".join(_curve(each, one, part) for each in one.curves)
    note = (
        "<p class='note'>Above: means over people \u00b1 SD between people (of one person: between repetitions). "
        "Below: difference with its pointwise 95 % interval; hatched where it counts, the whole curve taken into "
        "account (permutation test, p \u2264 0.05).</p>"
    )
    return f"<h3>Curves</h3><div class='plots'>{figures}</div>{note}"


def _curve(each: CurveEffect, one: Comparison, part: str) -> str:
    both, difference = curve_pictures(each, one, part)
    return (
        f"<figure><h3>{escaped(metric_title(each.name))}</h3>{both}{difference}"
        f"<figcaption>{escaped(curve_words(each))}</figcaption></figure>"
    )


def curve_words(one: CurveEffect) -> str:
    """Return what the test of a curve says, in words."""
    test = one.test
    if test.reason:
        return f"No test: {test.reason}."
    told = f"p {p_words(test.p)} ({p_words(one.p_adjusted)} for all of these angles)"
    beyond = np.flatnonzero(np.abs(test.t) > test.t_limit)
    runs = np.split(beyond, np.flatnonzero(np.diff(beyond) > 1) + 1) if len(beyond) else []
    where = ", ".join(f"{run[0]} to {run[-1]} %" for run in runs)
    counted = f"it counts at {where}" if where else "it counts nowhere"
    heavy = [each for each in test.clusters if each.p <= test.alpha]
    clusters = ", ".join(f"{each.first} to {each.last} % (p {p_words(each.p)})" for each in heavy)
    n = " and ".join(map(str, test.n))
    return f"n {n}: {told}; {counted}" + (f"; clusters {clusters}" if clusters else "") + "."


def _meanings(made: Conditions) -> str:
    told = {(scalar.name, scalar.meaning) for one in made.comparisons for scalar in one.scalars if scalar.primary}
    limits = [(scalar.name, person.limit)
              for one in made.comparisons for scalar in one.scalars for person in scalar.people]  # fmt: skip
    rows = [[escaped(metric_title(name)), escaped(meaning)] for name, meaning in sorted(told)]
    meant = _words_table(["Figure", "What it is"], rows) if rows else ""
    return f"{sources_table(limits)}<h2>What the figures mean</h2>{meant}{FURTHER_MEANINGS}"


def _words_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"<div class='wide'>{table(head, rows, (0, 1))}</div>"


def _methods() -> str:
    return (
        "<h2>Methods</h2><p class='note'>p (exchange): permutation test of the means of people; within people all 2^n "
        "exchanges of the two conditions for n \u2264 13, 10\u00a0000 drawn ones above, none below n = 6; between "
        "groups all divisions of the people, or 10\u00a0000 drawn ones, by Welch's t "
        "(Janssen 1997). Curves: of the largest |t| over the curve "
        "(Nichols and Holmes 2002). p, all figures: adjusted for all figures of the table (Holm 1979). p (model): "
        "mixed model with people and people in a condition as random parts (REML), t with n \u2212 1 degrees of "
        "freedom; between groups Welch's t. MDC95: smallest change of one person that exceeds the error of measuring "
        "in 95 % of pairs of measurements between which nothing changed. Where both conditions are of one session with "
        "the markers left on, the error of placing them is in the MDC95 and not in the change: it is then stricter "
        "than need be.</p>"
    )
