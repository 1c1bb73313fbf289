"""The columns of the table of a hinge's repetitions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mocap.assessment.hinge.measured import Measured
from mocap.assessment.hinge.score import components, points_of, score_of
from mocap.assessment.hinge.settings import HingeSettings
from mocap.assessment.movement import Movement
from mocap.assessment.values import Value, column
from mocap.trial import Metric, Words


def component_columns(
    movement: Movement, found: Sequence[Measured], settings: HingeSettings
) -> tuple[Metric | Words, ...]:
    """Return value and points of every component, and the score over them."""
    parts = components(settings, movement.neutral_deg("lumbar_flexion")[1])
    columns: list[Metric | Words] = []
    for part in parts:
        columns += [
            column(part.name, part.unit, part.meaning, [part.value(one) for one in found]),
            _within(column(f"points_{part.name}", "1", f"Points of {part.name}, 0 to 1, linear between its limits; "
                           f"weight {part.weight:g}.", [points_of(part, one) for one in found]), 1.0),
        ]  # fmt: skip
    scores = [score_of(parts, one) for one in found]
    told = "100 times the weighted mean of the points; limits and weights are choices of the protocol, not norms"
    return (
        _within(column("score", "1", f"{told}. Withheld where a component with a weight is not observable.",
                       [score for score, _, _ in scores]), 100.0),
        _within(column("score_of_observable", "1", f"{told}; over the observable components alone, so that it compares "
                       "with scores over the same components only.", [one for _, one, _ in scores]), 100.0),
        column("observable_weight", "%", "Part of all weights that is observable.",
               [Value(100.0 * share) for _, _, share in scores]),
        *columns, _knee_words(found, settings),
    )  # fmt: skip


def _within(metric: Metric, most: float) -> Metric:
    """Return a column whose intervals end where its values do, at 0 and at the most."""
    return replace(metric, low=np.maximum(metric.low, 0.0), high=np.minimum(metric.high, most))


def further_columns(found: Sequence[Measured]) -> tuple[Metric, ...]:
    """Return what else is measured of a hinge."""
    bent = "Knee flexion, mean of both sides"
    turn = "standing to bottom"
    return (
        column("knee_flexion_start", "deg", f"{bent}, standing before the repetition.",
               [one.knee_start for one in found]),
        column("knee_flexion_mean", "deg", f"{bent}, mean over the repetition.", [one.knee_mean for one in found]),
        column("knee_flexion_range", "deg", f"{bent}: range in the repetition.", [one.knee_range for one in found]),
        column("hip_flexion_change", "deg", f"Change of hip flexion, mean of both sides, {turn}.",
               [one.hip for one in found]),
        column("lumbar_change", "deg", f"Change of lumbar flexion, {turn}, flexion +.",
               [one.lumbar_change for one in found]),
        column("pelvic_tilt_change", "deg", f"Change of pelvic tilt, {turn}, anterior +.", [one.tilt for one in found]),
        column("thoracic_change", "deg", f"Change of flexion of the thorax against the pelvis less that of the lumbar "
               f"spine, {turn}.", [one.thoracic for one in found]),
        column("hip_back_travel", "mm", f"Travel of the hip centres backward against the ankles, {turn}.",
               [one.back_mm for one in found]),
        column("hip_drop_travel", "mm", f"Drop of the hip centres against the ankles, {turn}.",
               [one.drop_mm for one in found]),
        column("hinge_squat_index", "1", f"Change of hip flexion over that of knee flexion, {turn}: about 1 in a "
               "squat, large in a hinge.", [one.index for one in found]),
        column("lumbar_early", "deg", "Lumbar flexion gained in the descent until the lean of the control test "
               "(or the bottom, where it comes first).", [one.early_lumbar for one in found]),
    )  # fmt: skip


def _knee_words(found: Sequence[Measured], settings: HingeSettings) -> Words:
    s = settings

    def word(one: Value) -> str:
        if not one.known:
            return "not known"
        if s.knee_full_low <= one.value <= s.knee_full_high:
            return "in the target"
        return "near the target" if s.knee_tolerant_low <= one.value <= s.knee_tolerant_high else "outside"

    meaning = (
        f"Knee flexion at the bottom against {s.knee_full_low:g} to {s.knee_full_high:g} deg; near is "
        f"{s.knee_tolerant_low:g} to {s.knee_tolerant_high:g} deg."
    )
    return Words("knee_target", meaning, tuple(word(one.knee_bottom) for one in found))
