"""The artefact of soft tissue: as large as told, where told, with the movement, and the same from the same seed."""

import numpy as np
import pytest

from mocap.synthetic import SkinMotion, default_subject, squat, with_skin_motion

TRIAL = squat(default_subject(), repetitions=2)


def _moved(points) -> np.ndarray:
    return np.linalg.norm(points.position - TRIAL.points.position, axis=2)


def test_markers_move_as_far_as_told_with_the_depth() -> None:
    moved = dict(zip(TRIAL.points.names, _moved(with_skin_motion(TRIAL, 3, SkinMotion(wander=0.0))).T, strict=True))
    depth = TRIAL.motion.hip_position[:, 2].max() - TRIAL.motion.hip_position[:, 2]
    for name, size in (("RASIS", 0.020), ("LASIS", 0.020), ("RTH1", 0.010), ("LTH3", 0.010)):
        assert moved[name].max() == pytest.approx(size, abs=1e-9)
        assert moved[name][0] == 0.0
        assert np.corrcoef(moved[name], depth)[0, 1] > 0.9
    still = [name for name in moved if "ASIS" not in name and "TH" not in name]
    assert max(moved[name].max() for name in still) == 0.0


def test_the_seed_decides_and_nothing_else() -> None:
    first, again, other = (with_skin_motion(TRIAL, seed).position for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    index = TRIAL.points.names.index("RTH1")
    assert np.abs(first[:, index] - other[:, index]).max() > 0.002


def test_the_artefact_is_as_slow_as_a_movement() -> None:
    skin = SkinMotion(wander=1.0)
    error = with_skin_motion(TRIAL, 5, skin).position - TRIAL.points.position
    speed = np.abs(np.diff(error, axis=0)).max() * TRIAL.points.rate_hz
    # The fastest wave of 20 mm at 2 Hz moves at 0.25 m/s; turning with the bone adds to it.
    assert 0.01 < speed < 0.35
