"""Everything that can be said of how good a calibration is, collected: what its page and its JSON file tell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.arguments import check_calibrated_from, check_folds
from calibration.arrays import one_blas_thread
from calibration.corrections.choice import Wanted
from calibration.corrections.flatness import Flatness, board_flatness
from calibration.corrections.limits import recording_limits
from calibration.errors import CalibrationError
from calibration.lenses.freedom import LensFreedom, freedom_sentence, lens_freedom
from calibration.observations import BoardObservations
from calibration.quality.bent_board import shape_checks
from calibration.quality.coverage import CameraCoverage, camera_coverage, with_rays
from calibration.quality.error_map import ErrorMap, display_axes, error_map, volume_grid
from calibration.quality.held_out import DEFAULT_FOLDS, HeldOut, held_out
from calibration.quality.judgement import CAMERA_LIMITS, GRADES, RIG_LIMITS, CameraVerdict, Check, graded, judge_camera
from calibration.quality.late_cameras import late_cameras, timing_checks
from calibration.quality.lens_asked import lens_checks_asked
from calibration.quality.rig_checks import rig_checks, with_rig_checks
from calibration.quality.split_halves import SplitHalves, board_middles, split_halves
from calibration.quality.uncertainty import baseline_sd, edge_sd, focal_sd, position_sd
from calibration.quality.view_graph import ViewGraph, view_graph
from calibration.result import Calibration
from calibration.scale import ScaleResult, board_scale, combine_scale

#: Checks of a whole rig that lower its grade when they warn.
_LOWERING = {*RIG_LIMITS, "lens_asked", "board_shape", "further_board_shape", "timing"}


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is known of the quality of a calibration.

    Attributes
    ----------
    grade : str
        'good', 'usable' or 'refuse': the worst of cameras and checks.
    reason, remedy : str
    cameras : tuple of CameraVerdict
    checks : tuple of Check
        Of the whole rig.
    held_out : HeldOut
    halves : SplitHalves
    errors : ErrorMap
    coverage : tuple of CameraCoverage
        One per camera.
    graph : ViewGraph
    scale : ScaleResult
    freedom : LensFreedom
    position_sd_mm, focal_sd_pct : ndarray, shape (camera,)
        As the covariance states them, relative to the measured volume.
    baseline_m, baseline_sd_m : ndarray, shape (camera, camera)
    limits : tuple of str
        Sentences: what limits this recording.
    """

    grade: str
    reason: str
    remedy: str
    cameras: tuple[CameraVerdict, ...]
    checks: tuple[Check, ...]
    held_out: HeldOut
    halves: SplitHalves
    errors: ErrorMap
    coverage: tuple[CameraCoverage, ...]
    graph: ViewGraph
    scale: ScaleResult
    freedom: LensFreedom
    position_sd_mm: NDArray
    focal_sd_pct: NDArray
    baseline_m: NDArray
    baseline_sd_m: NDArray
    limits: tuple[str, ...]


def assess(
    calibration: Calibration,
    observations: BoardObservations,
    *,
    n_folds: int = DEFAULT_FOLDS,
    scale: ScaleResult | None = None,
    footage_sizes: Mapping[str, tuple[int, int]] | None = None,
    limits: tuple[str, ...] = (),
    wanted: Wanted | None = None,
    flatness: Flatness | None = None,
) -> Assessment:
    """Measure how good a calibration is.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    n_folds : int
        Of the held-out error.
    scale : ScaleResult, optional
        What the size rests on; the board alone when left out.
    footage_sizes : mapping of str to (int, int), optional
        Width and height of the footage, px, as the files have them.
    limits : tuple of str
        Sentences on what limits this recording, found elsewhere; some are added here.
    wanted : Wanted, optional
        As `calibrate` had it: for the times of the frames.
    flatness : Flatness, optional
        Of the board, where `board_flatness` has found it out already.

    Raises
    ------
    CalibrationError
        OBSERVATIONS_OTHER when the calibration was made from others; FOLDS.
    """
    check_folds(n_folds)
    check_calibrated_from(calibration, observations)
    with one_blas_thread():
        return _assess(calibration, observations, n_folds, scale, footage_sizes, limits, wanted, flatness)


