"""What a film shows when, what it is called and what it says; no display."""

import numpy as np
import pytest

from mocap.errors import ViewerError
from mocap.trial import AngleDefinition, JointAngles
from mocap.viewer.film_plan import FilmPlan, checked_plan, convention_words, film_name, free_path, picture_name
from mocap.viewer.lanes import lane_of


@pytest.mark.parametrize(
    ("plan", "n_frames", "last_s"),
    [
        (FilmPlan(2.0, 3.0), 31, 3.0),
        (FilmPlan(2.0, 3.0, speed=0.5), 61, 3.0),
        (FilmPlan(0.0, 0.1, speed=0.1, rate_hz=25.0), 26, 0.1),
        (FilmPlan(0.0, 1.01), 31, 1.0),
    ],
)
def test_a_film_lasts_as_long_as_its_span_at_its_speed(plan, n_frames, last_s):
    times = list(plan.times())
    assert len(times) == plan.n_frames == n_frames
    assert times[0] == plan.first_s
    assert times[-1] == pytest.approx(last_s)
    assert np.diff(times) == pytest.approx(plan.speed / plan.rate_hz)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (FilmPlan(-1.0, 1.0), "FILM_SPAN"),
        (FilmPlan(1.0, 9.0), "FILM_SPAN"),
        (FilmPlan(2.0, 2.0), "FILM_SPAN"),
        (FilmPlan(3.0, 2.0), "FILM_SPAN"),
        (FilmPlan(float("nan"), 2.0), "FILM_SPAN"),
        (FilmPlan(0.0, 8.0, speed=0.01, rate_hz=240.0), None),
        (FilmPlan(0.0, 2.0, speed=0.0), "FILM_SPEED"),
        (FilmPlan(0.0, 2.0, speed=float("inf")), "FILM_SPEED"),
        (FilmPlan(0.0, 2.0, rate_hz=0.0), "FILM_RATE"),
    ],
)
def test_what_cannot_be_filmed_is_refused(plan, code):
    if code is None:
        assert checked_plan(plan, 0.0, 8.0) is plan
        return
    with pytest.raises(ViewerError, match=code):
        checked_plan(plan, 0.0, 8.0)


def test_a_film_of_days_is_refused():
    with pytest.raises(ViewerError, match="FILM_SPAN"):
        checked_plan(FilmPlan(0.0, 8000.0, speed=0.1), 0.0, 8000.0)


def test_names_say_what_is_shown_and_suit_every_system(tmp_path):
    assert picture_name("squat 01/b:*", 2.34, 234) == "squat_01_b_t2.340s_f234.png"
    assert film_name("squat", FilmPlan(2.0, 6.5, 0.5)) == "squat_2.00-6.50s_x0.5.mp4"
    assert picture_name("..", 0.0, 0) == "trial_t0.000s_f0.png"


def test_a_free_name_takes_no_file_s_place(tmp_path):
    names = []
    for _ in range(3):
        path = free_path(tmp_path, "a_t2.340s.png")
        path.write_bytes(b"")
        names.append(path.name)
    assert names == ["a_t2.340s.png", "a_t2.340s-2.png", "a_t2.340s-3.png"]


def test_the_speed_is_told():
    assert FilmPlan(0.0, 1.0, 0.25).speed_words == "x 0.25 of real time"
    assert FilmPlan(0.0, 1.0).speed_words == "real time"


def test_a_convention_names_sign_zero_and_reference():
    said = AngleDefinition("pelvic_tilt", "", "", "anterior", "ASIS and PSIS level", "absolute", "", True, "")
    hidden = AngleDefinition("lumbar_flexion", "", "", "flexion", "", "static", "", False, "no T12")
    angles = JointAngles((said, hidden), np.tile([0.0, np.nan], (5, 1)), 50.0)
    words = convention_words(lane_of(angles, "pelvic_tilt"))
    assert words == "pelvic tilt: + is anterior, 0 is ASIS and PSIS level, reference: absolute"
    assert convention_words(lane_of(angles, "lumbar_flexion")) == "lumbar flexion: not observable: no T12"
