"""What the joint refinement moves, and the views that it rests on: one row per camera and body."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# How views are cut into chunks does not depend on the number of threads, and so neither do the sums.
_CHUNKS = 16
_CHUNK_VIEWS = 100


@dataclass(frozen=True, eq=False)
class BundleState:
    """Everything the refinement moves.

    Attributes
    ----------
    lenses : ndarray, shape (camera, 12)
        fx, fy, cx, cy in px, then k1 k2 p1 p2 k3 k4 k5 k6, or k1 k2 k3 k4 0 0 0 0 for a fisheye.
    cam_from_world : ndarray, shape (camera, 4, 4)
        Metres.
    world_from_board : ndarray, shape (body, 4, 4)
        Metres. Of one board, a body is a frame.
    """

    lenses: NDArray
    cam_from_world: NDArray
    world_from_board: NDArray


@dataclass(frozen=True, eq=False)
class Views:
    """What all cameras saw: one row per camera and body, sorted by body and within it by camera.

    Attributes
    ----------
    camera, body : ndarray of int, shape (view,)
    pixels : ndarray, shape (view, corner, 2)
        0 where not seen.
    seen : ndarray of bool, shape (view, corner)
    fisheye : ndarray of bool, shape (camera,)
    targets : ndarray, shape (target, corner, 3)
        Metres, in the frame of the body.
    body_target : ndarray of int, shape (body,)
        What each body is.
    """

    camera: NDArray
    body: NDArray
    pixels: NDArray
    seen: NDArray
    fisheye: NDArray
    targets: NDArray
    body_target: NDArray

    @property
    def n_cameras(self) -> int:
        """Number of cameras."""
        return len(self.fisheye)

    @property
    def n_bodies(self) -> int:
        """Number of bodies."""
        return len(self.body_target)

    def with_seen(self, seen: NDArray) -> "Views":
        """Return the same views with other corners, shape (view, corner), counted."""
        return replace(self, seen=seen)

    def body_chunks(self) -> NDArray:
        """Return where to cut the bodies into chunks with about as many views each, shape (chunk + 1,)."""
        n_chunks = min(_CHUNKS, max(len(self.camera) // _CHUNK_VIEWS, 1))
        if n_chunks == 1:
            return np.array([0, self.n_bodies])
        inner = self.body[(np.arange(1, n_chunks) * len(self.camera)) // n_chunks]
        return np.concatenate([[0], inner, [self.n_bodies]])

    def body_starts(self) -> NDArray:
        """Return the row at which the views of each body begin, shape (body + 1,)."""
        return np.searchsorted(self.body, np.arange(self.n_bodies + 1))


def board_views(pixels: NDArray, fisheye: NDArray, corners_board: NDArray) -> Views:
    """Sort what all cameras saw of one target; views without a corner go.

    Parameters
    ----------
    pixels : ndarray, shape (camera, frame, corner, 2)
        NaN where not seen.
    fisheye : ndarray of bool, shape (camera,)
    corners_board : ndarray, shape (corner, 3)
        Metres.
    """
    seen = np.isfinite(pixels).all(axis=-1)
    body, camera = np.nonzero(seen.any(axis=2).T)
    own = seen[camera, body]
    # A copy that may be written to: for arrays that may not, as those of wands, every loop would be compiled once more.
    target = np.array(corners_board, float)[None]
    return Views(
        camera.astype(np.int64), body.astype(np.int64), np.where(own[..., None], pixels[camera, body], 0.0), own,
        np.asarray(fisheye, bool), target, np.zeros(pixels.shape[1], np.int64),
    )  # fmt: skip


def joined_views(parts: list[Views]) -> Views:
    """Put the views of several targets seen by the same cameras together; bodies count on from part to part."""
    n_corners = max(part.targets.shape[1] for part in parts)
    bodies = np.cumsum([0, *(part.n_bodies for part in parts)])
    kinds = np.cumsum([0, *(len(part.targets) for part in parts)])

    def wide(values: NDArray, mode: Literal["constant", "edge"] = "constant") -> NDArray:
        missing = [(0, n_corners - values.shape[1] if axis == 1 else 0) for axis in range(values.ndim)]
        return np.pad(values, missing, mode)

    return Views(
        np.concatenate([part.camera for part in parts]),
        np.concatenate([part.body + first for part, first in zip(parts, bodies, strict=False)]),
        np.concatenate([wide(part.pixels) for part in parts]),
        np.concatenate([wide(part.seen) for part in parts]),
        parts[0].fisheye,
        np.concatenate([wide(part.targets, "edge") for part in parts]),
        np.concatenate([part.body_target + first for part, first in zip(parts, kinds, strict=False)]),
    )
