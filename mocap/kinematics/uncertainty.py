"""Standard uncertainties of angles from the covariance of points, to first order: J Sigma J^T."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.bone_errors import Tie, add_ties
from mocap.kinematics.tape.evaluate import Spread, uncertainties
from mocap.kinematics.traced import Scalar, evaluate, evaluate_gradients

ISB_FROM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""ISB axes (X forward, Y up, Z right) from our world (X forward, Y left, Z up)."""

LANDMARK_SD_M = 0.005
"""Default standard uncertainty of palpation, per landmark and axis. A choice of this project, not a measurement."""


def random_sd(angle: Scalar, covariance: Mapping[str, NDArray]) -> NDArray:
    """Return the frame-to-frame standard uncertainty of an angle.

    Parameters
    ----------
    angle : Scalar
        With its gradients by source.
    covariance : mapping of str to ndarray, shape (time, 3, 3)
        Of each source, in m², in the axes of the gradients. Sources are taken as independent of each other,
        but for the ties of `Covariances`.

    Returns
    -------
    ndarray, shape (time,)
        rad; NaN where the angle or a covariance that matters is missing.
    """
    return random_sds([angle], covariance)[0]


def random_sds(
    angles: Sequence[Scalar],
    covariance: Mapping[str, NDArray],
    into: Sequence[NDArray] | None = None,
    values_into: Sequence[NDArray] | None = None,
) -> list[NDArray]:
    """Return what `random_sd` does for many angles, in one pass over the frames; their values are computed with it.

    Both are written to the arrays, shape (time,), that are given for them; values that were computed before are not.
    """
    traced = [place for place, angle in enumerate(angles) if angle.grad]
    spread = _spread(dict.fromkeys(source for place in traced for source in angles[place].grad), covariance)
    nodes = [node for angle in angles for node in angle.nodes]
    sums = [angles[place].grad_terms for place in traced]
    found = dict(
        zip(traced, uncertainties(sums, spread, nodes, into and [into[place] for place in traced]), strict=True)
    )
    Scalar.keep_values(angles, values_into)
    sds = []
    for place, angle in enumerate(angles):
        if place not in found:
            found[place] = np.empty(angle.value.shape) if into is None else into[place]
            found[place][:] = np.nan
        # The sd is NaN where any angle of its own sum is, and has to be told only of what was left out besides.
        if not set(angle.value_nodes) <= {node for _, node, _ in angle.grad_terms}:
            found[place][~np.isfinite(angle.value)] = np.nan
        sds.append(found[place])
    if isinstance(covariance, Covariances):
        add_ties(sds, angles, covariance.ties)
    return sds


def _spread(sources: Iterable[str], covariance: Mapping[str, NDArray]) -> Spread:
    if isinstance(covariance, Covariances):
        return covariance.spread
    names = list(sources)
    matrices = [np.asarray(covariance[name], float) for name in names]
    stacked = np.stack(matrices, axis=1) if matrices else np.empty((0, 0, 3, 3))
    return Spread(stacked, {name: column for column, name in enumerate(names)}, False)


class Covariances(Mapping[str, NDArray]):
    """Covariances, shape (time, 3, 3) in m² and ISB axes, of landmarks, read where the points keep them.

    Parameters
    ----------
    matrices : ndarray, shape (time, keypoint, 3, 3)
        Of all points, in the Z-up world.
    columns : mapping of str to int
        Which of them each landmark is.
    ties : sequence of Tie
        Landmarks whose errors go together; all others are independent of each other.
    """

    def __init__(self, matrices: NDArray, columns: Mapping[str, int], ties: Sequence[Tie] = ()) -> None:
        self.spread = Spread(matrices, columns, True)
        self.ties = ties

    def __getitem__(self, name: str) -> NDArray:
        matrix = np.asarray(self.spread.matrices[:, self.spread.columns[name]], float)
        return ISB_FROM_WORLD @ matrix @ ISB_FROM_WORLD.T

    def __iter__(self) -> Iterator[str]:
        return iter(self.spread.columns)

    def __len__(self) -> int:
        return len(self.spread.columns)


def landmark_sd(angle: Scalar, sd_m: float = LANDMARK_SD_M) -> float:
    """Return the standard uncertainty (rad) of an angle from landmark placement, one figure for the trial.

    Every landmark is off by `sd_m` in each direction, independently, and stays so over the trial. The figure is the
    median over frames; NaN when the angle is never there. For tilt it is sd / pelvic depth.
    """
    return landmark_sds([angle], sd_m)[0]


def landmark_sds(angles: Sequence[Scalar], sd_m: float = LANDMARK_SD_M) -> list[float]:
    """Return what `landmark_sd` does for many angles, in one pass over the frames."""
    evaluate(angles)
    evaluate_gradients(angles)
    found = []
    for angle in angles:
        variance = sum((np.sum(np.square(rows), axis=1) for rows in angle.grad.values()), np.zeros(len(angle.value)))
        variance = variance[np.isfinite(variance) & np.isfinite(angle.value)]
        found.append(float(sd_m * np.sqrt(np.median(variance))) if len(variance) else float("nan"))
    return found
