"""What the choices that no file tells mean for the angles of a model: computed with the other choice, and told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mocap.kinematics import NO_RECORDINGS, CalibrationRecordings, Kinematics, KinematicsOptions, kinematics
from mocap.trial import JointAngles, Points3D

_SAGITTAL = tuple(f"{name}_{side}" for name in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion") for side in "rl")
_STEP_M = 0.002
_TOLD_DEG = 0.005


@dataclass(frozen=True, eq=False)
class KinematicsInput:
    """What the kinematics of a trial starts from; see `mocap.kinematics.kinematics` for the attributes."""

    points: Points3D
    static: Points3D | None
    marker_set: str | None
    gravity_known: bool
    subject: Mapping[str, float | str]
    static_subject: Mapping[str, float | str]
    recordings: CalibrationRecordings = NO_RECORDINGS

    def compute(self, options: KinematicsOptions, measured: bool = True) -> Kinematics:
        """Return the kinematics with these options, with the measures of the body where they are asked for."""
        return kinematics(
            self.points, self.marker_set, self.static, options=options, gravity_known=self.gravity_known,
            subject=self.subject, static_subject=self.static_subject, recordings=self.recordings, measured=measured,
        )  # fmt: skip


def model_notes(given: KinematicsInput, options: KinematicsOptions, result: Kinematics) -> tuple[str, ...]:
    """Return what a model estimated or assumed, and by how much the angles change with the other choice, in words.

    Parameters
    ----------
    given : KinematicsInput
    options : KinematicsOptions
        As the result was computed.
    result : Kinematics

    Returns
    -------
    tuple of str
        Empty but for model `plug-in-gait`: the foot in the static (flat or not) where there is a static, and the
        diameter of the markers where nothing tells it, with their effect on flexion of hip, knee and ankle.
    """
    measures = result.measures
    if measures is None:
        return ()
    # Without covariance no gradient is computed.
    plain = replace(given, points=replace(given.points, covariance=None))  # type: ignore[arg-type]

    def change(**other: object) -> str:
        return _change(plain.compute(replace(options, **other)).angles, result.angles)  # type: ignore[arg-type]

    notes = list(measures.notes)
    if given.static is not None and given.gravity_known and given.points.gravity_known:
        other = "anatomical" if options.foot == "flat" else "flat"
        notes.append(
            f"foot={options.foot} in the static, which no file tells: foot={other} would change {change(foot=other)}"
        )
    if measures.diameter_assumed:
        used = measures.marker_diameter_m
        notes.append(
            f"marker diameter {1000 * used:.0f} mm assumed, as no file tells it (marker_diameter_m is the option)"
        )
        notes += [
            f"marker diameter {1000 * other:.0f} mm would change {change(marker_diameter_m=other)}"
            for other in (used - _STEP_M, used + _STEP_M)
        ]
    return tuple(notes)


def other_model_note(result: Kinematics, options: KinematicsOptions) -> str:
    """Say that the markers are those of a model that was not asked for, where knees are lost for want of others."""
    lost = any(label.endswith("KNM") and cost for label, cost in result.cost_of_missing.items())
    if options.model == "plug-in-gait" or not lost or not result.marker_set.startswith("plug-in-gait"):
        return ""
    return (
        "these are markers of Plug-in Gait, whose knees and ankles come from wands and measured widths: "
        "--model plug-in-gait computes them so"
    )


def _change(other: JointAngles, angles: JointAngles) -> str:
    """Return the mean change of the sagittal angles over the trial, and the largest."""
    changes = {}
    for name in _SAGITTAL:
        apart = other.deg(name) - angles.deg(name)
        apart = apart[np.isfinite(apart)]
        if len(apart) and np.abs(apart).max() >= _TOLD_DEG:
            changes[name] = f"{name} by {apart.mean():+.2f} deg (at most {np.abs(apart).max():.2f})"
    if not changes:
        return f"no flexion of hip, knee or ankle by {_TOLD_DEG} deg or more"
    left = len(changes) < len(_SAGITTAL)
    return ", ".join(changes.values()) + (f", the others by less than {_TOLD_DEG} deg" if left else "")
