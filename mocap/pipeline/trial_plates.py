"""Plates of tags in one trial: their corners become one pose each, and the points that kinematics know a plate by."""

import re
from dataclasses import dataclass, replace

import numpy as np

from calibration import CameraRig
from mocap.config.plates import Plate
from mocap.errors import KeypointError
from mocap.reconstruction.rigid import PlatePoses, rigid_plate_poses
from mocap.reconstruction.rigid_points import CLUSTER_NAMES, cluster_points, joined_points
from mocap.trial import Keypoints2D, Operation, Points3D, Verdict

_CORNER = re.compile(r"^(?P<plate>.+)\.\d+\.[0-3]$")
_PRESENT = 90.0


@dataclass(frozen=True, eq=False)
class FittedPlates:
    """What the plates of a trial gave.

    Attributes
    ----------
    points : Points3D or None
        SAC1 to SAC4 and their like, of all plates on segments that marker sets track by a plate.
    verdicts : tuple of Verdict
        Per plate in how many frames it has a pose; failed too where the plate is not as described.
    operation : Operation or None
    """

    points: Points3D | None = None
    verdicts: tuple[Verdict, ...] = ()
    operation: Operation | None = None


def fit_plates(keypoints: Keypoints2D, rig: CameraRig, plates: tuple[Plate, ...] = ()) -> FittedPlates:
    """Fit every plate whose corners are among the keypoints.

    Parameters
    ----------
    keypoints : Keypoints2D
        Corners are called `<plate>.<id>.<corner>`.
    rig : CameraRig
    plates : tuple of Plate
        As they were measured, or drawn.

    Raises
    ------
    KeypointError
        PLATE_UNKNOWN, when plates are given and none of them is among the keypoints.
    """
    found = [match["plate"] for match in map(_CORNER.match, keypoints.names) if match]
    seen = sorted(set(found))
    if not plates:
        if not seen:
            return FittedPlates()
        text = f"corners of {', '.join(seen)} are points by themselves: name the plates to have their poses"
        return FittedPlates(operation=Operation("plates", {"notes": text}))
    known = [plate for plate in plates if set(plate.keypoint_names) & set(keypoints.names)]
    if not known:
        raise KeypointError(
            f"None of the plates {', '.join(plate.name for plate in plates)} is among the keypoints; there are "
            f"{', '.join(seen) if seen else 'no corners of plates'}.",
            "Name the plates that were looked for, or leave them out.",
            code="PLATE_UNKNOWN",
        )
    poses = [rigid_plate_poses(keypoints, rig, plate) for plate in known]
    clusters = [cluster_points(pose) for pose in poses if pose.plate.segment in CLUSTER_NAMES]
    unknown = sorted(set(seen) - {plate.name for plate in known})
    notes = [pose.said().replace("; ", ", ") for pose in poses]
    notes += [f"corners of {', '.join(unknown)} are of plates that were not named"] if unknown else []
    points = replace(joined_points(clusters), gravity_known=rig.gravity_known) if clusters else None
    return FittedPlates(points, tuple(map(_verdict, poses)), Operation("plates", {"notes": "; ".join(notes)}))


def beside(points: Points3D, more: Points3D | None) -> Points3D:
    """Return the points with more of the same frames beside them; what is unknown of the latter is NaN.

    Raises
    ------
    KeypointError
        NAME_TAKEN
    """
    if more is None:
        return points
    double = sorted(set(points.names) & set(more.names))
    if double:
        raise KeypointError(
            f"The points {', '.join(double)} come from keypoints and from plates.",
            "Leave out one of them (--keypoint), or rename the plate's segment.", code="NAME_TAKEN",
        )  # fmt: skip
    error = points.reprojection_error
    if error is not None:
        unknown = np.full((error.shape[0], *more.position.shape[:2]), np.nan, np.float32)
        error = np.concatenate([error, unknown], axis=2)
    views = None
    if points.n_views is not None and more.n_views is not None:
        views = np.concatenate([points.n_views, more.n_views], axis=1)
    by_rig = None
    if points.calibration_covariance is not None:
        other = more.calibration_covariance
        other = np.full((*more.position.shape, 3), np.nan, np.float32) if other is None else other
        by_rig = np.concatenate([points.calibration_covariance, other], axis=1)
    return replace(
        points, position=np.concatenate([points.position, more.position], axis=1), names=(*points.names, *more.names),
        covariance=np.concatenate([points.covariance, more.covariance], axis=1),
        status=np.concatenate([points.status, more.status], axis=1), reprojection_error=error, n_views=views,
        calibration_covariance=by_rig,
    )  # fmt: skip


def _verdict(poses: PlatePoses) -> Verdict:
    share = 100.0 * float(poses.observable.mean()) if len(poses.observable) else 0.0
    sd = np.rad2deg(poses.rotation_sd()[poses.observable])
    told = f"; rotation known to {np.sqrt((sd**2).sum(axis=1)).mean():.2f} deg" if len(sd) else ""
    text = f"of the frames have a pose of this plate{told}. {poses.said()}"
    return Verdict(f"plate {poses.plate.name}", share, _PRESENT, "%", share >= _PRESENT and not poses.misfit, text)
