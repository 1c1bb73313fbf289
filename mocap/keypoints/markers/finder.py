"""Round markers in the images of one camera that come in order: searched for around where they are expected.

A strip of the image is searched besides, another one in every frame, for markers that come into view.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.keypoints.markers.blobs import SINGLE, Blobs, find_blobs, joined
from mocap.keypoints.markers.linking import SpotLinker
from mocap.keypoints.markers.options import BlobOptions

_STRIPS = 12  # frames until the whole image was searched
_SAME_PX = 1.5
_DEFAULT = BlobOptions()


class MarkerBlobDetector:
    """Finds the round markers of one camera; remembers where they were.

    Make one per camera. The spots have no names: `label_markers` gives them, with those of the other cameras.

    Parameters
    ----------
    options : BlobOptions
    track : bool
        Search around the expected places; False searches every image whole.

    Attributes
    ----------
    colour : bool
        False: it wants gray images.
    polarity : str
        What was decided, for `auto`; empty before the first image.
    """

    colour = False

    def __init__(self, options: BlobOptions = _DEFAULT, track: bool = True) -> None:
        self.options, self.track = options, track
        self.polarity = "" if options.polarity == "auto" else options.polarity
        self._own = options
        self._linker = SpotLinker()
        self._turn = -1  # strip searched last; -1 before the first image
        self._shape: tuple[int, ...] = ()

    def detect(self, image: NDArray) -> Blobs:
        """Return the spots of the next image, uint8, shape (height, width)."""
        if not self.track or self._turn < 0 or image.shape != self._shape:
            found = find_blobs(image, self._own)
            self._decide(found)
            self._turn, self._shape = 0, image.shape
        else:
            found = _unique(joined([self._part(image, box) for box in self._boxes(image.shape)]))
            self._turn = (self._turn + 1) % _STRIPS
        if self.track:
            self._linker.link(found)
        return found

    def _decide(self, found: Blobs) -> None:
        if not self.polarity and len(found):
            self.polarity = "bright" if found.contrast[0] > 0 else "dark"
            settings = {name: getattr(self.options, name) for name in self.options.__dataclass_fields__}
            self._own = BlobOptions(**(settings | {"polarity": self.polarity}))

    def _boxes(self, shape: tuple[int, ...]) -> NDArray:
        """Columns and rows, first and after the last, of the parts to be searched."""
        height, width = shape
        step = height / _STRIPS
        strip = np.array([[0, width, round(self._turn * step), round((self._turn + 1) * step)]])
        expected, reach = self._linker.expected_px(), self._linker.reach_px[:, None] + self.options.max_radius_px
        boxes = np.concatenate([expected - reach, expected + reach], axis=1)[:, [0, 2, 1, 3]]
        boxes = np.clip(np.round(boxes), 0, [width, width, height, height]).astype(int)
        boxes = boxes[(boxes[:, 1] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 2])]
        within = (boxes[:, 2] >= strip[0, 2]) & (boxes[:, 3] <= strip[0, 3])
        return np.concatenate([strip, _united(boxes[~within])])

    def _part(self, image: NDArray, box: NDArray) -> Blobs:
        """Spots whose centres lie in a box; seen with enough of the surroundings."""
        pad = int(np.ceil(3 * self.options.max_radius_px))
        left, top = max(0, box[0] - pad), max(0, box[2] - pad)
        found = find_blobs(image[top : box[3] + pad, left : box[1] + pad], self._own)
        found = found.moved(np.array([left, top], float))
        centre = found.centre_px
        inside = (centre >= box[[0, 2]] - 0.5).all(axis=1) & (centre < box[[1, 3]] - 0.5).all(axis=1)
        return found.chosen(np.asarray(inside))


def make_blob_finder(options: BlobOptions = _DEFAULT, *, track: bool = True) -> MarkerBlobDetector:
    """Return a finder for the images of one camera, to be fed in order."""
    return MarkerBlobDetector(options, track)


def _united(boxes: NDArray) -> NDArray:
    """Join boxes that overlap, where the joint box is not much larger than its parts."""
    kept = [tuple(box) for box in boxes[np.argsort(boxes[:, 0], kind="stable")]]
    joined_one = True
    while joined_one:
        joined_one = False
        for i in range(len(kept)):
            for j in range(i + 1, len(kept)):
                a, b = kept[i], kept[j]
                both = (min(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), max(a[3], b[3]))
                if _area(both) <= 1.1 * (_area(a) + _area(b)):
                    kept[i] = both
                    del kept[j]
                    joined_one = True
                    break
            if joined_one:
                break
    return np.array(kept, int).reshape(-1, 4)


def _area(box: tuple[int, ...]) -> int:
    return (box[1] - box[0]) * (box[3] - box[2])


def _unique(blobs: Blobs) -> Blobs:
    """Spots found in two parts count once, the better one."""
    if len(blobs) < 2:
        return blobs
    order = np.lexsort((blobs.sd_px, blobs.kind != SINGLE))
    blobs = blobs.chosen(order)
    distance = np.linalg.norm(blobs.centre_px[:, None] - blobs.centre_px[None], axis=-1)
    same = np.tril(distance < _SAME_PX, -1)
    kept = np.ones(len(blobs), bool)
    for index in np.flatnonzero(same.any(axis=1)):
        kept[index] = not kept[same[index]].any()
    blobs = blobs.chosen(kept)
    return blobs.chosen(np.lexsort((blobs.centre_px[:, 0], blobs.centre_px[:, 1])))
