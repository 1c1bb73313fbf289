"""Long work beside the window: it runs in a thread, says how far it is, and what it refuses becomes one message."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import napari
from napari._qt.dialogs.qt_notification import NapariQtNotification
from napari.utils.notifications import show_error, show_info
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QThreadPool
from qtpy.QtWidgets import QApplication
from superqt.utils import create_worker

from mocap.errors import MocapError

_T = TypeVar("_T")
_LONGEST_MS = 20_000


def run_until_closed() -> None:
    """Run the event loop until the last window is closed, and then wait for what still runs beside it.

    A thread that is at work while Qt is taken down brings the process down with it.
    """
    napari.run()
    QThreadPool.globalInstance().waitForDone(_LONGEST_MS)
    QApplication.processEvents()  # what they told last is heard, and they let go


def tell(text: str) -> None:
    """Show a sentence for a while in the window, in place of what it told before."""
    for message in _messages():
        message.close()
    show_info(text)
    for message in _messages()[-1:]:
        message.expand()


def tell_error(error: MocapError) -> None:
    """Show in the window what was refused, why, and what to do, until it is closed."""
    show_error(str(error))
    for message in _messages()[-1:]:
        message.toggle_expansion()


def close_quietly(viewer: Any) -> None:
    """Close a window that nobody looks at, with all that still runs or waits for it: Qt wants to end before Python.

    One that is closed already, by a hand or by a program, is no obstacle.
    """
    window = getattr(viewer.window, "_qt_window", None)  # napari takes it away where a program closed the window
    if window is not None and isalive(window):
        viewer.close()
    QThreadPool.globalInstance().waitForDone(_LONGEST_MS)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def _messages() -> list[NapariQtNotification]:
    # Of a window that was closed, they are still listed.
    return [message for message in NapariQtNotification._instances if isalive(message)]


def in_thread(
    job: Callable[[], _T],
    then: Callable[[_T], None],
    failed: Callable[[MocapError], None] = tell_error,
    ended: Callable[[], None] = lambda: None,
    owner: Any = None,
) -> Any:
    """Run a job in a thread, and hand its result over in the window's own thread.

    Parameters
    ----------
    job : callable
        Must not touch any widget or layer.
    then : callable
        Gets what the job returned; runs where widgets may be touched.
    failed : callable
        Gets what the job refused; any other error reaches the hook of the program as a fault of ours.
    ended : callable
        Called last, however the job ended.
    owner : QObject, optional
        Whoever asks; once it is gone, as when its window was closed, nobody is told anything.

    Returns
    -------
    superqt worker
        With `quit()`; a caller that asks anew may let the older one's answer go.
    """

    def refused(error: BaseException) -> None:
        if not isinstance(error, MocapError):
            raise error
        if there():
            failed(error)

    def there() -> bool:
        return owner is None or isalive(owner)

    # Not raised in the window by superqt, too: `refused` tells it.
    worker = create_worker(job, _start_thread=False, _ignore_errors=True)
    worker.returned.connect(lambda result: then(result) if there() else None)
    worker.errored.connect(refused)
    worker.finished.connect(lambda *_: ended() if there() else None)
    worker.start()
    return worker


def in_steps(
    job: Callable[[], Generator[_T, None, None]], each: Callable[[_T], None], then: Callable[[], None] = lambda: None,
    owner: Any = None,
) -> Any:  # fmt: skip
    """Run a job in a thread that yields pieces of its result, and hand each over in the window's own thread.

    Once `owner`, a QObject, is gone, nobody is handed anything.
    """

    def there() -> bool:
        return owner is None or isalive(owner)

    def refused(error: BaseException) -> None:
        if not isinstance(error, MocapError):
            raise error
        if there():
            tell_error(error)

    def steps() -> Generator[_T, None, None]:
        yield from job()  # a lambda that returns a generator is none itself

    worker = create_worker(steps, _start_thread=False, _ignore_errors=True)
    worker.yielded.connect(lambda piece: each(piece) if there() else None)
    worker.errored.connect(refused)
    worker.finished.connect(lambda *_: then() if there() else None)
    worker.start()
    return worker