def _assess(
    calibration: Calibration, observations: BoardObservations, n_folds: int, scale: ScaleResult | None,
    footage_sizes: Mapping[str, tuple[int, int]] | None, limits: tuple[str, ...], wanted: Wanted | None,
    flatness: Flatness | None,
) -> Assessment:  # fmt: skip
    rig = calibration.rig
    scale = scale or combine_scale([board_scale(observations.board)])
    outside, halves = held_out(calibration, observations, n_folds), split_halves(calibration, observations)
    display = display_axes(rig)
    errors = error_map(rig, volume_grid(used_corners(calibration, observations), display), display)
    poses = np.stack([camera.cam_from_world for camera in rig])
    coverage = with_rays(camera_coverage(observations, calibration.kept, poses, calibration.world_from_board), rig)
    if calibration.every_kept is None or calibration.every_frame_id is None:
        graph = view_graph(calibration.kept, rig.names, observations.frame_ids)
    else:
        graph = view_graph(calibration.every_kept, rig.names, calibration.every_frame_id)
    focal, position = 100 * focal_sd(rig), 1e3 * position_sd(rig)
    figures = _camera_figures(calibration, observations, coverage, graph, halves, focal, position)
    cameras = tuple(judge_camera(name, row) for name, row in zip(rig.names, figures, strict=True))
    measured = _rig_figures(outside, errors) if len(rig) > 1 else ()  # one camera measures no volume
    checks = (*measured, *rig_checks(rig, calibration.world, observations, scale, footage_sizes))
    flatness = flatness or board_flatness(calibration)
    bends = shape_checks(calibration, observations, flatness)
    late = timing_checks(late_cameras(calibration, observations, wanted), rig.names)
    checks = (*checks, *lens_checks_asked(calibration, observations), *bends, *late)
    grade, reason, remedy = whole_verdict(cameras, checks)  # which says itself what its checks say of cameras
    cameras = tuple(with_rig_checks(camera, checks) for camera in cameras)
    lengths, lengths_sd = baseline_sd(rig)
    freedom = lens_freedom(calibration, observations)
    open_lenses = freedom_sentence(freedom, rig.names)
    # Of the two that say how far focal lengths and distances are open, one is enough.
    found = recording_limits(calibration, observations, wanted, loosely=not open_lenses, flatness=flatness)
    hang_together = str(rig.metadata.get("uncertainty", ""))
    folds = fold_sentence(coverage, rig.names)
    told = (*limits, *found, *own_limits(outside, halves), *filter(None, [hang_together, open_lenses, folds]))
    return Assessment(
        grade, reason, remedy, cameras, checks, outside, halves, errors, coverage, graph, scale, freedom, position,
        focal, lengths, lengths_sd, told,
    )  # fmt: skip


