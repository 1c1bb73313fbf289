"""Pelvic tilt against depth: each repetition with the onset of its tuck, and the mean of all."""

from collections.abc import Sequence

import numpy as np

from mocap.report.assessment.figures import digits_of, told
from mocap.report.assessment.plain_words import plain
from mocap.report.assessment.plot import GRAY, INK, Axes, axes_for, band, curve, drawing, legend, onset_mark, scales
from mocap.report.assessment.progress_pictures import mean_and_sd
from mocap.report.assessment.strands import GRID, Strand
from mocap.report.page_parts import escaped
from mocap.trial import Metric, Table

_Z95 = 1.96
_MOST = 12  # pictures of single repetitions
_HEIGHT = 190.0
_ONSET, _MAGNITUDE = "wink_onset_depth", "wink_magnitude"


def depth_figures(strands: Sequence[Strand], table: Table, angle: str, positive: str, drawn: str) -> str:
    """Return an angle against depth as figures: the mean of the repetitions first, then each of them.

    Parameters
    ----------
    strands : sequence of Strand
    table : Table
        Of the repetitions; the onset is marked where it tells one.
    angle : str
        As it is shown.
    positive : str
        Which direction is +.
    drawn : str
        Whether it is filtered, and what its band is, in words.
    """
    if not strands:
        return ""
    reach = [np.concatenate([one.value_deg + _Z95 * s * np.nan_to_num(one.sd_deg) for s in (-1, 1)]) for one in strands]
    axes = axes_for((0.0, 1.0), reach, _HEIGHT, 26.0)
    shown = strands[:_MOST]
    mean = _mean_figure(axes, strands, angle) if len(strands) > 1 else ""
    each = "".join(_figure(axes, one, table, angle) for one in shown)
    rest = f" The first {_MOST} of {len(strands)} repetitions are drawn one by one." if len(strands) > _MOST else ""
    return (
        f"<h2>{escaped(angle)} against depth</h2><p class='note lead'>Depth: drop of the hips since the start of the "
        f"repetition, in parts of its own: 0 standing, 1 lowest. +: {escaped(positive)}. {drawn} "
        "Vertical dotted line: onset of the tuck, hatched its 95 % interval; none where no tuck was detected or no "
        f"onset can be told.{rest}</p><div class='plots'>{mean}{each}</div>"
    )


def _figure(axes: Axes, one: Strand, table: Table, angle: str) -> str:
    down, up = slice(0, one.bottom + 1), slice(one.bottom, None)
    shapes = scales(axes, "depth (1 = lowest)", f"{angle} (deg)")
    reach = _Z95 * one.sd_deg[down]
    shapes.append(band(axes, one.depth[down], one.value_deg[down] - reach, one.value_deg[down] + reach))
    onset = _metric(table, _ONSET)
    if onset is not None:
        shapes.append(onset_mark(axes, *(float(part[one.span.row]) for part in (onset.values, onset.low, onset.high))))
    shapes += [curve(axes, one.depth[up], one.value_deg[up], GRAY, 1.1, "5 3"),
               curve(axes, one.depth[down], one.value_deg[down], INK, 1.7),
               *legend(axes, (("descent", INK, ""), ("ascent", GRAY, "5 3")))]  # fmt: skip
    told_words = "; ".join(filter(None, (_words(table, _MAGNITUDE, "tuck", one.span.row),
                                         _words(table, _ONSET, "onset at depth", one.span.row))))  # fmt: skip
    picture = drawing(_HEIGHT, shapes, f"{angle} against depth, repetition {one.span.number}")
    return (
        f"<figure><h3>Repetition {one.span.number}</h3>{picture}"
        f"<figcaption>{told_words or 'no tuck is told of it'}.</figcaption></figure>"
    )


def _mean_figure(axes: Axes, strands: Sequence[Strand], angle: str) -> str:
    curves = np.stack([one.over_depth() for one in strands])
    mean, sd = mean_and_sd(curves)
    shapes = [*scales(axes, "depth (1 = lowest)", f"{angle} (deg)"), band(axes, GRID, mean - sd, mean + sd)]
    shapes += [curve(axes, GRID, one, GRAY, 0.7) for one in curves]
    shapes += [curve(axes, GRID, mean, INK, 2.2),
               *legend(axes, (("mean, \u00b1 1 SD", INK, ""), ("repetitions", GRAY, "")))]  # fmt: skip
    picture = drawing(_HEIGHT, shapes, f"{angle} against depth, mean of {len(strands)} repetitions")
    return (
        f"<figure><h3>Mean of {len(strands)} repetitions, descent</h3>{picture}"
        "<figcaption>Band here: \u00b1 1 SD between the repetitions.</figcaption></figure>"
    )


def _metric(table: Table, name: str) -> Metric | None:
    return table[name] if table.has(name) else None


def _words(table: Table, name: str, title: str, row: int) -> str:
    metric = _metric(table, name)
    if metric is None:
        return ""
    if not np.isfinite(metric.values[row]):
        return f"{title}: {escaped(plain(metric.reasons[row]))}"
    return f"{title} {told(metric, row, digits_of(metric), unit=True)}"
