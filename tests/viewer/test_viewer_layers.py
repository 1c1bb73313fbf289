"""What is drawn, as plain arrays: no display, no napari."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from mocap.errors import ViewerError
from mocap.schema import Status
from mocap.trial import Points3D, Trial
from mocap.viewer import angles, lab, layers, sight
from mocap.viewer.layers import Quality
from mocap.viewer.meshes import tubes


def one_frame(status=None, **more) -> Trial:
    names = ("LHip", "RHip", "LKnee", "sacrum")
    position = np.array([[[0, 0.1, 1], [0, -0.1, 1], [0, 0.1, 0.5], [-0.1, 0, 1]]], dtype=float)
    return Trial("t", Points3D(position, names, 100.0, status=status),
                 bones=(("LHip", "LKnee"), ("LHip", "RHip"), ("sacrum", "RHip"), ("LHip", "gone")), **more)


def test_neither_napari_nor_qt_is_imported_with_the_package():
    code = ("import sys, mocap.viewer, mocap.viewer.layers, mocap.viewer.angles, mocap.viewer.stage;"
            "sys.exit(any(name.split('.')[0] in {'napari', 'PySide6', 'qtpy', 'pyqtgraph'} for name in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_sides_of_markers_and_bones():
    scene = layers.scene_of(one_frame())
    assert scene.sides == ("left", "right", "left", "centre")
    assert scene.bone_sides == ("left", "centre", "right")
    assert scene.bones.tolist() == [[0, 2], [0, 1], [3, 1]]


def test_missing_and_infinite_points_are_hidden_and_rejected_ones_told():
    position = np.zeros((1, 6, 3))
    position[0, 1, 2], position[0, 2, 0] = np.nan, np.inf
    status = [[Status.MEASURED, 0, Status.MEASURED, Status.MEASURED | Status.REJECTED,
               Status.FILLED | Status.FILTERED, Status.FILLED | Status.EDITED]]
    points = Points3D(position, tuple("abcdef"), 100.0, status=np.array(status, dtype=np.uint8))
    assert layers.quality_of(points).tolist() == [[
        Quality.MEASURED, Quality.HIDDEN, Quality.HIDDEN, Quality.REJECTED, Quality.FILLED, Quality.EDITED]]
    assert layers.believed(layers.quality_of(points)).tolist() == [[True, False, False, False, True, True]]


def test_smoothed_points_are_drawn_where_there_are_any():
    trial = one_frame()
    moved = Points3D(trial.points.position + 1, trial.points.names, 100.0)
    scene = layers.scene_of(one_frame(points_smoothed=moved))
    assert scene.source == "points_smoothed"
    np.testing.assert_array_equal(scene.position, moved.position)


def test_colours_tell_side_and_quality():
    face, border = layers.marker_colours(("left", "left", "right", "centre"), np.array([1, 2, 3, 1]))
    assert face.shape == border.shape == (4, 4)
    np.testing.assert_allclose(face[0, :3], layers.SIDE_COLOUR["left"])
    np.testing.assert_allclose(border[1, :3], layers.SIDE_COLOUR["left"])
    assert face[1, :3].max() < 0.3
    np.testing.assert_allclose(border[2], 1)
    # Left and right stay apart also for the colour blind: by their lightness in red and in blue.
    assert np.abs(face[0, :3] - face[2, :3])[[0, 2]].min() > 0.5


def test_hidden_markers_wait_where_a_shown_one_is_and_draw_no_bone():
    trial = one_frame()
    position = trial.points.position.copy()
    position[0, 2] = np.nan
    scene = layers.scene_of(dataclasses.replace(trial, points=dataclasses.replace(trial.points, position=position)))
    now = layers.markers_at(scene, 0)
    assert now.shown.tolist() == [True, True, False, True]
    np.testing.assert_array_equal(now.position[2], now.position[0])
    start, end = layers.bone_ends(scene, 0)
    length = np.linalg.norm(end - start, axis=1)
    assert length[0] == 0
    assert (length[1:] > 0.05).all()


def test_bones_lie_on_the_line_between_their_markers():
    scene = layers.scene_of(one_frame())
    start, end = layers.bone_ends(scene, 0)
    np.testing.assert_allclose(start[0], [0, 0.1, 1 - layers.BONE_GAP_M])
    np.testing.assert_allclose(end[0], [0, 0.1, 0.5 + layers.BONE_GAP_M])
    vertices, faces = layers.bone_mesh(scene, 0)
    assert len(vertices) == len(layers.bone_colours(scene)) == 3 * 2 * layers.BONE_CORNERS
    assert faces.max() == len(vertices) - 1


def test_a_trial_without_frames_is_refused_in_words():
    empty = Trial("e", Points3D(np.empty((0, 1, 3)), ("a",), 100.0))
    with pytest.raises(ViewerError, match=r"VIEWER_EMPTY.*0 frames"):
        layers.scene_of(empty)


@pytest.mark.parametrize("direction", [[0, 0, 1], [0, 0, -2], [1, 0, 0], [0, 3, 0], [1, 2, 3]])
def test_a_tube_is_a_closed_prism_around_its_line(direction):
    start, end = np.array([1.0, 2, 3]), np.array([1.0, 2, 3]) + direction
    vertices, faces = tubes(start[None], end[None], 0.1, corners=8)
    along = np.array(direction) / np.linalg.norm(direction)
    across = (vertices - start) - ((vertices - start) @ along)[:, None] * along
    np.testing.assert_allclose(np.linalg.norm(across, axis=1), 0.1)
    np.testing.assert_allclose((vertices[:8] - start) @ along, 0, atol=1e-12)
    np.testing.assert_allclose((vertices[8:] - end) @ along, 0, atol=1e-12)
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middle = corners.mean(axis=1) - start
    assert ((normals * (middle - (middle @ along)[:, None] * along)).sum(axis=1) > 0).all()  # outwards
    area = np.linalg.norm(normals, axis=1).sum() / 2
    np.testing.assert_allclose(area, 8 * 2 * 0.1 * np.sin(np.pi / 8) * np.linalg.norm(direction))


def test_a_tube_of_no_length_has_no_area():
    vertices, _ = tubes(np.ones((1, 3)), np.ones((1, 3)), 0.1)
    np.testing.assert_array_equal(vertices, 1)


def test_floor_is_level_under_the_person_and_never_too_fine():
    grid = lab.floor_grid(np.array([[-0.3, 0, 0], [0.4, 0.2, 1.7]]))
    assert (grid.start[:, 2] == 0).all()
    assert (grid.end[:, 2] == 0).all()
    np.testing.assert_array_equal(grid.start.min(axis=0)[:2], [-1.5, -1.0])
    np.testing.assert_array_equal(grid.end.max(axis=0)[:2], [1.5, 1.5])
    assert len(lab.floor_grid(np.array([[-500, 0, 0], [500, 9, 1]])).start) < 2 * lab.MAX_CELLS


def test_frusta_are_drawn_through_the_corners_of_the_images(squat_trial):
    """Projected back, each corner of a frustum is a corner of its own camera's image."""
    lines, names = lab.camera_frusta(squat_trial.rig, 0.3)
    assert [name.text for name in names] == list(squat_trial.rig.names)
    for number, camera in enumerate(squat_trial.rig):
        start, end = (side[10 * number : 10 * number + 10] for side in (lines.start, lines.end))
        np.testing.assert_allclose(start[:4], np.tile(camera.centre_world, (4, 1)))
        width, height = camera.size
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
        np.testing.assert_allclose(camera.project(end[:4]), corners, atol=1e-6)
        assert (end[8:, 2] > end[:4, 2].max()).all()  # the roof is up in the world, as these cameras stand upright


