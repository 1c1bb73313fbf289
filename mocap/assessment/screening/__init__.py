"""What may limit a squat: transparent rules, each answered by itself."""

from mocap.assessment.screening.reserves import reserve_columns
from mocap.assessment.screening.rules import screening
from mocap.assessment.screening.settings import ScreeningSettings

__all__ = ["ScreeningSettings", "reserve_columns", "screening"]
