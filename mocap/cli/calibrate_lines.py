"""What `mocap calibrate` prints of a calibration, whatever it was made from."""

from collections.abc import Mapping, Sequence
from typing import Any

_LIMITS = 3  # sentences on what limits the recording; all of them are on the page


def said(value: Any) -> str:
    """Return a figure of the metadata with the digits that people read."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def counted(names: Sequence[str]) -> str:
    """Return how many cameras there are, and which."""
    return f"{len(names)} camera{'' if len(names) == 1 else 's'} ({', '.join(names)})"


def verdict_lines(assessment: Any, verdict: str) -> list[str]:
    """Return the verdict of the rig and of each camera, with what to do about it, and what limits the recording.

    Parameters
    ----------
    assessment : Assessment, PointAssessment or None
        Of a calibration from a board, or from points; None where it was not asked for.
    verdict : str
        In a line.
    """
    if assessment is None:
        return []
    return [
        f"{verdict} {assessment.remedy}".rstrip(),
        *(f"  {one.name} is {one.grade}: {one.reason} {one.remedy}".rstrip() for one in assessment.cameras),
        *(f"  what limits this recording: {sentence}" for sentence in assessment.limits[:_LIMITS]),
    ]


def shown_metadata(assessment: Any, verdict: str, metadata: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Return a line for each of the named figures that is there; none for what the verdict has said already."""
    checks = () if assessment is None else assessment.checks
    said_already = {check.name for check in checks if check.severity and check.describe()[1:] in verdict}
    return [f"  {name}: {said(metadata[name])}" for name in names if metadata.get(name) and name not in said_already]
