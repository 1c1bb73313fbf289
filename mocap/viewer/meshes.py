"""Thin tubes as triangles: the one shape that all lines of the 3D view are made of.

Ribbons, as most line layers draw them, vanish when they are seen edge-on; legs do so in the side view of a squat.
"""

import numpy as np
from numpy.typing import NDArray

_SHORTEST_M = 1e-9


def tubes(
    start: NDArray, end: NDArray, radius: float | NDArray, corners: int = 4, tip_radius: float | NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Return the triangles of prisms around the lines from `start` to `end`.

    Parameters
    ----------
    start, end : ndarray, shape (line, 3)
        Metres. Lines of no length give triangles of no area.
    radius : float or ndarray, shape (line,)
        Metres, at the start.
    corners : int
        Of the cross-section, at least 3.
    tip_radius : float or ndarray, shape (line,), optional
        Metres, at the end; as at the start when left out, 0 for a cone.

    Returns
    -------
    vertices : ndarray, shape (line * 2 * corners, 3)
        Per line first the ring around its start, then the ring around its end.
    faces : ndarray of int, shape (line * 2 * corners, 3)
    """
    start, end = np.asarray(start, float).reshape(-1, 3), np.asarray(end, float).reshape(-1, 3)
    n_lines = len(start)
    across, over, long_enough = _cross_axes(end - start)
    turn = 2 * np.pi * np.arange(corners) / corners
    ring = np.cos(turn)[:, None] * across[:, None] + np.sin(turn)[:, None] * over[:, None]
    ring = ring * long_enough[:, None, None]
    foot = np.broadcast_to(np.asarray(radius, float), (n_lines,))[:, None, None]
    tip = foot if tip_radius is None else np.broadcast_to(np.asarray(tip_radius, float), (n_lines,))[:, None, None]
    vertices = np.concatenate([start[:, None] + foot * ring, end[:, None] + tip * ring], axis=1)
    here = np.arange(corners)
    after = (here + 1) % corners
    faces = np.concatenate([
        np.stack([here, after, here + corners], axis=1),
        np.stack([after, after + corners, here + corners], axis=1),
    ])
    first = np.arange(n_lines)[:, None, None] * 2 * corners
    return vertices.reshape(-1, 3), (first + faces).reshape(-1, 3)


def _cross_axes(direction: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return two unit vectors across each line, (line, 3), right-handed with it, and which lines have a length."""
    length = np.linalg.norm(direction, axis=1)
    long_enough = length > _SHORTEST_M
    along = np.where(long_enough[:, None], direction, (0.0, 0.0, 1.0)) / np.where(long_enough, length, 1.0)[:, None]
    # The world axis least along the line is never parallel to it.
    helper = np.eye(3)[np.argmin(np.abs(along), axis=1)]
    across = np.cross(helper, along)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    return across, np.cross(along, across), long_enough
