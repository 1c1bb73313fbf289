"""The whole way of a long recording: from its keypoints to points with covariance, with clocks, sides and checks."""

import subprocess
import sys

import numpy as np
import pytest

from calibration import write_rig
from calibration.synthetic import ring_rig
from mocap.export.keypoints import write_keypoint_table
from mocap.synthetic import default_subject, observe, squat, walking
from mocap.trial import Points3D

RATE_HZ = 100.0
KEYPOINTS = (
    "RASIS", "LASIS", "RPSIS", "LPSIS", "RSJC", "LSJC", "REJC", "LEJC", "RWJC", "LWJC", "RMT1", "LMT1", "RLFE",
    "LLFE", "RMFE", "LMFE", "RLMAL", "LLMAL", "RHEEL", "LHEEL", "RHALLUX", "LHALLUX", "RMMAL", "LMMAL", "C7", "CLAV",
)  # fmt: skip

# A process of its own: its peak of memory and its clock are those of the one task. A second goes before, for the
# compiler.
THE_WAY = """
import sys, time
from pathlib import Path
import calibration
from mocap.pipeline.keypoint_input import KeypointInput, read_people
from mocap.pipeline import reconstruction
rig, *short, long = calibration.read_rig(Path(sys.argv[1])), *map(Path, sys.argv[2:])
reading = []
def timed(*arguments, **named):
    start = time.perf_counter()
    loaded = read_people(*arguments, **named)
    reading.append(time.perf_counter() - start)
    return loaded
reconstruction.read_people = timed
for one in short:
    reconstruction.reconstruct_trial(one, rig, KeypointInput(rate_hz=100.0))
start = time.perf_counter()
trial = reconstruction.reconstruct_trial(long, rig, KeypointInput(rate_hz=100.0))
taken = time.perf_counter() - start
assert trial.points.covariance.shape[0] == trial.points.n_frames
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM")).split()[1]
print(trial.points.n_frames, taken - reading[-1], reading[-1], int(peak) / 1024)
"""


def moving_points(n_frames):
    """Somebody who squats and walks, turning about the vertical five times; m, world."""
    trials = squat(default_subject()).points, walking(default_subject()).points
    there = np.concatenate([one.position[:, [one.names.index(name) for name in KEYPOINTS]] for one in trials])
    there = np.concatenate([there, there[::-1]])
    position = np.tile(there, (n_frames // len(there) + 1, 1, 1))[:n_frames]
    turn = 10.0 * np.pi * np.arange(n_frames)[:, None] / n_frames
    x, y = position[..., 0], position[..., 1]
    turned = np.stack([np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y, position[..., 2]], -1)
    return Points3D(turned, KEYPOINTS, RATE_HZ)


def the_way(folder, seconds, compiled_before=True):
    """Frames, seconds from keypoints to points, seconds to read the file, and the peak of memory in MB."""
    rig = ring_rig(8, radius_m=4.0, size=(1920, 1080))
    write_rig(folder / "rig.toml", rig)
    trials = {"short": 100, "long": round(RATE_HZ * seconds)}
    if not compiled_before:
        del trials["short"]
    for name, n_frames in trials.items():
        seen = observe(
            moving_points(n_frames), rig, 0, pixel_sigma=3.0, outlier_fraction=0.02, dropout=0.05,
            swap_fraction=0.01, swap_run=20,
        )  # fmt: skip
        write_keypoint_table(folder / f"{name}.parquet", seen.keypoints, rig.names)
    paths = [str(folder / "rig.toml"), *(str(folder / f"{name}.parquet") for name in trials)]
    run = subprocess.run([sys.executable, "-c", THE_WAY, *paths], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    frames, taken, reading, peak = map(float, run.stdout.split())
    print(f"8 cameras, {seconds} s: {taken:.1f} s, reading {reading:.1f} s, {peak:.0f} MB")
    return frames, taken, peak


@pytest.mark.benchmark
def test_ten_minutes_of_eight_cameras_take_a_twentieth_of_the_recording_and_two_gigabytes(tmp_path):
    frames, taken, peak = the_way(tmp_path, 600)
    assert frames == 60_000
    assert taken < 600 / 20
    assert peak < 2000


def test_three_seconds_of_eight_cameras_go_the_same_way(tmp_path):
    frames, _, peak = the_way(tmp_path, 3, compiled_before=False)
    assert frames == 300
    assert peak < 800  # 376 measured, most of it libraries
