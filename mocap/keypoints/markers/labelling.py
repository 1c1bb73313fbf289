"""Which marker each spot is: found once through a template or given labels, then followed in both directions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import digits
from calibration.triangulation import triangulate
from mocap.errors import KeypointError
from mocap.keypoints.markers.blobs import SPLIT, Blobs, joined
from mocap.keypoints.markers.following import Follower
from mocap.keypoints.markers.offsets import limit_without_offsets
from mocap.keypoints.markers.options import LabelOptions
from mocap.keypoints.markers.rigidity import Rigidity, learn_rigidity, nothing_rigid
from mocap.keypoints.markers.sizes import SizeCheck, angular_half_axes, told_sizes, wrong_size
from mocap.keypoints.markers.starting import (
    GivenLabels,
    Start,
    kinds_of,
    refuse_start,
    start_by_hand,
    start_by_template,
)
from mocap.keypoints.markers.template import MarkerTemplate
from mocap.trial import Keypoints2D

Progress = Callable[[int, int], None]
_SURE_SD_PX = 0.1


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
        Where there are bright and dark spots, the markers are taken to be those of the two kinds among which the
        template, or the given labels, are found best.
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
    spots, also = _begun(blobs, rig, labels, options)
    start = spots.start
    if not start.clear:
        raise refuse_start(start, labels)
    shape = labels.position if isinstance(labels, MarkerTemplate) else start.position
    run = _Run(spots.ideal, spots.straight, replace(options, limit_px=spots.limit_px), start, shape, progress)
    _, first = run.followed(nothing_rigid(len(labels.names)), 0)
    rigidity = learn_rigidity(first, options)
    spot, points = run.followed(rigidity, 1)
    had = (spot >= 0).sum(axis=(1, 2))
    spot, points, sizes = _settled(rig, spots, spot, points)
    pairs = f"{rigidity.n_pairs} pairs of markers keep their distance and were used to check the labels."
    notes = (start.note, *also, pairs, *spots.notes, *told_sizes(sizes, had, rig.names))
    return _answer(spots, labels.names, rate_hz, rigidity.n_pairs, notes, spot, points)


@dataclass(frozen=True, eq=False)
class _Spots:
    """Usable spots of one kind, (camera) of (time): their places in the lists, and as an ideal lens would show them."""

    usable: list[list[NDArray]]
    clean: list[list[Blobs]]
    straight: list[list[Blobs]]
    ideal: CameraRig
    start: Start
    limit_px: float
    notes: tuple[str, ...]


def _begun(
    blobs: Sequence[Sequence[Blobs]], rig: CameraRig, labels: MarkerTemplate | GivenLabels, options: LabelOptions
) -> tuple[_Spots, tuple[str, ...]]:
    """Return the spots of that kind, bright or dark, among which the markers are found best; and what to tell."""
    kinds = kinds_of(blobs)
    found = [_of_kind(blobs, rig, labels, options, kind) for kind in kinds]
    best = max(range(len(kinds)), key=lambda index: (found[index].start.clear, found[index].start.score))
    if len(kinds) == 1:
        return found[0], ()
    count = {kind: sum(len(own) for camera in spots.usable for own in camera)
             for kind, spots in zip(("bright", "dark"), found, strict=True)}  # fmt: skip
    taken, other = ("bright", "dark") if best == 0 else ("dark", "bright")
    return found[best], (f"The markers were found among the {taken} spots ({count[taken]} in all images of all "
                         f"cameras); the {count[other]} {other} ones were passed over.",)  # fmt: skip


def _of_kind(
    blobs: Sequence[Sequence[Blobs]], rig: CameraRig, labels: MarkerTemplate | GivenLabels, options: LabelOptions,
    kind: int,
) -> _Spots:  # fmt: skip
    usable = [[np.flatnonzero(spots.usable & ((kind == 0) | (kind * spots.contrast > 0))) for spots in camera]
              for camera in blobs]  # fmt: skip
    clean = [[spots.chosen(own) for spots, own in zip(*pair, strict=True)] for pair in zip(blobs, usable, strict=True)]
    ideal, straight = _ideal(rig, clean)
    centres = [[spots.centre_px for spots in camera] for camera in straight]
    limit, offset, notes = limit_without_offsets(ideal, centres, options.limit_px)
    straight = [[replace(spots, centre_px=spots.centre_px - own) for spots in camera] if own.any() else camera
                for camera, own in zip(straight, offset, strict=True)]  # fmt: skip
    if isinstance(labels, MarkerTemplate):
        start = start_by_template(straight, ideal, labels, limit.limit_px)
    else:
        start = start_by_hand(clean, rig, labels)
    return _Spots(usable, clean, straight, ideal, start, limit.limit_px, notes)


@dataclass(frozen=True, eq=False)
class _Run:
    rig: CameraRig
    clean: list[list[Blobs]]
    options: LabelOptions
    start: Start
    shape: NDArray
    progress: Progress | None

    def followed(self, rigidity: Rigidity, turn: int) -> tuple[NDArray, NDArray]:
        """Spots, shape (camera, time, marker), and positions, shape (time, marker, 3), from the start both ways."""
        start, position = self.start.frame, self.start.position
        n_frames, n_markers = len(self.clean[0]), len(position)
        spot = np.full((len(self.rig), n_frames, n_markers), -1)
        points = np.full((n_frames, n_markers, 3), np.nan)
        done = 0
        for frames in (range(start, n_frames), range(start - 1, -1, -1)):
            begin = position if frames.step > 0 else np.where(np.isfinite(points[start]), points[start], position)
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


def _settled(rig: CameraRig, spots: _Spots, spot: NDArray, points: NDArray) -> tuple[NDArray, NDArray, SizeCheck]:
    """Leave out spots of another size than their marker; spots, points without them, and what was found."""
    half, pixels = np.full((*spot.shape, 2), np.nan), np.full((*spot.shape, 2), np.nan)
    for camera, frames in enumerate(spots.clean):
        places = np.cumsum([0, *(len(own) for own in frames)])[:-1, None] + spot[camera]
        seen = angular_half_axes(rig.cameras[camera], joined(frames))
        there = spot[camera] >= 0
        half[camera, there] = seen[places[there]]
        straight = np.concatenate([own.centre_px for own in spots.straight[camera]])
        pixels[camera, there] = straight[places[there]]
    away = np.stack([np.linalg.norm(points - camera.centre_world, axis=-1) for camera in rig])
    sizes = wrong_size(half * away[..., None], _steps(points))
    touched = sizes.wrong.any(axis=0)
    spot, points = np.where(sizes.wrong, -1, spot), points.copy()
    pixels[sizes.wrong] = np.nan
    points[touched] = triangulate(spots.ideal, pixels[:, touched])
    spot[:, np.isnan(points).any(axis=2)] = -1
    return spot, points, sizes


def _steps(points: NDArray) -> NDArray:
    """How far each marker moves in a frame, shape (time, marker): the farther of before and after; NaN if neither."""
    step = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    none = np.full((1, points.shape[1]), np.nan)
    return np.fmax(np.concatenate([none, step]), np.concatenate([step, none]))


def _answer(
    spots: _Spots, names: tuple[str, ...], rate_hz: float, rigid_pairs: int, notes: tuple[str, ...], spot: NDArray,
    points: NDArray,
) -> MarkerLabels:  # fmt: skip
    pixels, sd = np.full((*spot.shape, 2), np.nan), np.full(spot.shape, np.inf)
    original, unlabelled = np.full(spot.shape, -1), np.zeros(spot.shape[:2], int)
    n_split = 0
    for camera, frame in np.ndindex(*spot.shape[:2]):
        own, here = spot[camera, frame], spots.clean[camera][frame]
        there = own >= 0
        pixels[camera, frame, there] = here.centre_px[own[there]]
        sd[camera, frame, there] = here.sd_px[own[there]]
        original[camera, frame, there] = spots.usable[camera][frame][own[there]]
        unlabelled[camera, frame] = len(here) - there.sum()
        n_split += int((here.kind[own[there]] == SPLIT).sum())
    confidence = np.where(spot >= 0, np.minimum(1.0, _SURE_SD_PX / np.maximum(sd, 1e-6)), 0.0)
    known = np.isfinite(points).all(axis=2)
    poor = [f"{name} ({digits(100 * share, 3)} %)" for name, share in zip(names, known.mean(axis=0), strict=True)
            if share < 0.9]  # fmt: skip
    said = [*notes, f"{int(unlabelled.sum())} spots are no marker's; {n_split} labelled ones touch another."]
    if poor:
        said.append(f"Known in less than 90 % of the frames: {', '.join(poor)}.")
    return MarkerLabels(
        Keypoints2D(pixels, confidence, names, rate_hz), original, points, unlabelled, spots.start.frame, rigid_pairs,
        tuple(said),
    )  # fmt: skip
