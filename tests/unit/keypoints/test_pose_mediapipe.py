"""The embedded pose model: its names, its silence, and what it says where it is absent."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import ConfigError
from mocap.keypoints.pose.mediapipe_pose import MEDIAPIPE_NAMES, MediaPipeDetector
from mocap.skeleton import read_skeleton, side_of

ROOT = Path(__file__).resolve().parents[3]


def test_the_names_are_those_of_the_skeleton() -> None:
    assert read_skeleton("mediapipe_33").keypoints == MEDIAPIPE_NAMES
    sides = [side_of(name) for name in MEDIAPIPE_NAMES]
    assert sides.count("left") == sides.count("right") == 16


def test_the_names_are_those_of_the_model_and_it_is_silent() -> None:
    pytest.importorskip("mediapipe")
    code = (
        "import numpy as np\n"
        "from mocap.keypoints.pose.mediapipe_pose import MEDIAPIPE_NAMES, MediaPipeDetector\n"
        "detector = MediaPipeDetector()\n"
        "found = detector.detect(np.zeros((240, 200, 3), np.uint8))\n"
        "assert found.pixels.shape == (0, 33, 2)\n"
        "import mediapipe\n"
        "own = tuple(mark.name.lower() for mark in mediapipe.solutions.pose.PoseLandmark)\n"
        "assert own == MEDIAPIPE_NAMES, own\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_where_it_is_absent_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ConfigError, match=r"mocap\[pose\]") as refused:
        MediaPipeDetector()
    assert refused.value.code == "EXTRA_MISSING"


def test_keypoints_outside_the_image_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mark:
        def __init__(self, x: float, y: float, visibility: float) -> None:
            self.x, self.y, self.visibility = x, y, visibility

    marks = [Mark(0.5, 0.25, 0.9)] * 31 + [Mark(1.01, 0.5, 0.9), Mark(0.0, 1.0, 1.2)]

    class Pose:
        def __init__(self, **_options: object) -> None: ...

        def process(self, _image: np.ndarray) -> object:
            landmarks = type("Landmarks", (), {"landmark": marks})
            return type("Result", (), {"pose_landmarks": landmarks})

    solution = type("Solution", (), {"Pose": Pose})
    monkeypatch.setattr("mocap.keypoints.pose.mediapipe_pose._solution", lambda: solution)
    found = MediaPipeDetector().detect(np.zeros((200, 100, 3), np.uint8))
    # The middle of an image 100 px wide lies between its pixels 49 and 50.
    assert np.allclose(found.pixels[0, 0], (49.5, 49.5))
    assert np.isnan(found.pixels[0, 31]).all()
    assert found.confidence[0, 31] == 0
    assert np.allclose(found.pixels[0, 32], (-0.5, 199.5))
    assert found.confidence[0, 32] == 1
