"""Round markers in the images of one camera that come in order: fits go on from those of the last image."""

from dataclasses import replace

from numpy.typing import NDArray

from mocap.keypoints.markers.blobs import BlobMemory, Blobs, find_blobs
from mocap.keypoints.markers.options import BlobOptions

_DEFAULT = BlobOptions()


class MarkerBlobDetector:
    """Finds the round markers of one camera; remembers where they were.

    Make one per camera. The spots have no names: `label_markers` gives them, with those of the other cameras.

    Parameters
    ----------
    options : BlobOptions
    track : bool
        Begin with what the last image showed; False takes every image by itself.

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
        self._memory = BlobMemory()

    def detect(self, image: NDArray) -> Blobs:
        """Return the spots of the next image, uint8, shape (height, width)."""
        found = find_blobs(image, self._own, self._memory if self.track else None)
        if not self.polarity and len(found):
            self.polarity = "bright" if found.contrast[0] > 0 else "dark"
            self._own = replace(self.options, polarity=self.polarity)
        return found


def make_blob_finder(options: BlobOptions = _DEFAULT, *, track: bool = True) -> MarkerBlobDetector:
    """Return a finder for the images of one camera, to be fed in order."""
    return MarkerBlobDetector(options, track)
