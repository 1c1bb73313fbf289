"""Points whose segment has too few of them for a shape: a step of their course is told, movement is not.

Breaks of what moves as usual (thighs with epicondyles alone, spines; white noise up to 4 mm): recorded walks and squats
8, 5 and 23 mm at 100, 50 and 25 Hz, synthetic ones 9, 18 and 36; the limits are 15, 30 and 60 mm.
"""

from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import kinematics
from mocap.kinematics.faults.steps import breaks, find_steps, lone_points
from mocap.kinematics.landmarks import positions_isb
from mocap.kinematics.marker_sets import resolve
from mocap.readers.motion import read_motion
from mocap.synthetic import default_subject, hip_hinge, squat, static_standing, walking
from mocap.trial import Points3D

SUBJECT = default_subject()
MOVES = {"walk": walking(SUBJECT, 3.0).points, "squat": squat(SUBJECT, 1).points, "hinge": hip_hinge(SUBJECT, 1).points}
CLUSTERS = tuple(side + part for side in "RL" for part in ("TH", "SH"))


def bare(points: Points3D) -> Points3D:
    """The points without clusters and plates."""
    names = [name for name in points.names if not name.startswith((*CLUSTERS, "SAC", "T12_"))]
    return Points3D(points.position[:, [points.names.index(name) for name in names]], names, points.rate_hz)


def displaced(points: Points3D, name: str, by: tuple[float, float, float], *spans: slice) -> Points3D:
    position = points.position.copy()
    for frames in spans:
        position[frames, points.names.index(name)] += by
    return Points3D(position, points.names, points.rate_hz)


@pytest.mark.parametrize("by", [(0.02, 0, 0), (0, 0.04, 0), (0, 0, 0.04)], ids=str)
@pytest.mark.parametrize("name", ["RLFE", "LMFE"])
def test_a_step_aside_is_flagged_where_it_lasts(name: str, by: tuple[float, float, float]) -> None:
    points, still = bare(MOVES["squat"]), bare(static_standing(SUBJECT).points)
    spoilt = displaced(points, name, by, slice(200, 204), slice(300, 340))
    result, sound = kinematics(spoilt, static=still), kinematics(points, static=still).angles
    (verdict,) = (one for one in result.verdicts if one.name == "markers_moved")
    assert not verdict.passed
    assert f"{name} {1000 * np.linalg.norm(by):.0f} mm off its place on the thigh {name[0]}" in verdict.text
    off = np.abs(result.angles.values - sound.values) > np.deg2rad(0.5)
    assert off.any()  # up to 22 deg
    assert (result.angles.frame_reason[off] > 0).all()
    column = result.angles.names.index(f"hip_flexion_{name[0].lower()}")
    told = np.flatnonzero(result.angles.frame_reason[:, column])
    assert set(told) == {*range(200, 204), *range(300, 340)}


def test_what_does_not_come_back_is_doubted_throughout() -> None:
    positions = {"RLFE": bare(MOVES["walk"]).point("RLFE").copy()}
    positions["RLFE"][100:] += (0.0, 0.03, 0.0)
    (one,) = find_steps(positions, 100.0)
    assert (one.names, one.start, one.stop, one.either) == (("RLFE",), 0, len(positions["RLFE"]), 100)
    assert one.size_m == pytest.approx(0.03, abs=0.001)
    # Most of the trial aside: the rest is what is told, and the way there over a short gap is seen, too.
    positions = {"RLFE": bare(MOVES["walk"]).point("RLFE").copy()}
    positions["RLFE"][50:250] += (0.0, 0.04, 0.0)
    positions["RLFE"][49] = np.nan
    found = find_steps(positions, 100.0)
    assert [(one.start, one.stop, one.either) for one in found] == [(0, 50, -1), (250, len(positions["RLFE"]), -1)]
    assert not find_steps(positions, 100.0, keypoints={"RLFE"})


