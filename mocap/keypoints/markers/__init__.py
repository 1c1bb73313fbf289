"""Round adhesive or retro-reflective markers: spots in images, and which marker each of them is."""
