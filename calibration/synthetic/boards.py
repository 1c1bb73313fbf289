"""Calibration boards rendered into the images of a rig, through each camera's full lens model.

Every pixel is the mean of the printed pattern over its area: rays of a grid of sub-pixels are undistorted, met
with the board's plane and looked up in a texture of matching resolution. Nothing is warped in the image, so the
corners are where the camera model puts them.
"""

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from calibration.board import Board
from calibration.camera import Camera
from calibration.rigid import apply, inverse
from calibration.synthetic.texture import board_texture

_RAY_STEP_PX = 8
_BACK = 150.0  # gray level of a board's back
_BORDER_PX = 6  # room for the blur around the board
_rays: WeakKeyDictionary[Camera, NDArray] = WeakKeyDictionary()


@dataclass(frozen=True)
class RenderOptions:
    """How a board is lit and recorded.

    Attributes
    ----------
    white, black : float
        Gray levels of the paper and the ink.
    blur_px : float
        Sigma of the lens's blur, on top of the pixel's own area.
    noise : float
        Sigma of the pixel noise in gray levels.
    margin : float
        Blank border around the pattern, in squares.
    supersampling : int
        Samples per pixel along each axis.
    """

    white: float = 210.0
    black: float = 35.0
    blur_px: float = 0.6
    noise: float = 2.0
    margin: float = 0.4
    supersampling: int = 3


def render_board(
    camera: Camera,
    board: Board,
    world_from_board: NDArray,
    seed: int | np.random.Generator = 0,
    options: RenderOptions | None = None,
) -> NDArray[np.uint8]:
    """Render the image that a camera takes of a board.

    Parameters
    ----------
    camera : Camera
    board : Board
    world_from_board : ndarray, shape (4, 4)
    seed : int or Generator
        Decides the pixel noise.
    options : RenderOptions, optional

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Background only where the board is out of view; a blank back when it is turned away.
    """
    options = options or RenderOptions()
    rng = np.random.default_rng(seed)
    image = background(camera.size, camera.name)
    box = _bounding_box(camera, board, world_from_board, options)
    if box is not None:
        left, top, right, bottom = box
        region = image[top:bottom, left:right]
        pattern, cover = _sampled(camera, board, world_from_board, box, options)
        region += cover * (pattern - region)
        if options.blur_px > 0:
            cv2.GaussianBlur(region, (0, 0), options.blur_px, dst=region)
    if options.noise > 0:
        image += np.float32(options.noise) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def background(size: tuple[int, int], name: str) -> NDArray[np.float32]:
    """Return a smooth mid-gray wall, shape (height, width), that is each camera's own."""
    return _background(size, name).copy()


@lru_cache(maxsize=32)
def _background(size: tuple[int, int], name: str) -> NDArray[np.float32]:
    rng = np.random.default_rng([*name.encode()])
    coarse = rng.uniform(80, 150, (6, 8)).astype(np.float32)
    fine = rng.normal(0, 4, (60, 100)).astype(np.float32)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) + cv2.resize(
        fine, size, interpolation=cv2.INTER_LINEAR
    )


@lru_cache(maxsize=16)
def _texture_with_margin(board: Board, square_px: int, options: RenderOptions) -> NDArray[np.float32]:
    levels = np.float32(options.black) + board_texture(board, square_px) * np.float32(
        (options.white - options.black) / 255
    )
    border = int(np.ceil(options.margin * square_px)) + 2
    paper = options.black if board.inverted else options.white
    edges = (border,) * 4
    return np.asarray(cv2.copyMakeBorder(levels, *edges, cv2.BORDER_CONSTANT, value=float(paper)), np.float32)


def _outline(board: Board, margin: float) -> NDArray:
    """Return points around the edge of the paper, shape (point, 3), in the board frame."""
    (w, h), m = board.size, margin * board.square_length
    t = np.linspace(0, 1, 33)
    x, y = -m + t * (w + 2 * m), -m + t * (h + 2 * m)
    low, right, bottom, zero = np.full_like(t, -m), np.full_like(t, w + m), np.full_like(t, h + m), np.zeros_like(t)
    edges = [(x, low), (x, bottom), (low, y), (right, y)]
    return np.concatenate([np.stack([a, b, zero], axis=1) for a, b in edges])


def _bounding_box(
    camera: Camera, board: Board, world_from_board: NDArray, options: RenderOptions
) -> tuple[int, int, int, int] | None:
    outline_cam = apply(camera.cam_from_world @ world_from_board, _outline(board, options.margin))
    width, height = camera.size
    if (outline_cam[:, 2] <= 0).all():
        return None
    if (outline_cam[:, 2] <= 0.05).any():
        return 0, 0, width, height
    pixels = camera.project_cam(outline_cam)
    low = np.floor(pixels.min(axis=0)).astype(int) - _BORDER_PX
    high = np.ceil(pixels.max(axis=0)).astype(int) + _BORDER_PX + 1
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, [width, height])
    return (int(left), int(top), int(right), int(bottom)) if left < right and top < bottom else None


