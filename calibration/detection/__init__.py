"""Corners of calibration boards in images, and in the footage of all cameras."""

from calibration.detection.corners import detect_corners
from calibration.detection.footage import detect_board

__all__ = ["detect_board", "detect_corners"]
