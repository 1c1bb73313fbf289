"""Key frames of one repetition: the body at its start, at the onset of the tuck and at the lowest, with its angles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mocap.report.assessment.figures import figure
from mocap.report.assessment.phases import Phases
from mocap.report.assessment.stick_figure import Places, forward_of, stick_picture, sticks_of
from mocap.report.assessment.strands import Span, hip_height
from mocap.report.convention_part import full_name
from mocap.report.page_parts import escaped, table
from mocap.trial import JointAngles, Table, Trial, doubted
from mocap.trial.angles import CONSTANT_PARTS

_SHOWN = ("pelvic_tilt", "lumbar_flexion", "trunk_lean", "hip_flexion_r", "hip_flexion_l", "knee_flexion_r",
          "knee_flexion_l", "ankle_dorsiflexion_r", "ankle_dorsiflexion_l")  # fmt: skip
_PARTS = tuple(part for part in CONSTANT_PARTS if not part.endswith("_change") and part != "u_static")
_VIEWS = ("from the right", "from the front")
_Z95 = 1.96
_HEADROOM = 1.06


@dataclass(frozen=True)
class Instant:
    """One frame to show, with its name."""

    name: str
    frame: int


def key_frames(
    trial: Trial, rows: Table, spans: Sequence[Span], places: Places, phases: Phases, row_name: str = "repetition"
) -> str:
    """Return the frames of the repetition with the middle tuck, or of the middle one; nothing without repetitions."""
    if not spans:
        return ""
    span = chosen(rows, spans)
    return frames_part(trial, _instants(trial, rows, span, phases), f"Key frames of {row_name} {span.number}", places)


def cycle_frames(trial: Trial, cycles: Table, places: Places) -> str:
    """Return the frames of the middle cycle of the right foot, or of any; nothing without cycles."""
    names = {"start_time": "Initial contact", "other_on_time": "Other foot on", "off_time": "Final contact"}
    if not cycles.rows or not all(cycles.has(name) for name in names):
        return ""
    sides = cycles.told("side") if any(words.name == "side" for words in cycles.words) else ("",) * cycles.rows
    rows = [row for row in range(cycles.rows) if sides[row] == "right"] or list(range(cycles.rows))
    row = rows[len(rows) // 2]
    instants = [Instant(title, int(np.argmin(np.abs(trial.points.time_s - cycles[name].values[row]))))
                for name, title in names.items()]  # fmt: skip
    foot = f", {sides[row]} foot" if sides[row] else ""
    return frames_part(trial, instants, f"Key frames of cycle {row + 1}{foot}", places)


def frames_part(trial: Trial, instants: Sequence[Instant], title: str, places: Places) -> str:
    """Return pictures of the instants, all on one scale, and their angles; nothing where no body can be drawn."""
    bodies = [sticks_of(trial, one.frame, places) for one in instants]
    if not all(bodies):
        return ""
    every = np.concatenate([stick.places for body in bodies for stick in body])
    every = every[np.isfinite(every).all(axis=1)]
    floor = float(every[:, 2].min())
    tall = _HEADROOM * float(every[:, 2].max() - floor)
    figures = []
    for one, body in zip(instants, bodies, strict=True):
        own = np.concatenate([stick.places for stick in body])
        own = own[np.isfinite(own).all(axis=1)]
        middle = (own.min(axis=0) + own.max(axis=0)) / 2 * [1.0, 1.0, 0.0] + [0.0, 0.0, floor]
        at = trial.points.start_s + one.frame / trial.points.rate_hz
        words = f"{one.name}, {at:.2f} s"
        drawn = stick_picture(body, forward_of(trial, instants[0].frame, places), (middle, tall), words, _VIEWS)
        figures.append(f"<figure><h3>{escaped(words)}</h3>{drawn}</figure>")
    return (
        f"<h2>{escaped(title)}</h2><p class='note lead'>Right: solid (orange); left: dashed (blue); pelvis and trunk: "
        f"black. All on one scale.</p><div class='frames'>{''.join(figures)}</div>{_angles(trial.angles, instants)}"
    )


def chosen(rows: Table, spans: Sequence[Span]) -> Span:
    """Return the repetition whose tuck is the middle one of those with an onset; else the middle repetition."""
    if rows.has("wink_onset_depth") and rows.has("wink_magnitude"):
        known = [span for span in spans if np.isfinite(rows["wink_onset_depth"].values[span.row])]
        if known:
            ranked = sorted(known, key=lambda span: (rows["wink_magnitude"].values[span.row], span.row))
            return ranked[len(ranked) // 2]
    return spans[len(spans) // 2]


def _instants(trial: Trial, rows: Table, span: Span, phases: Phases) -> tuple[Instant, ...]:
    time_s = trial.points.time_s
    start, bottom = (int(np.argmin(np.abs(time_s - at))) for at in (span.start_s, span.bottom_s))
    height = hip_height(trial)[start : bottom + 1]
    whole = height[0] - height[-1]
    depth = (height[0] - height) / whole if abs(whole) > 0 else np.full(len(height), np.nan)
    onset = float(rows["wink_onset_depth"].values[span.row]) if rows.has("wink_onset_depth") else float("nan")
    half = "Half of the depth" if whole > 0 else f"Half of the {phases.first}"
    name, level = ("Onset of the tuck", onset) if np.isfinite(onset) else (half, 0.5)
    reached = np.flatnonzero(depth >= level)
    between = (Instant(name, start + int(reached[0])),) if len(reached) else ()
    return (Instant(phases.start, start), *between, Instant(phases.middle, bottom))


def _angles(angles: JointAngles | None, instants: Sequence[Instant]) -> str:
    """Return the angles at the instants with their whole uncertainty, as far as it is known."""
    if angles is None:
        return ""
    flagged, lines, without_noise = doubted(angles), [], False
    for name in _SHOWN:
        if name not in angles.names or not np.isfinite(angles[name]).any():
            continue
        at = angles.names.index(name)
        parts = np.array([getattr(angles, part)[at] for part in _PARTS])
        constant = np.linalg.norm(parts[np.isfinite(parts)])
        random = np.where(constant > 0, np.nan_to_num(angles.sd[:, at]), angles.sd[:, at])
        without_noise |= bool(constant > 0 and not np.isfinite(angles.sd[:, at]).any())
        cells = [_cell(float(angles.values[one.frame, at]), float(np.hypot(random[one.frame], constant)),
                       bool(flagged[one.frame, at])) for one in instants]  # fmt: skip
        lines.append([escaped(full_name(name)) + " <small>(deg)</small>", *cells])
    if not lines:
        return ""
    note = "<p class='note'>\u00b1 without the noise of the points, which came without uncertainty.</p>"
    told = note if without_noise else ""
    return f"<div class='wide'>{table(['At these instants', *(one.name for one in instants)], lines)}</div>{told}"


def _cell(value_rad: float, sd_rad: float, flagged: bool) -> str:
    if not np.isfinite(value_rad):
        return "\u2013"
    half = figure(float(np.rad2deg(_Z95 * sd_rad)), 1) if np.isfinite(sd_rad) else "not known"
    doubt = " <small>doubted</small>" if flagged else ""
    return f"{figure(float(np.rad2deg(value_rad)), 1)} <small>±\u00a0{half}</small>{doubt}"
