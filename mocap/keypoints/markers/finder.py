"""Round markers in the images of one camera that come in order: fits go on from those of the last image."""

from dataclasses import replace

from numpy.typing import NDArray

from mocap.keypoints.markers.blobs import BlobMemory, Blobs, find_blobs, joined
from mocap.keypoints.markers.options import BlobOptions

_DEFAULT = BlobOptions()


class MarkerBlobDetector:
    """Finds the round markers of one camera; remembers where they were.

    Make one per camera. The spots have no names: `label_markers` gives them, with those of the other cameras.

    Parameters
    ----------
    options : BlobOptions
        With the polarity `auto` bright and dark spots are found in every image, told apart by their contrast: which
        of them are the markers only all images of all cameras can tell, and `label_markers` does.
    track : bool
        Begin with what the last image showed; False takes every image by itself.

    Attributes
    ----------
    colour : bool
        False: it wants gray images.
    """

    colour = False

    def __init__(self, options: BlobOptions = _DEFAULT, track: bool = True) -> None:
        self.options, self.track = options, track
        kinds = ("bright", "dark") if options.polarity == "auto" else (options.polarity,)
        self._searches = [(replace(options, polarity=kind), BlobMemory()) for kind in kinds]

    def detect(self, image: NDArray) -> Blobs:
        """Return the spots of the next image, uint8, shape (height, width)."""
        found = [find_blobs(image, own, memory if self.track else None) for own, memory in self._searches]
        return found[0] if len(found) == 1 else joined(found)


def make_blob_finder(options: BlobOptions = _DEFAULT, *, track: bool = True) -> MarkerBlobDetector:
    """Return a finder for the images of one camera, to be fed in order."""
    return MarkerBlobDetector(options, track)
