"""What the cameras saw, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.image_points import ImagePoints
from mocap.errors import ShapeError
from mocap.trial.checks import checked_names, checked_rate, freeze


@dataclass(frozen=True, eq=False)
class Timeline:
    """The common clock, and how each camera's own frame times relate to it.

    Attributes
    ----------
    rate_hz : float
    n_frames : int
    start_s : float
        Time of frame 0.
    camera_names : tuple of str
    offset_s : ndarray, shape (camera,)
        Camera time minus common time.
    drift_ppm : ndarray, shape (camera,)
    source : str
        Where the times come from: `nominal rate`, `timestamps`, ...
    offset_sd_s, drift_sd_ppm : ndarray, shape (camera,)
        Standard deviations; NaN where nobody estimated them.
    residual_px : ndarray, shape (camera,)
        Median distance of the camera's keypoints from what the others see, with the clocks set; NaN unknown.
    frame_time_s : ndarray, shape (camera, frame), or None
        Common time of every frame of each camera's footage; NaN after its last one.
    """

    rate_hz: float
    n_frames: int
    start_s: float = 0.0
    camera_names: tuple[str, ...] = ()
    offset_s: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    drift_ppm: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    source: str = "nominal rate"
    offset_sd_s: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    drift_sd_ppm: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    residual_px: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    frame_time_s: NDArray | None = None

    def __post_init__(self) -> None:
        if self.n_frames < 0:
            raise ShapeError(f"A timeline of {self.n_frames} frames.", "Give 0 or more frames.")
        names = checked_names(self.camera_names, "Timeline")
        freeze(self, rate_hz=checked_rate(self.rate_hz, "Timeline"), camera_names=names)
        unknown = {"offset_s": 0.0, "drift_ppm": 0.0, "offset_sd_s": np.nan, "drift_sd_ppm": np.nan,
                   "residual_px": np.nan}  # fmt: skip
        for name, value in unknown.items():
            given = getattr(self, name)
            array = np.full(len(names), value) if given is None else given
            freeze(self, **{name: checked_array(array, name, (len(names),))})
        if self.frame_time_s is not None:
            freeze(self, frame_time_s=checked_array(self.frame_time_s, "frame_time_s", (len(names), "frame")))

    @property
    def time_s(self) -> NDArray:
        """Common frame times, shape (time,), in seconds."""
        return self.start_s + np.arange(self.n_frames) / self.rate_hz


@dataclass(frozen=True, eq=False)
class Keypoints2D(ImagePoints):
    """What the cameras saw, cameras in the order of the rig.

    Attributes
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        Origin in the centre of the top-left pixel; NaN is missing.
    confidence : ndarray, shape (camera, time, keypoint)
        In [0, 1]; 0 where missing.
    names : tuple of str
        Keypoint names.
    rate_hz : float
    """

    pixels: NDArray
    confidence: NDArray
    names: tuple[str, ...]
    rate_hz: float

    def __post_init__(self) -> None:
        names = checked_names(self.names, "Keypoints2D")
        dtype = np.float32 if np.asarray(self.pixels).dtype == np.float32 else np.float64
        pixels = checked_array(self.pixels, "pixels", ("camera", "time", len(names), 2), dtype)
        confidence = checked_array(self.confidence, "confidence", pixels.shape[:3], dtype)
        if np.isinf(pixels).any() or not ((confidence >= 0) & (confidence <= 1)).all():
            raise ShapeError(
                "pixels are infinite, or confidence is outside 0 to 1.",
                "Mark missing keypoints by NaN pixels and confidence 0.",
            )
        freeze(
            self, pixels=pixels, confidence=confidence, names=names, rate_hz=checked_rate(self.rate_hz, "Keypoints2D")
        )
