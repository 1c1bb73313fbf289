"""A camera's picture where its frustum ends, in space: seen from behind the camera as the camera sees it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.camera import Camera
from calibration.rigid import apply, inverse
from mocap.viewer.drawn import visual_of

_CELLS = 12
_WIDTH_PX = 320
_LATE = 0.35


def picture_mesh(camera: Camera, depth_m: float, cells: int = _CELLS) -> tuple[NDArray, NDArray, NDArray]:
    """Return the surface on which a camera's picture lies.

    Every corner of a grid over the picture lies on the ray of its pixel, so that lens distortion is undone but within
    a cell; where the lens model ends before the edge, the ideal pinhole's ray stands in for it, as in the frustum.

    Returns
    -------
    vertices : ndarray, shape (n, 3)
        World, metres.
    faces : ndarray of int, shape (m, 3)
    place : ndarray, shape (n, 2)
        Of each vertex in the picture: right and up from its lower left corner, 0 to 1.
    """
    width, height = camera.size
    across, down = (one.ravel() for one in np.meshgrid(np.linspace(0, 1, cells + 1), np.linspace(0, 1, cells + 1)))
    pixels = np.column_stack([across * width, down * height]) - 0.5
    rays, _ = camera.undistort(pixels)
    ideal = (pixels - camera.matrix[:2, 2]) / np.diag(camera.matrix)[:2]
    rays = np.where(np.isfinite(rays), rays, ideal)
    vertices = apply(inverse(camera.cam_from_world), np.column_stack([rays, np.ones(len(rays))]) * depth_m)
    corner = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    right, below = corner + 1, corner + cells + 1
    faces = np.concatenate([np.column_stack([corner, below, right]), np.column_stack([right, below, below + 1])])
    return vertices, faces, np.column_stack([across, 1 - down])


def small_picture(image: NDArray) -> NDArray:
    """Return every n-th pixel of a picture (height, width, 3), so that it is some 320 px wide."""
    step = max(1, round(image.shape[1] / _WIDTH_PX))
    return np.ascontiguousarray(image[::step, ::step])


class FrustumImage:
    """The picture of one camera in its frustum; a napari Surface layer with a texture.

    Parameters
    ----------
    viewer : napari.Viewer
    rig : CameraRig
    depth_m : float
        Of the frusta.
    """

    def __init__(self, viewer: Any, rig: CameraRig, depth_m: float) -> None:
        self._viewer, self._rig, self._depth_m, self._camera = viewer, rig, depth_m, ""
        vertices, faces, place = picture_mesh(rig.cameras[0], depth_m)
        self.layer = viewer.add_surface(
            (vertices.astype(np.float32), faces), name="picture", shading="none", visible=False,
            vertex_colors=np.ones((len(vertices), 4), np.float32), texture=np.zeros((8, 8, 3), np.uint8),
            texcoords=place.astype(np.float32),
        )  # fmt: skip
        self._offered = False

    def show(self, camera: str, image: NDArray | None) -> None:
        """Show a picture (height, width, 3), uint8 RGB, of a camera; none takes it away."""
        if self.layer not in self._viewer.layers:
            return  # somebody deleted it, or the window is being closed
        if image is None:
            self._offered = False
            if self.layer.visible:  # napari draws its whole list of layers anew, changed or not
                self.layer.visible = False
            return
        if camera != self._camera:
            index = self._rig.names.index(camera)
            self.layer.vertices = picture_mesh(self._rig.cameras[index], self._depth_m)[0].astype(np.float32)
            self._camera = camera
        if not self._offered:
            self.layer.visible = self._offered = True
        small = small_picture(image)
        self.layer._texture = small  # what napari draws again from
        visual = visual_of(self._viewer, self.layer)
        # Into the texture that is there: another one would have its shader compiled anew with each frame.
        visual._texture_filter.fshader["u_texture"].value.set_data(np.flipud(small))
        visual.node.update()

    def late(self, on: bool) -> None:
        """Show palely that the picture is still of another moment."""
        opacity = _LATE if on else 1.0
        if self.layer.opacity != opacity:
            self.layer.opacity = opacity
