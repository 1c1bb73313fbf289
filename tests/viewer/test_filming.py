"""Films and pictures of real windows: decoded again, the scene moves, the cursor is at the time, the window is left."""

import dataclasses
import time
from types import SimpleNamespace

import av
import numpy as np
import pytest

from mocap.export.film import FilmFile
from mocap.pipeline.review_film import open_film
from mocap.storage import write_trial
from mocap.viewer import open_viewer
from mocap.viewer.moment import Moment

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]

WIDTH = 640
AFTER_S = 0.4


def settle(true=lambda: True, patience_s=30.0):
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + patience_s
    for _ in range(3):
        QApplication.processEvents()
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        QApplication.processEvents()


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def cursor_of(picture):
    """Column of the white line that goes through all curves, at the bottom quarter of the picture or above."""
    part = picture[int(0.55 * len(picture)) : int(0.85 * len(picture))]
    return int(np.argmax((part.min(axis=2) > 200).sum(axis=0)))


def scene_of(picture):
    height = picture.shape[0]
    return picture[int(0.12 * height) : int(0.4 * height)]


def state(handles):
    camera, canvas = handles.viewer.scene.camera, handles.viewer.window._qt_viewer.canvas
    sizes = np.array(handles.stage.markers.layer.size)
    seen = [layer.visible for layer in handles.viewer.layers]
    return handles.frame, (*camera.angles, *camera.center, camera.zoom), tuple(canvas.size), sizes.tolist(), seen


@pytest.fixture(scope="module")
def window(display, squat_trial):
    viewer, handles = open_viewer(squat_trial, open_film)
    settle()
    yield handles
    viewer.close()
    settle()


@pytest.fixture
def handles(window):
    window.set_frame(10)
    window.look_from("right")
    settle()
    return window


def test_a_film_shows_the_span_and_leaves_the_window_as_it_was(handles, tmp_path):
    from mocap.viewer.film_plan import FilmPlan
    from mocap.viewer.filming import FilmLook, film, trial_film

    before = state(handles)
    plan = FilmPlan(0.2, 0.84, speed=0.4, rate_hz=10.0)  # each second frame
    filmed = trial_film(handles, plan, FilmLook(WIDTH))
    told = film(filmed, plan, tmp_path / "a.mp4", open_film)
    assert (told.n_frames, told.size) == (17, filmed.size)
    assert state(handles) == before
    pictures = decoded(tmp_path / "a.mp4")
    across = [cursor_of(picture) for picture in pictures]
    left, right = across[0], across[-1]
    np.testing.assert_allclose(across, np.linspace(left, right, len(across)), atol=3)
    assert 40 < left < 70 and WIDTH - 20 < right < WIDTH, "the curves are those of the span"
    moved = [np.abs(scene_of(one) - scene_of(pictures[0])).mean() for one in pictures]
    assert moved[-1] > 1.5 * moved[1] > 0.1, "the person squats"


