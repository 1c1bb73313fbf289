"""The docks of the review window, in the order in which they lie in their tabs."""

from mocap.viewer.curves import CurveDock
from mocap.viewer.docks import Context, DockKind


def dock_kinds() -> tuple[DockKind, ...]:
    """Return the docks that a review window has."""
    return (DockKind("angles", "bottom", _curves),)


def _curves(context: Context) -> CurveDock:
    trial = context.desk.review.trial
    dock = CurveDock(trial.points.time_s, trial.angles)
    context.moment.frame_changed.connect(dock.show_frame)
    dock.frame_requested.connect(context.moment.go)
    return dock
