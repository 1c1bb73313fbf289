"""Long work that only the window's own thread may do: in steps, between which the window answers."""

from collections.abc import Callable
from typing import Any, TypeVar

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from mocap.errors import MocapError
from mocap.viewer.pauses import MUST_PAUSE, Steps

_T = TypeVar("_T")


def at_once(steps: Steps[_T]) -> _T:
    """Go through all steps, and return what they made; the window answers where it must."""
    while True:
        try:
            pause = next(steps)
        except StopIteration as end:
            made: _T = end.value
            return made
        if pause is MUST_PAUSE:
            QApplication.processEvents()


def one_by_one(
    steps: Steps[_T], owner: Any, then: Callable[[_T], None], failed: Callable[[MocapError], None]
) -> None:
    """Go through the steps while the window answers between them.

    Parameters
    ----------
    steps : generator of Pause
    owner : QWidget
        The window; once it is gone or was closed, the steps end.
    then : callable
        Gets what they made.
    failed : callable
        Gets what they refused.
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)

    def step() -> None:
        if not owner.isVisible():
            steps.close()
            return
        try:
            next(steps)
        except StopIteration as end:
            then(end.value)
        except MocapError as error:
            failed(error)
        else:
            timer.start()

    timer.timeout.connect(step)
    step()
