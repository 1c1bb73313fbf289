"""Where the labels of a trial begin: the frame that the template fits best, or the one that somebody labelled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import digits
from calibration.triangulation import triangulate
from mocap.errors import KeypointError
from mocap.keypoints.markers.blobs import Blobs
from mocap.keypoints.markers.candidates import find_candidates
from mocap.keypoints.markers.template import MarkerTemplate, Registration, register

_TRIED = 24  # frames in which the person is looked for by the template
_LEAST_GIVEN = 3


@dataclass(frozen=True, eq=False)
class GivenLabels:
    """Labels that somebody gave in one frame.

    Attributes
    ----------
    frame : int
    names : tuple of str
    pixels : ndarray, shape (camera, marker, 2)
        Clicks, in two cameras or more for every marker; NaN elsewhere. The nearest spot within `reach_px` is meant.
    reach_px : float
    """

    frame: int
    names: tuple[str, ...]
    pixels: NDArray
    reach_px: float = 6.0


@dataclass(frozen=True, eq=False)
class Start:
    """Markers of one frame.

    Attributes
    ----------
    frame : int
    position : ndarray, shape (marker, 3)
        NaN where nobody knows.
    note : str
    clear : bool
        Whether enough is known to go on from.
    score : float
        The larger, the better.
    rival : float
        What the second best scores.
    """

    frame: int
    position: NDArray
    note: str
    clear: bool
    score: float
    rival: float = 0.0


def kinds_of(blobs: Sequence[Sequence[Blobs]]) -> tuple[int, ...]:
    """Return 1 for bright spots and -1 for dark ones where there are both, else 0: all."""
    both = [any((kind * spots.contrast > 0).any() for camera in blobs for spots in camera) for kind in (1, -1)]
    return (1, -1) if all(both) else (0,)


def start_by_template(clean: list[list[Blobs]], rig: CameraRig, template: MarkerTemplate, limit_px: float) -> Start:
    """Find the frame, among some, in which the person stands most clearly as in the template.

    The spots are to lie where an ideal lens would show them, and the rig is to be of such lenses.
    """
    n_frames = len(clean[0])
    best, best_frame, best_points = Registration(np.zeros(0, int), -1.0, 0.0), -1, np.zeros((0, 3))
    for frame in np.unique(np.linspace(0, n_frames - 1, min(_TRIED, n_frames)).astype(int)):
        centres = [camera[frame].centre_px for camera in clean]
        points = find_candidates(rig, centres, limit_px).position_world
        found = register(template, points)
        if found.score > best.score and (found.clear or not best.clear):
            best, best_frame, best_points = found, int(frame), points
    if not best.clear:
        return Start(best_frame, np.full((len(template.names), 3), np.nan), "", False, best.score, best.rival)
    position = np.where((best.point >= 0)[:, None], best_points[np.maximum(best.point, 0)], np.nan)
    found_count = int((best.point >= 0).sum())
    note = f"{found_count} of {len(template.names)} markers were found by the template in frame {best_frame}."
    return Start(best_frame, position, note, True, best.score, best.rival)


def start_by_hand(clean: list[list[Blobs]], rig: CameraRig, given: GivenLabels) -> Start:
    """Take the spots, as the images show them, next to the labels that somebody gave."""
    if not 0 <= given.frame < len(clean[0]) or given.pixels.shape != (len(rig), len(given.names), 2):
        raise KeypointError(
            f"Labels of frame {given.frame} of {len(clean[0])}, pixels of shape {given.pixels.shape}.",
            "Give labels in a frame of the trial, pixels (camera, marker, 2).",
            code="MARKERS_NOT_FOUND",
        )
    pixels = np.full(given.pixels.shape, np.nan)
    for camera, spots in enumerate(clean):
        centres = spots[given.frame].centre_px
        if not len(centres):
            continue
        distance = np.linalg.norm(given.pixels[camera][:, None] - centres[None], axis=-1)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        near = distance.min(axis=1) <= given.reach_px
        pixels[camera, near] = centres[distance.argmin(axis=1)[near]]
    position = triangulate(rig, pixels)
    count = int(np.isfinite(position).all(axis=1).sum())
    note = f"{count} of {len(given.names)} markers were labelled by hand in frame {given.frame}."
    return Start(given.frame, position, note, count >= _LEAST_GIVEN, float(count))


def refuse_start(start: Start, labels: MarkerTemplate | GivenLabels) -> KeypointError:
    """Return what to raise where a start is not clear."""
    if isinstance(labels, GivenLabels):
        return KeypointError(
            f"Only {int(start.score)} of {len(labels.names)} given labels are at a spot in two cameras.",
            f"Click within {digits(labels.reach_px, 2)} px of the marker in two cameras or more.",
            code="MARKERS_NOT_FOUND",
        )
    return KeypointError(
        f"No frame shows the markers of the template: at best {digits(100 * max(start.score, 0.0), 3)} % of them "
        f"fit, and {digits(100 * start.rival, 3)} % facing another way.",
        "Begin the trial standing as in the static trial, use the static trial of the same person, check the "
        "calibration and the blob options, or give labels in one frame.",
        code="MARKERS_NOT_FOUND",
    )
