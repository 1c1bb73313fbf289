"""The assessment of hip hinges: repetitions by trunk lean, components and score, softening of the knees."""

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.excursions import ExcursionSettings
from mocap.assessment.hinge import HingeSettings, hinge_candidates, hinge_columns, hinge_events, hinge_repetitions
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Found
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.pipeline.assess_repetitions import assessed_repetitions
from mocap.trial import Assessment, Event

TASK = "hinge"
LABELS = (*repetition_labels(TASK), "knee_soften")
_SUMMED = (
    "score", "knee_flexion_bottom", "shank_inclination_largest", "lumbar_excursion", "hip_share", "hip_back",
    "hip_drop", "trunk_lean_range", "pelvis_turn", "hinge_squat_index", "lumbar_early",
)  # fmt: skip


def assess_hinge(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the assessment of the hip hinges of a trial, and their events."""
    limits = build(ExcursionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    settings = build(HingeSettings, protocol.section("hinge"), protocol.name, "hinge")
    start_s = movement.angles.start_s
    found = with_edits(_found(movement, limits, settings), movement.events, TASK, movement.rate_hz, start_s)
    repetitions = found.repetitions
    shown = hinge_columns(movement, repetitions, settings)
    made = assessed_repetitions(movement, protocol, found, shown, _SUMMED)
    return made, hinge_events(movement, repetitions, settings)


def _found(movement: Movement, limits: ExcursionSettings, settings: HingeSettings) -> Found:
    repetitions, excursions = hinge_repetitions(movement, limits, settings.most_knee_share)
    note = (excursions.note if repetitions else f"no repetition: {excursions.note}",) if excursions.note else ()
    candidates = hinge_candidates(movement, excursions)
    return Found(repetitions, excursions.rejected, note, candidates=candidates)
