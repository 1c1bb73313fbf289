"""Whether the points of a trial have the size of a person: a calibration in another unit shows in nothing else."""

import numpy as np

from mocap.readers.body_extent import body_points, extent, names_whole_legs
from mocap.trial import Points3D, Verdict

# The longest side of the median frame, from a child that crouches to a tall person with raised arms.
_SMALLEST_M, _LARGEST_M = 0.3, 2.5


def body_size_verdicts(points: Points3D) -> tuple[Verdict, ...]:
    """Judge how far the points of a frame reach; none where the labels do not name a person from the feet up."""
    reach = extent(body_points(points.position, points.names)) if names_whole_legs(points.names) else float("nan")
    if not np.isfinite(reach):
        return ()
    limit = _SMALLEST_M if reach < _SMALLEST_M else _LARGEST_M
    text = "the points of the median frame reach so far"
    if not _SMALLEST_M <= reach <= _LARGEST_M:
        text += "; no person does: check the unit and the scale of the calibration"
    return (Verdict("body size", reach, limit, "m", _SMALLEST_M <= reach <= _LARGEST_M, text),)
