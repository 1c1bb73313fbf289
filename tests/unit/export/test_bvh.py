"""BVH: every segment turns as in the trial, by a parser and angles of another make; damage is found."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.errors import ExportError
from mocap.export.bvh import export_bvh
from mocap.export.bvh_back import bvh_differences
from mocap.export.bvh_tree import joints_of
from mocap.pipeline.export import export_to_file
from mocap.storage import write_trial
from mocap.synthetic import default_subject, squat
from mocap.trial import Segments, Trial


@cache
def _trial(forward="x"):
    made = squat(default_subject(), 1, wink_deg=[8.0], rate_hz=20.0)
    segments = made.segments
    poses = segments.world_from_segment.copy()
    poses[10:14, segments.names.index("femur_r")] = np.nan
    poses[:3, segments.names.index("pelvis")] = np.nan
    poses[:, segments.names.index("forearm_l")] = np.nan
    return Trial("t", made.points, segments=Segments(segments.names, poses, 20.0), forward_axis=forward)


def _rotations(path):
    """Global rotations by joint, with scipy's Euler angles and a parser of their own."""
    head, motion = path.read_text().split("MOTION")
    rows = np.array([[float(one) for one in line.split()] for line in motion.splitlines()[3:]])
    parents, turns, column, names = {}, {}, 0, []
    for line in head.splitlines():
        depth = len(line) - len(line.lstrip("\t"))
        if found := re.search(r"(ROOT|JOINT) (\S+)", line):
            names = [*names[:depth], found[2]]
            parents[found[2]] = names[-2] if depth else None
        if "CHANNELS" in line:
            channels = line.split()[2:]
            order = "".join(one[0] for one in channels if one.endswith("rotation"))
            column += len(channels) - 3
            local = Rotation.from_euler(order, rows[:, column : column + 3], degrees=True)
            column += 3
            turns[names[-1]] = local if parents[names[-1]] is None else turns[parents[names[-1]]] * local
    return turns, parents, rows


@pytest.mark.parametrize(("forward", "ahead"), [("x", (1, 0, 0)), ("-y", (0, -1, 0))])
def test_every_segment_turns_as_in_the_trial(tmp_path, forward, ahead):
    trial = _trial(forward)
    path, joints, held = export_bvh(trial, tmp_path / "a.bvh")
    turns, parents, rows = _rotations(path)
    assert parents["shank_dist_r"] == "shank_prox_r" and parents["foot_l"] == "shank_dist_l"
    assert parents["thorax"] == "lumbar" and parents["pelvis"] is None and "forearm_l" not in parents
    names, poses = trial.segments.names, trial.segments.world_from_segment
    left, up = np.cross((0, 0, 1), ahead), (0, 0, 1)
    for name, found in turns.items():
        pose = poses[:, names.index(name)]
        known = np.isfinite(pose).all(axis=(1, 2))
        # Columns of a BVH joint: what is left, up, ahead at rest; rows: left, up, ahead of the room.
        for column, axis in enumerate((-pose[:, :3, 2], pose[:, :3, 1], pose[:, :3, 0])):
            expected = axis @ np.array([left, up, ahead], float).T
            np.testing.assert_allclose(found.as_matrix()[known, :, column], expected[known], atol=1e-12)
    pelvis = poses[5, names.index("pelvis"), :3, 3]
    np.testing.assert_allclose(rows[5, :3], [pelvis @ left, pelvis[2], pelvis @ np.array(ahead)], atol=1e-12)
    told = held.read_text().splitlines()[1:]
    assert [line.split(",")[:3] for line in told] == [["pelvis", "1", "3"], ["femur_r", "11", "14"]]
    line = next(one for one in joints.read_text().splitlines() if one.startswith("femur_r,"))
    assert line.split(",")[2] == "pelvis" and line.split(",")[7] == "4" and float(line.split(",")[-1]) < 1.0
    assert not bvh_differences(trial, path)


