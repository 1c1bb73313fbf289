"""When the cameras took their frames, and how their clocks stand to each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.trial.checks import checked_names, freeze


@dataclass(frozen=True, eq=False)
class CameraTimes:
    """When each frame of each camera was taken, by the camera's own clock.

    Attributes
    ----------
    camera_names : tuple of str
    time_s : ndarray, shape (camera, frame)
        Seconds; frames in the order of the footage, NaN after a camera's last one. Increasing along a camera where
        it is finite: what came out of order was put in order, and is told in `notes`.
    source : tuple of str
        Per camera where its times come from: `timestamps` (the camera's own file), `container`, `nominal rate`.
    notes : tuple of str
        What a user should know: frames dropped, doubled or out of order, each with its index; tags that are wrong.
    """

    camera_names: tuple[str, ...]
    time_s: NDArray
    source: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = checked_names(self.camera_names, "CameraTimes")
        times = checked_array(self.time_s, "time_s", (len(names), "frame"))
        step = np.diff(times, axis=1)
        late = np.isfinite(times[:, 1:]) & ~np.isfinite(times[:, :-1])
        if (step[np.isfinite(step)] <= 0).any() or late.any() or len(self.source) != len(names):
            raise ShapeError(
                "Frame times that do not increase, that begin after a gap, or without a source for every camera.",
                "Give the times of each camera in order, NaN after its last frame only, and say where they come from.",
            )
        freeze(self, camera_names=names, time_s=times, source=tuple(self.source), notes=tuple(self.notes))


@dataclass(frozen=True, eq=False)
class SyncEstimate:
    """How each camera's clock stands to the common one: camera time = common time + offset + drift * common time.

    Attributes
    ----------
    camera_names : tuple of str
    method : str
        `motion`, `flash`, `sound`, `timestamps`.
    offset_s, offset_sd_s : ndarray, shape (camera,)
        Camera time minus common time at common time 0; the camera most others agree with stands near 0.
        NaN where it cannot be told.
    drift_ppm, drift_sd_ppm : ndarray, shape (camera,)
        Above 0 where the camera's clock runs fast; NaN where it cannot be told, and then taken as 0.
    error_before_px, error_after_px : ndarray, shape (camera,)
        Median distance of the camera's keypoints from what the others see, as filmed and with the clocks set; NaN
        where the method knows none.
    shifted : ndarray of bool, shape (camera,)
        Cameras whose clock differs beyond chance and beyond what matters.
    words : tuple of str
        The verdict in plain words, one sentence for each camera that is shifted or cannot be told, or one for all.
    """

    camera_names: tuple[str, ...]
    method: str
    offset_s: NDArray
    offset_sd_s: NDArray
    drift_ppm: NDArray
    drift_sd_ppm: NDArray
    error_before_px: NDArray
    error_after_px: NDArray
    shifted: NDArray
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = checked_names(self.camera_names, "SyncEstimate")
        for name in ("offset_s", "offset_sd_s", "drift_ppm", "drift_sd_ppm", "error_before_px", "error_after_px"):
            freeze(self, **{name: checked_array(getattr(self, name), name, (len(names),))})
        shifted = checked_array(self.shifted, "shifted", (len(names),), np.bool_)
        freeze(self, camera_names=names, shifted=shifted, words=tuple(self.words))

    @property
    def estimable(self) -> NDArray:
        """Cameras whose offset could be told, shape (camera,)."""
        return np.isfinite(self.offset_s)
