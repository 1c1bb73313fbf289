"""The page of a calibration: verdicts first, then what they rest on, in pictures and tables, in one HTML file."""

import html
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.assessment import Assessment
from calibration.held_out import HeldOut
from calibration.judgement import Check
from calibration.result import Calibration
from mocap.report.calibration_figures import (
    Overlay,
    coverage_picture,
    graph_picture,
    overlay_picture,
    residual_picture,
)
from mocap.report.calibration_layout import layout_picture

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #ddd}
h3{font-size:1rem;margin:1.2rem 0 .3rem}table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.2rem .7rem;border-bottom:1px solid #e4e4e4;text-align:right;vertical-align:top}
td:first-child,th:first-child,td.t,th.t{text-align:left}th{font-weight:600}
.grade{display:inline-block;padding:0 .55rem;border-radius:.6rem;color:#fff;font-weight:600;white-space:nowrap}
.good,.ok{background:#1b7f3b}.usable,.warn{background:#b36b00}.refuse,.fail{background:#b3261e}
.box{border:1px solid #ddd;border-left:.4rem solid;padding:.5rem 1rem;margin:.8rem 0;border-radius:.2rem}
.box.good{border-left-color:#1b7f3b;background:#f2faf4}.box.usable{border-left-color:#b36b00;background:#fdf8ef}
.box.refuse{border-left-color:#b3261e;background:#fdf1f0}.row{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:.3rem 0;break-inside:avoid}figcaption,p.note{color:#555;font-size:13px;max-width:28rem}
p.note{max-width:none}svg{max-width:100%;height:auto;font-family:system-ui,sans-serif}svg text{font-family:inherit}
section.camera{break-inside:avoid}
@media print{body{margin:0;max-width:none;font-size:12px}.grade,.box{print-color-adjust:exact;
-webkit-print-color-adjust:exact}h2{break-after:avoid}tr{break-inside:avoid}}"""


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
        As `calibration.assessment_json.residuals_over_time` gives them.
    overlays : sequence of Overlay
        Any number per camera.
    title : str
    """
    parts = [
        _summary(calibration, assessment),
        _limits(assessment.limits),
        _checks(assessment.checks),
        _held_out(calibration, assessment.held_out),
        _volume(calibration, assessment),
        _cameras(calibration, assessment, overlays),
        _shared(calibration, assessment),
        f"<h2>Residual over time</h2>{residual_picture(residuals)}<p class='note'>RMS distance of the corners of each "
        "view to the model. A level that jumps and stays is a camera that was moved; single peaks are blur or late "
        "frames.</p>",
        _repeatability(calibration, assessment),
        _origin(calibration),
    ]
    shown = html.escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{shown}</title><style>{_STYLE}</style></head><body><h1>{shown}</h1>{''.join(parts)}</body></html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value))


def _grade(word: str) -> str:
    return f'<span class="grade {_text(word)}">{_text(word)}</span>'


def _number(value: float | None, digits: int = 3, unit: str = "") -> str:
    if value is None or not np.isfinite(value):
        return "unknown"
    shown = f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return f"{shown} {unit}".strip()


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int] = ()) -> str:
    """Return a table of cells that are HTML already; columns `words` are set to the left."""
    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = [f'<{tag} class="t">' if column in words else f"<{tag}>" for column in range(len(row))]
        return "".join(f"{kind}{cell}</{tag}>" for kind, cell in zip(kinds, row, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', [_text(word) for word in head])}</tr>{body}</table>"


def _summary(calibration: Calibration, assessment: Assessment) -> str:
    outside, volume = assessment.held_out, assessment.errors.figures()
    rig, quality = calibration.rig, calibration.quality
    figures = [
        ("Error of a known length in views never used (RMSE)", _number(outside.distance_rmse_mm, 3, "mm")),
        ("Error of a point from the calibration, 1 sd: median over the volume, 95th percentile",
         f"{_number(volume['calibration_median_mm'])}, {_number(volume['calibration_p95_mm'], 3, 'mm')}"),
        ("Volume seen by two cameras or more", _number(volume["measured_pct"], 3, "%")),
        ("Reprojection: median in views never used, median in the fit",
         f"{_number(outside.median_px)}, {_number(quality.median_px, 3, 'px')}"),
        ("Gravity known to (1 sd)", _number(calibration.world.gravity_sd_deg, 2, "deg")),
    ]  # fmt: skip
    rows = [[_text(label), value] for label, value in figures]
    verdicts = [
        [_text(camera.name), _grade(camera.grade), _text(camera.reason), _text(camera.remedy)]
        for camera in assessment.cameras
    ]
    remedy = f"<br><b>What helps:</b> {_text(assessment.remedy)}" if assessment.remedy else ""
    return (
        f"<p>{len(rig)} cameras, {sum(quality.n_views)} views of {_text(rig.metadata.get('board', 'a board'))}.</p>"
        f'<div class="box {assessment.grade}"><b>Verdict:</b> {_grade(assessment.grade)}<br>{_text(assessment.reason)}'
        f"{remedy}</div>{table(['', ''], rows)}"
        f"{table(['Camera', 'Verdict', 'Why', 'What helps'], verdicts, (1, 2, 3))}"
    )


def _limits(limits: Sequence[str]) -> str:
    if not limits:
        return "<h2>What limits this recording</h2><p>Nothing but the noise of the corners was found.</p>"
    listed = "".join(f"<li>{_text(sentence)}</li>" for sentence in limits)
    return f"<h2>What limits this recording</h2><ul>{listed}</ul>"


def _checks(checks: Sequence[Check]) -> str:
    rows = [
        [_text(check.meaning[:1].upper() + check.meaning[1:]), _measured(check), _limit(check), _grade(check.status),
         _text(check.remedy)]
        for check in checks
    ]  # fmt: skip
    head = ["Check", "Measured", "Limit", "", "What helps"]
    return f"<h2>What reprojection alone cannot see</h2>{table(head, rows, (3, 4))}"


def _measured(check: Check) -> str:
    return _text(_number(check.measured, 3, check.unit)) if np.isfinite(check.measured) else ""


def _limit(check: Check) -> str:
    return _text(_number(check.limit_ok, 3, check.unit)) if np.isfinite(check.limit_ok) else ""


def _held_out(calibration: Calibration, outside: HeldOut) -> str:
    title = "<h2>Views that the calibration never used</h2>"
    if outside.reason:
        return f"{title}<p>None could be held out: {_text(outside.reason)}.</p>"
    fitted = calibration.quality.board
    rows = [
        [f"fold {index + 1}", _number(fold.distance_rmse_mm), _number(fold.all_pairs_rmse_mm),
         _number(fold.reprojection_median_px), str(fold.n_pairs)]
        for index, fold in enumerate(outside.folds)
    ]  # fmt: skip
    rows.append(["<b>all folds</b>", f"<b>{_number(outside.distance_rmse_mm)}</b>",
                 f"<b>{_number(outside.all_pairs_rmse_mm)}</b>", f"<b>{_number(outside.median_px)}</b>",
                 str(outside.n_lengths)])  # fmt: skip
    if fitted is not None:
        rows.append(["the views of the fit", _number(fitted.distance_rmse_mm), _number(fitted.all_pairs_rmse_mm),
                     _number(fitted.reprojection_median_px), str(fitted.n_pairs)])  # fmt: skip
    regions = [
        [_text(part.name) + (" (few)" if part.few else ""), str(part.n), _number(part.mean_mm, 2),
         _number(part.rmse_mm), _number(part.worst_mm)]
        for part in outside.regions
    ]  # fmt: skip
    folds = table(["", "neighbours, RMSE mm", "all pairs, RMSE mm", "reprojection, median px", "lengths"], rows)
    by_region = table(["Part of the volume", "lengths", "mean mm", "RMSE mm", "worst mm"], regions)
    return (
        f"{title}<p class='note'>Every {len(outside.folds)}rd frame was left out in turn, the cameras were fitted to "
        "the others, and distances between corners of the board in the frames left out were held against the board. "
        f"Mean {_number(outside.distance_mean_mm, 2, 'mm')}, worst {_number(outside.distance_worst_mm, 3, 'mm')}, "
        f"median over frames {_number(outside.frame_median_rmse_mm, 3, 'mm')}.</p>{folds}"
        f"<h3>By region</h3>{by_region}<p class='note'>X, Y and Z are axes of the world, + and - the sides of the "
        "middle of the measured volume.</p>"
    )


def _volume(calibration: Calibration, assessment: Assessment) -> str:
    errors, figures = assessment.errors, assessment.errors.figures()
    rows = [
        [label, _number(figures[f"{name}_median_mm"]), _number(figures[f"{name}_p95_mm"]),
         _number(figures[f"{name}_worst_mm"])]
        for name, label in (("calibration", "from the calibration (the same in every frame)"),
                            ("noise", "from one pixel of noise in every view (of one frame)"))
    ]  # fmt: skip
    unsure = "" if calibration.rig.gravity_known else " Gravity is unknown: up is the mean top of the images."
    figures_html = "".join(
        f"<figure>{layout_picture(calibration.rig, errors, above)}<figcaption>{caption}</figcaption></figure>"
        for above, caption in ((True, "From above."), (False, "From the side."))
    )
    return (
        f"<h2>Cameras and the volume</h2><div class='row'>{figures_html}</div><p class='note'>Colour: error of a point "
        "that the uncertainty of the cameras alone makes, 1 sd of its position, worst over the depth of the picture. "
        f"Struck through: somewhere fewer than two cameras see the place; gray: nowhere do two.{unsure}</p>"
        f"{table(['Error of a point, 1 sd', 'median mm', '95th percentile mm', 'worst mm'], rows)}"
    )


def _cameras(calibration: Calibration, assessment: Assessment, overlays: Sequence[Overlay]) -> str:
    parts = ["<h2>Camera by camera</h2>"]
    for index, camera in enumerate(calibration.rig):
        verdict, cover = assessment.cameras[index], assessment.coverage[index]
        pictures = (
            f"<figure>{coverage_picture(cover, camera.size, camera.name)}<figcaption>Where corners were seen: "
            f"{100 * cover.share:.0f} % of the image, {100 * cover.reach:.0f} % of the way to its corner. Board at "
            f"{_number(cover.depth_m[0], 2)} to {_number(cover.depth_m[1], 2, 'm')}, slanted by "
            f"{_number(cover.tilt_deg[0], 2)} to {_number(cover.tilt_deg[1], 2, 'deg')}.</figcaption></figure>"
        )
        pictures += "".join(
            f"<figure>{overlay_picture(overlay)}<figcaption>{_text(overlay.title)}</figcaption></figure>"
            for overlay in overlays if overlay.camera == camera.name
        )  # fmt: skip
        rows = [[_text(check.meaning[:1].upper() + check.meaning[1:]), _measured(check), _limit(check),
                 _grade(check.status)] for check in verdict.checks]  # fmt: skip
        parts.append(
            f'<section class="camera"><h3>{_text(camera.name)} {_grade(verdict.grade)}</h3><div class="row">{pictures}'
            f"</div></section>{table(['', 'Measured', 'Limit', ''], rows, (3,))}"
        )
    if overlays:
        parts.append("<p class='note'>Rings: detected corners. Crosses: where the model has them. Lines: from ring to "
                     "cross, ten times as long as the residual.</p>")  # fmt: skip
    return "".join(parts)


def _shared(calibration: Calibration, assessment: Assessment) -> str:
    graph, link = assessment.graph, assessment.graph.weakest_link()
    told = f" All hangs on {_text(link[0])} and {_text(link[1])}, with {link[2]} shared views." if link else ""
    spans = [[_text(name), _text(", ".join(f"{a}-{b}" for a, b in own[:12])) + (" ..." if len(own) > 12 else "")]
             for name, own in zip(graph.names, graph.spans, strict=True)]  # fmt: skip
    return (
        f"<h2>Which cameras saw the board together</h2>"
        f"{graph_picture(calibration.rig, graph, assessment.errors.display)}<p class='note'>Numbers: frames in which "
        f"both saw it.{told}</p>{table(['Camera', 'Saw the board in frames'], spans, (1,))}"
    )


def _repeatability(calibration: Calibration, assessment: Assessment) -> str:
    halves, title = assessment.halves, "<h2>Would another recording give the same cameras?</h2>"
    if halves.reason:
        return f"{title}<p>Unknown: {_text(halves.reason)}.</p>"
    rows = [
        [_text(name), _number(halves.position_mm[i], 2), _number(halves.stated_position_mm[i], 2),
         _number(halves.rotation_deg[i], 2), _number(halves.stated_rotation_deg[i], 2), _number(halves.focal_px[i], 2),
         _number(halves.ratio[i], 2)]
        for i, name in enumerate(calibration.rig.names)
    ]  # fmt: skip
    head = ["Camera", "position mm", "stated", "rotation deg", "stated", "focal length px", "ratio"]
    return (
        f"{title}{table(head, rows)}<p class='note'>Two calibrations, each from every other frame, differ by this much "
        "(as 1 sd of the calibration from all frames); stated: what the covariance promises. Over all cameras the "
        f"ratio is {_number(halves.whole_ratio, 2)}; 1 is expected, twice as much means that the errors are no "
        "independent noise.</p>"
    )


def _origin(calibration: Calibration) -> str:
    hidden = ("covariance", "world_root_from_world", "world_tilt_covariance")
    rows = [[_text(key), _text(value)] for key, value in calibration.rig.metadata.items()
            if not key.startswith(hidden)]  # fmt: skip
    return f"<h2>What the file says</h2>{table(['', ''], rows, (1,))}"
