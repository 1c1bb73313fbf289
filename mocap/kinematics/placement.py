"""What the placement of landmarks leaves in changes of an angle: the gradient of the difference."""

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.bone_axes import bone_axes
from mocap.kinematics.gradients import gradient_rows
from mocap.kinematics.landmarks import SPINOUS, Landmarks, for_placement
from mocap.kinematics.models import build_body
from mocap.kinematics.outcomes import all_outcomes

_MOST = 25  # frames of each part that are looked at
_SPREAD = 200  # frames that stand for the whole trial


@dataclass(frozen=True, eq=False)
class Placement:
    """How the angles of a trial depend on where its landmarks were placed; made by `mocap.kinematics.kinematics`.

    Misplaced landmarks of the pelvis shift the hip centre also by the size of the pelvis that they show; the leg length
    counts as known.
    """

    found: Landmarks
    body: Body
    sd_m: float

    def change_sd(self, name: str, from_frames: NDArray, to_frames: NDArray) -> float:
        """Return the standard uncertainty (rad) that placement leaves in a change of an angle.

        Every landmark is off by `sd_m` in each direction of its bone, independently, and stays so over the trial and
        its static.

        Parameters
        ----------
        name : str
        from_frames, to_frames : ndarray of int or of bool, shape (n,) or (time,)
            As for `mocap.trial.change_between`; of more than 25 frames 25 are looked at.

        Returns
        -------
        float
            NaN where the angle is in none of the frames of one part, and for keypoints, which nobody placed.
        """
        if self.body.setting.kind == "keypoints":
            return float("nan")
        parts = [_thinned(frames) for frames in (from_frames, to_frames)]
        frames = np.concatenate([*parts, self._spread])
        seen = for_placement(self.found, frames, bone_axes=bone_axes(self.body, frames))
        setting = replace(self.body.setting, placement_pass=True)
        body = build_body(seen.points, seen.poses, setting, self.body.zeros, self.body.heading)
        angle = all_outcomes(body)[name].angle
        if angle is None:
            return float("nan")
        rows = gradient_rows(angle)
        means = []
        for part in np.split(rows, np.cumsum([len(part) for part in parts]))[:2]:
            there = np.isfinite(part).all(axis=1)
            if not there.any():
                return float("nan")
            means.append(part[there].mean(axis=0))
        return float(self.sd_m * np.linalg.norm(means[1] - means[0]))

    @functools.cached_property
    def _spread(self) -> NDArray:
        """Return frames of the whole trial, which tells how far apart spinous markers are; none without such."""
        if not any(name in self.found.points for name in SPINOUS):
            return np.empty(0, int)
        return np.unique(np.linspace(0, self.body.n_frames - 1, _SPREAD).round().astype(int))


def _thinned(frames: NDArray) -> NDArray:
    frames = np.atleast_1d(frames)
    frames = np.flatnonzero(frames) if frames.dtype == bool else frames.astype(int)
    return frames[np.unique(np.linspace(0, len(frames) - 1, _MOST).round().astype(int))] if len(frames) else frames
