"""Where tags were in the last frames, and where they are expected in the next."""

import numpy as np
from numpy.typing import NDArray

from calibration.detection.regions import Region
from mocap.keypoints.plates.tags import FittedTags

_AROUND = 1.0  # sides of a tag that are looked at around a plate
_GROWS = 0.5  # sides by which that grows with every frame since the plate was seen
_FASTEST = 1.5  # sides per frame by which a tag may leave where it is expected
_NEVER = -(10**6)
_FORGOTTEN = 3  # frames after which a tag may be anywhere
_SUDDEN = 2  # frames in which a plate that was followed is searched for everywhere


class TagTracks:
    """Tags of one camera over time.

    Parameters
    ----------
    plate : ndarray of int, shape (tag,)
        The plate that each tag is on.
    """

    def __init__(self, plate: NDArray[np.int64]) -> None:
        self._plate = plate
        self._last = np.full((len(plate), 4, 2), np.nan)
        self._velocity = np.zeros((len(plate), 2))
        self._seen = np.full(len(plate), _NEVER, np.int64)
        self._found: NDArray[np.bool_] = np.zeros(len(plate), bool)
        self._now = 0

    def expected(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the tags that were seen in the last frame, and their corners if they move on as they did."""
        self._found[:] = False
        tag = np.flatnonzero(self._seen == self._now - 1)
        return tag, self._last[tag] + self._velocity[tag, None]

    def missing(self) -> NDArray[np.int64]:
        """Return the tags that were not found in this frame."""
        return np.flatnonzero(~self._found)

    def take(self, found: FittedTags, frame: int) -> None:
        """Remember what was found."""
        for tag, corners in zip(found.tag, found.corners, strict=True):
            whole = _completed(corners)
            if whole is None:
                continue
            if self._seen[tag] == frame - 1:
                self._velocity[tag] = (whole - self._last[tag]).mean(axis=0)
            elif self._seen[tag] > _NEVER:
                self._velocity[tag] = (whole - self._last[tag]).mean(axis=0) / (frame - self._seen[tag])
            self._last[tag], self._seen[tag] = whole, frame
            self._found[tag] = True

    def joined(self, found: FittedTags, searched: FittedTags, frame: int) -> FittedTags:
        """Add what a search found beyond what was followed, unless it lies where the tag cannot have got to."""
        fresh = ~np.isin(searched.tag, found.tag) & self._plausible(searched, frame)
        added = FittedTags(searched.tag[fresh], searched.corners[fresh], searched.sd[fresh])
        self.take(added, frame)
        return FittedTags(
            np.concatenate([found.tag, added.tag]),
            np.concatenate([found.corners, added.corners]),
            np.concatenate([found.sd, added.sd]),
        )

    def regions(self, frame: int, look_every: int, keep_frames: int, shape: tuple[int, ...]) -> list[Region]:
        """Return the boxes around plates of which tags are missing, where these are due to be looked for."""
        boxes = []
        for plate in np.unique(self._plate[self.missing()]):
            own = np.flatnonzero(self._plate == plate)
            known = own[self._seen[own] > _NEVER]
            lost = known[(self._seen[known] < frame) & (frame - self._seen[known] <= keep_frames)]
            anchored = known[self._seen[known] == frame]
            if len(lost) or (len(anchored) and frame % look_every == plate % look_every):
                boxes.append(self._box(anchored if len(anchored) else lost, frame, shape))
        return _apart([box for box in boxes if box.area > 0])

    def just_lost(self, frame: int) -> bool:
        """Return whether a plate of which a tag was followed until the last frames shows none any more."""
        last = np.full(int(self._plate.max()) + 1, _NEVER)
        np.maximum.at(last, self._plate, self._seen)
        return bool(((last < frame) & (last >= frame - _SUDDEN)).any())

    def advance(self, frame: int) -> None:
        """End a frame."""
        self._now = frame + 1

    def _box(self, tags: NDArray, frame: int, shape: tuple[int, ...]) -> Region:
        since = frame - self._seen[tags]
        corners = self._last[tags] + (self._velocity[tags] * since[:, None])[:, None]
        side = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max()
        room = side * (_AROUND + 0.5 + _GROWS * float(since.max()))
        low, high = corners.min(axis=(0, 1)) - room, corners.max(axis=(0, 1)) + room
        left, top = (int(max(value, 0)) for value in low)
        right, bottom = (int(min(value, limit)) for value, limit in zip(high, shape[1::-1], strict=True))
        return Region(left, top, max(right, left), max(bottom, top))

    def _plausible(self, searched: FittedTags, frame: int) -> NDArray[np.bool_]:
        since = frame - self._seen[searched.tag]
        last = self._last[searched.tag]
        moved = np.nanmean(searched.corners, axis=1) - last.mean(axis=1) - self._velocity[searched.tag] * since[:, None]
        side = np.linalg.norm(last - np.roll(last, 1, axis=1), axis=2).max(axis=1)
        # After some frames a tag may be anywhere, and where another tag of its plate went at the same time.
        recent = (self._seen[searched.tag] > _NEVER) & (since <= _FORGOTTEN)
        near = ~recent | (np.linalg.norm(moved, axis=1) <= _FASTEST * side * since)
        plate = self._plate[searched.tag]
        with np.errstate(invalid="ignore"):
            alike = np.linalg.norm(moved[:, None] - moved, axis=2) <= side[:, None]
        np.fill_diagonal(alike, False)
        return np.asarray(near | (alike & (plate[:, None] == plate)).any(axis=1))


def _completed(corners: NDArray) -> NDArray | None:
    """Return all four corners, shape (4, 2), of a tag of which at most one is missing."""
    seen = np.isfinite(corners[:, 0])
    if seen.all():
        return corners
    if seen.sum() < 3:
        return None
    gone = int(np.flatnonzero(~seen)[0])
    whole = corners.copy()
    whole[gone] = corners[gone - 1] + corners[(gone + 1) % 4] - corners[gone - 2]
    return whole


def _apart(boxes: list[Region]) -> list[Region]:
    """Unite boxes that overlap: a tag that is found in two of them would count as doubled."""
    apart: list[Region] = []
    for box in boxes:
        joined = box
        while True:
            over = [one for one in apart if _overlap(one, joined)]
            if not over:
                break
            for one in over:
                apart.remove(one)
                joined = Region(
                    min(one.left, joined.left), min(one.top, joined.top),
                    max(one.right, joined.right), max(one.bottom, joined.bottom),
                )  # fmt: skip
        apart.append(joined)
    return apart


def _overlap(a: Region, b: Region) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
