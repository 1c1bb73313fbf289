"""Settings of round markers."""

from dataclasses import dataclass

from mocap.errors import ConfigError

POLARITIES = ("bright", "dark", "auto")


@dataclass(frozen=True)
class BlobOptions:
    """What counts as the image of a round marker.

    Attributes
    ----------
    polarity : str
        `bright` spots on dark, `dark` spots on bright, or `auto`: the one of which the first image shows more.
    min_radius_px, max_radius_px : float
        Of the smaller and the larger half axis.
    min_contrast : float
        Gray levels between marker and surroundings.
    max_elongation : float
        Larger over smaller half axis: a disc seen aslant, or drawn out by its own motion.
    max_residual : float
        Of the fit, rms over contrast: how far from a soft ellipse.
    max_sd_px : float
        Centres less certain than that are left out.
    split : bool
        Take spots that touch each other apart.
    """

    polarity: str = "bright"
    min_radius_px: float = 1.5
    max_radius_px: float = 16.0
    min_contrast: float = 25.0
    max_elongation: float = 3.5
    max_residual: float = 0.08
    max_sd_px: float = 0.25
    split: bool = True

    def __post_init__(self) -> None:
        sound = (
            self.polarity in POLARITIES
            and 0.5 <= self.min_radius_px < self.max_radius_px <= 24
            and 1 <= self.min_contrast <= 255
            and self.max_elongation >= 1
            and 0 < self.max_residual < 1
            and self.max_sd_px > 0
        )
        if not sound:
            raise ConfigError(
                f"Blob options out of range: {self}.",
                f"Use a polarity of {list(POLARITIES)}, radii within 0.5 to 24 px, a contrast of 1 to 255, an "
                "elongation of 1 or more, a residual below 1 and an sd above 0.",
                code="OPTION_RANGE",
            )
