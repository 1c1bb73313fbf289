"""Corners of calibration boards in images, and in the footage of all cameras."""

from calibration.detection.corners import detect_corners

__all__ = ["detect_corners"]
