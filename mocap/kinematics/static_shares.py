"""Has the static trial the landmarks of the trial? One of another marker set calibrates nothing, and looks as if."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.marker_sets import MarkerSet
from mocap.trial import Verdict

FEWEST = 3
"""Landmarks that a static and its trial share: three are the least that tell how any one segment lies."""
SHARE = 0.5
"""Of the trial's landmarks, that a static of the same marker set has."""


def shared_landmarks(
    static: Mapping[str, NDArray], trial: Mapping[str, NDArray], marker_set: MarkerSet
) -> tuple[Verdict, ...]:
    """Refuse a static with next to nothing of the trial; `static_landmarks` where it has little, else nothing.

    Parameters
    ----------
    static, trial : mapping of str to ndarray, shape (time, 3)
        Landmarks, m; those without one known position do not count.
    marker_set : MarkerSet
        That of the trial. Keypoints among markers need no static, and do not count.

    Raises
    ------
    KinematicsError
        MARKER_SET_MISMATCH.
    """
    extra = frozenset() if marker_set.kind == "keypoints" else marker_set.keypoints
    wanted, there = _known(trial) - extra, _known(static)
    shared = sorted(wanted & there)
    if len(shared) < min(FEWEST, len(wanted)):
        raise KinematicsError(
            f"The static trial has {len(shared)} of the trial's {len(wanted)} landmarks"
            f"{(shared and ' (' + ', '.join(shared) + ')') or ''}: too few to calibrate any segment.",
            "Give a static trial of the same person with the same marker set, or none.",
            code="MARKER_SET_MISMATCH",
        )
    if len(shared) >= SHARE * len(wanted):
        return ()
    share = 100 * len(shared) / len(wanted)
    text = f"of the trial's {len(wanted)} landmarks in the static: {', '.join(shared)}. Nothing else is calibrated"
    return (Verdict("static_landmarks", share, 100 * SHARE, "%", passed=False, text=text),)


def _known(points: Mapping[str, NDArray]) -> frozenset[str]:
    return frozenset(name for name, values in points.items() if np.isfinite(values).all(axis=-1).any())
