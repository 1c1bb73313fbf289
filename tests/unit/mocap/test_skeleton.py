import pytest

from mocap.config.presets import preset_names
from mocap.errors import ConfigError
from mocap.skeleton import bones_among, read_skeleton, side_of


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("LKnee", "left"), ("RASIS", "right"), ("r_knee", "right"), ("L.ASIS", "left"), ("r.PSIS", "right"),
        ("left_hip", "left"), ("RightHip", "right"), ("hip_flexion_r", "right"), ("A22:LASI", "left"),
        ("R5meta", "right"), ("RT1", "right"), ("LTH1", "left"), ("LMT5", "left"), ("LSJC", "left"),
        ("L5", "centre"), ("T12", "centre"), ("T12_3", "centre"), ("C7", "centre"), ("SAC1", "centre"),
        ("Neck", "centre"), ("lumbar", "centre"), ("ribs", "centre"), ("Nose", "centre"), ("STRN", "centre"),
        ("MidHip", "centre"), ("VERTEX", "centre"), ("L_5meta", "left"),
    ],
)  # fmt: skip
def test_side_of_the_usual_spellings(name: str, side: str) -> None:
    assert side_of(name) == side


@pytest.mark.parametrize("preset", preset_names("skeletons"))
def test_presets_are_sound_and_mirror_symmetric(preset: str) -> None:
    skeleton = read_skeleton(preset)
    # RBAK is asymmetric on purpose: it tells the sides of the trunk apart.
    sides = [side_of(name) for name in skeleton.keypoints if name != "RBAK"]
    assert sides.count("left") == sides.count("right")
    assert all(len(set(bone)) == 2 for bone in skeleton.bones)


def test_body_25b_has_the_order_of_openpose() -> None:
    keypoints = read_skeleton("BODY_25B").keypoints
    assert len(keypoints) == 25
    assert (keypoints[11], keypoints[12], keypoints[18], keypoints[24]) == ("LHip", "RHip", "Head", "RHeel")


def test_whole_body_has_the_places_of_its_dataset() -> None:
    # COCO-WholeBody as in MMPose's configs/_base_/datasets/coco_wholebody.py.
    keypoints = read_skeleton("coco_wholebody").keypoints
    places = {0: "nose", 12: "right_hip", 17: "left_big_toe", 19: "left_heel", 22: "right_heel", 23: "face-0",
              90: "face-67", 91: "left_hand_root", 100: "left_middle_finger1", 112: "right_hand_root",
              126: "right_ring_finger2", 132: "right_pinky_finger4"}  # fmt: skip
    assert len(keypoints) == 133 and keypoints[:17] == read_skeleton("coco_17").keypoints
    assert {place: keypoints[place] for place in places} == places


def test_mediapipe_has_the_order_of_its_own_package() -> None:
    landmarks = pytest.importorskip("mediapipe.python.solutions.pose").PoseLandmark
    assert read_skeleton("mediapipe_33").keypoints == tuple(landmark.name.lower() for landmark in landmarks)


def test_bones_are_those_of_the_skeleton_that_fits() -> None:
    assert ("RHip", "RKnee") in bones_among(("RHip", "RKnee", "RAnkle", "stray"))
    assert bones_among(("unheard", "of")) == ()


def test_unknown_skeleton_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'body_25b'"):
        read_skeleton("body25b")
