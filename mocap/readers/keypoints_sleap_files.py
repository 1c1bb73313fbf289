"""SLEAP's files through sleap-io, in the process that may die of them; see `keypoints_isolated`."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.keypoints_isolated import Parsed
from mocap.readers.words import complaint

_MOST = 500_000_000  # numbers
# What sleap-io meets in damaged files is of every kind; no other error is due to the file.
_DAMAGE = (
    ArithmeticError, AssertionError, AttributeError, BufferError, LookupError, MemoryError, OSError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip


def parse_sleap(file: Path) -> Parsed:
    """Return per video `pixels_N` (row, 3: frame, instance, node), as a table of x, y and score by frame.

    The arrays `frames_N` (row,) and `points_N` (row, node, 3) hold one instance per row; `words` has the names of
    nodes, of the videos, and whether all points are of a user, who gives no scores.

    Raises
    ------
    FormatError
        BROKEN_HDF5.
    """
    try:
        labels = _load(file)
        return _parsed(labels)
    except _DAMAGE as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"{file} is damaged or incomplete: {complaint(error)}.",
            "Export or copy the file again.",
            code="BROKEN_HDF5",
        ) from error


def _load(file: Path) -> Any:
    import sleap_io

    if file.suffix.lower() == ".slp":
        return sleap_io.load_slp(str(file), open_videos=False)
    return sleap_io.load_analysis_h5(str(file))


def _parsed(labels: Any) -> Parsed:
    nodes = [str(name) for name in labels.skeletons[0].node_names] if labels.skeletons else []
    if any([str(name) for name in skeleton.node_names] != nodes for skeleton in labels.skeletons):
        raise ValueError("its skeletons have different nodes")
    arrays: dict[str, NDArray] = {}
    videos, scored, empty = [], False, np.zeros((0, len(nodes), 3))
    for place, video in enumerate(labels.videos):
        frames, points = [], []
        for frame in labels.labeled_frames:
            if frame.video is not video:
                continue
            for instance in [*frame.user_instances, *frame.unused_predictions]:
                xy = np.asarray(instance.numpy(), float)
                predicted = type(instance).__name__ == "PredictedInstance"
                score = np.asarray(instance.points["score"], float) if predicted else np.ones(len(xy))
                scored |= predicted
                frames.append(int(frame.frame_idx))
                points.append(np.column_stack([xy, score]))
        arrays[f"frames_{place}"] = np.array(frames, np.int64)
        arrays[f"points_{place}"] = np.stack(points) if points else empty
        videos.append(_video_name(video))
    return Parsed(arrays, {"nodes": nodes, "videos": videos, "scored": bool(scored)})


def _video_name(video: Any) -> str:
    name = video.filename
    return str(name[0] if isinstance(name, list) and name else name)
