"""The wand: what its file may say, and its ends told apart by nothing but the rays and its uneven distances."""

import numpy as np
import pytest

from calibration.boards.wand import Wand, parse_wand, read_wand
from calibration.errors import BoardError, FormatError, MocapError
from calibration.points.labels import middle_of, sorted_along, untangled
from calibration.synthetic import ring_rig
from calibration.synthetic.wands import observe_wand

UNEVEN = Wand(np.array([0.0, 0.2, 0.5]), 0.0003, labelled=False)


def test_a_file_gives_the_wand(tmp_path) -> None:
    path = tmp_path / "wand.toml"
    path.write_text('type = "wand"\nmarkers = [[0, 0, 0], [0, 0.4, 0]]\nlength_sd = 0.0002\nnames = ["A", "B"]\n')
    wand = read_wand(path)
    assert (wand.names, wand.length_m, wand.labelled) == (("A", "B"), 0.4, True)
    assert wand.symmetric and wand.collinear
    assert "0.4000" in wand.describe()


def test_the_preset_is_read() -> None:
    from mocap.config.presets import preset_path

    wand = read_wand(preset_path("wands", "three_markers_500"))
    assert wand.n_markers == 3 and not wand.symmetric and not wand.labelled


def test_places_along_the_stick_may_come_in_any_order() -> None:
    wand = Wand(np.array([0.5, 0.0, 0.2]), 0.0003)
    assert wand.order.tolist() == [0, 2, 1] or wand.order.tolist() == [1, 2, 0]
    assert wand.exchanged.tolist() == [1, 0, 2]
    assert wand.length_m == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("markers", "sd", "labelled", "code"),
    [
        ([0.0, 500.0], 0.3, True, "WAND_UNITS"),
        ([0.0, 0.01], 0.0001, True, "WAND_UNITS"),
        ([0.0, 0.5, 0.5], 0.0003, True, "WAND_UNITS"),
        ([0.0], 0.0003, True, "WAND"),
        ([0.0, 0.5], 0.0, True, "WAND"),
        ([[0, 0, 0], [0.5, 0, 0], [0, 0.3, 0]], 0.0003, False, "WAND"),
    ],
)
def test_impossible_wands_are_refused(markers, sd, labelled, code) -> None:
    with pytest.raises(BoardError) as caught:
        Wand(np.array(markers, float), sd, labelled)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"type": "charuco", "markers": [0, 0.5], "length_sd": 0.001},
        {"type": "wand", "markers": "x", "length_sd": 0.001},
        {"type": "wand", "markers": [0, 0.5], "length_sd": 0.001, "lenght": 1},
        {"type": "wand", "markers": [0, 0.5], "length_sd": "1 mm"},
    ],
)
def test_files_that_say_something_else_are_refused(table) -> None:
    with pytest.raises(FormatError) as caught:
        parse_wand(table, "wand.toml")
    assert caught.value.code == "WAND_FORMAT" and "wand.toml" in caught.value.cause


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(MocapError, match="WAND_MISSING"):
        read_wand(tmp_path / "none.toml")


def test_markers_in_any_order_are_sorted_up_to_the_direction() -> None:
    rig = ring_rig(4, seed=2)
    true = observe_wand(rig, UNEVEN, 40, seed=1).pixels
    rng = np.random.default_rng(0)
    mixed = np.take_along_axis(true, rng.permuted(np.tile(np.arange(3), (4, 40, 1)), axis=2)[..., None], axis=2)
    found = sorted_along(mixed, UNEVEN.order)
    whole = np.isfinite(true).all(axis=(2, 3))
    straight, crossed = np.abs(found - true).max(axis=(2, 3)), np.abs(found - true[:, :, ::-1]).max(axis=(2, 3))
    assert np.minimum(straight, crossed)[whole].max() == 0.0
    np.testing.assert_array_equal(middle_of(found, UNEVEN.order)[whole][:, 0], true[whole][:, 1])


def test_views_with_reversed_ends_are_put_right_and_the_uneven_distances_tell_the_true_end() -> None:
    rig = ring_rig(4, seed=2)
    true = observe_wand(rig, UNEVEN, 100, sigma_px=1.0, seed=1)
    found, exchanged = untangled(rig, observe_wand(rig, UNEVEN, 100, 1.0, seed=1, swapped=0.5), UNEVEN.markers_wand)
    both = np.isfinite(true.pixels) & np.isfinite(found.pixels)
    off = np.abs(np.where(both, found.pixels - true.pixels, 0.0)).max(axis=(2, 3))
    assert (off > 0).mean() < 0.01  # 0: not a single view of 400
    assert 0.4 < exchanged.mean() < 0.6


def test_a_symmetric_wand_agrees_over_the_cameras_whichever_end_it_is() -> None:
    rig, wand = ring_rig(4, seed=2), Wand(np.array([0.0, 0.5]), 0.0003, labelled=False)
    true = observe_wand(rig, wand, 100, sigma_px=1.0, seed=1).pixels
    found = untangled(rig, observe_wand(rig, wand, 100, 1.0, seed=1, swapped=0.5), wand.markers_wand)[0].pixels
    straight = np.nan_to_num(np.abs(found - true)).max(axis=(2, 3))
    crossed = np.nan_to_num(np.abs(found - true[:, :, ::-1])).max(axis=(2, 3))
    wrong = np.minimum((straight > 0).sum(axis=0), (crossed > 0).sum(axis=0))
    assert (wrong > 0).mean() < 0.05  # 0.0: frames in which the cameras mean different ends
