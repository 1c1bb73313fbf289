"""A window is filled in steps, between which it answers: whatever happens then, it ends as it should."""

import dataclasses
import gc
import time

import pytest

from mocap.errors import ViewerError
from mocap.viewer.app import mounting, new_viewer
from mocap.viewer.freed import without_collections
from mocap.viewer.pauses import MAY_PAUSE, MUST_PAUSE
from mocap.viewer.review import Review, ViewOnly

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]


@pytest.fixture
def viewer(display):
    from mocap.viewer.work import close_quietly

    made = new_viewer()
    yield made
    close_quietly(made)


def turn():
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents()
    time.sleep(0.002)


@pytest.fixture
def steps_of(viewer):
    """The module, whose Qt has to come after napari."""
    from mocap.viewer import steps

    return steps


def told(*_):
    raise AssertionError("nobody is to be told")


def test_the_window_answers_between_the_layers(viewer, steps_of, squat_trial):
    made, seen = [], []
    steps_of.one_by_one(mounting(viewer, ViewOnly(squat_trial)), viewer.window._qt_window, made.append, told)
    while not made:
        seen.append(len(viewer.layers))
        turn()
    # One more layer at a time: none of them waits for another.
    assert set(seen) >= set(range(1, len(viewer.layers)))
    assert made[0].scene.n_frames == squat_trial.points.n_frames
    assert [layer.name for layer in viewer.layers][:4] == ["time", "floor", "bones", "markers"]
    assert viewer.layers.selection.active is made[0].stage.markers.layer


@pytest.mark.parametrize(("turns", "by_hand"), [(0, False), (12, True)])
def test_a_window_that_is_closed_while_it_is_filled_gets_no_more(display, squat_trial, turns, by_hand):
    viewer = new_viewer()
    from mocap.viewer import steps as steps_of
    from mocap.viewer.work import close_quietly

    steps_of.one_by_one(mounting(viewer, ViewOnly(squat_trial)), viewer.window._qt_window, told, told)
    for _ in range(turns):
        turn()
    n_layers = len(viewer.layers)
    if by_hand:
        viewer.window._qt_window.close()
    else:
        viewer.close()
    for _ in range(10):
        turn()
    assert len(viewer.layers) == (n_layers if by_hand else 0)
    close_quietly(viewer)  # that it is closed already is no obstacle


def test_what_is_decided_while_the_window_is_filled_is_shown(viewer, steps_of, squat_trial):
    desk = ViewOnly(squat_trial)
    steps = mounting(viewer, desk)
    for _ in range(8):
        next(steps)
    other = dataclasses.replace(squat_trial, events=())
    desk.review = Review(other, desk.review.parts)
    handles = steps_of.at_once(steps)
    assert handles.stage.review is desk.review
    assert handles.bar.line.times_s == ()


def test_no_garbage_is_looked_for_while_the_window_is_filled_and_it_is_afterwards(viewer, squat_trial):
    steps = mounting(viewer, ViewOnly(squat_trial))
    next(steps)
    assert not gc.isenabled()
    with without_collections():  # of another window, which is done before
        assert not gc.isenabled()
    assert not gc.isenabled()
    steps.close()
    assert gc.isenabled()


def test_what_is_refused_in_a_step_is_told_once(viewer, steps_of):
    from qtpy.QtWidgets import QWidget

    owner, refused = QWidget(), []
    owner.show()

    def steps():
        yield MAY_PAUSE
        raise ViewerError("It is empty.", "Fill it.")

    steps_of.one_by_one(steps(), owner, told, refused.append)
    for _ in range(5):
        turn()
    assert [error.cause for error in refused] == ["It is empty."]
    owner.close()


def test_at_once_lets_the_window_answer_only_where_it_must(viewer, steps_of, monkeypatch):
    from qtpy.QtWidgets import QApplication

    asked = []
    monkeypatch.setattr(QApplication, "processEvents", lambda *_: asked.append(1))

    def steps():
        yield MAY_PAUSE
        yield MUST_PAUSE
        return "made"

    assert steps_of.at_once(steps()) == "made"
    assert len(asked) == 1


def test_one_who_waits_long_sees_a_sign_of_it(viewer, monkeypatch):
    from napari.utils import progress

    from mocap.viewer import waiting

    monkeypatch.setattr(waiting, "LONG_MS", 5)
    sign = waiting.Waiting(viewer, "Opening long.h5")
    window = viewer.window._qt_window
    assert waiting.waits(window)
    assert viewer.status == "Opening long.h5 ..."
    end = time.monotonic() + 20
    while not progress._all_instances and time.monotonic() < end:
        turn()
    assert [bar.desc.rstrip(": ") for bar in progress._all_instances] == ["Opening long.h5"]
    sign.end()
    assert not progress._all_instances
    assert not waiting.waits(window)
    assert viewer.status != "Opening long.h5 ..."
