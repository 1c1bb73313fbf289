"""Angles and measures beyond those of the joints: inclinations, curvatures, centre of mass, base of support, rates."""
