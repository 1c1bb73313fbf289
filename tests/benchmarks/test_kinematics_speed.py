"""Speed of the closed-form kinematics, all angles with their uncertainties, as a ratio to OpenSim's inverse kinematics.

Timed is what gives angles with their uncertainties, flags and conventions, and nothing else, as the rival's tool gives
coordinates; the rate with segment poses, joint centres and verdicts besides is printed. Both get the same 22 markers of
the same squat, in one run. OpenSim gets fewer frames, since its time goes with them.
"""

import importlib.util
import time
from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import joint_angles, kinematics
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

pytestmark = pytest.mark.benchmark

#: Frames/s of OpenSim's inverse kinematics with a simple model and 22 markers on 2 cores (version 4.6).
STATED_FRAMES_PER_S = 152.0
RATIO = 1000.0
N_FRAMES, RIVAL_FRAMES, REPEATS = 120_000, 500, 5
ISB = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def _rival():
    """The helper beside this file; tests are no package."""
    spec = importlib.util.spec_from_file_location("opensim_rival", Path(__file__).with_name("opensim_rival.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _chosen(points, names):
    columns = [points.names.index(name) for name in names]
    return Points3D(points.position[:, columns], names, points.rate_hz)


def scene(n_frames, names=None):
    """A squat again and again with 1 mm noise and its covariance, and the standing trial; both with these markers."""
    subject = default_subject(seed=3)
    static, trial = static_standing(subject).points, squat(subject).points
    if names is not None:
        static, trial = _chosen(static, names), _chosen(trial, names)
    position = np.tile(trial.position, (-(-n_frames // trial.n_frames), 1, 1))[:n_frames]
    position = position + np.random.default_rng(0).normal(0, 1e-3, position.shape)
    covariance = np.empty((*position.shape[:2], 3, 3), np.float32)
    covariance[:] = 1e-6 * np.eye(3)
    return Points3D(position, trial.names, trial.rate_hz, covariance=covariance), static


def ours(points, static):
    """The best of several times, the processors' time of it, and the angles."""
    start = time.perf_counter()
    for _ in range(2):  # the first run compiles
        start = time.perf_counter()
        kinematics(points, static=static, measured=False)
    print(f"with segment poses and joint centres: {points.n_frames / (time.perf_counter() - start):.0f} frames/s")
    found, best = joint_angles(points, static=static), (np.inf, np.inf)
    for _ in range(REPEATS):
        start, cpu = time.perf_counter(), time.process_time()
        found = joint_angles(points, static=static)
        best = min(best, (time.perf_counter() - start, time.process_time() - cpu))
    return *best, found


def _report(words, points, seconds, cpu, found, per_s):
    shown = np.isfinite(found.values).any(axis=0)
    assert np.isfinite(found.sd[:, shown]).any(axis=0).all()
    speed = points.n_frames / seconds
    print(
        f"{words}: {len(points.names)} markers, {shown.sum()} angles with sd, {points.n_frames} frames: {speed:.0f} "
        f"frames/s ({points.n_frames / cpu:.0f} per second of processors), {speed / per_s:.0f} times {per_s:.0f}"
    )
    return speed / per_s


@pytest.mark.parametrize("every", [False, True], ids=["22 markers", "all landmarks"])
def test_kinematics_against_the_stated_speed_of_opensim(every: bool) -> None:
    points, static = scene(N_FRAMES, None if every else _rival().marker_names())
    assert _report("stated", points, *ours(points, static), STATED_FRAMES_PER_S) >= RATIO


def test_kinematics_against_opensim_on_the_same_markers(tmp_path: Path) -> None:
    pytest.importorskip("opensim", reason="opensim is not installed (extra `bench`)")
    rival = _rival()
    names = rival.marker_names()
    points, static = scene(N_FRAMES, names)
    standing = kinematics(static)
    places = dict(zip(names, np.nanmean(static.position, axis=0) @ ISB.T, strict=True))
    joints = {name: np.nanmean(centre, axis=0) @ ISB.T for name, centre in standing.centres.items()}
    joints["pelvis"] = np.mean([places[name] for name in rival.MARKERS_ON["pelvis"]], axis=0)
    joints["back"] = joints["pelvis"] + [0.0, 0.1, 0.0]
    rival.build_model(places, joints, tmp_path / "simple.osim")
    given = points.position[:RIVAL_FRAMES] @ ISB.T
    times = [rival.tool(tmp_path / "simple.osim", given, names, points.rate_hz, tmp_path)]
    seconds, cpu, found = ours(points, static)
    times.append(rival.tool(tmp_path / "simple.osim", given, names, points.rate_hz, tmp_path))
    best = max(times, key=lambda one: one.frames_per_s)
    loop = rival.solve(tmp_path / "simple.osim", given, names, points.rate_hz)
    print(f"opensim: tool {best.frames_per_s:.0f} frames/s, its loop alone {loop.frames_per_s:.0f}")
    # The rival has solved it: knees bend as the closed form says, within what its model leaves open.
    flexion = -np.rad2deg(found["knee_flexion_r"][:RIVAL_FRAMES])
    bent = best.coordinates["tibia_R_turn_z"]
    assert np.corrcoef(flexion, bent)[0, 1] > 0.99
    ratio = _report("side by side", points, seconds, cpu, found, best.frames_per_s)
    assert ratio >= RATIO
