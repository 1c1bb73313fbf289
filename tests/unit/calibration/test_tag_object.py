"""Objects of tags: faces, geometry, and what their file may say."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject, tag_cube, tag_grid
from calibration.boards.targets import read_target, write_target
from calibration.errors import BoardError, FormatError, SourceError

CUBE = tag_cube(0.3, 0.11, tags_per_edge=2)


def test_a_cube_has_its_tags_on_its_faces_the_right_way_up():
    assert (CUBE.n_markers, CUBE.n_corners, len(CUBE.faces)) == (24, 96, 6)
    assert sorted(np.concatenate(CUBE.faces)) == list(range(96))
    middles, fronts = CUBE.corners.mean(axis=1), CUBE.fronts
    np.testing.assert_allclose((middles * fronts).sum(axis=1), 0.15)  # every front looks outwards
    np.testing.assert_allclose(np.linalg.norm(np.roll(CUBE.corners, 1, axis=1) - CUBE.corners, axis=2), 0.11)
    sides = CUBE.corners[:16]
    assert (sides[:, 0, 2] > sides[:, 3, 2]).all()  # the top left stands above the bottom left
    assert np.abs(CUBE.corners).max() == pytest.approx(0.15)
    assert CUBE.margin == pytest.approx(0.02)
    assert CUBE.describe() == "tag cube of 24 tags on 6 faces, tags 110 mm, DICT_APRILTAG_36h11"


def test_seen_from_its_front_a_tag_turns_clockwise():
    for corners, front in zip(CUBE.corners, CUBE.fronts, strict=True):
        right, down = corners[1] - corners[0], corners[3] - corners[0]
        np.testing.assert_allclose(np.cross(right, down) / 0.11**2, -front, atol=1e-12)  # z into the face


def test_faces_are_told_apart_by_plane_and_front():
    grid = tag_grid(2, 1, 0.05, 0.07, np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
    back = grid[:, [1, 0, 3, 2]]  # the same places, printed on the other side
    step = grid + np.array([0, 0, 0.01])
    target = TagObject(tuple(range(6)), np.concatenate([grid, back, step]), "DICT_4X4_50")
    assert [tags.tolist() for tags in target.tag_faces] == [[0, 1], [2, 3], [4, 5]]
    np.testing.assert_allclose(target.face_fronts, [[0, 0, -1], [0, 0, 1], [0, 0, -1]], atol=1e-12)


@pytest.mark.parametrize("target", [CUBE, Board("april_grid", 6, 6, 0.1, 0.077, "DICT_APRILTAG_36h11")])
def test_a_written_target_reads_back_equal(tmp_path, target):
    write_target(tmp_path / "target.toml", target)
    again = read_target(tmp_path / "target.toml")
    assert again == target
    assert hash(again) == hash(target)


FACES = """
dictionary = "DICT_APRILTAG_36h11"
[[face]]
first_id = 0
tags_x = 2
tags_y = 1
tag_length = 0.08
pitch = 0.1
origin = [0.1, -0.09, 0.0]
right = [0, 1, 0]
down = [0, 0, -1]
[[tag]]
id = 7
corners = [[0, 0, 0], [0.08, 0, 0], [0.08, -0.08, 0], [0, -0.08, 0]]
"""


def read(tmp_path, text):
    (tmp_path / "object.toml").write_text(text)
    return read_target(tmp_path / "object.toml")


def test_faces_and_tags_of_a_file_are_joined(tmp_path):
    target = read(tmp_path, FACES)
    assert target.ids == (7, 0, 1)
    np.testing.assert_allclose(target.corners[2][[0, 2]], [[0.1, 0.01, 0], [0.1, 0.09, -0.08]])
    np.testing.assert_allclose(target.fronts, [[0, 0, 1], [1, 0, 0], [1, 0, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("first_id", "firstid", FormatError, "unknown key 'firstid'.*Did you mean 'first_id'"),
        ("pitch = 0.1", "", FormatError, "face 1 lacks pitch"),
        ("tags_x = 2", "tags_x = 0", FormatError, "no tags"),
        ("tags_x = 2", "tags_x = true", FormatError, "not of the right kind"),
        ("tags_x = 2", "tags_x = 1000000000", FormatError, "more than any dictionary"),
        ("[0, -0.08, 0]]", "[0, -0.08]]", FormatError, "corners is not 4 x 3 numbers"),
        ("[0, -0.08, 0]]", "[0, -0.09, 0]]", BoardError, "corners of tag 7 are not those of a square"),
        ("[0.08, -0.08, 0], [0, -0.08, 0]", "[0, -0.08, 0], [0.08, -0.08, 0]", BoardError, "not those of a square"),
        ("id = 7", "id = 1", BoardError, "doubled"),
        ("id = 7", "id = 700", BoardError, "has 587"),
        ("down = [0, 0, -1]", "down = [0, 1, -1]", BoardError, "not square to each other"),
        ("tag_length = 0.08", "tag_length = 80.0", BoardError, "looks like millimetres"),
        ("36h11", "36h12", BoardError, "Did you mean"),
    ],
)
def test_what_a_file_may_not_say(tmp_path, old, new, error, message):
    assert old in FACES
    with pytest.raises(error, match=message) as caught:
        read(tmp_path, FACES.replace(old, new))
    assert caught.value.remedy


def test_a_missing_file_and_broken_toml(tmp_path):
    with pytest.raises(SourceError):
        read_target(tmp_path / "none.toml")
    with pytest.raises(FormatError, match="is not TOML"):
        read(tmp_path, "[[tag")


def test_tags_that_do_not_fit_on_a_cube_are_refused():
    with pytest.raises(BoardError, match="do not fit"):
        tag_cube(0.3, 0.15, tags_per_edge=2)


def test_tags_that_are_no_tables_are_refused(tmp_path):
    path = tmp_path / "object.toml"
    path.write_text('dictionary = "DICT_4X4_50"\ntag = [1, 2]\n')
    with pytest.raises(FormatError, match="tag 1 is 1, not a table"):
        read_target(path)
