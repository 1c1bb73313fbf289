"""The docks of the review window, in the order in which they lie in their tabs."""

from mocap.viewer.curves import CurveDock
from mocap.viewer.docks import Context, DockKind
from mocap.viewer.quality_dock import QualityDock


def dock_kinds() -> tuple[DockKind, ...]:
    """Return the docks that a review window has."""
    return (DockKind("angles", "bottom", _curves), DockKind("quality", "bottom", QualityDock))


def _curves(context: Context) -> CurveDock:
    trial = context.desk.review.trial
    dock = CurveDock(trial.points.time_s, trial.angles)
    context.moment.frame_changed.connect(dock.show_frame)
    dock.frame_requested.connect(context.moment.go)
    return dock
