"""Spots of another size than their marker is elsewhere: half hidden, or two in one; their centre is no marker's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.digits import digits
from mocap.keypoints.markers.blobs import Blobs

_WHOLE = 0.8  # quantile of a marker's sizes that is its own: most of its spots show it whole
_LEAST, _MOST = 0.8, 1.3  # of that; spots of whole discs of 3 px are within 0.87 to 1.02
_ENOUGH = 10  # spots that tell the size of a marker, or how large a camera shows all; with fewer nothing is refused
_CALM = 0.3  # share of a marker's spots, the slowest ones, by which its size goes: what moves is drawn out
_STILL = 0.2  # of its size per frame: draws nothing out
_ROUNDS = 5
_TOLD_FACTOR, _TOLD_SHARE = 0.1, 0.02


@dataclass(frozen=True, eq=False)
class SizeCheck:
    """Which spots have another size.

    Attributes
    ----------
    wrong : ndarray of bool, shape (camera, time, marker)
    camera_factor : ndarray, shape (camera,)
        How large the camera shows all markers, over the middle one of the cameras; NaN with too few spots to tell.
    """

    wrong: NDArray
    camera_factor: NDArray


def angular_half_axes(camera: Camera, spots: Blobs) -> NDArray:
    """Return the half axes, shape (blob, 2), rad, the larger first, under which a camera sees spots.

    The angle that a disc's diameter takes is its size over its distance wherever in the image it is; pixels are
    spread towards the edges by the projection, and drawn together or apart by the lens.

    Parameters
    ----------
    camera : Camera
    spots : Blobs
        In px of the image as it is.
    """
    ray, px_per_ray = camera.undistort(spots.centre_px)
    along = np.stack([np.cos(spots.angle), np.sin(spots.angle)], axis=-1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    axes = np.stack([along, across], axis=-1) * spots.axes_px[:, None, :]
    good = np.isfinite(px_per_ray).all(axis=(1, 2)) & np.isfinite(ray).all(axis=1)
    half = np.full((len(spots), 2), np.nan)
    axes = np.linalg.solve(px_per_ray[good], axes[good])
    # Metric of directions in x/z, y/z: d direction . d direction.
    q = ray[good]
    square = 1.0 + np.sum(q**2, axis=1)[:, None, None]
    metric = (np.eye(2) - q[:, :, None] * q[:, None, :] / square) / square
    turned = np.swapaxes(axes, 1, 2) @ metric @ axes
    half[good] = np.sqrt(np.maximum(np.linalg.eigvalsh(turned)[:, ::-1], 0.0))
    return half


def wrong_size(half_axes_m: NDArray, step_m: NDArray) -> SizeCheck:
    """Tell the spots that are not as large as their marker is elsewhere.

    The larger axis of a disc's image is its diameter from wherever it is seen; where a limb hides a part of a small
    disc, what is left may well be an ellipse, but a smaller one. What a camera shows larger throughout (glow,
    exposure, focus) is taken out first. A spot may be longer by as much as its marker moves in a frame.

    Parameters
    ----------
    half_axes_m : ndarray, shape (camera, time, marker, 2)
        Of every labelled spot, the larger first, at the distance of the marker; NaN elsewhere.
    step_m : ndarray, shape (time, marker)
        How far the marker moves in a frame; NaN where nobody knows.
    """
    larger, smaller = half_axes_m[..., 0], half_axes_m[..., 1]
    factor = _camera_factors(larger)
    known = np.isfinite(larger) & np.isfinite(factor)[:, None, None]
    taken = np.where(known, factor[:, None, None], 1.0)
    larger, smaller = np.where(known, larger / taken, np.nan), np.where(known, smaller / taken, np.nan)
    pace = np.where(np.isfinite(step_m), step_m, np.inf)
    own = np.array([_own_size(larger[:, :, k], pace[:, k]) for k in range(larger.shape[2])])
    # Drawn out, the larger axis tells nothing any more, but the smaller one still does.
    too_large = (larger > _MOST * own + 0.5 * pace) | (smaller > _MOST * own)
    return SizeCheck(known & ((larger < _LEAST * own) | too_large), factor)


def told_sizes(check: SizeCheck, labelled: NDArray, names: Sequence[str]) -> tuple[str, ...]:
    """Return what to tell of it, in plain words.

    Parameters
    ----------
    check : SizeCheck
    labelled : ndarray of int, shape (camera,)
        Spots that had a label.
    names : sequence of str
        Of the cameras.
    """
    count = check.wrong.sum(axis=(1, 2))
    share = count / np.maximum(labelled, 1)
    told = [f"{int(count.sum())} spots were left out as they are of another size than their marker is elsewhere "
            f"(mostly half hidden ones)."]  # fmt: skip
    much = [f"{name} ({digits(100 * own, 2)} %)" for name, own in zip(names, share, strict=True) if own > _TOLD_SHARE]
    if much:
        told.append(f"Look at the pictures: much was left out for its size in {', '.join(much)}: hidden by a limb, "
                    f"not in focus, or no markers.")  # fmt: skip
    told += [
        f"{name} shows all markers {digits(factor, 3)} times as large as the other cameras do (glow, exposure, focus "
        f"or its focal length); this was taken out."
        for name, factor in zip(names, check.camera_factor, strict=True) if abs(factor - 1) > _TOLD_FACTOR
    ]  # fmt: skip
    return tuple(told)


def _camera_factors(larger: NDArray) -> NDArray:
    """How large every camera shows all markers, by medians over markers and cameras in turn."""
    n_cameras, _, n_markers = larger.shape
    told = np.isfinite(larger).sum(axis=(1, 2)) >= _ENOUGH
    factor = np.where(told, 1.0, np.nan)
    if not told.any():
        return factor
    for _ in range(_ROUNDS):
        own = np.array([_median(larger[told, :, k] / factor[told, None]) for k in range(n_markers)])
        ratio = larger / own
        factor = np.array([_median(ratio[c]) if told[c] else np.nan for c in range(n_cameras)])
        factor /= np.nanmedian(factor)
    return factor


def _median(values: NDArray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else np.nan


def _own_size(larger: NDArray, pace: NDArray) -> float:
    """Size of one marker from its spots, shape (camera, time), where it moves least; NaN with too few."""
    seen = np.isfinite(larger)
    size, speed = larger[seen], np.broadcast_to(pace, larger.shape)[seen]
    if len(size) < _ENOUGH:
        return np.nan
    slowest = np.sort(speed)[max(_ENOUGH, int(np.ceil(_CALM * len(size)))) - 1]
    return float(np.quantile(size[speed <= max(slowest, _STILL * np.median(size))], _WHOLE))
