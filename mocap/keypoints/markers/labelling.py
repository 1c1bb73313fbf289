"""Which marker each spot is: found once through a template or given labels, then followed in both directions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import digits
from calibration.triangulation import triangulate
from mocap.errors import KeypointError
from mocap.keypoints.markers.blobs import SPLIT, Blobs
from mocap.keypoints.markers.candidates import find_candidates, learned_limit_px
from mocap.keypoints.markers.following import Follower
from mocap.keypoints.markers.options import LabelOptions
from mocap.keypoints.markers.rigidity import Rigidity, learn_rigidity, nothing_rigid
from mocap.keypoints.markers.sizes import wrong_size
from mocap.keypoints.markers.template import MarkerTemplate, Registration, register
from mocap.trial import Keypoints2D

Progress = Callable[[int, int], None]
_TRIED = 24  # frames in which the person is looked for by the template
_SURE_SD_PX = 0.1


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
class MarkerLabels:
    """Labelled spots of a trial.

    Attributes
    ----------
    keypoints : Keypoints2D
        Named after the markers; only spots that were measured, NaN elsewhere. Confidence is 1 for an sd of 0.1 px
        or less and falls with its inverse.
    spot : ndarray of int, shape (camera, time, marker)
        Place in the list of that camera and frame; -1 where the marker has none.
    position_world : ndarray, shape (time, marker, 3)
        The points that the labels were followed by, m; the reconstruction proper comes later.
    unlabelled : ndarray of int, shape (camera, time)
        Usable spots that are no marker's.
    start_frame : int
        Where the labels were found.
    rigid_pairs : int
        Pairs of markers that keep their distance.
    notes : tuple of str
        What was done and what is missing, in plain words.
    """

    keypoints: Keypoints2D
    spot: NDArray
    position_world: NDArray
    unlabelled: NDArray
    start_frame: int
    rigid_pairs: int
    notes: tuple[str, ...]


_DEFAULT = LabelOptions()


def label_markers(
    blobs: Sequence[Sequence[Blobs]],
    rig: CameraRig,
    labels: MarkerTemplate | GivenLabels,
    rate_hz: float,
    *,
    options: LabelOptions = _DEFAULT,
    progress: Progress | None = None,
) -> MarkerLabels:
    """Name the spots of all cameras.

    Parameters
    ----------
    blobs : sequence (camera) of sequence (time) of Blobs
        Cameras in the order of the rig, all with the same frames.
    rig : CameraRig
        Z up.
    labels : MarkerTemplate or GivenLabels
        With a template, the frame in which the person stands most clearly as in the template is found; given labels
        start in their own frame.
    rate_hz : float
    options : LabelOptions
    progress : callable, optional
        Called with the steps done and all steps.

    Returns
    -------
    MarkerLabels
        Spots that fit no marker stay unlabelled; a marker that is lost comes back when two cameras see a point where
        its neighbours expect it, and no other point or marker competes.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, when cameras or frames do not match; MARKERS_NOT_FOUND, when no frame shows the person of the
        template, or too few of the given labels are at a spot.

    Notes
    -----
    Followed twice: first to learn which markers keep their distance (which needs no knowledge of the body), then
    with these distances as a check that exchanged labels fail.
    """
    _check(blobs, rig)
    usable = [[np.flatnonzero(spots.usable) for spots in camera] for camera in blobs]
    clean = [[spots.chosen(own) for spots, own in zip(*pair, strict=True)] for pair in zip(blobs, usable, strict=True)]
    ideal, straight = _ideal(rig, clean)
    centres = [[spots.centre_px for spots in camera] for camera in straight]
    options = replace(options, limit_px=learned_limit_px(ideal, centres, options.limit_px))
    if isinstance(labels, MarkerTemplate):
        start, position, note = _from_template(straight, ideal, labels, options)
    else:
        start, position, note = _from_given(clean, rig, labels)
    shape = labels.position if isinstance(labels, MarkerTemplate) else position
    run = _Run(ideal, straight, options, start, position, shape, progress)
    _, first = run.followed(nothing_rigid(len(labels.names)), 0)
    rigidity = learn_rigidity(first, options)
    spot, points = run.followed(rigidity, 1)
    spot, points, n_wrong = _settled(ideal, straight, spot, points)
    return _answer(clean, usable, labels.names, rate_hz, (start, note, rigidity, n_wrong), spot, points)


@dataclass(frozen=True, eq=False)
class _Run:
    rig: CameraRig
    clean: list[list[Blobs]]
    options: LabelOptions
    start: int
    position: NDArray
    shape: NDArray
    progress: Progress | None

    def followed(self, rigidity: Rigidity, turn: int) -> tuple[NDArray, NDArray]:
        """Spots, shape (camera, time, marker), and positions, shape (time, marker, 3), from the start both ways."""
        n_frames, n_markers = len(self.clean[0]), len(self.position)
        spot = np.full((len(self.rig), n_frames, n_markers), -1)
        points = np.full((n_frames, n_markers, 3), np.nan)
        done = 0
        for frames in (range(self.start, n_frames), range(self.start - 1, -1, -1)):
            begin = self.position if frames.step > 0 else np.where(np.isfinite(points[self.start]), points[self.start],
                                                                   self.position)  # fmt: skip
            follower = Follower(self.rig, self.options, rigidity, begin.copy(), self.shape)
            for frame in frames:
                own, points[frame] = follower.step([camera[frame] for camera in self.clean])
                spot[:, frame] = own.T
                done += 1
                if self.progress is not None:
                    self.progress(turn * n_frames + done, 2 * n_frames)
        return spot, points


def _ideal(rig: CameraRig, clean: list[list[Blobs]]) -> tuple[CameraRig, list[list[Blobs]]]:
    """Take the lenses out once and for all: cameras without distortion, and the spots as they would show them."""
    cameras, straight = [], []
    for camera, frames in zip(rig, clean, strict=True):
        cameras.append(replace(camera, distortion=np.zeros(5), fisheye=False))
        ray, _ = camera.undistort(np.concatenate([spots.centre_px for spots in frames]))
        # What no ray leads to is put where nobody looks.
        pixel = np.nan_to_num(ray * np.diagonal(camera.matrix)[:2] + camera.matrix[:2, 2], nan=-1e6)
        ends = np.cumsum([len(spots) for spots in frames])[:-1]
        parts = zip(frames, np.split(pixel, ends), strict=True)
        straight.append([replace(spots, centre_px=own) for spots, own in parts])
    return CameraRig(tuple(cameras)), straight


def _check(blobs: Sequence[Sequence[Blobs]], rig: CameraRig) -> None:
    lengths = sorted({len(camera) for camera in blobs})
    if len(blobs) != len(rig) or len(rig) < 2 or len(lengths) != 1 or lengths[0] == 0:
        raise KeypointError(
            f"Spots of {len(blobs)} cameras with {lengths} frames, and a calibration of {len(rig)} cameras: "
            f"{list(rig.names)}.",
            "Pass the spots of the calibrated cameras, two or more, in their order, and as many frames of each.",
            code="CAMERA_COUNT",
        )


def _from_template(
    clean: list[list[Blobs]], rig: CameraRig, template: MarkerTemplate, options: LabelOptions
) -> tuple[int, NDArray, str]:
    n_frames = len(clean[0])
    best, best_frame, best_points = Registration(np.zeros(0, int), -1.0, 0.0), -1, np.zeros((0, 3))
    for frame in np.unique(np.linspace(0, n_frames - 1, min(_TRIED, n_frames)).astype(int)):
        centres = [camera[frame].centre_px for camera in clean]
        points = find_candidates(rig, centres, options.limit_px).position_world
        found = register(template, points)
        if found.score > best.score and (found.clear or not best.clear):
            best, best_frame, best_points = found, int(frame), points
    if not best.clear:
        raise KeypointError(
            f"No frame shows the markers of the template: at best {digits(100 * max(best.score, 0.0), 3)} % of them "
            f"fit, and {digits(100 * best.rival, 3)} % facing another way.",
            "Begin the trial standing as in the static trial, use the static trial of the same person, check the "
            "calibration and the blob options, or give labels in one frame.",
            code="MARKERS_NOT_FOUND",
        )
    position = np.where((best.point >= 0)[:, None], best_points[np.maximum(best.point, 0)], np.nan)
    found_count = int((best.point >= 0).sum())
    note = f"{found_count} of {len(template.names)} markers were found by the template in frame {best_frame}."
    return best_frame, position, note


def _from_given(clean: list[list[Blobs]], rig: CameraRig, given: GivenLabels) -> tuple[int, NDArray, str]:
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
    if count < 3:
        raise KeypointError(
            f"Only {count} of {len(given.names)} given labels are at a spot in two cameras.",
            f"Click within {digits(given.reach_px, 2)} px of the marker in two cameras or more.",
            code="MARKERS_NOT_FOUND",
        )
    return given.frame, position, f"{count} of {len(given.names)} markers were labelled by hand in frame {given.frame}."


def _settled(
    rig: CameraRig, clean: list[list[Blobs]], spot: NDArray, points: NDArray
) -> tuple[NDArray, NDArray, int]:
    """Leave out spots of another size than their marker; spots, points without them, and how many there were."""
    larger, pixels = np.full(spot.shape, np.nan), np.full((*spot.shape, 2), np.nan)
    for camera, frame in np.ndindex(*spot.shape[:2]):
        there = spot[camera, frame] >= 0
        own = clean[camera][frame].chosen(spot[camera, frame, there])
        larger[camera, frame, there], pixels[camera, frame, there] = own.axes_px[:, 0], own.centre_px
    scale = [camera.matrix[0, 0] / (points @ camera.cam_from_world[2, :3] + camera.cam_from_world[2, 3])
             for camera in rig]  # fmt: skip
    wrong = wrong_size(larger, np.stack(scale))
    touched = wrong.any(axis=0)
    spot, points = np.where(wrong, -1, spot), points.copy()
    pixels[wrong] = np.nan
    points[touched] = triangulate(rig, pixels[:, touched])
    spot[:, np.isnan(points).any(axis=2)] = -1
    return spot, points, int(wrong.sum())


def _answer(
    clean: list[list[Blobs]], usable: list[list[NDArray]], names: tuple[str, ...], rate_hz: float,
    found: tuple[int, str, Rigidity, int], spot: NDArray, points: NDArray,
) -> MarkerLabels:  # fmt: skip
    start, note, rigidity, n_wrong = found
    pixels, sd = np.full((*spot.shape, 2), np.nan), np.full(spot.shape, np.inf)
    original, unlabelled = np.full(spot.shape, -1), np.zeros(spot.shape[:2], int)
    n_split = 0
    for camera, frame in np.ndindex(*spot.shape[:2]):
        own, spots = spot[camera, frame], clean[camera][frame]
        there = own >= 0
        pixels[camera, frame, there] = spots.centre_px[own[there]]
        sd[camera, frame, there] = spots.sd_px[own[there]]
        original[camera, frame, there] = usable[camera][frame][own[there]]
        unlabelled[camera, frame] = len(spots) - there.sum()
        n_split += int((spots.kind[own[there]] == SPLIT).sum())
    confidence = np.where(spot >= 0, np.minimum(1.0, _SURE_SD_PX / np.maximum(sd, 1e-6)), 0.0)
    known = np.isfinite(points).all(axis=2)
    poor = [f"{name} ({digits(100 * share, 3)} %)" for name, share in zip(names, known.mean(axis=0), strict=True)
            if share < 0.9]  # fmt: skip
    notes = [note, f"{rigidity.n_pairs} pairs of markers keep their distance and were used to check the labels.",
             f"{int(unlabelled.sum())} spots are no marker's; {n_split} labelled ones touch another.",
             f"{n_wrong} spots were left out as they are not as large as their marker: half hidden ones."]  # fmt: skip
    if poor:
        notes.append(f"Known in less than 90 % of the frames: {', '.join(poor)}.")
    return MarkerLabels(
        Keypoints2D(pixels, confidence, names, rate_hz), original, points, unlabelled, start, rigidity.n_pairs,
        tuple(notes),
    )  # fmt: skip
