"""The review window: a trial in 3D with its cameras, videos, curves, quality and decisions."""

from mocap.viewer.app import ViewerHandles, mount, open_viewer, view_trial

__all__ = ["ViewerHandles", "mount", "open_viewer", "view_trial"]
