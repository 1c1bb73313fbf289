"""The stages from a trial that was looked at to the angles of a person, flags and verdicts: their order is here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from numpy.typing import NDArray

from mocap.kinematics import landmarks as lm
from mocap.kinematics.anatomical.trial_slip import PlateSlip, find_plate_slip, slip_flags, slip_verdicts
from mocap.kinematics.body import Body, Setting
from mocap.kinematics.exchanged import with_exchange_flags
from mocap.kinematics.faults.bridging import facing_doubted
from mocap.kinematics.faults.carried import check_sides_carried
from mocap.kinematics.faults.coincident import coincident_flags
from mocap.kinematics.faults.facing import names_by_heading, turned_verdict, with_turned_flags
from mocap.kinematics.faults.mixed_labels import with_mixed
from mocap.kinematics.faults.odd_points import with_odd_flags, without_strays
from mocap.kinematics.faults.steps import find_steps
from mocap.kinematics.faults.turns import settled_turns
from mocap.kinematics.faults.verticals import vertical_verdicts
from mocap.kinematics.fit.hip_place import shifts_of
from mocap.kinematics.fit.model import Skeleton, fit_skeleton
from mocap.kinematics.frame_flags import with_point_flags
from mocap.kinematics.frame_reasons import with_frame_reasons
from mocap.kinematics.further.flat_foot import flat_foot_verdicts
from mocap.kinematics.given_trial import GivenTrial
from mocap.kinematics.heel_side import find_shifted_heels
from mocap.kinematics.hip_error import with_hip_error
from mocap.kinematics.label_order import order_flags
from mocap.kinematics.marker_sets import match
from mocap.kinematics.models import build_body
from mocap.kinematics.moved_markers import (
    carriers_of,
    moved_verdict,
    points_of,
    same_placement,
    with_moved_flags,
    words_of,
)
from mocap.kinematics.observability import Outcome
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.outcomes import all_outcomes, angles_of, heading_of, verdicts_of
from mocap.kinematics.person import NOBODY, Person, calibrate_person, size_without_static
from mocap.kinematics.physiology import physiology_verdict, with_reach_flags
from mocap.kinematics.placed_heading import with_placement
from mocap.kinematics.plug_in_gait.measures import Measures, Stated, find_measures
from mocap.kinematics.poses import frequent_parts
from mocap.kinematics.proxies import with_proxies
from mocap.kinematics.rigid_groups import Moved, find_moved, find_moved_in_static
from mocap.kinematics.sources import angle_sources, few_frames, frames_with, telling_frames
from mocap.kinematics.static_noise import static_sd, with_static_noise
from mocap.kinematics.tape.points import any_finite
from mocap.kinematics.traced import evaluate
from mocap.trial import JointAngles, Verdict

Sources = Callable[..., Mapping[str, frozenset[str]]]


@dataclass(frozen=True, eq=False)
class Posed:
    """The body of a trial, and what it was made of.

    Attributes
    ----------
    found : Landmarks
    covariances : mapping of str to ndarray, shape (time, 3, 3)
        Of landmarks, m²; empty where the points have none.
    body : Body
    outcomes : mapping of str to Outcome
    fitted : Skeleton or None
        Of model `skeleton`.
    sources : callable
        Gives, per angle, the points that it is made of; with those of the heading on asking.
    noise : mapping of str to float
        Of `noise_of`, m.
    """

    found: lm.Landmarks
    covariances: Mapping[str, NDArray]
    body: Body
    outcomes: Mapping[str, Outcome]
    fitted: Skeleton | None
    sources: Sources
    noise: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Solved:
    """Angles of a trial, with the body they are of, and all verdicts."""

    angles: JointAngles
    posed: Posed
    person: Person
    measures: Measures | None
    verdicts: tuple[Verdict, ...]
    displaced: "Displaced"


@dataclass(frozen=True, eq=False)
class Displaced:
    """Points that left their places on the body, and plates that slid."""

    moved: tuple[Moved, ...]
    n_groups: int
    slip: PlateSlip | None
    verdicts: tuple[Verdict, ...]


def solve(trial: GivenTrial, options: KinematicsOptions, subject: Stated, static_subject: Stated) -> Solved:
    """Return the angles of a trial in which something is to be seen; errors as of `kinematics`."""
    marks = trial.matched.marker_set
    setting = Setting(marks.kind, marks.keypoints, options.hip_centre, gravity_known=trial.gravity_known)
    measures = None
    if options.model == "plug-in-gait":
        standing = None if trial.static is None else lm.positions_isb(trial.static, match(marks, trial.static.names))
        measures = find_measures(options, trial.positions, standing, subject, static_subject)
        setting = replace(setting, plug_in_gait=measures)
    person = NOBODY
    if trial.static is not None:
        person = calibrate_person(trial.static, marks, trial.positions, setting, options, trial.recordings)
    displaced = _displaced(trial, person, options)
    posed = _posed(trial, person, setting, options)
    angles = _flagged(_with_sd(trial, person, posed, options), trial, person, posed, displaced, options)
    if options.proxies:
        angles = with_proxies(angles, posed.body)
    return Solved(
        angles, posed, person, measures,
        _verdicts(trial, person, posed, displaced, angles, options)
        + (() if measures is None else measures.verdicts)
        + (() if posed.fitted is None else posed.fitted.verdicts),
        displaced,
    )  # fmt: skip


def _displaced(trial: GivenTrial, person: Person, options: KinematicsOptions) -> Displaced:
    """Return the points of trial and static that left their places; refuse a static of other places throughout."""
    own, rate_hz, keypoints = trial.unmixed, trial.points.rate_hz, trial.matched.marker_set.kind == "keypoints"
    without_odd = without_strays(own, trial.odd)
    moved, compared = ((), 0) if keypoints else find_moved(without_odd, person.quiet, rate_hz)
    moved = with_mixed(moved, trial.exchanges, rate_hz)
    marks = trial.matched.marker_set.keypoints
    moved += () if keypoints else find_steps(without_odd, rate_hz, marks, trial.odd.doubted)
    moved += find_shifted_heels(trial.positions, person.quiet, {one.group.name for one in moved})
    same = same_placement(moved, compared, refuse=options.static_check == "refuse") if person.quiet else ()
    moved += find_moved_in_static(person.quiet, trial.static, trial.points.n_frames) if compared else ()
    return Displaced(moved, compared, find_plate_slip(person.quiet, own, person.hips, rate_hz), same)


def _posed(trial: GivenTrial, person: Person, setting: Setting, options: KinematicsOptions) -> Posed:
    """Return the body of the trial, its angles traced but not computed."""
    points, matched, positions = trial.points, trial.matched, trial.positions
    covariances, noise = lm.covariances_isb(points, matched, positions), lm.noise_of(points, matched)
    fitted = None
    if options.model == "skeleton":
        pointed = trial.recordings.pointed_names
        fitted = fit_skeleton(points, matched, positions, trial.static, person, setting, options, pointed)
        found, covariances = fitted.landmarks, fitted.covariances
    else:
        traced = lm.traced_points(positions, bool(covariances))
        found = lm.build_landmarks(traced, person.calibration, options.pelvis, noise)
    size = person.size or size_without_static(positions, options)
    setting = replace(setting, pelvis_method=found.pelvis_method, size=size, functional=person.functional)
    if fitted is not None:
        setting = replace(setting, hip_shift=shifts_of(fitted.hips))
    body = build_body(found.points, found.poses, setting, person.zeros)
    # Once for all that asks for single ones of them later.
    parts = (part for pose in found.poses.values() for part in pose.parts)
    evaluate([*found.points.values(), *parts, *frequent_parts(body)])
    check_sides_carried(found, body)
    doubted = facing_doubted(trial.exchanges, points.n_frames)
    body.heading = with_placement(heading_of(body, points.rate_hz, options.heading_rad, doubted), body)
    outcomes = all_outcomes(body)

    def sources(heading: bool = False) -> dict[str, frozenset[str]]:
        """Return, per angle, the points that it is made of; with those that show the heading on asking."""

        def at(frames: NDArray) -> dict[str, frozenset[str]]:
            few = few_frames(
                positions, person.calibration, options.pelvis, noise, body, frames=frames, heading=heading
            )
            return angle_sources(all_outcomes(few))

        found = at(telling_frames(positions))
        # What is not observable in these few, such as the track of a knee above its ankle, is so in others.
        for name, outcome in outcomes.items():
            if outcome.angle is not None and name not in found and any_finite(outcome.angle.value):
                found |= {name: own for name, own in at(frames_with(outcome)).items() if name not in found}
        return found

    return Posed(found, covariances, body, fitted.worded(outcomes) if fitted else outcomes, fitted, sources, noise)


def _with_sd(trial: GivenTrial, person: Person, posed: Posed, options: KinematicsOptions) -> JointAngles:
    """Return the angles with their standard uncertainties, without flags."""
    angles = angles_of(posed.outcomes, posed.covariances, posed.found, posed.body, trial.points, options)
    angles = with_hip_error(angles, posed.found, posed.body, posed.fitted)
    if not posed.covariances or not person.mean_sd_m:
        return angles
    part = static_sd(
        posed.body, trial.positions, person.calibration, options.pelvis, posed.noise, person.mean_sd_m
    )
    return with_static_noise(angles, part)


def _flagged(
    angles: JointAngles,
    trial: GivenTrial,
    person: Person,
    posed: Posed,
    displaced: Displaced,
    options: KinematicsOptions,
) -> JointAngles:
    """Return the angles with a reason for every value that is missing or to be doubted."""
    sources, body = posed.sources, posed.body
    angles = with_frame_reasons(angles, body, posed.found, trial.positions, sources, upright=trial.upright)
    angles = with_flags_of_points(angles, trial, person, displaced, sources)
    if posed.fitted is not None:
        angles = posed.fitted.flagged(angles, body, {words_of(one): points_of(one) for one in displaced.moved})
    if body.heading is not None and body.heading.turned.any():
        angles = with_turned_flags(angles, body.heading.turned, names_by_heading(body, posed.outcomes))
    # Behind all other flags: turns are counted through sound frames alone.
    return with_reach_flags(settled_turns(angles), upright=trial.upright, confirmed=options.physiology == "confirmed")


def with_flags_of_points(
    angles: JointAngles, trial: GivenTrial, person: Person, displaced: Displaced, sources: Sources
) -> JointAngles:
    """Return angles, or what stands in for other quantities, with the flags of the points that they are made of."""
    angles = with_exchange_flags(with_odd_flags(angles, trial.odd, sources), trial.exchanges, sources)
    angles = with_point_flags(angles, coincident_flags(trial.coincident), sources)
    n_frames, carriers = trial.points.n_frames, carriers_of(person.calibration)
    misplaced = order_flags(trial.doubts, n_frames) + order_flags(person.doubts, n_frames, carriers)
    angles = with_point_flags(angles, misplaced, sources)
    # What leaves its place for long turns the heading, too; a few odd frames do not.
    lasting = partial(sources, heading=True)
    angles = with_moved_flags(angles, displaced.moved, lasting, carriers)
    return with_point_flags(angles, slip_flags(displaced.slip, n_frames), lasting)


def _verdicts(
    trial: GivenTrial,
    person: Person,
    posed: Posed,
    displaced: Displaced,
    angles: JointAngles,
    options: KinematicsOptions,
) -> tuple[Verdict, ...]:
    points, keypoints = trial.points, trial.matched.marker_set.kind == "keypoints"
    level = person.quiet if trial.static is not None and trial.static.gravity_known else {}
    upright = trial.upright
    return (
        *trial.of_static,
        *person.verdicts,
        *displaced.verdicts,
        *trial.of_labels,
        *trial.of_points,
        *(vertical_verdicts(level, trial.positions, points.rate_hz) if upright and not keypoints else ()),
        *moved_verdict(displaced.moved, displaced.n_groups, points, trial.positions, person.quiet),
        *verdicts_of(posed.body, posed.outcomes, trial.positions),
        *slip_verdicts(displaced.slip, points.rate_hz),
        *turned_verdict(posed.body.heading, points.rate_hz),
        *physiology_verdict(angles, upright=upright, confirmed=options.physiology == "confirmed"),
        *flat_foot_verdicts(angles, posed.body),
    )
