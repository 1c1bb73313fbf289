"""Calibration boards and objects of tags rendered into the images of a rig, through each camera's full lens model.

Every pixel is the mean of the printed pattern over its area (see `sheets`). Nothing is warped in the image, so the
corners are where the camera model puts them.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.camera import Camera
from calibration.synthetic.sheets import RenderOptions, bounding_box, sampled
from calibration.synthetic.texture import Sheet, sheets_of

__all__ = ["RenderOptions", "background", "render_board"]


def render_board(
    camera: Camera,
    board: Board | TagObject,
    world_from_board: NDArray,
    seed: int | np.random.Generator = 0,
    options: RenderOptions | None = None,
) -> NDArray[np.uint8]:
    """Render the image that a camera takes of a board or an object of tags.

    Parameters
    ----------
    camera : Camera
    board : Board or TagObject
    world_from_board : ndarray, shape (4, 4)
    seed : int or Generator
        Decides the pixel noise.
    options : RenderOptions, optional

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Background only where the board is out of view; a blank back when it is turned away. Faces of an object hide
        each other as a whole, the nearer the farther: right for every convex object and for plates side by side.
    """
    options = options or RenderOptions()
    rng = np.random.default_rng(seed)
    image = background(camera.size, camera.name)
    cam_from_target = camera.cam_from_world @ world_from_board
    touched = []
    for sheet in _far_to_near(sheets_of(board), cam_from_target):
        cam_from_sheet = cam_from_target @ sheet.target_from_sheet
        box = bounding_box(camera, sheet, cam_from_sheet, options)
        if box is not None:
            left, top, right, bottom = box
            region = image[top:bottom, left:right]
            pattern, cover = sampled(camera, sheet, cam_from_sheet, box, options)
            region += cover * (pattern - region)
            touched.append(box)
    if touched and options.blur_px > 0:
        left, top = np.min(touched, axis=0)[:2]
        right, bottom = np.max(touched, axis=0)[2:]
        region = image[top:bottom, left:right]
        cv2.GaussianBlur(region, (0, 0), options.blur_px, dst=region)
    if options.noise > 0:
        image += np.float32(options.noise) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _far_to_near(sheets: tuple[Sheet, ...], cam_from_target: NDArray) -> list[Sheet]:
    """Order faces by the distance of their middle; the sheets of a face stay in their order."""
    middles: dict[int, float] = {}
    for sheet in sheets:
        if sheet.face not in middles:
            middle = cam_from_target @ sheet.target_from_sheet @ [sheet.size[0] / 2, sheet.size[1] / 2, 0.0, 1.0]
            middles[sheet.face] = float(np.linalg.norm(middle[:3]))
    return sorted(sheets, key=lambda sheet: -middles[sheet.face])


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
