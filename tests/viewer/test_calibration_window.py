"""The window of a calibration, in a real window: cameras, boards and maps are there, and are what is chosen."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.rigid import from_rotvec
from calibration.synthetic.rigs import ring_rig
from mocap.viewer.calibration_scene import N_CAMERAS, Boards, CalibrationView, CameraRow, room_map, volume_map
from mocap.viewer.calibration_window import CELLS, ONE_HEIGHT, ROOM, VOLUME, open_calibration_view

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]


def calibrated() -> CalibrationView:
    rig = ring_rig(4, 3)
    rig = replace(rig, covariance=1e-6 * np.eye(4 * 18).reshape(4, 18, 4, 18))
    corners = np.array([[x, y, 0] for x in (0, 0.4) for y in (0, 0.6)])
    poses = np.stack([from_rotvec(np.array([0.5 * k, 0.3, 0]), np.array([0.2 * k - 0.5, 0, 1])) for k in range(6)])
    boards = Boards(np.arange(6), poses, np.array([1, 2, 3, 4, 2, 1]), corners, (np.arange(4),))
    rows = tuple(CameraRow(name, "good", rms_px=0.3, n_views=20, counts=np.eye(12, dtype=int)) for name in rig.names)
    volume = volume_map(rig, np.random.default_rng(1).uniform([-0.6, -0.6, 0.2], [0.6, 0.6, 1.8], (500, 3)), 6)
    rows = (*rows[:2], replace(rows[2], grade="refuse", reason="It saw < 3 boards"), rows[3])
    return CalibrationView("lab.toml", rig, rows, "good: all is well.", ("warn: scale.",), volume, boards)


def wait_for(holds):
    from qtpy.QtTest import QTest

    for _ in range(600):
        if holds():
            return
        QTest.qWait(5)
    pytest.fail("it did not happen within 3 s")


@pytest.fixture(scope="module")
def window(display):
    handles = open_calibration_view(calibrated())
    wait_for(lambda: handles.dock.region_box.count() == 2)
    yield handles
    handles.viewer.close()


def canvas(handles):
    from qtpy.QtTest import QTest

    QTest.qWait(20)
    return handles.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)


def n_alike(image, colour):
    return int((np.abs(image - np.array(colour)) <= 12).all(axis=2).sum())


def test_cameras_boards_and_the_map_are_drawn(window):
    dock, stage = window.dock, window.stage
    dock.choose(region=VOLUME, shape=CELLS)
    assert set(stage.layers) == {"floor", "axes", "cameras", "boards", "labels", "map"}
    assert {"cam_0", "cam_1", "cam_2", "cam_3"} <= set(stage.layers["labels"].features["text"])
    assert len(stage.layers["map"].data) == dock.errors.n_views.size
    assert "lab.toml" in dock.verdict_label.text() and "6 places of the board" in dock.verdict_label.text()
    assert n_alike(canvas(window), (242, 209, 89)) > 300  # cameras


def test_all_of_the_cameras_are_on_the_canvas(window):
    from mocap.viewer.stage import canvas_size, project_to_canvas

    window.dock.choose(region=VOLUME, shape=CELLS)
    window.stage.look()
    centres = np.array([camera.centre_world for camera in window.stage.view.rig])
    place = project_to_canvas(window.viewer, window.stage.layers["cameras"], centres)
    assert (place > 0).all() and (place < canvas_size(window.viewer)).all()


def test_the_map_is_of_what_is_chosen(window):
    dock, stage = window.dock, window.stage
    dock.choose(quantity=N_CAMERAS, region=ROOM, shape=CELLS)
    assert len(stage.layers["map"].data) == room_map(stage.view.rig).n_views.size
    assert "seen by 2 cameras" in dock.map_label.text() and "4 cameras" in dock.legend_label.text()
    dock.choose(region=VOLUME, shape=ONE_HEIGHT)
    dock.height_slider.setValue(1)
    heights = np.unique(np.round(stage.layers["map"].vertices[:, 2], 4))
    assert len(heights) == 1 and dock.height_label.text() == f"height {heights[0]:.2f} m"
    stage.layers["map"].visible = False
    dock.height_slider.setValue(2)  # what was hidden stays hidden
    assert not stage.layers["map"].visible
    stage.layers["map"].visible = True


def test_a_chosen_camera_is_white_and_told_of(window):
    window.dock.choose_camera("cam_2")
    assert window.dock.camera_label.text().startswith("cam_2 is refuse. It saw &lt; 3 boards.")
    assert not window.dock.picture_label.pixmap().isNull()
    colours = window.stage.layers["cameras"].vertex_colors
    white = (colours[:, :3] == 1).all(axis=1)
    place = window.stage.layers["cameras"].vertices[white].mean(axis=0)
    centres = np.array([camera.centre_world for camera in window.stage.view.rig])
    assert np.argmin(np.linalg.norm(centres - place, axis=1)) == 2 and white.mean() == pytest.approx(0.25)


def test_it_fits_the_smallest_screen(window):
    size = window.viewer.window._qt_window.size()
    assert (size.width(), size.height()) == (1366, 768)


def test_cameras_of_a_trial_have_maps_and_say_what_is_missing(display, squat_trial):
    position = squat_trial.points.position
    handles = open_calibration_view(squat_trial.rig, "squat_01", position)
    wait_for(lambda: handles.dock.region_box.count() == 2)
    said, quantity = handles.dock.verdict_label.text(), handles.dock.quantity
    shown, errors, title = set(handles.stage.layers), handles.dock.errors, handles.viewer.title
    handles.viewer.close()
    assert "boards and verdicts are beside their calibration file" in said
    assert title == "squat_01 - mocap calibration" and "boards" not in shown and "map" in shown
    assert quantity == "noise"  # their uncertainty is not stated
    known = position[np.isfinite(position).all(axis=2)]
    assert np.abs(errors.grid_world.reshape(-1, 3).mean(axis=0) - known.mean(axis=0)).max() < 0.5
