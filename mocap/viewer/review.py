"""What a review window is given, and whom it asks: the trial as it stands, and the desk that keeps decisions.

The window knows neither files nor the order of stages. Whoever opens it hands in a `Desk`.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from numpy.typing import NDArray

from mocap.errors import ViewerError
from mocap.trial import Event, PointEdit, Trial
from mocap.viewer.layers import Scene, scene_of
from mocap.viewer.parts import Parts, TrialParts


class Footage(Protocol):
    """The cameras' pictures, by the frames of the trial."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras that have footage."""

    def place(self, camera: str, frame: int) -> int:
        """Return the place in the camera's footage of a frame of the trial; -1 where it took no picture then."""

    def image(self, camera: str, place: int) -> NDArray:
        """Return a picture, shape (height, width, 3), uint8 RGB; may take long, and is asked for in a thread.

        Raises
        ------
        MocapError
            Where it cannot be read.
        """


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided.

    Attributes
    ----------
    words : str
        What, for people.
    one : PointEdit or Event
        Knows by whom and why.
    """

    words: str
    one: PointEdit | Event

    @property
    def signed(self) -> str:
        """By whom and why; empty where nobody said so."""
        why = self.one.reason if isinstance(self.one, PointEdit) else self.one.note
        return ": ".join(filter(None, (self.one.initials, why)))


@dataclass(frozen=True, eq=False)
class RawAngles:
    """The angles of points that were not smoothed, to be shown beneath the others.

    Attributes
    ----------
    names : tuple of str
    values_deg : ndarray, shape (time, angle), float32
        NaN is missing.
    """

    names: tuple[str, ...]
    values_deg: NDArray


class RawSource(Protocol):
    """What computes the angles of points that were not smoothed; it takes a while, and is asked in a thread."""

    def steps(self) -> Generator[str | RawAngles, None, None]:
        """Go through the work: words of how far it is, and at last the angles, at once where they were made before.

        Raises
        ------
        MocapError
            Where they cannot be computed.
        """


@dataclass(frozen=True, eq=False)
class Review:
    """A trial under review.

    Attributes
    ----------
    trial : Trial
        As corrected now; the arrays that `parts` reads may be left out of it (covariances, views, errors).
    parts : Parts
    footage : Footage, optional
    notes : tuple of str
        What the reviewer should know before they believe what they see, a sentence each.
    label_of : mapping of str to str
        Labels of the points by landmark (`RHEEL`, ...), where they are not the same.
    raw : RawSource, optional
        None where nothing tells how the angles were computed.
    decisions : tuple of Decision
        All that were made, in their order.
    behind : str
        Why the angles are not those of the points that are shown; empty where they are.
    """

    trial: Trial
    parts: Parts
    footage: Footage | None = None
    notes: tuple[str, ...] = ()
    label_of: Mapping[str, str] = field(default_factory=dict)
    raw: RawSource | None = None
    decisions: tuple[Decision, ...] = ()
    behind: str = ""

    @cached_property
    def scene(self) -> Scene:
        """What is drawn; made once.

        Raises
        ------
        ViewerError
            VIEWER_EMPTY.
        """
        return scene_of(self.trial)


class Desk(Protocol):
    """Keeps what a reviewer decides. Every change is in the file when the call returns, and may take long."""

    @property
    def review(self) -> Review:
        """The review as it stands."""

    @property
    def read_only(self) -> str:
        """Why nothing can be decided here; empty where it can."""

    @property
    def undoable(self) -> str:
        """What `undo` would take back, in words; empty where nothing is left."""

    @property
    def redoable(self) -> str:
        """What `redo` would do again, in words; empty where nothing is left."""

    def take_pictures(self, folder: Path) -> Review:
        """Return the review with the cameras' pictures in a folder: a video or a folder of images for each."""

    def preview(self, edits: Sequence[PointEdit]) -> Review:
        """Return the review with more corrections of points, which are not kept: quick, also in a long recording."""

    def correct(self, edits: Sequence[PointEdit]) -> Review:
        """Add corrections of points; the angles stay as they were until `assess`."""

    def move_event(
        self, task: str, at_s: float, instant: str, time_s: float, note: str = "", initials: str = "", side: str = ""
    ) -> Review:
        """Move an instant of a repetition to a time, and assess again.

        Repetitions go by their bottom as it is shown, `at_s` (gait cycles by their start and `side`): their numbers
        change with every decision.
        """

    def decide(self, task: str, at_s: float, accepted: bool, reason: str, initials: str, side: str = "") -> Review:
        """Accept or reject a repetition, or accept a candidate that was not taken, and assess again."""

    def take_back(self, one: PointEdit | Event) -> Review:
        """Take a decision back, be it the last one or not."""

    def undo(self) -> Review:
        """Take the last decision back."""

    def redo(self) -> Review:
        """Do again what was undone last."""

    def assess(self) -> Review:
        """Compute the angles of the corrected points, and assess again, as the record tells that it was done."""


class ViewOnly:
    """A desk that keeps nothing: for a trial that lies in no file."""

    undoable = redoable = ""

    def __init__(
        self, trial: Trial, read_only: str = "this trial lies in no trial file", notes: tuple[str, ...] = ()
    ) -> None:
        self.review = Review(trial, TrialParts(trial), notes=notes)
        self.read_only = read_only

    def take_pictures(self, folder: Path) -> Review:
        """See `Desk`."""
        raise ViewerError(
            f"Pictures are laid beside trial files only, and {self.read_only}.", "Open a trial file.", "VIEWER_PICTURES"
        )

    def preview(self, edits: Sequence[PointEdit]) -> Review:
        """See `Desk`."""
        return self.review

    def correct(self, edits: Sequence[PointEdit]) -> Review:
        """See `Desk`."""
        return self.review

    def move_event(
        self, task: str, at_s: float, instant: str, time_s: float, note: str = "", initials: str = "", side: str = ""
    ) -> Review:
        """See `Desk`."""
        return self.review

    def decide(self, task: str, at_s: float, accepted: bool, reason: str, initials: str, side: str = "") -> Review:
        """See `Desk`."""
        return self.review

    def take_back(self, one: PointEdit | Event) -> Review:
        """See `Desk`."""
        return self.review

    def undo(self) -> Review:
        """See `Desk`."""
        return self.review

    def redo(self) -> Review:
        """See `Desk`."""
        return self.review

    def assess(self) -> Review:
        """See `Desk`."""
        return self.review
