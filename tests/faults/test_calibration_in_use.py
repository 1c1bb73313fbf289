"""A calibration in use: what has changed since is found and named, by a board and by the person of a trial."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.files import read_rig, write_rig
from calibration.in_use.check import UseCheck, check_in_use
from calibration.in_use.image_motion import ImageChange
from calibration.in_use.use_verdict import CheckLimits
from calibration.observations import BoardObservations
from calibration.quality.uncertainty import draw_rigs
from calibration.rigid import from_rotvec
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from mocap.errors import KeypointError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.keypoint_input import KeypointInput, load_keypoints
from mocap.pipeline.trial_check import check_against_calibration
from mocap.synthetic import default_subject, observe, squat, walking
from mocap.synthetic.observation import partners
from mocap.trial import Keypoints2D, Points3D

Cli = Callable[..., object]
BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
N_CAMERAS = 4
SEEDS = [pytest.param(0), *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 20))]
# Measured over 20 seeds each. By a board: swapped, turned by 90, 180 and 270 deg, mirrored, larger, smaller and bumped
# cameras (before and while filming) all found 20/20; sound calibrations accused 0/20. By a trial: swapped, turned by
# 180 deg, bumped before and during it and all videos of
# another resolution found 20/20; sound trials accused 0/20.
KINDS = {"90": ("CAMERA_ROTATED", 90.0), "180": ("CAMERA_ROTATED", 180.0), "270": ("CAMERA_ROTATED", 270.0),
         "mirrored": ("CAMERA_MIRRORED", 0.0), "larger": ("IMAGE_SIZE", 1.5),
         "smaller": ("IMAGE_SIZE", 2 / 3)}  # fmt: skip


@cache
def calibrated(seed: int) -> tuple[CameraRig, CameraRig]:
    """The true cameras, and what a calibration with small errors believes of them."""
    true = ring_rig(N_CAMERAS, seed)
    sd = np.array([0.3, 0.3, 0.2, 0.2, *[0.0] * 8, *[1e-4] * 3, *[3e-4] * 3])
    covariance = np.zeros((N_CAMERAS, 18, N_CAMERAS, 18))
    for camera in range(N_CAMERAS):
        covariance[camera, :, camera] = np.diag(sd**2)
    believed = draw_rigs(true, covariance, 1, seed)[0]
    return true, CameraRig(believed.cameras, believed.metadata, covariance)


@cache
def person(seed: int) -> Points3D:
    """Every fourth landmark of a squatting or walking person, up to six seconds."""
    trial = (walking if seed % 2 else squat)(default_subject(seed=seed))
    start = max(0, trial.points.n_frames // 2 - 300)
    points, names = trial.points.position[start : start + 600, ::2], trial.points.names[::2]
    kept = [index for index, name in enumerate(names)]
    return Points3D(points[:, kept], tuple(names[index] for index in kept), trial.points.rate_hz)


def seen(seed: int, rig: CameraRig | None = None, **faults: object) -> Keypoints2D:
    """Keypoints with 3 px of noise, 3 % of them wild and 5 % missing."""
    rig = calibrated(seed)[0] if rig is None else rig
    spoilt = {"pixel_sigma": 3.0, "outlier_fraction": 0.03, "dropout": 0.05, **faults}
    return observe(person(seed), rig, seed, **spoilt).keypoints  # type: ignore[arg-type]


def filmed(seed: int, rig: CameraRig | None = None) -> BoardObservations:
    rig = calibrated(seed)[0] if rig is None else rig
    return observe_board(rig, BOARD, board_poses(BOARD, 60, seed), 0.3, seed + 1)


def spoilt(pixels: np.ndarray, camera: Camera, kind: str) -> np.ndarray:
    """Where the pixels lie in images that were turned, mirrored or resized."""
    x, y = pixels[..., 0], pixels[..., 1]
    right, bottom = camera.size[0] - 1, camera.size[1] - 1
    if kind in ("larger", "smaller"):
        return (pixels + 0.5) * KINDS[kind][1] - 0.5
    turned = {"90": (bottom - y, x), "180": (right - x, bottom - y), "270": (y, right - x), "mirrored": (right - x, y)}
    return np.stack(turned[kind], axis=-1)


def bumped(rig: CameraRig, which: int, degrees: float, seed: int) -> CameraRig:
    axis = np.random.default_rng(seed).standard_normal(3)
    own = rig.cameras[which]
    turn = from_rotvec(np.deg2rad(degrees) * axis / np.linalg.norm(axis), np.zeros(3))
    moved = replace(own, cam_from_world=turn @ own.cam_from_world)
    return CameraRig(tuple(moved if index == which else camera for index, camera in enumerate(rig)))


def refusal(keypoints: Keypoints2D, rig: CameraRig) -> KeypointError:
    with pytest.raises(KeypointError) as error:
        check_against_calibration(keypoints, rig)
    assert error.value.remedy
    return error.value


def with_pixels(keypoints: Keypoints2D, pixels: np.ndarray, order: np.ndarray | None = None) -> Keypoints2D:
    confidence = keypoints.confidence if order is None else keypoints.confidence[order]
    return Keypoints2D(pixels, np.where(np.isfinite(pixels[..., 0]), confidence, 0.0), keypoints.names, 100.0)


def by_board(seed: int, change: Callable[[np.ndarray, CameraRig], None]) -> UseCheck:
    observations, rig = filmed(seed), calibrated(seed)[1]
    pixels = observations.pixels.copy()
    change(pixels, rig)
    return check_in_use(rig, pixels, frame_ids=observations.frame_ids.tolist())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_calibration_is_not_accused_by_a_board(seed: int) -> None:
    check = by_board(seed, lambda pixels, rig: None)
    assert check.diagnoses == () and check.fault is None
    # Measured over 20 seeds: 48 cameras of 80 are good; of the others it is said that 6.0 to 13.5 mm would not show.
    for camera in check.cameras:
        bound = re.fullmatch(r"no change found, but one of up to ([\d.]+) mm would not show", camera.reason)
        told = bound is not None and CheckLimits().refuse_mm <= float(bound[1]) < 20.0
        assert (camera.verdict, told) in {("good", False), ("usable", True)}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_trial_is_not_accused(seed: int) -> None:
    verdicts = check_against_calibration(seen(seed), calibrated(seed)[1])
    assert len(verdicts) == N_CAMERAS and all(verdict.passed for verdict in verdicts)


@pytest.mark.parametrize("seed", SEEDS)
def test_cameras_swapped_against_a_previous_calibration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = np.arange(N_CAMERAS)
    while (order == np.arange(N_CAMERAS)).all():
        order = rng.permutation(N_CAMERAS)

    def exchange(pixels: np.ndarray, rig: CameraRig) -> None:
        pixels[:] = pixels[order]

    check = by_board(seed, exchange)
    moved = [index for index in range(N_CAMERAS) if order[index] != index]
    assert [one.code for one in check.diagnoses] == ["CAMERAS_SWAPPED"]
    assert check.fault is not None
    assert check.fault.cameras == tuple(f"cam_{index}" for index in moved)
    assert check.fault.belongs_to == tuple(f"cam_{order[index]}" for index in moved)


@pytest.mark.parametrize("seed", SEEDS)
def test_cameras_swapped_between_calibration_and_trial(seed: int) -> None:
    one, other = sorted(np.random.default_rng(seed).choice(N_CAMERAS, 2, replace=False))
    keypoints, order = seen(seed), np.arange(N_CAMERAS)
    order[[one, other]] = other, one
    error = refusal(with_pixels(keypoints, keypoints.pixels[order], order), calibrated(seed)[1])
    assert error.code == "CAMERAS_SWAPPED"
    assert f"'cam_{one}' is of camera 'cam_{other}', 'cam_{other}' is of camera 'cam_{one}'" in error.cause


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("seed", SEEDS)
def test_images_turned_mirrored_or_resized_since(seed: int, kind: str) -> None:
    which = int(np.random.default_rng(seed).integers(N_CAMERAS))

    def spoil(pixels: np.ndarray, rig: CameraRig) -> None:
        pixels[which] = spoilt(pixels[which], rig.cameras[which], kind)

    check, (code, value) = by_board(seed, spoil), KINDS[kind]
    assert [one.code for one in check.diagnoses] == [code]
    assert check.fault is not None and check.fault.cameras == (f"cam_{which}",)
    assert check.fault.change is not None and check.fault.change.value == pytest.approx(value)


@pytest.mark.parametrize(
    "kind",
    ["270", "mirrored", "smaller", *(pytest.param(one, marks=pytest.mark.heavy) for one in ("90", "180", "larger"))],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_trial_with_images_turned_mirrored_or_resized_is_refused(seed: int, kind: str) -> None:
    which, (true, rig) = int(np.random.default_rng(seed).integers(N_CAMERAS)), calibrated(seed)
    keypoints = seen(seed)
    pixels = keypoints.pixels.copy()
    pixels[which] = spoilt(pixels[which], true.cameras[which], kind)
    if kind == "mirrored":  # a detector takes the left hand in a mirrored image for the right one
        pixels[which] = pixels[which][:, partners(keypoints.names)]
    error = refusal(with_pixels(keypoints, pixels), rig)
    assert error.code == KINDS[kind][0]
    assert f"'cam_{which}'" in error.cause


@pytest.mark.parametrize("seed", SEEDS)
def test_all_videos_of_another_resolution(seed: int) -> None:
    keypoints = seen(seed)
    error = refusal(with_pixels(keypoints, (keypoints.pixels + 0.5) * 0.5 - 0.5), calibrated(seed)[1])
    assert error.code == "IMAGE_SIZE" and "scaled by 0.5 " in error.cause and "1280 x 720" in error.cause


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_bumped_by_a_degree_is_named_by_a_board(seed: int) -> None:
    which, true = int(np.random.default_rng(seed).integers(N_CAMERAS)), calibrated(seed)[0]
    moved = filmed(seed, bumped(true, which, 1.0, seed)).pixels

    def bump(pixels: np.ndarray, rig: CameraRig) -> None:
        pixels[:] = moved

    check = by_board(seed, bump)
    assert [one.code for one in check.diagnoses] == ["CAMERA_MOVED"]
    found = check.cameras[which]
    assert found.verdict == "refuse" and found.since is None and check.diagnoses[0].cameras == (f"cam_{which}",)
    # Measured over 20 seeds: within 0.1 deg or so; what is not seen from few shared boards is in its sd.
    assert found.change is not None and abs(found.change.turn_deg - 1.0) < 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_bumped_during_the_check_is_named_with_the_frame(seed: int) -> None:
    which, at = int(np.random.default_rng(seed).integers(N_CAMERAS)), 35
    moved = filmed(seed, bumped(calibrated(seed)[0], which, 1.0, seed)).pixels

    def bump(pixels: np.ndarray, rig: CameraRig) -> None:
        pixels[:, at:] = moved[:, at:]

    check = by_board(seed, bump)
    assert [one.code for one in check.diagnoses] == ["CAMERA_MOVED"]
    found = check.cameras[which]
    assert check.diagnoses[0].cameras == (f"cam_{which}",) and found.since is not None
    assert at <= found.since <= at + 8  # the next frame in which this camera shares the board


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_bumped_before_a_trial_fails_its_verdict(seed: int) -> None:
    which, (true, rig) = int(np.random.default_rng(seed).integers(N_CAMERAS)), calibrated(seed)
    verdicts = check_against_calibration(seen(seed, bumped(true, which, 1.0, seed)), rig)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    assert [verdict.name for verdict in failed] == [f"cam_{which} as calibrated"]
    assert "CAMERA_MOVED" in failed[0].text and failed[0].measured > failed[0].limit


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_bumped_during_a_trial_fails_its_verdict(seed: int) -> None:
    which, (true, rig) = int(np.random.default_rng(seed).integers(N_CAMERAS)), calibrated(seed)
    keypoints = seen(seed)
    at = keypoints.n_frames // 2
    pixels = keypoints.pixels.copy()
    pixels[:, at:] = seen(seed, bumped(true, which, 1.0, seed)).pixels[:, at:]
    failed = [v for v in check_against_calibration(with_pixels(keypoints, pixels), rig) if not v.passed]
    assert [verdict.name for verdict in failed] == [f"cam_{which} as calibrated"]
    frame = int(failed[0].text.split("near frame ")[1].split(":")[0])
    assert abs(frame - at) <= 40  # every 14th frame was looked at


@pytest.mark.parametrize("seed", SEEDS)
def test_a_zoomed_lens_is_told_from_a_bump(seed: int) -> None:
    which, true = int(np.random.default_rng(seed).integers(N_CAMERAS)), calibrated(seed)[0]
    own = true.cameras[which]
    matrix = own.matrix * np.array([[1.03, 1, 1], [1, 1.03, 1], [1, 1, 1]])
    zoomed = CameraRig(tuple(replace(own, matrix=matrix) if i == which else c for i, c in enumerate(true)))
    moved = filmed(seed, zoomed).pixels

    def zoom(pixels: np.ndarray, rig: CameraRig) -> None:
        pixels[:] = moved

    check = by_board(seed, zoom)
    assert [(one.code, one.cameras) for one in check.diagnoses] == [("LENS_CHANGED", (f"cam_{which}",))]
    change = check.cameras[which].change
    # Measured over 40 seeds: off by 0.85 of the stated sd (rms) and by 2.6 at most; sd 0.002 at most.
    assert change is not None
    sd = float(np.sqrt(change.covariance[6, 6]))
    assert sd < 0.003 and abs(change.value[6] - np.log(1.03)) < 3 * sd


@pytest.mark.parametrize("late", [5.0, 15.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_late_camera_is_told_from_a_bump(seed: int, late: float) -> None:
    which, (true, rig) = int(np.random.default_rng(seed).integers(N_CAMERAS)), calibrated(seed)
    offsets = [late if index == which else 0.0 for index in range(N_CAMERAS)]
    keypoints = observe(person(2 * seed + 1), true, seed, pixel_sigma=3.0, desync_frames=offsets).keypoints
    failed = [v for v in check_against_calibration(keypoints, rig) if not v.passed]
    assert [verdict.name for verdict in failed] == [f"cam_{which} in step"]
    assert failed[0].measured == pytest.approx(late, abs=0.2)


def test_nothing_is_written_of_a_trial_whose_cameras_are_swapped(mocap_cli: Cli, tmp_path: Path) -> None:
    rig, keypoints = calibrated(0)[1], seen(0)
    write_rig(tmp_path / "calibration.toml", rig)
    order = np.array([0, 2, 1, 3])
    table, out = tmp_path / "k.parquet", tmp_path / "t.h5"
    write_keypoint_table(table, with_pixels(keypoints, keypoints.pixels[order], order), rig.names)
    done = mocap_cli("reconstruct", "--calibration", tmp_path / "calibration.toml", "--keypoints", table,
                     "--rate", 100, "--out", out)  # fmt: skip
    assert done.status == 1  # type: ignore[attr-defined]
    assert done.error_line.startswith("error CAMERAS_SWAPPED")  # type: ignore[attr-defined]
    assert not out.exists()


def test_every_change_of_images_says_what_was_done() -> None:
    assert ImageChange("turned", 90.0).describe() == "turned by 90 deg"
    assert ImageChange("scaled", 1.5).describe() == "scaled by 1.5"


def test_a_real_recording_is_not_refused(shared_data: Path) -> None:
    """Detections of a person with biases of their own: only the camera that both recordings find wrong is named.

    Measured: `cam_03` off by 1.7 deg and 136 mm by the balancing, 1.65 deg and 134 mm by the static recording; placed
    anew by the one, it lowers the scatter of limb lengths in the other (14.09 to 13.53 mm).
    """
    folder = shared_data / "openpose_4cam"
    rig = read_rig(folder / "calibration.toml")
    for name in ("balancing", "static"):
        keypoints = load_keypoints(folder / name, rig, KeypointInput(rate_hz=60.0, skeleton="body_25b")).keypoints
        verdicts = check_against_calibration(keypoints, rig)
        assert [verdict.name for verdict in verdicts if not verdict.passed] == ["cam_03 as calibrated"]
