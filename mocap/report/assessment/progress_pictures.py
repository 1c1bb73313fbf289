"""Angles over descent and ascent, each drawn to one length: the mean of the repetitions, both sides in one picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.report.angle_figures import LEFT, RIGHT
from mocap.report.assessment.phases import Phases
from mocap.report.assessment.plain_words import plain
from mocap.report.assessment.plot import INK, Axes, axes_for, band, curve, drawing, legend, scales
from mocap.report.assessment.strands import Span, Strand, strands_of
from mocap.report.convention_part import shown_name
from mocap.report.page_parts import escaped
from mocap.trial import Trial

ANGLES = ("pelvic_tilt", "lumbar_flexion", "hip_flexion", "knee_flexion", "ankle_dorsiflexion", "trunk_lean")
#: Colour and dashes of each side: told apart without colour too.
SIDES = {"": ("", INK, ""), "_r": ("right", RIGHT, ""), "_l": ("left", LEFT, "6 3")}
_HEIGHT = 180.0
_Z95 = 1.96


def progress_figures(trial: Trial, spans: Sequence[Span], phases: Phases, names: Sequence[str] = ANGLES) -> str:
    """Return a figure for each angle that has values, and say which are not drawn and why.

    Parameters
    ----------
    trial : Trial
    spans : sequence of Span
        The repetitions.
    phases : Phases
        What their halves are called.
    names : sequence of str
        Angles without their side.
    """
    figures, lacking = [], []
    for name in names:
        sides = {suffix: found for suffix in SIDES if (found := strands_of(trial, name + suffix, spans))}
        if sides:
            figures.append(_figure(trial, name, sides, phases))
        else:
            lacking.append(f"{escaped(shown_name(name))} \u2013 {escaped(plain(why_not(trial, name)))}")
    if not figures and not lacking:
        return ""
    n = len(spans)
    told = "mean \u00b1 1 SD between the repetitions" if n > 1 else "the one repetition with its random error, 95 %"
    missing = f"<p class='note'>Not drawn: {'; '.join(lacking)}.</p>" if lacking else ""
    return (
        f"<h2>Angles over {phases.first} and {phases.second}</h2><p class='note lead'>"
        f"{n} repetition{'s' if n > 1 else ''}: {told}. "
        f"{phases.first.capitalize()} and {phases.second} are drawn to one length each. {drawn_as(trial)} "
        "Right: solid (orange); left: dashed (blue); pelvis and "
        f"trunk: black.</p><div class='plots'>{''.join(figures)}</div>{missing}"
    )


def drawn_as(trial: Trial) -> str:
    """Return in words whether the angles of a trial are those of filtered points."""
    return "Drawn as stored, of points that were " + ("filtered." if trial.points_smoothed else "not filtered.")


def why_not(trial: Trial, name: str) -> str:
    """Return why an angle, given without its side, has no values."""
    angles = trial.angles
    if angles is None:
        return "the trial holds no angles"
    reasons = [one.reason for one in angles.definitions if one.name in (name, f"{name}_r", f"{name}_l")]
    return next((reason for reason in reasons if reason), "not among the angles of the trial" if not reasons else
                "no value in these repetitions")  # fmt: skip


def _figure(trial: Trial, name: str, sides: dict[str, tuple[Strand, ...]], phases: Phases) -> str:
    spreads = {suffix: _spread(strands) for suffix, strands in sides.items()}
    axes = axes_for((0.0, 2.0), [part for mean, half in spreads.values() for part in (mean - half, mean + half)],
                    _HEIGHT, 26.0)  # fmt: skip
    named = ((0.0, phases.start), (0.5, ""), (1.0, phases.middle), (1.5, ""), (2.0, phases.end))
    ticks = [(at, words.lower()) for at, words in named]
    shapes = scales(axes, f"{phases.first} \u2013 {phases.second}", "deg", ticks)
    shapes.append(_middle(axes))
    grid = np.r_[np.linspace(0.0, 1.0, 101), np.linspace(1.0, 2.0, 101)]
    for suffix, (mean, half) in spreads.items():
        shapes.append(band(axes, grid, mean - half, mean + half, SIDES[suffix][1], 0.18))
    for suffix, (mean, _) in spreads.items():
        shapes.append(curve(axes, grid, mean, *SIDES[suffix][1:2], 1.7, SIDES[suffix][2]))
    shapes += legend(axes, [SIDES[suffix] for suffix in spreads if SIDES[suffix][0]])
    assert trial.angles is not None
    one = trial.angles.definition(name + next(iter(sides)))
    words = f"+: {escaped(one.positive)}" + (f"; 0: {escaped(one.zero)}" if one.zero else "")
    picture = drawing(_HEIGHT, shapes, f"{shown_name(name)} over {phases.first} and {phases.second}")
    return f"<figure><h3>{escaped(shown_name(name))}</h3>{picture}<figcaption>{words}.</figcaption></figure>"


def _spread(strands: Sequence[Strand]) -> tuple[NDArray, NDArray]:
    """Return mean and half width of the band, shape (202,) each."""
    curves = np.stack([one.over_progress() for one in strands])
    if len(strands) == 1:
        only = strands[0]
        half = Strand(only.span, only.depth, _Z95 * only.sd_deg, only.sd_deg, only.bottom).over_progress()
        return curves[0], np.nan_to_num(half)
    return mean_and_sd(curves)


def mean_and_sd(curves: NDArray) -> tuple[NDArray, NDArray]:
    """Return mean and SD of curves, shape (curve, sample), where two of them or more are known; NaN elsewhere."""
    known = np.isfinite(curves)
    n = known.sum(axis=0)
    enough = n >= 2
    filled = np.where(known, curves, 0.0)
    mean = filled.sum(axis=0) / np.maximum(n, 1)
    square = (np.where(known, curves - mean, 0.0) ** 2).sum(axis=0) / np.maximum(n - 1, 1)
    return np.where(enough, mean, np.nan), np.where(enough, np.sqrt(square), np.nan)


def _middle(axes: Axes) -> str:
    x = float(axes.across(1.0))
    return f'<path d="M{x:.1f} {axes.top:.1f}v{axes.height:.1f}" stroke="{INK}" stroke-width="0.7"/>'
