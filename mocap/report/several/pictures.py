"""Pictures of several recordings: curves of two conditions, lines of people, courses over visits; black and white."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.several.conditions import Comparison, CurveEffect, ScalarEffect
from mocap.assessment.several.follow_up import FollowedMetric, Visit
from mocap.report.assessment.figures import metric_title, shown_unit
from mocap.report.assessment.plot import GRAY, INK, LIGHT, Axes, axes_for, band, curve, drawing, legend, scales
from mocap.report.svg import shape

_FIRST, _SECOND = INK, "#0072b2"  # the second is dashed as well
_DASH = "6 3"
_TALL, _SHORT = 190.0, 150.0
_PER_CENT = np.linspace(0.0, 100.0, 101)
_LONGEST = 18  # letters of a label


def curve_pictures(one: CurveEffect, made: Comparison, part: str) -> tuple[str, str]:
    """Return the mean curves of both conditions, and their difference with where it counts."""
    means = [curves.mean(axis=0) for curves in one.curves]
    spreads = [
        curves.std(axis=0, ddof=1) if len(curves) > 1 else within
        for curves, within in zip(one.curves, one.within_sd, strict=True)
    ]
    ends = [mean + sign * sd for mean, sd in zip(means, spreads, strict=True) for sign in (-1, 1)]
    axes = _axes((0.0, 100.0), [*means, *ends], _TALL, 22.0)
    shapes = scales(axes, f"% of {part}", "deg")
    for mean, sd, colour, dash in zip(means, spreads, (_FIRST, _SECOND), ("", _DASH), strict=True):
        shapes += [band(axes, _PER_CENT, mean - sd, mean + sd, colour, 0.13),
                   curve(axes, _PER_CENT, mean, colour, 1.7, dash)]  # fmt: skip
    shapes += legend(axes, [(_short(made.first), _FIRST, ""), (_short(made.second), _SECOND, _DASH)])
    words = f"{metric_title(one.name)} over the {part}, {made.first} and {made.second}"
    return drawing(_TALL, shapes, words), _difference(one, made, part)


def _difference(one: CurveEffect, made: Comparison, part: str) -> str:
    axes = _axes((0.0, 100.0), [one.difference, one.low, one.high, np.zeros(1)], _SHORT, 10.0, 0.1)
    shapes = scales(axes, f"% of {part}", "difference (deg)")
    zero = float(axes.down(0.0))
    shapes += [
        shape("line", x1=axes.left, x2=axes.left + axes.width, y1=zero, y2=zero, stroke=GRAY, stroke_width=0.8),
        band(axes, _PER_CENT, one.low, one.high), curve(axes, _PER_CENT, one.difference),
        *_bars(axes, np.abs(one.test.t) > one.test.t_limit),
    ]  # fmt: skip
    words = f"{metric_title(one.name)}: {made.second} minus {made.first} over the {part}"
    return drawing(_SHORT, shapes, words)


def _bars(axes: Axes, counted: NDArray) -> list[str]:
    """Return hatched bars along the base where the difference counts."""
    edges = np.flatnonzero(np.diff(np.r_[False, counted, False].astype(int))).reshape(-1, 2)
    base, shapes = axes.top + axes.height, []
    for start, stop in edges:
        left, right = (float(axes.across(float(at))) for at in (start - 0.5, stop - 0.5))
        left, right = max(left, axes.left), min(right, axes.left + axes.width)
        strokes = "".join(f"M{x:.1f} {base:.1f}l4 -7" for x in np.arange(left, max(right - 4, left + 0.1), 4))
        shapes += [shape("rect", x=left, y=base - 7, width=right - left, height=7.0, fill="#fff", stroke=INK,
                         stroke_width=1.0),
                   shape("path", d=strokes, stroke=INK, stroke_width=0.8, fill="none")]  # fmt: skip
    return shapes


def people_picture(one: ScalarEffect, made: Comparison) -> str:
    """Return a line per person from the first condition to the second; those beyond the MDC95 are thick."""
    pairs = [(person, np.array(person.means)) for person in one.people]
    known = [(person, means) for person, means in pairs if np.isfinite(means).all()]
    if not known:
        return ""
    axes = _axes((-0.35, 1.35), [means for _, means in known], _TALL, 12.0)
    unit = shown_unit(one.unit)
    label = metric_title(one.name) + (f" ({unit})" if unit else "")
    shapes = scales(axes, "", unit, [(0.0, _short(made.first)), (1.0, _short(made.second))])
    for person, means in known:
        beyond = bool(person.change.beyond)
        shapes.append(curve(axes, np.array([0.0, 1.0]), means, INK if beyond else GRAY, 2.0 if beyond else 0.9))
        shapes += [shape("circle", cx=float(axes.across(float(at))), cy=float(axes.down(mean)), r=2.6,
                         fill=INK if beyond else "#fff", stroke=INK, stroke_width=0.9)
                   for at, mean in enumerate(means)]  # fmt: skip
    if len(known) > 1:
        mean = np.mean([means for _, means in known], axis=0)
        shapes += [_bar(axes, at, float(mean[at])) for at in (0, 1)]
    return drawing(_TALL, shapes, f"{label} of each person with {made.first} and {made.second}")


def _bar(axes: Axes, at: int, mean: float) -> str:
    """Return the mean of all people beside their points."""
    left, right = sorted(float(axes.across(at + side)) for side in ((-0.28, -0.1) if at == 0 else (0.1, 0.28)))
    y = float(axes.down(mean))
    return shape("line", x1=left, x2=right, y1=y, y2=y, stroke=INK, stroke_width=3.0)


def course_picture(one: FollowedMetric, visits: Sequence[Visit]) -> str:
    """Return the means of the visits with their spread, and the band within which nothing is beyond the MDC95."""
    days = np.array([visit.days for visit in visits])
    means, sds = np.array(one.means), np.nan_to_num(np.array(one.sds))
    limits = np.array([limit.mdc95 for limit in one.limits])
    first = means[0]
    values = [means - sds, means + sds, first + limits, first - limits]
    margin = max(0.05 * float(days[-1]), 0.5)
    axes = _axes((-margin, float(days[-1]) + margin), values, _TALL, 12.0)
    unit = shown_unit(one.unit)
    label = metric_title(one.name) + (f" ({unit})" if unit else "")
    shapes = scales(axes, "days since the first visit", unit, _day_ticks(days, axes))
    if np.isfinite(first) and np.isfinite(limits).any():
        reach = np.r_[limits[0], limits]
        shapes += [band(axes, days, first - reach, first + reach, LIGHT, 0.7),
                   curve(axes, days, np.full(len(days), first), GRAY, 0.8, "2 2")]  # fmt: skip
    shapes.append(curve(axes, days, means, INK, 1.4))
    beyond = [False, *(bool(change.beyond) for change in one.changes)]
    for day, mean, sd, out in zip(days, means, sds, beyond, strict=True):
        if np.isfinite(mean):
            x, low, high = float(axes.across(day)), float(axes.down(mean - sd)), float(axes.down(mean + sd))
            shapes += [shape("line", x1=x, x2=x, y1=low, y2=high, stroke=INK, stroke_width=1.0),
                       shape("circle", cx=x, cy=float(axes.down(mean)), r=4.0 if out else 3.0,
                             fill=INK if out else "#fff", stroke=INK, stroke_width=1.2)]  # fmt: skip
    return drawing(_TALL, shapes, f"{label} over the visits")


def _day_ticks(days: NDArray, axes: Axes) -> list[tuple[float, str]]:
    """Return the days of the visits, those that would stand in each other left out."""
    found: list[tuple[float, str]] = []
    for day in days:
        if not found or float(axes.across(day) - axes.across(found[-1][0])) > 26:
            found.append((float(day), f"{day:g}"))
    return found


def _axes(
    x: tuple[float, float], values: Sequence[NDArray], height: float, top: float, least: float = 1e-3
) -> Axes:
    """Return axes with room for all values, as narrow as they are in small units too, but for a `least` margin."""
    known = np.concatenate([np.ravel(one)[np.isfinite(np.ravel(one))] for one in values])
    if not len(known):
        return axes_for(x, values, height, top)
    low, high = float(known.min()), float(known.max())
    margin = max(0.06 * (high - low), 0.02 * max(abs(low), abs(high)), least)
    return replace(axes_for(x, values, height, top), y=(low - margin, high + margin))


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}\u2026"
