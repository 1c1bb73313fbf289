"""A calibration file and the table beside it, as the view of calibrations gets them."""

import json
import re

import numpy as np
import pytest

from calibration.files import write_rig
from calibration.rigid import from_rotvec
from calibration.synthetic.rigs import ring_rig
from mocap.errors import MocapError
from mocap.pipeline.review_calibration import read_calibration_view

RIG = ring_rig(3, 1)


def table() -> dict:
    """What `mocap calibrate` writes, as far as the view reads it."""
    check = {"name": "scale", "status": "warn", "measured": 1.25, "unit": "%", "meaning": "scale", "remedy": "Measure."}
    return {
        "format": "mocap-calibration-quality",
        "verdict": {"grade": "good", "reason": "All within limits.", "remedy": ""},
        "cameras": [{
            "name": camera.name, "grade": "good", "reason": "", "remedy": "", "rms_px": 0.4, "n_views": 30,
            "position_m": camera.centre_world.tolist(), "position_sd_mm": None,
            "coverage": {"share_pct": 60.0, "reach_pct": 80.0, "counts": [[0, 3], [1, 0]]},
        } for camera in RIG],
        "checks": [check, {**check, "status": "ok"}, {**check, "measured": None, "meaning": "gravity is unknown"}],
        "volume": {"grid": {"shape": [1, 2, 1], "places_m": [[0, 0, 1], [0, 0.5, 1]], "calibration_sd_mm": [0.5, None],
                            "noise_sd_mm": [1.0, None], "n_views": [3, 1]}},
        "board": {"frames": [3], "world_from_board": [from_rotvec(np.zeros(3), np.ones(3)).tolist()], "n_cameras": [2],
                  "corners_m": [[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]], "faces": [[0, 1, 2]]},
    }  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """Write a calibration with the table that a function makes of a whole one, or with text instead."""
    def write(change=lambda whole: whole):
        write_rig(tmp_path / "calibration.toml", RIG)
        text = change if isinstance(change, str) else json.dumps(change(table()))
        (tmp_path / "calibration.json").write_text(text)
        return read_calibration_view(tmp_path / "calibration.toml")

    return write


def without(key):
    return lambda whole: {name: part for name, part in whole.items() if name != key}


def test_all_of_the_table_is_shown(written):
    view = written()
    assert view.title == "calibration.toml" and view.rig.names == RIG.names and view.notes == ()
    assert view.verdict == "good: All within limits."
    assert view.checks == ("warn: scale: 1.25 %. Measure.", "warn: gravity is unknown. Measure.")
    row = view.cameras[1]
    assert (row.name, row.grade, row.rms_px, row.n_views, row.coverage_pct) == ("cam_1", "good", 0.4, 30, 60.0)
    assert np.isnan(row.position_sd_mm) and row.counts.tolist() == [[0, 3], [1, 0]]
    np.testing.assert_array_equal(view.volume.calibration_sd_mm.ravel(), [0.5, np.nan])
    np.testing.assert_array_equal(view.volume.grid_world[0, :, 0], [[0, 0, 1], [0, 0.5, 1]])
    assert view.boards.frames.tolist() == [3] and view.boards.n_cameras.tolist() == [2]
    np.testing.assert_array_equal(view.boards.world_from_board[0, :3, 3], 1)


def test_an_older_table_lacks_boards_alone(written):
    view = written(without("board"))
    assert view.boards is None and view.volume is not None
    assert view.notes == ("Where the boards stood is not in this table: calibrate again to see them.",)
    told = written(lambda whole: {**without("board")(whole), "method": "wand"}).notes
    assert told == ("There are no boards: this was calibrated with a wand.",)


def test_without_a_table_the_cameras_stand_alone(tmp_path):
    write_rig(tmp_path / "lab.toml", RIG)
    view = read_calibration_view(tmp_path / "lab.toml")
    assert view.volume is None and [row.name for row in view.cameras] == list(RIG.names)
    assert view.notes[0] == "There is no lab.json beside lab.toml: no boards, no verdicts."


def moved(whole):
    whole["cameras"][0]["position_m"][0] += 0.2
    return whole


def without_corner(whole):
    whole["board"]["faces"] = [[0, 1, 77]]
    return whole


@pytest.mark.parametrize(("change", "cause"), [
    ("{", "cannot be read"),
    ("[" * 100_000, "cannot be read"),
    ("[1, 2]", "is no table of a calibration"),
    (json.dumps({"format": "something else"}), "is no table of a calibration"),
    (without("cameras"), "is damaged"),
    (without("volume"), "is damaged"),
    (lambda whole: {**whole, "volume": {"grid": {**whole["volume"]["grid"], "shape": [5, 5, 5]}}}, "is damaged"),
    (lambda whole: {**whole, "board": {**whole["board"], "corners_m": "all"}}, "is damaged"),
    (lambda whole: {**whole, "checks": 7}, "is damaged"),
    (without_corner, "is damaged"),
    (moved, "of other cameras"),
    (lambda whole: {**whole, "cameras": whole["cameras"][:2]}, "of other cameras"),
])  # fmt: skip
def test_a_table_that_cannot_be_trusted_is_left_aside_with_a_word(written, change, cause):
    view = written(change)
    assert view.boards is None and view.volume is None and len(view.cameras) == 3
    assert re.search(cause, view.notes[0])


def test_what_is_no_calibration_is_refused(tmp_path):
    (tmp_path / "session.toml").write_text('[session]\nid = "x"\n')
    with pytest.raises(MocapError):
        read_calibration_view(tmp_path / "session.toml")
