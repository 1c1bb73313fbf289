"""The part of a page on an assessment: what was found, how sure it is, what is withheld and why."""

from mocap.report.assessment.part import assessment_part

__all__ = ["assessment_part"]
