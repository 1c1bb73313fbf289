"""The review window itself, in a real window: what is on the screen is what is in the trial.

Positions on the screen are known twice over: from the scene graph that draws them (`project_to_canvas`), and from
the camera's own numbers by the rule of a right-handed orthographic view, which shares nothing with it.
"""

import dataclasses
import gc
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy import ndimage

from mocap.storage import write_trial
from mocap.trial import Points3D, Trial
from mocap.viewer import open_viewer, view_trial
from mocap.viewer.layers import REJECTED_COLOUR, SIDE_COLOUR, SIDES, Quality, bone_ends
from mocap.viewer.stage import project_to_canvas

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]

WITHIN_PX = 3.0
COLOUR_TOLERANCE = 14
SMALLEST_BLOB_PX = 6
WINDOW_PX = (1440, 1100)


def settle():
    from qtpy.QtWidgets import QApplication

    for _ in range(3):
        QApplication.processEvents()


@pytest.fixture(scope="module")
def window(display, squat_trial):
    viewer, handles = open_viewer(squat_trial)
    viewer.window.resize(*WINDOW_PX)
    settle()
    yield viewer, handles
    viewer.close()
    settle()


@pytest.fixture
def opened(window):
    """The window as it was when it opened."""
    _, handles = window
    handles.set_frame(0)
    handles.look_from("front side")
    settle()
    return window


def picture(viewer):
    settle()
    return viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)


def blobs(image, side):
    """Centres, (n, 2) as x, y, of the patches of a side's marker colour."""
    wanted = np.round(255 * np.array(SIDE_COLOUR[side]))
    alike = (np.abs(image - wanted) <= COLOUR_TOLERANCE).all(axis=2)
    # A hollow marker is a ring of the colour: filled, it is a patch like the others.
    patches, count = ndimage.label(ndimage.binary_fill_holes(alike), structure=np.ones((3, 3)))
    numbers = np.arange(1, count + 1)
    area = ndimage.sum_labels(np.ones_like(patches), patches, numbers)
    centres = ndimage.center_of_mass(patches > 0, patches, numbers[area >= SMALLEST_BLOB_PX])
    return np.array(centres).reshape(-1, 2)[:, ::-1] + 0.5  # the canvas counts from the edge of its first pixel


def by_the_camera(viewer, image, points_world):
    """Canvas pixels by the camera's own numbers in a right-handed world."""
    camera = viewer.scene.camera
    direction, up = np.array(camera.view_direction), np.array(camera.up_direction)
    offset = points_world - np.array(camera.center)
    height, width = image.shape[:2]
    x = width / 2 + camera.zoom * offset @ np.cross(direction, up)
    return np.stack([x, height / 2 - camera.zoom * offset @ up], axis=-1)


@pytest.mark.parametrize("eye", ["front side", "back"])
@pytest.mark.parametrize("frame", [8, 32])
def test_every_joint_is_drawn_where_it_projects(opened, frame, eye):
    viewer, handles = opened
    handles.set_frame(frame)
    handles.look_from(eye)
    image, scene = picture(viewer), handles.scene
    for side in SIDES:
        shown = (scene.quality[frame] != Quality.HIDDEN) & (np.array(scene.sides) == side)
        points_world = scene.position[frame][shown]
        found = blobs(image, side)
        assert len(found) == shown.sum()
        for wanted in (project_to_canvas(viewer, handles.stage.markers.layer, points_world),
                       by_the_camera(viewer, image, points_world)):
            apart = np.linalg.norm(found[:, None] - wanted, axis=2)
            assert apart.min(axis=0).max() <= WITHIN_PX  # measured: 1.2 px at most
            assert len(set(apart.argmin(axis=0))) == len(found)


@pytest.mark.parametrize(("eye", "sign"), [("back", 1), ("front", -1), ("front side", -1)])
def test_left_is_on_the_persons_left(opened, eye, sign):
    """Seen from behind, the left side's colour is on the left of the screen; from the front, on the right."""
    viewer, handles = opened
    handles.look_from(eye)
    image = picture(viewer)
    left, right = (blobs(image, side)[:, 0].mean() for side in ("left", "right"))
    assert sign * (right - left) > 30


def test_view_is_right_handed_and_upright(opened):
    viewer, handles = opened
    camera = viewer.scene.camera
    assert str(camera.handedness) == "right"
    world = np.vstack([np.eye(3), np.zeros(3)])
    x, y, z, origin = project_to_canvas(viewer, handles.stage.markers.layer, world) * [1, -1]
    # Seen from above the horizon, X turns to Y anticlockwise and Z points straight up.
    assert camera.view_direction[2] < 0
    assert np.linalg.det(np.stack([x - origin, y - origin])) > 0
    assert abs((z - origin)[0]) < 1e-3 * (z - origin)[1]


