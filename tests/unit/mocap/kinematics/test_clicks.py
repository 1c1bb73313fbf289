"""Landmarks clicked in views of the static: triangulated, their residual told, and carried by their segment."""

from pathlib import Path

import numpy as np
import pytest

from calibration.synthetic.rigs import ring_rig
from mocap.errors import ConfigError, KinematicsError
from mocap.kinematics import CalibrationRecordings, kinematics
from mocap.pipeline.calibration_recordings import RecordingPaths
from mocap.pipeline.clicks import clicked_landmarks
from mocap.pipeline.motion import kinematics_to_file
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D, Trial

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT, sway_m=0.004)
SQUAT = squat(SUBJECT, repetitions=1)
RIG = ring_rig(4)
CLICKED = ("RASIS", "LASIS", "RLFE", "RMFE")


def bare(points: Points3D) -> Points3D:
    """Without markers on what is clicked."""
    kept = [index for index, name in enumerate(points.names) if name not in CLICKED]
    return Points3D(points.position[:, kept], [points.names[index] for index in kept], points.rate_hz)


STANDING = Trial("standing", bare(STATIC.points), rig=RIG)


def written(path: Path, sigma_px: float, frame: int = 120, cameras: int = 4) -> Path:
    rng = np.random.default_rng(5)
    lines = []
    for name in CLICKED:
        pixels = RIG.project(STATIC.points.point(name)[frame][None])[:cameras, 0]
        pixels = pixels + rng.normal(0, sigma_px, pixels.shape)
        clicks = ", ".join(f"{c} = [{u:.9f}, {v:.9f}]" for c, (u, v) in zip(RIG.names, pixels, strict=False))
        lines.append(f'[[landmark]]\nname = "{name}"\nframe = {frame}\nclicks = {{ {clicks} }}\n')
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_clicks_give_the_angles_of_markers(tmp_path: Path) -> None:
    clicked = clicked_landmarks(written(tmp_path / "landmarks.toml", 0.0), STANDING)
    result = kinematics(bare(SQUAT.points), static=STANDING.points, recordings=CalibrationRecordings(clicked=clicked))
    for name in ("RHJC", "LHJC", "RKJC"):
        np.testing.assert_allclose(result.centres[name], SQUAT.joint_centres[name], atol=1e-6)
    np.testing.assert_allclose(result.angles["pelvic_tilt"], SQUAT.truth["pelvic_tilt"], atol=1e-6)


@pytest.mark.parametrize("cameras", [2, 4])
def test_the_residual_and_the_uncertainty_of_clicks_are_told(tmp_path: Path, cameras: int) -> None:
    clicked = clicked_landmarks(written(tmp_path / "landmarks.toml", 1.0, cameras=cameras), STANDING)
    for one in clicked:
        error = np.linalg.norm(one.position_world - STATIC.points.point(one.name)[one.frame])
        assert 0.05 < one.residual_px < 3.0
        assert error < 3 * one.sd_m


def test_clicks_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "landmarks.toml", 0.0)
    good = path.read_text(encoding="utf-8")
    first = good.split("\n\n")[0]

    def refused(text: str, standing: Trial = STANDING) -> str:
        path.write_text(text, encoding="utf-8")
        with pytest.raises((KinematicsError, ConfigError)) as error:
            clicked = clicked_landmarks(path, standing)
            kinematics(bare(SQUAT.points), static=standing.points, recordings=CalibrationRecordings(clicked=clicked))
        return error.value.code

    assert refused(good, Trial("standing", STANDING.points)) == "CLICK_NO_CAMERAS"
    assert refused(first.replace(RIG.names[0], "elsewhere")) == "CLICK_CAMERA"
    assert refused(first.replace("frame = 120", "frame = 300")) == "CLICK_FRAME"
    assert refused(first.replace("RASIS", "NOSE")) == "LANDMARK_UNKNOWN"
    one, other = RIG.names[:2]
    two = f'[[landmark]]\nname = "RASIS"\nframe = 1\nclicks = {{ {one} = [5.0, 5.0], {other} = [9.0, 9.0] }}'
    assert refused(two) == "CLICK_DISAGREE"
    assert refused(two.split(f", {other}")[0] + " }") == "CONFIG_VALUE"


def test_the_command_takes_clicks(tmp_path: Path) -> None:
    write_trial(tmp_path / "standing.h5", STANDING)
    write_trial(tmp_path / "squat.h5", Trial("squat", bare(SQUAT.points)))
    recorded = RecordingPaths(clicks=written(tmp_path / "landmarks.toml", 0.5))
    out = tmp_path / "out.h5"
    kinematics_to_file(tmp_path / "squat.h5", out, tmp_path / "standing.h5", None, None, None, None, recorded=recorded)
    read = read_trial(out)
    assert 0.05 < read.subject["static_clicked_RASIS_residual_px"] < 2.0  # type: ignore[operator]
    assert "landmarks.toml" in read.inputs


def test_clicks_without_a_static_are_refused(tmp_path: Path) -> None:
    write_trial(tmp_path / "squat.h5", Trial("squat", bare(SQUAT.points)))
    recorded = RecordingPaths(clicks=written(tmp_path / "landmarks.toml", 0.0))
    with pytest.raises(KinematicsError) as error:
        kinematics_to_file(
            tmp_path / "squat.h5", tmp_path / "out.h5", None, None, None, None, None, recorded=recorded
        )
    assert error.value.code == "CALIBRATION_NO_STATIC" and not (tmp_path / "out.h5").exists()
