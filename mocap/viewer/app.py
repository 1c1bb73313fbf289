"""The review window: napari with the person in the lab, and docks that all look at the same moment."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mocap.errors import ViewerError
from mocap.trial import Trial
from mocap.viewer.display import check_display, check_installed, keep_graphics, share_graphics
from mocap.viewer.freed import give_back_freed, without_collections
from mocap.viewer.layers import Scene
from mocap.viewer.review import Desk, Review, ViewOnly

if TYPE_CHECKING:
    from mocap.viewer.film_plan import OpenFilm
    from mocap.viewer.moment import Moment
    from mocap.viewer.pauses import Steps
    from mocap.viewer.stage import Stage
    from mocap.viewer.tie import Tie
    from mocap.viewer.time_bar import TimeBar

FIRST_EYE = "front side"
_WINDOW_PX = (1366, 768)
_STILL_PX = 3.0


class ViewerHandles:
    """The parts of an open window.

    Attributes
    ----------
    viewer : napari.Viewer
    desk : Desk
    moment : Moment
    stage : Stage
    bar : TimeBar
    docks : dict of str to QWidget
        By their titles.
    open_film : OpenFilm, optional
        What writes films (`mocap.viewer.film_plan`); without it, none can be made.
    tie : Tie, optional
        To another window (`mocap.viewer.tie`).
    """

    open_film: "OpenFilm | None" = None
    tie: "Tie | None" = None

    def __init__(
        self, viewer: Any, desk: Desk, moment: "Moment", stage: "Stage", bar: "TimeBar", docks: dict[str, Any]
    ) -> None:
        self.viewer, self.desk, self.moment, self.stage, self.bar, self.docks = viewer, desk, moment, stage, bar, docks
        self._window = viewer.window._qt_window

    @property
    def closed(self) -> bool:
        """Whether the window is no more."""
        from qtpy.compat import isalive

        return not isalive(self._window) or not self._window.isVisible()

    @property
    def scene(self) -> Scene:
        """What is drawn."""
        return self.stage.scene

    @property
    def frame(self) -> int:
        """The frame that the whole window shows."""
        return self.moment.frame

    def set_frame(self, frame: int) -> None:
        """Show a frame everywhere."""
        self.moment.go(frame)

    def look_from(self, eye: str) -> None:
        """Turn the view to one of `mocap.viewer.sight.EYES`, around the person as placed in the present frame."""
        self.stage.look_from(eye)
        self.bar.eye_box.setCurrentText(eye)

    def follow(self, on: bool) -> None:
        """Keep the person in the middle of the view, or let them walk through it."""
        self.stage.follow(on)
        self.stage.look_from(self.bar.eye_box.currentText())

    def show_review(self, review: Review) -> None:
        """Show the same recording, decided otherwise, in all parts of the window."""
        _hear(review)
        for part in (self.stage, self.bar, *self.docks.values()):
            part.show_review(review)
        _align_again(self)


def view_trial(
    shown: Trial | Desk, *, block: bool = True, source: str = "", open_film: "OpenFilm | None" = None
) -> None:
    """Open a trial in the review window.

    Parameters
    ----------
    shown : Trial or Desk
        A trial alone can be looked at; decisions need a desk that keeps them.
    block : bool
        Return when the window is closed; otherwise at once, for a caller with an event loop of its own.
    source : str
        Whole path of the file that it is from, so that the window opens it no second time.
    open_film : OpenFilm, optional
        What writes films.

    Raises
    ------
    ViewerError
        VIEWER_MISSING, VIEWER_NO_DISPLAY or VIEWER_EMPTY.
    """
    _, handles = open_viewer(shown, open_film)
    if source:
        from mocap.viewer.opening import keep_source

        keep_source(handles, source)
    if block:
        from mocap.viewer.work import run_until_closed

        run_until_closed()


def open_viewer(shown: Trial | Desk, open_film: "OpenFilm | None" = None) -> tuple[Any, ViewerHandles]:
    """Open the review window without running its event loop.

    Returns
    -------
    viewer : napari.Viewer
    handles : ViewerHandles

    Raises
    ------
    ViewerError
        VIEWER_MISSING, VIEWER_NO_DISPLAY or VIEWER_EMPTY.
    """
    desk: Desk = ViewOnly(shown) if isinstance(shown, Trial) else shown
    _ = desk.review.scene  # refused before a window is opened
    check_installed()
    check_display()
    viewer = new_viewer()
    return viewer, mount(viewer, desk, open_film)


def new_viewer() -> Any:
    """Open an empty window of the size that reviews have."""
    share_graphics()
    import napari

    viewer = napari.Viewer(ndisplay=3)
    viewer.window.resize(*_WINDOW_PX)
    return viewer


def mount(viewer: Any, desk: Desk, open_film: "OpenFilm | None" = None) -> ViewerHandles:
    """Put the scene and the docks of a trial into a napari viewer; the steps of `mounting` at once."""
    from mocap.viewer.steps import at_once

    return at_once(mounting(viewer, desk, open_film))


def mounting(
    viewer: Any, desk: Desk, open_film: "OpenFilm | None" = None
) -> "Steps[ViewerHandles]":
    """Put the scene and the docks of a trial into a napari viewer, in steps of which none takes long.

    Parameters
    ----------
    viewer : napari.Viewer
        Without layers.
    desk : Desk
    open_film : OpenFilm, optional
        What writes films.

    Raises
    ------
    ViewerError
        VIEWER_EMPTY, before anything is put there.
    """
    _ = desk.review.scene
    with without_collections():
        return (yield from _mounting(viewer, desk, open_film))


def _mounting(viewer: Any, desk: Desk, open_film: "OpenFilm | None") -> "Steps[ViewerHandles]":
    began = desk.review
    trial = began.trial
    from mocap.viewer.docks import Context
    from mocap.viewer.layout import lay_out
    from mocap.viewer.moment import Moment
    from mocap.viewer.pauses import MAY_PAUSE, MUST_PAUSE
    from mocap.viewer.stage import Stage
    from mocap.viewer.time_bar import TimeBar

    moment = Moment(trial.points.n_frames, trial.points.rate_hz, trial.points.start_s)
    viewer.theme, viewer.title = "dark", f"{trial.trial_id} - mocap"
    viewer.dims.ndisplay = 3
    _hear(began)
    bar = TimeBar(began, moment)
    shown: list[ViewerHandles] = []

    def changed(review: Review) -> None:
        for handles in shown:
            handles.show_review(review)

    docks = yield from lay_out(viewer, bar, Context(desk, moment, changed, viewer))
    stage, canvas = Stage(viewer, desk.review, moment), viewer.window._qt_viewer.canvas
    yield from stage.add_person()
    yield MAY_PAUSE
    viewer.dims.axis_labels = ("frame", "x", "y", "z")
    handles = ViewerHandles(viewer, desk, moment, stage, bar, docks)
    handles.open_film = open_film
    shown.append(handles)
    if desk.review is not began:  # decided meanwhile
        handles.show_review(desk.review)
    _tie(handles)
    keep_graphics(canvas)
    yield MUST_PAUSE  # the view depends on the size that the canvas has in the end
    handles.look_from(FIRST_EYE)
    yield MAY_PAUSE
    yield from stage.add_rest()
    _tie_picture(handles)
    keep_graphics(canvas)
    give_back_freed()
    return handles


def _hear(review: Review) -> None:
    """Tell in the window what of a review can be read no more."""
    from superqt.utils import ensure_main_thread

    from mocap.viewer.work import tell_error

    review.parts.on_refused(ensure_main_thread(tell_error))


def _align_again(handles: ViewerHandles) -> None:
    """Go by the events as they are decided now, where the window is tied to another, and tell where one is no more."""
    from mocap.viewer.work import tell, tell_error

    try:
        moved = "" if handles.tie is None else handles.tie.align_again(handles)
    except ViewerError as error:
        tell_error(error)
        return
    if moved:
        tell(f"{moved} The tied windows go by it.")


def _tie(handles: ViewerHandles) -> None:
    """Tie the scene and napari's own slider to the moment that all look at."""
    from mocap.viewer.keys import bind_keys
    from mocap.viewer.menu import add_menu

    viewer, moment = handles.viewer, handles.moment

    def slid(event: object = None) -> None:
        moment.go(int(viewer.dims.current_step[0]))

    def follow(frame: int) -> None:
        if int(viewer.dims.current_step[0]) != frame:
            viewer.dims.set_current_step(0, frame)

    viewer.dims.set_current_step(0, moment.frame)
    viewer.dims.events.current_step.connect(slid)
    moment.frame_changed.connect(handles.stage.draw)
    moment.frame_changed.connect(follow)
    moment.point_changed.connect(handles.stage.choose)
    video = handles.docks.get("video")
    decisions = handles.docks.get("decisions")
    if video is not None and decisions is not None:
        video.marked.connect(decisions.mark)
    handles.bar.eye_requested.connect(handles.look_from)
    handles.bar.follow_box.toggled.connect(handles.follow)
    viewer.mouse_drag_callbacks.append(_picking(handles))
    bind_keys(handles)
    add_menu(handles)


def _tie_picture(handles: ViewerHandles) -> None:
    """Tie the picture in space to the dock that has the cameras' pictures read."""
    video, picture = handles.docks.get("video"), handles.stage.picture
    if video is not None and picture is not None:
        video.shown.connect(picture.show)
        video.late.connect(picture.late)
        video.tell_again()


def _picking(handles: ViewerHandles) -> Callable[[Any, Any], Iterator[None]]:
    """Choose the point that is clicked; a drag turns the view."""

    def clicked(viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1:
            return
        began = np.array(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.linalg.norm(np.array(event.pos, float) - began) <= _STILL_PX:
            handles.moment.choose_point(handles.stage.pick(began))

    return clicked
