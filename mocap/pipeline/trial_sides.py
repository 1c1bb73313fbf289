"""Left and right of one trial: looked at, told, and exchanged back only when the user asks for it."""

from dataclasses import dataclass

from numpy.typing import NDArray

from calibration import CameraRig
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints import correct_sides, find_side_swaps, side_verdicts, side_words
from mocap.trial import Keypoints2D, Operation, Verdict

#: `flag` tells where left and right look exchanged, `correct` exchanges them back, `off` does not look.
SIDE_MODES = ("flag", "correct", "off")
_NOTHING_TO_LOOK_AT = {"NO_SIDES", "TOO_MANY_CAMERAS", "CAMERA_COUNT"}


@dataclass(frozen=True, eq=False)
class LookedSides:
    """The keypoints after what was asked for, and what was found.

    Attributes
    ----------
    keypoints : Keypoints2D
    verdicts : tuple of Verdict
    operation : Operation or None
        What was found and done, where anything was.
    exchanged : ndarray of bool, shape (camera, time, keypoint), or None
        Keypoints that look exchanged and were left so.
    """

    keypoints: Keypoints2D
    verdicts: tuple[Verdict, ...] = ()
    operation: Operation | None = None
    exchanged: NDArray | None = None


def checked_side_mode(mode: str) -> str:
    """Return the mode, or refuse one that is not there (ConfigError, SIDE_MODE)."""
    if mode not in SIDE_MODES:
        raise ConfigError(
            f"There is no way '{mode}' to treat left and right.", f"Known: {', '.join(SIDE_MODES)}.", code="SIDE_MODE"
        )
    return mode


def look_at_sides(keypoints: Keypoints2D, rig: CameraRig, mode: str = "flag", first_frame: int = 0) -> LookedSides:
    """Find views in which left and right are exchanged, and exchange them back where that was asked for.

    Parameters
    ----------
    keypoints : Keypoints2D
        Of one person, cameras in the order of the rig.
    rig : CameraRig
    mode : str
        Of `SIDE_MODES`.
    first_frame : int
        Number of the first frame in the files, for the words.

    Raises
    ------
    ConfigError
        SIDE_MODE
    """
    if checked_side_mode(mode) == "off":
        return LookedSides(keypoints)
    try:
        swaps = find_side_swaps(keypoints, rig)
    except KeypointError as error:
        if error.code not in _NOTHING_TO_LOOK_AT:
            raise
        return LookedSides(keypoints)
    correct = mode == "correct" and bool(swaps.any.any())
    verdicts = side_verdicts(swaps, rig.names, first_frame, corrected=correct)
    words = [text.replace("; ", ", ") for text in side_words(swaps, rig.names, first_frame)]
    operation = Operation("left and right", {"mode": mode, "notes": "; ".join(words)}) if words else None
    if correct:
        return LookedSides(correct_sides(keypoints, swaps), verdicts, operation)
    return LookedSides(keypoints, verdicts, operation, swaps.keypoints)
