"""What an assessment of a calibration from points tells, as plain tables: the JSON file, and figures for the TOML.

Keys are those of `quality.assessment_json` where both have them. Others, or of other content:

- `method`: wand or person
- `cameras`: without `repeatability`; `n_frames` and `n_points` in place of views and corners, `rejected_pct`,
  `lag_frames` and `lag_sd_frames`
- `held_out`: `reason`, `n_frames`, `n_lengths`, `n_far`, `mean_mm`, `rmse_mm`, `worst_mm`, `noise_mm`, `regions`, and
  `lengths`, a list of `name`, `known_m`, `frames`, `error_mm`
- `scale`: `sd`, `text`, `notes`
- `variance_ratio`, `exchanged_views`
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.points.assessment import PointAssessment
from calibration.points.result import PointCalibration
from calibration.quality.assessment_json import (
    FORMAT_VERSION,
    baseline_tables,
    check_table,
    plain,
    region_tables,
    shared_table,
    volume_table,
)


def point_assessment_metadata(assessment: PointAssessment) -> dict[str, str | float]:
    """Return the short figures that go into the metadata of a rig; flat, and what is not known is left out."""
    outside, volume = assessment.held_out, assessment.errors.figures()
    table: dict[str, str | float] = {
        "verdict": assessment.grade,
        "verdict_reason": assessment.reason,
        "camera_verdicts": ", ".join(f"{camera.name} {camera.grade}" for camera in assessment.cameras),
        "held_out_length_mean_mm": outside.mean_mm,
        "held_out_length_rmse_mm": outside.rmse_mm,
        "held_out_length_worst_mm": outside.worst_mm,
        "volume_sd_median_mm": volume["calibration_median_mm"],
        "volume_sd_p95_mm": volume["calibration_p95_mm"],
        "volume_seen_pct": volume["measured_pct"],
        "checks_not_ok": ", ".join(f"{check.name} {check.status}" for check in assessment.checks if check.severity),
    }
    known = {key: value for key, value in table.items() if value == value and value != ""}
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in known.items()}


def point_assessment_table(found: PointCalibration, assessment: PointAssessment) -> dict[str, Any]:
    """Return all figures as tables, lists, numbers, texts and None, as the top of this file describes them."""
    rig, world = found.rig, assessment.world
    table: dict[str, Any] = plain({
        "format": "mocap-calibration-quality",
        "format_version": FORMAT_VERSION,
        "method": rig.metadata.get("method", ""),
        "verdict": {"grade": assessment.grade, "reason": assessment.reason, "remedy": assessment.remedy},
        "cameras": [_camera(found, assessment, index) for index in range(len(rig))],
        "checks": [check_table(check) for check in assessment.checks],
        "held_out": _held_out(assessment),
        "volume": volume_table(assessment.errors),
        "shared_views": shared_table(assessment.graph),
        "baselines": baseline_tables(rig.names, assessment.baseline_m, assessment.baseline_sd_m),
        "scale": {"sd": found.scale_sd, "text": rig.metadata.get("scale", ""), "notes": found.size.notes},
        "world": {
            "source": world.source, "text": world.text, "gravity_sd_deg": world.gravity_sd_deg,
            "gravity_limit_deg": world.gravity_limit_deg, "origin_sd_mm": world.origin_sd_mm,
            "residual": world.residual, "residual_unit": world.residual_unit,
        },
        "variance_ratio": found.quality.variance_ratio,
        "exchanged_views": found.quality.exchanged_views,
        "residuals": point_residuals(found),
        "limits": list(assessment.limits),
        "metadata": dict(rig.metadata),
    })  # fmt: skip
    return table


def point_residuals(found: PointCalibration) -> dict[str, dict[str, NDArray]]:
    """Return, per camera name, `frames` and `rms_px` of every frame that the calibration rests on."""
    off = np.linalg.norm(found.solved.tracks.pixels - found.rig.project(found.points), axis=-1)
    kept, table = found.kept & np.isfinite(off), {}
    for name, errors, own in zip(found.rig.names, off, kept, strict=True):
        used = np.flatnonzero(own.any(axis=1))
        squares = np.where(own[used], errors[used] ** 2, 0.0).sum(axis=1)
        table[name] = {"frames": found.frames[used], "rms_px": np.sqrt(squares / own[used].sum(axis=1))}
    return table


def _camera(found: PointCalibration, assessment: PointAssessment, index: int) -> dict[str, Any]:
    camera, verdict = found.rig.cameras[index], assessment.cameras[index]
    cover, quality = assessment.coverage[index], found.quality
    return {
        "name": camera.name, "size_px": camera.size, "grade": verdict.grade, "reason": verdict.reason,
        "remedy": verdict.remedy, "checks": [check_table(check) for check in verdict.checks],
        "position_m": camera.centre_world, "position_sd_mm": assessment.position_sd_mm[index],
        "focal_px": camera.matrix[[0, 1], [0, 1]], "focal_sd_pct": assessment.focal_sd_pct[index],
        "rms_px": quality.rms_px[index], "sigma_px": quality.sigma_px[index],
        "n_frames": cover.n_views, "n_points": quality.n_points[index],
        "rejected_pct": 100 * quality.rejected_share[index],
        "lag_frames": found.lag_frames[index], "lag_sd_frames": found.lag_sd_frames[index],
        "coverage": {
            "share_pct": 100 * cover.share, "reach_pct": 100 * cover.reach, "depth_m": cover.depth_m,
            "counts": cover.counts,
        },
    }  # fmt: skip


def _held_out(assessment: PointAssessment) -> dict[str, Any]:
    outside = assessment.held_out
    return {
        "reason": outside.reason, "n_frames": outside.n_frames, "n_lengths": outside.n_lengths,
        "n_far": outside.n_far, "mean_mm": outside.mean_mm, "rmse_mm": outside.rmse_mm,
        "worst_mm": outside.worst_mm, "noise_mm": outside.noise_mm, "regions": region_tables(outside.regions),
        "lengths": [
            {"name": own.name, "known_m": own.known_m, "frames": own.frames, "error_mm": own.error_mm}
            for own in outside.lengths
        ],
    }  # fmt: skip
