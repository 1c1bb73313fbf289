"""The page of a calibration: whole, escaped, self-contained; and the files that the report writes."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.observations import BoardObservations
from calibration.quality.assessment import assess
from calibration.quality.assessment_json import residuals_over_time
from calibration.quality.held_out import AsFilmed, held_out
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.sources import find_sources
from calibration.synthetic import RenderOptions, render_calibration_footage
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from mocap.errors import SourceError
from mocap.pipeline.calibration_report import write_calibration_report
from mocap.report.calibration_figures import Overlay, overlay_picture
from mocap.report.calibration_page import calibration_page
from mocap.report.held_out_part import as_filmed_rows, held_out_part
from mocap.report.svg import colour, picture, shape, ticks

BOARD = Board("charuco", 7, 5, 0.12, 0.09, "DICT_4X4_50")
EVIL = '<script>alert("x")</script>'
POSES = board_poses(BOARD, 36, 1)
RIG = ring_rig(5, 1, radius_m=3.0, size=(320, 240))


def renamed(observations: BoardObservations, names: tuple[str, ...]) -> BoardObservations:
    return replace(observations, camera_names=names)


@pytest.fixture(scope="module")
def observations() -> BoardObservations:
    return observe_board(RIG, BOARD, POSES, 0.2, 2)


@pytest.fixture(scope="module")
def result(observations: BoardObservations) -> Calibration:
    return calibrate(observations)


class Reader(HTMLParser):
    """Elements, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_escapes_names_and_needs_nothing_from_outside(observations: BoardObservations) -> None:
    named = renamed(observations, ("cam_0", EVIL, "a & b", "d", "e"))
    found = calibrate(named)
    assessment = assess(found, named, limits=(f"Late: {EVIL}",))
    page = calibration_page(found, assessment, residuals_over_time(found, named), title=EVIL)
    assert EVIL not in page and "<script" not in page and "alert(&quot;x&quot;)" in page
    assert "a &amp; b" in page and "a & b" not in page
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|<iframe|src=\"(?!data:)", page)
    reader = Reader()
    reader.feed(page)
    assert reader.open == [] and reader.seen.count("svg") >= 6


def test_the_page_says_what_matters_first(result: Calibration, observations: BoardObservations) -> None:
    assessment = assess(result, observations, limits=("The frames of cam_1 are late.",))
    page = calibration_page(result, assessment, residuals_over_time(result, observations))
    words = ("Verdict:", "What limits this", "What reprojection", "Views that", "Camera by camera", "Residual over")
    order = [page.index(part) for part in words]
    assert order == sorted(order)
    assert "The frames of cam_1 are late." in page and "Gravity is unknown" in page
    assert f"{assessment.held_out.distance_rmse_mm:.3g}" in page


def test_figures_of_views_with_time_shifts_are_told_twice_and_which_to_read(
    result: Calibration, observations: BoardObservations
) -> None:
    outside = held_out(result, observations)
    plain = held_out_part(result, outside)
    assert "own moment" not in plain and "as filmed" not in plain and as_filmed_rows(outside) == []
    told = replace(outside, as_filmed=AsFilmed(outside.folds, 1.234, 2.0, 5.678, 9.0))
    page = held_out_part(result, told)
    assert "all folds, each view at its own moment" in page and f"<b>{outside.distance_rmse_mm:.3g}</b>" in page
    assert "all folds, as filmed" in page and "<b>5.68</b>" in page and "<b>1.23</b>" in page
    assert "how good the cameras are, and those as filmed for" in page
    assert "5.68" in as_filmed_rows(told)[0][1] and "1.23" in as_filmed_rows(told)[0][1]


def test_the_report_writes_page_and_table_with_pictures(tmp_path: Path) -> None:
    quick = RenderOptions(supersampling=1)
    folder = render_calibration_footage(RIG, BOARD, POSES, tmp_path / "footage", 1, options=quick)
    observations = observe_board(RIG, BOARD, POSES, 0.2, 2)
    found, (sources, _) = calibrate(observations), find_sources(folder)
    assessment = write_calibration_report(
        found, observations, sources, tmp_path / "calibration.html", tmp_path / "calibration.json", ("Too dark.",)
    )
    page = (tmp_path / "calibration.html").read_text(encoding="utf-8")
    table = json.loads((tmp_path / "calibration.json").read_text(encoding="utf-8"))
    assert page.count("data:image/jpeg;base64,") == 10  # best and worst view of five cameras
    assert len(page) < 1_000_000 and table["verdict"]["grade"] == assessment.grade
    assert table["limits"][0] == "Too dark."
    with pytest.raises(SourceError, match="does not exist"):
        write_calibration_report(found, observations, sources, tmp_path / "no" / "x.html", tmp_path / "x.json")


def test_lost_footage_costs_its_pictures_only(result: Calibration, observations: BoardObservations, tmp_path) -> None:
    out = tmp_path / "calibration.html", tmp_path / "calibration.json"
    write_calibration_report(result, observations, (), *out)
    assert "data:image" not in out[0].read_text(encoding="utf-8") and out[1].exists()


def test_an_overlay_draws_what_was_detected_and_skips_what_was_not() -> None:
    detected = np.array([[30.0, 30.0], [60.0, 30.0], [np.nan, np.nan]])
    overlay = Overlay("cam", "best", np.full((90, 120), 99, np.uint8), detected, detected + 1.0)
    drawn = overlay_picture(overlay)
    assert drawn.count("<circle") == 2 and drawn.count("<image") == 1


def test_shapes_are_safe_and_ticks_are_round() -> None:
    assert shape("text", text="a<b", x=1.0) == '<text x="1">a&lt;b</text>'
    assert 'aria-label="&quot;&gt;"' in picture(1, 1, [], '">')
    assert colour(0.0) == "#f7fbff" and colour(2.0) == colour(1.0) and colour(1.0, heat=True) == "#800026"
    assert ticks(-0.1, 1.05) == pytest.approx([0.0, 0.5, 1.0]) or ticks(-0.1, 1.05)[0] == 0.0
    assert ticks(3.0, 3.0) == [3.0]
