"""The lens that is chosen against the true one, by the error of points in the capture volume."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.quality.figures import volume_error
from calibration.recipe import calibrate
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.9, 0.9, 5)] * 2, np.linspace(0.1, 1.9, 5)), axis=-1).reshape(-1, 3)
#: A stereographic lens, 2 tan(angle / 2), as a continued fraction of the square root in it: k1 k2 k3 k4 k5 k6.
STEREOGRAPHIC = np.array([0.75, 0.0625, 0.0, 1.0, 0.1875, 0.0])
TRUE_MODEL = {
    "pinhole": "pinhole", "brown5": "rational8:k4=held,k5=held,k6=held", "rational8": "rational8",
    "fisheye": "fisheye", "wide fisheye": "fisheye",
}  # fmt: skip
#: Radially a stereographic lens is a fisheye with other coefficients: either name is right.
ALLOWED = {
    "pinhole": {"pinhole"}, "brown5": {"brown5"}, "rational8": {"rational8", "fisheye"}, "fisheye": {"fisheye"},
    "wide fisheye": {"fisheye"},
}  # fmt: skip


def rig_of(kind: str, seed: int) -> CameraRig:
    """Four cameras near the volume with lenses of one kind, each a little different."""
    wide = kind not in {"pinhole", "brown5"}
    rng = np.random.default_rng([seed, 5])
    cameras = []
    for camera in ring_rig(4, seed, radius_m=2.2, fisheye=wide):
        if kind == "pinhole":
            camera = replace(camera, distortion=np.zeros(5))
        elif kind == "rational8":
            distortion = np.insert(STEREOGRAPHIC, 2, rng.normal(0, 5e-4, 2))
            camera = replace(camera, distortion=distortion, fisheye=False)
        elif kind == "wide fisheye":  # 180 degrees across
            camera = replace(camera, matrix=camera.matrix * [[0.62, 1, 1], [1, 0.62, 1], [1, 1, 1]])
        cameras.append(camera)
    return CameraRig(tuple(cameras))


def compared(kind: str, seeds: range) -> tuple[Counter, float, float]:
    """How often each model was chosen, the RMS error over that with the true model, and the worst single ratio."""
    chosen, errors = Counter(), []
    for seed in seeds:
        rig = rig_of(kind, seed)
        poses = board_poses(BOARD, 60, seed, volume_m=(2.4, 2.4, 1.8))
        observations = observe_board(rig, BOARD, poses, 0.3, seed + 9)
        found = calibrate(observations)
        chosen.update(found.models)
        asked = calibrate(observations, lens=TRUE_MODEL[kind])
        errors.append([volume_error(result.rig, rig, GRID) for result in (found, asked)])
    mine, best = np.sqrt(np.mean(np.square(errors), axis=0))
    worst = float(max(one / other for one, other in errors))
    print(f"{kind}: {dict(chosen)}, {1e3 * mine:.3f} mm against {1e3 * best:.3f} mm, worst ratio {worst:.2f}")
    return chosen, float(mine / best), worst


@pytest.mark.parametrize("kind", list(TRUE_MODEL))
def test_the_chosen_lens_measures_like_the_true_one_in_some_rigs(kind: str) -> None:
    chosen, ratio, _ = compared(kind, range(2))
    # Measured in the mean error over that of the true model: pinhole 0.99, brown5 1.00, rational8 1.00, fisheye 1.00,
    # wide fisheye 1.00.
    assert set(chosen) <= ALLOWED[kind]
    assert ratio < 1.2


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", list(TRUE_MODEL))
def test_the_chosen_lens_measures_like_the_true_one(kind: str) -> None:
    chosen, ratio, worst = compared(kind, range(20))
    # Measured over 80 cameras each: pinhole 80 named rightly, 0.596 mm against 0.597 mm; brown5 77, 0.678 / 0.677;
    # rational8 77 (36 as such), 0.738 / 0.711, worst ratio 1.60; fisheye 80, 0.547 / 0.547; wide fisheye 79,
    # 0.873 / 0.875. Three rigs each besides: action cameras 118 degrees across 0.502 / 0.502, phones 0.465 / 0.442,
    # long lenses 0.343 / 0.357, six cameras of all kinds 0.238 / 0.227 (worst single ratio 1.22: a stereographic lens
    # taken for a fisheye, which has no decentring).
    assert sum(chosen[name] for name in ALLOWED[kind]) >= 0.9 * sum(chosen.values())
    assert ratio < 1.2
    assert worst < 2.0


def test_oblong_pixels_refute_the_belief_in_square_ones() -> None:
    rig = CameraRig(
        tuple(replace(camera, matrix=camera.matrix * [[1.0], [1.02], [1.0]]) for camera in rig_of("pinhole", 0))
    )
    observations = observe_board(rig, BOARD, board_poses(BOARD, 60, 0, volume_m=(2.4, 2.4, 1.8)), 0.3, 9)
    found = calibrate(observations)
    # Measured over 3 rigs: 0.40 mm; 1.37 mm where the belief pulls on to the end.
    assert volume_error(found.rig, rig, 0.7 * GRID) < 7e-4
    for ours, true in zip(found.rig, rig, strict=True):
        ratio = ours.matrix[1, 1] / ours.matrix[0, 0] / (true.matrix[1, 1] / true.matrix[0, 0])
        assert abs(ratio - 1) < 2e-3
