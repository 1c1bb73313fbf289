"""Which lens each camera is given: what the views carry, and how that is said."""
