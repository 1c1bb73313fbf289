"""The large arrays of a trial file, for a review: verified when they are read, and few of them in memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mocap.errors import MocapError, ShapeError, TrialFileError
from mocap.storage import open_trial_file
from mocap.storage.decode import full_covariance
from mocap.storage.layout import safe_name
from mocap.trial import Trial
from mocap.viewer.parts import BLOCK

_ROWS = 4096
_KEPT = 48
_MASS = "/segments/centre_of_mass"
_PIXEL, _CONFIDENCE, _ERROR = "/keypoints2d/pixel", "/keypoints2d/confidence", "/points/reprojection_error"


def _silent(error: MocapError) -> None:
    """Nobody is told."""


class FileParts:
    """Parts of a trial file (`mocap.viewer.parts.Parts`), read in blocks of frames the last of which are kept.

    Parameters
    ----------
    path : Path
    trial : Trial
        What was read of the file already: its smoothed points, where it has some, are those that are shown.

    Raises
    ------
    TrialFileError
        As `open_trial_file`; of whole courses also later. A frame is shown without what is damaged of it, and
        `on_refused` tells that once.
    """

    def __init__(self, path: Path, trial: Trial) -> None:
        self._path, self._n_frames, self._n_points = path, trial.points.n_frames, len(trial.points.names)
        self._blocks: OrderedDict[tuple[str, int, int | None], NDArray] = OrderedDict()
        self._rows: dict[str, int] = {}  # frames that are read at once, by item
        self._lock, self._told = Lock(), ""
        self._tell: Callable[[MocapError], object] = _silent
        self._file = open_trial_file(path)
        shown = "/points" if trial.points_smoothed is None else "/points_smoothed"
        self._covariance = f"{shown}/covariance"
        items = [item for group in ("/points", shown, "/keypoints2d", "/segments") if group in self._file.groups
                 for item in self._file.variables(group)]  # fmt: skip
        self._there = set(items)
        self._n_cameras = self._file.shape(_ERROR)[0] if _ERROR in self._there else 0
        names = self._file.values("/keypoints2d/keypoint") if _PIXEL in self._there else np.array([])
        self._names = tuple(str(name) for name in names)
        segments = self._file.values("/segments/segment") if "/segments/segment" in self._there else np.array([])
        self._segments = tuple(str(name) for name in segments)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def on_refused(self, tell: Callable[[MocapError], object]) -> None:
        """See `Parts`."""
        self._tell = tell

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return self._names

    def pixels(self, camera: int, frame: int) -> NDArray:
        """See `Parts`."""
        found = self._block(_PIXEL, frame, camera)
        return np.empty((0, 2), np.float32) if found is None else found

    def confidence(self, camera: int, frame: int) -> NDArray:
        """See `Parts`."""
        found = self._block(_CONFIDENCE, frame, camera)
        return np.empty(0, np.float32) if found is None else found

    def covariance(self, frame: int) -> NDArray:
        """See `Parts`."""
        found = self._block(self._covariance, frame)
        return np.full((self._n_points, 3, 3), np.nan, np.float32) if found is None else full_covariance(found)

    def errors(self, frame: int) -> NDArray:
        """See `Parts`."""
        if _ERROR not in self._there:
            return np.empty((0, self._n_points), np.float32)
        found = [self._block(_ERROR, frame, camera) for camera in range(self._n_cameras)]
        lost = np.full(self._n_points, np.nan, np.float32)
        return np.stack([lost if one is None else one for one in found])

    @property
    def segment_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return self._segments

    def poses(self, frame: int) -> NDArray:
        """See `Parts`."""
        poses = np.full((len(self._segments), 4, 4), np.nan)
        for place, name in enumerate(self._segments):
            found = self._block(_pose_item(name), frame)
            if found is not None:
                poses[place] = found
        return poses

    def pose_course(self, segment: str) -> NDArray:
        """See `Parts`."""
        if segment not in self._segments:
            raise ShapeError(f"There is no segment '{segment}'.", "Name one that is there.")
        with self._lock:
            return self._file.values(_pose_item(segment))

    def centre_of_mass(self) -> NDArray | None:
        """See `Parts`."""
        if _MASS not in self._there:
            return None
        try:
            with self._lock:
                values = self._file.values(_MASS)
        except TrialFileError as error:
            self._lost(_MASS, error)
            return None
        return values if np.isfinite(values).any() else None

    def error_blocks(self) -> Iterator[tuple[int, NDArray]]:
        """See `Parts`."""
        if _ERROR not in self._there:
            return
        # A reader of its own: this one runs in a thread, while the window reads single frames.
        with open_trial_file(self._path) as file:
            for start in range(0, self._n_frames, BLOCK):
                yield start, file.frames(_ERROR, start, min(start + BLOCK, self._n_frames))

    def _block(self, item: str, frame: int, camera: int | None = None) -> NDArray | None:
        """Return the values of a frame, from the block that it lies in; None where there are none."""
        if item not in self._there:
            return None
        try:
            with self._lock:
                rows = self._rows.setdefault(item, min(_ROWS, self._file.frames_per_chunk(item)))
                return self._kept(item, frame // rows * rows, rows, camera)[frame % rows]
        except TrialFileError as error:
            self._lost(item, error)
            return None

    def _kept(self, item: str, start: int, rows: int, camera: int | None) -> NDArray:
        key = (item, start, camera)
        if key not in self._blocks:
            stop = min(start + rows, self._n_frames)
            self._blocks[key] = self._file.frames(item, start, stop, camera=camera)
            while len(self._blocks) > _KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _lost(self, item: str, error: TrialFileError) -> None:
        # Where a part is damaged, more of it may be: none of it is shown any more. The reader then refuses all else
        # that it has not read yet, for the same cause: that is told once.
        self._there.discard(item)
        if str(error) != self._told:
            self._told = str(error)
            self._tell(error)


def _pose_item(segment: str) -> str:
    return f"/segments/{safe_name(f'world_from_{segment}')}"
