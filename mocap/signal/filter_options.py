"""What becomes of the points before the angles: the choices, checked."""

from dataclasses import dataclass
from typing import Literal

from mocap.errors import ConfigError
from mocap.signal.outliers import checked_hampel
from mocap.signal.polynomials import checked_window

#: Methods that learn how much is noise from the points' own uncertainty, beside the filters of this package.
LEARNED = ("kalman", "map")
FILTERS = ("butterworth", "savitzky_golay", "gcv_spline", "none")
_ONLY_FOR = {
    "cutoff_hz": ("butterworth", "savitzky_golay"), "window_frames": ("savitzky_golay",), "order": ("savitzky_golay",),
}  # fmt: skip


@dataclass(frozen=True)
class FilterOptions:
    """`[options.filter]`: what becomes of the points before the angles.

    A parameter that the method does not use is refused rather than left unused.

    Attributes
    ----------
    method : str
        `butterworth` (zero-lag low-pass), `savitzky_golay` (polynomials in a moving window), `gcv_spline` (smoothing
        spline whose stiffness generalised cross-validation chooses, point by point), `none`; or smoothing that learns
        from the points' own uncertainty: `kalman` (each keypoint by itself) or `map` (all together, bones keep their
        length).
    cutoff_hz : float, optional
        Frequency of -3 dB of the filter as a whole, both passes; 6 when left out. 0 is the method `none`. Of
        `savitzky_golay` the window whose frequency comes nearest is taken.
    window_frames : int, optional
        Of `savitzky_golay`, odd; in place of a cutoff.
    order : int, optional
        Of the polynomials of `savitzky_golay`; 3 when left out.
    longest_gap_s : float, optional
        Gaps up to this long are bridged and flagged; 0.1 when left out, and 0 where nothing else is done.
    hampel : bool
        Leave out samples that stand out of their neighbourhood first (Hampel's filter); they are flagged.
    hampel_frames, hampel_sd : int, float, optional
        Neighbours on each side, and how many standard deviations are too far; 5 and 4 when left out.

    Raises
    ------
    ConfigError
        `FILTER_OPTION` for a parameter of another method or out of its range, `FILTER_WINDOW`.
    """

    method: Literal["butterworth", "savitzky_golay", "gcv_spline", "none", "kalman", "map"] = "butterworth"
    cutoff_hz: float | None = None
    window_frames: int | None = None
    order: int | None = None
    longest_gap_s: float | None = None
    hampel: bool = False
    hampel_frames: int | None = None
    hampel_sd: float | None = None

    def __post_init__(self) -> None:
        _refuse(_misplaced(self), "Leave it out, or choose the method it belongs to.")
        for name in ("cutoff_hz", "longest_gap_s"):
            value = getattr(self, name)
            _refuse([] if value is None or 0 <= value < float("inf") else [f"{name} is {value:g}"], "Give 0 or more.")
        if self.method == "savitzky_golay" and self.window_frames is not None:
            checked_window(self.window_frames, self.polynomial_order)
        if self.polynomial_order < 0:
            raise ConfigError(f"Polynomials of order {self.order}.", "Choose 0 or more.", code="FILTER_OPTION")
        checked_hampel(self.outlier_frames, self.outlier_sd)

    @property
    def learned(self) -> bool:
        """Whether the method is one of `LEARNED`."""
        return self.method in LEARNED

    @property
    def filters(self) -> bool:
        """Whether a filter of this package is run."""
        return not self.learned and self.method != "none" and self.cutoff_hz != 0

    @property
    def acts(self) -> bool:
        """Whether anything is done to the points at all."""
        return self.learned or self.filters or self.hampel or self.gap_s > 0

    @property
    def cutoff(self) -> float:
        """Hz, with its default."""
        return 6.0 if self.cutoff_hz is None else self.cutoff_hz

    @property
    def polynomial_order(self) -> int:
        """With its default."""
        return 3 if self.order is None else self.order

    @property
    def gap_s(self) -> float:
        """Longest gap that is bridged (s), with its default."""
        default = 0.1 if self.learned or self.filters or self.hampel else 0.0
        return default if self.longest_gap_s is None else self.longest_gap_s

    @property
    def outlier_frames(self) -> int:
        """Neighbours on each side in Hampel's filter, with their default."""
        return 5 if self.hampel_frames is None else self.hampel_frames

    @property
    def outlier_sd(self) -> float:
        """Limit of Hampel's filter, with its default."""
        return 4.0 if self.hampel_sd is None else self.hampel_sd


def _misplaced(options: FilterOptions) -> list[str]:
    """Say which parameters are given and would not be used."""
    said = [
        f"{name} does nothing with the method {options.method}"
        for name, methods in _ONLY_FOR.items()
        if getattr(options, name) is not None and options.method not in methods
    ]
    if options.window_frames is not None and options.cutoff_hz is not None:
        said.append("window_frames and cutoff_hz both say how much is smoothed")
    if not options.hampel:
        lonely = [name for name in ("hampel_frames", "hampel_sd") if getattr(options, name) is not None]
        said += [f"{name} does nothing without hampel = true" for name in lonely]
    return said


def _refuse(said: list[str], remedy: str) -> None:
    if said:
        raise ConfigError(f"Filter options: {', '.join(said)}.", remedy, code="FILTER_OPTION")
