"""Which figures and curves of a task come first, and are tested as one family; all others are told behind them.

A test for every one of a hundred figures, adjusted for all of them, would find nothing in a lab's number of people; so
the question is asked of few. Whoever has other ones names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_METRICS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "squat": ("depth", "wink_magnitude", "wink_onset_depth", "lumbar_change", "trunk_lean_bottom"),
    "hinge": ("score", "hip_share", "lumbar_excursion"),
    "knee_to_wall": ("distance", "shank_inclination", "ankle_dorsiflexion"),
    "sit_to_stand": ("duration",),
    "gait": ("speed", "cadence", "stride_length", "step_width", "stance", "pelvic_tilt_range", "knee_flexion_greatest",
             "gps_overall"),
})  # fmt: skip
_CURVES = ("pelvic_tilt", "lumbar_flexion", "trunk_lean", "hip_flexion", "knee_flexion", "ankle_dorsiflexion")


@dataclass(frozen=True)
class Primary:
    """What comes first.

    Attributes
    ----------
    task : str
    all_metrics, all_curves : bool
        Whether somebody named them: then all of them do.
    """

    task: str
    all_metrics: bool = False
    all_curves: bool = False

    def metric(self, name: str) -> bool:
        """Whether a figure comes first; of a side as the figure itself."""
        return self.all_metrics or _plain(name) in _METRICS.get(self.task, ())

    def curve(self, name: str) -> bool:
        """Whether an angle comes first."""
        return self.all_curves or _plain(name) in _CURVES


def _plain(name: str) -> str:
    return name[:-2] if name.endswith(("_r", "_l")) else name
