"""The page of a calibration: verdicts first, then what they rest on, in pictures and tables, in one HTML file."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.quality.assessment import Assessment
from calibration.quality.error_map import ErrorMap
from calibration.quality.judgement import CameraVerdict, Check
from calibration.quality.view_graph import ViewGraph
from calibration.result import Calibration
from mocap.report.calibration_figures import (
    Overlay,
    coverage_picture,
    graph_picture,
    no_ray,
    overlay_picture,
    residual_picture,
)
from mocap.report.calibration_layout import layout_picture
from mocap.report.held_out_part import as_filmed_rows, held_out_part, moment_of
from mocap.report.page_parts import STYLE, escaped, grade_badge, number, table

_MANY_OVERLAYS = 24


def calibration_page(
    calibration: Calibration,
    assessment: Assessment,
    residuals: Mapping[str, Mapping[str, NDArray]],
    overlays: Sequence[Overlay] = (),
    title: str = "Calibration",
) -> str:
    """Return the page as self-contained HTML.

    Parameters
    ----------
    calibration : Calibration
    assessment : Assessment
    residuals : mapping of str to mapping
        As `calibration.quality.assessment_json.residuals_over_time` gives them.
    overlays : sequence of Overlay
        Any number per camera.
    title : str
    """
    parts = [
        _summary(calibration, assessment),
        limits_part(assessment.limits),
        checks_part(assessment.checks),
        held_out_part(calibration, assessment.held_out),
        volume_part(calibration.rig, assessment.errors),
        _cameras(calibration, assessment, overlays),
        shared_part(calibration.rig, assessment.graph, assessment.errors.display),
        f"<h2>Residual over time</h2>{residual_picture(residuals)}<p class='note'>RMS distance of the corners of each "
        "view to the model. A level that jumps and stays is a camera that was moved; single peaks are blur or late "
        "frames.</p>",
        _repeatability(calibration, assessment),
        origin_part(calibration.rig),
    ]
    return whole_page(title, parts)


def whole_page(title: str, parts: Sequence[str], style: str = "") -> str:
    """Return the HTML of a page from its parts; `style` is what it adds to the common one."""
    shown = escaped(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{shown}</title><style>{STYLE}{style}</style></head><body><h1>{shown}</h1>{''.join(parts)}</body></html>\n"
    )


def _summary(calibration: Calibration, assessment: Assessment) -> str:
    outside, volume = assessment.held_out, assessment.errors.figures()
    rig, quality = calibration.rig, calibration.quality
    fitted = quality.board.reprojection_median_px if quality.board else None
    figures = [
        (f"Error of a known length in views never used (RMSE){moment_of(outside)}",
         number(outside.distance_rmse_mm, 3, "mm")),
        ("Error of a point from the calibration, 1 sd: median over the volume, 95th percentile",
         f"{number(volume['calibration_median_mm'])}, {number(volume['calibration_p95_mm'], 3, 'mm')}"),
        ("Volume seen by two cameras or more", number(volume["measured_pct"], 3, "%")),
        ("Distance of corners to the board as fitted, median", number(quality.median_px, 3, "px")),
        ("Distance of corners to points triangulated from them, median: in views never used, in the fit",
         f"{number(outside.median_px)}, {number(fitted, 3, 'px')}"),
        *as_filmed_rows(outside),
        ("Stated uncertainties, over what independent noise of the corners would leave",
         number(float(rig.metadata.get("uncertainty_factor", 1.0)), 2, "times")),
        ("Gravity known to (1 sd)", number(calibration.world.gravity_sd_deg, 2, "deg")),
    ]  # fmt: skip
    rows = [[escaped(label), value] for label, value in figures]
    verdicts = [
        [escaped(camera.name), grade_badge(camera.grade), escaped(camera.reason), escaped(camera.remedy)]
        for camera in assessment.cameras
    ]
    remedy = f"<br><b>What helps:</b> {escaped(assessment.remedy)}" if assessment.remedy else ""
    return (
        f"<p>{len(rig)} cameras, {sum(quality.n_views)} views of {escaped(rig.metadata.get('board', 'a board'))}.</p>"
        f'<div class="box {assessment.grade}"><b>Verdict:</b> {grade_badge(assessment.grade)}<br>'
        f"{escaped(assessment.reason)}"
        f"{remedy}</div>{table(['', ''], rows)}"
        f"{table(['Camera', 'Verdict', 'Why', 'What helps'], verdicts, (1, 2, 3))}"
    )


def limits_part(limits: Sequence[str]) -> str:
    """Return what limits a recording."""
    if not limits:
        return "<h2>What limits this recording</h2><p>Nothing but the noise of the corners was found.</p>"
    listed = "".join(f"<li>{escaped(sentence)}</li>" for sentence in limits)
    return f"<h2>What limits this recording</h2><ul>{listed}</ul>"


def checks_part(checks: Sequence[Check]) -> str:
    """Return the checks of a whole rig."""
    rows = [
        [escaped(check.meaning[:1].upper() + check.meaning[1:]), _measured(check), _limit(check),
         grade_badge(check.status), escaped(check.remedy)]
        for check in checks
    ]  # fmt: skip
    head = ["Check", "Measured", "Limit", "", "What helps"]
    return f"<h2>What reprojection alone cannot see</h2>{table(head, rows, (3, 4))}"


def _measured(check: Check) -> str:
    return escaped(number(check.measured, 3, check.unit)) if np.isfinite(check.measured) else ""


def _limit(check: Check, with_unit: bool = True) -> str:
    if not np.isfinite(check.limit_ok):
        return ""
    sign = "≥" if np.isfinite(check.limit_fail) and check.limit_ok > check.limit_fail else "≤"
    return escaped(f"{sign}\u00a0{number(check.limit_ok, 3, check.unit if with_unit else '')}")


def volume_part(rig: CameraRig, errors: ErrorMap, path_world: NDArray | None = None) -> str:
    """Return cameras and map of errors, with the path of a point, shape (frame, 3), where one is given."""
    figures = errors.figures()
    rows = [
        [label, number(figures[f"{name}_median_mm"]), number(figures[f"{name}_p95_mm"]),
         number(figures[f"{name}_worst_mm"])]
        for name, label in (("calibration", "from the calibration (the same in every frame)"),
                            ("noise", "from one pixel of noise in every view (of one frame)"))
    ]  # fmt: skip
    unsure = "" if rig.gravity_known else " Gravity is unknown: up is the mean top of the images."
    line = "" if path_world is None else " Line: the path of what was moved, in the frames that were used."
    figures_html = "".join(
        f"<figure>{layout_picture(rig, errors, above, path_world)}<figcaption>{caption}</figcaption></figure>"
        for above, caption in ((True, "From above."), (False, "From the side."))
    )
    return (
        f"<h2>Cameras and the volume</h2><div class='row'>{figures_html}</div><p class='note'>Colour: error of a point "
        "that the uncertainty of the cameras alone makes, 1 sd of its position, worst over the depth of the picture. "
        f"Struck through: somewhere fewer than two cameras see the place; gray: nowhere do two.{unsure}{line}</p>"
        f"{table(['Error of a point, 1 sd', 'median mm', '95th percentile mm', 'worst mm'], rows)}"
    )


def _cameras(calibration: Calibration, assessment: Assessment, overlays: Sequence[Overlay]) -> str:
    parts = ["<h2>Camera by camera</h2>", figures_of_cameras(assessment.cameras, _DEVIATIONS)]
    width = 400.0 if len(overlays) <= _MANY_OVERLAYS else 240.0  # a page has to stay small enough to be sent
    for index, camera in enumerate(calibration.rig):
        verdict, cover = assessment.cameras[index], assessment.coverage[index]
        pictures = (
            f"<figure>{coverage_picture(cover, camera.size, camera.name)}<figcaption>Where corners were seen: "
            f"{100 * cover.share:.0f} % of the image, {100 * cover.reach:.0f} % of the way to its corner."
            f"{no_ray(cover)} Board at {number(cover.depth_m[0], 2)} to {number(cover.depth_m[1], 2, 'm')}, slanted by "
            f"{number(cover.tilt_deg[0], 2)} to {number(cover.tilt_deg[1], 2, 'deg')}.</figcaption></figure>"
        )
        pictures += "".join(
            f"<figure>{overlay_picture(overlay, width)}<figcaption>{escaped(overlay.title)}</figcaption></figure>"
            for overlay in overlays if overlay.camera == camera.name
        )  # fmt: skip
        parts.append(
            f'<section class="camera"><h3>{escaped(camera.name)} {grade_badge(verdict.grade)}</h3>'
            f'<div class="row">{pictures}</div></section>'
        )
    if overlays:
        parts.append("<p class='note'>Rings: detected corners. Crosses: where the model has them. Lines: from ring to "
                     "cross, ten times as long as the residual.</p>")  # fmt: skip
    return "".join(parts)


#: Heads of the columns, by the names of the checks.
_SHORT = {
    "views": "views", "frames": "frames", "lag": "late, frames",
    "rejected": "left out, %", "residual": "residual, % of the image", "coverage": "area seen, %",
    "reach": "reach, %", "with_ray": "image with a ray, %", "edge_sd": "edge sd, % of the image",
    "slanted": "slanted views, %", "shared": "shared views",
    "focal_sd": "focal length sd, %", "position_sd": "position sd, % of distance", "repeatability": "halves, x stated",
}  # fmt: skip


def figures_of_cameras(cameras: Sequence[CameraVerdict], note: str) -> str:
    """All figures of all cameras beside their limits; what is over its limit is marked, and not by colour alone."""
    named = set.intersection(*({check.name for check in camera.checks} for camera in cameras))  # of each camera
    checks = [check for check in cameras[0].checks if check.name in named]
    head = "".join(f"<th>{escaped(_SHORT.get(check.name, check.name))}</th>" for check in checks)
    limits = "".join(f"<td>{_limit(check, with_unit=False)}</td>" for check in checks)
    rows = "".join(
        f"<tr><td>{escaped(camera.name)}</td>" + "".join(
            f'<td class="{check.status}">{number(check.measured)}{_MARKS[check.severity]}</td>'
            for check in camera.checks if check.name in named
        ) + "</tr>"
        for camera in cameras
    )  # fmt: skip
    return (
        f'<table class="figures"><tr><th>Camera</th>{head}</tr><tr><td>limit</td>{limits}</tr>{rows}</table>'
        f"<p class='note'>! over the limit of a good camera, !! to be refused. {note}</p>"
    )


_DEVIATIONS = "Standard deviations are those of the covariance in the calibration file, as on all of this page."
_MARKS = ("", " !", " !!")


def shared_part(rig: CameraRig, graph: ViewGraph, display: NDArray, what: str = "the board") -> str:
    """Return which cameras saw the board, or something else, together."""
    link = graph.weakest_link()
    told = f" The weakest link: {escaped(link[0])} and {escaped(link[1])}, {link[2]} frames." if link else ""
    spans = [[escaped(name), escaped(", ".join(f"{a}-{b}" for a, b in own[:12])) + (" ..." if len(own) > 12 else "")]
             for name, own in zip(graph.names, graph.spans, strict=True)]  # fmt: skip
    return (
        f"<h2>Which cameras saw {what} together</h2>"
        f"{graph_picture(rig, graph, display)}<p class='note'>Numbers: frames in which "
        f"both saw it.{told}</p>{table(['Camera', f'Saw {what} in frames'], spans, (1,))}"
    )


def _repeatability(calibration: Calibration, assessment: Assessment) -> str:
    halves, title = assessment.halves, "<h2>Would another recording give the same cameras?</h2>"
    if halves.reason:
        return f"{title}<p>Unknown: {escaped(halves.reason)}.</p>"
    rows = [
        [escaped(name), number(halves.position_mm[i], 2), number(halves.stated_position_mm[i], 2),
         number(halves.rotation_deg[i], 2), number(halves.stated_rotation_deg[i], 2), number(halves.focal_px[i], 2),
         number(halves.ratio[i], 2)]
        for i, name in enumerate(calibration.rig.names)
    ]  # fmt: skip
    head = ["Camera", "position mm", "stated", "rotation deg", "stated", "focal length px", "ratio"]
    return (
        f"{title}{table(head, rows)}<p class='note'>Two calibrations, each from every other frame, differ by this much "
        "(as 1 sd of the calibration from all frames); stated: what the covariance promises. Over all cameras the "
        f"ratio is {number(halves.whole_ratio, 2)}; 1 is expected; 2 means that more is wrong than the covariance "
        "knows; less is usual where errors last over neighbouring frames, which the halves share.</p>"
    )


def origin_part(rig: CameraRig) -> str:
    """Return the metadata of a rig."""
    hidden = ("covariance", "world_root_from_world", "world_tilt_covariance")
    rows = [[escaped(key), number(value, 4) if isinstance(value, float) else escaped(value)]
            for key, value in rig.metadata.items() if not key.startswith(hidden)]  # fmt: skip
    return f"<h2>What the file says</h2>{table(['', ''], rows, (1,))}"
