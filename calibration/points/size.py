"""How large the rig is by everything that was measured: the wand, lengths between points, tape between cameras."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boards.wand import Wand
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.lengths import TapeLength
from calibration.points.scale import SizeEstimate, size_from_length
from calibration.points.start import robust_points
from calibration.points.tracks import KnownLength, PointTracks
from calibration.scale import ScaleEstimate, ScaleResult, combine_scale, tape_scale
from calibration.solve.bundle_system import N_CAMERA

_RIGID = 0.04  # relative sd over time up to which a length of the body may be one
_RIGID_NOISES = 2.0  # or so many times what noise explains: 0.7 to 1.4 of thighs, shanks and upper arms of real people
_SHAPE_SIGMAS = 5.0
_SHAPE_SHARE = 0.01
_NEAR_SIGMAS = 5.0


@dataclass(frozen=True, eq=False)
class KnownSizes:
    """All that was measured.

    Attributes
    ----------
    wand : Wand or None
        Its size is in the refinement, as exact.
    lengths : tuple of KnownLength
        Between points; with a wand further ones, to hold against it.
    tapes : tuple of TapeLength
        Between cameras.
    """

    wand: Wand | None
    lengths: tuple[KnownLength, ...] = ()
    tapes: tuple[TapeLength, ...] = ()


@dataclass(frozen=True, eq=False)
class RigSize:
    """What all lengths say of the size of a rig together.

    Attributes
    ----------
    estimate : SizeEstimate
    notes : tuple of str
        Differences between them that prove nothing.
    """

    estimate: SizeEstimate
    notes: tuple[str, ...]


def size_of_rig(
    rig: CameraRig,
    covariance: NDArray,
    pixels: NDArray,
    known: KnownSizes,
    sigma_px: float,
    names: tuple[str, ...],
    variance_ratio: float,
) -> RigSize:
    """Weigh all known lengths together.

    Parameters
    ----------
    rig : CameraRig
        In the scale of the refinement.
    covariance : ndarray, shape (camera * 18, camera * 18)
        Of its cameras.
    pixels : ndarray, shape (camera, frame, point, 2)
        Without outliers; NaN where not seen.
    known : KnownSizes
    sigma_px : float
    names : tuple of str
        Of the points.
    variance_ratio : float
        As `size_from_length` takes it.

    Raises
    ------
    CalibrationError
        SCALE_UNKNOWN, LENGTH_NOT_RIGID, SCALE_DISAGREES.
    """
    sources: list[tuple[ScaleEstimate, NDArray]] = []
    still = np.zeros(len(rig) * N_CAMERA)
    spread, n_frames = 0.0, 0
    if known.wand is not None:
        sources.append((ScaleEstimate("the wand", 1.0, known.wand.length_sd_m / known.wand.length_m), still))
        n_frames = int(np.isfinite(pixels).all(axis=3).sum(axis=0).max(axis=1, initial=0).astype(bool).sum())
    for length in known.lengths:
        name = f"{names[length.one]}-{names[length.other]}"
        one = size_from_length(rig, pixels, length, sigma_px, name, variance_ratio)
        _check_rigid(one, name)
        sources.append((ScaleEstimate(name, one.factor, one.factor * one.relative_sd), one.by_camera))
        spread, n_frames = max(spread, one.spread), min(n_frames or one.n_frames, one.n_frames)
    if known.tapes:
        tape = tape_scale(rig, {t.cameras: (t.length_m, t.sd_m) for t in known.tapes}, covariance)
        sources.append((tape, still))
    both = combine_scale([source for source, _ in sources])
    _check_agreement(both)
    weight = np.array([1.0 / source.sd**2 for source, _ in sources])
    by_camera = np.einsum("l,ln->n", weight / weight.sum(), np.stack([slope for _, slope in sources]))
    estimate = SizeEstimate(both.factor, both.sd / both.factor, by_camera, spread, n_frames)
    return RigSize(estimate, both.notes if len(sources) > 1 else ())


def _check_rigid(size: SizeEstimate, name: str) -> None:
    """A bone keeps its length; what does not is no bone, or not the two keypoints that were meant."""
    if size.spread > max(_RIGID, _RIGID_NOISES * size.noise):
        raise CalibrationError(
            f"The known length {name} changes by {100 * size.spread:.0f} % (1 sd) while the person moves, where "
            f"{100 * size.noise:.0f} % are noise.",
            "Give a length within one segment of the body (hip to knee, knee to ankle); check that --skeleton is the "
            "one that the detector used.",
            code="LENGTH_NOT_RIGID",
        )


def _check_agreement(both: ScaleResult) -> None:
    if both.findings:
        text = "; ".join(both.findings)
        raise CalibrationError(
            f"The known lengths contradict each other: {text}.",
            "Measure them again, in m, between the places that the markers or keypoints stand for; give a length that "
            "is less sure a larger sd.",
            code="SCALE_DISAGREES",
        )


def check_wand_shape(
    rig: CameraRig, tracks: PointTracks, kept: NDArray, wand: Wand, sigma_px: float, variance_ratio: float
) -> None:
    """Refuse a wand whose markers are not where its description has them.

    The distances between its markers are measured without the description; only their ratios can be held against
    it, since the size of the rig comes from the wand itself. With two markers there is none.

    Parameters
    ----------
    rig : CameraRig
    tracks : PointTracks
        With ends put right.
    kept : ndarray of bool, shape (camera, frame, point)
        Observations that fitted the wand as described.
    wand : Wand
    sigma_px : float
    variance_ratio : float

    Raises
    ------
    CalibrationError
        WAND_WRONG, with the distances as they are measured.
    """
    seen = tracks.seen & (tracks.seen.sum(axis=0) >= 2)
    contradicting = 2 * kept.sum(axis=(0, 1)) < seen.sum(axis=(0, 1))
    gaps = _measured_gaps(rig, tracks.pixels, wand, sigma_px, variance_ratio)
    factors, sds = (np.array([getattr(gap, key) for _, gap in gaps]) for key in ("factor", "relative_sd"))
    if len(gaps) > 1:
        off = np.abs(factors[:, None] / factors - 1.0)
        beyond = bool((off > np.maximum(_SHAPE_SIGMAS * np.hypot(sds[:, None], sds), _SHAPE_SHARE)).any())
    else:
        beyond = False
    if not beyond and (not contradicting.any() or contradicting.all()):
        return
    names = tracks.point_names
    told = [f"{names[k.one]}-{names[k.other]} {k.length_m / g.factor:.4f} ({k.length_m:.4f})" for k, g in gaps]
    which = [name for name, bad in zip(names, contradicting, strict=True) if bad]
    cause = f"; {', '.join(which)} mostly contradicts the description" if which else ""
    raise CalibrationError(
        f"The wand is not as described: distances in m as measured (as described), up to a common factor: "
        f"{', '.join(told)}{cause}.",
        "Measure the places of its markers again, along the stick and in m, in the order of the files, and correct "
        "markers in wand.toml.",
        code="WAND_WRONG",
    )


def _measured_gaps(
    rig: CameraRig, pixels: NDArray, wand: Wand, sigma_px: float, variance_ratio: float
) -> Sequence[tuple[KnownLength, SizeEstimate]]:
    """Every distance between two markers that can be measured, and what it says of the size of the rig."""
    off = np.linalg.norm(rig.project(robust_points(rig, pixels)) - pixels, axis=-1)
    near = np.where((np.nan_to_num(off, nan=np.inf) < _NEAR_SIGMAS * sigma_px)[..., None], pixels, np.nan)
    found = []
    for one in range(wand.n_markers):
        for other in range(one + 1, wand.n_markers):
            length = float(np.linalg.norm(wand.markers_wand[one] - wand.markers_wand[other]))
            known = KnownLength(one, other, length, wand.length_sd_m)
            try:
                found.append((known, size_from_length(rig, near, known, sigma_px, "", variance_ratio)))
            except CalibrationError:
                continue  # hardly ever seen together
    return found
