"""What an assessment tells, as plain tables: `calibration.json`, and the short figures beside the cameras in the TOML.

Keys of the JSON file, which stay (new ones may be added; `format_version` counts up when one changes its meaning).
Lengths carry their unit in the name; what is unknown is null.

- `format`, `format_version`
- `verdict`: `grade` (good, usable, refuse), `reason`, `remedy`
- `cameras`: a list, one table each: `name`, `size_px` [w, h], `grade`, `reason`, `remedy`, `checks`; `position_m`,
  `position_sd_mm`, `focal_px` [fx, fy], `focal_sd_pct`, `rms_px`, `sigma_px`, `n_views`, `n_corners`,
  `n_rejected_corners`; `coverage` (`share_pct`, `reach_pct`, `depth_m` [near, far], `tilt_deg` [low, high],
  `slanted_pct`, `ray_pct` (of the image for which the lens has a ray), `counts`: corners per cell of the image, row
  by row); `repeatability` (`position_mm`, `rotation_deg`, `focal_px`, `stated_position_mm`, `stated_rotation_deg`,
  `ratio`)
- a check is `name`, `status` (ok, warn, fail), `measured`, `limit_ok`, `limit_fail`, `unit`, `meaning`, `remedy`
- `checks`: a list, of the whole rig
- `held_out`: `reason` (empty, or why there is none), `n_frames`, `n_lengths`, `median_px`, `rms_px`,
  `distance_mean_mm`, `distance_rmse_mm`, `distance_worst_mm`, `all_pairs_rmse_mm`, `frame_median_rmse_mm`, `folds`
  (a list of `distance_rmse_mm`, `all_pairs_rmse_mm`, `median_px`, `n_lengths`), `regions` (a list of `name`, `n`,
  `mean_mm`, `rmse_mm`, `worst_mm`). With time shifts these are of each view at its own moment, told by corners that are
  not scored, and `as_filmed` has `median_px`, `rms_px`, `distance_rmse_mm`, `all_pairs_rmse_mm` and `folds` without
  shifts; null otherwise
- `fitted`: the same error on the very views of the fit: `rms_px`, `median_px`, `distance_rmse_mm`,
  `all_pairs_rmse_mm`
- `repeatability`: `ratio`, `reason`
- `volume`: `calibration_median_mm`, `calibration_p95_mm`, `calibration_worst_mm`, `worst_x_m`, `worst_y_m`,
  `worst_z_m`, `noise_median_mm`, `noise_p95_mm`, `noise_worst_mm` (for 1 px of noise), `measured_pct`; `grid`
  (`shape`, `places_m` flat, `calibration_sd_mm`, `noise_sd_mm`, `n_views`: all in the same order)
- `shared_views`: `names`, `views` and `corners` (square), `n_groups`, `weakest_link` [one, other, views] or null,
  `spans` (per camera a list of [first frame, last frame])
- `baselines`: a list of `one`, `other`, `length_m`, `sd_mm`
- `free_lenses`: the fit with nothing presumed of the lenses: `reason` (empty, or why there is none), `focal_pct` (per
  camera, absolute change), `baseline_pct` (square), `rms_px`, `free_rms_px`
- `scale`: `factor`, `sd`, `text`
- `world`: `source`, `text`, `gravity_sd_deg`, `gravity_limit_deg`, `origin_sd_mm`, `residual`, `residual_unit`
- `residuals`: per camera name, `frames` and `rms_px` of every view
- `board`: where the main board stood in the frames that were used: `frames`, `world_from_board` (4 x 4 each, m),
  `n_cameras` (that saw it), `corners_m` in the board's frame, `faces` (a list of the corners of each plane)
- `limits`: a list of sentences on what limits this recording
- `metadata`: as in the TOML file
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.observations import BoardObservations
from calibration.quality.assessment import Assessment
from calibration.quality.error_map import ErrorMap
from calibration.quality.figures import BoardScore
from calibration.quality.held_out import LengthRegion
from calibration.quality.judgement import Check
from calibration.quality.view_graph import ViewGraph
from calibration.result import Calibration

FORMAT_VERSION = 1
_DIGITS = 6


def assessment_metadata(assessment: Assessment) -> dict[str, str | float | int]:
    """Return the short figures that go into the metadata of a rig; flat, and what is not known is left out."""
    outside, volume = assessment.held_out, assessment.errors.figures()
    table: dict[str, str | float | int] = {
        "verdict": assessment.grade,
        "verdict_reason": assessment.reason,
        "camera_verdicts": ", ".join(f"{camera.name} {camera.grade}" for camera in assessment.cameras),
        "held_out_median_px": outside.median_px,
        "held_out_distance_rmse_mm": outside.distance_rmse_mm,
        "held_out_distance_worst_mm": outside.distance_worst_mm,
        **_as_filmed_metadata(assessment),
        "volume_sd_median_mm": volume["calibration_median_mm"],
        "volume_sd_p95_mm": volume["calibration_p95_mm"],
        "volume_seen_pct": volume["measured_pct"],
        "repeatability_position_mm": float(np.max(assessment.halves.position_mm)),
        "repeatability_rotation_deg": float(np.max(assessment.halves.rotation_deg)),
        "repeatability_ratio": assessment.halves.whole_ratio,
        "checks_not_ok": ", ".join(f"{check.name} {check.status}" for check in assessment.checks if check.severity),
        "lens_asked": " ".join(map(lens_sentence, assessment.checks)).strip(),
    }
    return {key: _rounded(value) for key, value in table.items() if value == value and value != ""}


def _as_filmed_metadata(assessment: Assessment) -> dict[str, float]:
    """Return the figures of views never used without the time shifts that the others have; nothing without shifts."""
    filmed = assessment.held_out.as_filmed
    if filmed is None:
        return {}
    lengths, corners = filmed.distance_rmse_mm, filmed.median_px
    return {"held_out_as_filmed_median_px": corners, "held_out_as_filmed_distance_rmse_mm": lengths}


def lens_sentence(check: Check) -> str:
    """Return what is said against a lens that was asked for, with what helps; nothing of another check."""
    if check.name not in {"lens_asked", "lens_untested"} or not check.severity:
        return ""
    told = check.describe()
    return f"{told[:1].upper()}{told[1:]}. {check.remedy}"


def assessed_rig(calibration: Calibration, assessment: Assessment) -> CameraRig:
    """Return the rig with the short figures among its metadata."""
    return replace(calibration.rig, metadata={**calibration.rig.metadata, **assessment_metadata(assessment)})


def _rounded(value: str | float | int) -> str | float | int:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def assessment_table(
    calibration: Calibration, observations: BoardObservations, assessment: Assessment
) -> dict[str, Any]:
    """Return all figures as tables, lists, numbers, texts and None, as the top of this file describes them."""
    quality, world = calibration.quality, calibration.world
    board = quality.board
    return plain({
        "format": "mocap-calibration-quality",
        "format_version": FORMAT_VERSION,
        "verdict": {"grade": assessment.grade, "reason": assessment.reason, "remedy": assessment.remedy},
        "cameras": [_camera(calibration, assessment, index) for index in range(len(calibration.rig))],
        "checks": [check_table(check) for check in assessment.checks],
        "held_out": _held_out(assessment),
        "fitted": {
            "rms_px": quality.rms_px, "median_px": quality.median_px,
            "distance_rmse_mm": board.distance_rmse_mm if board else None,
            "all_pairs_rmse_mm": board.all_pairs_rmse_mm if board else None,
        },
        "repeatability": {"ratio": assessment.halves.whole_ratio, "reason": assessment.halves.reason},
        "volume": volume_table(assessment.errors),
        "shared_views": shared_table(assessment.graph),
        "baselines": baseline_tables(calibration.rig.names, assessment.baseline_m, assessment.baseline_sd_m),
        "free_lenses": {
            "reason": assessment.freedom.reason, "focal_pct": assessment.freedom.focal_pct,
            "baseline_pct": assessment.freedom.baseline_pct, "rms_px": assessment.freedom.rms_px,
            "free_rms_px": assessment.freedom.free_rms_px,
        },
        "scale": {
            "factor": assessment.scale.factor, "sd": assessment.scale.sd, "text": assessment.scale.describe(),
        },
        "world": {
            "source": world.source, "text": world.text, "gravity_sd_deg": world.gravity_sd_deg,
            "gravity_limit_deg": world.gravity_limit_deg, "origin_sd_mm": world.origin_sd_mm,
            "residual": world.residual, "residual_unit": world.residual_unit,
        },
        "residuals": residuals_over_time(calibration, observations),
        "board": _board_table(calibration, observations),
        "limits": list(assessment.limits),
        "metadata": dict(calibration.rig.metadata),
    })  # fmt: skip


def residuals_over_time(calibration: Calibration, observations: BoardObservations) -> dict[str, dict[str, NDArray]]:
    """Return, per camera name, `frames` (ids) and `rms_px` of every view that the calibration rests on."""
    table = {}
    for name, errors, kept in zip(calibration.rig.names, calibration.residuals, calibration.kept, strict=True):
        views = np.flatnonzero(kept.any(axis=1))
        squares = np.where(kept[views], errors[views] ** 2, 0.0).sum(axis=1)
        rms = np.sqrt(squares / kept[views].sum(axis=1))
        table[name] = {"frames": observations.frame_ids[views], "rms_px": rms}
    return table


def _board_table(calibration: Calibration, observations: BoardObservations) -> dict[str, Any]:
    placed = np.flatnonzero(np.isfinite(calibration.world_from_board).all(axis=(1, 2)))
    board, shape = observations.board, calibration.shape
    return {
        "frames": observations.frame_ids[placed], "world_from_board": calibration.world_from_board[placed],
        "n_cameras": calibration.kept[:, placed].any(axis=2).sum(axis=0),
        "corners_m": board.corners_board if shape is None else shape.corners_board, "faces": list(board.faces),
    }  # fmt: skip


def _camera(calibration: Calibration, assessment: Assessment, index: int) -> dict[str, Any]:
    camera, verdict = calibration.rig.cameras[index], assessment.cameras[index]
    cover, halves, quality = assessment.coverage[index], assessment.halves, calibration.quality
    return {
        "name": camera.name, "size_px": camera.size, "grade": verdict.grade, "reason": verdict.reason,
        "remedy": verdict.remedy, "checks": [check_table(check) for check in verdict.checks],
        "position_m": camera.centre_world, "position_sd_mm": assessment.position_sd_mm[index],
        "focal_px": camera.matrix[[0, 1], [0, 1]], "focal_sd_pct": assessment.focal_sd_pct[index],
        "rms_px": quality.camera_rms_px[index], "sigma_px": quality.sigma_px[index],
        "n_views": quality.n_views[index], "n_corners": cover.n_corners,
        "n_rejected_corners": quality.n_rejected_corners[index],
        "coverage": {
            "share_pct": 100 * cover.share, "reach_pct": 100 * cover.reach, "depth_m": cover.depth_m,
            "tilt_deg": cover.tilt_deg, "slanted_pct": 100 * cover.slanted_share,
            "ray_pct": 100 * cover.ray_share, "counts": cover.counts,
        },
        "repeatability": {
            "position_mm": halves.position_mm[index], "rotation_deg": halves.rotation_deg[index],
            "focal_px": halves.focal_px[index], "stated_position_mm": halves.stated_position_mm[index],
            "stated_rotation_deg": halves.stated_rotation_deg[index], "ratio": halves.ratio[index],
        },
    }  # fmt: skip


def check_table(check: Check) -> dict[str, Any]:
    """Return one check."""
    return {
        "name": check.name, "status": check.status, "measured": check.measured, "limit_ok": check.limit_ok,
        "limit_fail": check.limit_fail, "unit": check.unit, "meaning": check.meaning, "remedy": check.remedy,
    }  # fmt: skip


def _held_out(assessment: Assessment) -> dict[str, Any]:
    outside, filmed = assessment.held_out, assessment.held_out.as_filmed
    return {
        "reason": outside.reason, "n_frames": outside.n_frames, "n_lengths": outside.n_lengths,
        "median_px": outside.median_px, "rms_px": outside.rms_px, "distance_mean_mm": outside.distance_mean_mm,
        "distance_rmse_mm": outside.distance_rmse_mm, "distance_worst_mm": outside.distance_worst_mm,
        "all_pairs_rmse_mm": outside.all_pairs_rmse_mm, "frame_median_rmse_mm": outside.frame_median_rmse_mm,
        "folds": _folds(outside.folds), "regions": region_tables(outside.regions),
        "as_filmed": None if filmed is None else {
            "median_px": filmed.median_px, "rms_px": filmed.rms_px, "distance_rmse_mm": filmed.distance_rmse_mm,
            "all_pairs_rmse_mm": filmed.all_pairs_rmse_mm, "folds": _folds(filmed.folds),
        },
    }  # fmt: skip


def _folds(scores: Sequence[BoardScore]) -> list[dict[str, Any]]:
    return [
        {"distance_rmse_mm": fold.distance_rmse_mm, "all_pairs_rmse_mm": fold.all_pairs_rmse_mm,
         "median_px": fold.reprojection_median_px, "n_lengths": fold.n_pairs}
        for fold in scores
    ]  # fmt: skip


def region_tables(regions: Sequence[LengthRegion]) -> list[dict[str, Any]]:
    """Return the errors of known lengths by region."""
    return [
        {"name": part.name, "n": part.n, "mean_mm": part.mean_mm, "rmse_mm": part.rmse_mm, "worst_mm": part.worst_mm}
        for part in regions
    ]


def volume_table(errors: ErrorMap) -> dict[str, Any]:
    """Return figures and grid of a map of errors."""
    grid = {
        "shape": errors.n_views.shape, "places_m": errors.grid_world.reshape(-1, 3),
        "calibration_sd_mm": errors.calibration_sd_mm.ravel(), "noise_sd_mm": errors.noise_sd_mm.ravel(),
        "n_views": errors.n_views.ravel(),
    }  # fmt: skip
    return {**errors.figures(), "grid": grid}


def shared_table(graph: ViewGraph) -> dict[str, Any]:
    """Return which cameras saw what together."""
    return {
        "names": graph.names, "views": graph.views, "corners": graph.corners, "n_groups": graph.n_groups,
        "weakest_link": graph.weakest_link(), "spans": graph.spans,
    }  # fmt: skip


def baseline_tables(names: tuple[str, ...], length: NDArray, sd: NDArray) -> list[dict[str, Any]]:
    """Return the distance of each pair of cameras, m, with its sd."""
    return [
        {"one": names[i], "other": names[j], "length_m": length[i, j], "sd_mm": 1e3 * sd[i, j]}
        for i in range(len(names)) for j in range(i + 1, len(names))
    ]  # fmt: skip


def plain(value: Any) -> Any:
    """Turn tables and arrays into what JSON knows; numbers keep six digits, what is not finite becomes None."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
    return value
