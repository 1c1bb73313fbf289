"""Markers followed from frame to frame in the world, by the spots of all cameras at once."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from calibration import CameraRig
from mocap.keypoints.markers.blobs import Blobs
from mocap.keypoints.markers.candidates import find_candidates, robust_points, spot_pixels
from mocap.keypoints.markers.options import LabelOptions
from mocap.keypoints.markers.rigidity import Rigidity, expected_from_neighbours, implausible

_MOST_LOST_GATE = 3.0  # times the gate of a lost marker, after long
_GROWTH = 0.1  # of that gate per frame lost
_UNIQUE, _CLOSE_M = 2.0, 0.01  # a second point must be so much farther


@dataclass
class Follower:
    """State of all markers.

    Attributes
    ----------
    rig : CameraRig
    options : LabelOptions
    rigidity : Rigidity
    position : ndarray, shape (marker, 3)
        Of the last frame; NaN where lost.
    velocity : ndarray, shape (marker, 3)
        m per frame.
    shape : ndarray, shape (marker, 3)
        Of the template, in any frame: tells where markers are beside each other that were never seen.
    """

    rig: CameraRig
    options: LabelOptions
    rigidity: Rigidity
    position: NDArray
    shape: NDArray
    velocity: NDArray = field(init=False)
    known: NDArray = field(init=False)  # last known position
    missing: NDArray = field(init=False)  # frames since
    snapshot: NDArray = field(init=False)  # all markers when each was last seen
    never: NDArray = field(init=False)  # not yet seen

    def __post_init__(self) -> None:
        n = len(self.position)
        self.velocity, self.known = np.zeros((n, 3)), self.position.copy()
        self.missing = np.where(np.isfinite(self.position).all(axis=1), 0, 10**6)
        self.never = self.missing > 0
        self.snapshot = np.where(self.never[:, None, None], self.shape[None], self.position[None])

    def step(self, spots: list[Blobs]) -> tuple[NDArray, NDArray]:
        """Label the spots of the next frame.

        Parameters
        ----------
        spots : list of Blobs, one per camera
            Usable ones.

        Returns
        -------
        spot : ndarray of int, shape (marker, camera)
            -1 where there is none.
        position : ndarray, shape (marker, 3)
            NaN where fewer than two cameras agree.
        """
        centres = [blobs.centre_px for blobs in spots]
        expected, gate_m = self._expected()
        spot = self._assigned(centres, expected, self._gate_px(expected, gate_m))
        position, used = robust_points(self.rig, spot_pixels(centres, spot), self.options.limit_px)
        jumped = np.linalg.norm(position - expected, axis=1) > gate_m
        position[jumped] = np.nan
        # Again, now that most cameras have told where the marker is: narrow, so that crossings come apart.
        again = np.where(np.isfinite(position).all(axis=1, keepdims=True), position, np.nan)
        limit = np.full((len(self.rig), len(position)), self.options.limit_px)
        spot = self._assigned(centres, again, limit)
        position, used = robust_points(self.rig, spot_pixels(centres, spot), self.options.limit_px)
        spot[~used.T] = -1
        self._drop(spot, position, implausible(position, self.rigidity, self.options.rigid_limit_m))
        self._recover(centres, spot, position)
        self._drop_shared(spots, spot, position)
        self._remember(position)
        return spot, position

    def _expected(self) -> tuple[NDArray, NDArray]:
        """Expected positions, and how far from there a marker may be, m."""
        coasting = self.missing <= self.options.coast_frames
        expected = np.where(coasting[:, None], self.known + self.velocity * (self.missing[:, None] + 1), np.nan)
        return expected, self.options.gate_m * (1.0 + 0.25 * np.minimum(self.missing, 4))

    def _gate_px(self, expected: NDArray, gate_m: NDArray) -> NDArray:
        """Shape (camera, marker)."""
        depth = np.stack([expected @ camera.cam_from_world[2, :3] + camera.cam_from_world[2, 3] for camera in self.rig])
        focal = np.array([camera.matrix[0, 0] for camera in self.rig])[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(depth > 0, focal * gate_m / depth, 0.0)

    def _assigned(self, centres: list[NDArray], expected: NDArray, gate_px: NDArray) -> NDArray:
        spot = np.full((len(expected), len(centres)), -1)
        projected = self.rig.project(expected)
        for camera, own in enumerate(centres):
            distance = np.linalg.norm(projected[camera][:, None] - own[None], axis=-1)
            gate = np.broadcast_to(np.nan_to_num(gate_px[camera])[:, None], distance.shape)
            near = np.isfinite(distance) & (distance <= gate)
            if not near.any():
                continue
            cost = np.where(near, np.where(near, distance, 0.0) / np.maximum(gate, 1e-9), 4.0)
            rows, columns = linear_sum_assignment(cost)
            good = near[rows, columns]
            spot[rows[good], camera] = columns[good]
        return spot

    @staticmethod
    def _drop(spot: NDArray, position: NDArray, gone: NDArray) -> None:
        spot[gone], position[gone] = -1, np.nan

    def _recover(self, centres: list[NDArray], spot: NDArray, position: NDArray) -> None:
        """Give points that nobody claims to lost markers that are expected there and fit their rigid neighbours."""
        known = np.isfinite(position).all(axis=1)
        everyone = np.arange(len(known))
        lost = np.flatnonzero(~known & np.isfinite(self.snapshot[everyone, everyone]).all(axis=1))
        if not len(lost):
            return
        expected = expected_from_neighbours(lost, position, self.snapshot[lost], known, self.rigidity)
        gate = self.options.lost_gate_m * np.minimum(1.0 + _GROWTH * self.missing[lost], _MOST_LOST_GATE)
        gate[self.never[lost]] = self.options.lost_gate_m  # the template's neighbours do not get worse with time
        places = self._free_near(centres, spot, expected, self._gate_px(expected, gate))
        free = [own[place] for own, place in zip(centres, places, strict=True)]
        found = find_candidates(self.rig, free, self.options.limit_px)
        if not len(found):
            return
        distance = np.linalg.norm(expected[:, None] - found.position_world[None], axis=-1)
        near = np.isfinite(distance) & (distance <= gate[:, None])
        rows, columns = linear_sum_assignment(np.where(near, np.where(near, distance, 0.0) / gate[:, None], 4.0))
        for row, column in zip(rows, columns, strict=True):
            if not near[row, column] or _contested(distance, row, column):
                continue
            marker = lost[row]
            trial = position.copy()
            trial[marker] = found.position_world[column]
            if implausible(trial, self.rigidity, self.options.rigid_limit_m)[marker]:
                continue
            position[marker] = trial[marker]
            for camera, place in enumerate(places):
                own = found.spot[column, camera]
                spot[marker, camera] = place[own] if own >= 0 else -1

    def _free_near(self, centres: list[NDArray], spot: NDArray, expected: NDArray, gate_px: NDArray) -> list[NDArray]:
        """Places of the spots that nobody has and that lie where a lost marker is expected."""
        projected, places = self.rig.project(expected), []
        for camera, own in enumerate(centres):
            free = np.setdiff1d(np.arange(len(own)), spot[:, camera])
            distance = np.linalg.norm(projected[camera][:, None] - own[free][None], axis=-1)
            places.append(free[(distance <= gate_px[camera][:, None]).any(axis=0)])
        return places

    def _drop_shared(self, spots: list[Blobs], spot: NDArray, position: NDArray) -> None:
        """Leave out spots that show two markers at once: another one without a spot of its own is right there."""
        projected = self.rig.project(position)
        for camera, blobs in enumerate(spots):
            labelled = np.flatnonzero(spot[:, camera] >= 0)
            without = np.flatnonzero((spot[:, camera] < 0) & np.isfinite(projected[camera]).all(axis=1))
            if not len(labelled) or not len(without):
                continue
            own = spot[labelled, camera]
            distance = np.linalg.norm(blobs.centre_px[own][:, None] - projected[camera][without][None], axis=-1)
            shared = (distance < blobs.axes_px[own, :1] + 1.0).any(axis=1)
            spot[labelled[shared], camera] = -1

    def _remember(self, position: NDArray) -> None:
        seen = np.isfinite(position).all(axis=1)
        steady = seen & (self.missing <= self.options.coast_frames)
        step = (position - self.known) / (self.missing[:, None] + 1.0)
        self.velocity = np.where(steady[:, None], step, np.where(seen[:, None], 0.0, self.velocity))
        self.known = np.where(seen[:, None], position, self.known)
        self.missing = np.where(seen, 0, np.minimum(self.missing + 1, 10**6))
        self.position = position
        # Where a neighbour is lost too, its last known place would mislead: it stays unknown.
        self.snapshot[seen] = position
        self.never &= ~seen


def _contested(distance: NDArray, row: int, column: int) -> bool:
    """Whether another point is nearly as near to the marker, or another lost marker to the point."""
    own = distance[row, column]
    rivals = np.concatenate([np.delete(distance[row], column), np.delete(distance[:, column], row)])
    return bool((rivals < _UNIQUE * own + _CLOSE_M).any())
