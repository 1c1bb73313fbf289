"""Gradients of an angle by all its sources side by side, and what placement leaves in its changes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.observability import Outcome
from mocap.kinematics.traced import Scalar, evaluate_gradients


def gradient_rows(angle: Scalar) -> NDArray:
    """Return the gradients of an angle by all its sources side by side, shape (time, 3 * source); NaN without value."""
    rows = [np.asarray(row, float) for row in angle.grad.values()]
    together = np.concatenate(rows, axis=1) if rows else np.zeros((len(angle.value), 0))
    return np.where(np.isfinite(angle.value)[:, None], together, np.nan)


def largest_change_sd(placed: Mapping[str, Outcome], sd_m: float) -> NDArray:
    """Return the most (rad) that placement leaves in a change between any two of the frames, shape (angle,)."""
    evaluate_gradients([one.angle for one in placed.values() if one.angle is not None])
    return np.array([float("nan") if one.angle is None else sd_m * _widest(one.angle) for one in placed.values()])


def largest_sd(outcomes: Mapping[str, Outcome]) -> NDArray:
    """Return the largest standard uncertainty (rad) of each angle at any of the frames, shape (angle,).

    Its sources have unit variance in three directions each.
    """
    evaluate_gradients([one.angle for one in outcomes.values() if one.angle is not None])
    return np.array([float("nan") if one.angle is None else _longest(one.angle) for one in outcomes.values()])


def _longest(angle: Scalar) -> float:
    square = (gradient_rows(angle) ** 2).sum(axis=1)
    square = square[np.isfinite(square)]
    return float(np.sqrt(square.max())) if len(square) else float("nan")


def _widest(angle: Scalar) -> float:
    rows = gradient_rows(angle)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not len(rows):
        return float("nan")
    rows = rows - rows.mean(axis=0)
    square = (rows**2).sum(axis=1)
    apart = square[:, None] + square[None, :] - 2.0 * rows @ rows.T
    return float(np.sqrt(max(apart.max(), 0.0)))
