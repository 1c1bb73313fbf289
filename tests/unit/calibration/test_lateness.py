"""How late a camera is, against a known shift of moving points."""

import numpy as np
import pytest

from calibration.in_use.lateness import late_by, shifted
from calibration.synthetic.rigs import ring_rig

FRAMES = np.arange(10, 290, 4)


def moving(late: float, seed: int, sigma: float = 1.0, still: bool = False) -> np.ndarray:
    """Twelve points on circles of half a metre, one turn in 1.2 s at 100 frames a second; the second camera is late."""
    rng, rig, time = np.random.default_rng(seed), ring_rig(4, seed), np.arange(300) / 100.0
    middles, phases = rng.uniform(-0.4, 0.4, (12, 3)) + np.array([0, 0, 1]), rng.uniform(0, 6.28, 12)

    def at(when: np.ndarray) -> np.ndarray:
        turn = (0.0 if still else 5.2) * when[:, None] + phases
        return middles + 0.4 * np.stack([np.cos(turn), np.sin(turn), 0.5 * np.sin(turn + 1)], axis=-1)

    pixels = rig.project(at(time))
    pixels[1] = rig.cameras[1].project(at(time - late / 100.0))
    return pixels + sigma * rng.standard_normal(pixels.shape)


@pytest.mark.parametrize("late", [-15.0, -2.0, -0.5, 0.25, 0.5, 1.0, 5.0, 30.0])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 20))])
def test_the_lateness_is_found(late: float, seed: int) -> None:
    found = late_by(ring_rig(4, seed), moving(late, seed), FRAMES, 1)
    assert found is not None
    assert found.frames == pytest.approx(late, abs=0.1)  # measured over 20 seeds: at most 0.05
    if abs(late) >= 1:
        assert found.after_px < 0.6 * found.before_px


@pytest.mark.parametrize("seed", range(4))
def test_a_camera_in_step_is_not_late(seed: int) -> None:
    found = late_by(ring_rig(4, seed), moving(0.0, seed), FRAMES, 1)
    assert found is not None and abs(found.frames) < 0.1


def test_of_points_that_stand_still_nothing_is_claimed() -> None:
    found = late_by(ring_rig(4, 0), moving(5.0, 0, still=True), FRAMES, 1)
    assert found is None or not abs(found.frames) > 3 * found.sd


def test_frames_between_frames_lie_on_lines() -> None:
    pixels = np.arange(10.0)[:, None, None] * np.ones((1, 1, 2))
    assert np.allclose(shifted(pixels, np.array([2, 5]), 0.25)[:, 0, 0], [2.25, 5.25])
    assert np.isnan(shifted(pixels, np.array([9]), 0.5)).all()
    assert np.isnan(shifted(pixels, np.array([0]), -1.0)).all()
