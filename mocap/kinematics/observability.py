"""What an input can show: outcomes of angles, with the reason where an angle is not observable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mocap.kinematics.traced import Scalar

HIP_LINE = "two hip keypoints define a line; rotation about it is invisible"
HIP_KEYPOINTS = "hip keypoints are a detector's idea of the hip centres, not the ASIS and PSIS that define the pelvis"
NO_GRAVITY = "the vertical of the world is not known, and this angle refers to gravity"
NO_LUMBAR = "no plate at T12/L1 (T12_1 to T12_4) and no spinous markers from T12 to S1 among the points"
NO_STATIC = "needs a static trial of the same person as its zero"


class NotObservable(Exception):
    """The input cannot show something; carries the reason. Never leaves this package."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Outcome:
    """One angle as computed, or why it is not.

    Attributes
    ----------
    angle : Scalar or None
        None when not observable.
    method : str
        Markers and construction that were used.
    reference : str
        `absolute` or `static`.
    zero, sequence, positive, definition : str
        Replace the words of the standard definition where the method changes them; empty otherwise.
    reason : str
        Why not observable, or why only in part.
    """

    angle: Scalar | None
    method: str = ""
    reference: str = "absolute"
    zero: str = ""
    sequence: str = ""
    positive: str = ""
    definition: str = ""
    reason: str = ""


def attempt(names: tuple[str, ...], build: Callable[[], Mapping[str, Outcome]]) -> dict[str, Outcome]:
    """Return the outcomes of `build`; all of `names` with the reason when it finds them not observable."""
    try:
        return dict(build())
    except NotObservable as missing:
        return {name: Outcome(None, reason=missing.reason) for name in names}
