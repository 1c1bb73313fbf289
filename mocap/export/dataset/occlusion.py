"""What the person's own body hides from a camera: how far the line of sight runs through capsules before a point."""

import numpy as np
from numpy.typing import NDArray

from mocap.export.dataset.bodies import Body

#: A point is hidden when the line of sight runs through a limb by more than this part of the limb's radius. One on the
#: skin that faces the camera has 0, a joint centre 1, one on the far side 2.
HIDDEN_FROM = 1.3


def hidden(body: Body, centre_world: NDArray, points_world: NDArray) -> NDArray:
    """Return which points the body hides from a camera, shape (time, keypoint) of bool.

    Limbs are capsules of fixed thickness: an estimate, right for what lies well behind a limb, and uncertain by some
    centimetres at its outline.

    Parameters
    ----------
    body : Body
        `body.ends` of the same frames.
    centre_world : ndarray, shape (3,)
        Projection centre of the camera, m.
    points_world : ndarray, shape (time, keypoint, 3)
    """
    found = np.zeros(points_world.shape[:2], bool)
    sight = points_world - centre_world
    length = np.linalg.norm(sight, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        direction = sight / length[..., None]
    for capsule, radius in enumerate(body.radii):
        first, last = body.ends[:, capsule, 0, None], body.ends[:, capsule, 1, None]
        inside_m = _path_inside(centre_world, direction, length, first, last, radius)
        with np.errstate(invalid="ignore"):
            found |= inside_m > HIDDEN_FROM * radius
    return found


def _path_inside(
    start: NDArray, direction: NDArray, length: NDArray, first: NDArray, last: NDArray, radius: float
) -> NDArray:
    """Return the length of each line of sight within a capsule, m, up to the point.

    A capsule is convex: the line is inside of it from its first to its last crossing with the cylinder between the
    ends or the balls at them.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        spans = [_ball(start - end, direction, radius) for end in (first, last)]
        spans.append(_cylinder(start, direction, first, last, radius))
        enters = np.fmin.reduce([span[0] for span in spans])
        leaves = np.fmax.reduce([span[1] for span in spans])
        inside = np.minimum(leaves, length) - np.maximum(enters, 0.0)
    return np.maximum(np.nan_to_num(inside), 0.0)


def _ball(offset: NDArray, direction: NDArray, radius: float) -> tuple[NDArray, NDArray]:
    along = (direction * offset).sum(axis=2)
    root = np.sqrt(along**2 - (offset**2).sum(axis=2) + radius**2)
    return -along - root, -along + root


def _cylinder(
    start: NDArray, direction: NDArray, first: NDArray, last: NDArray, radius: float
) -> tuple[NDArray, NDArray]:
    axis = last - first
    height = np.linalg.norm(axis, axis=2)
    axis = axis / height[..., None]
    offset = start - first
    rise, base = (direction * axis).sum(axis=2), (offset * axis).sum(axis=2)
    across, away = direction - rise[..., None] * axis, offset - base[..., None] * axis
    a, b, c = (across**2).sum(axis=2), (across * away).sum(axis=2), (away**2).sum(axis=2) - radius**2
    root = np.sqrt(b**2 - a * c)
    low, high = (-b - root) / a, (-b + root) / a
    # Between the planes of both ends.
    foot, top = -base / rise, (height - base) / rise
    low, high = np.maximum(low, np.minimum(foot, top)), np.minimum(high, np.maximum(foot, top))
    missed = ~(low < high)
    return np.where(missed, np.nan, low), np.where(missed, np.nan, high)
