"""What a calibration may correct beside lenses and poses: moments of views, and the shape of the board."""
