"""How good a calibration is: figures in pixels and millimetres, the map of errors, and the verdict on each camera."""
