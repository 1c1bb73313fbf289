"""Films of the review window: picture after picture, handed to whoever writes them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyqtgraph as pg
from numpy.typing import NDArray

from mocap.viewer.curve_marks import bottoms_of, onsets_of
from mocap.viewer.curves_dock import SecondsAxis
from mocap.viewer.film_page import GROUND, FilmPage, curve_picture, laid_out, scene_picture
from mocap.viewer.film_plan import FilmPlan, checked_plan, convention_words
from mocap.viewer.lane_plot import LanePlot
from mocap.viewer.lanes import Lane, first_lanes, lane_of
from mocap.viewer.time_marks import spans_of

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

SCENE_SHARE, LANE_PX, AXIS_PX = 0.40, 84, 24
BAND_WORDS = "bands and ± are 1 SD, from frame to frame"


class FilmSink(Protocol):
    """Takes the pictures of a film; nothing is left of it before it is finished."""

    def add(self, image: NDArray) -> None:
        """Append a picture, shape (height, width, 3), uint8 RGB."""

    def finish(self) -> Any:
        """Write what is left, give the film its name, and return what can be told of it; may take long."""

    def give_up(self) -> None:
        """Leave nothing behind, where the film is not finished."""


#: `open_film(path, size, rate_hz, title, comment) -> FilmSink`; refuses with a `MocapError`.
OpenFilm = Callable[[Path, tuple[int, int], float, str, str], FilmSink]


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
                sink.add(filmed.picture(time_s))
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
def canvas_of_size(viewer: Any, width: int, height: int) -> Iterator[None]:
    """Give the 3D canvas another size, in which the same part of the scene is seen, and its own one back."""
    canvas, camera = viewer.window._qt_viewer.canvas, viewer.scene.camera
    before, zoom = canvas.size, camera.zoom
    canvas.size = (height, width)
    camera.zoom = zoom * min(width / before[1], height / before[0])
    try:
        yield
    finally:
        canvas.size, camera.zoom = before, zoom


@dataclass(frozen=True)
class FilmLook:
    """How a film looks: its width in px, and which angles are under the scene (none: those of the window)."""

    width: int = 1280
    lanes: tuple[str, ...] | None = None

    @property
    def scene_height(self) -> int:
        """Height of the scene, px."""
        return int(SCENE_SHARE * self.width) // 2 * 2


class TrialFilm:
    """The review window of a trial, to be filmed: the scene as it is turned now, and the curves of the span.

    Parameters
    ----------
    handles : ViewerHandles
    plan : FilmPlan
    look : FilmLook

    Raises
    ------
    ViewerError
        As `checked_plan`.
    """

    def __init__(self, handles: "ViewerHandles", plan: FilmPlan, look: FilmLook = FilmLook()) -> None:
        self._handles, self._look = handles, look
        moment = handles.moment
        checked_plan(plan, moment.time_of(0), moment.time_of(moment.n_frames - 1))
        self._speed = plan.speed_words
        trial = handles.desk.review.trial
        subject = f" · {trial.subject_code}" if trial.subject_code else ""
        task = f" · {trial.task}" if trial.task else ""
        self.title = f"{trial.trial_id}{subject}{task}"
        self._stack, self._plots = self._lane_plots(plan)
        curves = curve_picture(self._stack, [one.plot for one in self._plots]) if self._plots else None
        last = moment.frame_at(plan.last_s)
        footer = "<br>".join(escape(text) for text in self._footer())
        self._page = FilmPage(look.width, look.scene_height, (self._title(last), self._values(last)), footer, curves)

    @property
    def size(self) -> tuple[int, int]:
        """See `Filmed`."""
        return self._page.size

    @contextmanager
    def staged(self) -> Iterator[None]:
        """See `Filmed`."""
        before = self._handles.frame
        try:
            with canvas_of_size(self._handles.viewer, self._look.width, self._look.scene_height):
                yield
        finally:
            self._handles.set_frame(before)

    def picture(self, time_s: float) -> NDArray:
        """See `Filmed`."""
        moment = self._handles.moment
        frame = moment.frame_at(time_s)
        moment.go(frame)
        scene = scene_picture(self._handles.viewer)
        return self._page.picture(scene, moment.time_of(frame), self._title(frame), self._values(frame))

    def _title(self, frame: int) -> str:
        moment = self._handles.moment
        return (
            f"<b>{escape(self.title)}</b> &nbsp; t = {moment.time_of(frame):.3f} s &nbsp; frame {frame} of "
            f"{moment.n_frames - 1} &nbsp; {self._speed}"
        )

    def _values(self, frame: int) -> str:
        return " &nbsp;&nbsp; ".join(one.words(frame) for one in self._plots)

    def _footer(self) -> list[str]:
        if not self._plots:
            return ["no angles in this trial"]
        return [*(convention_words(one.lane) for one in self._plots), BAND_WORDS]

    def _lane_plots(self, plan: FilmPlan) -> tuple[pg.GraphicsLayoutWidget, list[LanePlot]]:
        handles = self._handles
        review, moment = handles.desk.review, handles.moment
        stack = lane_stack()
        plots = [
            LanePlot(stack.addPlot(row, 0, axisItems={"bottom": SecondsAxis("bottom")}), lane, review.trial)
            for row, lane in enumerate(self._lanes())
        ]
        if not plots:
            return stack, plots
        lay_out_lanes(stack, plots, plan, self._look.width)
        spans, bottoms, onsets = spans_of(review.trial), bottoms_of(review.trial), onsets_of(review.trial, None)
        dock = handles.docks.get("angles")
        if dock is not None:
            onsets = onsets_of(review.trial, dock.height_m)
            for one in plots:
                one.show_norms(dock.norms_box.isChecked())
        first, last = moment.frame_at(plan.first_s), moment.frame_at(plan.last_s)
        for one in plots:
            one.mark(spans, bottoms, onsets)
            one.show_frames(first, last)
        return stack, plots

    def _lanes(self) -> list[Lane]:
        angles = self._handles.desk.review.trial.angles
        if angles is None or not angles.names:
            return []
        dock, names = self._handles.docks.get("angles"), self._look.lanes
        if names is None:
            names = first_lanes(angles) if dock is None else tuple(one.lane.name for one in dock.lanes)
        return [lane_of(angles, name) for name in names]


def lane_stack() -> pg.GraphicsLayoutWidget:
    """Return an empty stack of plots for a film."""
    stack = pg.GraphicsLayoutWidget()
    stack.setBackground(GROUND)
    stack.ci.setSpacing(0)
    stack.ci.setContentsMargins(0, 0, 10, 0)
    return stack


def lay_out_lanes(stack: pg.GraphicsLayoutWidget, plots: list[Any], plan: FilmPlan, width: int) -> None:
    """Give plots (with `plot` and `cursor`) the span of a film, and hide their cursors: the film draws its own."""
    for one in plots:
        one.plot.getAxis("bottom").setStyle(showValues=one is plots[-1])
        one.plot.setXRange(plan.first_s, plan.last_s, padding=0)
        one.cursor.setVisible(False)
    laid_out(stack, width, LANE_PX * len(plots) + AXIS_PX)
