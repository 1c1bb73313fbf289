"""Points become segment poses and joint angles with their uncertainty: the entry of this package."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.anatomical.joints import NO_RECORDINGS, CalibrationRecordings
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.kinematics.degenerate import angles_of_nothing
from mocap.kinematics.further.measures import all_measures
from mocap.kinematics.given_trial import GivenTrial, look_at
from mocap.kinematics.marker_sets import MarkerSet
from mocap.kinematics.missing import cost_of_missing
from mocap.kinematics.option_use import check_functional, check_used
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.person import StaticReport
from mocap.kinematics.placement import Placement
from mocap.kinematics.plug_in_gait.measures import Measures, Stated
from mocap.kinematics.poses import joint_centre_positions, segment_transforms
from mocap.kinematics.segment_flags import with_segment_flags
from mocap.kinematics.solved import Solved, solve
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
    options = options or KinematicsOptions()
    trial, solved = _solved(points, marker_set, static, options, gravity_known, subject, static_subject)
    return _of_nothing(trial).angles if solved is None else solved.angles


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
        UNITS, AXES, SKELETON, LEFT_RIGHT, MEDIAL_LATERAL, DOUBLE_LABEL, HEEL_TOE, SPINE_ORDER, LABEL_ORDER,
        STATIC_OTHER_SUBJECT, STATIC_MOVING, STATIC_FEW_FRAMES, MARKER_SET_..., NO_POINTS, CALIBRATION_NO_STATIC,
        CALIBRATION_MODEL; those of
        `mocap.kinematics.plug_in_gait.measures.find_measures` and `mocap.kinematics.fit.model.fit_skeleton`.
    """
    options = options or KinematicsOptions()
    trial, solved = _solved(points, marker_set, static, options, gravity_known, subject, static_subject, recordings)
    if solved is None:
        return _of_nothing(trial)
    body, matched = solved.posed.body, trial.matched
    quantities = all_measures(body, solved.posed.covariances, points.rate_hz, options.sex) if measured else ()
    segments = Segments(*segment_transforms(body), points.rate_hz, quantities)
    return Kinematics(
        angles=solved.angles,
        segments=with_segment_flags(segments, trial, solved, options) if measured else segments,
        centres=joint_centre_positions(body),
        static_report=solved.person.report,
        verdicts=solved.verdicts,
        marker_set=matched.marker_set.name,
        missing=matched.missing,
        cost_of_missing=cost_of_missing(matched, solved.angles),
        measures=solved.measures,
        placement=Placement(solved.posed.found, body, options.landmark_sd_m),
    )


def _solved(
    points: Points3D,
    marker_set: str | MarkerSet | None,
    static: Points3D | None,
    options: KinematicsOptions,
    gravity_known: bool,
    subject: Stated | None,
    static_subject: Stated | None,
    recordings: CalibrationRecordings = NO_RECORDINGS,
) -> tuple[GivenTrial, Solved | None]:
    """Return what was given and what was found; None where nothing is to be seen."""
    check_used(options)
    check_functional(options, has_knees=bool(recordings.functional_knee))
    trial = look_at(points, marker_set, static, recordings, options, gravity_known=gravity_known)
    return trial, None if trial.nothing else solve(trial, options, subject or {}, static_subject or {})


def _of_nothing(trial: GivenTrial) -> Kinematics:
    """Return what a recording without a body gives: every angle not observable, for that reason."""
    points, matched = trial.points, trial.matched
    angles = angles_of_nothing(points, ANGLE_NAMES, trial.nothing)
    none = Segments((), np.empty((points.n_frames, 0, 4, 4)), points.rate_hz)
    return Kinematics(
        angles=angles, segments=none, centres={}, static_report=None, verdicts=(),
        marker_set=matched.marker_set.name, missing=matched.missing, cost_of_missing=cost_of_missing(matched, angles),
    )  # fmt: skip
