"""What became of every observation, by camera and keypoint, and whether enough is left to go on with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.kernels import MEASURED
from mocap.reconstruction.options import ReconstructionOptions
from mocap.trial import Keypoints2D

FEWEST_FRAMES = 10
_FEWEST_KEYPOINTS = 3
_QUARTER = 0.25
_NAMED = 4
_PRESENT = 0.9


@dataclass(frozen=True, eq=False)
class Losses:
    """What became of the observations, as shares of the frames in 0 to 1.

    Attributes
    ----------
    camera_names, keypoint_names : tuple of str
    unseen, unconfident, alone, disagreeing, used : ndarray, shape (camera, keypoint)
        Not in the file; below the least confidence; there and confident, but in one view, which makes no point;
        left out of the point, or the point could not be found; part of the point. They add up to 1.
    found : ndarray, shape (keypoint,)
        Share of the frames with a point.
    """

    camera_names: tuple[str, ...]
    keypoint_names: tuple[str, ...]
    unseen: NDArray
    unconfident: NDArray
    alone: NDArray
    disagreeing: NDArray
    used: NDArray
    found: NDArray

    def words(self, limit: float = _PRESENT) -> tuple[str, ...]:
        """Say of the keypoints found in less than `limit` of the frames which cameras lost them, worst first."""
        worst = [int(k) for k in np.argsort(self.found, kind="stable") if self.found[k] < limit]
        sentences = [self._keypoint_words(keypoint) for keypoint in worst[:_NAMED]]
        if len(worst) > _NAMED:
            sentences.append(f"{len(worst) - _NAMED} more keypoints are found in less than {100 * limit:.0f} %")
        return tuple(sentences)

    def _keypoint_words(self, keypoint: int) -> str:
        parts = []
        for camera in np.argsort(self.used[:, keypoint], kind="stable"):
            shares = {
                "not seen": self.unseen[camera, keypoint],
                "not confident": self.unconfident[camera, keypoint],
                "the only view": self.alone[camera, keypoint],
                "disagreeing": self.disagreeing[camera, keypoint],
            }
            told = [f"{what} {100 * share:.0f} %" for what, share in shares.items() if share >= 0.05]
            if told:
                parts.append(f"{self.camera_names[camera]} {', '.join(told)}")
        name, share = self.keypoint_names[keypoint], 100 * self.found[keypoint]
        return f"{name} is found in {share:.0f} % of the frames: {'; '.join(parts) or 'all cameras used'}"


def usable_observations(keypoints: Keypoints2D, options: ReconstructionOptions | None = None) -> NDArray:
    """Return which observations are there and confident enough, shape (camera, time, keypoint)."""
    least = max((options or ReconstructionOptions()).min_confidence, 1e-9)
    return np.isfinite(keypoints.pixels).all(axis=-1) & (keypoints.confidence >= least)


def what_became(
    used: NDArray, reason: NDArray, keypoints: Keypoints2D, usable: NDArray, camera_names: tuple[str, ...]
) -> Losses:
    """Tell what became of every observation.

    Parameters
    ----------
    used : ndarray of bool, shape (camera, time, keypoint)
        Observations that a point was fitted to.
    reason : ndarray of uint8, shape (time, keypoint)
        Of `mocap.reconstruction.kernels`.
    keypoints : Keypoints2D
        What the points were made of.
    usable : ndarray of bool, shape (camera, time, keypoint)
        Of `usable_observations`.
    camera_names : tuple of str
    """
    seen = np.isfinite(keypoints.pixels).all(axis=-1)
    alone = usable & (usable.sum(axis=0) == 1)
    return Losses(
        camera_names, keypoints.names, (~seen).mean(axis=1), (seen & ~usable).mean(axis=1), alone.mean(axis=1),
        (usable & ~alone & ~used).mean(axis=1), used.mean(axis=1), (reason == MEASURED).mean(axis=0),
    )  # fmt: skip


def enough_found(found: NDArray, seen: NDArray) -> tuple[bool, int]:
    """Return whether a recording holds enough points to go on with, and how many of its frames hold a good part.

    One good stretch is enough: somebody may walk in late. Nothing is left where fewer than ten frames (half of a
    shorter recording) hold a quarter of the keypoints that were seen, and nowhere at least three keypoints are found
    in half of ten frames in a row.

    Parameters
    ----------
    found : ndarray of bool, shape (time, keypoint)
    seen : ndarray of bool, shape (keypoint,)
        Keypoints that any camera showed.
    """
    n_frames = len(found)
    least = min(_FEWEST_KEYPOINTS, max(int(seen.sum()), 1))
    full = int((found.sum(axis=1) >= max(_QUARTER * seen.sum(), 1)).sum())
    if full >= min(FEWEST_FRAMES, n_frames / 2):
        return True, full
    window = min(FEWEST_FRAMES, n_frames)
    sums = np.cumsum(np.vstack([np.zeros((1, found.shape[1]), int), found]), axis=0)
    often = sums[window:] - sums[:-window] >= window / 2
    return bool((often.sum(axis=1) >= least).any()), full
