"""Gait: what does not belong to an even walk is refused or told in its row, and is in no mean."""

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.assessment.statistics.measured import repeated_metrics
from mocap.config.protocols import Protocol, read_protocol
from mocap.pipeline.assess_gait import assess_gait
from mocap.synthetic import default_subject, walking
from mocap.synthetic.trial import SyntheticTrial
from mocap.trial import Event, JointAngles

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
