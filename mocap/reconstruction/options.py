"""What can be set about the reconstruction."""

from dataclasses import dataclass

import numpy as np

from mocap.errors import ConfigError


@dataclass(frozen=True)
class ReconstructionOptions:
    """Settings of `mocap.reconstruct`.

    Attributes
    ----------
    min_confidence : float
        Observations below are not used; their distance from the point is still reported.
    min_views : int
        Least number of agreeing cameras, 2 or more.
    truncation_sigma : float
        Observations farther than this many pixel sigmas from the point count as wrong and are not used.
    weigh_confidence : bool
        Observations of less confidence weigh less, as far as the residuals prove that confidence tells good from bad.
    pixel_sigma : float or None
        Standard deviation of a keypoint's u and v in px; estimated from the residuals when None.
    max_sd_m : float
        Points whose position is known worse than this (root of the summed variances, m) are rejected: rays that
        are almost parallel agree on anything.
    min_share : float
        With a smaller share of the points found, among those that enough cameras saw, the whole is refused.
    max_sigma_share : float
        A larger estimated pixel sigma, as a share of the longer side of the image, is refused: no detector is that
        bad, but cameras in the wrong order, out of step or wrongly calibrated look like it.
    threads : int or None
        As many as the processors that may be used when None. The results do not depend on it.
    """

    min_confidence: float = 0.3
    min_views: int = 2
    truncation_sigma: float = 5.0
    weigh_confidence: bool = True
    pixel_sigma: float | None = None
    max_sd_m: float = 0.1
    min_share: float = 0.3
    max_sigma_share: float = 0.0125
    threads: int | None = None

    def __post_init__(self) -> None:
        wrong = [
            name
            for name, holds in {
                "min_confidence": 0 <= self.min_confidence <= 1,
                "min_views": self.min_views >= 2,
                "truncation_sigma": 1 <= self.truncation_sigma < np.inf,
                "pixel_sigma": self.pixel_sigma is None or 0 < self.pixel_sigma < np.inf,
                "max_sd_m": self.max_sd_m > 0,
                "min_share": 0 <= self.min_share <= 1,
                "max_sigma_share": self.max_sigma_share > 0,
                "threads": self.threads is None or self.threads >= 1,
            }.items()
            if not holds
        ]
        if wrong:
            raise ConfigError(
                f"Reconstruction options {', '.join(f'{name} = {getattr(self, name)}' for name in wrong)} "
                "are out of range.",
                "Use confidences and shares in 0 to 1, two or more views, a truncation of 1 sigma or more, "
                "and sigmas, limits and threads above 0.",
                code="OPTION_RANGE",
            )
