"""How misplaced landmarks shift the hip centre by the size of the pelvis that they show, and its own error beside."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.hip_centre import PelvisSize, hip_centre
from mocap.kinematics.traced import Frame, Vec, add_grads, chain

_STEP_M = 1e-3  # the regressions are straight lines


def with_size(
    centre: Vec, pelvis: Frame, method: str, size: PelvisSize, side: float, lines: dict[str, Vec]
) -> Vec:
    """Return the hip centre with what the placement of landmarks does to it through the size of the pelvis.

    Parameters
    ----------
    centre : Vec
        Carried by the pelvis, the size being known.
    pelvis : Frame
    method, size, side
        As for `hip_centre`.
    lines : mapping of str to Vec
        What the `width` and the `depth` of the pelvis are the lengths of. The leg length counts as known.
    """
    grads = [centre.grad]
    for name, line in lines.items():
        if not line.grad:
            continue
        length = np.linalg.norm(line.value, axis=1, keepdims=True)
        unit = line.value / np.where(length > 0.0, length, np.nan)
        shift = np.einsum("tij,j->ti", pelvis.axes, _slope(name, method, size, side))
        grads.append(chain(shift[:, :, None] * unit[:, None, :], line.grad))
    return Vec(centre.value, add_grads(*grads))


def with_error(centre: Vec, pelvis: Frame, error: Mapping[str, NDArray], side: float) -> Vec:
    """Return the hip centre with what moves it in the pelvis: by source, (6, 3) in m, the right one before the left."""
    rows = slice(0, 3) if side > 0 else slice(3, 6)
    own = {source: pelvis.axes @ matrix[rows] for source, matrix in error.items() if matrix[rows].any()}
    return Vec(centre.value, add_grads(centre.grad, own))


def _slope(name: str, method: str, size: PelvisSize, side: float) -> NDArray:
    """Return how the hip centre goes with one length of the pelvis, shape (3,), in pelvis axes."""
    length = getattr(size, name)
    ends = [hip_centre(method, replace(size, **{name: length + step}), side) for step in (-_STEP_M, _STEP_M)]
    slope: NDArray = (ends[1] - ends[0]) / (2 * _STEP_M)
    return slope