def test_gravity_points_down_or_is_said_to_be_unknown():
    bounds = np.array([[0.0, 0, 0], [1, 1, 2]])
    arrow, _ = lab.gravity_arrow(bounds, known=True)
    drop = (arrow.end - arrow.start)[0]
    assert drop[2] < 0
    assert (drop[:2] == 0).all()
    assert lab.gravity_arrow(bounds, known=False)[0] is None
    assert lab.gravity_arrow(bounds, known=False)[1][0].text == "gravity unknown"


def test_a_stray_point_does_not_shrink_the_person(squat_trial):
    position = np.array(squat_trial.points.position)
    position[7, 2] = 1000.0
    bounds = lab.bounds_of(layers.scene_of(Trial("t", Points3D(position, squat_trial.points.names, 50.0))))
    assert bounds[1, 2] < 2.0


@pytest.mark.parametrize("turn_deg", [0, 90, 200])
def test_facing_is_read_from_the_body(squat_trial, turn_deg):
    turn = np.deg2rad(turn_deg)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    turned = Points3D(squat_trial.points.position @ about_z.T, squat_trial.points.names, 50.0)
    facing = sight.facing_of(layers.scene_of(Trial("t", turned)), "x")
    np.testing.assert_allclose(facing, about_z[:, 0], atol=1e-9)


@pytest.mark.parametrize(("axis", "wanted"),
                         [("x", [1, 0, 0]), ("-y", [0, -1, 0]), ("+y", [0, 1, 0]), ("?", [1, 0, 0])])
