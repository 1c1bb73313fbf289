"""Rising from a chair and sitting down: repetitions by the height of the hips, and what each shows."""

from mocap.assessment.sit_to_stand.columns import count_columns, rise_columns
from mocap.assessment.sit_to_stand.repetitions import Rise, find_rises
from mocap.assessment.sit_to_stand.settings import SitToStandSettings

__all__ = ["Rise", "SitToStandSettings", "count_columns", "find_rises", "rise_columns"]
