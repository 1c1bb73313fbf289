"""What a film shows when, what it says of it, and how pictures are called. Needs no display."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import floor, isfinite
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from mocap.errors import ViewerError
from mocap.viewer.angles import Curve
from mocap.viewer.lanes import Lane

SPEEDS = (0.1, 0.25, 0.5, 1.0)
WIDTHS = (960, 1280, 1920)
RATE_HZ = 30.0
_FASTEST_HZ, _MOST_FRAMES = 240.0, 200_000
_NEAR_S = 1e-6


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


@dataclass(frozen=True)
class FilmPlan:
    """A span of time, how fast it goes by, and how many pictures a second show it.

    Picture k shows the time `first_s + k * speed / rate_hz`: the recording's own clock leads, and its frames are shown
    when they are the nearest. None is made up between them.

    Attributes
    ----------
    first_s, last_s : float
        On the clock of what is filmed.
    speed : float
        1 is real time, 0.5 half as fast.
    rate_hz : float
        Pictures per second.
    """

    first_s: float
    last_s: float
    speed: float = 1.0
    rate_hz: float = RATE_HZ

    @property
    def n_frames(self) -> int:
        """Pictures, the first and the last time included."""
        return floor((self.last_s - self.first_s) / self.speed * self.rate_hz + 1e-6) + 1

    def time_of(self, picture: int) -> float:
        """Return the time that a picture shows, seconds."""
        return self.first_s + picture * self.speed / self.rate_hz

    def times(self) -> Iterator[float]:
        """Go through the times of all pictures."""
        return (self.time_of(picture) for picture in range(self.n_frames))

    @property
    def speed_words(self) -> str:
        """How fast time goes by: `real time`, `x 0.5`."""
        return "real time" if self.speed == 1.0 else f"x {self.speed:g} of real time"


def checked_plan(plan: FilmPlan, start_s: float, end_s: float) -> FilmPlan:
    """Return a plan that can be filmed from what lasts from `start_s` to `end_s`.

    Raises
    ------
    ViewerError
        FILM_SPAN for a span outside of the recording or without length, FILM_SPEED, FILM_RATE.
    """
    if not (isfinite(plan.speed) and 0.01 <= plan.speed <= 10):
        raise ViewerError(f"A film at {plan.speed:g} of real time.", "Give a speed from 0.01 to 10.", "FILM_SPEED")
    if not (isfinite(plan.rate_hz) and 1 <= plan.rate_hz <= _FASTEST_HZ):
        raise ViewerError(
            f"A film of {plan.rate_hz:g} pictures per second.", f"Give 1 to {_FASTEST_HZ:g}.", "FILM_RATE"
        )
    inside = start_s - _NEAR_S <= plan.first_s < plan.last_s <= end_s + _NEAR_S
    if not inside:
        raise ViewerError(
            f"A film from {plan.first_s:g} to {plan.last_s:g} s; there is {start_s:.3f} to {end_s:.3f} s.",
            "Give a span of the recording, its start before its end.", "FILM_SPAN",
        )  # fmt: skip
    if plan.n_frames > _MOST_FRAMES:
        raise ViewerError(
            f"A film of {plan.n_frames} pictures.", f"Give a shorter span: {_MOST_FRAMES} are the most.", "FILM_SPAN"
        )
    return plan


def picture_name(trial_id: str, time_s: float, frame: int, ending: str = "png") -> str:
    """Return a name that says what a picture shows: `squat_01_t2.340s_f234.png`."""
    return f"{safe_stem(trial_id)}_t{time_s:.3f}s_f{frame}.{ending}"


def film_name(trial_id: str, plan: FilmPlan) -> str:
    """Return a name that says what a film shows: `squat_01_2.00-6.50s_x0.5.mp4`."""
    return f"{safe_stem(trial_id)}_{plan.first_s:.2f}-{plan.last_s:.2f}s_x{plan.speed:g}.mp4"


def safe_stem(text: str) -> str:
    """Return words as a part of a file name that every system takes."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._")[:80] or "trial"


def free_path(folder: Path, name: str) -> Path:
    """Return where a file of that name can be made: with a number behind it where there is one already."""
    path, number = folder / name, 2
    while path.exists():
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
        number += 1
    return path


def convention_words(lane: Lane) -> str:
    """Return in one line what + and 0 of an angle are, and against what it is measured."""
    name = lane.name.replace("_", " ")
    if lane.reason:
        return f"{name}: {lane.reason}"
    curve = next(curve for curve in lane.curves if not curve.reason)
    return f"{name}: {curve_convention(curve)}"


def curve_convention(curve: Curve) -> str:
    """Return what + and 0 of a curve are, and against what it is measured."""
    parts = (("+ is ", curve.positive), ("0 is ", curve.zero), ("reference: ", curve.reference))
    return ", ".join(label + said for label, said in parts if said) or "no convention is stored"
