"""What results are worth and what they show: agreement of two measurements of one movement."""

from mocap.assessment.agreement import Agreement, agreement
from mocap.assessment.alignment import Lag, common_times, find_lag, resampled
from mocap.assessment.comparison import ComparedAngle, Comparison
from mocap.assessment.waveforms import Cmc, multiple_correlation

__all__ = [
    "Agreement",
    "Cmc",
    "ComparedAngle",
    "Comparison",
    "Lag",
    "agreement",
    "common_times",
    "find_lag",
    "multiple_correlation",
    "resampled",
]
