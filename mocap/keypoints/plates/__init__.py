"""Corners of plates with square tags in images: found in the whole frame, then followed in a region of it."""

from mocap.keypoints.plates.detector import PlateDetector, TrackingOptions, make_plate_detector

__all__ = ["PlateDetector", "TrackingOptions", "make_plate_detector"]
