"""Films of the review window: picture after picture, handed to whoever writes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyqtgraph as pg
from numpy.typing import NDArray

from mocap.trial import Trial
from mocap.viewer.curve_marks import bottoms_of, hips_height, onsets_of
from mocap.viewer.curves_dock import SecondsAxis
from mocap.viewer.film_page import GROUND, FilmPage, curve_picture, laid_out, scene_picture
from mocap.viewer.film_plan import FilmPlan, FilmSink, OpenFilm, checked_plan, convention_words
from mocap.viewer.lane_plot import LanePlot
from mocap.viewer.lanes import Lane, first_lanes, lane_of
from mocap.viewer.moment import Moment
from mocap.viewer.time_marks import spans_of

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

SCENE_SHARE, LANE_PX, AXIS_PX = 0.40, 84, 24
BAND_WORDS = "bands and ± are 1 SD, from frame to frame"


class Filmed(Protocol):
    """What can be filmed."""

    @property
    def title(self) -> str:
        """What is filmed, in a few words."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures in px, both even."""

    def staged(self) -> Any:
        """Return a context in which the window stands ready, and after which it is as it was."""

    def picture(self, time_s: float) -> NDArray:
        """Return the picture of a time, shape (height, width, 3), uint8 RGB."""


def film_steps(filmed: Filmed, plan: FilmPlan, sink: FilmSink) -> Iterator[int]:
    """Film, and tell after each picture how many there are; whoever stops early gets no film.

    The last step leaves the sink to be finished by the caller: that may take long.
    """
    done = False
    try:
        with filmed.staged():
            for number, time_s in enumerate(plan.times(), start=1):
                picture = filmed.picture(time_s)
                yield number - 1  # to write takes as long as to draw: the window goes on between them
                sink.add(picture)
                done = number == plan.n_frames
                yield number
    finally:
        if not done:
            sink.give_up()