def _sampled(
    camera: Camera, board: Board, world_from_board: NDArray, box: tuple[int, int, int, int], options: RenderOptions
) -> tuple[NDArray, NDArray]:
    """Return the gray levels of the paper in a box of pixels, and how much of each pixel it covers."""
    left, top, right, bottom = box
    cam_from_board = camera.cam_from_world @ world_from_board
    square_px = _texture_resolution(camera, board, cam_from_board, options)
    texels = _texels(_ray_map(camera)[top:bottom, left:right], cam_from_board, square_px / board.square_length)
    texture = _texture_with_margin(board, square_px, options)
    if inverse(cam_from_board)[2, 3] >= 0:  # the camera is behind the board: blank back
        texture = np.full_like(texture, _BACK)
    edge = options.margin * square_px
    centre = np.array([board.squares_x, board.squares_y], np.float32) * square_px / 2
    shift = np.float32((texture.shape[1] - board.squares_x * square_px) / 2 - 0.5)  # texel centres are at half texels
    # Within a pixel the map is linear to 1e-3 of a pixel.
    along_y, along_x = np.gradient(texels, axis=(0, 1))
    pattern, cover = np.zeros((2, bottom - top, right - left), np.float32)
    for offset_x, offset_y in _offsets(options.supersampling):
        at = texels + along_x * offset_x + along_y * offset_y
        u, v = cv2.split(at + shift)
        pattern += cv2.remap(texture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        away = np.abs(at - centre)
        cover += (away[..., 0] < centre[0] + edge) & (away[..., 1] < centre[1] + edge)
    return pattern / options.supersampling**2, cover / options.supersampling**2


def _offsets(n: int) -> NDArray[np.float32]:
    """Return n * n points of a pixel, shape (point, 2), in px from its centre.

    A turned grid (no two points share a row or column): an edge along the pixels' rows, which would meet a straight
    grid in n steps, meets this one in n * n.
    """
    i, j = np.divmod(np.arange(n * n), n)
    steps = np.stack([j * n + n - 1 - i, i * n + j], axis=1)
    return ((steps + 0.5) / n**2 - 0.5).astype(np.float32)


def _texture_resolution(camera: Camera, board: Board, cam_from_board: NDArray, options: RenderOptions) -> int:
    """Choose texels per square so that a texel is about as large as a sub-pixel."""
    depth = float(np.clip(apply(cam_from_board, board.corners_board)[:, 2].min(), 0.2, None))
    wanted = camera.matrix[0, 0] * board.square_length / depth * options.supersampling
    return int(2 ** np.clip(np.round(np.log2(wanted)), 3, 9))


def _texels(rays: NDArray, cam_from_board: NDArray, texels_per_m: float) -> NDArray[np.float32]:
    """Meet rays (x/z, y/z) with the board's plane: texture coordinates, far outside where they miss it."""
    plane = cam_from_board[:3, [0, 1, 3]].copy()
    plane[:, :2] /= texels_per_m
    h = np.linalg.inv(plane)
    x, y = rays[..., 0], rays[..., 1]
    scale = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        u = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / scale
        v = (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / scale
    # scale = 1 / depth of the crossing: not above 0 behind the camera, NaN where the lens has no ray.
    missed = ~(scale > 0)
    u[missed], v[missed] = -1e6, -1e6
    return np.stack([u, v], axis=-1).astype(np.float32)


def _ray_map(camera: Camera) -> NDArray:
    """Return x/z and y/z of every pixel's centre, shape (height, width, 2); NaN where the lens has no ray."""
    if camera not in _rays:
        width, height = camera.size
        x = np.arange(-_RAY_STEP_PX, width + 2 * _RAY_STEP_PX, _RAY_STEP_PX, dtype=float)
        y = np.arange(-_RAY_STEP_PX, height + 2 * _RAY_STEP_PX, _RAY_STEP_PX, dtype=float)
        knots, _ = camera.undistort(np.stack(np.meshgrid(x, y), axis=-1))
        if np.isfinite(knots).all():
            splines = [RectBivariateSpline(y, x, knots[..., i]) for i in range(2)]
            rays = np.stack([s(np.arange(height), np.arange(width)) for s in splines], axis=-1)
        else:
            rays, _ = camera.undistort(np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1))
        _rays[camera] = rays
    return _rays[camera]
