"""Two trials side by side on one time, 0 at an event of each: scenes of one scale and side, curves over each other.

Each trial has a colour and a line of its own; neither is the colour of a side of the body.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from mocap.viewer.curve_items import CurveItem
from mocap.viewer.curves_dock import SecondsAxis
from mocap.viewer.film_page import FAINT, FilmPage, curve_picture
from mocap.viewer.film_plan import FilmPlan, checked_plan
from mocap.viewer.filming import (
    BAND_WORDS,
    FilmLook,
    canvas_of_size,
    lane_stack,
    lay_out_lanes,
    moment_words,
    scene_of_size,
    trial_words,
)
from mocap.viewer.lane_plot import INK, dress
from mocap.viewer.lanes import Lane, shown_range
from mocap.viewer.pairing import PairLane, pair_lanes
from mocap.viewer.tie import PairMember, Tie, Window

COLOURS, SWATCHES = ("#f5d25a", "#c79bff"), ("━━━", "━ ━")
_GAP_PX = 2
_CUT = ("cameras", "axes")


class PairPlot:
    """The plot of an angle of two trials.

    Parameters
    ----------
    plot : pyqtgraph.PlotItem
    lane : PairLane
    """

    def __init__(self, plot: pg.PlotItem, lane: PairLane) -> None:
        self.plot, self.lane = plot, lane
        self.cursor = pg.InfiniteLine()
        dress(plot, pg.LabelItem(f"{lane.title} [°]", color=INK, size="9pt"))
        plot.addItem(pg.InfiniteLine(0.0, 90, pen=pg.mkPen(FAINT, width=1)), ignoreBounds=True)
        self.items = [
            None if curve.reason else CurveItem(curve, colour, dashed=dashed)
            for curve, colour, dashed in zip(lane.curves, COLOURS, (False, True), strict=True)
        ]
        for item in (one for one in self.items if one is not None):
            plot.addItem(item.band, ignoreBounds=True)
            plot.addItem(item.line, ignoreBounds=True)

    def show_frames(self, frames: list[tuple[int, int]]) -> None:
        """Draw each trial between two of its frames, and let the curves fill the height."""
        ranges = []
        for item, (first, last) in zip(self.items, frames, strict=True):
            if item is not None:
                item.show_frames(first, last)
                ranges.append(shown_range(Lane(self.lane.name, (item.curve,), ("centre",)), first, last))
        low, high = np.array(ranges or [(-1.0, 1.0)]).T
        self.plot.setYRange(low.min(), high.max(), padding=0.08)


class PairFilm:
    """Two review windows, to be filmed side by side; see `mocap.viewer.filming.Filmed`.

    Parameters
    ----------
    members : tuple of PairMember
    span_s : tuple of float
        First and last time of the curves, relative to the events.
    look : FilmLook
    eye : str
        One of `mocap.viewer.sight.EYES`: both persons are seen from that side of theirs, and in one scale.
    speed_words : str
    """

    def __init__(
        self, members: tuple[PairMember, PairMember], span_s: tuple[float, float], look: FilmLook, eye: str,
        speed_words: str = "",
    ) -> None:  # fmt: skip
        self._members, self._eye, self._speed = members, eye, speed_words
        width, height = look.scene_size
        self._half = (width - _GAP_PX) // 2 // 2 * 2, height
        self.title = " | ".join(f"{one.label} at {one.event.words}" for one in members)
        self._lanes = self._lanes_of(look)
        stack = lane_stack()
        plots = [
            PairPlot(stack.addPlot(row, 0, axisItems={"bottom": SecondsAxis("bottom")}), lane)
            for row, lane in enumerate(self._lanes)
        ]
        if plots:
            lay_out_lanes(stack, plots, span_s, width)
            for one in plots:
                one.show_frames([(member.frame_at(span_s[0]), member.frame_at(span_s[1])) for member in members])
        curves = curve_picture(stack, [one.plot for one in plots]) if plots else None
        sample = self._title(span_s[0]), self._values(span_s[1])
        self._page = FilmPage(width, height, sample, self._footer(), curves)

    @property
    def size(self) -> tuple[int, int]:
        """See `Filmed`."""
        return self._page.size

    @contextmanager
    def staged(self) -> Iterator[None]:
        """See `Filmed`."""
        before = [member.handles.frame for member in self._members]
        with ExitStack() as kept:
            for member in self._members:
                if member.handles.tie is not None:
                    kept.enter_context(member.handles.tie.loosened())
                kept.enter_context(_view_kept(member.handles))
                kept.enter_context(canvas_of_size(member.handles.viewer, self._half))
            self._look()
            try:
                yield
            finally:
                for member, frame in zip(self._members, before, strict=True):
                    member.handles.set_frame(frame)

    def picture(self, time_s: float) -> NDArray:
        """See `Filmed`; the time is relative to the events."""
        for member in self._members:
            member.handles.set_frame(member.frame_at(time_s))
        scenes = [scene_of_size(member.handles.viewer, self._half) for member in self._members]
        gap = np.full((len(scenes[0]), _GAP_PX, 3), 90, np.uint8)
        scene = np.concatenate([scenes[0], gap, scenes[1]], axis=1)
        return self._page.picture(scene, time_s, self._title(time_s), self._values(time_s))

    def _look(self) -> None:
        """See both persons from one side of theirs, as large as the larger of them allows."""
        for member in self._members:
            member.handles.set_frame(member.frame_at(0.0))  # who turns is seen from the side of the event
            member.handles.stage.look_from(self._eye, cameras=False)
        cameras = [member.handles.viewer.scene.camera for member in self._members]
        zoom = min(camera.zoom for camera in cameras)
        for camera in cameras:
            camera.zoom = zoom

    def _lanes_of(self, look: FilmLook) -> tuple[PairLane, ...]:
        first, second = self._members
        angles = first.handles.desk.review.trial.angles, second.handles.desk.review.trial.angles
        return pair_lanes(angles, (first.at_s, second.at_s), look.lanes)

    def _title(self, time_s: float) -> str:
        first, second = self._members
        events = first.event.words if first.event == second.event else f"{first.event.words} | {second.event.words}"
        head = f"<b>{time_s:+.3f} s</b> from {escape(events)}"
        head = f"{head} &nbsp; {self._speed}" if self._speed else head
        cells = "".join(f'<td width="50%">{self._named(which, time_s)}</td>' for which in (0, 1))
        return f'{head}<table width="100%" cellspacing="0" cellpadding="0"><tr>{cells}</tr></table>'

    def _named(self, which: int, time_s: float) -> str:
        member = self._members[which]
        words = trial_words(member.handles.desk.review.trial)
        named = member.label if member.label == words else f"{member.label}</b>: {escape(words)}<b>"
        return (
            f'<span style="color:{COLOURS[which]}">{SWATCHES[which]} <b>{named}</b></span><br>'
            f"{moment_words(member.handles.moment, member.frame_at(time_s))}"
        )

    def _values(self, time_s: float) -> str:
        return "<br>".join(self._values_of(which, time_s) for which in (0, 1)) if self._lanes else ""

    def _values_of(self, which: int, time_s: float) -> str:
        member = self._members[which]
        frame = member.frame_at(time_s)
        told = " &nbsp;&nbsp; ".join(f"{lane.title} <b>{lane.words(which, frame)}</b>" for lane in self._lanes)
        label = f"{SWATCHES[which]} {escape(member.label)}"
        return f'<span style="color:{COLOURS[which]}">{label} &nbsp; {told}</span>'

    def _footer(self) -> str:
        if not self._lanes:
            return "no angles in these trials"
        labels = self._members[0].label, self._members[1].label
        lines = [*(lane.conventions(labels) for lane in self._lanes), BAND_WORDS]
        return "<br>".join(escape(line) for line in lines)


def pair_film(tie: Tie, plan: FilmPlan, look: FilmLook, eye: str) -> PairFilm:
    """Return what a film of two tied windows shows; the plan is relative to their events.

    Raises
    ------
    ViewerError
        As `Tie.align_again` and `checked_plan`.
    """
    tie.align_again()
    checked_plan(plan, *tie.shared_s)
    return PairFilm(tie.members, (plan.first_s, plan.last_s), look, eye, plan.speed_words)


@contextmanager
def _view_kept(handles: Window) -> Iterator[None]:
    """Leave out what is cut in half the width, and turn the view back in the end as it was."""
    camera, stage = handles.viewer.scene.camera, handles.stage
    before: tuple[Any, ...] = camera.angles, camera.center, camera.zoom
    size = np.array(stage.markers.layer.size)
    cut = [stage.labels, *(stage.lab[name] for name in _CUT if name in stage.lab)]
    seen = [layer.visible for layer in cut]
    try:
        for layer in cut:
            layer.visible = False
        yield
    finally:
        for layer, visible in zip(cut, seen, strict=True):
            layer.visible = visible
        camera.angles, camera.center, camera.zoom = before
        stage.markers.layer.size = size
        stage.markers.refresh()
