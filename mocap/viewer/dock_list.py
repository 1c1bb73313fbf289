"""The docks of the review window, in the order in which they lie in their tabs."""

from mocap.viewer.curves_dock import CurvesDock
from mocap.viewer.decisions_dock import DecisionsDock
from mocap.viewer.depth_dock import DepthDock
from mocap.viewer.docks import DockKind
from mocap.viewer.quality_dock import QualityDock
from mocap.viewer.video_dock import VideoDock


def dock_kinds() -> tuple[DockKind, ...]:
    """Return the docks that a review window has."""
    return (DockKind("angles", "bottom", CurvesDock), DockKind("depth", "bottom", DepthDock),
            DockKind("quality", "bottom", QualityDock), DockKind("video", "right", VideoDock),
            DockKind("decisions", "right", DecisionsDock))  # fmt: skip