def test_missing_points_are_not_drawn_and_rejected_ones_are_crosses_without_bones(opened):
    viewer, handles = opened
    head, elbow = (handles.scene.names.index(name) for name in ("head", "RElbow"))
    for frame, side, gone in ((25, "right", elbow), (50, "centre", head)):
        handles.set_frame(frame)
        handles.look_from("back")
        image = picture(viewer)
        there = [number for number, one in enumerate(handles.scene.sides) if one == side and number != gone]
        found = blobs(image, side)
        wanted = by_the_camera(viewer, image, handles.scene.position[frame][there])
        assert len(found) == len(there)
        assert np.linalg.norm(found[:, None] - wanted, axis=2).min(axis=0).max() <= WITHIN_PX
        assert np.isfinite(handles.stage.bones.layer.vertices).all()
        of_gone = (handles.scene.bones == gone).any(axis=1)
        start, end = bone_ends(handles.scene, frame)
        assert (np.linalg.norm(end - start, axis=1)[of_gone] == 0).all()
    magenta = (np.abs(image - np.round(255 * np.array(REJECTED_COLOUR))) <= COLOUR_TOLERANCE).all(axis=2)
    at = by_the_camera(viewer, image, handles.scene.position[50][head])
    rows, columns = np.nonzero(magenta)
    assert np.linalg.norm([columns.mean() + 0.5, rows.mean() + 0.5] - at) <= WITHIN_PX


def test_what_napari_draws_again_is_the_same_frame(opened):
    """napari draws a layer from its arrays whenever one of its settings changes: also then no other frame shows."""
    viewer, handles = opened
    for frame in (25, 50):
        handles.set_frame(frame)
        before = picture(viewer)
        layer, bones = handles.stage.markers.layer, handles.stage.bones.layer
        for one in (layer, bones):
            one.refresh()
        layer.antialiasing = layer.antialiasing  # drawn from all points of the layer, the hidden ones too
        layer.events.face_color()
        bones.events.set_data()
        np.testing.assert_array_equal(picture(viewer), before)


def test_skeleton_slider_clock_and_curve_agree_on_the_frame(opened):
    viewer, handles = opened
    for frame in (0, 37, 99, 12, 100):
        handles.set_frame(frame)
        settle()
        shown = handles.scene.quality[frame] != Quality.HIDDEN
        drawn = handles.stage.markers.layer.data
        np.testing.assert_array_equal(drawn[shown], handles.scene.position[frame][shown])
        cursors = [lane.cursor.value() for lane in handles.docks["angles"].lanes]
        np.testing.assert_allclose(cursors, frame / 50)
        assert viewer.dims.current_step[0] == handles.frame == frame
        assert handles.bar.clock.text() == f"{frame / 50:.3f} s   frame {frame} of 100"
        assert handles.bar.line.frame_at(handles.bar.line.x_of(frame / 50)) == frame
    viewer.dims.set_current_step(0, 41)  # napari's own slider
    assert handles.frame == 41


def test_window_names_the_trial_and_the_cameras(opened):
    viewer, handles = opened
    assert viewer.title == "squat_01 - mocap"
    words = list(handles.stage.labels.features["text"])
    assert words == ["X", "Y", "Z", "g", "cam_0", "cam_1", "cam_2", "cam_3"]
    assert set(handles.stage.lab) == {"floor", "axes", "cameras"}


def test_the_window_stays_until_its_event_loop_ends(opened, squat_trial):
    import napari
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    before = set(napari.Viewer._instances)
    # Again and again: while the window is built there is no loop to end yet.
    timer, asked = QTimer(), []
    timer.timeout.connect(lambda: (asked.append(True), QApplication.exit()))
    timer.start(300)
    view_trial(squat_trial)
    timer.stop()
    new = set(napari.Viewer._instances) - before
    for viewer in new:
        viewer.close()
    settle()
    assert asked
    assert [viewer.title for viewer in new] == ["squat_01 - mocap"]


