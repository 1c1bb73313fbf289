"""Plates with tags rendered into the images of cameras, on segments that move, with motion blur and noise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.boards.tag_object import TagObject
from calibration.camera import Camera
from calibration.rigid import apply, inverse, rigid
from calibration.synthetic import RenderOptions
from calibration.synthetic.boards import background
from calibration.synthetic.sheets import bounding_box, sampled
from calibration.synthetic.texture import sheets_of
from mocap.config.plates import Plate, tag_fronts
from mocap.errors import ShapeError

SACRAL_SLOPE = np.deg2rad(15.0)
_BACK_OF_SEGMENT = {"pelvis": (-0.175, -0.055, 0.0), "lumbar": (-0.10, 0.145, 0.0), "thorax": (-0.17, -0.05, 0.0)}


@dataclass(frozen=True)
class Exposure:
    """How long the shutter is open, and by how many moments of it the blur is made.

    Attributes
    ----------
    seconds : float
    moments : int
    """

    seconds: float = 0.002
    moments: int = 5


def segment_from_plate(segment: str, slope: float = 0.0) -> NDArray[np.float64]:
    """Return where a plate sits on a trunk segment of the synthetic person, shape (4, 4).

    Parameters
    ----------
    segment : str
        `pelvis`, `lumbar` or `thorax`: axes X anterior, Y up, Z right. The front of the plate looks backwards, its
        right is the person's right.
    slope : float
        Turn about the segment's Z, rad: positive lets the front of the plate look down.
    """
    if segment not in _BACK_OF_SEGMENT:
        raise ShapeError(f"There is no place for a plate on '{segment}'.", f"Known: {', '.join(_BACK_OF_SEGMENT)}.")
    facing = np.column_stack([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    tilted = Rotation.from_rotvec([0.0, 0.0, slope]).as_matrix() @ facing
    return rigid(tilted, np.array(_BACK_OF_SEGMENT[segment]))


def exposed_poses(world_from_plate: NDArray, rate_hz: float, exposure: Exposure) -> NDArray[np.float64]:
    """Return the poses during each exposure, shape (time, moment, 4, 4); its middle is the frame's time.

    Parameters
    ----------
    world_from_plate : ndarray, shape (time, 4, 4)
        Two frames or more; velocities are central differences.
    """
    turn = Rotation.from_matrix(world_from_plate[:, :3, :3])
    place = world_from_plate[:, :3, 3]
    before, after = np.r_[0, 0 : len(place) - 1], np.r_[1 : len(place), len(place) - 1]
    seconds = (after - before)[:, None] / rate_hz
    spin = (turn[after] * turn[before].inv()).as_rotvec() / seconds
    speed = (place[after] - place[before]) / seconds
    times = ((np.arange(exposure.moments) + 0.5) / exposure.moments - 0.5) * exposure.seconds
    poses = [rigid((Rotation.from_rotvec(spin * t) * turn).as_matrix(), place + speed * t) for t in times]
    return np.stack(poses, axis=1)


@lru_cache(maxsize=64)
def _target(plate: Plate) -> TagObject:
    return TagObject(plate.ids, plate.corners_plate, plate.dictionary, margin=plate.gap, name=plate.name)


def render_plates(
    camera: Camera,
    plates: Sequence[Plate],
    world_from_plate: NDArray,
    seed: int | np.random.Generator = 0,
    options: RenderOptions | None = None,
    scene: NDArray | None = None,
) -> NDArray[np.uint8]:
    """Render the image that a camera takes of plates.

    Parameters
    ----------
    camera : Camera
    plates : sequence of Plate
        Two tags or more each.
    world_from_plate : ndarray, shape (moment, plate, 4, 4)
        During the exposure; all moments count alike. NaN leaves a plate out.
    seed : int or Generator
        Decides the pixel noise.
    options : RenderOptions, optional
    scene : ndarray, shape (height, width), optional
        What is behind the plates; a smooth wall when left out.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Facets hide each other as a whole, the nearer the farther.
    """
    options = options or RenderOptions()
    rng = np.random.default_rng(seed)
    image = background(camera.size, camera.name) if scene is None else np.array(scene, np.float32)
    boxes, drawn = [], []
    for moment in world_from_plate:
        layers = list(_layers(camera, plates, moment, options))
        drawn.append(layers)
        boxes += [box for box, _, _ in layers]
    if boxes:
        left, top = np.min(boxes, axis=0)[:2]
        right, bottom = np.max(boxes, axis=0)[2:]
        region = image[top:bottom, left:right]
        region[:] = np.mean([_drawn(region, layers, (left, top)) for layers in drawn], axis=0)
        if options.blur_px > 0:
            region[:] = cv2.GaussianBlur(region, (0, 0), options.blur_px)
    if options.noise > 0:
        image += np.float32(options.noise) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _layers(camera: Camera, plates: Sequence[Plate], poses: NDArray, options: RenderOptions) -> list:
    """Return box, gray levels and cover of every sheet that shows, the farther first."""
    found = []
    for plate, pose in zip(plates, poses, strict=True):
        if not np.isfinite(pose).all():
            continue
        cam_from_plate = camera.cam_from_world @ pose
        for order, sheet in enumerate(sheets_of(_target(plate))):
            cam_from_sheet = cam_from_plate @ sheet.target_from_sheet
            box = bounding_box(camera, sheet, cam_from_sheet, options)
            if box is not None:
                facet = _target(plate).tag_faces[sheet.face]
                away = float(np.linalg.norm(apply(cam_from_plate, plate.corners_plate[facet].mean(axis=(0, 1)))))
                found.append(((-away, order), box, *sampled(camera, sheet, cam_from_sheet, box, options)))
    return [one[1:] for one in sorted(found, key=lambda one: one[0])]


def _drawn(region: NDArray, layers: list, corner: tuple[int, int]) -> NDArray:
    image = region.copy()
    for (left, top, right, bottom), pattern, cover in layers:
        part = image[top - corner[1] : bottom - corner[1], left - corner[0] : right - corner[0]]
        part += cover * (pattern - part)
    return image


def cluttered_scene(camera: Camera, seed: int = 0, pieces: int = 150) -> NDArray[np.float32]:
    """Return a room with edges, shape (height, width): furniture, frames and signs as a search has to pass by."""
    rng = np.random.default_rng([seed, *camera.name.encode()])
    image = background(camera.size, camera.name)
    width, height = camera.size
    for _ in range(pieces):
        centre, half = rng.uniform([0, 0], [width, height]), rng.uniform(6, 90, 2)
        box = cv2.boxPoints((tuple(map(float, centre)), tuple(map(float, half)), float(rng.uniform(0, 180))))
        level = float(rng.uniform(20, 230))
        cv2.fillConvexPoly(image, np.rint(box * 8).astype(np.int32), level, cv2.LINE_AA, 3)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.float32)


def visible_tags(camera: Camera, plate: Plate, world_from_plate: NDArray, least_cos: float = 0.2) -> NDArray[np.bool_]:
    """Return which tags look at a camera and lie in its image, shape (time, tag).

    Parameters
    ----------
    world_from_plate : ndarray, shape (time, 4, 4)
    least_cos : float
        Of the angle between a tag's front and the way to the camera.
    """
    corners = plate.corners_plate
    eye = apply(inverse(world_from_plate), camera.centre_world)[:, None]
    way = eye - corners.mean(axis=1)
    cos = np.einsum("tni,ni->tn", way, tag_fronts(corners)) / np.linalg.norm(way, axis=2)
    pixels = camera.project(apply(world_from_plate[:, None, None], corners))
    with np.errstate(invalid="ignore"):
        inside = ((pixels > 4) & (pixels < np.array(camera.size) - 5)).all(axis=(2, 3))
    return np.asarray((cos > least_cos) & inside)


def without_noise(options: RenderOptions) -> RenderOptions:
    """Return the same options without pixel noise."""
    return replace(options, noise=0.0)
