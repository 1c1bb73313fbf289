"""An assessment as the first part of a trial's page: the findings first, what they rest on behind them."""

from collections.abc import Sequence

from mocap.report.assessment.closing_parts import claims_part, protocol_part, rejected_part, screening_part
from mocap.report.assessment.cycle_pictures import cycle_figures
from mocap.report.assessment.depth_pictures import depth_figures
from mocap.report.assessment.headline import USE, headline_part, notes_part, row_name
from mocap.report.assessment.key_frames import cycle_frames, key_frames
from mocap.report.assessment.phases import phases_of
from mocap.report.assessment.plain_words import plain
from mocap.report.assessment.progress_pictures import drawn_as, progress_figures, why_not
from mocap.report.assessment.stick_figure import NOWHERE, Places
from mocap.report.assessment.strands import Span, spans_of, strands_of
from mocap.report.assessment.tables import headline_table, meanings, other_table, whole_table
from mocap.report.assessment.who_part import who_part
from mocap.report.page_parts import escaped
from mocap.trial import Assessment, Trial


def assessment_part(trial: Trial, places: Places = NOWHERE) -> str:
    """Return all assessments of a trial as HTML, one after the other; nothing where there is none.

    Parameters
    ----------
    trial : Trial
    places : mapping of str to ndarray, shape (time, 3)
        Landmarks and joint centres by their canonical names, m in the world; key frames show them.
    """
    pages = [_one(trial, assessment, places) for assessment in trial.assessments]
    asked = claims_part(trial.assessments)
    return "".join([*pages, f"<section class='assessment'>{asked}</section>" if asked else ""])


def _one(trial: Trial, assessment: Assessment, places: Places) -> str:
    task, repetitions = assessment.task, assessment.repetitions
    name = row_name(task)
    tables = (repetitions, *assessment.tables)
    parts = [
        f"<h2 class='task'>{escaped(task.replace('_', ' ').capitalize())}</h2>",
        who_part(trial, assessment),
        headline_part(assessment, trial),
        _headline_table(assessment, name),
        notes_part(assessment),
        _pictures(trial, assessment, places),
        screening_part(assessment),
        rejected_part(assessment),
        f"<h2>Every metric per {name}</h2>{_METRIC_NOTE}{whole_table(repetitions, name)}" if repetitions.rows else "",
        *(other_table(one) for one in assessment.tables if one.rows and one.name not in DRAWN),
        f"<h2>What the metrics mean</h2>{meanings(tables)}" if repetitions.rows else "",
        protocol_part(assessment),
        f"<h2>Intended use</h2><p>{USE}</p>",
    ]  # fmt: skip
    return f"<section class='assessment'>{''.join(parts)}</section>"


#: Tables that stand in pictures; `sides` is the headline of gait.
DRAWN = ("curves_right", "curves_left", "norm_points", "sides")
_METRIC_NOTE = (
    "<p class='note'>\u00b1: half of the 95 % interval; (a to b): its ends, where it reaches farther to one side. "
    "\u2013: no value, the letter says why.</p>"
)


def _headline_table(assessment: Assessment, name: str) -> str:
    """Per repetition; of gait the means of both sides, as its cycles are many."""
    sides = assessment.table("sides")
    if not assessment.repetitions.rows:
        return ""
    if assessment.task == "gait" and sides is not None:
        return other_table(sides)
    return headline_table(assessment.repetitions, assessment.task, name, assessment.table("set"))


def _pictures(trial: Trial, assessment: Assessment, places: Places) -> str:
    if assessment.task == "gait":
        return cycle_figures(trial, assessment) + cycle_frames(trial, assessment.repetitions, places)
    spans = spans_of(assessment.repetitions)
    if not spans:
        return ""
    phases = phases_of(assessment.task)
    return (
        key_frames(trial, assessment.repetitions, spans, places, phases, row_name(assessment.task))
        + _against_depth(trial, assessment, spans) + progress_figures(trial, spans, phases)
    )  # fmt: skip


def _against_depth(trial: Trial, assessment: Assessment, spans: Sequence[Span]) -> str:
    """Pelvic tilt against depth, where the task tells a tuck of the pelvis."""
    angles, rows = trial.angles, assessment.repetitions
    if angles is None or "pelvic_tilt" not in angles.names or not rows.has("wink_magnitude"):
        return ""
    cutoff = assessment.settings.get("wink.filter_hz", 0.0)
    filter_hz = 0.0 if isinstance(cutoff, str) or trial.points_smoothed is not None else float(cutoff)
    strands = strands_of(trial, "pelvic_tilt", spans, filter_hz)
    if not strands:
        why = escaped(plain(why_not(trial, "pelvic_tilt")))
        return f"<h2>Pelvic tilt against depth</h2><p>Withheld: the tilt is not observable \u2013 {why}.</p>"
    drawn = (f"Drawn low-passed at {filter_hz:g} Hz, as the tuck is measured; band: random error of the unfiltered "
             "samples, 95 %, wider than that of the curve." if filter_hz else
             f"{drawn_as(trial)} Band: random error, 95 %.")  # fmt: skip
    return depth_figures(strands, rows, "Pelvic tilt", angles.definition("pelvic_tilt").positive, drawn)
