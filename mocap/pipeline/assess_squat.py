"""The assessment of squats: repetitions, what each shows, and what the set says."""

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.heights import hip_height
from mocap.assessment.movement import Movement
from mocap.assessment.repetition_columns import DepthSettings, context_columns, depth_columns, instant_columns
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.repetition_settings import RepetitionSettings
from mocap.assessment.repetitions import Found, find_repetitions
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Event, joined

TASK = "squat"
LABELS = repetition_labels(TASK)
_UNKNOWN = "no repetition: neither hips nor pelvis nor bar are among the points"


def assess_squat(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the assessment of the squats of a trial, and their events."""
    found, leg_length = _found(movement, protocol)
    repetitions = found.repetitions
    depth = build(DepthSettings, protocol.section("depth"), protocol.name, "depth")
    columns = (
        instant_columns(movement, repetitions),
        depth_columns(movement, repetitions, leg_length, depth),
        context_columns(movement.context, len(repetitions)),
    )
    made = Assessment(
        TASK, joined("repetitions", len(repetitions), columns), found.rejected, protocol=protocol.name,
        protocol_sha256=protocol.sha256, settings=protocol.values, notes=found.notes,
    )  # fmt: skip
    return made, tuple(repetition_events(repetitions, TASK, movement.rate_hz, movement.angles.start_s))


def _found(movement: Movement, protocol: Protocol) -> tuple[Found, float]:
    """Return the repetitions, as corrected by a reviewer, and the leg length, m."""
    settings = build(RepetitionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    height = hip_height(movement)
    if height is None:
        return Found((), (), (_UNKNOWN,)), 0.0
    rate, start = movement.rate_hz, movement.angles.start_s
    found = find_repetitions(height, rate, start, settings)
    return with_edits(found, movement.events, TASK, rate, start), height.leg_length_m
