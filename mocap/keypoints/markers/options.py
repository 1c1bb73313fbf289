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
        `bright` spots on dark, `dark` spots on bright, or `auto`: both are found, and the labels tell
        which of them the markers are (in a single image: those of which it shows more); takes twice as long.
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
    max_residual: float = 0.05
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


@dataclass(frozen=True)
class LabelOptions:
    """Settings of `label_markers`.

    Attributes
    ----------
    gate_m : float
        A marker may be this far from where it is expected, as long as it was seen in the frame before.
    lost_gate_m : float
        The same for one that comes back, expected from its neighbours.
    limit_px : float
        Largest distance of a spot from the projection of its marker; less where the recording tells that less will do.
    rigid_sd_m, rigid_reach_m : float
        Markers nearer than the reach whose distance varies by less than the sd over the trial (with outliers left
        out) are taken as rigid with each other.
    rigid_limit_m : float
        A distance of rigid markers may be off by this much; a marker with most of its distances off is unlabelled.
    coast_frames : int
        A marker lost for longer is expected from its neighbours alone.
    """

    gate_m: float = 0.025
    lost_gate_m: float = 0.05
    limit_px: float = 2.0
    rigid_sd_m: float = 0.006
    rigid_reach_m: float = 0.35
    rigid_limit_m: float = 0.025
    coast_frames: int = 4

    def __post_init__(self) -> None:
        lengths = (self.gate_m, self.lost_gate_m, self.limit_px, self.rigid_sd_m, self.rigid_reach_m)
        if not (min(*lengths, self.rigid_limit_m) > 0 and self.coast_frames >= 0):
            raise ConfigError(
                f"Label options out of range: {self}.", "Use lengths above 0.", code="OPTION_RANGE"
            )
