"""Where the eye stands: which way the person faces, and the view that holds the scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.viewer.layers import UP_WORLD, Scene, believed

_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0)}
# Angle in degrees from the facing direction to the eye, + towards the person's left; then the height of the eye.
EYES = {
    "front side": (-38.0, 14.0),
    "front": (0.0, 0.0),
    "back": (180.0, 0.0),
    "left": (90.0, 0.0),
    "right": (-90.0, 0.0),
    "top": (180.0, 89.0),
}
MARGIN = 0.08
PERSON_SHARE = 0.5
NAME_PX = np.array([110, 40])  # room around for the name of a camera, which stands on its place
_CLEAR_DEG = 20.0


@dataclass(frozen=True, eq=False)
class Sight:
    """An orthographic view.

    Attributes
    ----------
    direction : ndarray, shape (3,)
        Unit vector from the eye into the scene, world.
    up : ndarray, shape (3,)
        Unit vector that points up on the screen, across `direction`.
    centre : ndarray, shape (3,)
        World point in the middle of the canvas, metres.
    zoom : float
        Canvas pixels per metre.
    """

    direction: NDArray
    up: NDArray
    centre: NDArray
    zoom: float

    @property
    def right(self) -> NDArray:
        """Unit vector, shape (3,), that points right on the screen."""
        return np.cross(self.direction, self.up)


def facing_of(scene: Scene, forward_axis: str = "x", frame: int | None = None) -> NDArray:
    """Return the horizontal unit vector, shape (3,), that the person faces.

    It is across the line from the middle of the right points to the middle of the left ones, in the given frame or
    else in the first one that shows at least two of each side; without such a frame, `forward_axis` (`x`, `-y`, ...).
    """
    sides = np.array(scene.sides)
    span = slice(None) if frame is None else slice(frame, frame + 1)
    shown = believed(scene.quality[span])
    enough = (shown[:, sides == "left"].sum(axis=1) >= 2) & (shown[:, sides == "right"].sum(axis=1) >= 2)
    frames = np.flatnonzero(enough)
    stated = np.array(_AXES.get(forward_axis.strip("+-").lower(), _AXES["x"]))
    stated = -stated if forward_axis.startswith("-") else stated
    if not len(frames):
        return stated
    position, sound = scene.position[span][frames[0]], shown[frames[0]]
    left = position[sound & (sides == "left")].mean(axis=0)
    right = position[sound & (sides == "right")].mean(axis=0)
    forward = np.cross(left - right, UP_WORLD)
    length = np.linalg.norm(forward)
    return forward / length if length > 1e-3 else stated


def sight_of(
    person_world: NDArray,
    facing: NDArray,
    canvas_size: tuple[int, int],
    eye: str = "front side",
    others_world: NDArray | None = None,
) -> Sight:
    """Return the view from one of `EYES` in which the person is on the canvas, with the others as far as they fit.

    Parameters
    ----------
    person_world : ndarray, shape (n, 3)
        What has to be seen, metres.
    facing : ndarray, shape (3,)
        Horizontal unit vector.
    canvas_size : tuple of int
        Width and height in px.
    eye : str
        Key of `EYES`.
    others_world : ndarray, shape (m, 3), optional
        What should be seen, too. The person never gets smaller for it than half of what would fill the canvas:
        who stands in the far distance cannot be judged. A view with others turns up to 16 deg to keep them
        out of the way.
    """
    others = np.empty((0, 3)) if others_world is None else others_world
    azimuth_deg, elevation_deg = EYES[eye]
    if len(others):
        azimuth_deg = _clear_azimuth(azimuth_deg, others - person_world.mean(axis=0), facing)
    direction = _look(azimuth_deg, elevation_deg, facing)
    up = UP_WORLD - (UP_WORLD @ direction) * direction
    up /= np.linalg.norm(up)
    screen_axes = np.stack([np.cross(direction, up), up])
    room = np.array(canvas_size) * (1 - 2 * MARGIN)
    middle, span = _extent(person_world @ screen_axes.T)
    wide_middle, wide_span = _extent(np.vstack([person_world, others]) @ screen_axes.T)
    closest = float((room / span).min())
    wide_room = np.maximum(np.array(canvas_size) - NAME_PX, room / 2) if len(others) else room
    zoom = max(float((wide_room / wide_span).min()), PERSON_SHARE * closest)
    slack = np.maximum(room / zoom - span, 0.0) / 2
    middle = middle + np.clip(wide_middle - middle, -slack, slack)
    anywhere = person_world.mean(axis=0)
    return Sight(direction, up, anywhere + (middle - screen_axes @ anywhere) @ screen_axes, zoom)


def _look(azimuth_deg: float, elevation_deg: float, facing: NDArray) -> NDArray:
    """Return the unit vector from the eye to the person, who faces `facing`."""
    azimuth, elevation = np.deg2rad([azimuth_deg, elevation_deg])
    level = np.cos(azimuth) * facing + np.sin(azimuth) * np.cross(UP_WORLD, facing)
    return -(np.cos(elevation) * level + np.sin(elevation) * UP_WORLD)


def _clear_azimuth(azimuth_deg: float, others: NDArray, facing: NDArray) -> float:
    """Return the azimuth, within 16 deg of the wanted one, at which the others stand least in front."""
    at_deg = np.rad2deg(np.arctan2(others @ np.cross(UP_WORLD, facing), others @ facing))
    candidates = azimuth_deg + np.array([0.0, 8.0, -8.0, 16.0, -16.0])
    apart = np.abs((candidates[:, None] - at_deg + 180) % 360 - 180).min(axis=1)
    return float(candidates[np.argmax(np.minimum(apart, _CLEAR_DEG))])


def _extent(on_screen: NDArray) -> tuple[NDArray, NDArray]:
    """Return the middle and the width and height, each (2,) in m, of points (n, 2) on the screen's axes."""
    low, high = on_screen.min(axis=0), on_screen.max(axis=0)
    return (low + high) / 2, np.maximum(high - low, 0.1)


def person_box(bounds: NDArray) -> NDArray:
    """Return the corners, shape (8, 3) in metres, of the person's box, let down to the floor."""
    low, high = np.minimum(bounds[0], [np.inf, np.inf, 0.0]), bounds[1]
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
