"""What moves with the person beside markers and bones: segment axes, uncertainty, balance, trails. Needs no display.

As in `layers`, the arrays of a frame have the same shape in every frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from mocap.viewer.layers import SIDE_COLOUR, Scene, believed
from mocap.viewer.meshes import tubes

SEGMENT_AXIS_M = 0.12
SEGMENT_AXIS_RADIUS_M = 0.004
# X anterior, Y up, Z right (ISB), in the colours of the world's axes.
AXIS_COLOURS = ((0.90, 0.30, 0.30), (0.35, 0.80, 0.35), (0.40, 0.50, 1.0))
CHI2_95 = 2.7955
"""Radius in standard deviations of the ellipsoid that holds 95 % of a normal error in space."""
_GOOD_RADIUS_M = 0.02
_SCALES = (1, 2, 5, 10, 20, 50, 100)
ELLIPSOID_COLOUR = (0.75, 0.62, 0.95)
MASS_COLOUR = (0.98, 0.90, 0.55)
BASE_COLOUR = (0.45, 0.85, 0.75)
MASS_RADIUS_M = 0.03
_LINE_M = 0.005
CONTACT_M = 0.015
"""As of `mocap.kinematics.further.base_of_support`, which would take a second to import."""
_FOOT = ("HEEL", "MT1", "MT2", "MT5", "HALLUX", "TOE", "BTOE", "STOE")
TRAIL_S = 1.0
TRAIL_PIECES = 20
_TRAIL_RADIUS_M = 0.003


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles: vertices (n, 3) in m, faces (m, 3) and colours (n, 4)."""

    vertices: NDArray
    faces: NDArray
    colours: NDArray


def axes_mesh(pose: NDArray) -> Mesh:
    """Return the axes of segments, anterior red, up green, right blue; none of one without a pose.

    Parameters
    ----------
    pose : ndarray, shape (segment, 4, 4)
        `world_from_segment` of a frame.
    """
    known = np.isfinite(pose).all(axis=(1, 2))
    pose = np.where(known[:, None, None], pose, 0.0)
    start = np.repeat(pose[:, :3, 3], 3, axis=0)
    end = start + SEGMENT_AXIS_M * pose[:, :3, :3].transpose(0, 2, 1).reshape(-1, 3)
    vertices, faces = tubes(start, end, SEGMENT_AXIS_RADIUS_M, corners=3)
    colour = np.tile(np.array(AXIS_COLOURS), (len(pose), 1))
    return Mesh(vertices, faces, _opaque(np.repeat(colour, 6, axis=0)))


def unit_ball(rings: int = 6, corners: int = 8) -> tuple[NDArray, NDArray]:
    """Return vertices (n, 3) and triangles (m, 3), seen from outside, of a ball of radius 1."""
    tilt = np.pi * np.arange(1, rings) / rings
    turn = 2 * np.pi * np.arange(corners) / corners
    ring = np.stack([np.outer(np.sin(tilt), np.cos(turn)), np.outer(np.sin(tilt), np.sin(turn)),
                     np.outer(np.cos(tilt), np.ones(corners))], axis=-1)  # fmt: skip
    vertices = np.vstack([[[0.0, 0.0, 1.0]], ring.reshape(-1, 3), [[0.0, 0.0, -1.0]]])
    here = np.arange(corners)
    after = (here + 1) % corners
    faces = [np.stack([np.zeros(corners, int), 1 + here, 1 + after], axis=1)]
    for one in range(rings - 2):
        top, low = 1 + one * corners, 1 + (one + 1) * corners
        faces += [np.stack([top + here, low + here, top + after], axis=1),
                  np.stack([top + after, low + here, low + after], axis=1)]  # fmt: skip
    last = len(vertices) - 1
    faces.append(np.stack([last - corners + here, np.full(corners, last), last - corners + after], axis=1))
    return vertices, np.concatenate(faces)


def ellipsoid_scale(covariance: NDArray) -> int:
    """Return how many times larger ellipsoids of a frame's covariances, (point, 3, 3) in m², are to be drawn."""
    spread = np.sqrt(np.trace(covariance, axis1=1, axis2=2) / 3)
    known = spread[np.isfinite(spread)]
    radius = CHI2_95 * float(np.median(known)) if len(known) else _GOOD_RADIUS_M
    return next((scale for scale in reversed(_SCALES) if scale * radius <= _GOOD_RADIUS_M), 1)


def ellipsoids_mesh(scene: Scene, frame: int, covariance: NDArray, scale: float) -> Mesh:
    """Return the ellipsoids that hold 95 % of each point's error, drawn `scale` times larger.

    Parameters
    ----------
    scene : Scene
    frame : int
    covariance : ndarray, shape (point, 3, 3)
        Square metres; a point without has no ellipsoid, and one that is not shown neither.
    scale : float
    """
    ball, triangles = unit_ball()
    known = believed(scene.quality[frame]) & np.isfinite(covariance).all(axis=(1, 2))
    value, vector = np.linalg.eigh(np.where(known[:, None, None], covariance, 0.0).astype(float))
    half = scale * CHI2_95 * np.sqrt(np.maximum(value, 0.0))
    offset = np.einsum("pij,pj,vj->pvi", vector, half, ball)
    centre = np.where(known[:, None], scene.position[frame], 0.0)
    vertices = (centre[:, None] + offset * known[:, None, None]).reshape(-1, 3)
    first = np.arange(len(known))[:, None, None] * len(ball)
    # Darker below, so that a ball does not look like a disc.
    shade = 0.55 + 0.45 * (ball[:, 2] + 1) / 2
    colour = np.tile(shade[:, None] * np.array(ELLIPSOID_COLOUR), (len(known), 1))
    return Mesh(vertices, (first + triangles).reshape(-1, 3), _opaque(colour))


