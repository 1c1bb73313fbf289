"""The 3D scene in a napari viewer: its layers, drawn for one frame at a time."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.viewer.body_parts import (
    Balance,
    Mesh,
    axes_mesh,
    balance_mesh,
    balance_of,
    ellipsoid_scale,
    ellipsoids_mesh,
    trails_mesh,
)
from mocap.viewer.drawn import MovingMarkers, MovingMesh, load_letters, symbol_number, visual_of
from mocap.viewer.frustum_image import FrustumImage
from mocap.viewer.lab import (
    Label,
    Lines,
    bounds_of,
    camera_frusta,
    floor_grid,
    frustum_depth,
    gravity_arrow,
    line_mesh,
    plate_lines,
    world_axes,
)
from mocap.viewer.layers import (
    MARKER_DIAMETER_M,
    believed,
    bone_colours,
    bone_mesh,
    marker_sizes,
    markers_at,
)
from mocap.viewer.moment import Moment
from mocap.viewer.pauses import MAY_PAUSE, Steps
from mocap.viewer.picking import picked, point_words
from mocap.viewer.review import Review
from mocap.viewer.sight import facing_of, person_box, sight_of

FIRST_EYE = "front side"
_LINE_PX = 1.6
_SMALLEST_MARKER_PX = 8
_LETTERS_AT_ONCE = 5
_TEXT_COLOUR = "#e6e8ec"
AXES, UNCERTAINTY, BALANCE, TRAILS = "segment axes", "uncertainty", "balance", "trails"
ON_DEMAND = (AXES, UNCERTAINTY, BALANCE, TRAILS)
"""Layers that are hidden at first; their eyes in the list of layers show them."""


class Stage:
    """The layers of one trial, at the frame of a moment.

    Parameters
    ----------
    viewer : napari.Viewer
    review : Review
    moment : Moment

    Attributes
    ----------
    scene : Scene
    markers, bones : MovingMarkers, MovingMesh or None
    parts : dict of str to MovingMesh
        Those of `ON_DEMAND` that this trial has.
    lab : dict of str to napari layers
        `floor`, `axes`, and with a rig or force plates `cameras` and `force plates`.
    labels : napari Points layer
    picture : FrustumImage or None
        None without cameras.
    """

    def __init__(self, viewer: Any, review: Review, moment: Moment) -> None:
        trial = review.trial
        self.viewer, self.moment, self.review = viewer, moment, review
        self.scene = review.scene
        self.forward_axis = trial.forward_axis
        self._bounds = bounds_of(self.scene)
        self.cameras_world = np.array([camera.centre_world for camera in trial.rig or ()]).reshape(-1, 3)
        self.person_box = person_box(self._bounds)
        self.following, self._followed = False, self._middle(moment.frame)
        self._symbols = np.array([symbol_number("disc"), symbol_number("x")])
        self._balance: Balance | None = None
        self._ball_scale = 1
        self.lab: dict[str, Any] = {}
        self.parts: dict[str, MovingMesh] = {}
        self.picture: FrustumImage | None = None

    def add_person(self) -> Steps[None]:
        """Add what a person is watched with: floor, bones, markers; everything else rests on it."""
        viewer, scene = self.viewer, self.scene
        facing = facing_of(scene, self.review.trial.forward_axis)
        zoom = sight_of(self.person_box, facing, canvas_size(viewer), FIRST_EYE, self.cameras_world).zoom
        self._line_m = 0.5 * _LINE_PX / zoom
        self._add_time()
        yield MAY_PAUSE
        self._add_lines("floor", floor_grid(self._bounds))
        yield MAY_PAUSE
        self.bones = self._add_bones()
        yield MAY_PAUSE
        title = "markers" if scene.source == "points" else "markers (smoothed)"
        self.markers = MovingMarkers(viewer, title, scene.names, _marker_diameter(zoom), marker_sizes(scene))
        self.markers.layer.visible = False  # to add a layer and to paint it first take long, and need not be one step
        self.draw(self.moment.frame)
        yield MAY_PAUSE
        self.markers.layer.visible = True
        yield MAY_PAUSE
        words = viewer.canvas.overlays.text
        words.position, words.font_size, words.color, words.visible = "top_left", 11, _TEXT_COLOUR, False

    def add_rest(self) -> Steps[None]:
        """Add the lab around the person, and what is shown on demand, a layer a step; the chosen layer stays so."""
        for add in self._room():
            yield MAY_PAUSE
            chosen = self.viewer.layers.selection.active
            add()
            self.viewer.layers.selection.active = chosen

    def draw(self, frame: int) -> None:
        """Draw a frame."""
        now = markers_at(self.scene, frame)
        self.markers.draw(now.position, now.shown, now.face, now.border, self._symbols[now.rejected.astype(int)])
        if self.bones is not None and self.bones.layer.visible:
            self.bones.draw(bone_mesh(self.scene, frame)[0])
        for name, part in self.parts.items():
            if part.layer.visible:
                part.draw(self._mesh(name, frame).vertices)
        if self.moment.point:
            self._tell(frame)
        if self.following:
            self._follow(frame)

    def follow(self, on: bool) -> None:
        """Keep the person in the middle of the view, near enough to fill it, or let them walk through it."""
        self.following = on
        self._followed = self._middle(self.moment.frame)

    def _middle(self, frame: int) -> NDArray | None:
        """Return the middle of the person in a frame, shape (3,) in m, at a height of its own; None when unseen."""
        place = self.scene.position[frame][believed(self.scene.quality[frame])]
        return np.append(np.median(place[:, :2], axis=0), 0.0) if len(place) else None

    def _follow(self, frame: int) -> None:
        now = self._middle(frame)
        if now is None:
            return
        if self._followed is not None:
            camera = self.viewer.scene.camera
            camera.center = tuple(np.array(camera.center) + now - self._followed)
        self._followed = now

    def pick(self, at_px: NDArray) -> str:
        """Return the name of the point that is drawn at a place of the canvas, shape (2,) in px; empty for none."""
        if self.markers.layer not in self.viewer.layers:
            return ""  # somebody deleted it
        now = markers_at(self.scene, self.moment.frame)
        place = project_to_canvas(self.viewer, self.markers.layer, now.position)
        camera = self.viewer.scene.camera
        depth = now.position @ np.array(camera.view_direction)
        radius_px = 0.5 * float(np.max(self.markers.layer.size)) * camera.zoom
        found = picked(place, depth, now.shown, at_px, radius_px)
        return self.scene.names[found] if found >= 0 else ""

    def choose(self, name: str) -> None:
        """Draw the chosen point larger, and say what is known of it."""
        self.markers.choose(self.scene.names.index(name) if name in self.scene.names else -1)
        self._tell(self.moment.frame)

    def _tell(self, frame: int) -> None:
        words = self.viewer.canvas.overlays.text
        name = self.moment.point if self.moment.point in self.scene.names else ""
        if name:
            rig = self.review.trial.rig
            words.text = point_words(self.scene, self.review.parts, () if rig is None else rig.names, frame, name)
        if words.visible != bool(name):
            words.visible = bool(name)

    def show_review(self, review: Review) -> None:
        """Show the same recording with other corrections."""
        self.review, self.scene = review, review.scene
        self._balance = balance_of(self.scene, review.parts.centre_of_mass(), review.label_of)
        self.draw(self.moment.frame)

    def look_from(self, eye: str, cameras: bool = True) -> None:
        """Turn the view to one of `mocap.viewer.sight.EYES`, around the person as placed in the present frame.

        Without `cameras`, the person fills the canvas, whatever of the lab is out of it.
        """
        facing = facing_of(self.scene, self.forward_axis, self.moment.frame)
        others = self.cameras_world if cameras and eye == FIRST_EYE and not self.following else None
        view = sight_of(self._in_view(), facing, canvas_size(self.viewer), eye, others)
        camera = self.viewer.scene.camera
        camera.set_view_direction(tuple(view.direction), tuple(view.up))
        camera.center = tuple(view.centre)
        camera.zoom = view.zoom
        self.markers.resize(_marker_diameter(view.zoom))

    def _in_view(self) -> NDArray:
        """Return the corners, shape (8, 3) in m, of what has to be seen: where the person moves, or is now."""
        frame = self.moment.frame
        place = self.scene.position[frame][believed(self.scene.quality[frame])]
        if not self.following or not len(place):
            return self.person_box
        low, high = place.min(axis=0), place.max(axis=0)
        return person_box(np.stack([low, [*high[:2], max(high[2], self.person_box[:, 2].max())]]))

    def _mesh(self, name: str, frame: int) -> Mesh:
        scene = self.scene
        if name == AXES:
            return axes_mesh(self.review.parts.poses(frame))
        if name == UNCERTAINTY:
            return ellipsoids_mesh(scene, frame, self.review.parts.covariance(frame), self._ball_scale)
        if name == BALANCE and self._balance is not None:
            return balance_mesh(scene, self._balance, frame)
        return trails_mesh(scene, frame, self._trailed(), self.moment.rate_hz)

    def _trailed(self) -> NDArray:
        return np.arange(len(self.scene.names))

    def _add_time(self) -> None:
        # Two samples at both ends of the time axis: they alone set the range of the slider, whatever is missing when.
        middle = self._bounds.mean(axis=0)
        ends = np.array([[0.0, *middle], [self.scene.n_frames - 1.0, *middle]])
        self.viewer.add_points(ends, name="time", visible=False)

    def _add_picture(self) -> None:
        rig = self.review.trial.rig
        if rig is not None:
            self.picture = FrustumImage(self.viewer, rig, frustum_depth(rig, self._bounds))

    def _add_bones(self) -> MovingMesh | None:
        if not len(self.scene.bones):
            return None
        vertices, faces = bone_mesh(self.scene, self.moment.frame)
        return MovingMesh(self.viewer, "bones", vertices, faces, bone_colours(self.scene))

    def _room(self) -> Iterator[Callable[[], None]]:
        """Return what adds each further layer."""
        trial = self.review.trial
        axes, words = world_axes()
        gravity, gravity_words = gravity_arrow(self._bounds, trial.gravity_known)
        words += gravity_words
        lines = {"axes": [axes] if gravity is None else [axes, gravity]}
        if trial.rig is not None:
            frusta, names = camera_frusta(trial.rig, frustum_depth(trial.rig, self._bounds))
            lines["cameras"], words = [frusta], words + names
        if trial.force_plates:
            plates, names = plate_lines(trial.force_plates)
            lines["force plates"], words = [plates], words + names
        for name, parts in lines.items():
            yield partial(self._add_lines, name, *parts)
        yield partial(self._add_labels, words)
        letters = sorted(set("".join(word.text for word in words)))
        for first in range(0, len(letters), _LETTERS_AT_ONCE):
            yield partial(load_letters, self.viewer, self.labels, letters[first : first + _LETTERS_AT_ONCE])
        yield self._show_labels
        if trial.rig is not None:
            yield self._add_picture
        for name, title in self._titles().items():
            yield partial(self._add_part, name, title)

    def _titles(self) -> dict[str, str]:
        """Return what is shown on demand, with its words in the list of layers."""
        parts, middle = self.review.parts, self.scene.n_frames // 2
        covariance = np.concatenate([parts.covariance(self.moment.frame), parts.covariance(middle)])
        self._balance = balance_of(self.scene, parts.centre_of_mass(), self.review.label_of)
        self._ball_scale = ellipsoid_scale(covariance)
        there = {
            AXES: len(parts.segment_names) > 0,
            UNCERTAINTY: bool(np.isfinite(covariance).any()),
            BALANCE: self._balance is not None,
            TRAILS: self.scene.n_frames > 1,
        }
        words = {UNCERTAINTY: f"uncertainty (95 %, drawn x {self._ball_scale})", TRAILS: "trails (1 s)"}
        return {name: words.get(name, name) for name in ON_DEMAND if there[name]}

    def _add_part(self, name: str, title: str) -> None:
        mesh = self._mesh(name, self.moment.frame)
        opacity = 0.5 if name == UNCERTAINTY else 1.0
        part = MovingMesh(self.viewer, title, mesh.vertices, mesh.faces, mesh.colours, opacity)
        part.layer.visible = False
        part.layer.events.visible.connect(self._shown_again(name))
        self.parts[name] = part

    def _shown_again(self, name: str) -> Callable[[object], None]:
        def draw(event: object = None) -> None:
            if self.parts[name].layer.visible:
                self.parts[name].draw(self._mesh(name, self.moment.frame).vertices)

        return draw

    def _add_lines(self, name: str, *lines: Lines) -> None:
        vertices, faces, colours = line_mesh(lines, self._line_m)
        self.lab[name] = self.viewer.add_surface(
            (vertices.astype(np.float32), faces), vertex_colors=colours.astype(np.float32), name=name, shading="none"
        )

    def _show_labels(self) -> None:
        self.labels.visible = True

    def _add_labels(self, words: list[Label]) -> None:
        # Hidden until its letters are loaded: all at once they would hold the window up.
        self.labels = self.viewer.add_points(
            np.array([word.position for word in words]),
            name="labels",
            size=1e-3,
            visible=False,
            features={"text": [word.text for word in words]},
            text={
                "string": "{text}",
                "size": 11,
                "anchor": "center",
                "color": np.array([[*word.colour, 1.0] for word in words]),
            },
        )


def project_to_canvas(viewer: Any, layer: Any, points_world: NDArray) -> NDArray:
    """Return canvas pixels, shape (n, 2) as x right and y down, at which world points (n, 3) are drawn now.

    They come from the transform of the scene graph that draws `layer`, so they are those of the picture itself.
    """
    # The scene graph orders axes backwards: napari's last displayed axis is its first.
    transform = visual_of(viewer, layer).node.get_transform("visual", "canvas")
    mapped = transform.map(np.asarray(points_world, float)[:, ::-1])
    return mapped[:, :2] / mapped[:, 3:]


def canvas_size(viewer: Any) -> tuple[int, int]:
    """Return the width and height of the 3D canvas in px."""
    width, height = viewer.window._qt_viewer.canvas.view.rect.size
    return int(width), int(height)


def _marker_diameter(zoom: float) -> float:
    """Return the markers' diameter in m: that of a real marker, or what can still be seen from afar."""
    return max(MARKER_DIAMETER_M, _SMALLEST_MARKER_PX / zoom)
