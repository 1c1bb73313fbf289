"""Points become segment poses and joint angles with their uncertainty: the entry of this package."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics import landmarks as lm
from mocap.kinematics.anatomical.joints import NO_RECORDINGS, CalibrationRecordings
from mocap.kinematics.anatomical.trial_slip import find_plate_slip, slip_flags, slip_verdicts
from mocap.kinematics.body import Setting
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.kinematics.degenerate import angles_of_nothing, nothing_to_see, usable_static
from mocap.kinematics.exchanged import exchange_verdict, exchanges_of, unmixed, with_exchange_flags
from mocap.kinematics.faults.absurd import calibration_without_absurd
from mocap.kinematics.faults.bridging import facing_doubted
from mocap.kinematics.faults.carried import check_sides_carried
from mocap.kinematics.faults.odd_points import (
    find_odd_points,
    odd_verdicts,
    with_odd_flags,
    without_absurd,
    without_exchanged,
)
from mocap.kinematics.faults.turns import settled_turns
from mocap.kinematics.faults.verticals import vertical_verdicts
from mocap.kinematics.fit.model import fit_skeleton
from mocap.kinematics.frame_flags import with_point_flags
from mocap.kinematics.frame_reasons import with_frame_reasons
from mocap.kinematics.further.flat_foot import flat_foot_verdicts
from mocap.kinematics.further.measures import all_measures
from mocap.kinematics.heel_side import find_shifted_heels
from mocap.kinematics.marker_sets import MarkerSet, Matched, match, resolve
from mocap.kinematics.missing import cost_of_missing
from mocap.kinematics.models import build_body
from mocap.kinematics.moved_markers import carriers_of, moved_verdict, same_placement, with_moved_flags
from mocap.kinematics.option_use import check_functional, check_used
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.outcomes import all_outcomes, angles_of, heading_of, verdicts_of
from mocap.kinematics.person import NOBODY, StaticReport, calibrate_person, checked_positions, size_without_static
from mocap.kinematics.physiology import physiology_verdict, with_reach_flags
from mocap.kinematics.placed_heading import with_placement
from mocap.kinematics.placement import Placement
from mocap.kinematics.plug_in_gait.measures import Measures, Stated, find_measures
from mocap.kinematics.poses import frequent_parts, joint_centre_positions, segment_transforms
from mocap.kinematics.proxies import with_proxies
from mocap.kinematics.rigid_groups import find_moved, find_moved_in_static
from mocap.kinematics.sources import angle_sources, few_frames
from mocap.kinematics.static_noise import static_sd, with_static_noise
from mocap.kinematics.traced import evaluate
from mocap.kinematics.upright import upright_verdicts
from mocap.trial import JointAngles, Points3D, Segments, Verdict


@dataclass(frozen=True, eq=False)
class Kinematics:
    """All that the kinematics of one trial gives.

    Attributes
    ----------
    angles : JointAngles
    segments : Segments
    centres : mapping of str to ndarray, shape (time, 3)
        Joint centres in the world, m: `RHJC`, `LHJC`, `RKJC`, ...; those that are observable.
    static_report : StaticReport or None
    verdicts : tuple of Verdict
    marker_set : str
    missing : tuple of str
        Labels of the marker set that the trial does not have.
    cost_of_missing : mapping of str to tuple of str
        Per missing label, the angles that are not observable for want of it.
    measures : Measures or None
        Of model `plug-in-gait`: the measures of the person, where each came from, and notes.
    placement : Placement or None
        Tells what the placement of landmarks leaves in a given change of an angle.
    """

    angles: JointAngles
    segments: Segments
    centres: Mapping[str, NDArray]
    static_report: StaticReport | None
    verdicts: tuple[Verdict, ...]
    marker_set: str
    missing: tuple[str, ...]
    cost_of_missing: Mapping[str, tuple[str, ...]]
    measures: Measures | None = None
    placement: Placement | None = None


def joint_angles(
    points: Points3D,
    marker_set: str | MarkerSet | None = None,
    static: Points3D | None = None,
    *,
    options: KinematicsOptions | None = None,
    gravity_known: bool = True,
    subject: Stated | None = None,
    static_subject: Stated | None = None,
) -> JointAngles:
    """Compute every angle of the project; see `kinematics` for the parameters and errors."""
    return kinematics(
        points, marker_set, static, options=options, gravity_known=gravity_known, subject=subject,
        static_subject=static_subject, measured=False,
    ).angles  # fmt: skip


def segment_poses(
    points: Points3D,
    marker_set: str | MarkerSet | None = None,
    static: Points3D | None = None,
    *,
    options: KinematicsOptions | None = None,
    gravity_known: bool = True,
) -> Segments:
    """Compute segment poses, ISB axes in the Z-up world; see `kinematics` for the parameters and errors."""
    return kinematics(points, marker_set, static, options=options, gravity_known=gravity_known).segments


def joint_centres(
    points: Points3D,
    marker_set: str | MarkerSet | None = None,
    static: Points3D | None = None,
    *,
    options: KinematicsOptions | None = None,
    gravity_known: bool = True,
) -> Mapping[str, NDArray]:
    """Compute joint centres, shape (time, 3) in m; see `kinematics` for the parameters and errors."""
    return kinematics(points, marker_set, static, options=options, gravity_known=gravity_known, measured=False).centres


def kinematics(
    points: Points3D,
    marker_set: str | MarkerSet | None = None,
    static: Points3D | None = None,
    *,
    options: KinematicsOptions | None = None,
    gravity_known: bool = True,
    subject: Stated | None = None,
    static_subject: Stated | None = None,
    recordings: CalibrationRecordings = NO_RECORDINGS,
    measured: bool = True,
) -> Kinematics:
    """Turn labelled points into angles, segment poses and joint centres.

    Parameters
    ----------
    points : Points3D
        World Z up, metres.
    marker_set : str or MarkerSet, optional
        Found from the labels when left out.
    static : Points3D, optional
        Quiet standing of the same person with the same marker set; lumbar angles need it. Its covariance is taken as
        that of errors independent from frame to frame, as of raw points.
    options : KinematicsOptions, optional
    gravity_known : bool
        Whether world Z is known to be up; where not (or where the points say so), angles that refer to gravity are
        not observable.
    subject, static_subject : mapping of str to float or str, optional
        What the files of the trial and of the static tell of the person, in SI units (`leg_length_r_m`,
        `knee_width_r_m`, ...); model `plug-in-gait` needs it where the options do not tell it.
    recordings : CalibrationRecordings
        Functional movements and other recordings that calibrate the person; they need the static.
    measured : bool
        Whether the segments bring their measures: centre of mass, heel rise, angular velocities, ...

    Returns
    -------
    Kinematics
        Angles in rad. An angle that the input cannot show is NaN throughout, with the reason in its definition.

    Raises
    ------
    KinematicsError
        UNITS, AXES, SKELETON, LEFT_RIGHT, MEDIAL_LATERAL, HEEL_TOE, SPINE_ORDER, STATIC_OTHER_SUBJECT, STATIC_MOVING,
        MARKER_SET_..., NO_POINTS, CALIBRATION_NO_STATIC, CALIBRATION_MODEL; those of
        `mocap.kinematics.plug_in_gait.measures.find_measures` and `mocap.kinematics.fit.model.fit_skeleton`.
    """
    options = options or KinematicsOptions()
    check_used(options)
    check_functional(options, has_knees=bool(recordings.functional_knee))
    matched = resolve(points.names, marker_set)
    given, points = points, without_absurd(points)
    static, recordings, absurd = calibration_without_absurd(static, recordings)
    gravity_known = gravity_known and points.gravity_known
    upright = gravity_known and options.posture == "upright"
    nothing = nothing_to_see(points, list(matched.label_of.values()))
    if nothing:
        return _of_nothing(points, matched, nothing)
    static, unusable = usable_static(static, matched.marker_set)
    positions = checked_positions(points, matched, "trial", upright)
    exchanges = exchanges_of(points, matched)
    marks = matched.marker_set
    detected = frozenset(matched.label_of) if marks.kind == "keypoints" else marks.keypoints
    odd = without_exchanged(find_odd_points(points, matched.label_of, detected), exchanges)
    stands = upright_verdicts(positions) if upright else ()
    # A landmark that was touched is carried by its segment, whatever marker the trial has there.
    positions = {name: values for name, values in positions.items() if name not in recordings.pointed_names}
    setting = Setting(marks.kind, marks.keypoints, options.hip_centre, gravity_known=gravity_known)
    _check_recordings(recordings, options, static)
    measures = None
    if options.model == "plug-in-gait":
        standing = None if static is None else lm.positions_isb(static, match(marks, static.names))
        measures = find_measures(options, positions, standing, subject or {}, static_subject or {})
        setting = replace(setting, plug_in_gait=measures)
    person = NOBODY if static is None else calibrate_person(static, marks, positions, setting, options, recordings)
    # Labels that are exchanged for some frames are told as that.
    own = unmixed(positions, exchanges)
    moved, compared = find_moved(own, person.quiet, points.rate_hz) if marks.kind != "keypoints" else ((), 0)
    moved += find_shifted_heels(positions, person.quiet, {one.group.name for one in moved})
    same = same_placement(moved, compared, refuse=options.static_check == "refuse") if person.quiet else ()
    moved += find_moved_in_static(person.quiet, static, points.n_frames) if compared else ()
    covariances = lm.covariances_isb(points, matched, positions)
    noise = lm.noise_of(points, matched)
    fitted = None
    if options.model == "skeleton":
        fitted = fit_skeleton(
            points, matched, positions, static, person, setting, options, recordings.pointed_names
        )
        found, covariances = fitted.landmarks, fitted.covariances
    else:
        traced = lm.traced_points(positions, bool(covariances))
        found = lm.build_landmarks(traced, person.calibration, options.pelvis, noise)
    size = person.size or size_without_static(positions, options)
    setting = replace(setting, pelvis_method=found.pelvis_method, size=size, functional=person.functional)
    body = build_body(found.points, found.poses, setting, person.zeros)
    # Once for all that asks for single ones of them later.
    parts = (part for pose in found.poses.values() for part in pose.parts)
    evaluate([*found.points.values(), *parts, *frequent_parts(body)])
    check_sides_carried(found, body)
    doubted = facing_doubted(exchanges, points.n_frames)
    body.heading = with_placement(heading_of(body, points.rate_hz, options.heading_rad, doubted), body)
    outcomes = all_outcomes(body)
    if fitted is not None:
        outcomes = fitted.worded(outcomes)

    def sources(heading: bool = False) -> dict[str, frozenset[str]]:
        few = few_frames(positions, person.calibration, options.pelvis, noise, body, heading=heading)
        return angle_sources(all_outcomes(few))

    angles = angles_of(outcomes, covariances, found, body, points, options)
    if covariances and person.mean_sd_m:
        part = static_sd(body, positions, person.calibration, options.pelvis, noise, person.mean_sd_m)
        angles = with_static_noise(angles, part)
    angles = with_frame_reasons(angles, body, found, positions, sources, upright=upright)
    angles = settled_turns(with_exchange_flags(with_odd_flags(angles, odd, sources), exchanges, sources))
    # What leaves its place for long turns the heading, too; a few odd frames do not.
    lasting = partial(sources, heading=True)
    slip = find_plate_slip(person.quiet, own, person.hips, points.rate_hz)
    angles = with_moved_flags(angles, moved, lasting, carriers_of(person.calibration))
    angles = with_point_flags(angles, slip_flags(slip, points.n_frames), lasting)
    if fitted is not None:
        angles = fitted.flagged(angles, body)
    confirmed = options.physiology == "confirmed"
    angles = with_reach_flags(angles, upright=upright, confirmed=confirmed)
    if options.proxies:
        angles = with_proxies(angles, body, covariances)
    level = person.quiet if static is not None and static.gravity_known else {}
    quantities = all_measures(body, covariances, points.rate_hz, options.sex) if measured else ()
    return Kinematics(
        angles=angles,
        segments=Segments(*segment_transforms(body), points.rate_hz, quantities),
        centres=joint_centre_positions(body),
        static_report=person.report,
        verdicts=unusable
        + person.verdicts
        + same
        + stands
        + (exchange_verdict(exchanges, points),)
        + odd_verdicts(odd, given, points)
        + absurd
        + (vertical_verdicts(level, positions, points.rate_hz) if upright and marks.kind != "keypoints" else ())
        + moved_verdict(moved, compared, points, with_static=bool(person.quiet))
        + verdicts_of(body, outcomes, positions)
        + slip_verdicts(slip, points.rate_hz)
        + physiology_verdict(angles, upright=upright, confirmed=confirmed)
        + flat_foot_verdicts(angles, body)
        + (() if measures is None else measures.verdicts)
        + (() if fitted is None else fitted.verdicts),
        marker_set=matched.marker_set.name,
        missing=matched.missing,
        cost_of_missing=cost_of_missing(matched, angles),
        measures=measures,
        placement=Placement(found, body, options.landmark_sd_m),
    )


def _check_recordings(
    recordings: CalibrationRecordings, options: KinematicsOptions, static: Points3D | None
) -> None:
    """Refuse calibration recordings that the model, or the want of a static, leaves without a use."""
    if options.model == "plug-in-gait" and (recordings.functional_hip or recordings.functional_knee):
        raise KinematicsError(
            "Model plug-in-gait has its own hip centres and knee axes, and uses no functional movement.",
            "Leave the functional movements out, or use another model.",
            code="CALIBRATION_MODEL",
        )
    if static is None and not recordings.none:
        raise KinematicsError(
            "Functional movements and other calibration recordings say nothing without the static trial.",
            "Give the standing trial of the same person too.",
            code="CALIBRATION_NO_STATIC",
        )


def _of_nothing(points: Points3D, matched: Matched, reason: str) -> Kinematics:
    """Return what a recording without a body gives: every angle not observable, for that reason."""
    angles = angles_of_nothing(points, ANGLE_NAMES, reason)
    none = Segments((), np.empty((points.n_frames, 0, 4, 4)), points.rate_hz)
    return Kinematics(
        angles=angles, segments=none, centres={}, static_report=None, verdicts=(),
        marker_set=matched.marker_set.name, missing=matched.missing, cost_of_missing=cost_of_missing(matched, angles),
    )  # fmt: skip