def test_the_joint_is_where_both_segments_agree_and_else_at_the_origin():
    rng = np.random.default_rng(3)
    n = 60
    shank, foot = np.tile(np.eye(4), (n, 1, 1)), np.tile(np.eye(4), (n, 1, 1))
    shank[:, :3, :3] = Rotation.from_euler("ZXY", rng.normal(0, 0.3, (n, 3))).as_matrix()
    shank[:, :3, 3] = rng.normal(size=(n, 3))
    foot[:, :3, :3] = shank[:, :3, :3] @ Rotation.from_euler("ZXY", rng.normal(0, 0.4, (n, 3))).as_matrix()
    ankle_in_shank, ankle_in_foot = np.array([0.0, -0.4, 0.01]), np.array([0.06, 0.07, 0.0])
    place = shank[:, :3, 3] + shank[:, :3, :3] @ ankle_in_shank
    foot[:, :3, 3] = place - foot[:, :3, :3] @ ankle_in_foot
    found = joints_of(("shank_r", "foot_r"), np.stack([shank, foot], axis=1))
    # Measured: 3 mm, which the weight on the distance from the origin takes.
    np.testing.assert_allclose(found[1].in_segment, ankle_in_foot, atol=0.006)
    np.testing.assert_allclose(found[1].in_parent, ankle_in_shank, atol=0.006)
    assert np.nanmax(found[1].parting) < 0.01
    # A joint that does not turn stays at the origin of its segment.
    stiff = foot.copy()
    stiff[:, :3, :3] = shank[:, :3, :3]
    stiff[:, :3, 3] = place
    fixed = joints_of(("shank_r", "foot_r"), np.stack([shank, stiff], axis=1))
    np.testing.assert_allclose(fixed[1].in_segment, 0, atol=1e-9)
    np.testing.assert_allclose(fixed[1].in_parent, ankle_in_shank, atol=1e-9)


def test_damage_is_found(tmp_path):
    trial = _trial()
    files = export_bvh(trial, tmp_path / "a.bvh")
    text = files[0].read_text()
    assert not bvh_differences(trial, files[0])
    for old, new in (("Frames: ", "Frames: 1"), ("Frame Time: 0.05", "Frame Time: 0.04"), ("Xposition", "Yposition"),
                     ("JOINT femur_r", "JOINT femur_x"), ("Zrotation", "Yrotation"), (text[-40:], "\n")):  # fmt: skip
        files[0].write_text(text.replace(old, new, 1))
        assert bvh_differences(trial, files[0]), old
    rng = np.random.default_rng(1)
    rows = text.splitlines(keepends=True)
    first = next(place for place, row in enumerate(rows) if row.startswith("Frame Time")) + 1
    for row in rng.choice(np.arange(20, len(rows) - first), 15, replace=False) + first:  # past the poses that were held
        cells = rows[row].split()
        place = rng.integers(len(cells))
        cells[place] = repr(float(cells[place]) + 1e-6)
        files[0].write_text("".join([*rows[:row], " ".join(cells) + "\n", *rows[row + 1 :]]))
        assert bvh_differences(trial, files[0]), (row, place)
    for row in [place for place, row in enumerate(rows[:first]) if "OFFSET" in row and "End" not in rows[place - 2]]:
        cells = rows[row].split()
        cells[2] = repr(float(cells[2]) + 1e-6)
        files[0].write_text("".join([*rows[:row], " ".join(cells) + "\n", *rows[row + 1 :]]))
        assert row < 5 or bvh_differences(trial, files[0]), row  # the root goes by its channels
    files[0].write_text(text)
    files[1].write_text(files[1].read_text().replace("pelvis", "pelvi"))
    assert bvh_differences(trial, files[0])


def test_the_command_verifies_and_refuses_a_trial_without_segments(tmp_path):
    write_trial(tmp_path / "t.h5", _trial())
    assert export_to_file(tmp_path / "t.h5", "bvh", tmp_path / "a.bvh", verify=True).verified
    # The format has no place for words, so that no file tells who wrote it.
    with pytest.raises(ValueError, match="OUTPUT_EXISTS"):
        export_to_file(tmp_path / "t.h5", "bvh", tmp_path / "a.bvh")
    assert export_to_file(tmp_path / "t.h5", "bvh", tmp_path / "a.bvh", verify=True, overwrite=True).verified
    with pytest.raises(ExportError, match=r"EXPORT_EMPTY.*segments"):
        export_bvh(replace(_trial(), segments=None), tmp_path / "b.bvh")
