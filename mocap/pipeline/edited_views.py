"""Points where a reviewer corrected what a camera saw: those frames alone are reconstructed again.

The noise of the keypoints is estimated as for the whole recording, from the same sample of its frames, so that the
points are those that a reconstruction of the whole would give.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.config.build import build
from mocap.errors import ReconstructionError
from mocap.reconstruction import ReconstructionOptions
from mocap.reconstruction.robust import reconstruct_span, stated_noise
from mocap.reconstruction.sigma import PixelNoise, noise_of_sample, sample_stride
from mocap.schema import Status
from mocap.trial import Keypoints2D, Operation, PointEdit, Points3D, Trial
from mocap.trial.edits import CAMERA_OUT, IN_VIEWS


@dataclass(frozen=True, eq=False)
class Views:
    """What the cameras of a trial saw, to be asked for by frames.

    Attributes
    ----------
    names : tuple of str
        Of the keypoints.
    n_frames : int
    rate_hz : float
    seen : callable
        Gets frames, shape (n,), and returns pixels (camera, n, keypoint, 2) and confidence (camera, n, keypoint).
    """

    names: tuple[str, ...]
    n_frames: int
    rate_hz: float
    seen: Callable[[NDArray], tuple[NDArray, NDArray]]


@dataclass(frozen=True, eq=False)
class SeenAgain:
    """Points of the frames in which a view was corrected.

    Attributes
    ----------
    frames : ndarray of int, shape (n,)
        Sorted.
    points : Points3D
        Of these frames, in the order of the names of the trial's points.
    changed : ndarray of bool, shape (n, point)
        Which of them take the place of the raw ones.
    """

    frames: NDArray
    points: Points3D
    changed: NDArray


def views_of(keypoints: Keypoints2D) -> Views:
    """Return keypoints in memory as views."""
    return Views(
        keypoints.names, keypoints.n_frames, keypoints.rate_hz,
        lambda frames: (keypoints.pixels[:, frames], keypoints.confidence[:, frames]),
    )  # fmt: skip


def seen_again(
    views: Views | None, rig: CameraRig | None, names: Sequence[str], edits: Sequence[PointEdit],
    operations: Sequence[Operation], trial_id: str,
) -> SeenAgain:  # fmt: skip
    """Reconstruct the frames in which edits correct what a camera saw.

    Parameters
    ----------
    views : Views, optional
    rig : CameraRig, optional
    names : sequence of str
        Of the points.
    edits : sequence of PointEdit
        Those in views count.
    operations : sequence of Operation
        Of the trial: they tell the options of the reconstruction.
    trial_id : str

    Raises
    ------
    ReconstructionError
        EDIT_NO_VIEWS, EDIT_PLATES
    """
    edits = [one for one in edits if one.kind in IN_VIEWS]
    views, rig = _checked(views, rig, names, edits, trial_id)
    options = _options_of(operations)
    frames = np.unique(np.concatenate([np.arange(one.first, one.last + 1) for one in edits]))
    pixels, confidence = _corrected(views, rig, frames, edits)
    seen = Keypoints2D(pixels, confidence, views.names, views.rate_hz)
    again = reconstruct_span(seen, rig, _noise(views, rig, edits, options), options)
    order = [again.names.index(name) for name in names]
    parts: dict[str, Any] = {
        name: getattr(again, name)[:, order]
        for name in ("position", "covariance", "status", "n_views", "calibration_covariance")
        if getattr(again, name) is not None
    }
    if again.reprojection_error is not None:
        parts["reprojection_error"] = again.reprojection_error[:, :, order]
    points = Points3D(names=tuple(names), rate_hz=again.rate_hz, gravity_known=again.gravity_known, **parts)
    changed = np.zeros(points.status.shape, bool)
    for one in edits:
        rows = slice(*np.searchsorted(frames, (one.first, one.last + 1)))
        for name in one.points or names:
            changed[rows, list(names).index(name)] = True
    return SeenAgain(frames, points, changed)


def _checked(
    views: Views | None, rig: CameraRig | None, names: Sequence[str], edits: Sequence[PointEdit], trial_id: str
) -> tuple[Views, CameraRig]:
    if views is None or rig is None:
        raise ReconstructionError(
            f"What a camera saw is corrected, and trial '{trial_id}' holds no keypoints or no cameras.",
            "Correct the points in the world instead.", code="EDIT_NO_VIEWS",
        )  # fmt: skip
    if set(names) - set(views.names):
        raise ReconstructionError(
            "What a camera saw is corrected, and points of plates were fitted to it.",
            "Correct the points in the world instead.", code="EDIT_PLATES",
        )  # fmt: skip
    for one in edits:
        if one.camera not in rig.names:
            raise ReconstructionError(
                f"An edit is of the camera '{one.camera}', which is none of {', '.join(rig.names)}.",
                "Mend that edit.", code="EDIT_NO_VIEWS",
            )  # fmt: skip
    return views, rig


def _noise(
    views: Views, rig: CameraRig, edits: Sequence[PointEdit], options: ReconstructionOptions
) -> PixelNoise:
    if options.pixel_sigma is not None:
        return stated_noise(rig, views.names, options.pixel_sigma)
    sample = np.arange(0, views.n_frames, sample_stride(views.n_frames, len(views.names)))
    return noise_of_sample(*_corrected(views, rig, sample, edits), rig, options)


def _corrected(
    views: Views, rig: CameraRig, frames: NDArray, edits: Sequence[PointEdit]
) -> tuple[NDArray, NDArray]:
    """What the cameras saw in some frames, with the corrections."""
    raw = views.seen(frames)
    pixels, confidence = np.array(raw[0], np.float64), np.array(raw[1], np.float64)
    for one in edits:
        camera, rows = rig.names.index(one.camera), slice(*np.searchsorted(frames, (one.first, one.last + 1)))
        for column in (views.names.index(name) for name in one.points or views.names):
            pixels[camera, rows, column] = np.nan if one.kind == CAMERA_OUT else one.pixel
            confidence[camera, rows, column] = 0.0 if one.kind == CAMERA_OUT else 1.0
    return pixels, confidence


def with_seen_again(trial: Trial, edits: Sequence[PointEdit]) -> Points3D:
    """Return the raw points of a trial, with those of the frames in which edits correct what a camera saw."""
    points = trial.points
    again = seen_again(
        None if trial.keypoints is None else views_of(trial.keypoints), trial.rig, points.names, edits,
        trial.operations, trial.trial_id,
    )  # fmt: skip
    parts: dict[str, NDArray] = {}
    for name in ("position", "covariance", "reprojection_error", "n_views", "calibration_covariance", "status"):
        before, found = getattr(points, name), getattr(again.points, name)
        if before is None or found is None:
            continue
        made = np.array(before)
        if name == "reprojection_error":
            made[:, again.frames] = np.where(again.changed, found, made[:, again.frames])
        else:
            found = found | np.uint8(Status.EDITED) if name == "status" else found
            mask = again.changed.reshape(again.changed.shape + (1,) * (made.ndim - 2))
            made[again.frames] = np.where(mask, found, made[again.frames])
        parts[name] = made
    return replace(points, **parts)  # type: ignore[arg-type]


def _options_of(operations: Sequence[Operation]) -> ReconstructionOptions:
    """The options that the points were reconstructed with, as their operation tells them."""
    told = next((one.parameters for one in operations if one.name == "reconstruct"), {})
    known = {one.name for one in fields(ReconstructionOptions)}
    chosen = {name: value for name, value in told.items() if name in known}
    return build(ReconstructionOptions, chosen, "the record of the reconstruction", typed=False)
