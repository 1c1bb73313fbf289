"""What can be set about smoothing over time, and what it brings back."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError
from mocap.trial import Points3D


@dataclass(frozen=True)
class SmoothingOptions:
    """Settings of the smoother.

    Attributes
    ----------
    longest_gap_s : float
        Gaps up to this long are bridged, flagged and given the covariance that grows inside them; longer ones stay.
    outlier_probability : float
        A sample farther from what the others say than noise goes with this probability is left out and flagged.
    max_sd_m : float
        A bridged sample known worse than this (root of the summed variances, m) stays missing.
    min_confidence : float
        Single views below are not leant on; as in `ReconstructionOptions`.
    threads : int or None
        As many as the processors that may be used when None. The results do not depend on it.
    """

    longest_gap_s: float = 0.2
    outlier_probability: float = 1e-5
    max_sd_m: float = 0.1
    min_confidence: float = 0.3
    threads: int | None = None

    def __post_init__(self) -> None:
        sound = {
            "longest_gap_s": 0 <= self.longest_gap_s < np.inf,
            "outlier_probability": 0 <= self.outlier_probability < 0.05,
            "max_sd_m": self.max_sd_m > 0,
            "min_confidence": 0 <= self.min_confidence <= 1,
            "threads": self.threads is None or self.threads >= 1,
        }
        wrong = [name for name, holds in sound.items() if not holds]
        if wrong:
            raise ConfigError(
                f"Smoothing options {', '.join(f'{name} = {getattr(self, name)}' for name in wrong)} are out of range.",
                "Use a gap of 0 s or more, a probability of 0 to 0.05, a confidence of 0 to 1, "
                "and limits and threads above 0.",
                code="OPTION_RANGE",
            )


def pool(options: SmoothingOptions) -> ThreadPoolExecutor:
    """Return the threads that the options allow."""
    threads = options.threads
    if threads is None:
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ThreadPoolExecutor(max_workers=threads)


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Points after smoothing, with what was learned from them.

    Attributes
    ----------
    points : Points3D
        Smoothed samples carry FILTERED, bridged ones FILLED besides, and those left out as outliers REJECTED too.
        Samples of keypoints with too little to smooth are as they came.
    cutoff_hz : ndarray, shape (keypoint, 3)
        Frequency along x, y and z at which the smoother lets half of the amplitude through, as learned from the data;
        NaN where nothing was smoothed.
    noise_scale : ndarray, shape (keypoint,)
        Variance that changes from frame to frame, over the variance that the points came with.
    steady_share : ndarray, shape (keypoint,)
        Share of the variance whose error stays over many frames: no smoothing takes it away, and it is left in the
        covariance.
    notes : tuple of str
        What a user should know.
    left : mapping of str to str
        Keypoints that were not smoothed because the fit went against their data, and how; they are as they came.
    """

    points: Points3D
    cutoff_hz: NDArray
    noise_scale: NDArray
    steady_share: NDArray
    notes: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
