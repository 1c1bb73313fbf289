"""What the viewer draws, as plain arrays: markers and bones of one frame. Needs neither napari nor a display.

Every layer is drawn frame by frame: the arrays of one frame have the same shape as those of any other, so that
the viewer overwrites them in place and a step in time costs the same in a trial of 100 frames and of 100 000.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ViewerError
from mocap.schema import Status
from mocap.skeleton import side_of
from mocap.trial import Points3D, Trial
from mocap.viewer.meshes import tubes

UP_WORLD = np.array([0.0, 0.0, 1.0])
SIDES = ("left", "right", "centre")
# Blue, orange and light grey stay apart under every common colour blindness and on a dark ground.
SIDE_COLOUR = {"left": (0.25, 0.69, 1.0), "right": (1.0, 0.55, 0.10), "centre": (0.86, 0.86, 0.86)}
EDGE_COLOUR = (0.05, 0.05, 0.07)
EDITED_COLOUR = (1.0, 1.0, 1.0)
REJECTED_COLOUR = (0.93, 0.35, 0.75)
HOLLOW = 0.22
BONE_SHADE = 0.62
MARKER_DIAMETER_M = 0.036
BONE_RADIUS_M = 0.009
BONE_GAP_M = 0.02
LONE_SHARE = 0.6
BONE_CORNERS = 6


class Quality(IntEnum):
    """How a sample is drawn."""

    HIDDEN = 0
    MEASURED = 1
    FILLED = 2
    EDITED = 3
    REJECTED = 4


@dataclass(frozen=True, eq=False)
class Scene:
    """A trial made ready for drawing.

    Attributes
    ----------
    trial_id : str
    source : str
        Which points these are: `points` or `points_smoothed`.
    names : tuple of str
    position : ndarray, shape (time, keypoint, 3)
        World, metres, as stored: what must not be drawn is named by `quality`.
    quality : ndarray of uint8, shape (time, keypoint)
        Values of `Quality`.
    sides : tuple of str
        `left`, `right` or `centre` of each keypoint.
    bones : ndarray of int, shape (bone, 2)
        Indices of keypoints.
    bone_sides : tuple of str
    time_s : ndarray, shape (time,)
    """

    trial_id: str
    source: str
    names: tuple[str, ...]
    position: NDArray
    quality: NDArray
    sides: tuple[str, ...]
    bones: NDArray
    bone_sides: tuple[str, ...]
    time_s: NDArray

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return self.position.shape[0]


@dataclass(frozen=True, eq=False)
class MarkerFrame:
    """The markers of one frame.

    Attributes
    ----------
    position : ndarray, shape (keypoint, 3)
        World, metres; finite also where nothing is shown.
    shown : ndarray of bool, shape (keypoint,)
        Rejected samples are shown too, and bear nothing.
    rejected : ndarray of bool, shape (keypoint,)
        Drawn as crosses.
    face, border : ndarray, shape (keypoint, 4)
        RGBA in [0, 1]: filled samples are hollow, edited ones have a white rim.
    """

    position: NDArray
    shown: NDArray
    rejected: NDArray
    face: NDArray
    border: NDArray


def scene_of(trial: Trial) -> Scene:
    """Return what there is to draw of a trial: its smoothed points when it has them, else its points.

    Raises
    ------
    ViewerError
        VIEWER_EMPTY when the trial has no frames or no points.
    """
    points = trial.points if trial.points_smoothed is None else trial.points_smoothed
    if points.n_frames == 0 or not points.names:
        raise ViewerError(
            f"Trial '{trial.trial_id}' has {points.n_frames} frames of {len(points.names)} points.",
            "Open a trial with at least one frame and one point.",
            code="VIEWER_EMPTY",
        )
    index = {name: number for number, name in enumerate(points.names)}
    known = [bone for bone in trial.bones if bone[0] in index and bone[1] in index]
    bones = np.array([[index[first], index[second]] for first, second in known], dtype=int).reshape(-1, 2)
    sides = tuple(side_of(name) for name in points.names)
    return Scene(
        trial_id=trial.trial_id,
        source="points" if trial.points_smoothed is None else "points_smoothed",
        names=points.names,
        position=points.position,
        quality=quality_of(points),
        sides=sides,
        bones=bones,
        bone_sides=tuple(_bone_side(sides[first], sides[second]) for first, second in bones),
        time_s=points.time_s,
    )


def quality_of(points: Points3D) -> NDArray:
    """Return how each sample is drawn, shape (time, keypoint), uint8: values of `Quality`.

    Missing and infinite samples are hidden; a sample that is both filled and edited counts as edited, and one that is
    rejected counts as nothing else.
    """
    finite = np.isfinite(points.position).all(axis=2)
    status = np.asarray(points.status)
    rejected = (status & np.uint8(Status.REJECTED)) != 0
    quality = np.full(finite.shape, Quality.MEASURED, dtype=np.uint8)
    quality[(status & np.uint8(Status.FILLED)) != 0] = Quality.FILLED
    quality[(status & np.uint8(Status.EDITED)) != 0] = Quality.EDITED
    quality[rejected] = Quality.REJECTED
    quality[~finite] = Quality.HIDDEN
    return quality


def believed(quality: NDArray) -> NDArray:
    """Return which samples are there and not rejected, of the shape of `quality`: bones and views rest on them."""
    return (quality != Quality.HIDDEN) & (quality != Quality.REJECTED)


def markers_at(scene: Scene, frame: int) -> MarkerFrame:
    """Return the markers of one frame; as many rows in every frame."""
    quality = scene.quality[frame]
    shown = quality != Quality.HIDDEN
    position = scene.position[frame]
    # A hidden marker waits where a shown one is, so that it stretches no bounding box.
    spare = position[shown][0] if shown.any() else np.zeros(3)
    face, border = marker_colours(scene.sides, quality)
    return MarkerFrame(
        np.where(shown[:, None], position, spare), shown, quality == Quality.REJECTED, face, border
    )


def marker_colours(sides: tuple[str, ...], quality: NDArray) -> tuple[NDArray, NDArray]:
    """Return face and border colours, each (keypoint, 4) RGBA, of samples of the given sides and qualities."""
    colour = np.array([SIDE_COLOUR[side] for side in sides]).reshape(-1, 3)
    filled = (quality == Quality.FILLED)[:, None]
    edited = (quality == Quality.EDITED)[:, None]
    rejected = (quality == Quality.REJECTED)[:, None]
    face = np.where(rejected, REJECTED_COLOUR, np.where(filled, HOLLOW * colour, colour))
    border = np.where(filled, colour, np.where(edited, EDITED_COLOUR, np.where(rejected, REJECTED_COLOUR, EDGE_COLOUR)))
    opaque = np.ones((len(colour), 1))
    return np.hstack([face, opaque]), np.hstack([border, opaque])


def marker_sizes(scene: Scene) -> NDArray:
    """Return the diameter of each point, shape (keypoint,), as a part of that of a marker.

    Points of no bone (clusters, what a recording program computed) are smaller, where there are bones: what the
    skeleton rests on is what one looks at.
    """
    sizes = np.full(len(scene.names), LONE_SHARE if len(scene.bones) else 1.0)
    sizes[scene.bones.ravel()] = 1.0
    return sizes


def bone_ends(scene: Scene, frame: int) -> tuple[NDArray, NDArray]:
    """Return the ends, each (bone, 3) in metres, of the bones of one frame, between points that are believed.

    Bones stop short of the middle of their markers, which would otherwise hide behind them. A bone with an end that
    is not shown has no length, and so no picture.
    """
    sound = believed(scene.quality[frame])
    first, second = scene.bones.T
    whole = (sound[first] & sound[second])[:, None]
    position = np.where(sound[:, None], scene.position[frame], 0.0)
    start, end = position[first], position[second]
    start, end = np.where(whole, start, 0.0), np.where(whole, end, 0.0)
    length = np.linalg.norm(end - start, axis=1, keepdims=True)
    share = np.minimum(BONE_GAP_M / np.maximum(length, BONE_GAP_M), 0.3)
    gap = share * (end - start)
    return start + gap, np.where(whole, end - gap, start + gap)


def bone_mesh(scene: Scene, frame: int) -> tuple[NDArray, NDArray]:
    """Return vertices (n, 3) in metres and triangles (m, 3) of the bones of one frame; both of fixed size."""
    return tubes(*bone_ends(scene, frame), radius=BONE_RADIUS_M, corners=BONE_CORNERS)


def bone_colours(scene: Scene) -> NDArray:
    """Return the colours, shape (vertex, 4) RGBA, of `bone_mesh`; darker than the markers of that side."""
    colour = np.array([SIDE_COLOUR[side] for side in scene.bone_sides]).reshape(-1, 3) * BONE_SHADE
    return np.repeat(np.hstack([colour, np.ones((len(colour), 1))]), 2 * BONE_CORNERS, axis=0)


def _bone_side(first: str, second: str) -> str:
    """A bone from the middle to a side is of that side; one from side to side is of the middle."""
    sides = {first, second} - {"centre"}
    return sides.pop() if len(sides) == 1 else "centre"
