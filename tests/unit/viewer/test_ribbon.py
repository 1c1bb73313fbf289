"""The ribbon of quality as plain arrays: nothing bad is lost at any zoom, and the camera that caused it is known."""

import numpy as np
import pytest

from mocap.schema import Status
from mocap.trial import Points3D, Trial
from mocap.viewer.parts import TrialParts
from mocap.viewer.ribbon import (
    MARK_COLOURS,
    NO_CAMERA,
    UNKNOWN_COLOUR,
    Mark,
    bad_samples,
    bin_starts,
    binned,
    marks_of,
    ribbon_of,
    row_order,
    scale_colours,
    with_errors,
    with_uncertainty,
    worst_frame,
    worst_of,
)


def last(steps):
    shares, results = zip(*steps, strict=True)
    assert list(shares) == sorted(shares) and shares[-1] == 1.0
    return results[-1]


def test_each_sample_has_the_mark_of_what_became_of_it():
    position = np.zeros((1, 7, 3))
    position[0, 4] = np.nan
    flags = [Status.MEASURED, Status.FILLED | Status.FILTERED, Status.FILLED | Status.EDITED,
             Status.MEASURED | Status.DOUBTFUL, 0, Status.MEASURED | Status.REJECTED, Status.EDITED | Status.REJECTED]
    points = Points3D(position, tuple("abcdefg"), 100.0, status=np.array([flags], np.uint8))
    assert marks_of(points)[:, 0].tolist() == [
        Mark.MEASURED, Mark.FILLED, Mark.EDITED, Mark.DOUBTFUL, Mark.MISSING, Mark.REJECTED, Mark.REJECTED
    ]


def test_the_worst_view_is_among_those_that_the_point_rests_on():
    errors = np.array([[[1.0, 5.0, np.nan]], [[300.0, 2.0, np.nan]], [[4.0, np.nan, np.nan]]])
    worst, camera = worst_of(errors)
    np.testing.assert_array_equal(worst, np.array([[300, 5, np.nan]], np.float32))
    assert camera.tolist() == [[1, 0, NO_CAMERA]]
    # Two of three views were used: the one that fits worst was left out. Of a point that was rejected, none was.
    worst, camera = worst_of(errors, np.array([[2, 0, 0]], np.uint8))
    np.testing.assert_array_equal(worst, np.array([[4, np.nan, np.nan]], np.float32))
    assert camera.tolist() == [[2, NO_CAMERA, NO_CAMERA]]


def test_errors_go_to_the_points_of_their_names():
    """The points that are shown may stand in another order than those with the errors, and be others."""
    n = 1300
    errors = np.ones((2, n, 2), np.float32)
    errors[1, 1200, 0] = 40.0
    raw = Points3D(np.zeros((n, 2, 3)), ("a", "b"), 100.0, reprojection_error=errors)
    smoothed = Points3D(np.zeros((n, 3, 3)), ("c", "b", "a"), 100.0)
    trial = Trial("t", raw, points_smoothed=smoothed)
    ribbon = last(with_errors(ribbon_of(trial), trial, TrialParts(trial)))
    assert ribbon.names == ("c", "b", "a") and ribbon.cameras == ("camera 1", "camera 2")
    assert np.isnan(ribbon.all_px[0]).all()
    assert ribbon.all_px[2, 1200] == 40 and ribbon.camera_at(2, 1200, every=True) == "camera 2"
    assert (np.delete(ribbon.all_px[2], 1200) == 1).all()
    assert ribbon.camera_at(0, 5, every=False) == ""


def test_without_errors_the_ribbon_stays_as_it_is():
    trial = Trial("t", Points3D(np.zeros((3, 1, 3)), ("a",), 100.0))
    ribbon = last(with_errors(ribbon_of(trial), trial, TrialParts(trial)))
    assert ribbon.error_px is None and ribbon.camera_at(0, 0, every=False) == ""


