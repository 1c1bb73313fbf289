"""Angles over the gait cycle: mean and scatter of the cycles of each side, over a norm set where there is one."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.report.assessment.plot import GRAY, INK, Axes, axes_for, band, curve, drawing, legend, scales
from mocap.report.assessment.progress_pictures import SIDES
from mocap.report.convention_part import shown_name
from mocap.report.page_parts import escaped
from mocap.report.svg import shape
from mocap.trial import Assessment, Table, Trial

_SIDES = {"right": SIDES["_r"], "left": SIDES["_l"]}
#: Drawn in this order, of each line the first that is there.
_DRAWN = (
    ("pelvic_tilt_conventional", "pelvic_tilt"), ("pelvic_obliquity_conventional", "pelvic_obliquity"),
    ("pelvic_rotation_conventional", "pelvic_rotation"), ("hip_flexion",), ("hip_adduction",), ("hip_rotation",),
    ("knee_flexion",), ("ankle_dorsiflexion",), ("foot_progression",), ("lumbar_flexion",), ("thoracopelvic_flexion",),
    ("trunk_lean",),
)  # fmt: skip
_HEIGHT = 180.0


def cycle_figures(trial: Trial, assessment: Assessment) -> str:
    """Return a figure for each angle that the assessment tells over the cycle; nothing where it tells none."""
    curves = {side: table for side in _SIDES if (table := assessment.table(f"curves_{side}")) is not None}
    if not curves:
        return ""
    names = [next((name for name in choice if any(table.has(name) for table in curves.values())), "")
             for choice in _DRAWN]  # fmt: skip
    norms = _norms(assessment)
    stances = _stances(assessment.repetitions)
    figures = "".join(_figure(trial, name, curves, norms.get(name), stances) for name in names if name)
    without = [shown_name(name) for name in names if name and name not in norms]
    told = (
        "Gray bars and band: mean \u00b1 1 SD of the norm set at the points that it tells, see Notes. "
        + (f"Withheld, as the set has none: the norm of {escaped(', '.join(without))}." if without else "")
        if norms else "Norm: withheld, none is named."
    )  # fmt: skip
    return (
        "<h2>Angles over the gait cycle</h2><p class='note lead'>0 % is an initial contact, 100 % the next of the same "
        "foot. Right: solid (orange); left: dashed (blue); bands: \u00b1 1 SD between the cycles, none of a "
        f"single one. Short upright lines: final contact. {told}</p><div class='plots'>{figures}</div>"
    )


def _norms(assessment: Assessment) -> dict[str, NDArray]:
    """Return percent, mean and SD, shape (3, point), of every angle that the norm set tells."""
    table = assessment.table("norm_points")
    if table is None:
        return {}
    rows = np.stack([table[name].values for name in ("cycle", "norm_mean", "norm_sd")])
    told, sides = table.told("variable"), table.told("side")
    first = sides[0] if sides else ""
    return {name: rows[:, [row for row in range(table.rows) if told[row] == name and sides[row] == first]]
            for name in dict.fromkeys(told)}  # fmt: skip


def _stances(cycles: Table) -> dict[str, float]:
    """Return the mean percent of final contact by side."""
    if not cycles.has("stance"):
        return {}
    values, sides = cycles["stance"].values, cycles.told("side")
    own = {side: values[[one == side for one in sides]] for side in _SIDES}
    return {side: float(np.nanmean(one)) for side, one in own.items() if np.isfinite(one).any()}


def _figure(
    trial: Trial, name: str, curves: Mapping[str, Table], norm: NDArray | None, stances: Mapping[str, float]
) -> str:
    known = {side: table[name] for side, table in curves.items() if table.has(name)}
    parts = {side: (one.values, np.nan_to_num(one.sd)) for side, one in known.items()}
    reach = [edge for mean, sd in parts.values() for edge in (mean - sd, mean + sd)]
    reach += [] if norm is None else [norm[1] - norm[2], norm[1] + norm[2]]
    axes = axes_for((0.0, 100.0), reach, _HEIGHT, 26.0)
    shapes = scales(axes, "gait cycle (%)", "deg")
    shapes += [] if norm is None else _norm(axes, norm)
    for side, (mean, sd) in parts.items():
        percent, (_, colour, dash) = curves[side]["cycle"].values, _SIDES[side]
        shapes += [band(axes, percent, mean - sd, mean + sd, colour, 0.18),
                   curve(axes, percent, mean, colour, 1.7, dash)]  # fmt: skip
    for side, off in stances.items():
        x, base = float(axes.across(off)), axes.top + axes.height
        dashes = {"stroke_dasharray": "3 2"} if _SIDES[side][2] else {}
        shapes.append(shape("path", d=f"M{x:.1f} {base:.1f}v-22", stroke=_SIDES[side][1], stroke_width=1.6, **dashes))
    shapes += legend(axes, [_SIDES[side] for side in parts] + ([] if norm is None else [("norm", GRAY, "1 2")]))
    counts = [f"{side} {int(one.n.max())} cycles" for side, one in known.items()]
    picture = drawing(_HEIGHT, shapes, f"{shown_name(name)} over the gait cycle")
    told = "; ".join(filter(None, (_positive(trial, name), f"n: {', '.join(counts)}")))
    return f"<figure><h3>{escaped(shown_name(name))}</h3>{picture}<figcaption>{escaped(told)}.</figcaption></figure>"


def _norm(axes: Axes, norm: NDArray) -> list[str]:
    """Return the norm: bars of mean and SD where it is known, joined by a pale band and a dotted line."""
    percent, mean, sd = norm
    shapes = [band(axes, percent, mean - sd, mean + sd, GRAY, 0.22), curve(axes, percent, mean, GRAY, 1.1, "1 2")]
    for at, low, high in zip(percent, mean - sd, mean + sd, strict=True):
        x, top, bottom = (float(value) for value in (axes.across(at), axes.down(high), axes.down(low)))
        bar = f"M{x - 2.5:.1f} {top:.1f}h5M{x:.1f} {top:.1f}V{bottom:.1f}M{x - 2.5:.1f} {bottom:.1f}h5"
        shapes.append(shape("path", d=bar, stroke=INK, stroke_width=0.6, fill="none"))
    return shapes


def _positive(trial: Trial, name: str) -> str:
    """Return which direction is +; of the pelvis over the cycle of a foot as its table says."""
    if name.startswith(("pelvic_obliquity", "pelvic_rotation")):
        return "+: own side up" if "obliquity" in name else "+: own side forward"
    definitions = () if trial.angles is None else trial.angles.definitions
    return next((f"+: {one.positive}" for one in definitions if one.name in (name, f"{name}_r")), "")
