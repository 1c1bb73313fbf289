"""Whether two statics of one session show one body with the markers where they were: by lengths that bones keep."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body_lines import median_length
from mocap.kinematics.faults.bodies import GROUPS
from mocap.kinematics.landmarks import ANATOMICAL
from mocap.trial import Verdict

LENGTHS_DIFFER = 0.02
"""Between two standings of one session 0.2 % in a recording of quiet standing and 1.6 % in pauses between squats;
other people of like stature from 5 %, of the same proportions but 3 % shorter 2.9 %. A choice of this project."""
MIN_LENGTHS = 4
_SHARE = 0.75


def _pairs() -> tuple[tuple[str, str], ...]:
    limbs = [(f"{s}LFE", f"{s}LMAL") for s in "RL"] + [(f"{s}MFE", f"{s}MMAL") for s in "RL"]
    within = [
        pair
        for group in GROUPS
        for pair in combinations([name for name in group.points if name in ANATOMICAL], 2)
    ]
    return tuple(dict.fromkeys(within + limbs))


PAIRS = _pairs()
"""Landmarks of one bone, and the ends of the shank."""


def same_body(opening: Mapping[str, NDArray], closing: Mapping[str, NDArray]) -> Verdict | None:
    """Return whether the distances between landmarks of one bone are those of the opening static.

    Parameters
    ----------
    opening, closing : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames, m.

    Returns
    -------
    Verdict or None
        `closing_same_subject`: what three quarters of the distances differ by at most, as part of each; None with fewer
        than four of them.
    """
    lengths = [(median_length(opening, pair), median_length(closing, pair)) for pair in PAIRS]
    apart = [abs(b / a - 1.0) for a, b in lengths if np.isfinite(a * b) and a > 0.0]
    if len(apart) < MIN_LENGTHS:
        return None
    found = float(np.quantile(apart, _SHARE))
    same = found <= LENGTHS_DIFFER
    text = f"what three quarters of {len(apart)} distances between landmarks of a bone differ by at most, "
    text += "between opening and closing static"
    text += "" if same else ": another person, or markers put on anew; what slid cannot be told"
    return Verdict("closing_same_subject", found, LENGTHS_DIFFER, "1", same, text)
