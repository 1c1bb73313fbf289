"""Faults of keypoint files, with remedies that `mocap calibrate` has: the readers speak to a reconstruction."""

from collections.abc import Iterator
from contextlib import contextmanager

from mocap.errors import KeypointError

_REMEDIES = {
    "CAMERA_COUNT": "Give keypoints of exactly the cameras that the calibration (--lenses, --check) or --image-size "
    "name: take the others out of the folder, or add what is missing.",
    "CAMERA_NAMES": "Rename the files or folders after the cameras of the calibration (--lenses, --check), or of "
    "--image-size.",
    "CAMERA_UNKNOWN": "Name the cameras in the files as the calibration (--lenses, --check) or --image-size do.",
    "KEYPOINT_EMPTY": "Export them again: with pixels, or without the keypoints that were never seen.",
}


@contextmanager
def calibration_remedies() -> Iterator[None]:
    """Let what reading keypoints refuses name a remedy of a calibration."""
    try:
        yield
    except KeypointError as error:
        if error.code not in _REMEDIES:
            raise
        raise KeypointError(error.cause, _REMEDIES[error.code], code=error.code) from error
