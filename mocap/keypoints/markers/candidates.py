"""Points in the world on which the spots of several cameras agree, before anybody knows which marker they are."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import sampson_distance_px, triangulate

_MOST_PAIRS = 4000  # pairs of spots looked at per frame: the best ones


@dataclass(frozen=True, eq=False)
class Candidates:
    """Points seen by two cameras or more.

    Attributes
    ----------
    position_world : ndarray, shape (candidate, 3)
        m.
    spot : ndarray of int, shape (candidate, camera)
        Its spot in every camera, -1 where there is none.
    error_px : ndarray, shape (candidate,)
        Root mean square reprojection error.
    """

    position_world: NDArray
    spot: NDArray
    error_px: NDArray

    def __len__(self) -> int:
        return len(self.position_world)

    @property
    def n_views(self) -> NDArray:
        """Shape (candidate,)."""
        return (self.spot >= 0).sum(axis=1)


def find_candidates(rig: CameraRig, centres_px: list[NDArray], gate_px: float = 2.0, min_views: int = 2) -> Candidates:
    """Match the spots of all cameras at one instant by their rays.

    Every pair of spots of two cameras whose rays meet is a proposal; the other cameras vote with the spot nearest its
    projection. The proposals with most views, and of these the best, are taken first; a spot is used once.

    Parameters
    ----------
    rig : CameraRig
    centres_px : list of ndarray, one per camera, shape (spot, 2)
    gate_px : float
        Largest distance between a spot and a point's projection.
    min_views : int
    """
    spot, miss = paired_spots(rig, centres_px, gate_px)
    spot = spot[np.argsort(miss, kind="stable")[:_MOST_PAIRS]]
    position = triangulate(rig, spot_pixels(centres_px, spot))
    spot, error, position = _refined(rig, centres_px, position, spot, gate_px)
    order = np.lexsort((error, -(spot >= 0).sum(axis=1)))
    used = [np.zeros(len(centres), bool) for centres in centres_px]
    kept: list[int] = []
    for index in order:
        own = spot[index]
        for camera in np.flatnonzero(own >= 0):
            if used[camera][own[camera]]:
                own[camera] = -1
        if (own >= 0).sum() < min_views:
            continue
        kept.append(index)
        for camera in np.flatnonzero(own >= 0):
            used[camera][own[camera]] = True
    chosen = spot[kept].reshape(-1, len(rig))
    chosen, error, position = _refined(rig, centres_px, position[kept], chosen, gate_px, vote=False)
    good = ((chosen >= 0).sum(axis=1) >= min_views) & (error <= gate_px)
    return Candidates(position[good], chosen[good], error[good])


def paired_spots(rig: CameraRig, centres_px: list[NDArray], gate_px: float) -> tuple[NDArray, NDArray]:
    """Return pairs of spots, shape (pair, camera), -1 elsewhere, whose rays meet, and how far they miss, px."""
    rays = [camera.undistort(centres)[0] for camera, centres in zip(rig, centres_px, strict=True)]
    found, misses = [], []
    for a, b in combinations(range(len(rig)), 2):
        miss = sampson_distance_px(rig.cameras[a], rig.cameras[b], rays[a][:, None], rays[b][None])
        first, second = np.nonzero(miss <= gate_px)
        spot = np.full((len(first), len(rig)), -1)
        spot[:, a], spot[:, b] = first, second
        found.append(spot)
        misses.append(miss[first, second])
    spot, miss = np.concatenate(found), np.concatenate(misses)
    return spot, miss


def spot_pixels(centres_px: list[NDArray], spot: NDArray) -> NDArray:
    """Return the pixels, shape (camera, point, 2), of spots (point, camera); NaN for -1."""
    pixels = np.full((len(centres_px), len(spot), 2), np.nan)
    for camera, centres in enumerate(centres_px):
        seen = spot[:, camera] >= 0
        pixels[camera, seen] = centres[spot[seen, camera]]
    return pixels


def reprojection_px(rig: CameraRig, pixels: NDArray, position: NDArray) -> NDArray:
    """Return the distances, shape (camera, point), of pixels from projected points; NaN where there is no pixel."""
    return np.linalg.norm(rig.project(position) - pixels, axis=-1)


def _refined(
    rig: CameraRig, centres_px: list[NDArray], position: NDArray, spot: NDArray, gate_px: float, vote: bool = True
) -> tuple[NDArray, NDArray, NDArray]:
    """Add the views that agree, triangulate again, and leave out what then does not fit."""
    spot = spot.copy()
    if vote:
        projected = rig.project(position)
        for camera, centres in enumerate(centres_px):
            if not len(centres) or not len(position):
                continue
            distance = np.linalg.norm(projected[camera][:, None] - centres[None], axis=-1)
            distance = np.where(np.isfinite(distance), distance, np.inf)
            nearest = distance.argmin(axis=1)
            near = distance[np.arange(len(nearest)), nearest] <= gate_px
            spot[:, camera] = np.where(spot[:, camera] >= 0, spot[:, camera], np.where(near, nearest, -1))
    pixels = spot_pixels(centres_px, spot)
    position = triangulate(rig, pixels)
    miss = reprojection_px(rig, pixels, position)
    bad = ~(np.isnan(pixels[..., 0]) | (miss <= gate_px))
    spot[bad.T] = -1
    if bad.any():
        pixels = spot_pixels(centres_px, spot)
        position = triangulate(rig, pixels)
        miss = reprojection_px(rig, pixels, position)
    seen = np.isfinite(miss)
    count = np.maximum(seen.sum(axis=0), 1)
    error = np.sqrt((np.where(seen, miss, 0.0) ** 2).sum(axis=0) / count)
    return spot, np.where(np.isfinite(position).all(axis=1), error, np.inf), position


def robust_points(
    rig: CameraRig, pixels: NDArray, limit_px: float, rounds: int = 2
) -> tuple[NDArray, NDArray]:
    """Triangulate, leaving out views that do not fit.

    Where some view misses by more than the limit, the view whose absence leaves the others in best agreement goes;
    two views that disagree are no point.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, point, 2)
    limit_px : float
    rounds : int
        How many views may go.

    Returns
    -------
    position : ndarray, shape (point, 3)
        NaN where no two views agree.
    used : ndarray of bool, shape (camera, point)
    """
    pixels = pixels.copy()
    position = triangulate(rig, pixels)
    worst = _worst(reprojection_px(rig, pixels, position))
    for _ in range(rounds):
        bad = np.flatnonzero(worst > limit_px)
        bad = bad[np.isfinite(pixels[:, bad, 0]).sum(axis=0) >= 3]
        if not len(bad):
            break
        trials = np.repeat(pixels[None, :, bad], len(rig), axis=0)  # (left out, camera, point, 2)
        trials[np.arange(len(rig)), np.arange(len(rig))] = np.nan
        points = triangulate(rig, np.moveaxis(trials, 0, 1))
        miss = _worst(np.linalg.norm(rig.project(points) - np.moveaxis(trials, 0, 1), axis=-1))
        miss = np.where(np.isfinite(pixels[:, bad, 0]), miss, np.inf)
        gone = miss.argmin(axis=0)
        pixels[gone, bad] = np.nan
        position[bad] = points[gone, np.arange(len(bad))]
        worst[bad] = miss[gone, np.arange(len(bad))]
    good = worst <= limit_px
    position[~good] = np.nan
    return position, np.isfinite(pixels[..., 0]) & good


def _worst(miss: NDArray) -> NDArray:
    """Largest of the first axis; inf where nothing is known."""
    known = np.isfinite(miss)
    return np.where(known.any(axis=0), np.where(known, miss, 0.0).max(axis=0), np.inf)

