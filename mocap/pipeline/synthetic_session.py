"""A session folder of the synthetic lab, laid out exactly as a recorded one, with its truth kept aside."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration import CameraRig
from calibration.boards.board import read_board
from calibration.synthetic import board_poses, floor_pose, render_calibration_footage, ring_rig
from mocap.config.presets import preset_path
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.progress import Progress
from mocap.synthetic import SyntheticTrial, default_subject, observe, squat, static_standing

BOARD_PRESET = "charuco_7x5_a1"
TRIALS = ("standing", "squat")

_SESSION = """\
[session]
id = "synthetic-lab-{seed}"
subject_code = "S{seed:03d}"

[calibration]
folder = "calibration"
board = "board.toml"
world = "floor:0-{last_floor}"

[sync]
rate_hz = {rate_hz:g}

[static]
trial = "standing"

[[trial]]
name = "standing"
task = "static"
files = "standing.parquet"

[[trial]]
name = "squat"
task = "squat"
files = "squat.parquet"
context = {{ load_kg = 0.0, footwear = "barefoot" }}

[options.kinematics]
marker_set = "landmarks"
"""


@dataclass(frozen=True)
class LabSettings:
    """What the synthetic lab is made of; the pixel sigma is that of the landmark keypoints."""

    n_cameras: int = 6
    n_board_poses: int = 34
    n_floor_frames: int = 2
    rate_hz: float = 100.0
    pixel_sigma: float = 0.5
    dropout: float = 0.05
    outlier_fraction: float = 0.01
    repetitions: int = 2


@dataclass(frozen=True, eq=False)
class SyntheticSession:
    """Where the session lies, and what is true in it."""

    folder: Path
    rig: CameraRig
    trials: dict[str, SyntheticTrial]


def write_synthetic_session(folder: Path, seed: int, settings: LabSettings, progress: Progress) -> SyntheticSession:
    """Write a session folder: rendered board images, keypoint tables and `session.toml`.

    Parameters
    ----------
    folder : Path
        Its `calibration` sub-folder is made anew.
    seed : int
        Decides rig, board path, subject, motion and noise.
    settings : LabSettings
    progress : callable

    Returns
    -------
    SyntheticSession
    """
    seeds = [int(value) for value in np.random.default_rng(seed).integers(0, 2**31, 6)]
    rig = ring_rig(settings.n_cameras, seeds[0])
    folder.mkdir(parents=True, exist_ok=True)
    _write_footage(folder, rig, seeds[1], settings, progress)
    trials = _trials(seeds[2], settings)
    for number, (name, trial) in enumerate(trials.items()):
        keypoints = observe(
            trial.points, rig, seeds[3] + number, pixel_sigma=settings.pixel_sigma, dropout=settings.dropout,
            outlier_fraction=settings.outlier_fraction,
        ).keypoints  # fmt: skip
        write_keypoint_table(folder / f"{name}.parquet", keypoints, rig.names)
    text = _SESSION.format(seed=seed, rate_hz=settings.rate_hz, last_floor=settings.n_floor_frames - 1)
    (folder / "session.toml").write_text(text, encoding="utf-8")
    return SyntheticSession(folder, rig, trials)


def _write_footage(folder: Path, rig: CameraRig, seed: int, settings: LabSettings, progress: Progress) -> None:
    shutil.copyfile(preset_path("boards", BOARD_PRESET), folder / "board.toml")
    board = read_board(folder / "board.toml")
    footage = folder / "calibration"
    if footage.is_dir():
        shutil.rmtree(footage)
    lying = np.repeat(floor_pose(board)[None], settings.n_floor_frames, axis=0)
    poses = np.concatenate([lying, board_poses(board, settings.n_board_poses, seed)])
    render_calibration_footage(
        rig, board, poses, footage, seed, progress=lambda done, total: progress("render the board", done, total)
    )


def _trials(seed: int, settings: LabSettings) -> dict[str, SyntheticTrial]:
    rng = np.random.default_rng(seed)
    subject = default_subject(float(rng.uniform(1.62, 1.88)), seed=seed)
    wink, onset = float(rng.uniform(8, 18)), float(rng.uniform(0.65, 0.85))
    return {
        "standing": static_standing(subject, 3.0, settings.rate_hz, sway_m=0.002, seed=seed),
        "squat": squat(subject, settings.repetitions, wink_deg=wink, wink_onset=onset, rate_hz=settings.rate_hz),
    }
