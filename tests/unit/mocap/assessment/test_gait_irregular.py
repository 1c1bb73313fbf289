"""Gait: what does not belong to an even walk is refused or told in its row, and is in no mean."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.gait.norms import NormCurve, NormRange, NormSet
from mocap.assessment.movement import Movement
from mocap.assessment.statistics.measured import repeated_metrics
from mocap.config.protocols import Protocol, read_protocol
from mocap.errors import ConfigError
from mocap.pipeline.assess_gait import assess_gait
from mocap.pipeline.norms import settings_sha256
from mocap.synthetic import default_subject, walking
from mocap.synthetic.gait import GaitStyle
from mocap.synthetic.trial import SyntheticTrial
from mocap.trial import Assessment, Event, JointAngles

RATE, STRIDE_S = 100.0, 1.1
FEET = ("HEEL", "MT1", "MT2", "MT5", "HALLUX", "TOE")


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return read_protocol("gait")


@pytest.fixture(scope="module")
def walk() -> SyntheticTrial:
    return walking(default_subject(), 8.0, RATE)


def movement(places: dict[str, np.ndarray], events: tuple[Event, ...] = ()) -> Movement:
    n = len(next(iter(places.values())))
    return Movement(JointAngles((), np.zeros((n, 0)), RATE), places, events=events)


def places_of(trial: SyntheticTrial) -> dict[str, np.ndarray]:
    points = {name: trial.points.position[:, k].copy() for k, name in enumerate(trial.points.names)}
    return points | dict(trial.joint_centres)


@pytest.mark.parametrize("strides", [1.22, 2.2])
def test_a_gap_of_both_feet_is_no_long_cycle(walk: SyntheticTrial, protocol: Protocol, strides: float) -> None:
    places = places_of(walk)
    for name, place in places.items():
        if name[1:] in FEET:
            place[int(2.7 * STRIDE_S * RATE) : int((2.7 + strides) * STRIDE_S * RATE)] = np.nan
    made, _ = assess_gait(movement(places), protocol)
    assert made.repetitions.rows > 0
    # Without the check 2.197 s and 3.3 s.
    assert np.abs(made.repetitions["stride_time"].values - STRIDE_S).max() <= 0.15
    assert any("both feet are not seen" in one.reason for one in made.rejected)


def test_missed_contacts_are_no_long_cycle(walk: SyntheticTrial, protocol: Protocol) -> None:
    """The four events of one stride taken out by a reviewer leave the others in their order."""
    _, detected = assess_gait(movement(places_of(walk)), protocol)
    gone = tuple(Event(np.nan, one.label, one.side, 1.0, "edited", replaces_s=one.time_s)
                 for one in detected[12:16])  # fmt: skip
    made, _ = assess_gait(movement(places_of(walk), gone), protocol)
    assert made.repetitions["stride_time"].values.max() <= STRIDE_S + 0.15
    assert sum("times the median" in one.reason for one in made.rejected) >= 2


@pytest.mark.parametrize("pause_s", [0.3, 0.6])
def test_a_hesitation_is_in_no_mean(walk: SyntheticTrial, protocol: Protocol, pause_s: float) -> None:
    places, at = places_of(walk), 417
    held = {name: np.concatenate([p[:at], np.repeat(p[at : at + 1], int(pause_s * RATE), axis=0), p[at:]])
            for name, p in places.items()}  # fmt: skip
    made, _ = assess_gait(movement(held), protocol)
    table, sides = made.repetitions, made.table("sides")
    out = np.array([bool(one) for one in table.told("left_out")])
    assert np.abs(table["stride_time"].values[~out] - STRIDE_S).max() <= 0.03
    # 1.4 s is told and left out, 1.7 s is as long as two strides.
    told = (*table.told("left_out"), *(one.reason for one in made.rejected))
    assert sum("median" in one for one in told) == 2
    assert sides is not None
    assert np.abs(sides["stride_time_mean"].values - STRIDE_S).max() <= 0.02


def test_a_contact_at_an_edge_is_in_no_mean(walk: SyntheticTrial, protocol: Protocol) -> None:
    """The first contact, at 0 s, is told 0.115 s late, and its speed 1.30 m/s."""
    made, _ = assess_gait(movement(places_of(walk)), protocol)
    assert "edge" in made.repetitions.told("left_out")[0]
    sides = made.table("sides")
    assert sides is not None
    assert sides["cycles"].values.sum() < made.repetitions.rows
    assert np.abs(sides["speed_mean"].values - 1.177).max() <= 0.01
    assert any("are in no mean" in note for note in made.notes)


def test_cycles_left_out_are_not_compared_between_recordings(walk: SyntheticTrial, protocol: Protocol) -> None:
    made, _ = assess_gait(movement(places_of(walk)), protocol)
    out = np.array([bool(one) for one in made.repetitions.told("left_out")])
    right = np.array([side == "right" for side in made.repetitions.told("side")])
    assert np.array_equal(np.isnan(repeated_metrics(made)["speed_r"].values), out[right])


def test_a_plate_strike_far_off_moves_nothing_but_itself(walk: SyntheticTrial, protocol: Protocol) -> None:
    _, alone = assess_gait(movement(places_of(walk)), protocol)
    struck = [one for one in alone if (one.side, one.label) == ("right", "initial_contact")][2]

    def told(off_s: float) -> tuple[Assessment, tuple[Event, ...]]:
        strike = Event(struck.time_s + off_s, struck.label, "right", 1.0, "force_plate", 0.001)
        return assess_gait(movement(places_of(walk), (strike,)), protocol)

    made, detected = told(0.09)
    assert [one.time_s for one in detected] == [one.time_s for one in alone]
    flagged = [row for row, words in enumerate(made.repetitions.told("review")) if "+90 ms" in words]
    assert len(flagged) >= 2
    assert all(made.repetitions.told("left_out")[row] for row in flagged)
    # A strike that agrees moves the others, and does not make them surer than the methods are.
    near, moved = told(0.01)
    assert not any("ms from what the course" in words for words in near.repetitions.told("review"))
    before, after = ([one for one in found if (one.side, one.label) == ("right", "initial_contact")]
                     for found in (alone, moved))  # fmt: skip
    assert after[3].time_s - before[3].time_s == pytest.approx(0.01, abs=0.002)
    assert all(new.sd_s >= old.sd_s for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize(("name", "value"), [
    ("contacts.most_disagreement_s", "0"), ("contacts.method_sd_s", "0"), ("contacts.window_after_s", "1e4"),
    ("contacts.prominence", "-1"), ("passes.window_s", "-1"), ("passes.window_s", "nan"),
    ("report.fewest_cycles", "-1"),
])  # fmt: skip
def test_settings_out_of_range_are_refused(walk: SyntheticTrial, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.split(".")[1]) as refused:
        assess_gait(movement(places_of(walk)), read_protocol("gait", None, {name: value}))
    assert refused.value.code == "CONFIG_VALUE"


@pytest.mark.parametrize("make", [
    lambda: NormCurve((0.0, 100.0), (np.nan, 1.0), (1.0, 1.0)), lambda: NormCurve((0.0,), (1.0,), (np.nan,)),
    lambda: NormCurve((0.0,), (1e300,), (1.0,)), lambda: NormRange(2.0, 1.0), lambda: NormRange(np.nan, 1.0),
    lambda: NormSet("n", "d", "p", "s", "v", gdi_a=1.7, gdi_b=-0.2),
    lambda: NormSet("n", "d", "p", "s", "v", gdi_a=1.7, gdi_b=0.0),
    lambda: NormSet("n", "d", "p", "s", "v", gdi_b=0.2),
])  # fmt: skip
def test_norms_without_sense_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigError) as refused:
        make()
    assert refused.value.code == "NORM"


def test_a_treadmill_on_which_the_person_drifts_is_refused(walk: SyntheticTrial, protocol: Protocol) -> None:
    """At 0.3 m/s forwards; taken for over ground it would be 0.30 for 1.177 m/s."""
    belt = np.outer((1.177 - 0.3) * walk.time_s, [1.0, 0.0, 0.0])
    made, detected = assess_gait(movement({name: p - belt for name, p in places_of(walk).items()}), protocol)
    assert (made.repetitions.rows, detected) == (0, ())
    assert "slide backwards at 0.8" in made.notes[0]


def test_the_content_of_a_norm_is_part_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    told = []
    for low in (1.0, 1.1, 1.0):
        path.write_text(f'description="d"\npopulation="p"\nsource="s"\nspeed="v"\n[ranges.speed]\nlow={low}\nhigh=2.0\n')
        told.append(settings_sha256(read_protocol("gait", None, {"report.norm": str(path)})))
    assert told[0] == told[2] != told[1]
    plain = read_protocol("gait")
    assert settings_sha256(plain) == plain.sha256


def test_very_short_steps_are_in_no_mean(protocol: Protocol) -> None:
    trial = walking(default_subject(), 6.0, RATE, style=GaitStyle(stride_length=0.25))
    made, _ = assess_gait(movement(places_of(trial)), protocol)
    assert made.repetitions.rows > 4
    assert all(made.repetitions.told("left_out"))
    sides = made.table("sides")
    assert sides is not None
    assert np.isnan(sides["stance_mean"].values).all()
