"""Anatomical calibration: what landmarks, joint centres and axes of a person are, from recordings made for it."""
