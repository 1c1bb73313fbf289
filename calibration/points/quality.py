"""The figures of a calibration from points, and the refusal of an answer that is none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import SolverError
from calibration.points.refinement import PointRefinement
from calibration.points.size import KnownSizes, RigSize
from calibration.points.tracks import PointTracks
from calibration.solve.bundle_system import N_LENS
from calibration.solve.propagation import point_covariance

_MANY_REJECTED = 0.5
_MAX_RMS_SHARE = 0.015  # of the longer side of the image: 19 px of 1280, twice a poor detector's noise
_LOOSE_SHARE = 0.05  # sd of a camera's place over its distance to the volume
_MOST_PLACES = 200


@dataclass(frozen=True)
class PointQuality:
    """Figures of one calibration from points.

    Attributes
    ----------
    rms_px, sigma_px : tuple of float
        Per camera: distance from kept points to the model, and estimated noise of one coordinate.
    n_points : tuple of int
        Per camera, points that the answer rests on.
    rejected_share : tuple of float
        Per camera, of the points that another camera saw too: left out as outliers.
    exchanged_views : int
        Views in which the ends of the wand, or left and right, were put right.
    position_sd_mm : tuple of float
        Per camera, root of the summed variances of its place relative to the measured volume, that of the scale
        included.
    volume_sd_mm : float
        Median over the places of the points: how far a point measured there may be off because of the calibration.
    variance_ratio : float
        By how much variances are larger than independent errors of the points would leave them.
    """

    rms_px: tuple[float, ...]
    sigma_px: tuple[float, ...]
    n_points: tuple[int, ...]
    rejected_share: tuple[float, ...]
    exchanged_views: int
    position_sd_mm: tuple[float, ...]
    volume_sd_mm: float
    variance_ratio: float = 1.0


def check_points(
    rig: CameraRig,
    covariance: NDArray,
    refinement: PointRefinement,
    tracks: PointTracks,
    kept: NDArray,
    exchanged: NDArray,
    volume: NDArray,
    variance_ratio: float = 1.0,
    scale_sd: float = 0.0,
) -> PointQuality:
    """Judge a refinement by its residuals and its covariance.

    Parameters
    ----------
    rig : CameraRig
        In metres.
    covariance : ndarray, shape (camera, 18, camera, 18)
        Relative to the volume.
    refinement : PointRefinement
    tracks : PointTracks
    kept : ndarray of bool, shape (camera, frame, point)
    exchanged : ndarray of bool, shape (camera, frame)
    volume : ndarray, shape (point, 3)
        Places of the points in the frame of the rig, m.
    variance_ratio : float
        `dependence.variance_ratio`, which `covariance` already holds.
    scale_sd : float
        Relative sd of all lengths, which `covariance` holds too: how large the rig is, is no matter of movement.

    Raises
    ------
    SolverError
        NOT_FINITE, TOO_MANY_REJECTED, RESIDUAL_TOO_LARGE or POORLY_FIXED, naming the cameras.
    """
    state, names = refinement.state, rig.names
    finite = all(np.isfinite(part).all() for part in (state.lenses, state.cam_from_world, covariance, scale_sd))
    if not finite or not len(volume):
        raise SolverError("The refinement has no finite answer.", "Record again.", code="NOT_FINITE")
    shared = tracks.seen & (tracks.seen.sum(axis=0) >= 2)
    rejected = 1.0 - kept.sum(axis=(1, 2)) / np.maximum(shared.sum(axis=(1, 2)), 1)
    rms = refinement.rms_px()
    sizes = tracks.image_sizes.max(axis=1)
    _refuse(
        rejected > _MANY_REJECTED, [f"{n} {100 * r:.0f} %" for n, r in zip(names, rejected, strict=True)],
        "More than half of the points contradict the other cameras",
        "Check that this camera is synchronous with the others, its image not mirrored and its lens the right one.",
        "TOO_MANY_REJECTED",
    )  # fmt: skip
    _refuse(
        rms > _MAX_RMS_SHARE * sizes, [f"{n} {r:.1f} px" for n, r in zip(names, rms, strict=True)],
        "The cameras cannot be brought into agreement; RMS residual",
        "Check that the cameras are synchronous, and give their lenses.",
        "RESIDUAL_TOO_LARGE",
    )  # fmt: skip
    place = np.einsum("ckck->ck", covariance)[:, N_LENS + 3 :].sum(axis=1)
    sd = np.sqrt(place)
    away = np.array([np.linalg.norm(camera.centre_world - np.median(volume, axis=0)) for camera in rig])
    shape_sd = np.sqrt(np.maximum(place - (scale_sd * away) ** 2, 0.0))
    _refuse(
        shape_sd > _LOOSE_SHARE * away, [f"{n} +- {1e3 * s:.0f} mm" for n, s in zip(names, shape_sd, strict=True)],
        "The points hardly fix where these cameras stand",
        "Move through more of the volume, to and fro, sideways, and up and down, and give the lenses.",
        "POORLY_FIXED",
    )  # fmt: skip
    return PointQuality(
        tuple(rms.tolist()), tuple(refinement.sigma.tolist()), tuple(kept.sum(axis=(1, 2)).tolist()),
        tuple(rejected.tolist()), int(exchanged.sum()), tuple((1e3 * sd).tolist()),
        _volume_sd_mm(rig, covariance, volume), variance_ratio,
    )  # fmt: skip


def _refuse(bad: NDArray, texts: list[str], cause: str, remedy: str, code: str) -> None:
    if bad.any():
        raise SolverError(f"{cause}: {', '.join(texts[i] for i in np.flatnonzero(bad))}.", remedy, code=code)


def _volume_sd_mm(rig: CameraRig, covariance: NDArray, volume: NDArray) -> float:
    places = volume[:: max(len(volume) // _MOST_PLACES, 1)]
    pixels = rig.project(places)
    sizes = np.array([camera.size for camera in rig])[:, None]
    with np.errstate(invalid="ignore"):
        used = np.asarray(((pixels >= -0.5) & (pixels <= sizes - 0.5)).all(axis=2))
    found = point_covariance(CameraRig(rig.cameras, {}, covariance), places, used)
    variance = np.einsum("pii->p", found)
    variance = variance[np.isfinite(variance)]
    return float(1e3 * np.sqrt(np.median(variance))) if len(variance) else float("nan")


def point_metadata(
    quality: PointQuality,
    tracks: PointTracks,
    known: KnownSizes,
    size: RigSize,
    scale_sd: float,
    lens_text: str,
) -> dict[str, str | float | int]:
    """Return what the file says of a calibration from points."""
    names, wand = tracks.point_names, known.wand
    told = [f"{names[k.one]}-{names[k.other]} = {k.length_m:.4f} +- {k.sd_m:.4f} m" for k in known.lengths]
    taped = [f"{'-'.join(t.cameras)} = {t.length_m:.3f} +- {t.sd_m:.3f} m by tape" for t in known.tapes]
    if wand is not None:
        source = ", ".join([wand.describe(), *told, *taped])
    elif told:
        measured = f"measured in {size.estimate.n_frames} frames, spread {100 * size.estimate.spread:.1f} %"
        source = "; ".join([f"a person's {', '.join(told)}, {measured}", *taped])
    else:
        source = ", ".join(taped)
    rests = "" if (wand is not None) + len(told) + len(taped) > 1 else " It rests on this alone."
    table: dict[str, str | float | int] = {
        "method": "wand" if wand is not None else "person",
        "scale": f"scale from {source}: lengths are sure to {100 * scale_sd:.2f} % (1 sd).{rests}",
        "scale_notes": "; ".join(size.notes),
        "scale_sd": scale_sd,
        "lens_source": lens_text,
        "reprojection_rms_px": float(np.sqrt(np.average(np.square(quality.rms_px), weights=quality.n_points))),
        "sigma_px": " ".join(f"{value:.3f}" for value in quality.sigma_px),
        "n_points": sum(quality.n_points),
        "rejected_share": " ".join(f"{value:.3f}" for value in quality.rejected_share),
        "exchanged_views": quality.exchanged_views,
        "volume_sd_mm": quality.volume_sd_mm,
        "variance_ratio": quality.variance_ratio,
        "uncertainty": "variances are "
        f"{quality.variance_ratio:.1f} times those of independent errors: errors that go together are counted",
        "numpy_version": np.__version__,
    }
    return {key: value for key, value in table.items() if value == value and value != ""}
