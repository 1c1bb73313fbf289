"""Round adhesive or retro-reflective markers: spots in images, and which marker each of them is."""

from mocap.keypoints.markers.blobs import MERGED, SINGLE, SPLIT, Blobs, find_blobs
from mocap.keypoints.markers.finder import MarkerBlobDetector, make_blob_finder
from mocap.keypoints.markers.labelling import GivenLabels, MarkerLabels, label_markers
from mocap.keypoints.markers.linking import SpotLinker, link_blobs
from mocap.keypoints.markers.options import BlobOptions, LabelOptions
from mocap.keypoints.markers.template import MarkerTemplate, template_from_static

__all__ = [
    "MERGED",
    "SINGLE",
    "SPLIT",
    "BlobOptions",
    "Blobs",
    "GivenLabels",
    "LabelOptions",
    "MarkerBlobDetector",
    "MarkerLabels",
    "MarkerTemplate",
    "SpotLinker",
    "find_blobs",
    "label_markers",
    "link_blobs",
    "make_blob_finder",
    "template_from_static",
]