@pytest.mark.benchmark
def test_a_step_costs_no_more_in_a_long_trial(opened, trial_of_length):
    """One step in time in 40 000 frames against one in 101, alternating; its small twin is in test_viewer_layers."""
    _, short = opened
    viewer, long = open_viewer(trial_of_length(40_000))
    settle()
    spent = {short: [], long: []}
    for step in range(1, 21):
        for handles in (short, long):
            started = time.perf_counter()
            handles.set_frame(4 * step)
            spent[handles].append(time.perf_counter() - started)
            settle()
    long.set_frame(39_999)
    settle()
    at_end = round(long.docks["angles"].lanes[0].cursor.value() * 50)
    viewer.close()
    assert at_end == 39_999
    assert np.median(spent[long]) / np.median(spent[short]) <= 2.0  # measured: 1.0


def test_the_barest_trial_opens(display):
    """One frame, one of two points missing, no bones, cameras or angles, gravity unknown."""
    position = np.array([[[0.2, 0.1, 1.0], [np.nan, np.nan, np.nan]]])
    viewer, handles = open_viewer(Trial("bare", Points3D(position, ("LKnee", "RKnee"), 100.0), gravity_known=False))
    settle()
    found = blobs(picture(viewer), "left")
    words = list(handles.stage.labels.features["text"])
    notice = handles.docks["angles"].notice.text()
    drawn_right = blobs(picture(viewer), "right")
    wanted = project_to_canvas(viewer, handles.stage.markers.layer, position[0, :1])
    viewer.close()
    settle()
    assert words == ["X", "Y", "Z", "gravity unknown"]
    assert notice.startswith("no angles in this trial")
    assert len(found) == 1
    assert np.linalg.norm(found - wanted) <= WITHIN_PX
    assert len(drawn_right) == 0


def test_a_click_on_a_marker_chooses_it_and_a_drag_chooses_nothing(opened):
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    viewer, handles = opened
    handles.set_frame(8)
    handles.look_from("back")
    settle()
    canvas = viewer.window._qt_viewer.canvas.native
    for name in ("LWrist", "RToe", "head"):
        where = handles.scene.position[8, _index(handles, name)]
        place = project_to_canvas(viewer, handles.stage.markers.layer, where[None])
        at = QPoint(*np.floor(place[0]).astype(int).tolist())
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
        settle()
        assert handles.moment.point == name
        words = viewer.canvas.overlays.text.text
        x, y, z = where
        assert words.startswith(f"{name}   ({x:.3f}, {y:.3f}, {z:.3f}) m (± unknown)   measured")
    before = picture(viewer)
    drag(canvas, (30, 60), (80, 90))
    settle()
    assert handles.moment.point == "head"
    assert (picture(viewer) != before).any()  # the view was turned
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(5, 200))
    settle()
    assert handles.moment.point == ""
    assert not viewer.canvas.overlays.text.visible


def drag(widget, start, end):
    """Drag with the left button in a few moves, each of which is seen before the next."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=QPoint(*start))
    QTest.qWait(5)
    for x, y in np.linspace(start, end, 5).astype(int).tolist():
        QTest.mouseMove(widget, QPoint(x, y))
        QTest.qWait(5)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=QPoint(*end))


def _index(handles, name):
    return handles.scene.names.index(name)


def test_keys_play_step_and_jump_from_event_to_event(opened, squat_trial):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    viewer, handles = opened
    main = viewer.window._qt_window
    main.activateWindow()
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    settle()
    events = [one.time_s for one in squat_trial.events]
    for key, shift, frame in (
        (Qt.Key.Key_Right, False, 1), (Qt.Key.Key_Right, True, 11), (Qt.Key.Key_Left, False, 10),
        (Qt.Key.Key_Left, True, 0),
        (Qt.Key.Key_End, False, 100), (Qt.Key.Key_Home, False, 0), (Qt.Key.Key_N, False, round(events[0] * 50)),
        (Qt.Key.Key_N, False, round(events[1] * 50)), (Qt.Key.Key_P, False, round(events[0] * 50)),
    ):  # fmt: skip
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(canvas, key, modifier)
        settle()
        assert handles.frame == frame, (key, shift)
    QTest.keyClick(canvas, Qt.Key.Key_3)
    assert handles.moment.camera == "cam_2"
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert handles.bar.playing
    QTest.qWait(300)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert not handles.bar.playing
    played = handles.frame - round(events[0] * 50)
    assert 8 <= played <= 25  # 300 ms at 50 Hz, and the time of the last step
    handles.set_frame(0)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    QTest.qWait(40)
    handles.set_frame(60)  # who goes elsewhere is not taken back
    for _ in range(400):
        QTest.qWait(5)
        if handles.frame != 60:
            break
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert handles.frame > 60


def test_layers_on_demand_show_and_follow(opened):
    viewer, handles = opened
    handles.set_frame(30)
    plain = picture(viewer)
    for name, part in handles.stage.parts.items():
        part.layer.visible = True
        shown = picture(viewer)
        assert (shown != plain).any(), name
        handles.set_frame(60)
        after = part.layer.vertices.copy()
        handles.set_frame(30)
        assert not np.array_equal(after, part.layer.vertices), name
        part.layer.visible = False
        np.testing.assert_array_equal(picture(viewer), plain)


def test_a_window_that_is_closed_leaves_the_others_their_picture(opened, squat_trial):
    from qtpy.QtCore import QCoreApplication, Qt

    assert QCoreApplication.testAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    viewer, handles = opened
    handles.set_frame(30)
    before = picture(viewer)
    other, others = open_viewer(squat_trial)
    others.set_frame(10)
    picture(other)
    other.close()
    del other, others
    gc.collect()
    settle()
    handles.set_frame(31)
    settle()
    handles.set_frame(30)
    np.testing.assert_array_equal(picture(viewer), before)


@pytest.mark.heavy  # a process of its own: the one above shares graphics memory
def test_so_it_does_where_napari_began_the_process(display, tmp_path, squat_trial):
    write_trial(tmp_path / "squat.h5", squat_trial)
    code = f"""
