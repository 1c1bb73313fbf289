"""Speed of triangulation as a ratio to aniposelib, side by side in one run on the same data; and its memory."""

import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from calibration.rigid import rotvec
from calibration.synthetic import ring_rig
from mocap.reconstruction import ReconstructionOptions, reconstruct
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Points3D

OPTIONS = ReconstructionOptions(min_confidence=0.0, weigh_confidence=False)


def scene(n_cameras, n_frames):
    """Squatting landmarks with 1 px noise, 10 % missing and 2 % outliers: rig and keypoints."""
    rig = ring_rig(n_cameras, radius_m=4.0, size=(1920, 1080))
    trial = squat(default_subject(), repetitions=2).points
    turns = -(-n_frames // trial.n_frames)
    position = np.tile(trial.position[:, :26], (turns, 1, 1))[:n_frames]
    seen = observe(Points3D(position, trial.names[:26], 100.0), rig, 0, dropout=0.1, outlier_fraction=0.02)
    return rig, seen.keypoints


def anipose_group(rig):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from aniposelib.cameras import Camera, CameraGroup
    return CameraGroup(
        [Camera(matrix=c.matrix, dist=c.distortion, size=c.size, rvec=rotvec(c.cam_from_world),
                tvec=c.cam_from_world[:3, 3], name=c.name) for c in rig]
    )


def rivals(rig, pixels):
    """Name, function, and number of points of every way of aniposelib, each on as much as it does in seconds."""
    group = anipose_group(rig)
    flat = pixels.reshape(len(rig), -1, 2)
    frames = pixels[:, :60]
    some, few = np.array(flat[:, :40_000]), np.array(flat[:, :12])
    return {
        "triangulate": (lambda: group.triangulate(np.array(flat)), flat.shape[1]),
        "fast=True": (lambda: group.triangulate(some, fast=True), some.shape[1]),
        "triangulate_optim": (lambda: group.triangulate_optim(np.array(frames), constraints=[[0, 1]]),
                              frames[0, ..., 0].size),
        "triangulate_ransac": (lambda: group.triangulate_ransac(few), few.shape[1]),
    }


def seconds(function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        function()
        return time.perf_counter() - start


def ratios(n_cameras, n_frames, names, repeats):
    """Points per second over the rival's, median of interleaved runs."""
    rig, keypoints = scene(n_cameras, n_frames)
    ways = {name: way for name, way in rivals(rig, keypoints.pixels).items() if name in names}
    n_points = keypoints.confidence[0].size
    reconstruct(keypoints, rig, options=OPTIONS)  # compiles, as the first call of a rival does
    found = {}
    for name, (function, count) in ways.items():
        seconds(function)
        pairs = [
            (seconds(lambda: reconstruct(keypoints, rig, options=OPTIONS)) / n_points, seconds(function) / count)
            for _ in range(repeats)
        ]
        ours, theirs = np.median(pairs, axis=0)
        found[name] = float(np.median([their / our for our, their in pairs]))
        print(f"{n_cameras} cameras, {name}: {1e-3 / ours:.0f} k/s against {1e-3 / theirs:.3f} k/s, {found[name]:.0f}x")
    return found


GATES = {
    4: {"triangulate": 5, "fast=True": 15, "triangulate_optim": 500, "triangulate_ransac": 2_000},
    8: {"triangulate": 5, "fast=True": 30, "triangulate_optim": 500, "triangulate_ransac": 10_000},
    12: {"triangulate": 2, "fast=True": 25},
}


@pytest.mark.benchmark
@pytest.mark.parametrize("n_cameras", GATES)
def test_points_per_second_over_aniposelib(n_cameras):
    found = ratios(n_cameras, 6000, GATES[n_cameras], 5)
    short = {name: f"{found[name]:.1f} < {gate}" for name, gate in GATES[n_cameras].items() if found[name] < gate}
    assert not short, short


def test_far_faster_than_robust_triangulation_of_aniposelib():
    # The promise is 10 000 at eight cameras; measured here 8 000 at five.
    found = ratios(5, 200, ("triangulate_ransac",), 1)
    assert found["triangulate_ransac"] > 50


MEMORY = """
import resource, sys
import numpy as np
from calibration.synthetic import ring_rig
from mocap import Keypoints2D, reconstruct
n_frames = int(sys.argv[1])
rig = ring_rig(8)
rng = np.random.default_rng(0)
pixels = np.empty((8, n_frames, 60, 2))
base = rng.uniform([-0.5, -0.5, 0.1], [0.5, 0.5, 1.8], (60, 3))
for start in range(0, n_frames, 500):
    sway = 0.1 * np.sin(np.arange(start, min(start + 500, n_frames)) / 30)[:, None, None]
    pixels[:, start : start + 500] = rig.project(base + sway) + rng.normal(0, 1, (8, sway.shape[0], 60, 2))
keypoints = Keypoints2D(pixels, np.ones(pixels.shape[:3]), [f"k{i}" for i in range(60)], 100.0)
points = reconstruct(keypoints, rig)
assert np.isfinite(points.position).mean() > 0.999
try:
    # The peak that getrusage tells outlives exec: it may be that of the process which started this one.
    with open("/proc/self/status") as status:
        print(next(line for line in status if line.startswith("VmHWM")).split()[1])
except FileNotFoundError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_megabytes(n_frames):
    """Peak memory of a process that makes keypoints and reconstructs them, imports and compiler included."""
    run = subprocess.run([sys.executable, "-c", MEMORY, str(n_frames)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return int(run.stdout) / 1024


@pytest.mark.heavy
def test_memory_of_a_minute_of_eight_cameras():
    peak = peak_megabytes(6000)
    print(f"8 cameras, 60 s, 100 Hz, 60 keypoints: {peak:.0f} MB")
    assert peak < 1500


def test_memory_of_five_seconds_of_eight_cameras():
    # 60 s take 311 MB where 1500 are allowed, and 437 MB when the kernels are compiled in the same process.
    assert peak_megabytes(500) < 700
