"""The window of a calibration: cameras, boards, the map of errors and of coverage, and what is said of each camera."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.quality.error_map import ErrorMap, display_axes
from mocap.viewer.calibration_scene import (
    CALIBRATION_ERROR,
    N_CAMERAS,
    NOISE_ERROR,
    CalibrationView,
    board_lines,
    cell_colours,
    cell_size_m,
    cells_shown,
    layer_mesh,
    overview,
    room_map,
    view_of_rig,
    volume_map,
)
from mocap.viewer.display import check_display, check_installed, keep_graphics, share_graphics
from mocap.viewer.lab import camera_frusta, floor_grid, frustum_depth, gravity_arrow, line_mesh, world_axes
from mocap.viewer.sight import Sight

VOLUME, ROOM = "measured volume", "whole room"
CELLS, ONE_HEIGHT = "all cells", "one height"
_WINDOW_PX = (1366, 768)
_LINE_PX = 1.6
_CHOSEN_COLOUR = (1.0, 1.0, 1.0)
_LINES_PER_CAMERA = 10
_CELL_SHARE = 0.28
_DOCK_PX, _LIST_PX = 440, 180


class CalibrationStage:
    """The layers of a calibration.

    Parameters
    ----------
    viewer : napari.Viewer
    view : CalibrationView

    Attributes
    ----------
    layers : dict of str to napari layers
        `floor`, `axes`, `cameras`, `labels`, and as far as there are some `boards` and `map`.
    """

    def __init__(self, viewer: Any, view: CalibrationView) -> None:
        self.viewer, self.view = viewer, view
        self.layers: dict[str, Any] = {}
        self._shown: ErrorMap | None = None
        rig = view.rig
        self._display = display_axes(rig)
        self._centres = np.array([camera.centre_world for camera in rig])
        bounds = np.stack([self._places().min(axis=0), self._places().max(axis=0)])
        self._depth_m = frustum_depth(rig, bounds)
        radius_m = 0.5 * _LINE_PX / self._sight().zoom
        axes, words = world_axes()
        gravity = None
        if rig.gravity_known:  # else the dock says that it is not
            gravity, gravity_words = gravity_arrow(bounds, True)
            words = [*words, *gravity_words]
            self._add_lines("floor", [floor_grid(bounds)], radius_m)
        self._add_lines("axes", [axes] if gravity is None else [axes, gravity], radius_m)
        frusta, names = camera_frusta(rig, self._depth_m)
        self._camera_colour = frusta.colour
        self._vertices_per_line = self._add_lines("cameras", [frusta], radius_m) // len(frusta.colour)
        if view.boards is not None:
            self._add_lines("boards", [board_lines(view.boards)], radius_m)
        self._add_words([*words, *names])
        self.look()

    def look(self) -> None:
        """Turn the view so that all cameras and the whole volume are seen."""
        sight, camera = self._sight(), self.viewer.scene.camera
        camera.set_view_direction(tuple(sight.direction), tuple(sight.up))
        camera.center = tuple(sight.centre)
        camera.zoom = sight.zoom

    def show_map(self, errors: ErrorMap | None, quantity: str, layer: int | None) -> None:
        """Draw a map, or one layer of its cells; none where there is none."""
        self._shown = errors
        before = self.layers.pop("map", None)
        visible = before is None or before.visible
        if before is not None:
            self.viewer.layers.remove(before)
        if errors is None:
            return
        if layer is not None:
            mesh = layer_mesh(errors, quantity, layer)
            if len(mesh[0]):
                self._add_surface("map", mesh, 0.85)
        else:
            shown = cells_shown(errors, quantity)
            colours = np.column_stack([cell_colours(errors, quantity)[shown] / 255.0, np.ones(int(shown.sum()))])
            if len(colours):
                self.layers["map"] = self.viewer.add_points(
                    errors.grid_world[shown], name="map", size=_CELL_SHARE * cell_size_m(errors), face_color=colours,
                    border_width=0, opacity=0.8,
                )  # fmt: skip
        if "map" in self.layers:
            self.layers["map"].visible = visible

    def choose_camera(self, name: str) -> None:
        """Draw a camera in white; none for a name that is not there."""
        colour = self._camera_colour.copy()
        if name in self.view.rig.names:
            first = _LINES_PER_CAMERA * self.view.rig.names.index(name)
            colour[first : first + _LINES_PER_CAMERA] = _CHOSEN_COLOUR
        rgba = np.hstack([colour, np.ones((len(colour), 1))]).astype(np.float32)
        self.layers["cameras"].vertex_colors = np.repeat(rgba, self._vertices_per_line, axis=0)

    def _places(self) -> NDArray:
        """Return what has to be seen, (n, 3) in m: cameras, boards, the map."""
        places, shown = [self._centres], self.view.volume if self._shown is None else self._shown
        if shown is not None:
            places.append(shown.grid_world.reshape(-1, 3))
        if self.view.boards is not None:
            places.append(self.view.boards.world_from_board[:, :3, 3])
        if len(places) == 1:
            places.append(self._centres + np.array([camera.cam_from_world[2, :3] for camera in self.view.rig]))
        return np.concatenate(places)

    def _sight(self) -> Sight:
        from mocap.viewer.stage import canvas_size

        return overview(self._places(), self._display, canvas_size(self.viewer))

    def _add_lines(self, name: str, lines: list[Any], radius_m: float) -> int:
        mesh = line_mesh(lines, radius_m)
        self._add_surface(name, mesh)
        return len(mesh[0])

    def _add_surface(self, name: str, mesh: tuple[NDArray, NDArray, NDArray], opacity: float = 1.0) -> None:
        vertices, faces, colours = mesh
        self.layers[name] = self.viewer.add_surface(
            (vertices.astype(np.float32), faces), vertex_colors=colours.astype(np.float32), name=name, shading="none",
            opacity=opacity,
        )  # fmt: skip

    def _add_words(self, words: list[Any]) -> None:
        self.layers["labels"] = self.viewer.add_points(
            np.array([word.position for word in words]), name="labels", size=1e-3,
            features={"text": [word.text for word in words]},
            text={"string": "{text}", "size": 11, "anchor": "center",
                  "color": np.array([[*word.colour, 1.0] for word in words])},
        )  # fmt: skip


class CalibrationHandles:
    """The parts of an open window of a calibration: napari's viewer, `CalibrationStage` and `CalibrationDock`."""

    def __init__(self, viewer: Any, stage: CalibrationStage, dock: Any) -> None:
        self.viewer, self.stage, self.dock = viewer, stage, dock


