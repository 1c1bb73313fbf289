"""Exchanged left and right, found by geometry: bursts, whole cameras, single parts of the body, all cameras at once.

Every view has a label "as it is" or "exchanged" in every frame. Two views that agree better with one of them
exchanged, a view whose keypoints change places from one frame to the next, and a body that faces away from where its
toes point are evidence; the most probable labels of all views and frames together are found exactly. Nothing is
corrected unless `correct_sides` is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import triangulate
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints.sides_anatomy import attached_score, facing_score
from mocap.keypoints.sides_evidence import side_evidence
from mocap.keypoints.sides_labels import Agreement, signs
from mocap.keypoints.sides_names import PARTS, part_of, side_pairs
from mocap.trial import Keypoints2D

WHOLE = "whole body"
_MOST_CAMERAS = 14
_MOST_BODIES = 2000  # bodies triangulated; where there are more frames, every n-th


@dataclass(frozen=True)
class SideOptions:
    """Settings of `find_side_swaps`.

    Attributes
    ----------
    min_confidence : float
        Keypoints below are not compared.
    persistence, part_persistence : float
        Half the log-odds that a camera's labels, of the whole body or of a part, go on as they were.
    step_limit : float
        What two frames of one view may say at most.
    trust, part_trust : float
        Half the log-odds, before anything is seen, that the sides of all views, or of a part in them, are right.
    body : float
        Weight of what the body says of its sides.
    parts : bool
        Look for parts exchanged apart from the rest as well.
    """

    min_confidence: float = 0.2
    persistence: float = 0.5
    part_persistence: float = 1.5
    step_limit: float = 3.0
    trust: float = 0.4
    part_trust: float = 1.1
    body: float = 1.5
    parts: bool = True

    def __post_init__(self) -> None:
        weights = (self.persistence, self.part_persistence, self.step_limit, self.trust, self.part_trust, self.body)
        if not (0 <= self.min_confidence <= 1 and min(weights) >= 0):
            raise ConfigError(
                f"Side options out of range: {self}.", "Use a confidence in 0 to 1 and weights of 0 or more.",
                code="OPTION_RANGE",
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class SideSwaps:
    """Where left and right look exchanged.

    Attributes
    ----------
    whole : ndarray of bool, shape (camera, time)
        The whole body.
    parts : tuple of str
        Parts of the body that were looked at apart.
    part : ndarray of bool, shape (part, camera, time)
        This part against the rest of the body, which may itself be exchanged.
    keypoints : ndarray of bool, shape (camera, time, keypoint)
        Sided keypoints whose label is exchanged, by the two together.
    facing : ndarray, shape (time,)
        What the body says of its sides after correction: +2 right, -2 wrong, 0 cannot tell.
    sigma_px : float
        Noise that the views were compared with, median over pairs of cameras.
    pairs : tuple of (int, int)
        Right and left places of the keypoints.
    """

    whole: NDArray
    parts: tuple[str, ...]
    part: NDArray
    keypoints: NDArray
    facing: NDArray
    sigma_px: float
    pairs: tuple[tuple[int, int], ...]

    @property
    def any(self) -> NDArray:
        """Views in which something is exchanged, shape (camera, time)."""
        return np.asarray(self.keypoints.any(axis=2))


class _Bodies:
    """Points of the bodies of some frames, triangulated again only where the labels of a view are other ones."""

    def __init__(
        self, pixels: NDArray, confident: NDArray, rig: CameraRig, pairs: Sequence[tuple[int, int]]
    ) -> None:
        self.frames = np.arange(0, pixels.shape[1], max(1, -(-pixels.shape[1] // _MOST_BODIES)))
        self._pixels = np.where(confident[:, self.frames, :, None], pixels[:, self.frames], np.nan)
        self._rig, self._pairs = rig, pairs
        self._mask = np.zeros(self._pixels.shape[:3], bool)
        self._points = triangulate(rig, self._pixels)

    def points(self, exchanged: NDArray) -> NDArray:
        """Points, shape (frame, keypoint, 3), with labels of these frames, (camera, frame, keypoint), exchanged."""
        frames, places = np.nonzero((exchanged != self._mask).any(axis=0))
        if len(frames):
            pixels = _exchanged(self._pixels, exchanged, self._pairs)[:, frames, places]
            self._points[frames, places] = triangulate(self._rig, pixels)
            self._mask = exchanged
        return self._points


_DEFAULT = SideOptions()


def find_side_swaps(keypoints: Keypoints2D, rig: CameraRig, *, options: SideOptions = _DEFAULT) -> SideSwaps:
    """Find views whose left and right are exchanged.

    Parameters
    ----------
    keypoints : Keypoints2D
        Of one person, cameras in the order of the rig.
    rig : CameraRig
    options : SideOptions

    Returns
    -------
    SideSwaps
        Views in which the two sides cover each other cannot tell, nor matter; they follow their neighbours in time.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, when keypoints and rig have another number of cameras; TOO_MANY_CAMERAS; NO_SIDES, when no
        keypoint has a partner on the other side.
    """
    pairs = side_pairs(keypoints.names)
    _check(keypoints, rig, pairs)
    confident = keypoints.confidence >= max(options.min_confidence, 1e-9)
    parts, places = _parts(keypoints.names, pairs)
    evidence = side_evidence(keypoints.pixels, confident, rig, pairs, [*places, tuple(range(len(pairs)))])
    step = np.clip(np.swapaxes(evidence.step, 1, 2), -options.step_limit, options.step_limit)
    bodies = _Bodies(keypoints.pixels, confident, rig, pairs)
    whole, facing = _whole(bodies, keypoints.names, pairs, evidence.pair[-1], step[-1], options)
    exchanged = np.zeros(confident.shape, bool)
    _mark(exchanged, whole, [place for pair in pairs for place in pair])
    part = np.zeros((len(parts), *whole.shape), bool)
    if options.parts and len(parts) > 1:
        sign = signs(whole).T
        upright = exchanged[:, bodies.frames]
        for index, name in enumerate(parts):
            stay = step[index] * sign[1:] * sign[:-1] + options.part_persistence
            between = Agreement(evidence.pair[index], sign, stay)
            held = [place for pair in places[index] for place in pairs[pair]]
            part[index] = _part(bodies, upright, keypoints.names, pairs, name, held, between, options)
            _mark(exchanged, part[index], held)
    return SideSwaps(whole, parts, part, exchanged, facing, float(np.median(evidence.sigma_px)), pairs)


def correct_sides(keypoints: Keypoints2D, swaps: SideSwaps) -> Keypoints2D:
    """Return the keypoints with the labels exchanged back where `swaps` says so; nothing else is touched."""
    if swaps.keypoints.shape != keypoints.confidence.shape:
        raise KeypointError(
            f"Exchanged sides of shape {swaps.keypoints.shape} for keypoints of {keypoints.confidence.shape}.",
            "Correct the keypoints that the sides were looked for in.",
            code="SHAPE",
        )
    pixels = _exchanged(keypoints.pixels, swaps.keypoints, swaps.pairs)
    confidence = _exchanged(keypoints.confidence[..., None], swaps.keypoints, swaps.pairs)[..., 0]
    return Keypoints2D(pixels, confidence, keypoints.names, keypoints.rate_hz)


def _check(keypoints: Keypoints2D, rig: CameraRig, pairs: Sequence[tuple[int, int]]) -> None:
    if keypoints.n_cameras != len(rig) or len(rig) < 2:
        raise KeypointError(
            f"The keypoints are of {keypoints.n_cameras} cameras, the calibration has {len(rig)}: {list(rig.names)}.",
            "Pass keypoints and calibration of the same cameras, two or more, in the same order.",
            code="CAMERA_COUNT",
        )
    if len(rig) > _MOST_CAMERAS:
        raise KeypointError(
            f"Left and right are compared over {_MOST_CAMERAS} cameras at most; these are {len(rig)}.",
            "Look at a part of the cameras at a time.",
            code="TOO_MANY_CAMERAS",
        )
    if not pairs:
        raise KeypointError(
            f"No keypoint has a partner on the other side among {list(keypoints.names)}.",
            "Name the sides: RKnee and LKnee, left_hip and right_hip.",
            code="NO_SIDES",
        )


def _parts(
    names: Sequence[str], pairs: Sequence[tuple[int, int]]
) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    own = [part_of(names[right]) for right, _ in pairs]
    parts = tuple(part for part in PARTS if part in own)
    return parts, [tuple(index for index, name in enumerate(own) if name == part) for part in parts]


def _whole(
    bodies: _Bodies, names: Sequence[str], pairs: Sequence[tuple[int, int]], between: NDArray, step: NDArray,
    options: SideOptions,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Views whose whole body is exchanged: first as they agree among each other, then with what the body says."""
    n_cameras, n_frames = between.shape[1:]
    said = Agreement(between, np.ones((n_frames, n_cameras)), step + options.persistence)
    field = np.full((n_frames, n_cameras), options.trust / n_cameras)
    first = said.solved(field)
    mask = np.zeros((n_cameras, len(bodies.frames), len(names)), bool)
    _mark(mask, first[:, bodies.frames], [place for pair in pairs for place in pair])
    score = _every(facing_score(bodies.points(mask), names, pairs), bodies.frames, n_frames)
    body = options.body * score[:, None] * signs(first).T / n_cameras
    # What speaks for the labels that are the best ones anyway changes none of them.
    whole = first if (score >= 0).all() else said.solved_again(field + body, first, score < 0)
    # The same body with its sides exchanged faces the other way.
    same = (signs(whole) * signs(first)).mean(axis=0)
    return whole, score * same


