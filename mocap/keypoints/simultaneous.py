"""Frames of all cameras that were taken at one time, side by side: people are told apart by what is seen at once."""

import numpy as np
from numpy.typing import NDArray

from mocap.keypoints.people import PeopleKeypoints

_NEVER = 1e18


def simultaneous(people: PeopleKeypoints, when_s: NDArray) -> tuple[PeopleKeypoints, NDArray]:
    """Put the frames of every camera in slots of a common time, each frame in one slot of its own.

    Parameters
    ----------
    people : PeopleKeypoints
        By the cameras' own frames.
    when_s : ndarray, shape (camera, frame)
        When each frame was taken, by one clock; NaN unknown. Increasing along a camera.

    Returns
    -------
    PeopleKeypoints
        By slots of the rate of the fastest camera, from where two cameras have begun to where all but one have
        ended; NaN where a camera took no frame. As they were where no two cameras share any time.
    slot : ndarray of int, shape (camera, frame)
        Where each frame went; -1 for those without a time, or that only one camera could have seen.
    """
    frames = np.arange(people.n_frames)
    known = np.isfinite(when_s)
    steps = [float(np.median(np.diff(own[there]))) for own, there in zip(when_s, known, strict=True) if there.sum() > 1]
    rate_hz = 1.0 / min(steps) if steps else people.rate_hz
    begin = np.min(when_s, where=known, initial=np.inf)
    slot = np.where(known, np.rint((np.where(known, when_s, 0.0) - begin) * rate_hz), -1.0)
    # Two frames of a camera that are nearer to each other than a slot is long: the later one goes into the next.
    slot = np.maximum.accumulate(slot - frames, axis=1) + frames
    first = np.sort(np.min(slot, axis=1, where=known, initial=_NEVER))[min(1, len(slot) - 1)]
    last = np.sort(np.max(slot, axis=1, where=known, initial=-_NEVER))[max(len(slot) - 2, 0)]
    if first > last:
        return people, np.broadcast_to(frames, when_s.shape)
    n_slots = int(last - first) + 1
    known &= (slot >= first) & (slot <= last)
    slot = np.where(known, slot - first, -1).astype(np.int64)
    camera, frame = np.nonzero(known)
    pixels = np.full((people.n_cameras, n_slots, *people.pixels.shape[2:]), np.nan, people.pixels.dtype)
    confidence = np.zeros((people.n_cameras, n_slots, *people.confidence.shape[2:]), people.confidence.dtype)
    pixels[camera, slot[known]] = people.pixels[camera, frame]
    confidence[camera, slot[known]] = people.confidence[camera, frame]
    return PeopleKeypoints(pixels, confidence, people.names, rate_hz), slot
