"""The page of a trial: its assessment first, where there is one, and its kinematics behind it."""

from collections.abc import Mapping, Sequence

from numpy.typing import NDArray

from mocap.report.assessment import assessment_part
from mocap.report.calibration_page import whole_page
from mocap.report.kinematics_page import kinematics_page, kinematics_parts
from mocap.report.paper_style import STYLE
from mocap.trial import Trial


def trial_page(
    trial: Trial, notes: Sequence[str] = (), version: str = "", places: Mapping[str, NDArray] | None = None
) -> str:
    """Return the page as self-contained HTML, for the screen and for paper.

    Parameters
    ----------
    trial : Trial
        With angles, or with assessments.
    notes : sequence of str
        What was inferred, chosen or left out.
    version : str
        Of the program.
    places : mapping of str to ndarray, shape (time, 3), optional
        Landmarks and joint centres by their canonical names, m in the world.
    """
    if not trial.assessments:
        return kinematics_page(trial, notes, version)
    parts = [assessment_part(trial, places or {})]
    if trial.angles is not None and trial.angles.names:
        behind = "".join(kinematics_parts(trial, notes, version))
        parts.append(f"<section class='kinematics'><h2 class='task'>Kinematics</h2>{behind}</section>")
    return whole_page(f"Assessment of {trial.trial_id}", parts, STYLE)