def open_calibration_view(
    shown: CalibrationView | CameraRig, title: str = "cameras", points_world: NDArray | None = None
) -> CalibrationHandles:
    """Open the window of a calibration, or of the cameras that a trial brings along.

    Parameters
    ----------
    shown : CalibrationView or CameraRig
        Cameras alone have no boards and no verdicts, and the window says so.
    title : str
        Of cameras alone.
    points_world : ndarray, shape (..., 3), optional
        Where points have been, m, of cameras alone: the map tells of that volume, too.

    Raises
    ------
    ViewerError
        VIEWER_MISSING or VIEWER_NO_DISPLAY.
    """
    check_installed()
    check_display()
    share_graphics()
    import napari
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    from mocap.viewer.calibration_dock import CalibrationDock
    from mocap.viewer.work import in_thread

    if isinstance(shown, CalibrationView):
        view = shown
    else:
        without = "These cameras came with a trial: boards and verdicts are beside their calibration file."
        view = view_of_rig(shown, title, (without,))
    viewer = napari.Viewer(title=f"{view.title} - mocap calibration", ndisplay=3)
    viewer.theme = "dark"
    window, main = viewer.window, viewer.window._qt_window
    window.resize(*_WINDOW_PX)
    window._qt_viewer.dockLayerControls.setVisible(False)
    window._qt_viewer.dims.setVisible(False)
    dock = CalibrationDock(view)
    frame = window.add_dock_widget(dock, name="calibration", area="right")
    main.resizeDocks([frame], [_DOCK_PX], Qt.Orientation.Horizontal)
    main.resizeDocks([window._qt_viewer.dockLayerList], [_LIST_PX], Qt.Orientation.Horizontal)
    QApplication.processEvents()  # the view depends on the size that the canvas has in the end
    stage = CalibrationStage(viewer, view)
    dock.map_chosen.connect(lambda: stage.show_map(dock.errors, dock.quantity, dock.layer))
    dock.camera_chosen.connect(stage.choose_camera)
    dock.look_asked.connect(stage.look)
    if view.volume is not None:
        dock.take_map(VOLUME, view.volume)
    elif points_world is not None:
        places = np.asarray(points_world, float).reshape(-1, 3)
        if np.isfinite(places).all(axis=1).sum() > 1:
            in_thread(lambda: volume_map(view.rig, places), lambda found: dock.take_map(VOLUME, found), owner=dock)
    in_thread(lambda: room_map(view.rig), lambda found: dock.take_map(ROOM, found), owner=dock)
    keep_graphics(window._qt_viewer.canvas)
    return CalibrationHandles(viewer, stage, dock)


def view_calibration(shown: CalibrationView | CameraRig, *, block: bool = True) -> None:
    """Open the window of a calibration, and stay until it is closed; see `open_calibration_view`."""
    open_calibration_view(shown)
    if block:
        from mocap.viewer.work import run_until_closed

        run_until_closed()


QUANTITIES = {
    CALIBRATION_ERROR: "error from the calibration [mm, 1 SD]",
    NOISE_ERROR: "error from 1 px of noise [mm, 1 SD]",
    N_CAMERAS: "number of cameras that see it",
}
