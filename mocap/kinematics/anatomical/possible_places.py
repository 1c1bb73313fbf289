"""Whether landmarks that were touched or clicked lie where a person can have them, told by their distances.

The distances refuse what no person has, whatever the norm: they let children, giants, the very heavy and the very slim
pass, and find a pointer that touched another bone or a recording under another landmark's name.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import median_length

_PELVIS = {
    ("RASIS", "LASIS"): (0.12, 0.25, 0.45), ("RPSIS", "LPSIS"): (0.025, 0.09, 0.22),
    ("RASIS", "RPSIS"): (0.07, 0.165, 0.35), ("LASIS", "LPSIS"): (0.07, 0.165, 0.35),
    ("RASIS", "SACR"): (0.09, 0.19, 0.40), ("LASIS", "SACR"): (0.09, 0.19, 0.40),
}  # fmt: skip
_TRUNK = {
    ("C7", "T10"): (0.08, 0.19, 0.40), ("CLAV", "STRN"): (0.06, 0.16, 0.40), ("C7", "CLAV"): (0.06, 0.13, 0.35),
    ("T10", "STRN"): (0.09, 0.19, 0.45),
}  # fmt: skip
_LEG = {
    ("ASIS", "LFE"): (0.25, 0.50, 0.85), ("ASIS", "MFE"): (0.25, 0.50, 0.85), ("LFE", "MFE"): (0.05, 0.10, 0.25),
    ("LFE", "LMAL"): (0.20, 0.41, 0.70), ("MFE", "MMAL"): (0.20, 0.40, 0.70), ("LMAL", "MMAL"): (0.035, 0.074, 0.18),
    ("LMAL", "HEEL"): (0.03, 0.08, 0.20), ("HEEL", "MT1"): (0.08, 0.19, 0.35), ("HEEL", "MT2"): (0.08, 0.20, 0.35),
    ("HEEL", "MT5"): (0.08, 0.17, 0.35), ("MT1", "MT5"): (0.03, 0.09, 0.18), ("HEEL", "TOE"): (0.10, 0.22, 0.40),
}  # fmt: skip
_DISTANCES_M: Mapping[tuple[str, str], tuple[float, float, float]] = {
    **_PELVIS,
    **_TRUNK,
    **{(side + a, side + b): limits for side in "RL" for (a, b), limits in _LEG.items()},
}
"""Lowest, usual and highest distance of two landmarks in an adult of usual stature who stands, m."""

_SMALLEST, _LARGEST = 0.35, 1.4
"""Times an adult of usual stature: a toddler, and a giant."""


def check_places(touched: Mapping[str, NDArray], static: Mapping[str, NDArray]) -> None:
    """Refuse touched or clicked landmarks at places that no person has.

    Parameters
    ----------
    touched, static : mapping of str to ndarray, shape (time, 3)
        Landmarks that were touched or clicked, and all of the standing person with them, m.

    Raises
    ------
    KinematicsError
        LANDMARK_PLACE, naming the landmark most of whose distances are impossible for a person of this size.

    Notes
    -----
    The size is the median over distances of markers (over all where fewer than two are of markers alone) by an adult's.
    """
    found = {pair: median_length(static, pair) for pair in _DISTANCES_M}
    found = {pair: length for pair, length in found.items() if np.isfinite(length)}
    size = _size(found, touched)
    wrong = {pair for pair, length in found.items() if not _possible(pair, length, size)}
    shares = {name: _share(name, wrong, found) for name in touched}
    worst = max(shares, key=lambda name: shares[name], default="")
    if not worst or not shares[worst]:
        return
    pair = next(pair for pair in sorted(wrong) if worst in pair)
    low, _, high = _DISTANCES_M[pair]
    (other,) = set(pair) - {worst}
    raise KinematicsError(
        f"{worst}, pointed at or clicked, lies {1e3 * found[pair]:.0f} mm from {other}; a person of this size has "
        f"{1e3 * low * size:.0f} to {1e3 * high * size:.0f} mm: another place was touched, or another recording given.",
        f"Check the recording (or the clicks) of {worst}, or touch {worst} again.",
        code="LANDMARK_PLACE",
    )


def _size(found: Mapping[tuple[str, str], float], touched: Mapping[str, NDArray]) -> float:
    ratios = {pair: length / _DISTANCES_M[pair][1] for pair, length in found.items()}
    own = [ratio for pair, ratio in ratios.items() if not set(pair) & set(touched)]
    used = own if len(own) >= 2 else list(ratios.values())
    return float(np.clip(np.median(used), _SMALLEST, _LARGEST)) if used else 1.0


def _possible(pair: tuple[str, str], length: float, size: float) -> bool:
    low, _, high = _DISTANCES_M[pair]
    return low * size <= length <= high * size


def _share(name: str, wrong: set[tuple[str, str]], found: Mapping[tuple[str, str], float]) -> float:
    """Return which part of the distances of a landmark is impossible."""
    own = [pair for pair in found if name in pair]
    return sum(pair in wrong for pair in own) / len(own) if own else 0.0
