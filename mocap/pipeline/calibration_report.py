"""The report of a calibration: a page for people and a table for programs, beside the calibration file."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import BoardObservations
from calibration.corrections.choice import corrected_observations
from calibration.files import write_texts
from calibration.quality.assessment import Assessment, assess
from calibration.quality.assessment_json import assessment_table, residuals_over_time
from calibration.result import Calibration
from calibration.rigid import apply
from calibration.scale import ScaleResult
from calibration.sources import CameraSource, frame_size, iter_frames
from mocap.errors import FormatError, SourceError
from mocap.pipeline.output_kinds import PAGE, TABLE
from mocap.pipeline.outputs import check_outputs

#: Overlays are taken from the first frames: a video has to be read up to them once more.
LAST_OVERLAY_FRAME = 2000
_FEWEST_CORNERS = 6


def write_calibration_report(
    calibration: Calibration,
    observations: BoardObservations,
    sources: Sequence[CameraSource],
    out_html: Path,
    out_json: Path,
    limits: Sequence[str] = (),
    scale: ScaleResult | None = None,
    title: str = "Calibration",
) -> Assessment:
    """Assess a calibration, and write its page and its table of figures.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    sources : sequence of CameraSource
        The footage, for pictures; cameras without any get none.
    out_html, out_json : Path
    limits : sequence of str
        Sentences on what limits this recording, found elsewhere.
    scale : ScaleResult, optional
        What the size rests on; the board alone when left out.
    title : str

    Raises
    ------
    SourceError
        OUTPUT_FOLDER or OUTPUT_IS_FOLDER, or CALIBRATION_NOT_WRITTEN.
    ConfigError
        OUTPUT_OTHER
    """
    check_outputs({out_html: PAGE, out_json: TABLE}, [])
    sizes = {source.name: frame_size(source) for source in sources}
    assessment = assess(calibration, observations, scale=scale, footage_sizes=sizes, limits=tuple(limits))
    write_texts(report_texts(calibration, observations, assessment, sources, out_html, out_json, title))
    return assessment


def report_texts(
    calibration: Calibration,
    observations: BoardObservations,
    assessment: Assessment,
    sources: Sequence[CameraSource],
    out_html: Path,
    out_json: Path,
    title: str = "Calibration",
) -> dict[Path, str]:
    """Return page and table of an assessment, by the path that they belong to."""
    from mocap.report.calibration_figures import Overlay
    from mocap.report.calibration_page import calibration_page

    overlays = [
        Overlay(name, words, gray, seen, model)
        for source in sources if source.name in calibration.rig.names
        for name, words, gray, seen, model in overlay_views(calibration, observations, source)
    ]  # fmt: skip
    page = calibration_page(calibration, assessment, residuals_over_time(calibration, observations), overlays, title)
    figures = assessment_table(calibration, observations, assessment)
    return {out_json: json.dumps(figures, indent=1, allow_nan=False) + "\n", out_html: page}


def overlay_views(
    calibration: Calibration, observations: BoardObservations, source: CameraSource
) -> list[tuple[str, str, NDArray, NDArray, NDArray]]:
    """Return the best and the worst view of a camera: its name, words, frame, detected and reprojected corners."""
    camera = calibration.rig.names.index(source.name)
    kept, errors = calibration.kept[camera], calibration.residuals[camera]
    sums = np.where(kept, errors**2, 0.0).sum(axis=1)
    rms = np.sqrt(sums / np.maximum(kept.sum(axis=1), 1))
    whole = (kept.sum(axis=1) >= _FEWEST_CORNERS) & np.isfinite(calibration.world_from_board[:, 0, 0])
    views = np.flatnonzero(whole & (observations.frame_ids <= LAST_OVERLAY_FRAME))
    if not len(views):
        return []
    if calibration.timing is not None:  # residuals are those at the moments of the frames
        observations = corrected_observations(calibration.refinement, calibration.frames, observations)
    corners_board = observations.board.corners_board if calibration.shape is None else calibration.shape.corners_board
    order = views[np.argsort(rms[views], kind="stable")]
    chosen = {"worst": int(order[-1])} if len(order) == 1 else {"best": int(order[0]), "worst": int(order[-1])}
    answer = []
    for word, frame in chosen.items():
        gray = _frame(source, int(observations.frame_ids[frame]))
        if gray is None:
            continue
        corners_world = apply(calibration.world_from_board[frame], corners_board)
        words = f"The {word} view, frame {observations.frame_ids[frame]}: RMS {rms[frame]:.2f} px."
        model = calibration.rig.cameras[camera].project(corners_world)
        answer.append((source.name, words, gray, observations.pixels[camera, frame], model))
    return answer


def _frame(source: CameraSource, index: int) -> NDArray | None:
    """Return one frame; None where the footage cannot be read any more: a picture less is no reason to stop."""
    try:
        # Of a video only multiples of `every` are unpacked: frame 0 and the one that is wanted.
        frames = iter_frames(source, every=max(index, 1), limit=index + 1)
        return next((gray for found, gray in islice(frames, 3) if found == index), None)
    except (SourceError, FormatError):
        return None
