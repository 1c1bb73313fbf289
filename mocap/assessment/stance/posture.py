"""Trunk, hips, knees and ankles of a repetition: how far they go, and the length of the thigh as seen from the side."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment.facing import facing, leg_length_m, middle
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.values import (
    Value,
    about,
    angle_change,
    angle_over,
    column,
    extreme,
    extreme_frame,
    mean_over,
    scatter_sd,
    withheld,
)
from mocap.trial import Metric

_SIDES = (("r", "right"), ("l", "left"))
_LARGEST = (
    ("hip_flexion", "hip flexion"), ("knee_flexion", "knee flexion"), ("ankle_dorsiflexion", "ankle dorsiflexion"),
    ("shank_inclination", "inclination of the shank, knee forward of the ankle +"),
)  # fmt: skip


def posture_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return lean of the trunk, excursions of the spine, and the largest angles of the legs."""

    def largest(name: str, part: Phases) -> Value:
        return extreme(movement, name, part.whole, 1.0, settings.filter_hz, settings.extreme_seconds)

    columns = [
        column("trunk_lean_largest", "deg", "Largest forward lean of the thorax in the repetition.",
               [largest("trunk_lean", part) for part in parts]),
        column("lumbar_excursion", "deg", "Range of lumbar flexion (T12/L1 against the pelvis) in the repetition.",
               [_excursion(movement, "lumbar_flexion", part, settings) for part in parts]),
        column("thoracopelvic_excursion", "deg", "Range of flexion of the thorax against the pelvis in the repetition.",
               [_excursion(movement, "thoracopelvic_flexion", part, settings) for part in parts]),
    ]  # fmt: skip
    for name, words in _LARGEST:
        for side, word in _SIDES:
            columns.append(column(f"{name}_largest_{side}", "deg", f"Largest {words}, {word}, in the repetition.",
                                  [largest(f"{name}_{side}", part) for part in parts]))  # fmt: skip
    return tuple(columns)


def matched_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return hip flexion at one and the same drop of the hips, which is to be compared between conditions."""
    told = f"where the hips have dropped by {settings.matched_depth:g} leg lengths in the descent"
    return tuple(
        column(f"hip_flexion_matched_{side}", "deg", f"Flexion of the {word} hip {told}.",
               [_matched(movement, f"hip_flexion_{side}", part, settings) for part in parts])
        for side, word in _SIDES
    )  # fmt: skip


def _matched(movement: Movement, name: str, part: Phases, settings: StanceSettings) -> Value:
    height = middle(movement, "HJC")[:, 2]
    least = settings.matched_depth * leg_length_m(movement, part.standing)
    if not (np.isfinite(least) and np.isfinite(height[part.standing]).any()):
        return withheld("withheld: hip centres or leg length are not known")
    with np.errstate(invalid="ignore"):
        below = np.flatnonzero(np.nanmean(height[part.standing]) - height[part.descent] >= least)
    if not len(below):
        return withheld(f"the hips do not drop by {settings.matched_depth:g} leg lengths")
    frame = int(part.descent[below[0]])
    return angle_over(movement, name, about(movement, frame, settings.extreme_seconds, part.descent))


def neutral_columns(movement: Movement) -> tuple[Metric, ...]:
    """Return the neutral bands of quiet standing, one row: half their width is 2 SD of the static trial."""
    columns = []
    for name, words in (("pelvic_tilt", "pelvic tilt"), ("lumbar_flexion", "lumbar flexion")):
        mean, sd = movement.neutral_deg(name)
        lacking = "" if np.isfinite(mean) else "there is no static trial, or it does not show it"
        columns += [
            column(f"{name}_neutral", "deg", f"Mean {words} in quiet standing: the middle of the person's neutral "
                   "band.",
                   [Value(mean, sd, lacking)]),
            column(f"{name}_neutral_band", "deg", f"Half of the person's neutral band of {words}: 2 SD of quiet "
                   "standing.", [Value(2.0 * sd, reason=lacking)]),
        ]  # fmt: skip
    return tuple(columns)


def thigh_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return the thigh's length seen from the side, and how near it comes to the ASIS."""
    columns: list[Metric] = []
    for side, word in _SIDES:
        columns += [
            column(f"femur_sagittal_length_{side}", "1", f"Length of the {word} thigh (hip to knee centre) projected "
                   "on the sagittal plane of the person, over its true length, at the bottom: 1 straight ahead, "
                   "less when turned out or abducted.",
                   [_sagittal_length(movement, side, part, settings) for part in parts]),
            column(f"asis_femur_gap_{side}", "mm", f"Distance of the {word} ASIS from the line of the thigh (hip to "
                   "knee centre) at the bottom. A proxy of contact of soft tissue, which no marker shows.",
                   [_gap(movement, side, part).less_sure(settings.landmark_sd_mm, settings.hip_centre_sd_mm)
                    for part in parts]),
        ]  # fmt: skip
    return tuple(columns)


