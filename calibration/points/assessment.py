"""How good a calibration from points is: the figures, checks and verdicts that a board's has, without a board.

Limits are those of `quality.judgement` wherever the figure is the same, so that 'good' means the same whatever a
rig was made from. A person's keypoints are noisier than markers, and a person's length less sure than a wand's: for
them the limits at which a calibration is refused are wider, those of 'good' are not.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import one_blas_thread
from calibration.digits import digits
from calibration.points.held_out import HeldOutPoints, held_out_lengths
from calibration.points.result import PointCalibration
from calibration.quality.assessment import whole_verdict
from calibration.quality.coverage import CameraCoverage, image_counts, image_reach
from calibration.quality.error_map import ErrorMap, display_axes, error_map, volume_grid
from calibration.quality.judgement import CAMERA_LIMITS, RIG_LIMITS, CameraVerdict, Check, Limit, graded
from calibration.quality.rig_checks import doubles_checks, lens_checks, world_checks
from calibration.quality.uncertainty import baseline_sd, focal_sd, position_sd
from calibration.quality.view_graph import ViewGraph, view_graph
from calibration.world import WorldFrame, camera_frame, world_from_metadata

_NONE = float("nan")
_MOVE = "Move through more of the volume, nearer to and farther from this camera, or give its lens."
#: Per camera, for a wand; shares of pixels refer to the longer side of the image.
WAND_LIMITS: dict[str, Limit] = {
    "frames": Limit(50, 12, "frames", "frames used", "Move for longer where this camera sees it."),
    "rejected": Limit(10, 50, "%", "points left out as outliers",
                      "Check that this video is sharp and synchronous, and its background free of other markers."),
    "residual": Limit(0.15, 1.5, "%", "RMS distance of points to the model, of the image's longer side",
                      "Check synchronisation, sharpness and the lens."),
    "coverage": replace(CAMERA_LIMITS["coverage"], meaning="image area with points",
                        remedy="Move through the empty parts of this camera's image."),
    "reach": replace(CAMERA_LIMITS["reach"], meaning="reach of the points from the middle of the image to its corner",
                     remedy="Move near the edges and corners of this camera's image."),
    "shared": Limit(50, 12, "frames", "frames shared with another camera",
                    "Move where this camera and a neighbour see it at the same time."),
    "focal_sd": replace(CAMERA_LIMITS["focal_sd"], remedy=_MOVE),
    "position_sd": replace(CAMERA_LIMITS["position_sd"], remedy=_MOVE),
    "lag": Limit(0.02, 0.1, "frames", "late or early, as far as it shows, by at least",
                 "Synchronise the recordings: same trigger, or the offset of each camera."),
}  # fmt: skip
#: For a person's keypoints.
PERSON_LIMITS = {
    **WAND_LIMITS, "residual": replace(WAND_LIMITS["residual"], ok=0.6),
    "rejected": replace(WAND_LIMITS["rejected"], ok=15, remedy="Check that this video is sharp and synchronous, and "
                        "that the same person is followed in it."),
}  # fmt: skip
_VOLUME = replace(
    RIG_LIMITS["volume_sd"], remedy="Move through the parts of the volume where the map of errors is worst, and give "
    "a length that is known better.",
)  # fmt: skip
#: Of the whole rig; a single frame's noise is in the error of a length.
WAND_RIG_LIMITS: dict[str, Limit] = {
    "held_out_length": Limit(5, 25, "mm", "error of known lengths in frames never used (RMSE)",
                             "Check synchronisation, the markers' places in wand.toml and their detection."),
    "volume_sd": _VOLUME, "volume_seen": RIG_LIMITS["volume_seen"],
}  # fmt: skip
PERSON_RIG_LIMITS: dict[str, Limit] = {
    "held_out_length": Limit(20, 80, "mm", "error of known lengths in frames never used (RMSE)",
                             "Check synchronisation, and that the length is one of a single bone."),
    "volume_sd": replace(_VOLUME, fail=40), "volume_seen": RIG_LIMITS["volume_seen"],
}  # fmt: skip
_SCALE = Limit(0.5, 5, "%", "size of the rig known to (1 sd)", "Give a second length, or one that is known better.")
_HELD = "how uncertain the given lens is, is not known, and no figure counts it"
_HELD_REMEDY = "Give lenses from a calibration that holds its covariance, such as one of mocap calibrate."
_WORLD_REMEDY = {
    "gravity": "Give --world with a FILE of an L-frame, points or plumb lines, or --world feet with a person: angles "
    "against gravity are not observable without.",
    "above_floor": "Check the landmarks of the world, or that the feet stood on the floor.",
    "world_residual": "Check that the floor is level and that the landmarks were measured right.",
}
_TOGETHER = 2.0  # variances beyond which errors that go together are told
_MOST_OF = 0.5
_SPREAD = (5, 95)


@dataclass(frozen=True, eq=False)
class PointAssessment:
    """What is known of the quality of a calibration from points; names and units as in `quality.Assessment`.

    Attributes
    ----------
    grade, reason, remedy : str
    cameras : tuple of CameraVerdict
    checks : tuple of Check
    held_out : HeldOutPoints
    errors : ErrorMap
    coverage : tuple of CameraCoverage
        Without slants: points have none.
    graph : ViewGraph
    world : WorldFrame
    position_sd_mm, focal_sd_pct : ndarray, shape (camera,)
    baseline_m, baseline_sd_m : ndarray, shape (camera, camera)
    limits : tuple of str
    """

    grade: str
    reason: str
    remedy: str
    cameras: tuple[CameraVerdict, ...]
    checks: tuple[Check, ...]
    held_out: HeldOutPoints
    errors: ErrorMap
    coverage: tuple[CameraCoverage, ...]
    graph: ViewGraph
    world: WorldFrame
    position_sd_mm: NDArray
    focal_sd_pct: NDArray
    baseline_m: NDArray
    baseline_sd_m: NDArray
    limits: tuple[str, ...]


def assess_points(found: PointCalibration) -> PointAssessment:
    """Measure how good a calibration from points is.

    Parameters
    ----------
    found : PointCalibration
        Its points in the world of its rig.
    """
    with one_blas_thread():
        return _assess(found)


def _assess(found: PointCalibration) -> PointAssessment:
    rig = found.rig
    outside, display = held_out_lengths(found), display_axes(rig)
    errors = error_map(rig, volume_grid(found.points.reshape(-1, 3), display), display)
    coverage = tuple(_coverage(found, camera) for camera in range(len(rig)))
    graph = view_graph(found.kept, rig.names, found.frames)
    focal, position = 100 * focal_sd(rig), 1e3 * position_sd(rig)
    rows = _camera_figures(found, coverage, graph, focal, position)
    limits, rig_limits = (
        (PERSON_LIMITS, PERSON_RIG_LIMITS) if found.known.wand is None else (WAND_LIMITS, WAND_RIG_LIMITS)
    )
    cameras = tuple(_judged(name, row, limits, _stated_sd(found)) for name, row in zip(rig.names, rows, strict=True))
    world = world_from_metadata(rig.metadata) or camera_frame(f"camera:{rig.names[0]}", np.eye(4))
    figures = {
        "held_out_length": outside.rmse_mm, "volume_sd": errors.figures()["calibration_p95_mm"],
        "volume_seen": 100 * errors.share_measured,
    }  # fmt: skip
    checks = (
        *(limit.judge(name, figures[name]) for name, limit in rig_limits.items()),
        *(_with_remedy(check) for check in world_checks(rig, world)),
        *_scale_checks(found), *doubles_checks(rig, found.solved.tracks.pixels), *lens_checks(rig),
    )  # fmt: skip
    grade, reason, remedy = whole_verdict(cameras, checks)
    return PointAssessment(
        grade, reason, remedy, cameras, checks, outside, errors, coverage, graph, world, position, focal,
        *baseline_sd(rig), tuple(_limits(found, outside, errors)),
    )  # fmt: skip


def _judged(name: str, figures: dict[str, float], limits: dict[str, Limit], stated_sd: float) -> CameraVerdict:
    checks = {key: limit.judge(key, figures[key]) for key, limit in limits.items()}
    if not np.isfinite(figures["focal_sd"]):
        checks["focal_sd"] = replace(checks["focal_sd"], meaning=_HELD, remedy=_HELD_REMEDY)
    place = checks["position_sd"]
    if place.severity and (100 * stated_sd) ** 2 > _MOST_OF * place.measured**2:
        checks["position_sd"] = replace(place, remedy=_SCALE.remedy)
    told = tuple(checks.values())
    return CameraVerdict(name, *graded(told), told)


def _coverage(found: PointCalibration, camera: int) -> CameraCoverage:
    kept, tracks, size = found.kept[camera], found.solved.tracks, found.rig.cameras[camera].size
    pixels = tracks.pixels[camera][kept]
    counts = image_counts(pixels, size)
    depths = np.linalg.norm(found.points[kept] - found.rig.cameras[camera].centre_world, axis=1)
    depths = depths[np.isfinite(depths)]
    near, far = np.percentile(depths, _SPREAD) if len(depths) else (_NONE, _NONE)
    return CameraCoverage(
        counts, float((counts > 0).mean()), image_reach(pixels, size), (float(near), float(far)), (_NONE, _NONE),
        _NONE, int(kept.any(axis=1).sum()), len(pixels),
    )  # fmt: skip


def _camera_figures(
    found: PointCalibration, coverage: tuple[CameraCoverage, ...], graph: ViewGraph, focal: NDArray, position: NDArray
) -> list[dict[str, float]]:
    quality, rig = found.quality, found.rig
    middle = np.median(found.points[np.isfinite(found.points).all(axis=2)], axis=0)
    away = 1e3 * np.linalg.norm(np.stack([camera.centre_world for camera in rig]) - middle, axis=1)
    # What is left of a lag when twice its own noise is taken off.
    apart = np.abs(found.lag_frames - np.median(found.lag_frames))
    with np.errstate(invalid="ignore"):
        lag = np.where(np.isfinite(found.lag_sd_frames), np.maximum(apart - 2 * found.lag_sd_frames, 0.0), np.nan)
    return [
        {
            "frames": coverage[index].n_views,
            "rejected": 100 * quality.rejected_share[index],
            "residual": 100 * quality.rms_px[index] / max(camera.size),
            "coverage": 100 * coverage[index].share,
            "reach": 100 * coverage[index].reach,
            "shared": float(np.delete(graph.views[index], index).max()),
            "focal_sd": float(focal[index]) or _NONE,  # nothing is known for sure
            "position_sd": float(100 * position[index] / away[index]),
            "lag": float(lag[index]),
        }
        for index, camera in enumerate(rig)
    ]


def _with_remedy(check: Check) -> Check:
    """A check of the world, with a remedy that needs no board."""
    if not check.remedy:
        return check
    meaning = "gravity is unknown: nothing tells of it" if not np.isfinite(check.measured) else check.meaning
    return replace(check, meaning=meaning, remedy=_WORLD_REMEDY[check.name])


def _scale_checks(found: PointCalibration) -> list[Check]:
    known = found.known
    sources = (known.wand is not None) + len(known.lengths) + bool(known.tapes)
    scale = _SCALE.judge("scale", 100 * found.scale_sd)
    if scale.severity and not _by_length(found):
        scale = replace(scale, remedy="Move for longer, and through more of the volume: the length is known better.")
    checks = [scale]
    if sources == 1:
        one = "the wand" if known.wand is not None else "one length"
        checks.append(Check("scale_source", "warn", _NONE, _NONE, _NONE, "",
                            f"size rests on {one} alone: an error of it goes unseen",
                            "Give a second length with --length: of the wand, the body, or between two cameras.",
                            ))  # fmt: skip
    elif found.size.notes:
        checks.append(Check("scale_source", "warn", _NONE, _NONE, _NONE, "", "; ".join(found.size.notes),
                            "Measure the lengths again."))  # fmt: skip
    return checks


def _stated_sd(found: PointCalibration) -> float:
    """Relative sd that the known lengths together leave, were they measured without error."""
    known = found.known
    sds = [k.sd_m / k.length_m for k in known.lengths] + [t.sd_m / t.length_m for t in known.tapes]
    if known.wand is not None:
        sds.append(max(known.wand.length_sd_m, 1e-9) / known.wand.length_m)
    return float(1.0 / np.sqrt(np.sum(1.0 / np.square(sds))))


def _by_length(found: PointCalibration) -> bool:
    """Whether the size is uncertain because the lengths are, and not because of how they were measured."""
    return _stated_sd(found) ** 2 > _MOST_OF * found.scale_sd**2


def _limits(found: PointCalibration, outside: HeldOutPoints, errors: ErrorMap) -> list[str]:
    """Sentences on what limits this recording."""
    told = []
    if outside.reason:
        told.append(f"No length could be held out: {outside.reason}. The errors told were fitted, not tested.")
    places = found.points[np.isfinite(found.points).all(axis=2)]
    away = float(np.median(np.linalg.norm(places - np.median(places, axis=0), axis=1)))
    whole, by_size = found.quality.volume_sd_mm, 1e3 * found.scale_sd * away
    if by_size**2 > _MOST_OF * whole**2:
        told.append(
            f"Most of a point's error from the calibration ({by_size:.1f} of {whole:.1f} mm, 1 sd, at the median "
            f"place) is the size of the rig, known to {digits(100 * found.scale_sd)} %: "
            + ("a length that is known better, or a second one, helps; more frames do not." if _by_length(found)
               else "the length is known better than it was measured; moving for longer helps, and less noisy points.")
            + " Angles do not feel it."
        )
    else:
        told.append(
            f"Noise of the points (up to {max(found.quality.sigma_px):.1f} px) and the way that was taken limit the "
            f"cameras: {whole:.1f} mm at the median place (1 sd). A longer way through more of the volume helps."
        )
    if found.quality.variance_ratio > _TOGETHER:
        told.append(
            f"Errors of the points go together: variances are {found.quality.variance_ratio:.1f} times those of "
            "independent errors, which all stated uncertainties count."
        )
    if found.known.wand is None:
        told.append(
            "A detector's keypoints are no joint centres: a bias that is the same in all views moves no camera, one "
            "that changes with the side it is seen from does, and only part of it shows."
        )
    return told
