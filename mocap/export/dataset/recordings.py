"""What the writers of a dataset get: a recording with the truth of its frames, and the labels of its cameras."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.export.dataset.truth import AngleTruth, SquatTruth


@dataclass(frozen=True, eq=False)
class Recording:
    """One trial of a dataset.

    Attributes
    ----------
    name, subject : str
        As they are called outside.
    split, movement, licence : str
    failed : tuple of str
        Checks of its quality that do not hold.
    names : tuple of str
        Of its points.
    rig : CameraRig
    time_s : ndarray, shape (time,)
        Of all its frames.
    angles : mapping of str to AngleTruth
    squat : SquatTruth
    frames : ndarray of int
        Those that were chosen.
    """

    name: str
    subject: str
    split: str
    movement: str
    licence: str
    failed: tuple[str, ...]
    names: tuple[str, ...]
    rig: CameraRig
    time_s: NDArray
    angles: Mapping[str, AngleTruth]
    squat: SquatTruth
    frames: NDArray


def picture_name(recording: str, camera: str, picture: int) -> str:
    """Return how a picture of a camera's footage is called, without its ending; `picture` is counted from 0."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in camera)
    return f"{recording}_{plain}_{picture:06d}"


def squat_row(recording: Recording, frame: int) -> dict[str, float | int | str | None]:
    """Return where one frame lies in a repetition, by the names that every format uses; None for what is unknown."""
    squat = recording.squat
    number = int(squat.repetition[frame])
    told: dict[str, float | int | str | None] = {
        "repetition": number or None, "depth": _known(squat.depth[frame]),
        "wink_phase": str(squat.phase[frame]) or None,
    }  # fmt: skip
    for name, values in squat.of_repetition.items():
        told[name] = _known(values[number - 1]) if number else None
    return told


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

