"""The people in keypoint files: the names of their keypoints, and all people of a camera in one array."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.config.presets import preset_names
from mocap.errors import KeypointError
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, clean, count_unscored
from mocap.readers.words import few
from mocap.skeleton import Skeleton, read_skeleton

#: Confidences up to it are taken for 1, where they are scores of a detector that may pass 1.
HIGHEST_SCORE = 10.0


def names_of_keypoints(
    people: Iterable[NDArray], named: tuple[str, ...] | None, request: KeypointRequest, origin: Path | str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the keypoints of a camera's people, and notes.

    The names that the files bring come first, since their columns are of those whatever skeleton was asked for; then
    that skeleton, then the one known skeleton with as many keypoints.

    Parameters
    ----------
    people : iterable of ndarray, shape (keypoint, 3)
    named : tuple of str, optional
        The names that the files bring.
    request : KeypointRequest
    origin : Path or str
        For the errors.

    Raises
    ------
    KeypointError
        SKELETON_SIZE when people differ in their number of keypoints, or from the names; NO_FRAMES when there is
        nobody whose keypoints could be counted; SKELETON_MISSING; KEYPOINT_NAMES when the files name no keypoint of
        the skeleton that was asked for.
    """
    counts = {len(person) for person in people}
    if len(counts) > 1:
        raise KeypointError(
            f"The people in {origin} have {few(sorted(counts))} keypoints.",
            "Detect all frames with one model.",
            code="SKELETON_SIZE",
        )
    if named:
        _check_akin(named, request, origin)
        if counts and counts != {len(named)}:
            raise KeypointError(
                f"{origin} names {len(named)} keypoints, its people have {counts.pop()}.",
                "Export people and names of one model.",
                code="SKELETON_SIZE",
            )
        return named, ()
    if not counts:
        raise KeypointError(f"There is nobody in any frame of {origin}.", "Detect the video again.", code="NO_FRAMES")
    skeleton, notes = skeleton_for(request, counts.pop(), origin)
    return skeleton.keypoints, notes


def _check_akin(named: tuple[str, ...], request: KeypointRequest, origin: Path | str) -> None:
    if request.skeleton is None:
        return
    skeleton = read_skeleton(request.skeleton)
    if not set(named) & set(skeleton.keypoints):
        raise KeypointError(
            f"{origin} names its keypoints itself, and none of them is in skeleton '{skeleton.name}': {few(named)}.",
            "Leave the skeleton out to use those names, or export the keypoints under the names of the skeleton.",
            code="KEYPOINT_NAMES",
        )


def skeleton_for(request: KeypointRequest, count: int, origin: Path | str) -> tuple[Skeleton, tuple[str, ...]]:
    """Return the skeleton of files that do not name their keypoints, and a note where their number told it.

    Raises
    ------
    KeypointError
        SKELETON_SIZE when the given one has another number of keypoints; SKELETON_MISSING when none is given and
        not exactly one of the known ones has that number.
    """
    if request.skeleton is not None:
        skeleton = read_skeleton(request.skeleton)
        if len(skeleton.keypoints) != count:
            raise KeypointError(
                f"{origin} has people of {count} keypoints, skeleton '{skeleton.name}' has {len(skeleton.keypoints)}.",
                "Give the skeleton that the detector was run with.",
                code="SKELETON_SIZE",
            )
        return skeleton, ()
    known = [read_skeleton(preset) for preset in preset_names("skeletons")]
    fitting = [skeleton for skeleton in known if skeleton.ordered and len(skeleton.keypoints) == count]
    if len(fitting) == 1:
        name = fitting[0].name
        return fitting[0], (f"{count} keypoints without names: taken as {name}, the one known skeleton of that size.",)
    raise KeypointError(
        f"{origin} does not say which skeleton it is of; it has {count} keypoints.",
        f"Give the skeleton, one of: {', '.join(skeleton.name for skeleton in fitting) or 'none of the known ones'}.",
        code="SKELETON_MISSING",
    )


def stack_people(
    people: Mapping[int, Sequence[NDArray]], names: tuple[str, ...], origin: str, highest: float = 1.0
) -> CameraDetections:
    """Return the people of one camera.

    Parameters
    ----------
    people : mapping of int to sequence of ndarray, shape (keypoint, 3)
        Frame number to x, y and confidence of everybody.
    names : tuple of str
    origin : str
        For the errors.
    highest : float
        Confidences up to it are taken as 1, and counted.

    Raises
    ------
    FormatError
        KEYPOINT_VALUES.
    """
    frames = sorted(people)
    rows = np.full((len(frames), max([len(found) for found in people.values()] + [1]), len(names), 3), np.nan)
    for row, frame in zip(rows, frames, strict=True):
        for place, person in enumerate(people[frame]):
            row[place] = person
    confidence, above_one = _capped(rows[..., 2], highest)
    unscored = count_unscored(rows[..., :2], confidence)
    pixels, confidence = clean(rows[..., :2], confidence, origin)
    return CameraDetections(np.array(frames, np.int64), pixels, confidence, names, above_one, unscored)


def _capped(confidence: NDArray, highest: float) -> tuple[NDArray, tuple[int, float]]:
    """Return confidences of at most 1, with the number of those above and the highest of them; those beyond `highest`
    are none, and stay for the refusal."""
    high = (confidence > 1) & (confidence <= highest)
    if not high.any():
        return confidence, (0, 0.0)
    return np.where(high, 1.0, confidence), (int(high.sum()), float(confidence[high].max()))
