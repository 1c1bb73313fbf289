"""Faults in the points of a trial: samples that no body makes, and what they must not do to sound frames."""
