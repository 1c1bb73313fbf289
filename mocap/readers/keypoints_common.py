"""What all keypoint readers share: detections of one camera, and their joining on one numbering of the frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, KeypointError
from mocap.keypoints import PeopleKeypoints
from mocap.readers.words import few

# Frame numbers that leave more than this many times as many frames empty as are there are no frame numbers.
_LARGEST_SPREAD = 50


@dataclass(frozen=True, eq=False)
class CameraDetections:
    """What one file or folder says of one camera.

    Attributes
    ----------
    frames : ndarray of int, shape (row,)
        Frame numbers, each once.
    pixels : ndarray, shape (row, person, keypoint, 2)
        NaN is missing.
    confidence : ndarray, shape (row, person, keypoint)
    names : tuple of str
        Keypoint names.
    above_one : tuple of (int, float)
        How many confidences above 1 were taken as 1, and the highest of them.
    unscored : int
        How many samples have pixels and no confidence, and are missing for that.
    """

    frames: NDArray
    pixels: NDArray
    confidence: NDArray
    names: tuple[str, ...]
    above_one: tuple[int, float] = (0, 0.0)
    unscored: int = 0


@dataclass(frozen=True)
class KeypointRequest:
    """What a reader is asked for; see `mocap.readers.keypoints.read_keypoints`."""

    camera_names: tuple[str, ...]
    skeleton: str | None = None
    declared: Mapping[str, str] | None = None
    image_sizes: Mapping[str, tuple[int, int]] | None = None
    leave_others: bool = False


@dataclass(frozen=True, eq=False)
class KeypointSource:
    """What a reader found: detections by camera name, the files they are from, and remarks for the user.

    `rate_hz` and `image_sizes` (width, height by camera name) where the files tell them.
    """

    detections: Mapping[str, CameraDetections]
    source_of: Mapping[str, str]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = field(default=())
    rate_hz: float | None = None
    image_sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def join_cameras(
    detections: dict[str, CameraDetections], rate_hz: float
) -> tuple[PeopleKeypoints, int, tuple[str, ...]]:
    """Put the cameras on one numbering of the frames; numbers that a camera lacks are missing, nothing is shifted.

    Parameters
    ----------
    detections : dict of str to CameraDetections
        Emptied camera by camera, so that a long recording is not held twice.
    rate_hz : float

    Returns
    -------
    people : PeopleKeypoints
    first_frame : int
        Number of the frame that comes first.
    notes : tuple of str

    Raises
    ------
    KeypointError
        KEYPOINT_NAMES, FRAMES_APART, NO_FRAMES.
    FormatError
        FRAME_NUMBERS.
    """
    names = next(iter(detections.values())).names
    for camera, found in detections.items():
        if set(found.names) != set(names):
            raise KeypointError(
                f"Camera '{camera}' has other keypoints than the first: {few(sorted(set(found.names) ^ set(names)))}.",
                "Export all cameras with the same keypoints.",
                code="KEYPOINT_NAMES",
            )
    first, last = _common_range(detections)
    n_people = max(max(found.pixels.shape[1] for found in detections.values()), 1)
    shape = (len(detections), last - first + 1, n_people, len(names))
    pixels, confidence = np.empty((*shape, 2)), np.empty(shape)
    notes = []
    for index, camera in enumerate(list(detections)):
        found = detections.pop(camera)
        pixels[index], confidence[index] = np.nan, 0.0
        order = [found.names.index(name) for name in names]
        rows, people = found.frames - first, found.pixels.shape[1]
        pixels[index, rows, :people] = found.pixels[:, :, order]
        confidence[index, rows, :people] = found.confidence[:, :, order]
        absent = shape[1] - len(rows)
        if absent:
            notes.append(f"{camera}: {absent} of the frames {first} to {last} are not there and stay missing.")
        if not np.isfinite(found.pixels).any():
            notes.append(f"{camera}: no keypoint in any frame.")
    return PeopleKeypoints(pixels, confidence, names, rate_hz), first, tuple(notes)


def _common_range(detections: Mapping[str, CameraDetections]) -> tuple[int, int]:
    empty = [camera for camera, found in detections.items() if not len(found.frames)]
    if empty:
        raise KeypointError(
            f"There is no frame at all of {few(empty)}.", "Export their keypoints again.", code="NO_FRAMES"
        )
    ranges = {name: (int(found.frames.min()), int(found.frames.max())) for name, found in detections.items()}
    if max(low for low, _ in ranges.values()) > min(high for _, high in ranges.values()):
        raise KeypointError(
            "The cameras have no frame number in common: "
            + few((f"{name} {low} to {high}" for name, (low, high) in ranges.items()), 4) + ".",
            "Number the frames of all cameras on one count.",
            code="FRAMES_APART",
        )
    first, last = min(low for low, _ in ranges.values()), max(high for _, high in ranges.values())
    present = max(len(found.frames) for found in detections.values())
    if last - first + 1 > _LARGEST_SPREAD * present + 1000:
        raise FormatError(
            f"The frame numbers go from {first} to {last}, but only {present} frames are there.",
            "Check where the frame numbers come from.",
            code="FRAME_NUMBERS",
        )
    return first, last


def clean(pixels: NDArray, confidence: NDArray, origin: str) -> tuple[NDArray, NDArray]:
    """Mark as missing what has no pixel or no confidence; NaN and 0 then, and nowhere else.

    Raises
    ------
    FormatError
        KEYPOINT_VALUES, when a pixel is infinite or a confidence outside 0 to 1.
    """
    known = np.isfinite(confidence)
    with np.errstate(invalid="ignore"):
        strange = confidence[known & ((confidence < 0) | (confidence > 1))]
    u, v = pixels[..., 0], pixels[..., 1]  # axis by axis: a reduction over two numbers is slow
    n_infinite = int(np.count_nonzero(np.isinf(u) | np.isinf(v)))
    if n_infinite or len(strange):
        if len(strange):
            what = f"confidences outside 0 to 1 (number: {len(strange)}, the first: {strange[0]:.6g})"
        else:
            what = f"infinite pixels (number: {n_infinite})"
        raise FormatError(
            f"{origin} holds {what}.", "Export pixels and a confidence between 0 and 1.", code="KEYPOINT_VALUES"
        )
    with np.errstate(invalid="ignore"):
        there = np.isfinite(u) & np.isfinite(v) & known & (confidence > 0)
    return np.where(there[..., None], pixels, np.nan), np.where(there, confidence, 0.0)


def count_unscored(pixels: NDArray, confidence: NDArray) -> int:
    """Return how many samples have both pixels and no number for a confidence."""
    bare = ~np.isfinite(confidence)
    return int(np.isfinite(pixels[bare]).all(axis=-1).sum()) if bare.any() else 0


def select_keypoints(
    people: PeopleKeypoints, wanted: Sequence[str] | None, unseen_is_normal: bool
) -> tuple[PeopleKeypoints, tuple[str, ...]]:
    """Return the wanted keypoints, all when None, and notes; what was asked for by name has to be seen at least once.

    Parameters
    ----------
    people : PeopleKeypoints
    wanted : sequence of str, optional
    unseen_is_normal : bool
        The format always lists a whole skeleton, so keypoints that no camera ever saw stay missing, with a note.

    Raises
    ------
    KeypointError
        KEYPOINT_UNKNOWN, KEYPOINT_EMPTY.
    """
    if wanted is not None:
        unknown = [name for name in wanted if name not in people.names]
        if unknown:
            raise KeypointError(
                f"There are no keypoints {few(unknown)} among the {len(people.names)} of the files.",
                f"Name some of these: {few(people.names, 12)}.",
                code="KEYPOINT_UNKNOWN",
            )
        order = [people.names.index(name) for name in wanted]
        people = PeopleKeypoints(
            people.pixels[..., order, :], people.confidence[..., order], tuple(wanted), people.rate_hz
        )
    seen = np.isfinite(people.pixels).all(axis=-1).any(axis=(0, 1, 2))
    empty = [name for name, there in zip(people.names, seen, strict=True) if not there]
    if empty and unseen_is_normal and wanted is None and seen.any():
        return people, (f"no camera ever saw {few(empty, 12)}: missing throughout.",)
    if len(empty) == len(people.names):
        raise KeypointError("No camera has a keypoint in any frame.", "Detect them again.", code="KEYPOINT_EMPTY")
    if empty:
        raise KeypointError(
            f"Keypoints missing in every frame of every camera: {few(empty)}.",
            "Export them again, or read the others alone (--keypoint NAME, or names = [...] in [keypoints]).",
            code="KEYPOINT_EMPTY",
        )
    return people, ()