def test_facing_is_taken_from_the_axis_where_the_body_does_not_show_it(axis, wanted):
    points = Points3D(np.zeros((3, 2, 3)), ("nose", "neck"), 50.0)
    np.testing.assert_array_equal(sight.facing_of(layers.scene_of(Trial("t", points)), axis), wanted)


@pytest.mark.parametrize("eye", sight.EYES)
def test_a_view_is_upright_and_holds_the_person(eye):
    box = sight.person_box(np.array([[-0.5, -0.4, 0.1], [0.6, 0.3, 1.8]]))
    view = sight.sight_of(box, np.array([1.0, 0, 0]), (1000, 600), eye)
    np.testing.assert_allclose([view.direction @ view.direction, view.up @ view.up], 1)
    assert abs(view.direction @ view.up) < 1e-12
    assert view.up[2] >= 0
    on_screen = view.zoom * (box - view.centre) @ np.stack([view.right, view.up], axis=1)
    assert np.abs(on_screen[:, 0]).max() <= 500 * (1 - 2 * sight.MARGIN) + 1e-6
    assert np.abs(on_screen[:, 1]).max() <= 300 * (1 - 2 * sight.MARGIN) + 1e-6
    # The person faces +X, so +Y is the left: on the right of the screen from the front, on the left from behind.
    wanted = {"front": 1, "front side": 1, "back": -1, "top": -1, "left": 0, "right": 0}[eye]
    assert np.sign(np.round(view.right @ [0, 1, 0], 9)) == wanted


def test_far_cameras_do_not_make_the_person_tiny():
    box = sight.person_box(np.array([[-0.5, -0.4, 0.1], [0.6, 0.3, 1.8]]))
    facing, far = np.array([1.0, 0, 0]), np.array([[50.0, 0, 3], [-50, 10, 3]])
    alone = sight.sight_of(box, facing, (1000, 600), "front side")
    together = sight.sight_of(box, facing, (1000, 600), "front side", far)
    np.testing.assert_allclose(together.zoom, sight.PERSON_SHARE * alone.zoom, rtol=0.15)


def test_cameras_are_in_the_picture_with_their_names():
    box, size = sight.person_box(np.array([[-0.5, -0.4, 0.1], [0.6, 0.3, 1.8]])), np.array([700, 355])
    turn = np.deg2rad(np.arange(10, 370, 60))
    cameras = np.column_stack([3 * np.cos(turn), 3 * np.sin(turn), np.full(6, 1.5)])
    view = sight.sight_of(box, np.array([1.0, 0, 0]), tuple(size), "front side", cameras)
    on_screen = view.zoom * (cameras - view.centre) @ np.stack([view.right, view.up], axis=1)
    assert (np.abs(on_screen) <= size / 2 - sight.NAME_PX / 2 + 1e-6).all()


def test_a_curve_is_in_degrees_with_a_band_of_one_sd(squat_trial):
    curve = angles.curve_of(squat_trial.angles, "pelvic_tilt")
    assert angles.readout(curve, 0) == "10.0° ± 0.8° (1 SD)"
    low, high = curve.band_deg
    np.testing.assert_allclose((high - low)[50], 2 * 1.4)
    assert angles.finite_runs(low, high) == [(0, 70), (76, 101)]
    definition = squat_trial.angles.definition("pelvic_tilt")
    said = (definition.definition, definition.sequence, definition.zero, definition.reference, definition.method)
    assert all(words in curve.meaning for words in said)


class OneFrameAtATime:
    """An array over time that lets itself be read by single frames only, and notes which."""

    def __init__(self, values):
        self.values, self.taken = values, []

    def __getitem__(self, frame):
        assert isinstance(frame, int), "more than one frame is read"
        self.taken.append(frame)
        return self.values[frame]

    def __array__(self, *_, **__):
        raise AssertionError("the whole trial is read")


def test_the_arrays_of_a_frame_touch_that_frame_alone(squat_trial):
    scene = layers.scene_of(squat_trial)
    watched = {name: OneFrameAtATime(getattr(scene, name)) for name in ("position", "quality", "time_s")}
    spied = dataclasses.replace(scene, **watched)
    vertices, _ = layers.bone_mesh(spied, 45)
    now = layers.markers_at(spied, 45)
    assert {frame for values in watched.values() for frame in values.taken} == {45}
    np.testing.assert_array_equal(vertices, layers.bone_mesh(scene, 45)[0])
    np.testing.assert_array_equal(now.position, layers.markers_at(scene, 45).position)
