"""Frames that are missing from a recording, and recordings with holes where they were."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.trial import Keypoints2D


@dataclass(frozen=True)
class LostFrames:
    """Frames that are missing from one camera's recording.

    Attributes
    ----------
    camera : str
    after_frame : int
        The last frame of the recording before the loss, by the numbers of the footage.
    count : int
    first, last : int
        Between which `after_frame` lies (95 %); the same where the movement tells it exactly.
    count_sd : float
        How well the movement tells the count, frames.
    counts : tuple of int, optional
        Least and most that fit nearly as well; without them the movement decides the count.
    """

    camera: str
    after_frame: int
    count: int
    first: int
    last: int
    count_sd: float
    counts: tuple[int, int] | None = None

    @property
    def decided(self) -> bool:
        """Whether no other count fits nearly as well."""
        return self.counts is None or self.counts[0] == self.counts[1]

    @property
    def words(self) -> str:
        """What was lost and where, with the numbers and frames that fit nearly as well."""
        if self.counts is None or self.decided:
            frames = f"{self.count} frame{'s' if self.count > 1 else ''}"
        else:
            least, most = self.counts
            frames = f"{least} {'or' if most == least + 1 else 'to'} {most} frames (most likely {self.count})"
        if self.first == self.last:
            where = f"after frame {self.after_frame}"
        else:
            where = f"after a frame between {self.first} and {self.last} (most likely {self.after_frame})"
        return f"Camera '{self.camera}' lost {frames} {where}: from there on its movement is ahead by as much."


def slots_with_holes(n_frames: int, camera: str, lost: list[LostFrames] | tuple[LostFrames, ...]) -> NDArray:
    """Return the number that each frame of a camera would have had none been lost, shape (frame,)."""
    slot = np.arange(n_frames)
    for item in lost:
        if item.camera == camera:
            slot[item.after_frame + 1 :] += item.count
    return slot


def with_holes(
    keypoints: Keypoints2D, rig: CameraRig, lost: list[LostFrames] | tuple[LostFrames, ...]
) -> Keypoints2D:
    """Return keypoints with later frames where they belong, NaN over what was lost; nothing goes beyond the end."""
    pixels, confidence = np.array(keypoints.pixels), np.array(keypoints.confidence)
    n_frames = keypoints.n_frames
    for camera in {item.camera for item in lost}:
        index = rig.names.index(camera)
        slot = slots_with_holes(n_frames, camera, lost)
        inside = slot < n_frames
        pixels[index], confidence[index] = np.nan, 0.0
        pixels[index, slot[inside]] = keypoints.pixels[index, inside]
        confidence[index, slot[inside]] = keypoints.confidence[index, inside]
    return replace(keypoints, pixels=pixels, confidence=confidence)


def in_footage(lost: LostFrames, earlier: list[LostFrames]) -> LostFrames:
    """Take off the holes that were put in before: they are no frames of the footage."""
    ends = [lost.after_frame, lost.first, lost.last]
    for item in sorted(earlier, key=lambda item: item.after_frame):
        if item.camera == lost.camera:
            ends = [end - min(item.count, max(end - item.after_frame, 0)) for end in ends]
    return replace(lost, after_frame=ends[0], first=ends[1], last=ends[2])
