"""From a choice to a world: the one place that knows which source needs what."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.world.anchor import anchored_points, volume_motion
from calibration.world.choice import LANDMARK_KINDS, WorldChoice
from calibration.world.estimates import landmark_points
from calibration.world.feet import feet_frame
from calibration.world.floor import check_above_floor, check_upright
from calibration.world.frame import WorldFrame, camera_frame
from calibration.world.landmarks import Landmarks
from calibration.world.survey import known_points_frame
from calibration.world.vertical import vertical_frame


def check_landmarks(choice: WorldChoice, landmarks: Landmarks | None) -> None:
    """Refuse a choice whose landmarks nobody has read.

    Raises
    ------
    CalibrationError
        LANDMARKS_MISSING
    """
    if choice.needs_landmarks and landmarks is None:
        raise CalibrationError(
            f"world '{choice.describe()}' needs the landmarks of its file.",
            "Read them with calibration.world.read_landmarks and pass them on.",
            code="LANDMARKS_MISSING",
        )


def landmark_frame(
    choice: WorldChoice,
    rig: CameraRig,
    landmarks: Landmarks | None,
    camera_covariance: NDArray | None = None,
    volume: NDArray | None = None,
) -> WorldFrame:
    """Return the world of a rig from landmarks or a camera.

    Parameters
    ----------
    choice : WorldChoice
        Not of a board on the floor.
    rig : CameraRig
        In any frame: the root of the answer.
    landmarks : Landmarks, optional
        What the choice's file says, its pixels in the order of the rig.
    camera_covariance : ndarray, shape (camera * 18, camera * 18), optional
        As in `Calibration.camera_covariance`; without it cameras count as known, and the notes say so.
    volume : ndarray, shape (point, 3), optional
        Places in the capture volume, in the frame of the rig, against which the uncertainty is told.

    Raises
    ------
    CalibrationError
        LANDMARKS_MISSING, LANDMARK_NOT_SEEN, FLOOR_MIRRORED, FLOOR_BELOW, WORLD_UPSIDE_DOWN, and what the source
        refuses.
    """
    if not choice.needs_landmarks:
        name = choice.camera or rig.names[0]
        return camera_frame(choice.describe(), rig.cameras[rig.names.index(name)].cam_from_world)
    check_landmarks(choice, landmarks)
    assert landmarks is not None
    source, text = LANDMARK_KINDS[choice.kind], choice.describe()
    estimates = landmark_points(rig, landmarks, dispensable=source == "feet")
    centres = np.stack([camera.centre_world for camera in rig])
    if camera_covariance is not None:
        camera_covariance = camera_covariance.reshape(estimates.by_camera.shape[2], -1)
        if volume is not None:
            estimates = anchored_points(estimates, volume_motion(rig, volume))
    if source in ("l_frame", "surveyed_points"):
        frame, _ = known_points_frame(source, text, landmarks, estimates, camera_covariance)
    elif source == "feet":
        frame = feet_frame(text, landmarks, estimates, centres, camera_covariance)
    else:
        frame = vertical_frame(source, text, landmarks, estimates, centres[0], camera_covariance)
    cam_from_world = np.stack([camera.cam_from_world for camera in rig]) @ frame.root_from_world
    check_above_floor(cam_from_world, rig.names, source)
    check_upright(cam_from_world, rig.names, source)
    if camera_covariance is None:
        frame = replace(frame, notes=f"{frame.notes}; the cameras count as known")
    return frame
