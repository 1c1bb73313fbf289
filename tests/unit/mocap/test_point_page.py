"""The page of a calibration from points: whole, escaped, self-contained; refused ones leave the calibration alone."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration import read_rig, write_rig
from calibration.boards.wand import Wand
from calibration.errors import CalibrationError
from calibration.points import assessment as judged
from calibration.points.assessment import assess_points
from calibration.points.held_out import HeldOutLength
from calibration.points.recipe import calibrate_from_wand
from calibration.points.result import PointCalibration
from calibration.synthetic import ring_rig
from calibration.synthetic.wands import observe_wand
from mocap.pipeline.point_report import write_point_calibration
from mocap.report.point_page import length_picture, point_page

RIG = ring_rig(3, seed=3)
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def found() -> PointCalibration:
    wand = Wand(np.array([0.0, 0.5]), 0.0003, names=(EVIL, "b"))
    return calibrate_from_wand(observe_wand(RIG, wand, 60, sigma_px=1.0, seed=0), wand, RIG)


def test_the_page_is_whole_and_escaped_and_needs_nothing_else(found) -> None:
    assessed = assess_points(found)
    page = point_page(found, assessed, EVIL)
    assert EVIL not in page and "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    for words in ("Verdict:", "What limits this recording", "never used", "By region", "From above", "Camera by camera",
                  "saw the wand together", "Residual over time", *RIG.names):  # fmt: skip
        assert words in page
    for svg in re.findall(r"<svg.*?</svg>", page, re.S):
        ElementTree.fromstring(svg)
    assert page.count('stroke="#123f66"') == 2  # the path, from above and from the side


def test_lengths_are_drawn_where_they_belong() -> None:
    own = HeldOutLength("a-b", 0.5, np.arange(3), np.array([-10.0, 0.0, 10.0]))
    dots = re.findall(r'd="((?:M[\d.]+ [\d.]+h0)+)"', length_picture([own]))
    low, middle, high = (float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", dots[0]))
    assert middle == 35.0 and low - middle == middle - high == 31.0  # too short lies below
    assert length_picture([]) == ""


def test_all_three_files_are_written_and_tell_the_same(found, tmp_path) -> None:
    outcome = write_point_calibration(found, (), tmp_path / "c.toml")
    assert [path.name for path in outcome.files] == ["c.toml", "c.json", "c.html"]
    metadata, table = read_rig(tmp_path / "c.toml").metadata, json.loads((tmp_path / "c.json").read_text())
    assert metadata["verdict"] == table["verdict"]["grade"] == outcome.assessment.grade
    assert metadata["held_out_length_rmse_mm"] == pytest.approx(table["held_out"]["rmse_mm"], rel=1e-3)
    assert not (tmp_path / "c.refused.html").exists()


def test_a_refused_calibration_leaves_the_old_one_and_shows_why(found, tmp_path, monkeypatch) -> None:
    out: Path = tmp_path / "c.toml"
    write_rig(out, RIG)
    before = out.read_bytes()
    strict = replace(judged.WAND_RIG_LIMITS["volume_sd"], ok=0.01, fail=0.02)
    monkeypatch.setitem(judged.WAND_RIG_LIMITS, "volume_sd", strict)
    with pytest.raises(CalibrationError) as caught:
        write_point_calibration(found, (), out)
    assert caught.value.code == "CALIBRATION_REFUSED" and "--anyway" in caught.value.remedy
    assert out.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"c.toml", "c.refused.html", "c.refused.json"}
    outcome = write_point_calibration(found, (), out, anyway=True)
    assert outcome.verdict.startswith("refuse") and read_rig(out).metadata["verdict"] == "refuse"
    assert write_point_calibration(found, (), tmp_path / "plain.toml", report=False).files == (tmp_path / "plain.toml",)
