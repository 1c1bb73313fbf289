"""Several recordings against each other: conditions within people and between groups, and one person over visits."""

from mocap.assessment.several.conditions import Comparison as ConditionComparison
from mocap.assessment.several.conditions import CurveEffect, PersonEffect, ScalarEffect, compare_conditions
from mocap.assessment.several.follow_up import FollowedMetric, FollowUp, Visit, follow_up
from mocap.assessment.several.limits import Limit, Limits

__all__ = [
    "ConditionComparison",
    "CurveEffect",
    "FollowUp",
    "FollowedMetric",
    "Limit",
    "Limits",
    "PersonEffect",
    "ScalarEffect",
    "Visit",
    "compare_conditions",
    "follow_up",
]