def hip_columns(movement: Movement, parts: Sequence[Phases], onset_depth: Sequence[float], settings: StanceSettings
                ) -> tuple[Metric, ...]:  # fmt: skip
    """Return rotation and abduction of the hips at the bottom and at the onset of the tuck.

    Parameters
    ----------
    onset_depth : sequence of float
        Depth (0 to 1) of the onset per repetition; NaN is none.
    """
    columns: list[Metric] = []
    weak = "In deep flexion soft tissue makes it a rough figure."
    for side, word in _SIDES:
        for name, angle, sign, positive in (
            ("hip_external_rotation", f"hip_rotation_{side}", -1.0, "external"),
            ("hip_abduction", f"hip_adduction_{side}", -1.0, "abduction"),
        ):
            bottom = [angle_over(movement, angle, part.bottom).times(sign) for part in parts]
            onset = [_at_onset(movement, angle, part, depth, settings).times(sign)
                     for part, depth in zip(parts, onset_depth, strict=True)]  # fmt: skip
            columns += [
                column(f"{name}_bottom_{side}", "deg", f"{word.capitalize()} hip at the bottom, {positive} +. {weak}",
                       bottom),
                column(f"{name}_onset_{side}", "deg", f"{word.capitalize()} hip at the onset of the tuck in the "
                       f"descent, {positive} +. {weak}", onset),
            ]  # fmt: skip
    return tuple(columns)


def _at_onset(movement: Movement, name: str, part: Phases, depth: float, settings: StanceSettings) -> Value:
    if not np.isfinite(depth):
        return withheld("no onset of a tuck was found")
    frame = part.reached(depth)
    if frame < 0:
        return withheld("withheld: the depth of the onset is not reached in a known frame")
    return angle_over(movement, name, about(movement, frame, settings.extreme_seconds, part.descent))


def _excursion(movement: Movement, name: str, part: Phases, settings: StanceSettings) -> Value:
    curve = movement.angle_deg(name)
    ends = [extreme_frame(movement, curve, part.whole, sign, settings.filter_hz) for sign in (-1.0, 1.0)]
    if min(ends) < 0:
        return angle_over(movement, name, part.whole)
    low, high = (about(movement, frame, settings.extreme_seconds, part.whole) for frame in ends)
    return angle_change(movement, name, low, high)


def _sagittal_length(movement: Movement, side: str, part: Phases, settings: StanceSettings) -> Value:
    seen = facing(movement, part.standing)
    if not seen.known:
        return withheld(f"withheld: {seen.method}")
    thigh = movement.place(f"{side.upper()}HJC") - movement.place(f"{side.upper()}KJC")
    lengths = np.linalg.norm(thigh, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        sideways = (thigh @ seen.right) / lengths
        series = np.sqrt(np.maximum(1.0 - sideways**2, 0.0))
    noise = scatter_sd(movement, series[part.whole])
    made = mean_over(movement, series, part.bottom, noise, "hip or knee centre is not known at the bottom")
    if not made.known:
        return made
    # What a misplaced end turns the thigh sideways, by how steeply the length falls with that.
    turned = np.hypot(settings.hip_centre_sd_mm, settings.landmark_sd_mm) / (1000.0 * np.nanmean(lengths[part.bottom]))
    steep = np.sqrt(max(1.0 - made.value**2, 0.0)) / max(made.value, 0.1)
    return made.less_sure(float(steep * turned))


def _gap(movement: Movement, side: str, part: Phases) -> Value:
    s = side.upper()
    asis, hip, knee = (movement.place(f"{s}{name}") for name in ("ASIS", "HJC", "KJC"))
    with np.errstate(invalid="ignore", divide="ignore"):
        along = (knee - hip) / np.linalg.norm(knee - hip, axis=1, keepdims=True)
    span = asis - hip
    reach = np.maximum(np.sum(span * along, axis=1), 0.0)  # behind the hip centre the thigh ends
    series = np.linalg.norm(span - reach[:, None] * along, axis=1)
    noise = scatter_sd(movement, series[part.whole])
    return mean_over(movement, 1e3 * series, part.bottom, 1e3 * noise, "ASIS, hip or knee centre is not known there")
