"""Corners of one board as all cameras saw them, frame by frame: what calibration starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.arrays import checked_array
from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.errors import ShapeError
from calibration.image_points import ImagePoints, checked_pixels, checked_sizes

_OUTSIDE_PX = 2.0
_OUTSIDE_SHARE = 0.1  # stray corners are the solver's to leave out; of swapped sizes a third lie outside
_FILLED = 3  # corners in exactly one such place


@dataclass(frozen=True, eq=False)
class BoardObservations(ImagePoints):
    """Corners of a moving board in the images of synchronised cameras.

    Attributes
    ----------
    board : Board or TagObject
    camera_names : tuple of str
        In the order of the `camera` axis.
    image_sizes : ndarray of int, shape (camera, 2)
        Width and height in px.
    pixels : ndarray, shape (camera, frame, corner, 2)
        In px, the centre of the top-left pixel at (0, 0); NaN where not seen.
    frame_ids : ndarray of int, shape (frame,)
        Index of each frame in the footage, strictly increasing. A frame is one moment of all cameras.
    """

    board: Board | TagObject
    camera_names: tuple[str, ...]
    image_sizes: NDArray[np.int64]
    pixels: NDArray[np.float64]
    frame_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        names = tuple(str(name) for name in self.camera_names)
        if not names or len(set(names)) != len(names):
            raise ShapeError(f"The camera names {list(names)} are empty or doubled.", "Name each camera once.")
        pixels = checked_pixels(self.pixels, len(names), self.board.n_corners, "corner")
        sizes = checked_sizes(self.image_sizes, len(names))
        _check_inside(pixels, sizes, names)
        frame_ids = checked_array(self.frame_ids, "frame_ids", (pixels.shape[1],), np.int64)
        if (np.diff(frame_ids) <= 0).any():
            raise ShapeError("frame_ids are not strictly increasing.", "Give each frame once, in order of time.")
        object.__setattr__(self, "camera_names", names)
        object.__setattr__(self, "image_sizes", sizes)
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "frame_ids", frame_ids)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which corners were seen, shape (camera, frame, corner)."""
        return ~np.isnan(self.pixels[..., 0])

    def views(self) -> NDArray[np.bool_]:
        """Return where a camera saw any corner, shape (camera, frame)."""
        return np.asarray(self.seen.any(axis=2))

    def views_per_camera(self) -> NDArray[np.int64]:
        """Return the number of frames in which each camera saw the board, shape (camera,)."""
        return self.views().sum(axis=1).astype(np.int64)

    def shared_views(self) -> NDArray[np.int64]:
        """Return the number of frames that two cameras both saw, shape (camera, camera); own views on the diagonal."""
        views = self.views().astype(np.int64)
        return views @ views.T

    def subset_frames(self, frames: ArrayLike) -> "BoardObservations":
        """Return the observations of some frames.

        Parameters
        ----------
        frames : array-like of bool, shape (frame,), or of int
            A mask, or positions on the frame axis (not `frame_ids`), in increasing order.
        """
        index = np.asarray(frames)
        if index.size == 0 and index.dtype != bool:
            index = index.astype(np.int64)
        if index.dtype == bool and index.shape != (self.n_frames,):
            raise ShapeError(
                f"The frame mask has shape {index.shape}, expected ({self.n_frames},).", "Give one flag per frame."
            )
        return BoardObservations(
            self.board, self.camera_names, self.image_sizes, self.pixels[:, index], self.frame_ids[index]
        )

    def subset_cameras(self, names: Sequence[str]) -> "BoardObservations":
        """Return the observations of the named cameras, in that order; frames stay.

        Raises
        ------
        ShapeError
            When a name is not among the cameras.
        """
        unknown = [name for name in names if name not in self.camera_names]
        if unknown:
            raise ShapeError(
                f"Cameras {unknown} are not among {list(self.camera_names)}.", "Name the cameras as in the footage."
            )
        index = [self.camera_names.index(name) for name in names]
        return BoardObservations(
            self.board, tuple(names), self.image_sizes[index], self.pixels[index], self.frame_ids
        )


def _check_inside(pixels: NDArray, sizes: NDArray, names: tuple[str, ...]) -> None:
    """Refuse corners that no image of this size shows, and missing ones that are given as a number."""
    for own, (width, height), name in zip(pixels, sizes, names, strict=True):
        x, y = own[..., 0], own[..., 1]
        for filler in (0.0, -1.0):
            filled = int(((x == filler) & (y == filler)).sum())
            if filled >= _FILLED:
                raise ShapeError(
                    f"Camera '{name}': {filled} corners lie exactly at ({filler:g}, {filler:g}).",
                    "Mark a corner that was not seen by NaN in both coordinates, not by a number.",
                )
        with np.errstate(invalid="ignore"):
            inside = (x > -_OUTSIDE_PX) & (x < width - 1 + _OUTSIDE_PX) & (y > -_OUTSIDE_PX)
            inside &= y < height - 1 + _OUTSIDE_PX
        seen = int(np.isfinite(x).sum())
        if seen - int(inside.sum()) > _OUTSIDE_SHARE * seen:
            raise ShapeError(
                f"Camera '{name}': {seen - int(inside.sum())} of {seen} corners lie outside its image of {width} x "
                f"{height} px; they reach to ({np.nanmax(x):.0f}, {np.nanmax(y):.0f}).",
                "Give image_sizes as (width, height) of the images in which the corners were found.",
            )
