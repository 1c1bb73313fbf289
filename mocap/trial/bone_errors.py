"""How the errors of two points that a bone joins go together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.trial.checks import freeze


@dataclass(frozen=True, eq=False)
class BoneErrors:
    """Correlation of the errors of both ends of bones, along the bone; across it they are independent.

    With covariances P and Q of the ends, the direction d of the bone and the correlation r, the covariance of the two
    errors is r P d (Q d)^T / sqrt(d^T P d d^T Q d): what is known of the one along the bone tells of the other.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Names of points.
    correlation : ndarray of float32, shape (time, pair)
        From 0 to 1.
    """

    pairs: tuple[tuple[str, str], ...]
    correlation: NDArray

    def __post_init__(self) -> None:
        pairs = tuple((str(first), str(second)) for first, second in self.pairs)
        values = checked_array(self.correlation, "bone correlation", ("time", len(pairs)), np.float32)
        if not ((values >= 0.0) & (values <= 1.0)).all():
            raise ShapeError("A correlation of the ends of a bone is not from 0 to 1.", "Give 0 where it is not known.")
        freeze(self, pairs=pairs, correlation=values)


def checked_bone_errors(bone_errors: Any, names: tuple[str, ...], n_frames: int) -> BoneErrors | None:
    """Return what is known of bones of these points, or refuse that of others (ShapeError)."""
    if bone_errors is None:
        return None
    unknown = sorted({name for pair in bone_errors.pairs for name in pair} - set(names))
    if unknown or len(bone_errors.correlation) != n_frames:
        told = f"the points {unknown}" if unknown else f"{len(bone_errors.correlation)} frames"
        raise ShapeError(
            f"The errors of bones tell of {told}, which are not those of the points.",
            "Give what belongs to these points, or nothing.",
        )
    found: BoneErrors = bone_errors
    return found
