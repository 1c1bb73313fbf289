"""Changes of an angle between two parts of one trial, with what of its uncertainty does not cancel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ShapeError
from mocap.trial.angles import JointAngles
from mocap.trial.scalars import doubted_one

_INDEPENDENT = np.ones(1)


@dataclass(frozen=True)
class Change:
    """How much an angle changes, with its standard uncertainty in five parts, in rad.

    Attributes
    ----------
    value_rad : float
        Mean over the later frames minus mean over the earlier ones; NaN where one of them shows nothing.
    random_rad : float
        Noise of the points. NaN where they came without covariance.
    landmark_rad : float
        What is left of landmark placement: most of it is in both parts alike, and cancels.
    soft_tissue_rad : float
        Kept whole, since skin moves with the posture; NaN where no figure is known.
    n_from, n_to : int
        Frames that were used.
    gravity_rad : float
        The most that the uncertainty of the vertical leaves in any change of the trial; NaN where it is not known.
    hip_centre_rad : float
        The most that the error of the hip centres leaves in any change of the trial; NaN where nothing tells it.
    doubted_from, doubted_to : int
        Frames that have a value and were left out for a flag to doubt it.
    """

    value_rad: float
    random_rad: float
    landmark_rad: float
    soft_tissue_rad: float
    n_from: int
    n_to: int
    gravity_rad: float = float("nan")
    hip_centre_rad: float = float("nan")
    doubted_from: int = 0
    doubted_to: int = 0

    @property
    def uncertainty_rad(self) -> float:
        """Root of the sum of squares of the parts that are known; NaN when none is."""
        parts = np.array([self.random_rad, self.landmark_rad, self.soft_tissue_rad, self.gravity_rad,
                          self.hip_centre_rad])  # fmt: skip
        known = parts[np.isfinite(parts)]
        return float(np.sqrt((known**2).sum())) if len(known) else float("nan")


def change_between(
    angles: JointAngles,
    name: str,
    from_frames: NDArray,
    to_frames: NDArray,
    correlation: NDArray = _INDEPENDENT,
    landmark_rad: float | None = None,
) -> Change:
    """Return the change of one angle from some frames of a trial to others.

    Parameters
    ----------
    angles : JointAngles
    name : str
    from_frames, to_frames : ndarray of int or of bool, shape (n,) or (time,)
        Frames without a value are left out, those with a flag to doubt it (`mocap.trial.doubted`), and filled ones,
        whose sd is not known, where others have one.
    correlation : ndarray, shape (lag,)
        Of the noise of two frames by their distance, 1 first and 0 beyond the last, as a filter leaves it
        (`mocap.signal.linear.noise_correlation`); left out: the points are not filtered, and their frames independent.
    landmark_rad : float, optional
        What placement leaves in this very change (`mocap.kinematics.Placement`); left out: the most that it leaves in
        any change of the trial.

    Returns
    -------
    Change
        Frames that were picked because they are extreme carry a bias beside this: the largest of many noisy values is
        too large.

    Raises
    ------
    ShapeError
        When there is no such angle or frame, or a correlation does not begin with 1.
    """
    correlation = np.asarray(correlation, float)
    if correlation.ndim != 1 or not len(correlation) or abs(correlation[0] - 1.0) > 1e-9:
        raise ShapeError("The correlation of the noise does not begin with 1.", "Give it from a distance of 0 on.")
    index = angles.names.index(name) if name in angles.names else -1
    values = angles[name]  # says what there is when there is no such angle
    sd = angles.sd[:, index]
    flagged = doubted_one(angles, index)
    asked = [_numbers(frames, len(values)) for frames in (from_frames, to_frames)]
    start, stop = (_usable(frames[~flagged[frames]], values, sd) for frames in asked)
    left_out = [int(flagged[frames].sum()) for frames in asked]
    landmark = angles.u_landmark_change[index] if landmark_rad is None else landmark_rad
    if not len(start) or not len(stop):
        unknown = float("nan")
        return Change(unknown, unknown, unknown, unknown, len(start), len(stop), unknown, unknown, *left_out)
    fixed = angles.u_static[index]
    moving = np.sqrt(np.maximum(sd**2 - (fixed**2 if np.isfinite(fixed) else 0.0), 0.0))
    frames = np.concatenate([start, stop])
    weights = np.concatenate([np.full(len(start), -1.0 / len(start)), np.full(len(stop), 1.0 / len(stop))])
    return Change(
        value_rad=float(values[stop].mean() - values[start].mean()),
        random_rad=float(np.sqrt(max(_variance(frames, weights * moving[frames], correlation), 0.0))),
        landmark_rad=float(landmark),
        soft_tissue_rad=float(angles.u_sta[index]),
        n_from=len(start),
        n_to=len(stop),
        gravity_rad=float(angles.u_gravity_change[index]),
        hip_centre_rad=float(angles.u_hip_centre_change[index]),
        doubted_from=left_out[0],
        doubted_to=left_out[1],
    )


def _numbers(frames: NDArray, n: int) -> NDArray:
    """Return frames by their numbers, of those of a mask or from the end too."""
    frames = np.atleast_1d(frames)
    if len(frames) != n if frames.dtype == bool else ((frames < -n) | (frames >= n)).any():
        raise ShapeError(
            f"The angles have {n} frames; some of those asked for are beyond.",
            f"Give numbers from 0 to {n - 1} (from the end -1 to -{n}), or a mask of {n}.",
        )
    frames = np.flatnonzero(frames) if frames.dtype == bool else frames.astype(int)
    return np.where(frames < 0, frames + n, frames)


def _usable(frames: NDArray, values: NDArray, sd: NDArray) -> NDArray:
    """Return the frames that have a value, and an sd where any has one."""
    frames = frames[np.isfinite(values[frames])]
    known = np.isfinite(sd[frames])
    return frames[known] if known.any() else frames


def _variance(frames: NDArray, parts: NDArray, correlation: NDArray) -> float:
    """Return the variance of a sum of parts (SDs with their weights) whose noise is correlated over time."""
    apart = np.abs(frames[:, None] - frames[None, :])
    between = np.where(apart < len(correlation), correlation[np.minimum(apart, len(correlation) - 1)], 0.0)
    return float(parts @ between @ parts)
