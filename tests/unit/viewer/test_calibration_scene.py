"""What the view of a calibration draws, as plain arrays: no display."""

from dataclasses import replace

import numpy as np
import pytest

from calibration import CameraRig
from calibration.quality.error_map import ErrorMap, display_axes
from calibration.rigid import from_rotvec
from calibration.synthetic.rigs import ring_rig
from mocap.viewer import calibration_scene as scene
from mocap.viewer.calibration_scene import CALIBRATION_ERROR, N_CAMERAS, NOISE_ERROR, Boards, CameraRow


@pytest.fixture(scope="module")
def rig() -> CameraRig:
    return ring_rig(5, 3)


def small_map(n_views=None, sd=None) -> ErrorMap:
    """A map of 2 x 3 x 4 cells of 0.5, 0.4 and 0.3 m."""
    x, y, z = np.meshgrid(0.5 * np.arange(2), 0.4 * np.arange(3), 0.3 * np.arange(4), indexing="ij")
    n_views = np.full(x.shape, 4) if n_views is None else n_views
    sd = np.linspace(0.2, 7.0, x.size).reshape(x.shape) if sd is None else sd
    return ErrorMap(np.stack([x, y, z], axis=-1), np.eye(3), sd, 2 * sd, n_views)


def test_the_room_is_around_what_the_cameras_look_at(rig):
    corners = scene.room_corners(rig)
    low, high = corners.min(axis=0), corners.max(axis=0)
    assert (low[:2] < -1.2).all() and (high[:2] > 1.2).all()
    np.testing.assert_allclose((low + high)[:2] / 2, 0, atol=0.3)
    assert low[2] == 0.0 and 1.5 < high[2] <= 2.5
    found = scene.room_map(rig, 6)
    assert found.share_measured > 0.9 and found.n_views.max() == 5
    assert np.isnan(found.calibration_sd_mm).all()  # these cameras state no uncertainty


def test_the_room_of_parallel_cameras_lies_ahead_of_them(rig):
    one = rig.cameras[0]
    beside = from_rotvec(np.zeros(3), np.array([0.3, 0, 0]))
    other = replace(one, name="other", cam_from_world=beside @ one.cam_from_world)
    middle = scene.room_corners(CameraRig((one, other))).mean(axis=0)
    assert 2 < one.cam_from_world[2, :3] @ (middle - one.centre_world) < 4  # m


def test_a_room_without_gravity_stands_as_the_images_do(rig):
    unknown = CameraRig(rig.cameras, {"gravity": "unknown"})
    up = display_axes(unknown)[2]
    heights = np.unique(np.round(scene.room_corners(unknown) @ up, 6))
    assert len(heights) == 2 and np.ptp(heights) > 1.0  # a box in the axes of the pictures


def test_colours_tell_the_worst_and_what_is_not_seen():
    n_views = np.full((2, 3, 4), 4)
    n_views[0, 0, 0] = 1
    errors = small_map(n_views)
    colours = scene.cell_colours(errors, CALIBRATION_ERROR)
    assert tuple(colours[0, 0, 0]) == scene.BLIND_COLOUR
    lightness = colours.reshape(-1, 3)[1:] @ [0.2126, 0.7152, 0.0722]
    assert lightness[-1] > lightness[0] + 100
    assert (np.diff(lightness) > -2).all()  # the scale ends at the 98th percentile
    counts = scene.camera_count_colours(np.array([2, 3, 4]), 4) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(counts) < -40).all()  # the fewer the lighter


def test_scales_end_in_round_numbers_and_legends_say_the_unit():
    errors = small_map()
    assert scene.scale_ends(errors, CALIBRATION_ERROR) == (0.2, 10.0)
    assert scene.scale_ends(errors, NOISE_ERROR) == (0.5, 20.0)
    np.testing.assert_allclose(scene.scale_ticks((0.2, 10.0)), [0.2, 0.5, 1, 2, 5, 10])
    assert len(scene.scale_ticks((0.001, 1000.0))) <= 7
    words = [word for _, word in scene.legend_of(errors, CALIBRATION_ERROR)]
    assert words == ["0.2", "0.5", "1", "2", "5", "10 mm", "fewer than 2 cameras"]
    assert [word for _, word in scene.legend_of(errors, N_CAMERAS)] == ["2", "3", "4 cameras", "fewer than 2"]
    flat = small_map(sd=np.full((2, 3, 4), 1.0))
    low, high = scene.scale_ends(flat, CALIBRATION_ERROR)
    assert low <= 1.0 < high
    assert scene.scale_ends(small_map(sd=np.full((2, 3, 4), np.nan)), CALIBRATION_ERROR) == (1.0, 10.0)


