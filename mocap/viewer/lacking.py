"""What a trial lacks, in words: so that nobody takes an empty part of the window for a fault of it. No display."""

import numpy as np

from mocap.trial import Trial


def lacking(trial: Trial) -> tuple[str, ...]:
    """Return a sentence for each thing that a review would show and this trial has not got."""
    told = (_of_points(trial), _of_gravity(trial), _of_cameras(trial), _of_angles(trial), _of_assessment(trial))
    return tuple(sentence for sentence in told if sentence)


def _of_points(trial: Trial) -> str:
    shown = trial.points if trial.points_smoothed is None else trial.points_smoothed
    return "" if np.isfinite(shown.position).any() else "No point is known in any frame, so no person is drawn."


def _of_gravity(trial: Trial) -> str:
    return "" if trial.gravity_known else "Which way is up is not known, so no angle against gravity can be measured."


def _of_cameras(trial: Trial) -> str:
    if trial.rig is None:
        return "No cameras are stored, so there are no views and no reprojection errors."
    if len(trial.rig) == 1:
        return f"There is one camera ({trial.rig.names[0]}), so no point is checked by a second view."
    return ""


def _of_angles(trial: Trial) -> str:
    if trial.angles is None or not trial.angles.definitions:
        return "No angles are stored; `mocap kinematics` computes them."
    if not any(definition.observable for definition in trial.angles.definitions):
        return "No angle can be observed with these markers; each says why."
    return ""


def _of_assessment(trial: Trial) -> str:
    if trial.assessments or trial.angles is None or not trial.angles.definitions:
        return ""
    return "No movement is assessed yet; `mocap assess` finds repetitions and grades them."
