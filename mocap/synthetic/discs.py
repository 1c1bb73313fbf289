"""Images of round markers on the synthetic person: exact perspective, motion blur, overlaps, and a distracting room.

Rays within a disc's image are linear in the pixels about its centre, which leaves out less than 0.005 px of the
lens's curvature. What lies before what is decided sample by sample; the limbs stand still during the exposure.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import Camera, CameraRig
from calibration.rigid import apply
from mocap.errors import KeypointError
from mocap.synthetic.disc_kernels import hidden_share, paint_discs
from mocap.synthetic.disc_scene import DiscScene

_INSTANTS = 8
_SPARE = 257  # px of noise beyond the image
_MARGIN = 2.0  # px around a disc's image


@dataclass(frozen=True)
class DiscImageOptions:
    """Settings of `DiscCamera`.

    Attributes
    ----------
    exposure_s : float
        The disc's true pixel is that of mid-exposure, at the frame time.
    blur_px : float
        Standard deviation of the optics' blur.
    noise : float
        Standard deviation in gray levels.
    disc_level : tuple of float
        Darkest and brightest disc, gray levels.
    skin_level, cloth_level : float
    clutter : bool
        Lamps, writing, lines and round reflections in every camera's background.
    """

    exposure_s: float = 0.004
    blur_px: float = 0.7
    noise: float = 2.0
    disc_level: tuple[float, float] = (205.0, 240.0)
    skin_level: float = 115.0
    cloth_level: float = 45.0
    clutter: bool = True


@dataclass(frozen=True, eq=False)
class DiscTruth:
    """What is true of the discs in every image.

    Attributes
    ----------
    pixels : ndarray, shape (camera, time, disc, 2)
        Of the centres at mid-exposure.
    radius_px : ndarray, shape (camera, time, disc)
        Larger half axis of the image.
    facing : ndarray, shape (camera, time, disc)
        Cosine between the disc's normal and the direction to the camera; below 0 it shows its back.
    shown : ndarray, shape (camera, time, disc)
        Share of the disc that no limb hides and that lies in the image; 0 where it shows its back.
    """

    pixels: NDArray
    radius_px: NDArray
    facing: NDArray
    shown: NDArray


class DiscCamera:
    """One camera of a rig that takes images of a scene of discs.

    Parameters
    ----------
    scene : DiscScene
    camera : Camera
    options : DiscImageOptions
    seed : int
        Of background and noise; give every camera its own.
    """

    def __init__(
        self, scene: DiscScene, camera: Camera, options: DiscImageOptions | None = None, seed: int = 0
    ) -> None:
        self.scene, self.camera, self.options, self.seed = scene, camera, options or DiscImageOptions(), seed
        rng = np.random.default_rng([seed, 1])
        self._background = _room(camera.size, rng, self.options.clutter)
        width, height = camera.size
        noise = np.random.default_rng([seed, 2]).standard_normal((height + _SPARE, width + _SPARE), dtype=np.float32)
        self._noise = np.float32(self.options.noise) * noise
        self._level = rng.uniform(*self.options.disc_level, len(scene.names))
        self._limb_level = np.full(len(scene.limb_radius_m), self.options.skin_level)
        self._limb_level[[0, 1, 6]] = self.options.cloth_level  # trunk and thighs are dressed

    def image(self, frame: int) -> NDArray:
        """Return the image of a frame, uint8, shape (height, width)."""
        if not 0 <= frame < self.scene.n_frames:
            raise KeypointError(
                f"Frame {frame} of a scene of {self.scene.n_frames}.", "Ask for a frame of the scene.", code="FRAME"
            )
        options = self.options
        image = self._background.copy()
        ends, radius, depth = _limbs_px(self.scene, self.camera, frame)
        for k in np.argsort(-depth):
            _draw_limb(image, ends[k], radius[k], self._limb_level[k])
        offsets = ((np.arange(_INSTANTS) + 0.5) / _INSTANTS - 0.5) * options.exposure_s * self.scene.rate_hz
        self._paint(image, np.clip(frame + offsets, 0, self.scene.n_frames - 1), ends, radius, depth)
        image = cv2.GaussianBlur(image, (0, 0), options.blur_px)
        # Another part of one field of noise in every frame: fresh noise would take as long as all else.
        x, y = np.random.default_rng([self.seed, 2, frame]).integers(0, _SPARE, 2)
        height, width = image.shape
        image = np.asarray(image, np.float32) + self._noise[y : y + height, x : x + width]
        return np.clip(np.rint(image), 0, 255).astype(np.uint8)

    def _paint(self, image: NDArray, when: NDArray, ends: NDArray, radius: NDArray, depth: NDArray) -> None:
        scene, camera = self.scene, self.camera
        centre_world, normal_world = scene.at(when)
        centre = apply(camera.cam_from_world, centre_world)
        normal = normal_world @ camera.cam_from_world[:3, :3].T
        at_px = camera.project_cam(centre)
        facing = -np.sum(normal * centre, axis=-1) / np.linalg.norm(centre, axis=-1)
        reach = np.nanmax(_radius_px(camera, scene.radius_m, centre), axis=0) + _MARGIN
        low, high = at_px.min(axis=0) - reach[:, None], at_px.max(axis=0) + reach[:, None] + 1
        width, height = camera.size
        inside = np.isfinite(at_px).all(axis=(0, 2)) & (high > 0).all(axis=1) & (low < [width, height]).all(axis=1)
        order = np.argsort(centre[:, :, 2].mean(axis=0))
        order = order[(inside & (facing.max(axis=0) > 0))[order]]
        if not len(order):
            return
        box = np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], axis=1)[order].astype(np.int64)
        box = np.clip(box, 0, [width, width, height, height])
        ray, by_ray = camera.undistort(at_px[:, order])
        paint_discs(
            image, box, np.ascontiguousarray(centre[:, order]), np.ascontiguousarray(normal[:, order]),
            scene.radius_m[order], self._level[order], np.ascontiguousarray(at_px[:, order]), ray,
            np.linalg.inv(by_ray), _before(scene, centre.mean(axis=0), depth)[order], ends, radius,
        )  # fmt: skip


def disc_truth(scene: DiscScene, rig: CameraRig) -> DiscTruth:
    """Return where every disc is in every image at mid-exposure, and how much of it is seen."""
    shape = (len(rig), scene.n_frames, len(scene.names))
    pixels, radius, facing, shown = np.empty((*shape, 2)), np.empty(shape), np.empty(shape), np.empty(shape)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = 0.9 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for c, camera in enumerate(rig):
        for frame in range(scene.n_frames):
            centre_world, normal_world = scene.at(np.array([float(frame)]))
            centre = apply(camera.cam_from_world, centre_world[0])
            normal = normal_world[0] @ camera.cam_from_world[:3, :3].T
            pixels[c, frame] = camera.project_cam(centre)
            radius[c, frame] = _radius_px(camera, scene.radius_m, centre)
            facing[c, frame] = -np.sum(normal * centre, axis=-1) / np.linalg.norm(centre, axis=-1)
            ends, wide, depth = _limbs_px(scene, camera, frame)
            points = pixels[c, frame][:, None] + radius[c, frame][:, None, None] * ring
            hidden = hidden_share(points, _before(scene, centre, depth), ends, wide)
            outside = ((points < -0.5) | (points > np.array(camera.size) - 0.5)).any(axis=2).mean(axis=1)
            shown[c, frame] = np.where(facing[c, frame] > 0, np.clip(1 - hidden - outside, 0, 1), 0.0)
    return DiscTruth(pixels, radius, facing, shown)


def _radius_px(camera: Camera, radius_m: NDArray, centre: NDArray) -> NDArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(centre[..., 2] > 0, camera.matrix[0, 0] * radius_m / centre[..., 2], np.nan)


def _limbs_px(scene: DiscScene, camera: Camera, frame: int) -> tuple[NDArray, NDArray, NDArray]:
    """Ends, radii and depth (of the middle, m) of the limbs in an image."""
    cam = apply(camera.cam_from_world, scene.limb_world[frame])
    radius = camera.matrix[0, 0] * scene.limb_radius_m / np.maximum(cam[..., 2], 0.1)
    return np.nan_to_num(camera.project_cam(cam), nan=-1e4), radius, cam[..., 2].mean(axis=1)


def _before(scene: DiscScene, centre: NDArray, depth: NDArray) -> NDArray:
    """Limbs nearer to the camera than a disc, other than its own, shape (disc, limb)."""
    limbs = np.arange(len(depth))
    return (depth[None, :] < centre[:, 2, None] - 0.03) & (limbs[None, :] != scene.own_limb[:, None])


def _draw_limb(image: NDArray, ends: NDArray, radius: NDArray, level: float) -> None:
    along = ends[1] - ends[0]
    angle = np.arctan2(along[1], along[0])
    half = np.linspace(np.pi / 2, 3 * np.pi / 2, 12)
    start = ends[0] + radius[0] * np.stack([np.cos(angle + half), np.sin(angle + half)], axis=1)
    end = ends[1] - radius[1] * np.stack([np.cos(angle + half), np.sin(angle + half)], axis=1)
    outline = np.round(np.concatenate([start, end]) * 16).astype(np.int32)
    cv2.fillPoly(image, [outline], level, cv2.LINE_8, 4)


def _room(size: tuple[int, int], rng: np.random.Generator, clutter: bool) -> NDArray:
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32))
    image = 75 + 25 * np.sin(3 * x + rng.uniform(0, 6)) + 20 * np.cos(4 * y + rng.uniform(0, 6))
    if not clutter:
        return image
    image = np.round(image).astype(np.uint8)

    def place() -> tuple[int, int]:
        return int(rng.uniform(0, width)), int(rng.uniform(0, height))

    for _ in range(6):
        corner = place()
        far = (corner[0] + int(rng.uniform(40, 200)), corner[1] + int(rng.uniform(40, 200)))
        cv2.rectangle(image, corner, far, float(rng.uniform(40, 190)), -1)
    for _ in range(5):
        cv2.line(image, place(), place(), float(rng.uniform(120, 240)), int(rng.integers(1, 4)), cv2.LINE_AA)
    for word in ("EXIT", "LAB 3", "o8oO0"):
        cv2.putText(image, word, place(), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.4, 1.0), 230.0, 2, cv2.LINE_AA)
    for _ in range(3):
        cv2.circle(image, place(), int(rng.uniform(18, 40)), 255.0, -1, cv2.LINE_AA)
    for _ in range(12):
        cv2.circle(image, place(), int(rng.uniform(2, 5)), float(rng.uniform(170, 255)), -1, cv2.LINE_AA)
    return image.astype(np.float32)
