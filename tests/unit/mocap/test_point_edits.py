"""Corrections of points: the raw ones stay, what is used is corrected and flagged."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.errors import ReconstructionError, ShapeError
from mocap.pipeline.export import export_to_file
from mocap.pipeline.point_edits import BEHIND, add_edits, edited_points, take_back, with_edits
from mocap.pipeline.point_filter import with_filtered_points
from mocap.reconstruction import reconstruct_details
from mocap.schema import Status
from mocap.signal.filter_options import FilterOptions
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, observe, static_standing
from mocap.trial import Operation, PointEdit, Points3D, Trial
from mocap.trial.edits import edited

MOVE = PointEdit("moved", 2, 3, ("A",), (0.2, 0.4, 1.0), reason="label jumped", initials="KM")
LOSE = PointEdit("missing", 4, 4, ("A", "B"))
SWAP = PointEdit("exchanged", 6, 7, ("A", "B"))


def plain_points(n: int = 10) -> Points3D:
    random = np.random.default_rng(1)
    covariance = np.tile(np.eye(3) * 1e-6, (n, 2, 1, 1))
    position = np.array([[0.0, 0.0, 1.0], [0.1, 0.0, 1.0]]) + random.normal(scale=1e-3, size=(n, 2, 3))
    return Points3D(position, ("A", "B"), 50.0, covariance, n_views=np.full((n, 2), 3))


def test_each_kind_does_what_it_says_and_flags_it() -> None:
    raw = plain_points()
    before = raw.position.copy()
    points = edited(raw, (MOVE, LOSE, SWAP))
    np.testing.assert_array_equal(points.position[2:4, 0], [[0.2, 0.4, 1.0]] * 2)
    assert set(points.status[2:4, 0]) == {int(Status.EDITED)} and np.isnan(points.covariance[2:4, 0]).all()
    assert np.isnan(points.position[4]).all() and set(points.status[4]) == {int(Status.EDITED | Status.REJECTED)}
    assert (points.n_views[2:4, 0] == 0).all() and (points.n_views[2:4, 1] == 3).all()
    np.testing.assert_array_equal(points.position[6:8, 0], raw.position[6:8, 1])
    np.testing.assert_array_equal(points.position[6:8, 1], raw.position[6:8, 0])
    assert ((points.status[6:8] & Status.EDITED) != 0).all()
    rest = np.ones((10, 2), bool)
    rest[2:4, 0] = rest[4] = rest[6:8] = False
    np.testing.assert_array_equal(points.position[rest], raw.position[rest])
    np.testing.assert_array_equal(raw.position, before)
    np.testing.assert_array_equal(edited(raw, (SWAP, SWAP)).position, raw.position)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lifted"}, {"first": 3, "last": 2}, {"first": -1}, {"points": ()}, {"position": None},
        {"position": (1.0, np.nan, 0.0)}, {"points": ("A", "B")}, {"kind": "exchanged", "position": None},
        {"camera": "c0"}, {"pixel": (1.0, 2.0)}, {"kind": "camera left out", "position": None}, {"reason": "a\nb"},
    ],
)  # fmt: skip
def test_an_edit_that_contradicts_itself_is_refused(wrong: dict) -> None:
    with pytest.raises(ShapeError, match="EDIT_WRONG"):
        replace(MOVE, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 1.5}, {"first": "0"}, {"first": True}, {"first": None}, {"last": 2**70}, {"points": "A"},
        {"points": 5}, {"points": (5,)}, {"points": ("",)}, {"points": None}, {"points": {"A": 1}},
        {"position": "123"}, {"position": "abc"}, {"position": 5}, {"position": ("1", "2", "3")},
        {"position": (1, 2, None)}, {"position": (1, 2, 10**400)}, {"position": (1, 2)}, {"kind": ["moved"]},
        {"reason": 5}, {"reason": None}, {"initials": b"KM"}, {"camera": 0},
    ],
)  # fmt: skip
def test_an_edit_of_other_types_is_refused(wrong: dict) -> None:
    right = {"kind": "moved", "first": 1, "last": 3, "points": ("A",), "position": (1, 2, 3)}
    with pytest.raises(ShapeError, match="EDIT_WRONG"):
        PointEdit(**{**right, **wrong})


def test_an_edit_takes_numbers_and_names_of_numpy() -> None:
    made = PointEdit("moved", np.int64(1), np.uint8(3), np.array(["A"]), np.array([1.0, 2.0, 3.0]))
    assert made == PointEdit("moved", 1, 3, ["A"], (1, 2, 3))
    assert type(made.first) is int and type(made.points[0]) is str and type(made.position[0]) is float


def test_edits_are_kept_beside_the_raw_points_and_taken_back(tmp_path) -> None:
    path = tmp_path / "t.h5"
    trial = Trial("t", plain_points(), operations=(Operation("kinematics"),))
    write_trial(path, trial)
    before = path.read_bytes()
    made = add_edits(path, (MOVE, LOSE))
    found = read_trial(path)
    assert found.edits == made.edits == (MOVE, LOSE)
    np.testing.assert_array_equal(found.points.position, trial.points.position)
    np.testing.assert_array_equal(edited_points(found).position, edited(trial.points, (MOVE, LOSE)).position)
    assert [one.name for one in found.quality if not one.passed] == [BEHIND]
    assert take_back(path).edits == (MOVE,)
    assert take_back(path).quality == () and path.read_bytes() == before
    with pytest.raises(ShapeError, match=r"EDIT_WRONG.*there is no point 'C'"):
        add_edits(path, (replace(LOSE, points=("C",)),))
    with pytest.raises(ShapeError, match=r"EDIT_WRONG.*behind the last"):
        add_edits(path, (replace(LOSE, last=99),))
    with pytest.raises(ReconstructionError, match="EDIT_NO_VIEWS"):
        add_edits(path, (PointEdit("camera left out", 1, 2, camera="cam_0"),))
    assert path.read_bytes() == before


def test_a_filter_is_run_again_over_corrected_points_and_exports_keep_the_flag(tmp_path) -> None:
    options = FilterOptions(cutoff_hz=5.0, hampel=True)
    trial = with_filtered_points(Trial("t", plain_points(80)), options)
    edits = (MOVE, replace(LOSE, first=60, last=79))
    used = with_edits(replace(trial, edits=edits))
    own = with_filtered_points(replace(trial, points=edited(trial.points, edits)), options)
    np.testing.assert_array_equal(used.points_smoothed.position, own.points_smoothed.position)
    assert used.points_smoothed.status[2, 0] == Status.EDITED | Status.FILTERED
    write_trial(tmp_path / "t.h5", replace(trial, edits=edits))
    (file,) = (path for path in export_to_file(tmp_path / "t.h5", "csv", tmp_path / "p.csv", verify=True).files
               if path.name == "p.csv")  # fmt: skip
    header, *rows = file.read_text().splitlines()
    column = header.split(",").index("A_status")
    assert int(float(rows[2].split(",")[column])) & Status.EDITED
    export_to_file(tmp_path / "t.h5", "h5", tmp_path / "u.h5")
    assert read_trial(tmp_path / "u.h5").edits == edits


def test_a_camera_left_out_and_a_mark_in_a_view_are_reconstructed_again() -> None:
    rig = ring_rig(4, 1)
    standing = static_standing(default_subject(1.75, seed=1), 0.4, 25.0, sway_m=0.002, seed=1)
    keypoints = observe(standing.points, rig, 3).keypoints
    found = reconstruct_details(keypoints, rig)
    trial = Trial("t", found.points, rig=rig, keypoints=keypoints, operations=(Operation("reconstruct"),))
    name = keypoints.names[0]
    out = PointEdit("camera left out", 2, 4, (name,), camera=rig.names[0])
    points = edited_points(replace(trial, edits=(out,)))
    at = np.zeros(points.status.shape, bool)
    at[2:5, points.names.index(name)] = True
    assert ((points.status & Status.EDITED != 0) == at).all()
    np.testing.assert_array_equal(points.position[~at], trial.points.position[~at])
    assert (points.n_views[at] < trial.points.n_views[at]).all()
    truth = standing.points.position[:, [standing.points.names.index(one) for one in points.names]]
    assert np.linalg.norm(points.position - truth, axis=2)[at].max() < 0.02  # 3 of 4 cameras: 4 mm
    # Where one camera is led astray by 400 px and a reviewer marks the true place, the point is where it was.
    pixels = np.array(keypoints.pixels)
    pixels[:2, 3, 0] += 400.0
    astray = replace(trial, keypoints=replace(keypoints, pixels=pixels))
    marks = tuple(PointEdit("marked in a view", 3, 3, (name,), camera=rig.names[number],
                            pixel=tuple(keypoints.pixels[number, 3, 0])) for number in range(2))  # fmt: skip
    again = edited_points(replace(astray, edits=marks))
    assert np.linalg.norm(again.position[3, 0] - truth[3, 0]) < 0.02
    with pytest.raises(ReconstructionError, match="EDIT_NO_VIEWS"):
        edited_points(replace(trial, edits=(replace(out, camera="nobody"),)))


@pytest.mark.parametrize(("option", "word", "edit"), [
    ("missing", "A,B@4", PointEdit("missing", 4, 4, ("A", "B"), reason="why", initials="KM")),
    ("exchange", "A,B@6-7", PointEdit("exchanged", 6, 7, ("A", "B"), reason="why", initials="KM")),
    ("move", "A@2-3=0.2,0.4,1", PointEdit("moved", 2, 3, ("A",), (0.2, 0.4, 1.0), reason="why", initials="KM")),
])  # fmt: skip
def test_the_command_writes_lists_and_takes_back(tmp_path, mocap_cli, option, word, edit) -> None:
    path = tmp_path / "a.h5"
    write_trial(path, Trial("a", plain_points()))
    done = mocap_cli("edit", path, f"--{option}", word, "--reason", "why", "--by", "KM")
    assert done.status == 0, done.err
    assert "1 correction\n" in done.out and "why, KM" in done.out and "compute the angles again" in done.out
    assert read_trial(path).edits == (edit,)
    assert edit.kind in mocap_cli("edit", path).out
    assert "0 corrections" in mocap_cli("edit", path, "--take-back", "1").out
    assert read_trial(path).edits == ()


@pytest.mark.parametrize(("option", "word", "code"), [
    ("missing", "A", "EDIT_WORD"), ("missing", "A@x", "EDIT_WORD"), ("missing", "A@1=2", "EDIT_WORD"),
    ("move", "A@1", "EDIT_WORD"), ("move", "A@1=1,2", "EDIT_WORD"), ("move", "A@1=1,2,x", "EDIT_WORD"),
    ("missing", "A@5-4", "EDIT_WRONG"), ("missing", "A@99", "EDIT_WRONG"), ("missing", "C@1", "EDIT_WRONG"),
    ("mark", "cam_0:A@1=1,2", "EDIT_NO_VIEWS"), ("leave-out", "cam_0@1", "EDIT_NO_VIEWS"),
])  # fmt: skip
def test_the_command_refuses_what_cannot_be_and_leaves_the_file(tmp_path, mocap_cli, option, word, code) -> None:
    path = tmp_path / "a.h5"
    write_trial(path, Trial("a", plain_points()))
    before = path.read_bytes()
    done = mocap_cli("edit", path, f"--{option}", word)
    assert done.status == 1 and code in done.error_line and path.read_bytes() == before
