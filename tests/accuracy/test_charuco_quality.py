"""The quality that is told of a real recording: held out, repeated, and what its views leave open."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from calibration.quality.assessment import Assessment, assess
from calibration.quality.figures import score_board
from calibration.quality.uncertainty import focal_sd
from calibration.recipe import calibrate, cross_validate
from calibration.result import Calibration
from calibration.sources import find_sources
from mocap.pipeline.calibration_report import write_calibration_report


@pytest.fixture(scope="module")
def result(board_recording) -> Calibration:
    return calibrate(board_recording.observations)


@pytest.fixture(scope="module")
def assessment(result: Calibration, board_recording) -> Assessment:
    return assess(result, board_recording.observations)


def test_lengths_in_views_never_used(assessment: Assessment) -> None:
    outside = assessment.held_out
    # Measured: neighbours 0.370 mm, all pairs 0.646 mm, median over frames 0.201 mm, median reprojection 0.800 px.
    assert outside.distance_rmse_mm < 0.45 and outside.all_pairs_rmse_mm <= 0.9
    assert outside.frame_median_rmse_mm <= 0.5
    assert outside.median_px <= 0.9
    assert outside.n_lengths >= 720


def test_warm_folds_score_as_whole_calibrations_do(assessment: Assessment, board_recording) -> None:
    whole = cross_validate(board_recording.observations)
    mean = float(np.mean([score.distance_rmse_mm for score in whole]))
    # Measured 0.371 against 0.376 mm.
    assert np.mean([fold.distance_rmse_mm for fold in assessment.held_out.folds]) == pytest.approx(mean, rel=0.15)


def test_it_is_told_that_baselines_are_not_fixed(assessment: Assessment) -> None:
    # Measured: focal lengths move by up to 4.4 %, distances between cameras by up to 2.9 %, at 1.06 against 1.09 px.
    told = [sentence for sentence in assessment.limits if "not fixed by these views" in sentence]
    assert len(told) == 1 and "focal lengths move by up to" in told[0]
    assert not any("may be off together" in sentence for sentence in assessment.limits)  # the same in other words
    assert assessment.freedom.focal_pct.max() > 2 and assessment.freedom.free_rms_px > 0.9 * assessment.freedom.rms_px


def test_it_is_told_that_timing_is_the_limit(assessment: Assessment) -> None:
    # Measured: corners 0.09 px, views 0.77 px; a shift per view would remove 41 %.
    assert assessment.limits[0].startswith("Timing limits this recording: single corners scatter by 0.")
    removed = [sentence for sentence in assessment.limits if "One time shift per view would remove" in sentence]
    assert len(removed) == 1 and 35 < float(removed[0].split("remove ")[1].split()[0]) < 45
    assert any("--timing" in sentence for sentence in assessment.limits)
    # 33 ms with the cameras as fitted without shifts, 109 +- 6 with shifts: of the 33 no interval is told.
    late = [sentence for sentence in assessment.limits if "'cam_1' is early" in sentence]
    assert len(late) == 1 and "or more" in late[0] and "+-" not in late[0]


def test_every_camera_is_usable_and_none_is_good(assessment: Assessment) -> None:
    assert [camera.grade for camera in assessment.cameras] == ["usable"] * 4
    # Measured 1.46 of what independent noise would leave; neighbouring frames err alike, and the halves share that.
    assert 0.2 < assessment.halves.whole_ratio < 1.5  # measured 0.37
    unsure = {check.name for check in assessment.checks if check.status == "warn"}
    assert {"gravity", "scale"} <= unsure


def test_stated_intervals_hold_what_is_known_of_the_focal_lengths(result: Calibration, shared_data: Path) -> None:
    """Other cameras that explain the recording, found with a time shift per view or by another program."""
    timed = np.array([904, 757, 642, 645])  # of `--timing`, by which corners scatter by 0.09 px instead of 0.77
    tables = tomllib.loads((shared_data / "charuco_4cam" / "reference_cameras.toml").read_text())["cameras"]
    published = np.array([tables[key]["matrix"][0][0] for key in sorted(tables)])
    focal = np.array([camera.matrix[[0, 1], [0, 1]].mean() for camera in result.rig])
    stated, size = focal_sd(result.rig), 4 * 18
    for other in (timed, published):
        off = np.abs(other / focal - 1) / stated
        # Measured 2.0, 0.8, 2.1 and 2.8 sd, and 2.0, 0.9, 2.7 and 2.6; of independent noise up to 11.8.
        assert off.max() < 3.2 and np.sqrt(np.mean(off**2)) < 2.5, off
    assert 3 < float(result.rig.metadata["uncertainty_factor"]) < 8  # measured 5.2
    independent, whole = (
        np.diagonal(covariance.reshape(size, size))
        for covariance in (result.independent_covariance, result.camera_covariance)
    )
    assert (whole >= independent * (1 - 1e-9)).all()


def test_the_page_shows_real_frames(result: Calibration, board_recording, shared_data: Path, tmp_path: Path) -> None:
    sources, _ = find_sources(shared_data / "charuco_4cam")
    out = tmp_path / "calibration.html", tmp_path / "calibration.json"
    write_calibration_report(result, board_recording.observations, sources, *out)
    page = out[0].read_text(encoding="utf-8")
    assert "Timing limits this recording" in page and "not fixed by these views" in page
    assert page.count("data:image/jpeg;base64,") == 8 and len(page) < 500_000  # measured 180 kB
    fitted = score_board(result.rig, board_recording.observations)
    table = json.loads(out[1].read_text(encoding="utf-8"))
    assert table["fitted"]["distance_rmse_mm"] == pytest.approx(fitted.distance_rmse_mm, rel=0.01)
