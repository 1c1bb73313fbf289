"""The part of a calibration's page on views that it never used."""

from collections.abc import Sequence

from calibration.quality.figures import BoardScore
from calibration.quality.held_out import HeldOut, LengthRegion
from calibration.result import Calibration
from mocap.report.page_parts import escaped, number, table

#: What a calibration with time shifts says of its figures on views never used: how they come about, which to read.
MOMENTS_NOTE = (
    " Every corner was moved to the moment of its frame by its view's time shift, as the other corners of the board "
    "tell it, never the corner itself. <b>Read the figures at each view's own moment for how good the cameras are, and "
    "those as filmed for what these cameras make of anything that moves as the board did and is not corrected so, and "
    "when comparing with other programs.</b>"
)


def held_out_part(calibration: Calibration, outside: HeldOut) -> str:
    """Return the errors on views that the calibration never used."""
    title = "<h2>Views that the calibration never used</h2>"
    if outside.reason:
        return f"{title}<p>None could be held out: {escaped(outside.reason)}.</p>"
    filmed, fitted = outside.as_filmed, calibration.quality.board
    whole = (outside.distance_rmse_mm, outside.all_pairs_rmse_mm, outside.median_px)
    rows = [_row(f"fold {index + 1}", *_figures(fold), fold.n_pairs) for index, fold in enumerate(outside.folds)]
    rows.append(_row(f"all folds{moment_of(outside)}", *whole, outside.n_lengths, bold=True))
    if filmed is not None:
        filmed_whole = (filmed.distance_rmse_mm, filmed.all_pairs_rmse_mm, filmed.median_px)
        n_lengths = sum(fold.n_pairs for fold in filmed.folds)
        rows.append(_row("all folds, as filmed", *filmed_whole, n_lengths, bold=True))
    if fitted is not None:
        rows.append(_row("the views of the fit", *_figures(fitted), fitted.n_pairs))
    moved = "" if filmed is None else MOMENTS_NOTE
    head = ["", "neighbours, RMSE mm", "all pairs, RMSE mm", "to triangulated points, median px", "lengths"]
    return (
        f"{title}<p class='note'>One frame in {len(outside.folds)} was left out in turn, the cameras were fitted to "
        "the others, and distances between corners of the board in the frames left out were held against the board. "
        f"Mean {number(outside.distance_mean_mm, 2, 'mm')}, worst {number(outside.distance_worst_mm, 3, 'mm')}, "
        f"median over frames {number(outside.frame_median_rmse_mm, 3, 'mm')}.{moved} Points are triangulated anew from "
        f"the corners that are scored: held out, they may by chance lie nearer than in the fit.</p>{table(head, rows)}"
        f"{regions_part(outside.regions)}"
    )


def regions_part(regions: Sequence[LengthRegion]) -> str:
    """Return the errors of known lengths by region."""
    rows = [
        [escaped(part.name) + (" (few)" if part.few else ""), str(part.n), number(part.mean_mm, 2),
         number(part.rmse_mm), number(part.worst_mm)]
        for part in regions
    ]  # fmt: skip
    by_region = table(["Part of the volume", "lengths", "mean mm", "RMSE mm", "worst mm"], rows)
    return (
        f"<h3>By region</h3>{by_region}<p class='note'>X, Y and Z are axes of the world, + and - the sides of the "
        "middle of the measured volume.</p>"
    )


def _figures(score: BoardScore) -> tuple[float, float, float]:
    return score.distance_rmse_mm, score.all_pairs_rmse_mm, score.reprojection_median_px


def _row(name: str, neighbours: float, pairs: float, median_px: float, n_lengths: int, bold: bool = False) -> list[str]:
    cells = [name, number(neighbours), number(pairs), number(median_px)]
    return [*([f"<b>{cell}</b>" for cell in cells] if bold else cells), str(n_lengths)]


def moment_of(outside: HeldOut) -> str:
    """Return what the name of a figure adds where views have time shifts."""
    return "" if outside.as_filmed is None else ", each view at its own moment"


def as_filmed_rows(outside: HeldOut) -> list[tuple[str, str]]:
    """Return the figures of views as they were filmed, of a calibration with time shifts."""
    if outside.as_filmed is None:
        return []
    label = "Both in views never used as filmed, without time shifts: known length, distance of corners"
    lengths, corners = outside.as_filmed.distance_rmse_mm, outside.as_filmed.median_px
    return [(label, f"{number(lengths, 3, 'mm')}, {number(corners, 3, 'px')}")]