def used_corners(calibration: Calibration, observations: BoardObservations, most: int = 20_000) -> NDArray:
    """Return where corners of the board were, shape (point, 3), in the world, in some or all of the used frames."""
    corners = observations.board.corners_board
    poses = calibration.world_from_board[np.isfinite(calibration.world_from_board[:, 0, 0])]
    poses = poses[:: max(len(poses) * len(corners) // most, 1)]
    return (np.einsum("fij,kj->fki", poses[:, :3, :3], corners) + poses[:, None, :3, 3]).reshape(-1, 3)


def _camera_figures(
    calibration: Calibration, observations: BoardObservations, coverage: tuple[CameraCoverage, ...], graph: ViewGraph,
    halves: SplitHalves, focal_pct: NDArray, position_mm: NDArray,
) -> list[dict[str, float]]:  # fmt: skip
    quality, rig = calibration.quality, calibration.rig
    middle = np.median(board_middles(calibration, observations), axis=0)
    rows, edge_px = [], edge_sd(rig, middle)
    for index, camera in enumerate(rig):
        shared = float(np.delete(graph.views[index], index).max()) if len(rig) > 1 else float("nan")
        rejected = quality.n_rejected_corners[index]
        distance_mm = 1e3 * np.linalg.norm(camera.centre_world - middle)
        rows.append({
            "views": quality.n_views[index],
            "rejected": 100 * rejected / max(graph.corners[index, index] + rejected, 1),
            "residual": 100 * quality.camera_rms_px[index] / max(camera.size),
            "coverage": 100 * coverage[index].share,
            "reach": 100 * coverage[index].reach,
            "with_ray": 100 * coverage[index].ray_share,
            "edge_sd": 100 * float(edge_px[index]) / max(camera.size),
            "slanted": 100 * coverage[index].slanted_share,
            "shared": shared,
            "focal_sd": float(focal_pct[index]),
            "position_sd": float(100 * position_mm[index] / distance_mm),
            "repeatability": float(halves.ratio[index]),
        })  # fmt: skip
    return rows


def _rig_figures(outside: HeldOut, errors: ErrorMap) -> tuple[Check, ...]:
    figures = {
        "held_out_length": outside.distance_rmse_mm,
        "held_out_residual": outside.median_px,
        "volume_sd": errors.figures()["calibration_p95_mm"],
        "volume_seen": 100 * errors.share_measured,
    }
    checks = (limit.judge(name, figures[name]) for name, limit in RIG_LIMITS.items())
    if outside.as_filmed is None:
        return tuple(checks)
    moment = ", each view at its own moment"
    return tuple(replace(c, meaning=c.meaning + moment) if c.name.startswith("held_out") else c for c in checks)


def whole_verdict(cameras: tuple[CameraVerdict, ...], checks: tuple[Check, ...]) -> tuple[str, str, str]:
    """Return grade, reason and remedy of a rig.

    Its worst camera decides, its figures in the volume, a lens asked for that the views contradict, a board taken for
    flat that bends, and any check that fails. Another check that merely warns (the scale rests on the board alone,
    gravity is unknown) is told in its place and lowers nothing: no recording can do better about it.
    """
    grade, reason, remedy = graded([check for check in checks if check.name in _LOWERING or check.status == "fail"])
    worst = max((GRADES.index(camera.grade) for camera in cameras), default=0)
    if worst == 0:
        return grade, reason, remedy
    named = [camera.name for camera in cameras if camera.grade == GRADES[worst]]
    what = "not to be used" if worst == len(GRADES) - 1 else "not within every limit of a good camera"
    sentence = f"{', '.join(named)} {'is' if len(named) == 1 else 'are'} {what}; each camera's verdict says why."
    if worst > GRADES.index(grade):
        every = Counter(camera.remedy for camera in cameras if camera.name in named)
        return GRADES[worst], sentence, every.most_common(1)[0][0]
    return grade, f"{reason} {sentence}" if worst == GRADES.index(grade) else reason, remedy


def own_limits(outside: HeldOut, halves: SplitHalves) -> list[str]:
    """Return sentences on what these figures say limits a recording."""
    told = []
    if outside.reason:
        told.append(f"No view could be held out: {outside.reason}. The errors told were fitted, not tested.")
    if halves.reason:
        told.append(f"How well the calibration repeats is unknown: {halves.reason}.")
    ratio = halves.whole_ratio
    if ratio > CAMERA_LIMITS["repeatability"].ok:
        told.append(
            f"Two halves of the recording differ by {ratio:.1f} times what the stated uncertainties say: take each of "
            f"these {ratio:.1f} times as large."
        )
    return told


def fold_sentence(coverage: tuple[CameraCoverage, ...], names: tuple[str, ...]) -> str:
    """Say which lenses fold inside their image; nothing where none does."""
    named = [
        f"{name} ({100 * (1 - cover.ray_share):.0f} %, corners seen to {100 * cover.reach:.0f} % of the way to its "
        "corner)"
        for name, cover in zip(names, coverage, strict=True)
        if cover.ray_share < 1.0
    ]  # fmt: skip
    if not named:
        return ""
    return (
        f"The lens folds inside the image, where no corner was seen, of {', '.join(named)}: pixels there (hatched in "
        "the pictures) have no ray and measure nothing, and those next to them are not to be trusted. Show the board "
        "there, or let the lens be chosen (--lens auto)."
    )


def check_verdict(assessment: Assessment) -> None:
    """Refuse a calibration whose verdict is 'refuse'.

    Raises
    ------
    CalibrationError
        CALIBRATION_REFUSED, with the reasons of the rig and of each camera that is refused.
    """
    if assessment.grade == GRADES[-1]:
        raise refusal(assessment)


class Judged(Protocol):
    """An assessment of any kind: of a calibration from boards, or from points."""

    @property
    def reason(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def cameras(self) -> tuple[CameraVerdict, ...]: ...
    @property
    def checks(self) -> tuple[Check, ...]: ...


def refusal(assessment: Judged, more: str = "") -> CalibrationError:
    """Return the error that refuses a calibration; its remedy ends in `more`."""
    said = [part for check in assessment.checks for _, part in check.of_cameras]  # in the reason of the rig
    failed = [c for c in assessment.cameras if any(one.status == "fail" and one not in said for one in c.checks)]
    named = [f"{camera.name}: {camera.reason}" for camera in failed]
    cause = " ".join([assessment.reason, *named])
    return CalibrationError(cause, f"{assessment.remedy} {more}".strip(), code="CALIBRATION_REFUSED")
