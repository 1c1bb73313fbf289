"""Are neighbours as far apart as in a person? One too near has a label beside the other's marker.

What is on one spot is told elsewhere; here two labels are some centimetres apart where a person has more, throughout a
recording and in its static alike, so that no change of shape tells.
"""

import numpy as np

from mocap.kinematics.body_lines import Positions, median_length

WIDEST = {("LFE", "MFE"): 0.42, ("LMAL", "MMAL"): 0.35, ("LMAL", "HEEL"): 0.4, ("MT1", "MT5"): 0.4}
"""Of the longer shank, that neighbours may be apart by the median. Recorded and synthetic adults have up to 0.29, 0.20,
0.24 and 0.21, and one of them on the other leg makes 0.41 or more with the feet together, 0.63 or more in squats and
walks; the rest is room for small children."""
NARROWEST = {("LFE", "MFE"): 0.12, ("LMAL", "MMAL"): 0.09, ("LMAL", "HEEL"): 0.06, ("MT1", "MT5"): 0.1}
"""Of the longer shank, that they have at least. Recorded adults and synthetic bodies from 1.0 to 2.0 m of stature have
0.22, 0.16, 0.13 and 0.20 or more; small children have more of the joints."""
TRUNK_NARROWEST = {("C7", "T10"): 0.25, ("CLAV", "STRN"): 0.18, ("RPSIS", "LPSIS"): 0.09}
"""Likewise on the trunk: 0.49, 0.37 and 0.20 or more."""
ONE_SIDED = 0.6
"""Of the other knee or ankle, that one is wide: 0.97 or more in recorded and synthetic bodies. Its heel may be off."""
_JOINTS = (("LFE", "MFE"), ("LMAL", "MMAL"))


def odd_widths(points: Positions) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is said of neighbours too far apart or too near for a person, and their names.

    Parameters
    ----------
    points : mapping of str to ndarray, shape (time, 3)
        m, any axes.
    """
    shanks = [median_length(points, (f"{side}LFE", f"{side}LMAL")) for side in "RL"]
    shank = max((length for length in shanks if np.isfinite(length)), default=float("nan"))
    found: dict[tuple[str, ...], str] = {}
    for (one, other), most in WIDEST.items():
        for pair in ((f"{side}{one}", f"{side}{other}") for side in "RL"):
            apart = median_length(points, pair)
            if apart > most * shank:
                found[pair] = f"{pair[0]} and {pair[1]} too far apart for one leg: another's label"
            elif apart < NARROWEST[one, other] * shank:
                found[pair] = _near(pair, apart)
    for trunk_pair, least in TRUNK_NARROWEST.items():
        apart = median_length(points, trunk_pair)
        if apart < least * shank:
            found[trunk_pair] = _near(trunk_pair, apart)
    for one, other in _JOINTS:
        pairs = [(f"{side}{one}", f"{side}{other}") for side in "RL"]
        right, left = (median_length(points, pair) for pair in pairs)
        if not found.keys() & set(pairs) and min(right, left) < ONE_SIDED * max(right, left):
            text = f"{pairs[0][0]} and {pairs[0][1]} {1000 * right:.0f} mm apart, {1000 * left:.0f} mm on the left"
            found[*pairs[0], *pairs[1]] = f"{text}: a label beside its place"
    return [(text, names) for names, text in found.items()]


def _near(pair: tuple[str, str], apart_m: float) -> str:
    return f"{pair[0]} and {pair[1]} {1000 * apart_m:.0f} mm apart, too near for a person: one beside the other's place"
