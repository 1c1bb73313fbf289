"""The video dock in a real window: the picture, the 3D scene and the curve show the same frame."""

import dataclasses

import numpy as np
import pytest

from mocap.errors import SourceError
from mocap.trial import Keypoints2D
from mocap.viewer import open_viewer
from mocap.viewer.parts import TrialParts
from mocap.viewer.review import Review, ViewOnly
from mocap.viewer.stage import project_to_canvas
from tests.fixtures.numbered_videos import number_of, numbered, write_numbered

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]
BROKEN = 33


class Pictures:
    """Numbered pictures of two cameras; that of one frame cannot be read, and one camera began ten frames late."""

    cameras = ("cam_0", "cam_1")

    def place(self, camera, frame):
        return frame if camera == "cam_0" else max(-1, frame - 10)

    def image(self, camera, place):
        if camera == "cam_0" and place == BROKEN:
            raise SourceError("Frame 33 of the video is damaged.", "Copy it again.", code="VIDEO_DAMAGED")
        return numbered(place if camera == "cam_0" else place + 10)


def settle():
    from qtpy.QtWidgets import QApplication

    for _ in range(3):
        QApplication.processEvents()


def wait_for(done):
    from qtpy.QtTest import QTest

    for _ in range(200):
        if done():
            return True
        QTest.qWait(10)
    return False


@pytest.fixture(scope="module")
def window(display, squat_trial):
    seen = np.stack([camera.project(squat_trial.points.position) for camera in squat_trial.rig]).astype(np.float32)
    seen += np.random.default_rng(1).normal(scale=2.0, size=seen.shape).astype(np.float32)
    keypoints = Keypoints2D(seen, np.ones(seen.shape[:3]), squat_trial.points.names, squat_trial.points.rate_hz)
    trial = dataclasses.replace(squat_trial, keypoints=keypoints)
    desk = ViewOnly(trial)
    desk.review = Review(trial, TrialParts(trial), Pictures())
    viewer, handles = open_viewer(desk)
    settle()
    yield handles
    viewer.close()
    settle()


@pytest.fixture
def dock(window):
    window.moment.choose_camera("cam_0")
    window.set_frame(0)
    window.moment.choose_point("")
    settle()
    return window.docks["video"]


def test_picture_scene_and_curve_are_of_one_frame(window, dock):
    for frame in (5, 6, 7, 80, 12):
        window.set_frame(frame)
        assert wait_for(lambda frame=frame: dock.picture_at == ("cam_0", frame))
        assert number_of(dock._image.image) == window.frame == frame
        assert window.docks["angles"].lanes[0].cursor.value() == frame / 50
        shown = window.scene.quality[frame] != 0
        np.testing.assert_array_equal(window.stage.markers.layer.data[shown], window.scene.position[frame][shown])
        assert f"picture {frame}" in dock.words.text()


def test_until_it_is_read_the_older_picture_is_pale(window, dock):
    window.set_frame(60)
    assert dock._image.opacity() < 0.5
    assert wait_for(lambda: dock.picture_at == ("cam_0", 60))
    assert dock._image.opacity() == 1.0


def test_another_camera_has_its_own_clock_and_one_without_footage_is_no_obstacle(window, dock):
    window.moment.choose_camera("cam_1")
    window.set_frame(50)
    assert wait_for(lambda: dock.picture_at == ("cam_1", 40))
    assert number_of(dock._image.image) == 50
    window.set_frame(4)
    settle()
    assert "took no picture at this moment" in dock.words.text()
    window.moment.choose_camera("cam_3")
    settle()
    assert "no pictures of this camera" in dock.words.text()
    assert dock.pictures_button.isVisible()
    assert np.unique(dock._image.image).tolist() == [40]  # grey, of the camera's size
    assert dock._image.image.shape == (1080, 1920, 3)
    assert dock.overlay is not None


def test_a_picture_that_cannot_be_read_is_told_and_the_next_one_shows(window, dock):
    window.set_frame(BROKEN - 3)  # the ones after it are read ahead
    assert wait_for(lambda: ("cam_0", BROKEN) in dock._bad)
    assert dock.picture_at == ("cam_0", BROKEN - 3) and "VIDEO_DAMAGED" not in dock.words.text()
    window.set_frame(BROKEN)
    assert wait_for(lambda: "VIDEO_DAMAGED" in dock.words.text())
    assert dock.picture_at == ("cam_0", -1)
    window.set_frame(BROKEN + 3)
    assert wait_for(lambda: dock.picture_at == ("cam_0", BROKEN + 3))


def test_the_middle_of_a_pixel_is_at_whole_numbers_and_another_size_is_said(window, dock):
    window.set_frame(21)
    assert wait_for(lambda: dock.picture_at == ("cam_0", 21))
    shown, size = dock._image.image, window.desk.review.trial.rig.cameras[0].size
    assert shown.shape[1::-1] != size
    rect = dock._image.mapRectToParent(dock._image.boundingRect())
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == (-0.5, -0.5, *size)
    assert f"picture 21 is {shown.shape[1]} x {shown.shape[0]} px" in dock.words.text()
    dock._show_image(np.zeros((*size[::-1], 3), np.uint8))
    assert dock._size_words() == ""


def test_keypoints_are_drawn_where_they_are(window, dock):
    window.set_frame(20)
    dock.load_now()
    truth = window.desk.review.trial.keypoints.pixels[0, 20]
    x, y = dock._detected.getData()
    there = np.isfinite(truth).all(axis=1)
    np.testing.assert_allclose(np.column_stack([x, y]), truth[there], atol=1e-3)
    ends = np.column_stack(dock._residuals.getData()).reshape(-1, 2, 2)
    apart = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    np.testing.assert_allclose(apart, dock.overlay.residual_px[np.isfinite(dock.overlay.residual_px)], atol=1e-3)


