"""How far joints go. A joint within its limits feels nothing; beyond, it is pulled back with a small sd.

The limits are wide: beyond what healthy people reach (American Academy of Orthopaedic Surgeons 1965 gives 120 deg of
hip flexion, 135 deg of knee flexion, 20 deg of dorsiflexion for one who stands), so that they bias no movement and only
keep what few markers show from folding over.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LIMIT_SD_RAD = float(np.deg2rad(2.0))

# Degrees, of the right side: flexion (of the knee: minus), adduction or varus, internal rotation.
_JOINTS = {
    "femur": ((-50.0, 160.0), (-70.0, 60.0), (-70.0, 70.0)),
    "shank": ((-170.0, 20.0), (-25.0, 25.0), (-50.0, 50.0)),
    "foot": ((-80.0, 70.0), (-60.0, 60.0), (-80.0, 80.0)),
}


def joint_limits(segments: Sequence[str]) -> tuple[NDArray, NDArray]:
    """Return the lower and upper limits, shape (segment, 3), rad, of each segment in its parent; infinite without."""
    low, high = np.full((len(segments), 3), -np.inf), np.full((len(segments), 3), np.inf)
    for index, segment in enumerate(segments):
        bone, _, side = segment.partition("_")
        if bone not in _JOINTS:
            continue
        bounds = np.deg2rad(_JOINTS[bone])
        if side == "l":
            bounds[1:] = -bounds[1:, ::-1]
        low[index], high[index] = bounds[:, 0], bounds[:, 1]
    return low, high
