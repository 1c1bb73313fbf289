"""Two windows on one time, 0 at an event of each: who moves in one moves in the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mocap.errors import ViewerError
from mocap.viewer.moment import Moment
from mocap.viewer.pairing import EventName, event_time, shared_span
from mocap.viewer.review import Desk


class Window(Protocol):
    """What a tie needs of a window, and a film of two; see `mocap.viewer.app.ViewerHandles`."""

    desk: Desk
    moment: Moment
    viewer: Any
    stage: Any
    tie: "Tie | None"

    @property
    def closed(self) -> bool:
        """Whether the window is no more."""

    @property
    def frame(self) -> int:
        """The frame that it shows."""

    def set_frame(self, frame: int) -> None:
        """Show a frame."""


@dataclass(frozen=True, eq=False)
class PairMember:
    """A window of a pair: what it is called in few words, and the event at which it is aligned."""

    handles: Window
    label: str
    event: EventName
    at_s: float

    def frame_at(self, time_s: float) -> int:
        """Return the frame at a time relative to the event."""
        return self.handles.moment.frame_at(self.at_s + time_s)


class Tie:
    """Ties two windows, and goes with both to their events; a tie that either of them had before ends.

    Parameters
    ----------
    members : tuple of PairMember

    Attributes
    ----------
    members : tuple of PairMember
        Their events as they are now.
    """

    def __init__(self, members: tuple[PairMember, PairMember]) -> None:
        self.members = members
        self._loose = False
        self._heard: list[tuple[Any, Any]] = []
        for member in members:
            if member.handles.tie is not None:
                member.handles.tie.end()
            member.handles.set_frame(member.frame_at(0.0))
        for which, member in enumerate(members):
            self._listen(which, member.handles.moment.frame_changed)
            member.handles.tie = self

    @property
    def shared_s(self) -> tuple[float, float]:
        """First and last time, relative to the events, at which both have frames."""
        first, second = (member.handles.desk.review.trial for member in self.members)
        return shared_span((first, second), (self.members[0].at_s, self.members[1].at_s))

    @property
    def whole(self) -> bool:
        """Whether both windows are open."""
        return not any(member.handles.closed for member in self.members)

    def side_of(self, handles: Window) -> tuple[PairMember, PairMember]:
        """Return the member that is a window, and the other one."""
        first, second = self.members
        return (first, second) if first.handles is handles else (second, first)

    def align_again(self, leading: Window | None = None) -> str:
        """Go by the events where they are now, and tell which of them moved; empty where none did.

        The other window goes along with the `leading` one, where one is named.

        Raises
        ------
        ViewerError
            ALIGN_EVENT, where one is no more, or lies outside of its recording; the tie has ended then.
        """
        first, second = self.members
        try:
            at_s = [event_time(one.handles.desk.review.trial, one.event) for one in (first, second)]
            shared_span((first.handles.desk.review.trial, second.handles.desk.review.trial), (at_s[0], at_s[1]))
        except ViewerError:
            self.end()
            raise
        self.members = replace(first, at_s=at_s[0]), replace(second, at_s=at_s[1])
        if leading is not None:
            self._follow(0 if leading is first.handles else 1)
        moved = [now for now, was in zip(self.members, (first, second), strict=True) if now.at_s != was.at_s]
        return " ".join(f"{one.event.words} of {one.label} is at {one.at_s:.2f} s now." for one in moved)

    @contextmanager
    def loosened(self) -> Iterator[None]:
        """Let each window go where it is sent, alone."""
        before, self._loose = self._loose, True
        try:
            yield
        finally:
            self._loose = before

    def end(self) -> None:
        """Let both windows go on alone."""
        for signal, heard in self._heard:
            signal.disconnect(heard)
        self._heard.clear()
        for member in self.members:
            member.handles.tie = None

    def _listen(self, which: int, signal: Any) -> None:
        def heard(frame: int) -> None:
            self._follow(which)

        signal.connect(heard)
        self._heard.append((signal, heard))

    def _follow(self, which: int) -> None:
        leader, other = self.members[which], self.members[1 - which]
        if self._loose:
            return
        if other.handles.closed:
            self.end()
            return
        with self.loosened():  # frames of another rate are not quite at one time: the other one must not lead back
            other.handles.set_frame(other.frame_at(leader.handles.moment.time_s - leader.at_s))