def test_a_click_chooses_a_keypoint_and_a_mark_says_where_the_camera_sees_it(window, dock, monkeypatch):
    from qtpy.QtCore import QPointF, Qt
    from qtpy.QtTest import QTest

    from mocap.viewer import video_dock

    window.set_frame(20)
    dock.fit()
    settle()
    head = window.scene.names.index("head")

    def pixel(place):
        return dock._box.mapViewToScene(QPointF(*map(float, place))).toPoint()

    QTest.mouseClick(dock.view.viewport(), Qt.MouseButton.LeftButton, pos=pixel(dock.overlay.detected[head]))
    settle()
    assert window.moment.point == "head"
    heard = []
    dock.marked.connect(lambda *told: heard.append(told))
    dock.mark_button.setChecked(True)
    told = []
    monkeypatch.setattr(video_dock, "tell_error", lambda error: told.append(error.code))
    dock._box.setRange(xRange=(-400, 1920), yRange=(-225, 1080), padding=0.0)
    settle()
    QTest.mouseClick(dock.view.viewport(), Qt.MouseButton.LeftButton, pos=pixel((-100, 300)))
    settle()
    assert (heard, told, dock.mark_button.isChecked()) == ([], ["MARK_OUTSIDE"], True)
    QTest.mouseClick(dock.view.viewport(), Qt.MouseButton.LeftButton, pos=pixel((400, 300)))
    settle()
    (camera, point, u, v), = heard
    assert (camera, point) == ("cam_0", "head")
    assert np.hypot(u - 400, v - 300) < 4  # a pixel of the screen is several of the picture
    assert not dock.mark_button.isChecked()


def test_a_folder_of_videos_is_laid_beside_a_trial_that_is_open(display, squat_trial, tmp_path):
    from mocap.pipeline.review_open import open_desk
    from mocap.storage import write_trial

    path, videos = tmp_path / "squat_01.h5", tmp_path / "videos"
    write_trial(path, squat_trial)
    videos.mkdir()
    write_numbered(videos / "cam_1.mp4", range(101))
    viewer, handles = open_viewer(open_desk(path))
    dock = handles.docks["video"]
    handles.moment.choose_camera("cam_1")
    handles.set_frame(40)
    settle()
    assert dock.pictures_button.isVisible() and dock.picture_at[1] == -1
    dock.take_pictures(videos)
    assert wait_for(lambda: dock.picture_at == ("cam_1", 40))
    assert number_of(dock._image.image) == 40
    assert not dock.pictures_button.isVisible()
    assert handles.stage.picture.layer.visible
    assert "There are no pictures of cam_0, cam_2, cam_3." in handles.bar.notes_button.notes
    viewer.close()
    settle()


# Away from the diagonals, where the edges of the frustum are.
COLOURS = {
    (0.15, 0.3): (230, 30, 30), (0.85, 0.3): (30, 220, 30), (0.15, 0.7): (40, 60, 230), (0.85, 0.7): (230, 220, 30)
}  # fmt: skip


def quarters(width=1920, height=1080):
    image = np.zeros((height, width, 3), np.uint8)
    for (x, y), colour in COLOURS.items():
        rows = slice(0, height // 2) if y < 0.5 else slice(height // 2, height)
        image[rows, slice(0, width // 2) if x < 0.5 else slice(width // 2, width)] = colour
    return image


@pytest.mark.parametrize("index", [0, 2])
def test_the_picture_in_the_frustum_is_what_the_camera_sees(window, dock, index):
    """Seen from behind the camera along its axis: neither mirrored nor upside down, each pixel on its own ray."""
    from calibration.rigid import apply, inverse

    camera = window.desk.review.trial.rig.cameras[index]
    picture, view = window.stage.picture, window.viewer.scene.camera
    picture.show(camera.name, quarters())
    picture.late(False)
    world_from_cam = inverse(camera.cam_from_world)
    view.set_view_direction(tuple(world_from_cam[:3, 2]), tuple(-world_from_cam[:3, 1]))
    view.center = tuple(picture.layer.vertices.mean(axis=0))
    view.zoom = 600
    settle()
    image = window.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    middle = np.array(image.shape[1::-1]) / 2
    for (x, y), colour in COLOURS.items():
        pixel = np.array([[x * 1920, y * 1080]])
        ray = np.append(camera.undistort(pixel)[0][0], 1.0)
        depth = apply(camera.cam_from_world, picture.layer.vertices)[:, 2].mean()
        at = project_to_canvas(window.viewer, picture.layer, apply(world_from_cam, ray * depth)[None])[0]
        assert np.sign(at - middle).tolist() == [np.sign(x - 0.5), np.sign(y - 0.5)]
        seen = image[round(at[1]) - 2 : round(at[1]) + 3, round(at[0]) - 2 : round(at[0]) + 3].reshape(-1, 3)
        assert np.abs(np.median(seen, axis=0) - colour).max() <= 12
    window.look_from("front side")


def test_the_frustum_follows_the_dock_and_goes_with_it(window, dock):
    window.set_frame(70)
    dock.load_now()
    settle()
    layer = window.stage.picture.layer
    assert layer.visible
    assert number_of(np.asarray(layer.texture)) == 70
    dock.parent().setVisible(False)
    settle()
    assert not layer.visible
    dock.parent().setVisible(True)
    dock.parent().raise_()  # another tab came to the front
    settle()
    assert wait_for(lambda: layer.visible)
