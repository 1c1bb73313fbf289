"""Boards in the footage as bodies: each frame of each board is one, all of them in the order of time.

One board is the ordinary case, and its bodies are its frames. Several boards, on a wall and in a hand or one for
each half of a room, are refined together; the first of them is the main one, which floors and figures refer to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import ShapeError
from calibration.observations import BoardObservations
from calibration.solve.bundle_system import BundleState, board_views
from calibration.solve.bundle_views import Views, joined_views
from calibration.solve.refinement import Refinement


@dataclass(frozen=True, eq=False)
class BoardFootage:
    """Usable views of one board or several by the same cameras.

    Attributes
    ----------
    boards : tuple of BoardObservations
        The main board first.
    usable : tuple of ndarray of bool, shape (camera, frame)
        Views of each board that fix its pose.
    board : ndarray of int, shape (body,)
        Which board each body is.
    frame : ndarray of int, shape (body,)
        Position on the frame axis of that board's observations.
    """

    boards: tuple[BoardObservations, ...]
    usable: tuple[NDArray, ...]
    board: NDArray
    frame: NDArray

    @property
    def n_bodies(self) -> int:
        """Number of bodies."""
        return len(self.board)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Names in the order of the `camera` axis."""
        return self.boards[0].camera_names

    @property
    def image_sizes(self) -> NDArray:
        """Width and height in px, shape (camera, 2)."""
        return self.boards[0].image_sizes

    @property
    def frame_ids(self) -> NDArray:
        """Index in the footage of each body's frame, shape (body,)."""
        ids = np.empty(self.n_bodies, dtype=np.int64)
        for index, observations in enumerate(self.boards):
            own = self.bodies_of(index)
            ids[own] = observations.frame_ids[self.frame[own]]
        return ids

    def bodies_of(self, board: int) -> NDArray:
        """Return the positions of one board's bodies."""
        return np.flatnonzero(self.board == board)

    def usable_bodies(self) -> NDArray:
        """Return which camera has a usable view of which body, shape (camera, body)."""
        usable = np.zeros((len(self.camera_names), self.n_bodies), dtype=bool)
        for index, own in enumerate(self.usable):
            bodies = self.bodies_of(index)
            usable[:, bodies] = own[:, self.frame[bodies]]
        return usable

    def pixels_of(self, board: int) -> NDArray:
        """Return what all cameras saw of one board's bodies, shape (camera, own body, corner, 2)."""
        return self.boards[board].pixels[:, self.frame[self.bodies_of(board)]]

    def views(self, fisheye: NDArray) -> Views:
        """Return the views of all bodies; `fisheye` has one flag per camera."""
        parts = [
            board_views(self.pixels_of(index), fisheye, observations.board.corners_board)
            for index, observations in enumerate(self.boards)
        ]
        if len(parts) == 1:
            return parts[0]
        order = np.concatenate([self.bodies_of(index) for index in range(len(self.boards))])
        return _renumbered(joined_views(parts), order)

    def observed(self) -> "BodyObservations":
        """Return the corners of all bodies, padded to the board with the most corners."""
        n_corners = max(observations.board.n_corners for observations in self.boards)
        pixels = np.full((len(self.camera_names), self.n_bodies, n_corners, 2), np.nan)
        for index, observations in enumerate(self.boards):
            pixels[:, self.bodies_of(index), : observations.board.n_corners] = self.pixels_of(index)
        return BodyObservations(self.camera_names, self.image_sizes, pixels, self.frame_ids)


@dataclass(frozen=True, eq=False)
class BodyObservations:
    """Corners of bodies of several boards, with the axes of `BoardObservations`: a frame is a body.

    Attributes
    ----------
    camera_names : tuple of str
    image_sizes : ndarray of int, shape (camera, 2)
    pixels : ndarray, shape (camera, body, corner, 2)
        NaN where not seen, or where the body's board has fewer corners.
    frame_ids : ndarray of int, shape (body,)
    """

    camera_names: tuple[str, ...]
    image_sizes: NDArray
    pixels: NDArray
    frame_ids: NDArray

    @property
    def n_frames(self) -> int:
        """Number of bodies."""
        return len(self.frame_ids)

    @property
    def seen(self) -> NDArray:
        """Which corners were seen, shape (camera, body, corner)."""
        return np.asarray(np.isfinite(self.pixels[..., 0]))

    def views(self) -> NDArray:
        """Return which camera saw which body at all, shape (camera, body)."""
        return np.asarray(self.seen.any(axis=2))


def board_footage(boards: Sequence[BoardObservations], usable: Sequence[NDArray]) -> BoardFootage:
    """Sort the frames of all boards that any camera can use by time.

    Parameters
    ----------
    boards : sequence of BoardObservations
    usable : sequence of ndarray of bool, shape (camera, frame)
        Of each board.
    """
    frames = [np.flatnonzero(own.any(axis=0)) for own in usable]
    board = np.repeat(np.arange(len(boards)), [len(own) for own in frames])
    frame = np.concatenate(frames)
    ids = np.concatenate([part.frame_ids[own] for part, own in zip(boards, frames, strict=True)])
    order = np.lexsort((board, ids))
    return BoardFootage(tuple(boards), tuple(usable), board[order], frame[order])


def check_same_cameras(boards: Sequence[BoardObservations]) -> None:
    """Refuse observations of several boards that are not of the same cameras.

    Raises
    ------
    ShapeError
    """
    first = boards[0]
    for other in boards[1:]:
        if other.camera_names != first.camera_names or not np.array_equal(other.image_sizes, first.image_sizes):
            raise ShapeError(
                f"The boards were seen by the cameras {list(first.camera_names)} and {list(other.camera_names)}, or at "
                "different image sizes.",
                "Give for every board the corners of the same cameras in the same order; NaN where one saw nothing.",
            )


def refinement_of_board(refinement: Refinement, bodies: NDArray, n_corners: int) -> Refinement:
    """Return what a refinement says of one board: its bodies, shape (own body,), renumbered from 0."""
    if len(bodies) == len(refinement.placed):
        return refinement
    state = refinement.state
    every, rows = _only(refinement.every_view, bodies, n_corners)
    final, _ = _only(refinement.problem.views, bodies, n_corners)
    return replace(
        refinement,
        state=BundleState(state.lenses, state.cam_from_world, state.world_from_board[bodies]),
        problem=replace(refinement.problem, views=final),
        every_view=every,
        kept=refinement.kept[rows][:, :n_corners],
        placed=refinement.placed[bodies],
    )


def _only(views: Views, bodies: NDArray, n_corners: int) -> tuple[Views, NDArray]:
    """Views of bodies of one target, and their rows."""
    place = np.full(views.n_bodies, -1)
    place[bodies] = np.arange(len(bodies))
    rows = np.flatnonzero(place[views.body] >= 0)
    target = views.targets[views.body_target[bodies[0]]]
    own = Views(
        views.camera[rows], place[views.body[rows]], views.pixels[rows, :n_corners], views.seen[rows, :n_corners],
        views.fisheye, target[None, :n_corners], np.zeros(len(bodies), np.int64),
    )  # fmt: skip
    return own, rows


def _renumbered(views: Views, new: NDArray) -> Views:
    """Give each body a new number, shape (body,), and sort the rows by it."""
    body = new[views.body]
    order = np.lexsort((views.camera, body))
    target = np.empty_like(views.body_target)
    target[new] = views.body_target
    return Views(
        views.camera[order], body[order], views.pixels[order], views.seen[order], views.fisheye, views.targets, target
    )
