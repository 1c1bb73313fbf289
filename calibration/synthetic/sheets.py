"""One flat sheet of a target in one image: which pixels it covers, and their gray levels.

Rays of a grid of sub-pixels are undistorted, met with the sheet's plane and looked up in a texture of matching
resolution; a pixel is the mean of what they meet.
"""

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from calibration.camera import Camera
from calibration.rigid import apply, inverse
from calibration.synthetic.texture import Sheet, sheet_texture

_RAY_STEP_PX = 8
_BACK = 150.0  # gray level of a sheet's back
_BORDER_PX = 6  # room for the blur around the sheet
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


@lru_cache(maxsize=128)
def _texture_with_margin(sheet: Sheet, unit_px: int, white: float, black: float, border: int) -> NDArray[np.float32]:
    levels = np.float32(black) + sheet_texture(sheet, unit_px) * np.float32((white - black) / 255)
    paper = black if sheet.inverted else white
    edges = (border,) * 4
    return np.asarray(cv2.copyMakeBorder(levels, *edges, cv2.BORDER_CONSTANT, value=float(paper)), np.float32)


def _margin(sheet: Sheet, options: RenderOptions) -> float:
    return options.margin * sheet.unit if sheet.margin is None else sheet.margin


def _outline(sheet: Sheet, m: float) -> NDArray:
    """Return points around the edge of the paper, shape (point, 3), in the sheet's frame."""
    w, h = sheet.size
    t = np.linspace(0, 1, 33)
    x, y = -m + t * (w + 2 * m), -m + t * (h + 2 * m)
    low, right, bottom, zero = np.full_like(t, -m), np.full_like(t, w + m), np.full_like(t, h + m), np.zeros_like(t)
    edges = [(x, low), (x, bottom), (low, y), (right, y)]
    return np.concatenate([np.stack([a, b, zero], axis=1) for a, b in edges])


def bounding_box(
    camera: Camera, sheet: Sheet, cam_from_sheet: NDArray, options: RenderOptions
) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom in px around a sheet, or None when it is out of view."""
    outline_cam = apply(cam_from_sheet, _outline(sheet, _margin(sheet, options)))
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


def sampled(
    camera: Camera, sheet: Sheet, cam_from_sheet: NDArray, box: tuple[int, int, int, int], options: RenderOptions
) -> tuple[NDArray, NDArray]:
    """Return the gray levels of the paper in a box of pixels, and how much of each pixel it covers."""
    left, top, right, bottom = box
    unit_px = _texture_resolution(camera, sheet, cam_from_sheet, options)
    scale = unit_px / sheet.unit
    texels = _texels(ray_map(camera)[top:bottom, left:right], cam_from_sheet, scale)
    edge = _margin(sheet, options) * scale
    border = int(np.ceil(edge)) + 2
    texture = _texture_with_margin(sheet, unit_px, options.white, options.black, border)
    if inverse(cam_from_sheet)[2, 3] >= 0:  # the camera is behind the sheet: blank back
        texture = np.full_like(texture, _BACK)
    centre = np.array(sheet.size, np.float32) * np.float32(scale / 2)
    shift = np.float32(border - 0.5)  # texel centres are at half texels
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


def _texture_resolution(camera: Camera, sheet: Sheet, cam_from_sheet: NDArray, options: RenderOptions) -> int:
    """Choose texels per unit so that a texel is about as large as a sub-pixel."""
    depth = float(np.clip(apply(cam_from_sheet, _outline(sheet, 0.0))[:, 2].min(), 0.2, None))
    wanted = camera.matrix[0, 0] * sheet.unit / depth * options.supersampling
    return int(2 ** np.clip(np.round(np.log2(wanted)), 3, 9))


def _texels(rays: NDArray, cam_from_sheet: NDArray, texels_per_m: float) -> NDArray[np.float32]:
    """Meet rays (x/z, y/z) with the sheet's plane: texture coordinates, far outside where they miss it."""
    plane = cam_from_sheet[:3, [0, 1, 3]].copy()
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


def ray_map(camera: Camera) -> NDArray:
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
