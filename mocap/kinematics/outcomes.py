"""From a body to its angles: heading, outcomes in order, uncertainties, verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import traced_baker
from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.bone_axes import bone_axes
from mocap.kinematics.definitions import ANGLE_NAMES, definition_of
from mocap.kinematics.faults.bridging import bridged
from mocap.kinematics.further.branches import on_branches
from mocap.kinematics.further.outcomes import further_outcomes
from mocap.kinematics.gradients import largest_change_sd
from mocap.kinematics.heading import Heading, find_heading, upright_axes, with_turned
from mocap.kinematics.landmarks import TRACKED, Landmarks, for_placement
from mocap.kinematics.leg_angles import leg_outcomes, near_singular
from mocap.kinematics.models import build_body, outcomes_of_model
from mocap.kinematics.observability import NotObservable, Outcome
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.plausibility import pelvis_verdicts
from mocap.kinematics.segments import pelvis_frame
from mocap.kinematics.soft_tissue import sd_of, soft_tissue
from mocap.kinematics.tape.points import any_finite, count_seen
from mocap.kinematics.traced import Frame, Scalar, Vec, evaluate, mean
from mocap.kinematics.trunk_angles import trunk_outcomes
from mocap.kinematics.uncertainty import landmark_sds, random_sds
from mocap.trial import JointAngles, Points3D, Verdict

NEVER_TOGETHER = "no frame shows all the points it needs, in places that make a frame and rigid where they have to be"
PLACEMENT_FRAMES = 50
STA_LIMIT_DEG = 5.0
SINGULAR_LIMIT_DEG = 75.0


def all_outcomes(body: Body) -> dict[str, Outcome]:
    """Return the outcome of every angle, in the order of `ANGLE_NAMES`."""
    found = trunk_outcomes(body) | further_outcomes(body)
    for side in SIDES:
        found |= leg_outcomes(body, side)
    found |= outcomes_of_model(body, found)
    return {name: found[name] for name in ANGLE_NAMES}


def heading_of(
    body: Body, rate_hz: float, given_rad: float = float("nan"), doubted: NDArray | None = None
) -> Heading | None:
    """Return the heading of a body, given or found; None without gravity or anything that faces forward.

    Frames that are `doubted`, shape (time,) of bool, are bridged.
    """
    if not body.setting.gravity_known:
        return None
    given = None
    if np.isfinite(given_rad):
        axes = upright_axes(np.array([np.cos(given_rad), 0.0, -np.sin(given_rad)]))
        given = Heading(axes, axes, "given", "given")
    try:
        middle, forward, name = _facing(body)
    except NotObservable:
        return given
    if doubted is not None and doubted.any():
        middle, forward = bridged(middle, doubted), bridged(forward, doubted)
    heading = given or find_heading(middle, forward, rate_hz, _feet_bisector(body), name)
    return None if heading is None else with_turned(heading, np.where(_head_up(body), forward, np.nan))


def _facing(body: Body) -> tuple[NDArray, NDArray, str]:
    """Return the middle of the pelvis and where it faces, shape (time, 3) each, and what shows that."""
    if body.has("RASIS", "LASIS"):
        middle = body.mid_asis().value
        try:
            return middle, body.pelvis().axes[:, :, 0], "pelvis anterior axis"
        except NotObservable:
            right, name = body.points["RASIS"].value - body.points["LASIS"].value, "perpendicular of the ASIS line"
    else:
        middle = body.mid_hip().value
        right, name = body.hip("R").value - body.hip("L").value, "perpendicular of the hip line"
    return middle, np.cross([0.0, 1.0, 0.0], _unit(right)), name


def _head_up(body: Body) -> NDArray:
    """Return where the pelvis is not upside down, as in a somersault, shape (time, 1); all of it if it has no axes."""
    try:
        up: NDArray = body.pelvis().axes[:, 1, 1, None] > 0.0
    except NotObservable:
        return np.ones((body.n_frames, 1), bool)
    return up


def _unit(lines: NDArray) -> NDArray:
    """Return lines, shape (time, 3), of length 1; NaN where the ends coincide."""
    length = np.linalg.norm(lines, axis=1, keepdims=True)
    return lines / np.where(length > 0, length, np.nan)


def _feet_bisector(body: Body) -> NDArray | None:
    try:
        lines = [body.foot_line(side)[0].value for side in SIDES]
    except NotObservable:
        return None
    return sum((_unit(line) for line in lines), start=np.zeros(3))


def angles_of(
    outcomes: Mapping[str, Outcome],
    covariances: Mapping[str, NDArray],
    found: Landmarks,
    body: Body,
    points: Points3D,
    options: KinematicsOptions,
) -> JointAngles:
    """Return the angles of a trial with their definitions and uncertainties."""
    values, sd = _values_with_sd([outcome.angle for outcome in outcomes.values()], covariances, points.n_frames)
    definitions = []
    frames = placement_frames(found)
    placed = _placement_outcomes(found, body, frames)
    tissue = soft_tissue(outcomes, body, found, frames, options.task)
    for column, (name, outcome) in enumerate(outcomes.items()):
        reason = "" if outcome.angle is None or any_finite(values[:, column]) else NEVER_TOGETHER
        told = _with_words(_with_reconstructed(outcome, placed[name], found), tissue[name].words)
        definitions.append(definition_of(name, told, reason))
    return JointAngles(
        definitions=tuple(definitions),
        values=on_branches(values, tuple(outcomes), points.rate_hz),
        rate_hz=points.rate_hz,
        sd=sd,
        u_landmark=_placement_sd(placed, body, options.landmark_sd_m),
        u_landmark_change=_placement_change(placed, body, options.landmark_sd_m),
        u_sta=sd_of(tissue, ANGLE_NAMES),
        start_s=points.start_s,
    )


def _values_with_sd(
    angles: Sequence[Scalar | None], covariances: Mapping[str, NDArray], n_frames: int
) -> tuple[NDArray, NDArray]:
    """Return the values and standard uncertainties (rad), shape (time, angle); NaN for what is not there."""
    # Angle by angle in memory, as they are computed, written and looked through: nothing is copied.
    values, sds = np.empty((len(angles), n_frames)), np.empty((len(angles), n_frames))
    shown = [(angle, values[row], sds[row]) for row, angle in enumerate(angles) if angle is not None]
    if covariances:
        random_sds([one[0] for one in shown], covariances, [one[2] for one in shown], [one[1] for one in shown])
    else:
        evaluate([angle for angle, _, _ in shown])
    for angle, value, _ in shown:
        if not np.may_share_memory(angle.value, value):
            value[:] = angle.value
    for row in range(len(angles)):
        if angles[row] is None or not any_finite(values[row]):
            values[row] = sds[row] = np.nan
        elif not covariances:
            sds[row] = np.nan
    return values.T, sds.T


def placement_frames(found: Landmarks) -> NDArray:
    """Return no more than 50 frames, of those that show most, at which the placement of landmarks is looked at."""
    evaluate(found.points.values())
    complete = count_seen(vector.value for vector in found.points.values())
    best = np.flatnonzero(complete == np.max(complete))
    chosen: NDArray = best[np.unique(np.linspace(0, len(best) - 1, PLACEMENT_FRAMES).round().astype(int))]
    return chosen


def _placement_outcomes(found: Landmarks, body: Body, frames: NDArray) -> dict[str, Outcome]:
    """Return the outcomes at some frames, with their dependence on the placement of landmarks."""
    placed = for_placement(found, frames, bone_axes=bone_axes(body, frames))
    setting = replace(body.setting, placement_pass=True)
    return all_outcomes(build_body(placed.points, placed.poses, setting, body.zeros, body.heading))


def _placement_sd(placed: Mapping[str, Outcome], body: Body, sd_m: float) -> NDArray:
    """Return the uncertainty (rad) of landmark placement per angle."""
    if body.setting.kind == "keypoints":
        return np.full(len(placed), np.nan)  # nobody palpated a keypoint
    shown = {name: outcome.angle for name, outcome in placed.items() if outcome.angle is not None}
    found = dict(zip(shown, landmark_sds(list(shown.values()), sd_m), strict=True))
    return np.array([found.get(name, np.nan) for name in placed])


def _placement_change(placed: Mapping[str, Outcome], body: Body, sd_m: float) -> NDArray:
    """Return the most (rad) that landmark placement leaves in a change of each angle."""
    if body.setting.kind == "keypoints":
        return np.full(len(placed), np.nan)
    return largest_change_sd(placed, sd_m)


def _with_reconstructed(outcome: Outcome, placed: Outcome, found: Landmarks) -> Outcome:
    """Name in the method the landmarks that carried no marker in the trial."""
    if outcome.angle is None or placed.angle is None:
        return outcome
    # What the sacral plate carries is named by the pelvis's own method.
    used = [name for name in found.reconstructed if name in placed.angle.grad and name not in TRACKED["pelvis"][1]]
    if not used:
        return outcome
    return replace(outcome, method=f"{outcome.method}; from clusters tied in the static: {', '.join(used)}")


def _with_words(outcome: Outcome, words: str) -> Outcome:
    """Say in the method what the uncertainty of soft tissue rests on."""
    return replace(outcome, method=f"{outcome.method}; {words}") if outcome.angle is not None and words else outcome


def verdicts_of(body: Body, outcomes: Mapping[str, Outcome], positions: Mapping[str, NDArray]) -> tuple[Verdict, ...]:
    """Return the checks of a trial: pelvis size, plate against landmarks, nearness to a singularity.

    What the trial cannot show has no verdict: one that passes would tell of a check that nobody made.
    """
    verdicts: tuple[Verdict, ...] = ()
    if body.setting.size is not None:
        verdicts += pelvis_verdicts(body.setting.size.width, body.setting.size.depth)
    verdicts += _soft_tissue_verdict(body, outcomes, positions)
    for side in SIDES:
        worst = near_singular(body, side)
        if worst is None:
            continue
        text = "largest second angle of hip and knee; above the limit flexion and rotation lose their meaning"
        name = f"cardan_{side.lower()}"
        verdicts += (Verdict(name, worst, SINGULAR_LIMIT_DEG, "deg", worst <= SINGULAR_LIMIT_DEG, text),)
    return verdicts


def _soft_tissue_verdict(
    body: Body, outcomes: Mapping[str, Outcome], positions: Mapping[str, NDArray]
) -> tuple[Verdict, ...]:
    """Compare the tilt of the sacral plate with that of ASIS and PSIS where both are seen."""
    tilt = outcomes["pelvic_tilt"].angle
    names = ("RASIS", "LASIS", "RPSIS", "LPSIS")
    if tilt is None or "pelvis" not in body.poses or not all(name in positions for name in names):
        return ()
    right, left, right_back, left_back = (Vec(positions[name]) for name in names)
    up = Frame(np.broadcast_to(np.eye(3), (body.n_frames, 3, 3)))
    other = traced_baker(up, pelvis_frame(right, left, mean([right_back, left_back])))[0]
    apart = np.abs(other.value - tilt.value)
    apart = apart[np.isfinite(apart)]
    if not len(apart):
        return ()
    worst = float(np.rad2deg(apart.max()))
    text = "largest difference of tilt between sacral plate and ASIS-PSIS"
    return (Verdict("pelvis_sta", worst, STA_LIMIT_DEG, "deg", worst <= STA_LIMIT_DEG, text),)
