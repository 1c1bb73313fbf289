"""Spots of one camera linked over time: each tracklet is one spot as far as one camera alone can tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mocap.keypoints.markers.blobs import Blobs

_AREA_WEIGHT = 2.0  # px per doubling of the area


@dataclass
class _Tracks:
    """Ends of the tracklets that may go on."""

    ids: NDArray
    centre: NDArray
    velocity: NDArray
    area: NDArray
    missed: NDArray
    fresh: NDArray  # seen once: the velocity is unknown


class SpotLinker:
    """Gives the spots of one camera, frame by frame, the number of their tracklet.

    Each tracklet is expected where its velocity puts it; spots and tracklets are assigned to each other all at once,
    by the least sum of distances, within a gate that grows while a spot is missed.

    Parameters
    ----------
    gate_px : float
        Largest distance from the expected place; three times that for a tracklet of one spot, whose velocity is
        unknown.
    patience : int
        Frames after which a tracklet that was not seen ends.
    """

    def __init__(self, gate_px: float = 8.0, patience: int = 5) -> None:
        self.gate_px, self.patience, self._next = gate_px, patience, 0
        none = np.zeros(0)
        self._tracks = _Tracks(none.astype(int), np.zeros((0, 2)), np.zeros((0, 2)), none, none, none.astype(bool))

    def expected_px(self) -> NDArray:
        """Return where the living tracklets are expected in the next frame, shape (tracklet, 2)."""
        tracks = self._tracks
        return tracks.centre + tracks.velocity * (tracks.missed[:, None] + 1)

    @property
    def reach_px(self) -> NDArray:
        """How far from there each may be, shape (tracklet,)."""
        tracks = self._tracks
        return self.gate_px * np.where(tracks.fresh, 3.0, 1.0 + 0.5 * tracks.missed)

    def link(self, blobs: Blobs) -> NDArray:
        """Return the tracklet of every spot of the next frame, shape (blob,)."""
        tracks, centre, area = self._tracks, blobs.centre_px, blobs.area_px
        distance = np.linalg.norm(self.expected_px()[:, None] - centre[None], axis=-1)
        growth = np.abs(np.log2(np.maximum(area[None], 1e-3) / np.maximum(tracks.area[:, None], 1e-3)))
        near = distance <= self.reach_px[:, None]
        cost = np.where(near, distance + _AREA_WEIGHT * growth, 1e6)
        rows, columns = linear_sum_assignment(cost)
        good = near[rows, columns]
        rows, columns = rows[good], columns[good]
        ids = np.full(len(blobs), -1)
        ids[columns] = tracks.ids[rows]
        velocity = np.zeros((len(blobs), 2))
        velocity[columns] = (centre[columns] - tracks.centre[rows]) / (tracks.missed[rows, None] + 1)
        fresh = ids < 0
        ids[fresh] = self._next + np.arange(fresh.sum())
        self._next += int(fresh.sum())
        waiting = np.setdiff1d(np.arange(len(tracks.ids)), rows)
        waiting = waiting[tracks.missed[waiting] < self.patience]
        self._tracks = _Tracks(
            np.concatenate([ids, tracks.ids[waiting]]),
            np.concatenate([centre, tracks.centre[waiting]]),
            np.concatenate([velocity, tracks.velocity[waiting]]),
            np.concatenate([area, tracks.area[waiting]]),
            np.concatenate([np.zeros(len(blobs)), tracks.missed[waiting] + 1]),
            np.concatenate([fresh, tracks.fresh[waiting]]),
        )
        return ids


def link_blobs(blobs: Sequence[Blobs], gate_px: float = 8.0, patience: int = 5) -> list[NDArray]:
    """Return the tracklet of every spot of every frame of one camera; see `SpotLinker`.

    Returns
    -------
    list of ndarray of int, one per frame, shape (blob,)
    """
    linker = SpotLinker(gate_px, patience)
    return [linker.link(spots) for spots in blobs]
