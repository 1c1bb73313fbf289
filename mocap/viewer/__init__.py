"""The review window: a trial in 3D with its cameras, floor, time slider and one angle curve."""

from mocap.viewer.app import ViewerHandles, open_viewer, project_to_canvas, view_trial

__all__ = ["ViewerHandles", "open_viewer", "project_to_canvas", "view_trial"]