def film(
    filmed: Filmed, plan: FilmPlan, path: Path, open_film: OpenFilm,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Any:  # fmt: skip
    """Film a span from the first picture to the last one, and return what the sink tells of it.

    Raises
    ------
    MocapError
        What `open_film` and its sink refuse.
    """
    sink = open_film(path, filmed.size, plan.rate_hz, filmed.title, plan.speed_words)
    for done in film_steps(filmed, plan, sink):
        progress(done, plan.n_frames)
    return sink.finish()


@contextmanager
def canvas_of_size(viewer: Any, size: tuple[int, int]) -> Iterator[None]:
    """Give the 3D canvas another width and height, in which the same part of the scene is seen, and its own back."""
    canvas, camera = viewer.window._qt_viewer.canvas, viewer.scene.camera
    before, zoom = canvas.size, camera.zoom
    _hold_size(canvas, size)
    camera.zoom = zoom * min(size[0] / before[1], size[1] / before[0])
    try:
        yield
    finally:
        _hold_size(canvas, before[::-1])
        camera.zoom = zoom


def scene_of_size(viewer: Any, size: tuple[int, int]) -> NDArray:
    """Return a picture of the scene, also where the window was drawn larger or smaller meanwhile."""
    _hold_size(viewer.window._qt_viewer.canvas, size)
    return scene_picture(viewer)


def _hold_size(canvas: Any, size: tuple[int, int]) -> None:
    if tuple(canvas.size) != size[::-1]:
        canvas.size = size[::-1]
        canvas.native.doneCurrent()


@dataclass(frozen=True)
class FilmLook:
    """How a film looks: its width in px, and which angles are under the scene (none: those of the window)."""

    width: int = 1280
    lanes: tuple[str, ...] | None = None

    @property
    def scene_size(self) -> tuple[int, int]:
        """Width and height of the scene, px."""
        return self.width, int(SCENE_SHARE * self.width) // 2 * 2


class TrialFilm:
    """The review window of a trial, to be filmed: the scene as it is turned now, and the curves of a span.

    Parameters
    ----------
    handles : ViewerHandles
    span_s : tuple of float
        First and last time of the curves.
    look : FilmLook
    speed_words : str
        How fast time goes by; empty for a single picture.
    """

    def __init__(
        self, handles: "ViewerHandles", span_s: tuple[float, float], look: FilmLook = FilmLook(), speed_words: str = ""
    ) -> None:
        self._handles, self._look, self._speed = handles, look, speed_words
        self.title = trial_words(handles.desk.review.trial)
        stack, self._plots = self._lane_plots(span_s)
        curves = curve_picture(stack, [one.plot for one in self._plots]) if self._plots else None
        last = handles.moment.frame_at(span_s[1])
        footer = "<br>".join(escape(text) for text in self._footer())
        sample = self._title(last), self._values(last)
        self._page = FilmPage(look.width, look.scene_size[1], sample, footer, curves)

    @property
    def size(self) -> tuple[int, int]:
        """See `Filmed`."""
        return self._page.size

    @contextmanager
    def staged(self) -> Iterator[None]:
        """See `Filmed`."""
        before = self._handles.frame
        try:
            with canvas_of_size(self._handles.viewer, self._look.scene_size):
                yield
        finally:
            self._handles.set_frame(before)

    def picture(self, time_s: float) -> NDArray:
        """See `Filmed`."""
        moment = self._handles.moment
        frame = moment.frame_at(time_s)
        moment.go(frame)
        scene = scene_of_size(self._handles.viewer, self._look.scene_size)
        return self._page.picture(scene, moment.time_of(frame), self._title(frame), self._values(frame))

    def _title(self, frame: int) -> str:
        words = f"<b>{escape(self.title)}</b> &nbsp; {moment_words(self._handles.moment, frame)}"
        return f"{words} &nbsp; {self._speed}" if self._speed else words

    def _values(self, frame: int) -> str:
        return " &nbsp;&nbsp; ".join(one.words(frame) for one in self._plots)

    def _footer(self) -> list[str]:
        if not self._plots:
            return ["no angles in this trial"]
        return [*(convention_words(one.lane) for one in self._plots), BAND_WORDS]

    def _lane_plots(self, span_s: tuple[float, float]) -> tuple[pg.GraphicsLayoutWidget, list[LanePlot]]:
        review, moment = self._handles.desk.review, self._handles.moment
        stack = lane_stack()
        plots = [
            LanePlot(stack.addPlot(row, 0, axisItems={"bottom": SecondsAxis("bottom")}), lane, review.trial)
            for row, lane in enumerate(self._lanes())
        ]
        if not plots:
            return stack, plots
        lay_out_lanes(stack, plots, span_s, self._look.width)
        spans, bottoms = spans_of(review.trial), bottoms_of(review.trial)
        onsets = onsets_of(review.trial, self._height())
        dock = self._handles.docks.get("angles")
        for one in plots:
            one.show_norms(dock is None or dock.norms_box.isChecked())
            one.mark(spans, bottoms, onsets)
            one.show_frames(moment.frame_at(span_s[0]), moment.frame_at(span_s[1]))
        return stack, plots

    def _height(self) -> NDArray | None:
        """Return the height of the hips, which the dock reads in a thread: a film does not hang on who is first."""
        dock = self._handles.docks.get("angles")
        known = None if dock is None else dock.height_m
        return hips_height(self._handles.desk.review.parts) if known is None else known

    def _lanes(self) -> list[Lane]:
        angles = self._handles.desk.review.trial.angles
        if angles is None or not angles.names:
            return []
        dock, names = self._handles.docks.get("angles"), self._look.lanes
        if names is None:
            names = first_lanes(angles) if dock is None else tuple(one.lane.name for one in dock.lanes)
        return [lane_of(angles, name) for name in names]


def trial_film(handles: "ViewerHandles", plan: FilmPlan, look: FilmLook = FilmLook()) -> TrialFilm:
    """Return what a film of a span of a window shows.

    Raises
    ------
    ViewerError
        As `checked_plan`.
    ShapeError
        For an angle that the trial does not have.
    """
    moment = handles.moment
    checked_plan(plan, moment.time_of(0), moment.time_of(moment.n_frames - 1))
    return TrialFilm(handles, (plan.first_s, plan.last_s), look, plan.speed_words)


def still(handles: "ViewerHandles", look: FilmLook = FilmLook()) -> NDArray:
    """Return a picture of the frame that a window shows, shape (height, width, 3) uint8 RGB.

    It has the scene, the read-outs, and the curves of the span to which they are zoomed.
    """
    moment = handles.moment
    filmed = TrialFilm(handles, _seen_span(handles), look)
    with filmed.staged():
        return filmed.picture(moment.time_s)


def _seen_span(handles: "ViewerHandles") -> tuple[float, float]:
    moment, dock = handles.moment, handles.docks.get("angles")
    whole = moment.time_of(0), moment.time_of(moment.n_frames - 1)
    if dock is not None and dock.lanes:
        low, high = dock.lanes[0].plot.viewRange()[0]
        if low <= moment.time_s <= high:
            whole = max(low, whole[0]), min(high, whole[1])
    # The curves of a single frame have a width, too.
    return whole if whole[1] > whole[0] else (whole[0] - 0.5, whole[0] + 0.5)


def trial_words(trial: Trial) -> str:
    """Return what a trial is in a few words: `squat_01 · S01 · squat`."""
    return " · ".join(part for part in (trial.trial_id, trial.subject_code, trial.task) if part)


def moment_words(moment: Moment, frame: int) -> str:
    """Return where a frame is in its recording, as rich text."""
    return f"t = {moment.time_of(frame):.3f} s &nbsp; frame {frame} of {moment.n_frames - 1}"


def lane_stack() -> pg.GraphicsLayoutWidget:
    """Return an empty stack of plots for a film."""
    stack = pg.GraphicsLayoutWidget()
    stack.setBackground(GROUND)
    stack.ci.setSpacing(0)
    stack.ci.setContentsMargins(0, 0, 10, 0)
    return stack


def lay_out_lanes(
    stack: pg.GraphicsLayoutWidget, plots: Sequence[Any], span_s: tuple[float, float], width: int
) -> None:
    """Give plots (with `plot` and `cursor`) the span of a film, and hide their cursors: the film draws its own."""
    for one in plots:
        one.plot.getAxis("bottom").setStyle(showValues=one is plots[-1])
        one.plot.setXRange(*span_s, padding=0)
        one.cursor.setVisible(False)
    laid_out(stack, width, LANE_PX * len(plots) + AXIS_PX)
