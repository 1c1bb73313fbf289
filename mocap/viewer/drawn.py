"""Layers that change with every frame, written straight into the buffers of the graphics card.

What napari does when a layer's data change (slicing, new meshes, new shader programs) costs ten times the drawing
itself. So the layer keeps its arrays, overwritten in place, and the buffer behind it is overwritten beside them: a
redraw that napari decides on shows the same frame.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OUTSIDE_M = 1e6
"""Where markers wait that are not shown: far outside of every view, so that they are cut off and hide nothing."""

_CHOSEN = 1.7


class MovingMesh:
    """A Surface layer of fixed triangles whose corners move.

    Parameters
    ----------
    viewer : napari.Viewer
    name : str
    vertices : ndarray, shape (n, 3)
        World, metres, of the first frame.
    faces : ndarray of int, shape (m, 3)
    colours : ndarray, shape (n, 4)
        RGBA in [0, 1].
    opacity : float
    """

    def __init__(
        self, viewer: Any, name: str, vertices: NDArray, faces: NDArray, colours: NDArray, opacity: float = 1.0
    ) -> None:
        # Plain colours: a shaded line would change its side's colour with the light.
        self.layer = viewer.add_surface(
            (np.array(vertices, np.float32), faces), vertex_colors=colours.astype(np.float32), name=name,
            shading="none", opacity=opacity,
        )  # fmt: skip
        self._node = visual_of(viewer, self.layer).node
        # The scene graph orders axes backwards, and with them the corners of a triangle.
        self._corners = faces[:, ::-1].reshape(-1)

    def draw(self, vertices: NDArray) -> None:
        """Move the corners, shape (n, 3) in metres."""
        layer = self.layer
        layer.vertices[:] = vertices
        if not layer.visible:
            return
        expanded = layer.vertices[:, ::-1][self._corners].reshape(-1, 3, 3)
        mesh = self._node.mesh_data
        mesh._vertices_indexed_by_faces = expanded  # napari turns to it again when it rebuilds the mesh
        self._node._vertices.set_data(expanded, convert=True)
        self._node.update()

    def refresh(self) -> None:
        """Show what was moved while the layer was hidden."""
        self.draw(self.layer.vertices)


class MovingMarkers:
    """A Points layer with as many points in every frame, each at another place and in another colour.

    Parameters
    ----------
    viewer : napari.Viewer
    name : str
    names : sequence of str
        Of the points, shown by napari when the mouse is over one.
    diameter_m : float
    relative : ndarray, shape (point,)
        Diameter of each point as a part of `diameter_m`.
    """

    def __init__(
        self, viewer: Any, name: str, names: tuple[str, ...], diameter_m: float, relative: NDArray
    ) -> None:
        self._relative = relative
        self.layer = viewer.add_points(
            np.zeros((len(names), 3)), name=name, size=diameter_m * relative, border_width=0.11,
            features={"name": list(names)},
        )  # fmt: skip
        self._node = visual_of(viewer, self.layer).node
        self._marks = self._node.points_markers
        self._last: tuple[NDArray, NDArray, NDArray, NDArray, NDArray] | None = None
        self._chosen = -1
        self._marks.events.data_updated.connect(self._written_by_napari)

    def draw(self, position: NDArray, shown: NDArray, face: NDArray, border: NDArray, symbol: NDArray) -> None:
        """Show a frame.

        Parameters
        ----------
        position : ndarray, shape (point, 3)
            World, metres; finite also where nothing is shown.
        shown : ndarray of bool, shape (point,)
        face, border : ndarray, shape (point, 4)
        symbol : ndarray of int, shape (point,)
            Of the graphics library; see `symbol_number`.
        """
        self.layer.data[:] = position
        self._last = (position, shown, face, border, symbol)
        if self.layer.visible:
            self._write()

    def refresh(self) -> None:
        """Show what was moved while the layer was hidden."""
        if self._last is not None:
            self._write()

    def choose(self, point: int) -> None:
        """Draw one point larger than the others; none with -1."""
        self._chosen = point
        self.refresh()

    def resize(self, diameter_m: float) -> None:
        """Give the markers another diameter."""
        self.layer.size = diameter_m * self._relative
        self.refresh()

    def _write(self) -> None:
        if self._last is None:
            return
        position, shown, face, border, symbol = self._last
        data = self._marks._data
        if data is None or len(data) != len(position):
            self._marks._upload_data(_rows(len(position)))
            data = self._marks._data
        data["a_position"] = np.where(shown[:, None], position, _OUTSIDE_M)[:, ::-1]
        data["a_bg_color"], data["a_fg_color"], data["a_symbol"] = face, border, symbol
        size = np.array(self.layer.size, np.float32)
        if self._chosen >= 0:
            size[self._chosen] *= _CHOSEN
            data["a_fg_color"][self._chosen] = 1.0
        data["a_size"], data["a_edgewidth"] = size, size * self.layer.border_width
        self._marks._vbo.set_data(data)
        self._marks.update()

    def _written_by_napari(self, event: object = None) -> None:
        # napari draws all points alike, the hidden ones too: what it writes is put right at once.
        self._write()


def symbol_number(name: str) -> int:
    """Return the graphics library's number of a symbol: `disc`, `x`, ..."""
    from vispy.visuals.markers import symbol_shader_values

    return int(symbol_shader_values[name])


def visual_of(viewer: Any, layer: Any) -> Any:
    """Return what draws a layer."""
    return viewer.window._qt_viewer.canvas.layer_to_visual[layer]


def load_letters(viewer: Any, layer: Any, letters: Iterable[str]) -> None:
    """Have letters made that the words of a Points layer are drawn with: each takes several milliseconds."""
    font = visual_of(viewer, layer).node.text._font
    for letter in letters:
        font[letter]


def _rows(n: int) -> dict[str, NDArray]:
    return {
        "a_position": np.zeros((n, 3), np.float32), "a_fg_color": np.ones((n, 4), np.float32),
        "a_bg_color": np.ones((n, 4), np.float32), "a_size": np.zeros(n, np.float32),
        "a_edgewidth": np.zeros(n, np.float32), "a_symbol": np.zeros(n, np.float32),
    }  # fmt: skip
