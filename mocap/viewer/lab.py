"""What stands still in the 3D view, as plain arrays: floor grid, world axes, gravity, camera frusta, labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.camera import Camera
from calibration.rigid import apply, inverse
from mocap.trial import ForcePlate
from mocap.viewer.layers import UP_WORLD, Scene, believed
from mocap.viewer.meshes import tubes

CELL_M = 0.5
MAX_CELLS = 40
FLOOR_COLOUR = (0.30, 0.32, 0.36)
CAMERA_COLOUR = (0.95, 0.82, 0.35)
AXIS_COLOURS = ((0.90, 0.30, 0.30), (0.35, 0.80, 0.35), (0.40, 0.50, 1.0))
GRAVITY_COLOUR = (0.85, 0.45, 0.90)
PLATE_COLOUR = (0.45, 0.80, 0.75)
AXIS_LENGTH_M = 0.4
_EMPTY_ROOM = np.array([[-1.0, -1.0, 0.0], [1.0, 1.0, 1.8]])


@dataclass(frozen=True, eq=False)
class Lines:
    """Coloured straight lines with an optional cone at their end.

    Attributes
    ----------
    start, end : ndarray, shape (line, 3)
        World, metres.
    colour : ndarray, shape (line, 3)
    arrow : bool
        Whether the lines end in a cone.
    """

    start: NDArray
    end: NDArray
    colour: NDArray
    arrow: bool = False


@dataclass(frozen=True)
class Label:
    """A word in space: its text, where it stands (m) and its colour."""

    text: str
    position: tuple[float, float, float]
    colour: tuple[float, float, float]


def bounds_of(scene: Scene) -> NDArray:
    """Return the corners, shape (2, 3) in metres, of the box that the person moves in.

    The outer 0.5 % at each end are left out, so that a stray point does not shrink the person on the screen.
    Without any drawn point it is an empty room of 2 x 2 x 1.8 m.
    """
    stride = max(1, scene.n_frames // 2000)
    drawn = scene.position[::stride][believed(scene.quality[::stride])]
    if not len(drawn):
        return _EMPTY_ROOM.copy()
    return np.percentile(drawn, [0.5, 99.5], axis=0)


def floor_grid(bounds: NDArray) -> Lines:
    """Return the grid at z = 0 under the box: cells of 0.5 m, doubled until there are at most 40 on a side."""
    cell = CELL_M
    while (np.ptp(bounds[:, :2], axis=0) + 2.0).max() / cell > MAX_CELLS:
        cell *= 2
    low = np.floor((bounds[0, :2] - 1.0) / cell) * cell
    high = np.ceil((bounds[1, :2] + 1.0) / cell) * cell
    x, y = (np.linspace(low[axis], high[axis], round((high[axis] - low[axis]) / cell) + 1) for axis in (0, 1))
    start = np.array([[value, low[1], 0] for value in x] + [[low[0], value, 0] for value in y])
    end = np.array([[value, high[1], 0] for value in x] + [[high[0], value, 0] for value in y])
    return Lines(start, end, np.tile(FLOOR_COLOUR, (len(start), 1)))


def world_axes() -> tuple[Lines, list[Label]]:
    """Return the arrows of the world's X, Y and Z from its origin, with their letters."""
    end = np.eye(3) * AXIS_LENGTH_M
    labels = [_label(letter, 1.18 * tip, colour)
              for letter, tip, colour in zip("XYZ", end, AXIS_COLOURS, strict=True)]
    return Lines(np.zeros((3, 3)), end, np.array(AXIS_COLOURS), arrow=True), labels


def gravity_arrow(bounds: NDArray, known: bool) -> tuple[Lines | None, list[Label]]:
    """Return the arrow of gravity at the edge of the floor; where gravity is not known, words instead of an arrow."""
    place = np.array([bounds[0, 0] - 0.9, bounds[0, 1] - 0.9, 0.0])
    if not known:
        return None, [_label("gravity unknown", place + 0.1 * UP_WORLD, GRAVITY_COLOUR)]
    top = place + 0.5 * UP_WORLD
    arrow = Lines(top[None], (place + 0.03 * UP_WORLD)[None], np.array([GRAVITY_COLOUR]), arrow=True)
    return arrow, [_label("g", top + 0.06 * UP_WORLD, GRAVITY_COLOUR)]