def test_a_layer_is_squares_at_their_cells():
    errors = small_map()
    np.testing.assert_allclose(scene.heights_m(errors), [0, 0.3, 0.6, 0.9])
    vertices, faces, colours = scene.layer_mesh(errors, CALIBRATION_ERROR, 2)
    assert vertices.shape == (24, 3) and faces.shape == (12, 3) and colours.shape == (24, 4)
    assert (vertices[:, 2] == pytest.approx(0.6)) and faces.max() == 23
    square = vertices[:4]
    np.testing.assert_allclose(square.mean(axis=0), errors.grid_world[0, 0, 2])
    np.testing.assert_allclose(np.ptp(square, axis=0), [0.46, 0.368, 0])
    np.testing.assert_allclose(colours[0, :3] * 255, scene.cell_colours(errors, CALIBRATION_ERROR)[0, 0, 2])


def test_cells_of_which_nothing_is_known_are_not_drawn():
    sd = np.full((2, 3, 4), np.nan)
    sd[1, 1, 1] = 2.0
    errors = small_map(sd=sd)
    assert scene.cells_shown(errors, CALIBRATION_ERROR).sum() == 1
    assert scene.cells_shown(errors, N_CAMERAS).all()
    assert len(scene.layer_mesh(errors, CALIBRATION_ERROR, 0)[0]) == 0


def test_a_map_of_one_layer_has_cells_of_a_size():
    whole = small_map()
    flat = ErrorMap(whole.grid_world[:, :, :1], np.eye(3), *(part[:, :, :1] for part in (
        whole.calibration_sd_mm, whole.noise_sd_mm, whole.n_views)))
    assert scene.cell_size_m(flat) == pytest.approx(0.5)
    assert len(scene.heights_m(flat)) == 1


def boards() -> Boards:
    x, y = np.meshgrid(0.1 * np.arange(3), 0.1 * np.arange(5))
    corners = np.column_stack([x.ravel(), y.ravel(), np.zeros(15)])
    turned = from_rotvec(np.array([0, np.pi / 2, 0]), np.array([0, 2.0, 0]))
    poses = np.stack([from_rotvec(np.zeros(3), np.array([1.0, 0, 0])), turned])
    return Boards(np.array([4, 9]), poses, np.array([1, 3]), corners, (np.arange(15),))


def test_boards_are_drawn_where_they_stood_in_the_colour_of_their_cameras():
    lines = scene.board_lines(boards())
    assert lines.start.shape == lines.end.shape == (8, 3)
    np.testing.assert_allclose(lines.start[:4].min(axis=0), [1.0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(lines.start[:4].max(axis=0), [1.2, 0.4, 0], atol=1e-9)
    # Turned about Y by a right angle: its X points down.
    np.testing.assert_allclose(lines.start[4:].min(axis=0), [0, 2.0, -0.2], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(lines.end - lines.start, axis=1).reshape(2, 4).sum(axis=1), 1.2)
    told = {word: np.array(colour) for colour, word in scene.board_legend()}
    np.testing.assert_allclose(255 * lines.colour[0], told["boards seen by 1 camera"], atol=1)
    np.testing.assert_allclose(255 * lines.colour[-1], told["3 or more"], atol=1)


def test_a_wand_without_area_draws_nothing():
    wand = Boards(np.array([0]), np.eye(4)[None], np.array([2]), np.array([[0, 0, 0], [0, 0, 1.0]]), (np.arange(2),))
    assert len(scene.board_lines(wand).start) == 0


def test_the_overview_holds_all_places_and_stands_upright(rig):
    places = np.vstack([[camera.centre_world for camera in rig], [[0, 0, 0]]])
    for display in (np.eye(3), display_axes(CameraRig(rig.cameras, {"gravity": "unknown"}))):
        sight = scene.overview(places, display, (640, 700))
        on_screen = (places - sight.centre) @ np.stack([sight.right, sight.up]).T * sight.zoom
        assert (np.abs(on_screen) <= [320 * 0.75, 350 * 0.75]).all()
        assert sight.up @ display[2] > 0.8 and sight.direction @ display[2] < 0
        assert np.linalg.norm(sight.up) == pytest.approx(1) and abs(sight.up @ sight.direction) < 1e-9


def test_words_of_a_camera_and_of_a_map():
    row = CameraRow("cam_2", "usable", "Views used 12, fewer than 20", "Show the board.", 0.5, 12, 24.2, 60.0, 1.234)
    assert scene.camera_words(row) == "cam_2 is usable. Views used 12, fewer than 20. Show the board."
    assert scene.table_cells(row) == ("cam_2", "usable", "0.5", "12", "24", "1.23")
    assert scene.table_cells(CameraRow("x")) == ("x", "-", "-", "-", "-", "-")
    assert scene.map_words(small_map(), CALIBRATION_ERROR).startswith("median 3.6 mm, 95 % below 6.7 mm (1 SD); 100 %")
    assert "not stated" in scene.map_words(small_map(sd=np.full((2, 3, 4), np.nan)), CALIBRATION_ERROR)
    picture = scene.coverage_picture(np.array([[0, 1, 9]]))
    assert tuple(picture[0, 0]) == (38, 40, 46) and picture[0, 2].sum() > picture[0, 1].sum() + 200


def test_cameras_of_a_trial_say_what_is_missing(rig):
    view = scene.view_of_rig(rig, "squat", ("No boards here.",))
    assert view.boards is None and view.notes[0] == "No boards here." and "one pixel alone" in view.notes[1]
