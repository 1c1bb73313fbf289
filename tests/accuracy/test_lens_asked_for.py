"""Whether a lens model that bends an answer is told, and no other: many rigs, true lenses, and models asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.observations import BoardObservations
from calibration.quality.lens_asked import lens_checks_asked
from calibration.quality.split_halves import board_middles, in_volume
from calibration.quality.uncertainty import focal_sd, position_sd
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
#: As in `test_lens_choice_volume`: 2 tan(angle / 2).
STEREOGRAPHIC = np.array([0.75, 0.0625, 0.0, 1.0, 0.1875, 0.0])
STRONG = (np.array([-0.33, 0.14, 0, 0, -0.03]), np.array([0.02, 0.01, 5e-4, 5e-4, 0.004]))
TRUE = {
    "brown": "brown5", "strong": "brown5", "fisheye": "fisheye", "rational": "rational8", "pinhole": "pinhole",
    "square": "brown5:fx=fy,c=held",
}  # fmt: skip
ASKED = ("pinhole", "brown2", "brown5", "rational8", "fisheye")


@dataclass(frozen=True)
class Case:
    """A model asked for: the check's status, and how far it bends cameras, in stated sd, beside the true model."""

    kind: str
    seed: int
    lens: str
    status: str
    bent_sds: float


def rig_of(kind: str, seed: int) -> CameraRig:
    """Four cameras; every third rig stands farther off, so that the board reaches less of the images."""
    wide, rng, cameras = kind in {"fisheye", "rational"}, np.random.default_rng([seed, 5]), []
    for camera in ring_rig(4, seed, radius_m=2.2 if seed % 3 else 2.8, fisheye=wide):
        if kind == "strong":
            camera = replace(camera, distortion=STRONG[0] + rng.normal(0, STRONG[1]))
        elif kind == "pinhole":
            camera = replace(camera, distortion=np.zeros(5))
        elif kind == "square":
            matrix = camera.matrix.copy()
            matrix[1, 1], matrix[:2, 2] = matrix[0, 0], [639.5, 359.5]
            camera = replace(camera, matrix=matrix)
        elif kind == "rational":
            camera = replace(camera, distortion=np.insert(STEREOGRAPHIC, 2, rng.normal(0, 5e-4, 2)), fisheye=False)
        cameras.append(camera)
    return CameraRig(tuple(cameras))


def observed(kind: str, seed: int) -> BoardObservations:
    rng = np.random.default_rng([seed, 9])
    n_poses, noise_px = int(rng.integers(80, 151)), rng.uniform(0.2, 0.3)
    volume = (2.4, 2.4, 1.8) if seed % 3 else (1.2, 1.2, 1.4)
    return observe_board(rig_of(kind, seed), BOARD, board_poses(BOARD, n_poses, seed, volume), noise_px, seed + 77)


def bent_sds(found: Calibration, best: Calibration, observations: BoardObservations) -> float:
    """Largest change of a position or focal length against the true model on the same corners, in stated sd.

    Noise that both answers share is no fault of the model: with the true one, too, some value of a rig's eight lies
    beyond 2 sd in every fourth rig.
    """
    placed = in_volume(best.rig, found.rig, board_middles(found, observations))
    off = [one.centre_world - other.centre_world for one, other in zip(placed, found.rig, strict=True)]
    focal = [np.array([camera.matrix[[0, 1], [0, 1]].mean() for camera in rig]) for rig in (best.rig, found.rig)]
    moved = np.linalg.norm(off, axis=1) / position_sd(found.rig)
    return float(max(moved.max(), (np.abs(focal[0] / focal[1] - 1) / focal_sd(found.rig)).max()))


def cases(kinds: tuple[str, ...], seeds: range, lenses: tuple[str, ...]) -> Iterator[Case]:
    for seed in seeds:
        for kind in kinds:
            observations = observed(kind, seed)
            best = calibrate(observations, lens=TRUE[kind])
            for lens in lenses or (TRUE[kind],):
                try:
                    found = best if lens == TRUE[kind] else calibrate(observations, lens=lens)
                except CalibrationError:
                    continue  # refused anyway
                (check,) = lens_checks_asked(found, observations)
                yield Case(kind, seed, lens, check.status, bent_sds(found, best, observations))


def test_a_lens_that_bends_the_cameras_is_told_and_the_true_one_is_not() -> None:
    every = list(cases(("strong",), range(2, 3), ("pinhole", "brown2", "brown5")))
    assert [case.status for case in every] == ["fail", "fail", "ok"], every
    assert every[0].bent_sds > 5 and every[1].bent_sds > 2  # measured 6.5 and 2.9


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_of_twenty_rigs_none_is_bent_clearly_and_unsaid() -> None:
    every = list(cases(("brown", "strong", "fisheye", "rational"), range(20), ASKED))
    bent = [case for case in every if case.bent_sds > 2.0]
    missed = [case for case in bent if case.status == "ok"]
    print(f"{len(every)} calibrations, {len(bent)} bent by more than 2 sd, of which {len(missed)} unsaid: {missed}")
    # What bends an answer by little more than its sd may hide in the noise; what bends it clearly may not. Measured on
    # 43 seeds from 1000 on that nothing was tuned with: of 680 wrong models 266 bent by more than 2 sd, of which 264
    # were told (258 failed, 6 warned of). Unsaid: 2.24 sd (strong lenses as fisheyes), 2.71 sd (rational as brown5).
    assert len(missed) <= 0.02 * len(bent) and all(case.bent_sds < 2.5 for case in missed)
    assert all(case.status == "ok" for case in every if case.lens == TRUE[case.kind])


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_true_models_raise_no_alarm() -> None:
    # Measured: none of 105 over rigs of these kinds, nor of 254 on seeds from 1000 on that nothing was tuned with. Of
    # 45 of the 105 the gain was kept: the largest was 0.66 of what chance is allowed.
    every = list(cases(tuple(TRUE), range(8), ()))
    assert len(every) == 48
    assert [case for case in every if case.status != "ok"] == []
