"""What every part of the review window looks at: one frame, one point, one camera. Needs no display.

Whoever changes one of them tells this object, and it tells all others: no part of the window knows another.
"""

from psygnal import Signal


class Moment:
    """The frame, the point and the camera that are looked at.

    Parameters
    ----------
    n_frames : int
    time_of_first_s, rate_hz : float

    Attributes
    ----------
    frame_changed : signal(int)
    point_changed : signal(str)
        Empty where no point is chosen.
    camera_changed : signal(str)
    span_changed : signal(int, int)
        First and last frame, the last one included, of the span that an edit or a film would be of.
    """

    frame_changed = Signal(int)
    point_changed = Signal(str)
    camera_changed = Signal(str)
    span_changed = Signal(int, int)

    def __init__(self, n_frames: int, rate_hz: float, time_of_first_s: float = 0.0) -> None:
        self.n_frames, self.rate_hz, self.time_of_first_s = n_frames, rate_hz, time_of_first_s
        self.frame, self.point, self.camera, self.span = 0, "", "", (0, max(0, n_frames - 1))

    @property
    def time_s(self) -> float:
        """Time of the frame, seconds on the clock of the points."""
        return self.time_of(self.frame)

    def time_of(self, frame: int) -> float:
        """Return the time of a frame, seconds."""
        return self.time_of_first_s + frame / self.rate_hz

    def frame_at(self, time_s: float) -> int:
        """Return the frame nearest to a time."""
        return self._inside(round((time_s - self.time_of_first_s) * self.rate_hz))

    def go(self, frame: int) -> None:
        """Look at a frame, or the nearest one that there is."""
        frame = self._inside(frame)
        if frame != self.frame:
            self.frame = frame
            self.frame_changed.emit(frame)

    def go_to_time(self, time_s: float) -> None:
        """Look at the frame nearest to a time."""
        self.go(self.frame_at(time_s))

    def choose_point(self, name: str) -> None:
        """Look at a point."""
        if name != self.point:
            self.point = name
            self.point_changed.emit(name)

    def choose_camera(self, name: str) -> None:
        """Look through a camera."""
        if name != self.camera:
            self.camera = name
            self.camera_changed.emit(name)

    def choose_span(self, first: int, last: int) -> None:
        """Choose frames from the first to the last one."""
        first, last = sorted((self._inside(first), self._inside(last)))
        if (first, last) != self.span:
            self.span = (first, last)
            self.span_changed.emit(first, last)

    def _inside(self, frame: int) -> int:
        return int(min(max(frame, 0), self.n_frames - 1))