@dataclass(frozen=True, eq=False)
class Balance:
    """What the picture of balance needs.

    Attributes
    ----------
    centre : ndarray, shape (time, 3)
        Centre of mass, m.
    corners : ndarray of int, shape (corner,)
        Points of the feet.
    touching_m : ndarray, shape (corner,)
        Height below which each of them counts as touching the floor, m.
    """

    centre: NDArray
    corners: NDArray
    touching_m: NDArray


def balance_of(scene: Scene, centre: NDArray | None, label_of: Mapping[str, str] | None = None) -> Balance | None:
    """Return what there is to draw of balance; None without a centre of mass.

    A foot point counts as touching the floor below 15 mm over its own lowest 2 % in this trial, since the trial holds
    no heights of quiet standing: the picture may differ from `base_of_support_margin` where a foot never stood flat.

    Parameters
    ----------
    scene : Scene
    centre : ndarray, shape (time, 3), or None
        Centre of mass, m.
    label_of : mapping of str to str, optional
        The points' labels by landmark (`RHEEL`, ...); the same when left out.
    """
    if centre is None:
        return None
    labels = label_of or {}
    wanted = [labels.get(side + name, side + name) for side in "RL" for name in _FOOT]
    corners = np.array([scene.names.index(name) for name in wanted if name in scene.names], int)
    stride = max(1, scene.n_frames // 4000)
    height = scene.position[::stride][:, corners, 2]
    height = np.where(believed(scene.quality[::stride][:, corners]), height, np.nan)
    seen = np.isfinite(height).any(axis=0)
    corners, height = corners[seen], height[:, seen]
    low = np.nanpercentile(height, 2, axis=0) if len(corners) else np.empty(0)
    return Balance(centre, corners, low + CONTACT_M)


def base_corners(scene: Scene, balance: Balance, frame: int) -> NDArray:
    """Return the corners of the base of support in order, shape (n, 2) in m; none with fewer than three."""
    place = scene.position[frame][balance.corners]
    sound = believed(scene.quality[frame][balance.corners])
    touching = sound & (np.where(sound, place[:, 2], np.inf) < balance.touching_m)
    return convex_hull(place[touching][:, :2])


def convex_hull(points: NDArray) -> NDArray:
    """Return the corners of the convex hull of points (n, 2), anticlockwise; none of points on a line."""
    try:
        return points[ConvexHull(points).vertices] if len(points) > 2 else np.empty((0, 2))
    except QhullError:
        return np.empty((0, 2))


def balance_mesh(scene: Scene, balance: Balance, frame: int) -> Mesh:
    """Return the centre of mass, the line down to its place on the floor, and the border of the base of support."""
    ball, triangles = unit_ball()
    centre = balance.centre[frame]
    known = bool(np.isfinite(centre).all())
    centre = np.where(known, centre, 0.0)
    floor = centre * [1, 1, 0]
    arm = np.array([0.05, 0.0, 0.0])
    hull = base_corners(scene, balance, frame)
    edges = np.zeros((2, len(balance.corners), 3))
    if len(hull):
        edges[0, : len(hull), :2], edges[1, : len(hull), :2] = hull, np.roll(hull, -1, axis=0)
    start = np.vstack([centre, floor - arm, floor - arm[[1, 0, 2]], edges[0]])
    end = np.vstack([floor, floor + arm, floor + arm[[1, 0, 2]], edges[1]])
    if not known:
        end[:3] = start[:3]
    lines, faces = tubes(start, end, _LINE_M, corners=4)
    colours = np.vstack([np.tile(MASS_COLOUR, (len(ball) + 3 * 8, 1)),
                         np.tile(BASE_COLOUR, (len(balance.corners) * 8, 1))])  # fmt: skip
    vertices = np.vstack([centre + known * MASS_RADIUS_M * ball, lines])
    return Mesh(vertices, np.vstack([triangles, faces + len(ball)]), _opaque(colours))


def trails_mesh(scene: Scene, frame: int, points: NDArray, rate_hz: float) -> Mesh:
    """Return where points went in the second before a frame, as thin lines with a gap where nothing was measured.

    Parameters
    ----------
    scene : Scene
    frame : int
    points : ndarray of int, shape (n,)
    rate_hz : float
    """
    stride = max(1, round(TRAIL_S * rate_hz / TRAIL_PIECES))
    frames = frame - stride * np.arange(TRAIL_PIECES, -1, -1)
    there = np.maximum(frames, 0)
    position = scene.position[there][:, points]
    sound = believed(scene.quality[there][:, points]) & (frames >= 0)[:, None]
    whole = (sound[:-1] & sound[1:])[..., None]
    start, end = np.where(whole, position[:-1], 0.0), np.where(whole, position[1:], 0.0)
    vertices, faces = tubes(start.reshape(-1, 3), end.reshape(-1, 3), _TRAIL_RADIUS_M, corners=3)
    colour = np.array([SIDE_COLOUR[scene.sides[point]] for point in points]).reshape(-1, 3)
    fading = np.linspace(0.25, 0.9, TRAIL_PIECES)[:, None, None] * colour[None]
    return Mesh(vertices, faces, _opaque(np.repeat(fading.reshape(-1, 3), 6, axis=0)))


def _opaque(colour: NDArray) -> NDArray:
    return np.hstack([colour, np.ones((len(colour), 1))])