def test_uncertainty_is_the_root_of_the_summed_variances():
    covariance = np.full((600, 2, 3, 3), np.nan)
    covariance[:, 0] = np.diag([4e-6, 9e-6, 36e-6])
    trial = Trial("t", Points3D(np.zeros((600, 2, 3)), ("a", "b"), 100.0, covariance=covariance))
    ribbon = last(with_uncertainty(ribbon_of(trial), TrialParts(trial)))
    np.testing.assert_allclose(ribbon.sd_mm[0], 7.0, rtol=1e-6)
    assert np.isnan(ribbon.sd_mm[1]).all()


@pytest.mark.parametrize("n_bins", [3, 97, 900, 5000])
@pytest.mark.parametrize("spike", [0, 1, 31_234, 59_999])
def test_a_spike_of_one_frame_is_seen_at_every_zoom(n_bins, spike):
    values = np.ones((2, 60_000), np.float32)
    values[1, spike] = 77
    starts = bin_starts(-0.5, 59_999.5, n_bins, 60_000)
    shown = binned(values, starts)
    assert shown.shape == (2, n_bins) and (shown[0] == 1).all()
    column = int(np.argmax(shown[1]))
    assert shown[1, column] == 77
    assert abs((column + 0.5) / n_bins * 60_000 - (spike + 0.5)) <= 60_000 / n_bins


def test_columns_narrower_than_a_frame_repeat_it():
    values = np.array([[1.0, 2.0, 3.0, np.nan]])
    shown = binned(values, bin_starts(-0.5, 3.5, 8, 4))
    np.testing.assert_array_equal(shown, [[1, 1, 2, 2, 3, 3, np.nan, np.nan]])
    np.testing.assert_array_equal(binned(values, bin_starts(1.5, 2.5, 3, 4)), [[3, 3, 3]])


def test_a_column_is_unknown_only_where_all_of_its_frames_are():
    values = np.array([[np.nan, np.nan, np.nan, 2.0]])
    np.testing.assert_array_equal(binned(values, bin_starts(-0.5, 3.5, 2, 4)), [[np.nan, 2.0]])


def test_worst_frame_within_reach_of_a_click():
    values = np.array([1, np.nan, 9, 1, 30, 9.0])
    assert worst_frame(values, 0, 3) == 2
    assert worst_frame(values, -5, 100) == 4
    assert worst_frame(np.full(4, np.nan), 1, 2) == 1


def test_rows_are_sorted_by_name_or_by_the_worst():
    names = ("b", "A", "c")
    assert row_order(names).tolist() == [1, 0, 2]
    assert row_order(names, np.array([np.nan, 5.0, 7.0])).tolist() == [2, 1, 0]
    marks = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 4]], np.uint8)
    assert row_order(names, bad_samples(marks)).tolist() == [2, 1, 0]


def test_colours_grow_lighter_with_the_error_and_unknown_is_grey():
    values = np.array([0.1, 0.5, 1, 2, 5, 10, 20, 50, 400])
    lightness = scale_colours(values, (0.5, 50.0)) @ [0.2126, 0.7152, 0.0722]
    assert lightness[0] == lightness[1] and lightness[-1] == lightness[-2]
    assert (np.diff(lightness[1:-1]) > 8).all()
    assert tuple(scale_colours(np.array([np.nan]), (0.5, 50.0))[0]) == UNKNOWN_COLOUR


# What is left of linear red, green and blue without the cones for red, for green or for blue (Viénot 1999, Brettel).
_WITHOUT = {
    "none missing": np.eye(3),
    "protanopia": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deuteranopia": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    "tritanopia": [[1, 0.1446, -0.1446], [0, 0.8592, 0.1408], [0, 0.8592, 0.1408]],
}


@pytest.mark.parametrize("sight", _WITHOUT)
def test_marks_stay_apart_for_every_sight(sight):
    linear = (MARK_COLOURS / 255.0) ** 2.2
    seen = 255 * np.clip(linear @ np.array(_WITHOUT[sight]).T, 0, 1) ** (1 / 2.2)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[~np.eye(len(seen), dtype=bool)]
    assert apart.min() > 55  # of 441 from black to white; measured: 67
