"""Long work beside the window: what it refuses becomes one message, and nothing else is raised."""

import pytest

from mocap.errors import ViewerError

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]


@pytest.fixture(scope="module")
def napari_app(display):
    from napari.qt import get_qapp

    return get_qapp()


def wait_for(found):
    from qtpy.QtTest import QTest

    for _ in range(400):
        if found:
            return
        QTest.qWait(5)


def refuse(*_):
    raise ViewerError("This cannot be read.", "Take the copy.", code="VIEWER_EMPTY")


def test_what_a_thread_refuses_is_told_and_raised_nowhere(napari_app):
    from mocap.viewer.work import in_thread

    told, done = [], []
    in_thread(refuse, done.append, told.append)
    wait_for(told)
    assert [error.code for error in told] == ["VIEWER_EMPTY"] and not done


def test_steps_may_come_from_any_callable_and_end_in_a_refusal(napari_app, monkeypatch):
    from mocap.viewer import work

    def job():
        yield 1
        yield 2
        refuse()

    told, steps, ended = [], [], []
    monkeypatch.setattr(work, "tell_error", told.append)
    work.in_steps(lambda: job(), steps.append, lambda: ended.append(True))
    wait_for(ended)
    assert (steps, len(told), ended) == ([1, 2], 1, [True])
