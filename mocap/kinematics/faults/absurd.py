"""Absurdly far coordinates of the recordings that calibrate a person: missing there as in the trial, and told."""

from collections.abc import Callable
from dataclasses import replace

from mocap.kinematics.anatomical.joints import CalibrationRecordings
from mocap.kinematics.faults.odd_points import absurd_verdict, without_absurd
from mocap.trial import Points3D, Verdict


def calibration_without_absurd(
    static: Points3D | None, recordings: CalibrationRecordings
) -> tuple[Points3D | None, CalibrationRecordings, tuple[Verdict, ...]]:
    """Return static and recordings without absurd coordinates (see `without_absurd`), and what was taken out of them.

    Returns
    -------
    Points3D or None, CalibrationRecordings, tuple of Verdict
        `static_points_absurd`, and `calibration_points_absurd` of the recording with most of them; both only where
        there are some.
    """
    verdicts: tuple[Verdict, ...] = ()
    others: list[Verdict] = []

    def cleaned(points: Points3D, of_what: str) -> Points3D:
        clean = without_absurd(points)
        others.extend(absurd_verdict("calibration_points_absurd", f" of {of_what}", points, clean))
        return clean

    if static is not None:
        given, static = static, without_absurd(static)
        verdicts = absurd_verdict("static_points_absurd", " of the static", given, static)
    recordings = each_cleaned(recordings, cleaned)
    worst = max(others, key=lambda verdict: verdict.measured, default=None)
    return static, recordings, verdicts if worst is None else (*verdicts, worst)


def each_cleaned(
    recordings: CalibrationRecordings, cleaned: Callable[[Points3D, str], Points3D]
) -> CalibrationRecordings:
    """Return the recordings, each as `cleaned` returns it of its points and the words for it."""
    closing, pivot = recordings.closing, recordings.pivot
    return replace(
        recordings,
        functional_hip=tuple(cleaned(one, "the functional hip trial") for one in recordings.functional_hip),
        functional_knee=tuple(cleaned(one, "the functional knee trial") for one in recordings.functional_knee),
        closing=None if closing is None else cleaned(closing, "the closing static"),
        pivot=None if pivot is None else cleaned(pivot, "the pivot of the pointer"),
        pointed=tuple(
            (name, cleaned(one, f"the recording that points at {name}")) for name, one in recordings.pointed
        ),
    )