import gc
from pathlib import Path
import napari
from qtpy.QtCore import QCoreApplication, Qt
from qtpy.QtWidgets import QApplication
from mocap.pipeline.review_open import open_desk
from mocap.viewer import mount

def settle():
    for _ in range(5):
        QApplication.processEvents()

viewers = [napari.Viewer(ndisplay=3) for _ in range(2)]
handles = [mount(viewer, open_desk(Path({str(tmp_path / "squat.h5")!r}))) for viewer in viewers]
settle()
assert not QCoreApplication.testAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
before = viewers[0].screenshot(flash=False)
viewers.pop().close()
handles.pop()
gc.collect()
settle()
assert (viewers[0].screenshot(flash=False) == before).all()
viewers[0].close()
settle()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


def test_whoever_deletes_layers_goes_on_without_them(display, squat_trial):
    viewer, handles = open_viewer(squat_trial)
    handles.follow(True)
    settle()
    viewer.layers.clear()
    for frame in (3, 50):
        handles.set_frame(frame)
        settle()
    handles.look_from("left")
    handles.moment.choose_point("head")
    assert handles.stage.pick(np.array([200.0, 150.0])) == ""
    handles.stage.picture.show("cam_0", np.zeros((90, 160, 3), np.uint8))
    handles.show_review(handles.desk.review)
    settle()
    assert handles.docks["angles"].lanes[0].cursor.value() == 1.0
    viewer.close()
    settle()


def test_who_is_followed_stays_in_the_middle(display, squat_trial):
    moved = squat_trial.points.position + np.linspace(0, 4, 101)[:, None, None] * [1, 0, 0]
    points = dataclasses.replace(squat_trial.points, position=moved)
    viewer, handles = open_viewer(dataclasses.replace(squat_trial, points=points))
    handles.bar.follow_box.setChecked(True)
    settle()
    place = {}
    for frame in (0, 60):
        handles.set_frame(frame)
        place[frame] = project_to_canvas(viewer, handles.stage.markers.layer, moved[frame]).mean(axis=0)
    handles.bar.follow_box.setChecked(False)
    walked = [project_to_canvas(viewer, handles.stage.markers.layer, moved[frame]).mean(axis=0)[0] for frame in (0, 60)]
    viewer.close()
    settle()
    assert abs(place[60] - place[0])[0] < 30  # the squat itself moves the middle
    assert abs(walked[1] - walked[0]) > 100


def test_a_raised_right_arm_is_the_right_one_on_the_screen(display, squat_trial):
    """Seen from behind, the highest patch is of the right side's colour and on the right of the screen."""
    position = squat_trial.points.position[:1].copy()
    names = squat_trial.points.names
    for joint, height in (("RElbow", 1.75), ("RWrist", 2.05)):
        position[0, names.index(joint)] = position[0, names.index("RShoulder")] * [1, 1, 0] + [0, 0, height]
    viewer, handles = open_viewer(Trial("arm", Points3D(position, names, 50.0), bones=squat_trial.bones))
    handles.look_from("back")
    image = picture(viewer)
    tops = {side: blobs(image, side) for side in ("left", "right")}
    middle = blobs(image, "centre")[:, 0].mean()
    viewer.close()
    settle()
    highest = tops["right"][tops["right"][:, 1].argmin()]
    assert highest[1] < tops["left"][:, 1].min() - 20
    assert highest[0] > middle + 10