def _part(
    bodies: _Bodies, upright: NDArray, names: Sequence[str], pairs: Sequence[tuple[int, int]], part: str,
    held: Sequence[int], between: Agreement, options: SideOptions,
) -> NDArray:  # fmt: skip
    """Views in which one part is exchanged against the body, whose exchanged labels in some frames are `upright`."""
    n_frames, n_cameras = between.turned.shape
    first = between.solved(np.full((n_frames, n_cameras), options.part_trust / n_cameras))
    mask = upright.copy()
    _mark(mask, first[:, bodies.frames], held)
    score = _every(attached_score(bodies.points(mask), names, pairs, part), bodies.frames, n_frames)
    if (score >= 0).all():
        return first
    field = (options.part_trust + options.body * score[:, None] * signs(first).T) / n_cameras
    return between.solved_again(field, first, score < 0)


def _mark(mask: NDArray, views: NDArray, places: Sequence[int]) -> None:
    """Exchange the labels of some keypoints, in place: an exchange of an exchange is none."""
    mask[:, :, list(places)] ^= views[:, :, None]


def _exchanged(values: NDArray, mask: NDArray, pairs: Sequence[tuple[int, int]]) -> NDArray:
    """Return values, shape (camera, time, keypoint, ...), with partners exchanged where the mask says so."""
    partner = np.arange(values.shape[2])
    for right, left in pairs:
        partner[right], partner[left] = left, right
    return np.where(mask[..., None], values[:, :, partner], values)


def _every(values: NDArray, frames: NDArray, n_frames: int) -> NDArray:
    """Values of every n-th frame for all frames."""
    if not len(frames):
        return np.zeros(n_frames)
    return values[np.clip(np.searchsorted(frames, np.arange(n_frames), side="right") - 1, 0, len(frames) - 1)]