def test_a_picture_is_of_the_frame_that_is_shown(handles, tmp_path):
    from qtpy.QtGui import QImage

    from mocap.viewer.out_files import save_picture

    before = state(handles)
    assert save_picture(handles, tmp_path / "a.png") == tmp_path / "a.png"
    assert state(handles) == before
    assert QImage(str(tmp_path / "a.png")).width() == 1280
    assert [one.name for one in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_in_a_folder_that_is_not_there_is_refused_in_a_line(handles, tmp_path, monkeypatch):
    from mocap.viewer import out_files

    told = []
    monkeypatch.setattr(out_files, "tell_error", lambda error: told.append(str(error)))
    assert out_files.save_picture(handles, tmp_path / "none" / "a.png") is None
    assert "PICTURE_NOT_WRITTEN" in told[0]
    assert out_files.save_picture(handles, tmp_path / "a.jpg") is None
    assert "PICTURE_NAME" in told[1]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def dialog(handles):
    from qtpy.compat import isalive

    from mocap.viewer.menu import film_dialog

    dialog = film_dialog(handles)
    dialog.span_box.setCurrentIndex(dialog.span_box.count() - 1)
    dialog.from_box.setValue(0.5)
    dialog.to_box.setValue(1.0)
    dialog.width_box.setCurrentIndex(0)
    settle()
    yield dialog
    if isalive(dialog):
        dialog.close()
    settle()


def test_the_dialog_films_while_the_window_goes_on(handles, dialog, tmp_path):
    before, ticks = state(handles), 0
    dialog.film(tmp_path / "a.mp4")
    assert dialog.filming and not dialog.from_box.isEnabled()
    from qtpy.compat import isalive
    from qtpy.QtWidgets import QApplication

    while isalive(dialog) and dialog.filming:
        done = dialog.bar.value()
        QApplication.processEvents()
        assert dialog.bar.value() - done <= 1, "a picture at a time, and not the film at once"
        ticks += 1
    assert ticks > 16
    settle((tmp_path / "a.mp4").exists)
    assert state(handles) == before
    assert len(decoded(tmp_path / "a.mp4")) == 16


@pytest.mark.parametrize("how", ["cancel", "close", "error"])
def test_a_film_that_is_stopped_leaves_nothing(handles, dialog, tmp_path, monkeypatch, how):
    from mocap.errors import ExportError
    from mocap.viewer import film_dialog

    told = []
    monkeypatch.setattr(film_dialog, "tell_error", lambda error: told.append(error.code))
    before = state(handles)
    dialog.film(tmp_path / "a.mp4")
    settle(lambda: dialog.bar.value() >= 2)
    if how == "error":

        def full(film, image):
            raise ExportError("The disk is full.", "Make room.", "NOT_WRITTEN")

        monkeypatch.setattr(FilmFile, "add", full)
        settle(lambda: not dialog.filming)
        assert told == ["NOT_WRITTEN"]
    elif how == "close":
        dialog.close()
    else:
        dialog.close_button.click()
    settle()
    assert state(handles) == before
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_filmed_is_told(handles, dialog, tmp_path, monkeypatch):
    from mocap.viewer import film_dialog

    told = []
    monkeypatch.setattr(film_dialog, "tell_error", lambda error: told.append(error.code))
    dialog.film(tmp_path / "none" / "a.mp4")
    assert told == ["NOT_WRITTEN"] and not dialog.filming
    dialog.to_box.setValue(0.2)
    assert not dialog.film_button.isEnabled()


def test_no_key_of_the_menu_is_one_of_another(handles):
    from qtpy.QtWidgets import QMenu, QShortcut

    main = handles.viewer.window._qt_window
    actions = [one for menu in main.menuBar().findChildren(QMenu) for one in menu.actions()]
    keys = [key.toString() for action in dict.fromkeys(actions) for key in action.shortcuts()]
    keys += [one.key().toString() for one in main.findChildren(QShortcut)]
    assert keys.count("Ctrl+Shift+S") == keys.count("Ctrl+Shift+F") == 1


def test_without_a_writer_no_film_is_offered(handles, monkeypatch):
    from qtpy.QtWidgets import QMenu

    from mocap.viewer.menu import add_out

    shown = handles.bar.out_button.menu()
    monkeypatch.setattr(handles, "open_film", None)
    menu = QMenu()
    add_out(handles, menu)
    handles.bar.out_button.setMenu(shown)
    offered = {action.text(): action.isEnabled() for action in menu.actions()}
    assert offered == {"Save picture...": True, "Film...": False}


@pytest.fixture(scope="module")
def files(tmp_path_factory, squat_trial):
    """Two files of one squat: in the second, all is later, and so is the event."""
    folder = tmp_path_factory.mktemp("files")
    later = [dataclasses.replace(one, time_s=one.time_s + AFTER_S) for one in squat_trial.events]
    points = dataclasses.replace(squat_trial.points, start_s=AFTER_S)
    angles = dataclasses.replace(squat_trial.angles, start_s=AFTER_S)
    write_trial(folder / "before.h5", squat_trial)
    write_trial(
        folder / "after.h5", dataclasses.replace(squat_trial, trial_id="late", points=points, angles=angles,
                                                 events=tuple(later)),
    )  # fmt: skip
    return folder


def test_two_trials_show_the_event_in_the_same_picture(handles, files, tmp_path, mocap_cli):
    """Beside another window, which was drawn last and can still draw when these two are closed."""
    from mocap.viewer.filming import still

    still(handles)
    done = mocap_cli(
        "view", files / "before.h5", files / "after.h5", "--align", "squat_bottom:1", "--film", tmp_path / "pair.mp4",
        "--from", "-0.2", "--to", "0.1", "--size", "640", "--view", "right",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "10 pictures" in done.out
    pictures = decoded(tmp_path / "pair.mp4")
    half = WIDTH // 2
    for picture in (pictures[0], pictures[6], pictures[-1]):
        scene = scene_of(picture)
        bright = [np.flatnonzero((side.max(axis=2) > 120).any(axis=0))
                  for side in (scene[:, : half - 3], scene[:, half + 3 :])]  # fmt: skip
        assert abs(bright[0].min() - bright[1].min()) <= 4
        assert abs(bright[0].max() - bright[1].max()) <= 4
    across = [cursor_of(picture) for picture in pictures]
    event = across[0] + (across[-1] - across[0]) * 0.2 / 0.3
    assert across[6] == pytest.approx(event, abs=3)


def looking(trial):
    """What a window looks at, without the window."""
    points = trial.points
    moment = Moment(points.n_frames, points.rate_hz, points.start_s)
    desk = SimpleNamespace(review=SimpleNamespace(trial=trial))
    return SimpleNamespace(moment=moment, set_frame=moment.go, closed=False, tie=None, desk=desk)


@pytest.fixture
def members(files):
    """The two, aligned at the bottom."""
    from mocap.pipeline.review_film import aligned
    from mocap.viewer.tie import PairMember

    pair = aligned((files / "before.h5", files / "after.h5"), "squat_bottom")
    assert pair.labels == ("before", "after")
    assert pair.shared_s == pytest.approx((-1.0, 1.0))
    places = zip(pair.desks, pair.labels, pair.events, pair.at_s, strict=True)
    return tuple(PairMember(looking(desk.review.trial), label, event, at_s) for desk, label, event, at_s in places)


def test_two_windows_are_tied_at_the_event(members):
    from mocap.viewer.tie import Tie

    first, second = (one.handles.moment for one in members)
    tie = Tie(members)
    assert [first.frame, second.frame] == [50, 50]
    assert [round(one.time_s, 3) for one in (first, second)] == [1.0, 1.4]
    first.go(20)
    assert second.frame == 20
    second.go(30)
    assert first.frame == 30
    with tie.loosened():
        second.go(60)
    assert first.frame == 30
    members[1].handles.closed = True
    first.go(40)
    assert second.frame == 60 and members[0].handles.tie is None


def test_tied_windows_go_by_an_event_that_a_reviewer_moved(members):
    from mocap.errors import ViewerError
    from mocap.viewer.tie import Tie

    tie, shown = Tie(members), members[1].handles.desk.review
    moved = tuple(dataclasses.replace(one, time_s=one.time_s + 0.1) if one.label == "squat_bottom" else one
                  for one in shown.trial.events)  # fmt: skip
    shown.trial = dataclasses.replace(shown.trial, events=moved)
    assert tie.align_again(members[0].handles) == "squat bottom 1 of after is at 1.50 s now."
    assert [one.handles.moment.time_s for one in members] == pytest.approx([1.0, 1.5])
    assert tie.align_again(members[1].handles) == ""
    assert [one.handles.moment.time_s for one in members] == pytest.approx([1.0, 1.5])
    assert tie.shared_s == pytest.approx((-1.0, 0.9))
    shown.trial = dataclasses.replace(shown.trial, events=())
    with pytest.raises(ViewerError, match="ALIGN_EVENT"):
        tie.align_again()
    assert [one.handles.tie for one in members] == [None, None]
    members[0].handles.set_frame(10)
    assert members[1].handles.moment.time_s == pytest.approx(1.5)


def test_a_window_is_tied_to_one_other_at_most(members):
    from mocap.viewer.tie import PairMember, Tie

    Tie(members)
    third = looking(members[0].handles.desk.review.trial)
    tie = Tie((members[0], PairMember(third, "third", members[0].event, 0.5)))
    assert [one.tie for one in (members[0].handles, members[1].handles, third)] == [tie, None, tie]
    members[0].handles.set_frame(60)
    assert (third.moment.frame, members[1].handles.moment.frame) == (35, 50)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--film", "a.avi"), "FILM_NAME"),
        (("--film", "none/a.mp4"), "OUTPUT_FOLDER"),
        (("--film", "there.mp4"), "FILM_EXISTS"),
        (("--film", "a.mp4", "--repetition", "9"), "REPETITION"),
        (("--film", "a.mp4", "--from", "1", "--to", "99"), "FILM_SPAN"),
        (("--film", "a.mp4", "--size", "10"), "FILM_SIZE"),
        (("--film", "a.mp4", "--view", "below"), "FILM_VIEW"),
        (("--film", "a.mp4", "--angle", "elbow"), "FILM_ANGLE"),
        (("--picture", "a.png", "--at", "77"), "FILM_SPAN"),
        (("after.h5", "--align", "jump:1", "--film", "a.mp4"), "ALIGN_EVENT"),
        (("after.h5", "--align", "squat_bottom:x", "--film", "a.mp4"), "ALIGN_NAME"),
    ],
)
def test_what_cannot_come_out_is_one_line_and_no_file(files, tmp_path, mocap_cli, monkeypatch, arguments, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.mp4").write_bytes(b"kept")
    arguments = [files / one if one == "after.h5" else one for one in arguments]
    done = mocap_cli("view", files / "before.h5", *arguments)
    assert done.status == 1
    assert done.error_line.startswith(f"error {code}: ")
    assert [one.name for one in tmp_path.iterdir()] == ["there.mp4"]
    assert (tmp_path / "there.mp4").read_bytes() == b"kept"


@pytest.mark.parametrize(("words", "told"), [
    (("--speed", "0.5"), "--speed"),
    (("--view", "left"), "--view"),
    (("--angle", "pelvic_tilt"), "--angle"),
    (("--from", "1"), "--from"),
    (("--film", "a.mp4", "--videos", "."), "--videos"),
    (("--film", "a.mp4", "--picture", "a.png"), "either --film or --picture"),
    (("other.h5",), "--align"),
    (("--align", "squat_bottom:1"), "--align"),
])
def test_what_would_be_left_out_is_refused(mocap_cli, words, told):
    done = mocap_cli("view", "trial.h5", *words)
    assert done.status == 2
    assert told in done.err


@pytest.mark.parametrize("words", [("--film", "a.mp4"), ("--picture", "a.png"), ("b.h5", "--align", "squat_bottom:1")])
def test_a_calibration_is_no_film(mocap_cli, words):
    done = mocap_cli("view", "calibration.toml", *words)
    told = "opens in a window"
    assert done.status == 2
    assert told in done.err


def test_a_picture_of_a_moment(display, files, tmp_path, mocap_cli):
    done = mocap_cli("view", files / "before.h5", "--picture", tmp_path / "a.png", "--at", "1.0", "--size", "640")
    assert (done.status, [one.name for one in tmp_path.iterdir()]) == (0, ["a.png"])
    assert "t = 1.000 s" in done.out
