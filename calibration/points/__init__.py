"""Calibration without a board, from the points of a wand or of a moving person."""
