"""The review window: napari with the skeleton in its lab, and the angle curve under it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Trial
from mocap.viewer.display import check_display, check_installed
from mocap.viewer.lab import bounds_of, camera_frusta, floor_grid, frustum_depth, gravity_arrow, line_mesh, world_axes
from mocap.viewer.layers import MARKER_DIAMETER_M, Scene, bone_colours, bone_mesh, markers_at, scene_of
from mocap.viewer.sight import facing_of, person_box, sight_of

if TYPE_CHECKING:
    from mocap.viewer.curves import CurveDock

FIRST_EYE = "front side"
_WINDOW_PX = (1440, 1000)
_LINE_PX = 1.6
_SMALLEST_MARKER_PX = 8
_DOCK_PX = 270
_TEXT_COLOUR = "#e6e8ec"


@dataclass(frozen=True, eq=False)
class ViewerHandles:
    """The parts of an open window.

    Attributes
    ----------
    viewer : napari.Viewer
    scene : Scene
    markers, bones, labels : napari layers
        Points, Surface (None in a trial without bones) and Points.
    lab : mapping of str to napari Surface layers
        `floor`, `axes` and, with a rig, `cameras`.
    dock : CurveDock
    person_box, cameras_world : ndarray, shape (n, 3)
        What has to be seen, and what should be at first, metres.
    forward_axis : str
        Which way the person faces, where the points do not show it.
    """

    viewer: Any
    scene: Scene
    markers: Any
    bones: Any | None
    labels: Any
    lab: dict[str, Any]
    dock: "CurveDock"
    person_box: NDArray
    cameras_world: NDArray
    forward_axis: str

    @property
    def frame(self) -> int:
        """The frame on which the time slider stands."""
        return int(self.viewer.dims.current_step[0])

    def set_frame(self, frame: int) -> None:
        """Move the time slider, and with it the skeleton and the cursor of the curve."""
        self.viewer.dims.set_current_step(0, frame)

    def look_from(self, eye: str) -> None:
        """Turn the view to one of `mocap.viewer.sight.EYES`, around the person as placed in the present frame."""
        facing = facing_of(self.scene, self.forward_axis, self.frame)
        others = self.cameras_world if eye == FIRST_EYE else None
        view = sight_of(self.person_box, facing, canvas_size(self.viewer), eye, others)
        camera = self.viewer.scene.camera
        camera.set_view_direction(tuple(view.direction), tuple(view.up))
        camera.center = tuple(view.centre)
        camera.zoom = view.zoom
        self.markers.size = _marker_diameter(view.zoom)
        self.dock.eye_box.setCurrentText(eye)


def view_trial(trial: Trial, *, block: bool = True) -> None:
    """Open a trial in the review window.

    Parameters
    ----------
    trial : Trial
    block : bool
        Return when the window is closed; otherwise at once, for a caller with an event loop of its own.

    Raises
    ------
    ViewerError
        VIEWER_MISSING, VIEWER_NO_DISPLAY or VIEWER_EMPTY.
    """
    open_viewer(trial)
    if block:
        import napari

        napari.run()


def open_viewer(trial: Trial) -> tuple[Any, ViewerHandles]:
    """Open the review window without running its event loop.

    Returns
    -------
    viewer : napari.Viewer
    handles : ViewerHandles

    Raises
    ------
    ViewerError
        VIEWER_MISSING, VIEWER_NO_DISPLAY or VIEWER_EMPTY.
    """
    scene = scene_of(trial)
    check_installed()
    check_display()
    import napari

    from mocap.viewer.curves import CurveDock

    viewer = napari.Viewer(title=f"{trial.trial_id} - mocap", ndisplay=3, axis_labels=("frame", "x", "y", "z"))
    viewer.window.resize(*_WINDOW_PX)
    viewer.theme = "dark"
    dock = CurveDock(scene.time_s, trial.angles)
    _lay_out(viewer, dock)
    handles = _add_layers(viewer, scene, trial, dock)
    _tie_time(handles)
    handles.look_from(FIRST_EYE)
    return viewer, handles


def project_to_canvas(viewer: Any, layer: Any, points_world: NDArray) -> NDArray:
    """Return canvas pixels, shape (n, 2) as x right and y down, at which world points (n, 3) are drawn now.

    They come from the transform of the scene graph that draws `layer`, so they are those of the picture itself.
    """
    node = viewer.window._qt_viewer.canvas.layer_to_visual[layer].node
    # The scene graph orders axes backwards: napari's last displayed axis is its first.
    mapped = node.get_transform("visual", "canvas").map(np.asarray(points_world, float)[:, ::-1])
    return mapped[:, :2] / mapped[:, 3:]


def canvas_size(viewer: Any) -> tuple[int, int]:
    """Return the width and height of the 3D canvas in px."""
    width, height = viewer.window._qt_viewer.canvas.view.rect.size
    return int(width), int(height)


def _add_layers(viewer: Any, scene: Scene, trial: Trial, dock: "CurveDock") -> ViewerHandles:
    bounds = bounds_of(scene)
    cameras_world = np.array([camera.centre_world for camera in trial.rig or ()]).reshape(-1, 3)
    box, facing = person_box(bounds), facing_of(scene, trial.forward_axis)
    zoom = sight_of(box, facing, canvas_size(viewer), FIRST_EYE, cameras_world).zoom
    # Two samples at both ends of the time axis: they alone set the range of the slider, whatever is missing when.
    ends = np.array([[0.0, *bounds.mean(axis=0)], [scene.n_frames - 1.0, *bounds.mean(axis=0)]])
    viewer.add_points(ends, name="time", visible=False)
    room, labels = _add_lab(viewer, trial, bounds, 0.5 * _LINE_PX / zoom)
    bones = None
    if len(scene.bones):
        bones = _add_surface(viewer, "bones", (*bone_mesh(scene, 0), bone_colours(scene)))
    first = markers_at(scene, 0)
    # Frame number in front: napari then draws the markers of the slider's frame or none, never those of another, and
    # heeds `shown`, which it does not for a layer without a time axis.
    markers = viewer.add_points(
        np.column_stack([np.zeros(len(first.shown)), first.position]),
        name=_marker_title(scene),
        size=_marker_diameter(zoom),
        face_color=first.face,
        border_color=first.border,
        border_width=0.11,
        shown=first.shown,
        features={"name": list(scene.names)},
    )
    viewer.layers.selection.active = markers
    return ViewerHandles(viewer, scene, markers, bones, labels, room, dock, box, cameras_world, trial.forward_axis)


def _add_lab(viewer: Any, trial: Trial, bounds: NDArray, radius_m: float) -> tuple[dict[str, Any], Any]:
    axes, words = world_axes()
    gravity, gravity_words = gravity_arrow(bounds, trial.gravity_known)
    words += gravity_words
    parts = {"floor": [floor_grid(bounds)], "axes": [axes] if gravity is None else [axes, gravity]}
    if trial.rig is not None:
        frusta, names = camera_frusta(trial.rig, frustum_depth(trial.rig, bounds))
        parts["cameras"], words = [frusta], words + names
    room = {name: _add_surface(viewer, name, line_mesh(lines, radius_m)) for name, lines in parts.items()}
    labels = viewer.add_points(
        np.array([word.position for word in words]),
        name="labels",
        size=1e-3,
        features={"text": [word.text for word in words]},
        text={
            "string": "{text}",
            "size": 11,
            "anchor": "center",
            "color": np.array([[*word.colour, 1.0] for word in words]),
        },
    )
    return room, labels


def _add_surface(viewer: Any, name: str, mesh: tuple[NDArray, NDArray, NDArray]) -> Any:
    vertices, faces, colours = mesh
    # Plain colours: a shaded line would change its side's colour with the light.
    return viewer.add_surface(
        (vertices.astype(np.float32), faces), vertex_colors=colours.astype(np.float32), name=name, shading="none"
    )


def _tie_time(handles: ViewerHandles) -> None:
    """Tie slider, skeleton, clock and curve together: the slider is the one that leads."""
    viewer, scene = handles.viewer, handles.scene
    clock = viewer.canvas.overlays.text
    clock.visible, clock.position, clock.font_size, clock.color = True, "top_left", 12, _TEXT_COLOUR

    def show(event: object = None) -> None:
        frame = handles.frame
        _draw(handles, frame)
        handles.dock.show_frame(frame)
        clock.text = (
            f"{scene.trial_id}   t = {scene.time_s[frame]:.3f} s   frame {frame} of {scene.n_frames - 1}"
        )

    viewer.dims.events.current_step.connect(show)
    handles.dock.frame_requested.connect(handles.set_frame)
    handles.dock.eye_requested.connect(handles.look_from)
    handles.set_frame(0)
    show()


def _draw(handles: ViewerHandles, frame: int) -> None:
    """Overwrite markers and bones in place: new arrays would make napari measure every layer again (4 x slower)."""
    now, layer = markers_at(handles.scene, frame), handles.markers
    if not np.array_equal(layer.shown, now.shown):
        layer.shown = now.shown
    if not np.array_equal(layer.face_color, now.face.astype(layer.face_color.dtype)):
        layer.face_color = now.face
    if not np.array_equal(layer.border_color, now.border.astype(layer.border_color.dtype)):
        layer.border_color = now.border
    layer.data[:, 0] = frame
    layer.data[:, 1:] = now.position
    layer.refresh(extent=False, thumbnail=False, highlight=False)
    if handles.bones is not None:
        handles.bones.vertices[:] = bone_mesh(handles.scene, frame)[0]
        handles.bones.refresh(extent=False, thumbnail=False, highlight=False)


def _lay_out(viewer: Any, dock: "CurveDock") -> None:
    """Give the window its sizes, on which the first view depends, and the canvas the room of the layer controls."""
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    frame = viewer.window.add_dock_widget(dock, name="angles", area="bottom")
    viewer.window._qt_viewer.dockLayerControls.setVisible(False)
    QApplication.processEvents()
    viewer.window._qt_window.resizeDocks([frame], [_DOCK_PX], Qt.Orientation.Vertical)
    QApplication.processEvents()


def _marker_diameter(zoom: float) -> float:
    """Return the markers' diameter in m: that of a real marker, or what can still be seen from afar."""
    return max(MARKER_DIAMETER_M, _SMALLEST_MARKER_PX / zoom)


def _marker_title(scene: Scene) -> str:
    return "markers" if scene.source == "points" else "markers (smoothed)"