def camera_frusta(rig: CameraRig, depth_m: float) -> tuple[Lines, list[Label]]:
    """Return the cameras as open pyramids with a roof on the image's upper edge, and their names."""
    parts = [_frustum(camera, depth_m) for camera in rig]
    start, end = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    # Behind the camera, out of its own lines.
    back = np.array([0.0, 0.0, -0.45 * depth_m])
    names = [_label(camera.name, apply(inverse(camera.cam_from_world), back), CAMERA_COLOUR) for camera in rig]
    return Lines(start, end, np.tile(CAMERA_COLOUR, (len(start), 1))), names


def plate_lines(plates: Sequence[ForcePlate]) -> tuple[Lines, list[Label]]:
    """Return the borders of force plates, and their numbers in the middle."""
    corners = np.stack([plate.corners_world for plate in plates])
    start, end = corners.reshape(-1, 3), np.roll(corners, -1, axis=1).reshape(-1, 3)
    known = np.isfinite(np.hstack([start, end])).all(axis=1)
    names = [_label(f"plate {number}", corner.mean(axis=0), PLATE_COLOUR)
             for number, corner in enumerate(corners, start=1) if np.isfinite(corner).all()]
    return Lines(start[known], end[known], np.tile(PLATE_COLOUR, (int(known.sum()), 1))), names


def frustum_depth(rig: CameraRig, bounds: NDArray) -> float:
    """Return the depth in metres at which the image planes are drawn: a tenth of the way to the scene, 0.15 to 0.6."""
    centres = np.array([camera.centre_world for camera in rig])
    distance = np.median(np.linalg.norm(centres - bounds.mean(axis=0), axis=1))
    return float(np.clip(0.1 * distance, 0.15, 0.6))


def line_mesh(lines: Sequence[Lines], radius_m: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return vertices (n, 3), triangles (m, 3) and colours (n, 4) of the lines as thin tubes, arrows with cones."""
    vertices, faces, colours, count = [], [], [], 0
    for part in lines:
        for mesh in _with_cones(part, radius_m):
            vertices.append(mesh[0])
            faces.append(mesh[1] + count)
            count += len(mesh[0])
            rgba = np.hstack([part.colour, np.ones((len(part.colour), 1))])
            colours.append(np.repeat(rgba, len(mesh[0]) // max(1, len(rgba)), axis=0))
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(colours)


def _with_cones(part: Lines, radius_m: float) -> list[tuple[NDArray, NDArray]]:
    if not part.arrow:
        return [tubes(part.start, part.end, radius_m)]
    neck = part.end + 0.25 * (part.start - part.end)
    return [
        tubes(part.start, neck, 1.6 * radius_m, corners=6),
        tubes(neck, part.end, 5.0 * radius_m, corners=10, tip_radius=0.0),
    ]


def _frustum(camera: Camera, depth_m: float) -> tuple[NDArray, NDArray]:
    """Return starts and ends, each (10, 3): four rays, four edges of the image, two lines of the roof."""
    width, height = camera.size
    corners_px = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    rays, _ = camera.undistort(corners_px)
    # Where the lens model ends before the corner, the ideal pinhole's corner stands in for it.
    ideal = (corners_px - camera.matrix[:2, 2]) / np.diag(camera.matrix)[:2]
    rays = np.where(np.isfinite(rays), rays, ideal)
    corners_cam = np.column_stack([rays, np.ones(4)]) * depth_m
    roof_cam = corners_cam[:2].mean(axis=0) - [0, 0.25 * np.ptp(corners_cam[:, 1]), 0]
    world_from_cam = inverse(camera.cam_from_world)
    corners, roof = apply(world_from_cam, corners_cam), apply(world_from_cam, roof_cam)
    centre = np.tile(camera.centre_world, (4, 1))
    start = np.vstack([centre, corners, corners[:2]])
    end = np.vstack([corners, np.roll(corners, -1, axis=0), roof, roof])
    return start, end


def _label(text: str, position: NDArray, colour: tuple[float, float, float]) -> Label:
    return Label(text, (float(position[0]), float(position[1]), float(position[2])), colour)
