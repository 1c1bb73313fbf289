"""Lunges towards a wall at a known place, with known inclination of the shank."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.knee_to_wall import KneeToWallSettings, find_wall
from mocap.assessment.knee_to_wall.measured import set_up
from mocap.assessment.movement import Movement
from mocap.assessment.values import Value
from mocap.config.protocols import read_protocol
from mocap.pipeline.assess_knee_to_wall import LABELS, assess_knee_to_wall
from mocap.synthetic import default_subject, faced, lunge, static_standing

SUBJECT = default_subject(seed=3)
INCLINATIONS = (30.0, 35.0, 38.0)
HALLUX_M = SUBJECT.foot_length - SUBJECT.heel_to_ankle  # ahead of the ankle, which stands at x = 0
HEADING, ORIGIN = np.deg2rad(130.0), np.array([1.0, -2.0, 0.0])


def wall_of(distance_m: float) -> dict[str, np.ndarray]:
    """Points on a wall ahead of the toes of a person who stands at ORIGIN and faces HEADING."""
    ahead, left = np.array([np.cos(HEADING), np.sin(HEADING), 0]), np.array([-np.sin(HEADING), np.cos(HEADING), 0])
    middle = ORIGIN + (HALLUX_M + distance_m) * ahead
    return {f"WALL{k}": middle + a * left + [0, 0, b] for k, (a, b) in enumerate(((-0.2, 0.3), (0.3, 0.4), (0.1, 0.9)))}


def reach_m(shank_deg: float) -> float:
    """How far the front of the knee is ahead of the ankle, the patella 50 mm ahead of its centre."""
    return SUBJECT.shank * np.sin(np.deg2rad(shank_deg)) + 0.050


@pytest.fixture
def assessed(movement_of):
    def run(trial, distance_m=None, **more):
        turned = faced(trial, HEADING, ORIGIN)
        n = len(turned.points.position)
        walls = {} if distance_m is None else wall_of(distance_m)
        extra = {name: np.broadcast_to(one, (n, 3)) for name, one in walls.items()}
        return assess_knee_to_wall(movement_of(turned, extra=extra, **more), read_protocol("knee_to_wall"))

    return run


@pytest.mark.parametrize(("side", "sigma_m"), [("r", 0.0), ("l", 0.0), ("r", 1e-3)])
def test_distance_and_inclination(assessed, side, sigma_m) -> None:
    # The wall is where the knee of the third lunge just touches it: only that one makes contact.
    distance = reach_m(INCLINATIONS[2]) - HALLUX_M
    trial = lunge(SUBJECT, INCLINATIONS, 3, side)
    made, events = assessed(trial, distance, sigma_m=sigma_m)
    table = made.repetitions
    assert table.rows == 3 and {one.label for one in events} == {*LABELS}
    assert set(table.told("side")) == {"right" if side == "r" else "left"}
    # Measured: 0.05 deg without noise, 0.4 deg with 1 mm; the limit is 2 deg.
    np.testing.assert_allclose(table["shank_inclination"].values, INCLINATIONS, atol=0.1 if not sigma_m else 0.8)
    bottom = [round((one.bottom_s + one.rise_s) * 50) for one in trial.repetitions]
    ankle = trial.truth_deg(f"ankle_dorsiflexion_{side}")[bottom]
    np.testing.assert_allclose(table["ankle_dorsiflexion"].values, ankle, atol=0.1 if not sigma_m else 1.2)
    assert table.told("contact") == ("no", "no", "yes")
    assert "stays" in table["distance"].reasons[0]
    # Measured: 0.00 mm without noise, 0.2 mm with it; the limit is 5 mm.
    assert table["distance"].values[2] == pytest.approx(100 * distance, abs=0.1)
    gaps = 1000 * (reach_m(38.0) - np.array([reach_m(one) for one in INCLINATIONS]))
    np.testing.assert_allclose(table["knee_gap"].values, gaps, atol=2.0)
    assert table.told("set_up")[2] == "consistent"
    if sigma_m:
        assert 0.5 < table["distance"].sd[2] < 0.6 and 0 < table["shank_inclination"].sd[2] < 2


def _one_after_another(one: Movement, other: Movement) -> Movement:
    """Return two movements as one recording."""
    angles = replace(one.angles, values=np.concatenate([one.angles.values, other.angles.values]), sd=None,
                     frame_reason=None, frame_reason_words=("",))  # fmt: skip
    places = {name: np.concatenate([place, other.place(name)]) for name, place in one.places.items()}
    return replace(one, angles=angles, places=places, measures={})


def test_sides_are_told_by_their_best_lunge(movement_of) -> None:
    right, left = (movement_of(lunge(SUBJECT, *of)) for of in (((36.0, 38.0), 2, "r"), (33.0, 1, "l")))
    made, _ = assess_knee_to_wall(_one_after_another(right, left), read_protocol("knee_to_wall"))
    assert made.repetitions.told("side") == ("right", "right", "left")
    sides, difference = made.table("sides"), made.table("difference")
    np.testing.assert_allclose(sides["shank_inclination"].values, [38.0, 33.0], atol=0.1)
    np.testing.assert_allclose(sides["shank_inclination_mean"].values, [37.0, 33.0], atol=0.1)
    assert sides["shank_inclination"].n.tolist() == [2, 1]
    assert difference["shank_inclination_difference"].values[0] == pytest.approx(5.0, abs=0.2)
    # No wall: the inclination alone, and the reason.
    assert np.isnan(sides["distance"].values).all() and "no wall is known" in sides["distance"].reasons[0]
    assert set(made.repetitions.told("contact")) == {"not known"}
    assert any("no wall is known" in note for note in made.notes)


def test_a_heel_that_rises_is_no_lunge_to_the_end(assessed) -> None:
    trial = lunge(SUBJECT, 38.0, 1, heel_lift_deg=12.0)
    made, _ = assessed(trial, reach_m(36.0) - HALLUX_M)
    assert np.isnan(made.repetitions["distance"].values[0])
    assert "heel rises 5 mm or more" in made.repetitions["distance"].reasons[0]
    height = 1000 * (trial.points.point("RHEEL")[:, 2] - trial.points.point("RHEEL")[0, 2])
    assert made.repetitions["heel_rise"].values[0] == pytest.approx(height.max(), abs=0.5)
    # The inclination is that of the last instant with the heel down.
    truth = trial.truth_deg("shank_inclination_r")[height < 5].max()
    assert made.repetitions["shank_inclination"].values[0] == pytest.approx(truth, abs=1.0)
    assert made.repetitions["shank_inclination"].values[0] < 36


def test_a_wall_by_statement_and_points_that_show_none(movement_of) -> None:
    trial = lunge(SUBJECT, 38.0, 1)
    distance = reach_m(38.0) - HALLUX_M
    stated = movement_of(trial, context={"wall_x_m": HALLUX_M + distance})
    made, _ = assess_knee_to_wall(stated, read_protocol("knee_to_wall"))
    assert made.repetitions["distance"].values[0] == pytest.approx(100 * distance, abs=0.1)
    line = {f"WALL{k}": np.tile([0.5, 0.1 * k, 0.2], (stated.n_frames, 1)) for k in range(3)}
    wall = find_wall(replace(stated, places={**stated.places, **line}, context={}))
    assert not wall.known and "lie on a line" in wall.method


def test_no_lunge_at_all_is_explained(movement_of) -> None:
    made, events = assess_knee_to_wall(movement_of(static_standing(SUBJECT)), read_protocol("knee_to_wall"))
    assert made.repetitions.rows == 0 and not events and not made.tables
    assert any(note.startswith("no lunge") for note in made.notes)


def test_a_set_up_that_does_not_agree_is_told(settings_of) -> None:
    settings = settings_of(KneeToWallSettings, "knee_to_wall", "knee_to_wall")
    assert set_up(Value(10.0), Value(47.9), settings) == "consistent"
    assert set_up(Value(10.0), Value(48.1), settings).startswith("look at it: 10.0 cm let expect 36 deg")
