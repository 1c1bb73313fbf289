"""The checks of the markers of a motion file, and what is left of them when its angles are computed."""

from collections.abc import Sequence

from calibration.digits import counted
from mocap.readers import Imported
from mocap.reconstruction.quality import oddity_verdicts
from mocap.trial import Points3D, Verdict

_NAMED = 3
_OF_LANDMARKS = {"frozen points": "points_frozen", "leaps": "points_leaping", "stray samples": "points_off_course"}


def import_verdicts(imported: Imported) -> tuple[Verdict, ...]:
    """Judge whether markers freeze, leap or stray.

    Points that a model made of the markers are left out: an axis of a bone turns and leaps as no marker does.
    """
    points = imported.points
    kept = [at for at, name in enumerate(points.names) if name not in imported.model_points]
    if not kept:
        return ()
    markers = Points3D(
        points.position[:, kept], tuple(points.names[at] for at in kept), points.rate_hz,
        covariance=points.covariance[:, kept], status=points.status[:, kept], start_s=points.start_s,
    )  # fmt: skip
    return oddity_verdicts(markers)[0]


def model_points_note(imported: Imported) -> tuple[str, ...]:
    """Say which points are no markers."""
    names = imported.model_points
    if not names:
        return ()
    more = ", ..." if len(names) > _NAMED else ""
    told = f"{counted(len(names), 'point')} ({', '.join(names[:_NAMED])}{more})"
    kind = "an output" if len(names) == 1 else "outputs"
    return (f"{told}: {kind} of a model, no {'marker' if len(names) == 1 else 'markers'}, not checked as such",)


def told_once(earlier: Sequence[Verdict], later: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return the checks that a trial came with, less those that the kinematics made anew of its landmarks.

    One that failed stays where the new one holds: it is about points that no angle is made of.
    """
    held = {verdict.name: verdict.passed for verdict in later}
    return tuple(
        verdict for verdict in earlier
        if (name := _OF_LANDMARKS.get(verdict.name, "")) not in held or (held[name] and not verdict.passed)
    )  # fmt: skip
