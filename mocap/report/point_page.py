"""The page of a calibration from a wand or a person: as that of a board, of the figures that points have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.points.assessment import PointAssessment
from calibration.points.assessment_json import point_residuals
from calibration.points.held_out import HeldOutLength, HeldOutPoints
from calibration.points.result import PointCalibration
from mocap.report.calibration_figures import coverage_picture, residual_picture
from mocap.report.calibration_page import (
    checks_part,
    figures_of_cameras,
    limits_part,
    origin_part,
    shared_part,
    volume_part,
    whole_page,
)
from mocap.report.held_out_part import regions_part
from mocap.report.page_parts import escaped, grade_badge, number, table
from mocap.report.svg import SERIES, picture, shape, text, ticks

_MOST_ROWS = 6
_FAR_SHARE = 98  # percentile of the errors that a row of the picture reaches to


def point_page(found: PointCalibration, assessment: PointAssessment, title: str = "Calibration") -> str:
    """Return the page as self-contained HTML."""
    what = "the wand" if found.known.wand is not None else "the person"
    return whole_page(title, [
        _summary(found, assessment, what),
        limits_part(assessment.limits),
        checks_part(assessment.checks),
        _held_out(assessment.held_out),
        volume_part(found.rig, assessment.errors, _path(found)),
        _cameras(found, assessment),
        shared_part(found.rig, assessment.graph, assessment.errors.display, what),
        f"<h2>Residual over time</h2>{residual_picture(point_residuals(found))}<p class='note'>RMS distance of the "
        "points of each frame to the model. A level that jumps and stays is a camera that was moved.</p>",
        origin_part(found.rig),
    ])  # fmt: skip


def _path(found: PointCalibration) -> NDArray:
    """Middle of the points of each frame, shape (frame, 3); NaN where fewer than half of them are known."""
    known = np.isfinite(found.points).all(axis=2)
    count = known.sum(axis=1)
    middle = np.where(known[..., None], found.points, 0.0).sum(axis=1) / np.maximum(count, 1)[:, None]
    return np.where((2 * count >= known.shape[1])[:, None], middle, np.nan)


def _summary(found: PointCalibration, assessment: PointAssessment, what: str) -> str:
    outside, volume = assessment.held_out, assessment.errors.figures()
    rows = [[escaped(label), value] for label, value in (
        ("Error of a known length in frames never used (RMSE)", number(outside.rmse_mm, 3, "mm")),
        ("Expected from the noise of single frames alone", number(outside.noise_mm, 3, "mm")),
        ("Error of a point from the calibration, 1 sd: median over the volume, 95th percentile",
         f"{number(volume['calibration_median_mm'])}, {number(volume['calibration_p95_mm'], 3, 'mm')}"),
        ("Size of the rig known to (1 sd)", number(100 * found.scale_sd, 2, "%")),
        ("Volume seen by two cameras or more", number(volume["measured_pct"], 3, "%")),
        ("Gravity known to (1 sd)", number(assessment.world.gravity_sd_deg, 2, "deg")),
    )]  # fmt: skip
    verdicts = [
        [escaped(camera.name), grade_badge(camera.grade), escaped(camera.reason), escaped(camera.remedy)]
        for camera in assessment.cameras
    ]
    remedy = f"<br><b>What helps:</b> {escaped(assessment.remedy)}" if assessment.remedy else ""
    return (
        f"<p>{len(found.rig)} cameras, {len(found.frames)} frames of {what}.</p>"
        f'<div class="box {assessment.grade}"><b>Verdict:</b> {grade_badge(assessment.grade)}<br>'
        f"{escaped(assessment.reason)}{remedy}</div>{table(['', ''], rows)}"
        f"{table(['Camera', 'Verdict', 'Why', 'What helps'], verdicts, (1, 2, 3))}"
    )


def _held_out(outside: HeldOutPoints) -> str:
    title = "<h2>Known lengths in frames that the calibration never used</h2>"
    if outside.reason:
        return f"{title}<p>None could be held out: {escaped(outside.reason)}.</p>"
    far = (
        f" {outside.n_far} far ones, whose points no two cameras show at the same place, count for the worst alone."
        if outside.n_far else ""
    )  # fmt: skip
    return (
        f"{title}<p class='note'>One frame in three was left out in turn, the cameras were fitted to the others, and "
        f"{outside.n_lengths} lengths were measured in the {outside.n_frames} frames left out. Mean "
        f"{number(outside.mean_mm, 2, 'mm')}, RMSE {number(outside.rmse_mm, 3, 'mm')} (expected from noise alone: "
        f"{number(outside.noise_mm, 3, 'mm')}), worst {number(outside.worst_mm, 3, 'mm')}.{far}</p>"
        f"{length_picture(outside.lengths)}{regions_part(outside.regions)}"
    )


def length_picture(lengths: Sequence[HeldOutLength], width: float = 900.0) -> str:
    """Draw measured minus known over time, one row per length; beyond its row an error is drawn at the edge."""
    shown = [own for own in lengths if len(own.frames)][:_MOST_ROWS]
    if not shown:
        return ""
    left, row, right = 150.0, 70.0, width - 20
    first, last = min(int(own.frames[0]) for own in shown), max(int(own.frames[-1]) for own in shown)
    span, top = max(last - first, 1), _top(shown)
    shapes = []
    for value in ticks(float(first), float(last), 9):
        x = left + (value - first) / span * (right - left)
        shapes += [shape("line", x1=float(x), y1=0, x2=float(x), y2=row * len(shown), stroke="#eee"),
                   text(x, row * len(shown) + 15, f"{value:.0f}", 10, "middle")]  # fmt: skip
    for index, own in enumerate(shown):
        middle = row * (index + 0.5)
        shapes += [shape("line", x1=left, y1=middle, x2=right, y2=middle, stroke="#999"),
                   text(left - 8, middle - 3, own.name, 11, "end", "#222"),
                   text(left - 8, middle + 11, f"{1e3 * own.known_m:.1f} ± {top:.3g} mm", 9, "end", "#888"),
                   ]  # fmt: skip
        across = left + (own.frames - first) / span * (right - left)
        down = middle - (row / 2 - 4) * np.clip(own.error_mm / top, -1, 1)
        dots = "".join(f"M{u:.1f} {v:.1f}h0" for u, v in zip(across, down, strict=True))
        shapes.append(shape("path", d=dots, stroke=SERIES[index % len(SERIES)], stroke_width=3.4,
                            stroke_linecap="round"))  # fmt: skip
    shapes.append(text(left - 8, row * len(shown) + 15, "frame", 10, "end"))
    return picture(width, row * len(shown) + 22, shapes, "Known lengths over time, measured minus known")


def _top(lengths: Sequence[HeldOutLength]) -> float:
    every = np.abs(np.concatenate([own.error_mm for own in lengths]))
    return max(float(np.percentile(every, _FAR_SHARE)), 1e-3)


def _cameras(found: PointCalibration, assessment: PointAssessment) -> str:
    pictures = "".join(
        f"<figure>{coverage_picture(cover, camera.size, camera.name)}<figcaption><b>{escaped(camera.name)}</b> "
        f"{grade_badge(verdict.grade)} Points in {100 * cover.share:.0f} % of the image, {100 * cover.reach:.0f} % of "
        f"the way to its corner, at {number(cover.depth_m[0], 2)} to {number(cover.depth_m[1], 2, 'm')}."
        "</figcaption></figure>"
        for camera, cover, verdict in zip(found.rig, assessment.coverage, assessment.cameras, strict=True)
    )
    figures = figures_of_cameras(assessment.cameras, "Standard deviations are those of the covariance.")
    return f"<h2>Camera by camera</h2>{figures}<div class='row'>{pictures}</div>"
