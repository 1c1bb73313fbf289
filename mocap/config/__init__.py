"""Configuration: presets of `configs/` and the session file."""
