"""A calibration held against footage of a later day, and one camera placed anew."""
