"""Corners of plates in the images of one camera; a plate that was found is followed instead of searched for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.detection.regions import Region
from mocap.config.plates import Plate, PlateSet, confidence_of_sd
from mocap.errors import KeypointError
from mocap.keypoints.detector import Detection
from mocap.keypoints.plates.tags import FittedTags, TagTable
from mocap.keypoints.plates.tracks import TagTracks


@dataclass(frozen=True)
class TrackingOptions:
    """How plates are followed; frames are those of the camera.

    Attributes
    ----------
    enabled : bool
        Search the whole of every frame where not.
    search_every : int
        Frames between searches of the whole frame for tags that are not followed; for a plate that was followed and
        is gone the whole frame is searched at once.
    look_every : int
        Frames between looks around a plate for its tags that are not followed.
    keep_frames : int
        Frames for which a lost tag is looked for every time around where it should be.
    """

    enabled: bool = True
    search_every: int = 10
    look_every: int = 3
    keep_frames: int = 5


class PlateDetector:
    """Finds the tags' corners of plates in the images of one camera, which come in order.

    Parameters
    ----------
    plates : PlateSet or sequence of Plate
    size : tuple of int
        Image width and height in px.
    options : TrackingOptions, optional

    Notes
    -----
    A tag is accepted where its code is read and its corners look as the code says. One that is followed is expected
    where its velocity takes it; read there, or found near, it stays that tag, and one that is found farther from
    there than it can have moved is refused. The confidence of a corner stands for its standard deviation, as
    `mocap.config.plates.confidence_of_sd` has it: little contrast, much blur and noise make it small.
    """

    def __init__(
        self, plates: PlateSet | Sequence[Plate], size: tuple[int, int], options: TrackingOptions | None = None
    ) -> None:
        every = tuple(plates)
        self._names = PlateSet(every).keypoint_names
        self._size = (int(size[0]), int(size[1]))
        self._options = options or TrackingOptions()
        self._groups = [_Group(every, dictionary) for dictionary in sorted({one.dictionary for one in every})]
        self._frame = 0

    @property
    def names(self) -> tuple[str, ...]:
        """`<plate>.<id>.<corner>`, plate by plate."""
        return self._names

    @property
    def colour(self) -> bool:
        """Gray images are enough."""
        return False

    def detect(self, image: NDArray) -> Detection:
        """Return what the next image, uint8 of shape (height, width), shows; one 'person', or none.

        Raises
        ------
        KeypointError
            IMAGE_SIZE, for an image of another size or kind.
        """
        if image.ndim != 2 or image.dtype != np.uint8 or image.shape != self._size[::-1]:
            raise KeypointError(
                f"An image of shape {image.shape} and type {image.dtype} came to a detector of plates for gray images "
                f"of {self._size[0]} x {self._size[1]} px.",
                "Give every camera its own detector, of the size of its images.",
                code="IMAGE_SIZE",
            )
        pixels = np.full((len(self._names) // 4, 4, 2), np.nan)
        sd = np.full((len(self._names) // 4, 4), np.nan)
        gray = np.ascontiguousarray(image)
        for group in self._groups:
            found = group.detect(gray, self._frame, self._options)
            pixels[group.place[found.tag]] = found.corners
            sd[group.place[found.tag]] = found.sd
        self._frame += 1
        if not np.isfinite(sd).any():
            return Detection(np.zeros((0, len(self._names), 2)), np.zeros((0, len(self._names))))
        confidence = np.where(np.isfinite(sd), confidence_of_sd(np.nan_to_num(sd, nan=1e3)), 0.0)
        return Detection(pixels.reshape(1, -1, 2), confidence.reshape(1, -1))


class _Group:
    """Plates of one dictionary."""

    def __init__(self, plates: tuple[Plate, ...], dictionary: str) -> None:
        own = [plate.dictionary == dictionary for plate in plates for _ in plate.ids]
        self.place = np.flatnonzero(own)
        mine = tuple(plate for plate in plates if plate.dictionary == dictionary)
        self._table = TagTable(mine)
        self._tracks = TagTracks(np.repeat(np.arange(len(mine)), [len(plate.ids) for plate in mine]))

    def detect(self, gray: NDArray, frame: int, options: TrackingOptions) -> FittedTags:
        """Return the tags in image number `frame`, uint8 of shape (height, width): followed, or searched for."""
        whole = [Region(0, 0, gray.shape[1], gray.shape[0])]
        if not options.enabled:
            return self._table.found_in(gray, whole)
        tracks = self._tracks
        found = self._table.read_at(gray, *tracks.expected())
        tracks.take(found, frame)
        due = len(tracks.missing()) > 0 and frame % options.search_every == 0
        regions = [] if due else tracks.regions(frame, options.look_every, options.keep_frames, gray.shape)
        if regions:
            found = tracks.joined(found, self._table.found_in(gray, regions), frame)
        if due or tracks.just_lost(frame):
            found = tracks.joined(found, self._table.found_in(gray, whole), frame)
        tracks.advance(frame)
        return found


def make_plate_detector(
    plates: PlateSet | Sequence[Plate], size: tuple[int, int], options: TrackingOptions | None = None
) -> PlateDetector:
    """Return a detector for the images, width and height `size` in px, of one camera."""
    return PlateDetector(plates, size, options)
