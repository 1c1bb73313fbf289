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


def test_bones_are_those_of_the_skeleton_that_fits() -> None:
    assert ("RHip", "RKnee") in bones_among(("RHip", "RKnee", "RAnkle", "stray"))
    assert bones_among(("unheard", "of")) == ()


def test_unknown_skeleton_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'body_25b'"):
        read_skeleton("body25b")