def test_the_course_of_a_parabola_never_breaks() -> None:
    time = np.arange(50) / 100.0
    path = np.stack([1.0 + 2 * time - 9.81 / 2 * time**2, 3 * time, time**2], axis=1)
    assert np.nanmax(breaks(path)[0]) < 1e-12
    path[20:] += (0.003, 0.0, 0.004)
    size, apart = breaks(path)
    assert int(np.nanargmax(size)) == 20 and np.nanmax(size) == pytest.approx(0.005, abs=1e-12) and (apart == 1).all()
    assert np.isnan(breaks(path[:7])[0]).all()
    path[[17, 19, 35, 36]] = np.nan
    size, apart = breaks(path)
    assert int(np.nanargmax(size)) == 20 and np.nanmax(size) == pytest.approx(0.005, abs=1e-12) and apart[20] == 2
    assert np.isnan(size[[17, 19, 35, 36]]).all() and np.isfinite(size[[15, 16, 37]]).all()
    path[33:35] = np.nan
    assert np.isnan(breaks(path)[0][[32, 37]]).all()


@pytest.mark.parametrize("landed_s", [1.0, 1.0025, 1.005])
def test_a_landing_is_no_step(landed_s: float) -> None:
    time = np.arange(200) / 100.0
    path = np.stack([0 * time, 0 * time, np.maximum(4.5 * (landed_s - time), 0.0)], axis=1)
    path += np.random.default_rng(0).normal(0, 0.001, path.shape)
    assert not find_steps({"RLFE": path}, 100.0)  # breaks off by 10 to 23 mm
    path[150:, 1] += 0.02
    assert [one.either for one in find_steps({"RLFE": path}, 100.0)] == [150]


def test_points_of_a_shape_are_left_to_it() -> None:
    names = ("RLFE", "RMFE", "LLFE", "LMFE", "LTH1", "RASIS", "LASIS", "RPSIS", "T12", "L1", "SACR", "RLMAL", "RHEEL")
    assert [name for _, name in lone_points(names)] == ["RLFE", "RMFE", "RLMAL", "RHEEL", "T12", "L1"]


@pytest.mark.parametrize("name", ["VERTEX", "RWJC", "LHALLUX"])
def test_head_arms_and_toes_are_looked_at(name: str) -> None:
    points = displaced(bare(MOVES["squat"]), name, (0.0, 0.04, 0.0), slice(200, 260))
    positions = {one: points.position[:, column] for column, one in enumerate(points.names)}
    (one,) = find_steps(positions, 100.0)
    assert (one.names, one.start, one.stop) == ((name,), 200, 260)


@pytest.mark.parametrize("every", [1, 2, 4])
@pytest.mark.parametrize("move", MOVES)
def test_movement_is_no_step(move: str, every: int) -> None:
    points = bare(MOVES[move])
    for noise in (0.0, 0.001, 0.004):
        noisy = points.position[::every] + np.random.default_rng(1).normal(0, noise, points.position[::every].shape)
        positions = {name: noisy[:, column] for column, name in enumerate(points.names)}
        assert len(lone_points(positions)) >= 5
        assert not find_steps(positions, points.rate_hz / every), noise


@pytest.mark.parametrize("file", ["PiG_Motion-FlatFoot-Full.c3d", "PiG_Motion3_FF.c3d", "squats1.trc", "walking1.trc"])
def test_recorded_movement_is_no_step(file: str, shared_data: Path) -> None:
    folder = "plug_in_gait" if file.endswith("c3d") else "squat_markers"
    points = read_motion(shared_data / folder / file).points
    positions = positions_isb(points, resolve(points.names, None))
    positions = {name: path for name, path in positions.items() if not name.startswith(CLUSTERS)}
    assert {"RLFE", "LLFE"} <= {name for _, name in lone_points(positions)}
    for every in (1, 2, 4):
        assert not find_steps({name: path[::every] for name, path in positions.items()}, points.rate_hz / every)
