"""A trial as plain napari layers, for programs that read files without a window. Needs neither napari nor a display."""

from typing import Any

import numpy as np

from mocap.trial import Trial
from mocap.viewer.layers import Quality, marker_colours, scene_of


def plain_layers(trial: Trial) -> list[tuple[Any, dict[str, Any], str]]:
    """Return the drawn points of a trial as one Points layer: data of shape (n, 4), frame and x, y, z in metres.

    Raises
    ------
    ViewerError
        VIEWER_EMPTY.
    """
    scene = scene_of(trial)
    frame, point = np.nonzero(scene.quality != Quality.HIDDEN)
    data = np.column_stack([frame, scene.position[frame, point]])
    sides = tuple(scene.sides[one] for one in point)
    face, _ = marker_colours(sides, scene.quality[frame, point])
    names = np.array(scene.names)[point]
    known = {"name": trial.trial_id, "size": 0.03, "face_color": face, "features": {"name": names}}
    return [(data, known | {"axis_labels": ("frame", "x", "y", "z")}, "points")]
