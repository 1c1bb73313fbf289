"""The butt wink: how much the pelvis tucks under in a squat, from which depth on, and with what lumbar flexion."""

from mocap.assessment.wink.columns import columns_of, wink_columns
from mocap.assessment.wink.set_summary import wink_set
from mocap.assessment.wink.settings import WinkSettings
from mocap.assessment.wink.trial import TrialWinks, winks_of

__all__ = ["TrialWinks", "WinkSettings", "columns_of", "wink_columns", "wink_set", "winks_of"]
