"""The assessment of squats: repetitions, what each shows, and what the set says."""

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.heights import hip_height
from mocap.assessment.movement import Movement
from mocap.assessment.norm_scores import NormSettings, norm_columns
from mocap.assessment.repetition_columns import DepthSettings, context_columns, depth_columns, instant_columns
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.repetition_settings import RepetitionSettings
from mocap.assessment.repetitions import Found, find_repetitions
from mocap.assessment.screening import ScreeningSettings, reserve_columns, screening
from mocap.assessment.set_table import set_table
from mocap.assessment.stance import StanceSettings, heel_lift_events, neutral_columns, stance_columns
from mocap.assessment.values import noise_notes
from mocap.assessment.wink import WinkSettings, wink_columns, wink_set
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Event, Metric, Table, Words, joined

TASK = "squat"
LABELS = (*repetition_labels(TASK), "heel_lift")
DETECTS_BY = ("wink_magnitude", "deg")
"""Metric and unit whose smallest detectable change a tuck has to reach."""
_SUMMED = (
    "depth", "depth_relative", "descent_time", "ascent_time", "hip_flexion_r_bottom", "hip_flexion_l_bottom",
    "knee_flexion_r_bottom", "knee_flexion_l_bottom", "ankle_dorsiflexion_r_bottom", "ankle_dorsiflexion_l_bottom",
    "trunk_lean_bottom",
)  # fmt: skip
#: Beside the lab's own norm.
NORMED = ("wink_magnitude", "wink_onset_depth", "lumbar_change", "depth")
_UNKNOWN = "no repetition: neither hips nor pelvis nor bar are among the points"


def assess_squat(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the assessment of the squats of a trial, and their events."""
    found, leg_length = _found(movement, protocol)
    repetitions = found.repetitions
    depth = build(DepthSettings, protocol.section("depth"), protocol.name, "depth")
    winks = build(WinkSettings, protocol.section("wink"), protocol.name, "wink")
    stance = build(StanceSettings, protocol.section("stance"), protocol.name, "stance")
    limits = build(ScreeningSettings, protocol.section("screening"), protocol.name, "screening")
    tuck = wink_columns(movement, repetitions, winks, *movement.mdc95(*DETECTS_BY))
    onset = [float(depth) for one in tuck if one.name == "wink_onset_depth" for depth in one.values]
    columns = (
        instant_columns(movement, repetitions),
        depth_columns(movement, repetitions, leg_length, depth),
        tuck,
        stance_columns(movement, repetitions, onset, stance),
        context_columns(movement.context, len(repetitions)),
    )
    table = joined("repetitions", len(repetitions), columns)
    table = joined("repetitions", table.rows, (*columns, reserve_columns(movement, table)))
    made = Assessment(
        TASK, table, found.rejected,
        (_set(table, tuck, protocol, movement),) if table.rows else (),
        screening(table, movement, limits) if table.rows else (), protocol.name, protocol.sha256, protocol.values,
        (*found.notes, *noise_notes(movement)),
    )  # fmt: skip
    instants = repetition_events(repetitions, TASK, movement.rate_hz, movement.angles.start_s)
    return made, (*instants, *heel_lift_events(movement, repetitions, stance))


def _set(table: Table, tuck: tuple[Metric | Words, ...], protocol: Protocol, movement: Movement) -> Table:
    """Return what the set says: of the tuck, of neutral standing, beside the lab's norm, and means of all else."""
    winks = build(WinkSettings, protocol.section("wink"), protocol.name, "wink")
    norm = build(NormSettings, protocol.section("norm"), protocol.name, "norm")
    others = set_table(table, [name for name in _SUMMED if table.has(name)])
    return joined("set", 1, (
        wink_set(tuck, winks), neutral_columns(movement), norm_columns(movement, table, NORMED, norm), others.metrics,
    ))


def _found(movement: Movement, protocol: Protocol) -> tuple[Found, float]:
    """Return the repetitions, as corrected by a reviewer, and the leg length, m."""
    settings = build(RepetitionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    height = hip_height(movement)
    if height is None:
        return Found((), (), (_UNKNOWN,)), 0.0
    rate, start = movement.rate_hz, movement.angles.start_s
    found = find_repetitions(height, rate, start, settings)
    return with_edits(found, movement.events, TASK, rate, start), height.leg_length_m
