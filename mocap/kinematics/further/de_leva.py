"""Masses and centres of mass of the body's segments.

Source: de Leva 1996, J Biomech 29:1223-1230, table 4 (adjusted Zatsiorsky-Seluyanov data of young men and women). The
figures were compared with three independent copies of that table; radii of gyration are left out, as nothing here
needs them.
"""

from dataclasses import dataclass

SEXES = ("male", "female")


@dataclass(frozen=True)
class SegmentMass:
    """One segment: percent of body mass, and the centre as percent of the way from the first to the second end."""

    first: str
    second: str
    mass_pct: tuple[float, float]
    centre_pct: tuple[float, float]

    def share(self, sex: str) -> float:
        """Return the part of the body's mass, as the table has it."""
        return self.mass_pct[SEXES.index(sex)] / 100.0

    def centre(self, sex: str) -> float:
        """Return where the centre lies, 0 at the first end, 1 at the second."""
        return self.centre_pct[SEXES.index(sex)] / 100.0


TABLE: dict[str, SegmentMass] = {
    "head": SegmentMass("vertex", "C7", (6.94, 6.68), (50.02, 48.41)),
    "trunk": SegmentMass("C7", "mid-hip", (43.46, 42.57), (51.38, 49.64)),
    "trunk_from_shoulders": SegmentMass("mid-shoulder", "mid-hip", (43.46, 42.57), (43.10, 37.82)),
    "upper_trunk": SegmentMass("C7", "xiphoid", (15.96, 15.45), (50.66, 50.50)),
    "middle_trunk": SegmentMass("xiphoid", "omphalion", (16.33, 14.65), (45.02, 45.12)),
    "lower_trunk": SegmentMass("omphalion", "mid-hip", (11.17, 12.47), (61.15, 49.20)),
    "upper_arm": SegmentMass("shoulder centre", "elbow centre", (2.71, 2.55), (57.72, 57.54)),
    "forearm": SegmentMass("elbow centre", "wrist centre", (1.62, 1.38), (45.74, 45.59)),
    "hand": SegmentMass("wrist centre", "third metacarpal head", (0.61, 0.56), (79.00, 74.74)),
    "thigh": SegmentMass("hip centre", "knee centre", (14.16, 14.78), (40.95, 36.12)),
    "shank": SegmentMass("knee centre", "lateral malleolus", (4.33, 4.81), (44.59, 44.16)),
    "shank_to_ankle": SegmentMass("knee centre", "ankle centre", (4.33, 4.81), (43.95, 43.52)),
    "foot": SegmentMass("heel", "toe tip", (1.37, 1.29), (44.15, 40.14)),
}
"""Segments by name; percentages of men and of women."""

OMPHALION = {"male": 215.5 / (215.5 + 145.7), "female": 205.3 / (205.3 + 181.5)}
"""Where the omphalion lies between the level of the xiphoid (0) and mid-hip (1), from the table's mean lengths."""
