"""The embedded pose model: MediaPipe's full BlazePose, which lies inside the wheel of its release 0.10.14.

Good for a demonstration, poor for a lab: on four synchronised views its keypoints disagree by a median of about 16 px
(a tenth of them by more than 150 px), a view from behind swaps left and right in about a third of the frames, and
its `visibility` is no confidence: a nose gets 1.00 in a view from behind. Use a better model by its ONNX file where
the numbers are to mean something.
"""

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError
from mocap.keypoints.detector import Detection
from mocap.keypoints.pose.quiet import quiet

#: The names of the 33 keypoints, in the order of the model's output.
MEDIAPIPE_NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
_FULL_MODEL = 1  # the one that is inside the wheel; the lighter and the heavier one would be downloaded


class MediaPipeDetector:
    """One person's 33 keypoints by MediaPipe, tracked from image to image; needs no network.

    Good for a demonstration, poor for a lab; see the module.

    Parameters
    ----------
    tracked : bool
        Take the images for a video: the person is followed, and searched for anew only where lost. Otherwise each
        image stands alone, which is slower.
    min_confidence : float
        Below it a person does not count as found, in [0, 1].

    Raises
    ------
    ConfigError
        EXTRA_MISSING, when MediaPipe is not installed; MEDIAPIPE, when its release has not this model.

    Notes
    -----
    The confidence is the model's `visibility`, which says how sure it is of itself and not how right it is. Keypoints
    that it places outside the image are guesses, and left out.
    """

    names = MEDIAPIPE_NAMES
    colour = True

    def __init__(self, tracked: bool = True, min_confidence: float = 0.5) -> None:
        pose = _solution()
        try:
            with quiet():
                self._pose = pose.Pose(
                    static_image_mode=not tracked, model_complexity=_FULL_MODEL, enable_segmentation=False,
                    min_detection_confidence=min_confidence, min_tracking_confidence=min_confidence,
                )  # fmt: skip
                # Its threads report on themselves while they start: an image of nothing lets them finish that here.
                self._pose.process(np.zeros((64, 64, 3), np.uint8))
        except (FileNotFoundError, RuntimeError, OSError) as error:
            raise ConfigError(
                f"MediaPipe could not be started: {error}", "Install its release 0.10.14: pip install 'mocap[pose]'.",
                code="MEDIAPIPE",
            ) from error  # fmt: skip

    def detect(self, image: NDArray) -> Detection:
        """Return the person in the next image, shape (height, width, 3), BGR uint8; nobody: no person at all."""
        height, width = image.shape[:2]
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the protocol buffers, which deprecate themselves at every image
            landmarks = self._pose.process(rgb).pose_landmarks
        if landmarks is None:
            return Detection(np.empty((0, len(self.names), 2)), np.empty((0, len(self.names))))
        found = np.array([(mark.x, mark.y, mark.visibility) for mark in landmarks.landmark])
        # Normalised coordinates run from edge to edge of the image; ours begin in the centre of the first pixel.
        pixels = found[:, :2] * (width, height) - 0.5
        inside = ((pixels >= -0.5) & (pixels <= (width - 0.5, height - 0.5))).all(axis=1)
        pixels[~inside] = np.nan
        return Detection(pixels[None], np.clip(found[:, 2], 0.0, 1.0)[None])


def mediapipe_version() -> str:
    """Return the release that is installed; empty when there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mediapipe")
    except PackageNotFoundError:
        return ""


def require_mediapipe() -> None:
    """Raise, without importing it, the error that names the extra where MediaPipe is not installed."""
    if not mediapipe_version():
        raise _missing()


def _missing() -> ConfigError:
    return ConfigError(
        "The pose model of MediaPipe is not installed.",
        "Install it: pip install 'mocap[pose]' (Python below 3.13), or give an ONNX model by its path.",
        code="EXTRA_MISSING",
    )


def _solution() -> Any:
    """Return MediaPipe's pose solution; its import is slow and talks on the standard error stream."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet():
            import mediapipe

            return mediapipe.solutions.pose
    except ImportError as error:
        raise _missing() from error
    except AttributeError as error:
        raise ConfigError(
            f"MediaPipe {mediapipe_version()} no longer has the pose model in its wheel.",
            "Install its release 0.10.14: pip install 'mocap[pose]'.",
            code="MEDIAPIPE",
        ) from error
