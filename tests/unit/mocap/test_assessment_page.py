"""The page of an assessment: what it says, what it withholds, that it stands alone, and the same as a PDF."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import ExportError
from mocap.pipeline.output_kinds import ANGLE_PAGE, PAGE_PRINT, is_alike
from mocap.report.assessment import assessment_part
from mocap.report.assessment.closing_parts import claims_part
from mocap.report.assessment.figures import Footnotes, metric_title, told
from mocap.report.assessment.key_frames import chosen
from mocap.report.assessment.plain_words import plain
from mocap.report.assessment.progress_pictures import mean_and_sd
from mocap.report.assessment.strands import spans_of, strands_of
from mocap.report.assessment.tables import headline_table, meanings
from mocap.report.pdf import load_weasyprint, page_to_pdf
from mocap.report.trial_page import trial_page
from mocap.signal.filters import Butterworth
from mocap.signal.linear import filter_runs
from mocap.storage import write_trial
from mocap.trial import Assessment, Metric, Table, Words
from tests.fixtures import assessed_trials as trials
from tests.fixtures.html_page import Page

NEVER = re.compile(r"\b(fault|risk|injur|abnormal|danger|wrong)", re.IGNORECASE)


def test_the_page_begins_with_what_was_found() -> None:
    html = assessment_part(trials.squat_trial())
    page = Page(html)
    assert page.active == [] and page.open == []
    for words in (
        "Squat Subject P01 Recorded 2026-03-01T10:00:00Z", "Load 40 kg", "Bar position high bar",
        "3 repetitions ; 1 candidate rejected", "detected in 2 of 3",
        "repetition 2: 8.0 ± 1.8 deg, onset at depth 0.80 (0.75 to 0.82)", "Checks to look at: flat foot, right",
        "Repetition Depth (m) Tuck of the pelvis (wink) (deg)", "2 0.446 ± 0.002 8.0 ± 1.8 0.80 (0.75 to 0.82)",
        "1 terminal", "a no tuck is detected, so there is no onset", "Pelvic tilt against depth",
        "Mean of 3 repetitions",
        "not assessable no knee-to-wall test", "the left foot moved by 41 mm", "wink_magnitude_deg deg greatest",
        "SHA-256 of the settings: abababab", "wink.least_deg 3", "For research and training; not for diagnosis",
        "norms: none of this lab",
    ):  # fmt: skip
        assert words in page.text, words
    assert html.count('<svg class="plot"') == 4 + 5  # tilt over depth: the mean and three repetitions; five angles
    assert html.count('<svg class="frames"') == 3  # start, onset, lowest
    assert not NEVER.search(page.text)


def test_every_number_of_the_headline_has_its_uncertainty_and_unit() -> None:
    html = assessment_part(trials.squat_trial())
    head, *rows = re.findall(r"<tr>(.*?)</tr>", html[html.index("<table>"):html.index("</table>")])
    units = re.findall(r"<th.*?>(.*?)</th>", head)
    assert [bool(re.search(r"\((deg|m)\)", unit)) for unit in units] == [False, True, True, False, True, False]
    for row in rows:
        for cell in re.findall(r"<td>(.*?)</td>", row)[1:]:
            assert not cell or cell.startswith("\u2013<sup>") or re.search(r"±| to ", cell), cell


def test_what_cannot_be_seen_is_withheld_with_its_reason() -> None:
    html = assessment_part(trials.squat_trial(seen=False))
    text = Page(html).text
    assert "Tuck of the pelvis: withheld \u2013 pelvic tilt is not observable." in text
    assert "Withheld: the tilt is not observable \u2013 two hips are a line." in text
    assert "Not drawn: Pelvic tilt \u2013 two hips are a line; Trunk lean" in text
    assert html.count('<svg class="plot"') == 4 and "nan" not in text.lower()


def test_the_onset_is_drawn_where_it_is_told() -> None:
    html = assessment_part(trials.squat_trial())
    panel = html[html.index("Repetition 3</h3>"):]
    panel = panel[:panel.index("</figure>")]
    # The plot reaches from 42 to 336 px; 0.80 of it, and 0.75 to 0.82 for the interval.
    assert 'd="M277.2 26.0V' in panel and re.search(r'<rect x="262.5" y="26" width="20.58"', panel)
    none = html[html.index("Repetition 1</h3>"):html.index("Repetition 2</h3>")]
    assert "<rect" not in none and "onset at depth: no tuck is detected" in none


def test_key_frames_show_the_body_at_their_instants() -> None:
    made = trials.squat_trial((0.0, 14.0))
    text = Page(assessment_part(made)).text
    true = made.assessments[0].repetitions
    assert "Key frames of repetition 2" in text  # the one with a tuck
    at = float(true["bottom_time"].values[1])
    assert f"Lowest, {at:.2f} s" in text
    tilt = made.angles.deg("pelvic_tilt")[[round(50 * float(true[name].values[1])) for name in ("start_time",
                                                                                             "bottom_time")]]
    assert re.search(rf"Pelvic tilt \(deg\) {tilt[0]:.1f} ± 0.8 \d+\.\d ± 0.8 {tilt[1]:.1f} ± 0.8", text)


def test_strands_run_from_start_over_lowest_to_end() -> None:
    made = trials.squat_trial((10.0,))
    (strand,) = strands_of(made, "pelvic_tilt", spans_of(made.assessments[0].repetitions))
    assert abs(strand.depth[0]) < 1e-12 and strand.depth[strand.bottom] == pytest.approx(1.0)
    over = strand.over_depth()
    # The tilt is 10 deg at 0, rises in a straight line to 41 at 0.8 of the depth, and falls by the tuck to 31;
    # between two frames on either side of that corner the straight line cuts off 0.49 deg.
    assert over[[0, 40, 80, 100]] == pytest.approx([10.0, 25.5, 41.0, 31.0], abs=0.5)
    both = strand.over_progress()
    assert both[100] == both[101] == pytest.approx(31.0, abs=1e-6) and both[201] == pytest.approx(10.0, abs=1e-6)


def test_gait_is_drawn_over_the_norm_where_there_is_one() -> None:
    html = assessment_part(trials.gait_trial())
    page = Page(html)
    assert page.open == [] and not NEVER.search(page.text)
    for words in ("right 3 cycles, 1.20 ± 0.04 m/s, 109.0 ± 2.0 per min", "Gait profile score: withheld",
                  "Side right left Cycles 3 2 Speed: mean (m/s) 1.20 ± 0.04 1.21 ± 0.06", "mean ± 1 SD of the norm set",
                  "Key frames of cycle", "+: flexion; n: right 3 cycles, left 3 cycles.", "1 right 2 right"):
        assert words in page.text, words
    assert html.count('<svg class="plot"') == 1 and html.count('<svg class="frames"') == 3
    assert html.count('h5M') == 3  # a bar at each point that the norm tells
    without = assessment_part(trials.gait_trial(norm=False))
    assert "Norm: withheld, none is named." in without and "h5M" not in without


def test_no_repetition_is_an_outcome_that_is_explained() -> None:
    made = trials.squat_trial()
    none = Assessment("squat", Table("repetitions", 0), notes=("the largest drop is 0.05 m",))
    text = Page(assessment_part(replace(made, assessments=(none,)))).text
    assert "No repetitions ; no candidate was rejected." in text and "the largest drop is 0.05 m" in text
    assert "Every metric" not in text and "What the metrics mean" not in text


@pytest.mark.parametrize(
    ("unit", "value", "sd", "low", "words"),
    [
        ("deg", 8.04, 0.9, None, "8.0 <small>±\u00a01.8</small>\u00a0deg"),
        ("m", -0.34884, 0.00001, None, "\u22120.349 <small>±\u00a0&lt;0.001</small>\u00a0m"),
        ("1", 0.8, 0.05, 0.6, "0.80 <small>(0.60 to 0.90)</small>"),
        ("mm", 1.6, float("nan"), None, "2\u00a0mm <small>±\u00a0not known</small>"),
        ("1", 3.0, float("nan"), None, "3"), ("deg", float("nan"), float("nan"), None, "\u2013"),
    ],
)  # fmt: skip
def test_figures_are_told_with_their_reach(unit: str, value: float, sd: float, low: float | None, words: str) -> None:
    reasons = ("withheld",) if value != value else ("",)
    metric = Metric("x", unit, "", [value], [sd], None if low is None else [low], reasons=reasons)
    assert told(metric, 0, unit=True) == words


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("hip_flexion_r_bottom", "Hip flexion bottom, right"), ("com_ap_ratio", "CoM AP ratio"),
        ("wink_magnitude_mean", "Tuck of the pelvis (wink): mean"), ("stance_sd", "Stance: SD"),
    ],
)  # fmt: skip
def test_names_are_told_as_people_read_them(name: str, title: str) -> None:
    assert metric_title(name) == title


def test_words_of_a_user_do_nothing() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
    made = trials.squat_trial(told={"subject_code": evil, "context": evil, "reason": evil})
    page = Page(trial_page(made))
    assert page.active == [] and page.open == []
    assert Page(assessment_part(made)).text.count("alert(1)") == 3


def test_a_pdf_needs_no_browser_and_no_clock(tmp_path: Path) -> None:
    try:
        load_weasyprint()
    except ExportError as error:
        pytest.skip(str(error))
    html = f"<!doctype html><html><body>{assessment_part(trials.squat_trial())}</body></html>"
    made = page_to_pdf(html)
    assert made.startswith(b"%PDF") and made == page_to_pdf(html)
    assert b"CreationDate" not in made
    (tmp_path / "report.pdf").write_bytes(made)
    assert is_alike(tmp_path / "report.pdf", PAGE_PRINT)


def test_without_pango_there_is_one_line_that_says_so(monkeypatch: pytest.MonkeyPatch, mocap_cli, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.chdir(tmp_path)
    write_trial(tmp_path / "a.h5", trials.squat_trial())
    line = mocap_cli("report", "a.h5", "--out", "report.pdf").error_line
    assert line.startswith("error PDF_UNAVAILABLE: ") and "pip install weasyprint" in line
    assert not (tmp_path / "report.pdf").exists()
    assert mocap_cli("report", "a.h5", "--out", "report.html").status == 0
    assert is_alike(tmp_path / "report.html", ANGLE_PAGE)


def test_names_of_columns_stand_as_words_in_sentences() -> None:
    for words, shown in (
        ("passive_hip_flexion_deg is not stated", "passive hip flexion (deg) is not stated"),
        ("pelvic_tilt: no plate at T12/L1", "pelvic tilt: no plate at T12/L1"),
        ("the ends (BAR_R, BAR_L) are not marked", "the ends (BAR_R, BAR_L) are not marked"),
        ("neither WALL1 nor `wall_x_m` in the context", "neither WALL1 nor wall x (m) in the context"),
        ("flat_foot_r.", "flat foot, right."), ("file my_walk.c3d of 'a_b'", "file my_walk.c3d of 'a_b'"),
        ("12 +- 2.8 cm; ANKLE is not assessable", "12 \u00b1 2.8 cm; \u201cAnkle\u201d is not assessable"),
    ):  # fmt: skip
        assert plain(words) == shown


def test_from_a_chair_nothing_is_called_the_lowest() -> None:
    squat = trials.squat_trial()
    rise = replace(squat, assessments=(replace(squat.assessments[0], task="sit_to_stand"),))
    page = Page(assessment_part(rise)).text
    assert "Angles over rise and return" in page and "seat-off" in page and "standing" in page
    assert "Task sit to stand" in page and "Angles over descent" not in page
    assert "Angles over descent and ascent" in Page(assessment_part(squat)).text


def test_the_tilt_is_drawn_as_the_tuck_is_measured_and_says_so() -> None:
    squat = trials.squat_trial()
    first = squat.assessments[0]
    spans = spans_of(first.repetitions)
    raw, smooth = (strands_of(squat, "pelvic_tilt", spans, cutoff) for cutoff in (0.0, 2.0))
    linear = Butterworth(2.0, squat.angles.rate_hz)
    whole = filter_runs(squat.angles.deg("pelvic_tilt")[:, None], linear)[0][:, 0]
    start = int(np.argmin(np.abs(squat.angles.time_s - spans[0].start_s)))
    np.testing.assert_allclose(smooth[0].value_deg, whole[start : start + len(smooth[0].value_deg)], atol=1e-9)
    assert np.abs(raw[0].value_deg - smooth[0].value_deg).max() > 0.01
    settings = {**first.settings, "wink.filter_hz": 2.0}
    told = Page(assessment_part(replace(squat, assessments=(replace(first, settings=settings),)))).text
    assert "Drawn low-passed at 2 Hz, as the tuck is measured" in told
    without = {name: value for name, value in first.settings.items() if name != "wink.filter_hz"}
    told = Page(assessment_part(replace(squat, assessments=(replace(first, settings=without),)))).text
    assert "Drawn as stored, of points that were not filtered." in told and "low-passed" not in told


def test_the_meanings_of_both_sides_stand_once() -> None:
    values = {"unit": "deg", "values": [1.0], "sd": [0.1]}
    both = Table("x", 1, (Metric("knee_r_bottom", meaning="Right knee, knee_r there", **values),
                          Metric("knee_l_bottom", meaning="Left knee, knee_l there", **values),
                          Metric("hip_r_bottom", meaning="Hip <b> +- 1", **values)))  # fmt: skip
    text = Page(meanings([both])).text
    assert "knee_r/l_bottom_deg deg right/left knee, knee_r/l there" in text and "knee_l_bottom" not in text
    assert "hip_r_bottom_deg deg Hip <b> \u00b1 1" in text


def test_words_of_cells_and_notes_are_inert() -> None:
    squat = trials.squat_trial()
    first = squat.assessments[0]
    evil = "<img src=x onerror=alert(1)>"
    rows = first.repetitions
    words = (*(one for one in rows.words if one.name != "grade"), Words("grade", "x", (evil,) * rows.rows))
    made = replace(first, repetitions=replace(rows, words=words), notes=(evil,))
    page = Page(assessment_part(replace(squat, assessments=(made,))))
    assert page.active == [] and page.open == [] and page.text.count(evil) > rows.rows


def test_mean_and_sd_of_the_set_stand_in_their_own_rows() -> None:
    rows = Table("repetitions", 2, (Metric("depth", "m", "x", [0.4, 0.5], sd=[0.01, 0.01]),))
    summary = Table("set", 1, (Metric("depth_mean", "m", "x", [0.45], sd=[0.02]),
                               Metric("depth_sd", "m", "x", [0.07], sd=[0.03])))  # fmt: skip
    text = Page(headline_table(rows, "squat", "repetition", summary)).text
    assert "Mean 0.450 \u00b1 0.039 SD 0.070 \u00b1 0.059" in text


def test_bands_are_one_sample_sd_of_the_curves() -> None:
    mean, sd = mean_and_sd(np.array([[1.0, 2.0, np.nan], [4.0, 2.0, 3.0], [7.0, np.nan, np.nan]]))
    np.testing.assert_allclose(mean, [4.0, 2.0, np.nan])
    np.testing.assert_allclose(sd, [3.0, 0.0, np.nan])


def test_quality_and_the_frames_are_of_what_they_say() -> None:
    squat = trials.squat_trial()
    passed = next(one for one in squat.quality if one.passed)
    squat = replace(squat, quality=(*squat.quality, replace(passed, name="upright")))
    page = Page(assessment_part(squat)).text
    assert [one.passed for one in squat.quality] == [True, False, True]
    assert "Quality : 2 of 3 checks of the recording hold" in page
    rows = squat.assessments[0].repetitions
    known = np.flatnonzero(np.isfinite(rows["wink_onset_depth"].values))
    ranked = sorted(known, key=lambda row: rows["wink_magnitude"].values[row])
    middle = ranked[len(ranked) // 2] + 1
    spans = sorted(spans_of(rows), key=lambda span: span.number == middle)  # not the middle one of those given
    assert chosen(rows, spans).number == middle


def test_words_of_a_reviewer_and_sides_of_circumstances_stay_what_they_are() -> None:
    trial = trials.squat_trial(told={"reason": "taken out by a reviewer: HIP pain, lost_balance"})
    context = {"passive_hip_flexion_deg_r": 112.0, "a" * 40: "b"}
    page = Page(assessment_part(replace(trial, context=context)))
    assert "taken out by a reviewer: HIP pain, lost_balance" in page.text
    assert "Passive hip flexion, right 112 deg" in page.text


def test_a_reason_within_a_longer_one_has_no_footnote_of_its_own() -> None:
    notes = Footnotes()
    marks = [notes.mark(words) for words in ("not detected; not two lines", "not detected", "not", "")]
    assert marks == ["<sup>a</sup>", "<sup>a</sup>", "<sup>b</sup>", ""]
    assert notes.reasons == ["not detected; not two lines", "not"]


def test_questions_name_what_is_lacking_in_words() -> None:
    page = Page(claims_part([trials.squat_trial().assessments[0]]))
    assert not re.search(r"\b(squat|hinge|knee_to_wall)\.[a-z]", page.text)
