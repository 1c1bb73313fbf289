"""What the cameras of a trial file saw, read for the frames of a correction alone."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.pipeline.edited_views import Views  # loads all that reconstructs: import this late
from mocap.storage import open_trial_file
from mocap.trial import Trial

_PIXEL, _CONFIDENCE = "/keypoints2d/pixel", "/keypoints2d/confidence"
_GAP = 64  # frames farther apart are read each by itself
_KEPT = 3


def file_views(path: Path, light: Trial) -> Views | None:
    """Return the views in a trial file; None where it holds none.

    Parameters
    ----------
    path : Path
    light : Trial
        What was read of it, without its views.

    Raises
    ------
    TrialFileError
        As `open_trial_file`; also when the views are asked for.
    """
    with open_trial_file(path) as file:
        if _PIXEL.rpartition("/")[0] not in file.groups:
            return None
        names = tuple(str(name) for name in file.values("/keypoints2d/keypoint"))
    known: OrderedDict[bytes, tuple[NDArray, NDArray]] = OrderedDict()

    def seen(frames: NDArray) -> tuple[NDArray, NDArray]:
        # The sample that the noise is estimated from is the same for every correction.
        key = np.asarray(frames, np.int64).tobytes()
        if key not in known:
            known[key] = _read(path, frames)
            while len(known) > _KEPT:
                known.popitem(last=False)
        known.move_to_end(key)
        return known[key]

    return Views(names, light.points.n_frames, light.points.rate_hz, seen)


def _read(path: Path, frames: NDArray) -> tuple[NDArray, NDArray]:
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > _GAP) + 1)
    found: dict[str, list[NDArray]] = {_PIXEL: [], _CONFIDENCE: []}
    with open_trial_file(path) as file:
        for item, parts in found.items():
            for run in runs:
                block = file.frames(item, int(run[0]), int(run[-1]) + 1)
                parts.append(block[:, run - run[0]])
    return np.concatenate(found[_PIXEL], axis=1), np.concatenate(found[_CONFIDENCE], axis=1)
