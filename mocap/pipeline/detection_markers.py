"""Round markers in footage: spots camera by camera, then labelled through the calibrated cameras."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calibration
from mocap.errors import ConfigError, KeypointError
from mocap.export.keypoint_parts import CameraRows, camera_facts, read_camera_rows, write_camera_rows
from mocap.keypoints.detector import Detection
from mocap.keypoints.markers.blobs import NO_BLOBS, Blobs
from mocap.keypoints.markers.finder import make_blob_finder
from mocap.keypoints.markers.labelling import label_markers
from mocap.keypoints.markers.options import BlobOptions
from mocap.keypoints.markers.template import MarkerTemplate, template_from_static
from mocap.pipeline.digests import file_sha256, text_sha256
from mocap.pipeline.progress import Progress
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.motion import read_motion
from mocap.storage import read_trial

#: What is kept of a spot, two numbers each: centre; half axes; sd of the centre and kind; direction and contrast.
_KEPT = ("spot", "axes", "quality", "shape")


class SpotDetector:
    """Finds spots that may be round markers in the images of one camera, in their order; each is told like somebody.

    Parameters
    ----------
    options : BlobOptions
    """

    names = _KEPT
    colour = False

    def __init__(self, options: BlobOptions) -> None:
        self._finder = make_blob_finder(options)

    def detect(self, image: NDArray) -> Detection:
        """Return the usable spots of a gray image, shape (height, width)."""
        spots = self._finder.detect(image)
        spots = spots.chosen(np.flatnonzero(spots.usable))
        quality = np.column_stack((spots.sd_px, spots.kind))
        shape = np.column_stack((spots.angle, spots.contrast))
        pixels = np.stack((spots.centre_px, spots.axes_px, quality, shape), axis=1)
        return Detection(pixels, np.ones((len(spots), len(_KEPT))))


@dataclass(frozen=True)
class MarkerLabelling:
    """What is needed to name spots.

    Attributes
    ----------
    calibration : Path
    standing : Path
        Trial (.h5), or .c3d or .trc file, in which the person stands with all markers labelled.
    """

    calibration: Path
    standing: Path

    @property
    def digest(self) -> str:
        """Of the two files."""
        return text_sha256((file_sha256(self.calibration), file_sha256(self.standing)))

    def apply(self, parts: Mapping[str, Path], folder: Path, progress: Progress) -> tuple[list[Path], tuple[str, ...]]:
        """Label the spots of all cameras, and write one table per camera.

        Parameters
        ----------
        parts : mapping of str to Path
            Tables of spots by camera.
        folder : Path
            For the labelled tables.
        progress : callable

        Returns
        -------
        parts : list of Path
        notes : tuple of str

        Raises
        ------
        KeypointError
            CAMERA_COUNT, CAMERA_NAMES, MARKERS_NOT_FOUND.
        FormatError, SourceError
            When one of the files cannot be read.
        """
        rig = calibration.read_rig(self.calibration)
        own = match_cameras(list(parts), rig.names)
        facts = {name: camera_facts(parts[own[name]]) for name in rig.names}
        n_frames = max(one["frames"] for one in facts.values())
        blobs = [_spots(parts[own[name]], n_frames) for name in rig.names]
        # The rate is but carried along; the table has that of the footage.
        labels = label_markers(
            blobs, rig, standing_markers(self.standing), next(iter(facts.values()))["rate_hz"] or 1.0,
            progress=lambda done, total: progress("labels", done, total),
        )  # fmt: skip
        written = []
        for camera, name in enumerate(rig.names):
            path = folder / f"{own[name]}.labelled.parquet"
            keypoints = labels.keypoints
            rows = CameraRows(
                own[name], keypoints.names, np.arange(n_frames), np.zeros(n_frames, int), keypoints.pixels[camera],
                keypoints.confidence[camera], facts[name]["frames"],
            )  # fmt: skip
            kept = {key: facts[name][key] for key in ("size", "detector", "key", "footage", "rate_hz")}
            write_camera_rows(path, rows, kept)
            written.append(path)
        return written, labels.notes


def standing_markers(path: Path) -> MarkerTemplate:
    """Return where the markers of a standing person are, from a trial or a motion file.

    Raises
    ------
    KeypointError
        MARKER_TEMPLATE, for a file without points.
    """
    points = read_trial(path).points if path.suffix.lower() in (".h5", ".hdf5") else read_motion(path).points
    if points is None:
        raise KeypointError(
            f"{path} holds no markers.", "Give a standing trial with labelled markers.", code="MARKER_TEMPLATE"
        )
    return template_from_static(points)


def require_labelling(calibration_file: Path | None, standing: Path | None) -> MarkerLabelling:
    """Return what names spots, or say what is missing of it.

    Raises
    ------
    ConfigError
        MARKERS_UNDESCRIBED
    """
    lacking = [
        words for given, words in (
            (calibration_file, "the calibration of the cameras (--calibration)"),
            (standing, "a standing trial with labelled markers (--marker-set FILE, marker_set in [keypoints])"),
        ) if given is None
    ]  # fmt: skip
    if calibration_file is None or standing is None:
        raise ConfigError(
            f"Round markers look all alike; to name them needs {' and '.join(lacking)}.", "Give it.",
            code="MARKERS_UNDESCRIBED",
        )  # fmt: skip
    return MarkerLabelling(calibration_file, standing)


def _spots(part: Path, n_frames: int) -> list[Blobs]:
    """Return the spots of every frame, as they were found but for what labels do not need."""
    rows = read_camera_rows(part)
    order = np.searchsorted(rows.frame, np.arange(n_frames + 1))
    return [_blobs(rows.pixels[first:last]) for first, last in pairwise(order)]


def _blobs(spots: NDArray) -> Blobs:
    if not len(spots):
        return NO_BLOBS
    nothing = np.zeros(len(spots))
    kind = spots[:, 2, 1].astype(np.uint8)
    angle, contrast = spots[:, 3].T
    return Blobs(spots[:, 0], spots[:, 1], angle, contrast, nothing, nothing, spots[:, 2, 0], kind)

