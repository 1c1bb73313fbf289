"""Gait: what is no walking, or walking that contacts cannot be told of, is refused with its reason."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.config.protocols import Protocol, read_protocol
from mocap.pipeline.assess_gait import assess_gait
from mocap.synthetic import default_subject, walking
from mocap.synthetic.gait import GaitStyle
from mocap.synthetic.trial import SyntheticTrial
from mocap.trial import Event, JointAngles

RATE = 100.0
OTHER = {"R": "L", "L": "R"}


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return read_protocol("gait")


@pytest.fixture(scope="module")
def walk() -> SyntheticTrial:
    return walking(default_subject(), 6.0, RATE)


def movement(places: dict[str, np.ndarray], events: tuple[Event, ...] = (), start_s: float = 0.0) -> Movement:
    n = len(next(iter(places.values())))
    return Movement(JointAngles((), np.zeros((n, 0)), RATE, start_s=start_s), places, events=events)


def places_of(trial: SyntheticTrial) -> dict[str, np.ndarray]:
    points = {name: trial.points.position[:, k] for k, name in enumerate(trial.points.names)}
    return points | dict(trial.joint_centres)


def turned(places: dict[str, np.ndarray], angle: np.ndarray | float, centre: np.ndarray) -> dict[str, np.ndarray]:
    """All places turned about the vertical through a centre, by one angle or one per frame."""
    c, s = np.cos(angle), np.sin(angle)
    return {
        name: np.stack([
            centre[..., 0] + c * (p - centre)[..., 0] - s * (p - centre)[..., 1],
            centre[..., 1] + s * (p - centre)[..., 0] + c * (p - centre)[..., 1], p[..., 2],
        ], axis=-1)
        for name, p in places.items()
    }  # fmt: skip


def pelvis(places: dict[str, np.ndarray]) -> np.ndarray:
    return (places["RPSIS"] + places["LPSIS"]) / 2


def off_truth(trial: SyntheticTrial, detected: tuple[Event, ...], shift_s: float = 0.0, swap: bool = False) -> float:
    """The largest distance of a true event, away from the ends, from the detected one."""
    sides = {"r": "left", "l": "right"} if swap else {"r": "right", "l": "left"}
    last = trial.time_s[-1]
    found = [
        min(abs(one.time_s - event.time_s - shift_s) for one in detected
            if (one.side, one.label) == (sides[event.side], event.label))
        for event in trial.events if 0.1 < event.time_s < last - 0.1
    ]  # fmt: skip
    return max(found)


def test_walking_there_and_back_gives_two_passes(walk: SyntheticTrial, protocol: Protocol) -> None:
    there = places_of(walk)
    end = pelvis(there)[-1]
    n_turn = 150
    turn = turned({name: np.repeat(p[-1:], n_turn, axis=0) for name, p in there.items()},
                  np.linspace(0, np.pi, n_turn), end)  # fmt: skip
    start = pelvis(there)[0]
    back = turned({name: p - start + end for name, p in there.items()}, np.pi, end)
    whole = {name: np.concatenate([there[name], turn[name], back[name]]) for name in there}
    made, detected = assess_gait(movement(whole), protocol)
    seconds = walk.time_s[-1]
    assert off_truth(walk, tuple(one for one in detected if one.time_s < seconds)) <= 0.01
    later = tuple(one for one in detected if one.time_s > seconds + n_turn / RATE)
    assert off_truth(walk, later, shift_s=(len(walk.time_s) + n_turn) / RATE) <= 0.01
    starts, ends = (made.repetitions[name].values for name in ("start_time", "end_time"))
    # The pelvis comes to rest at once, in the middle of a stride, and its velocity is one over a second.
    assert not np.any((starts < seconds) & (ends > seconds + 0.1))
    assert made.repetitions.rows >= 2 * 8


def test_walking_in_a_circle_is_refused(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = places_of(walk)
    path = pelvis(places)[:, 0]
    radius = 2.0
    angle = (path - path[0]) / radius
    centred = {name: p - np.stack([path, 0 * path, 0 * path], axis=1) + [0, -radius, 0] for name, p in places.items()}
    made, detected = assess_gait(movement(turned(centred, angle, np.zeros(3))), protocol)
    assert (made.repetitions.rows, detected) == (0, ())
    assert "turning" in made.rejected[0].reason
    assert "turning" in made.notes[0]


def test_walking_backwards_is_refused(walk: SyntheticTrial, protocol: Protocol) -> None:
    made, detected = assess_gait(movement({name: p[::-1] for name, p in places_of(walk).items()}), protocol)
    assert (made.repetitions.rows, detected) == (0, ())
    assert "backwards" in made.notes[0]


def test_shuffling_is_refused(protocol: Protocol) -> None:
    trial = walking(default_subject(), 6.0, RATE, style=GaitStyle(stride_length=0.09, stride_s=0.6))
    slow = {**protocol.sections["contacts"]}
    slow["prominence"] = replace(slow["prominence"], value=0.01)
    eager = replace(protocol, sections={**protocol.sections, "contacts": slow})
    made, _ = assess_gait(movement(places_of(trial)), eager)
    assert made.repetitions.rows == 0
    assert any("shuffling: a step of" in one.reason for one in made.rejected)
    # Under the settings as they are nothing of it is taken for a cycle either.
    assert assess_gait(movement(places_of(trial)), protocol)[0].repetitions.rows == 0


def test_contact_by_the_forefoot_is_refused(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = places_of(walk)
    heel = places["RHEEL"].copy()
    for event in walk.events:
        if (event.side, event.label) == ("r", "initial_contact"):
            heel[:, 2] += 0.12 * np.exp(-(((walk.time_s - event.time_s) / 0.15) ** 2))
    made, detected = assess_gait(movement({**places, "RHEEL": heel}), protocol)
    assert not [one for one in detected if (one.side, one.label) == ("right", "initial_contact")]
    assert any("by the forefoot" in one.reason for one in made.rejected)
    assert "right" not in (made.repetitions.told("side") if made.repetitions.rows else ())


def test_lacking_points_are_named(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = {name: p for name, p in places_of(walk).items() if name not in ("RHEEL", "LMT1", "LMT2", "LHALLUX")}
    made, detected = assess_gait(movement(places), protocol)
    assert (made.repetitions.rows, detected) == (0, ())
    assert "no right heel; no left forefoot" in made.notes[0]


def test_a_gap_costs_its_own_events_alone(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = places_of(walk)
    heel = places["LHEEL"].copy()
    hidden = next(event.time_s for event in walk.events if (event.side, event.label) == ("l", "initial_contact")
                  and event.time_s > 2.0)  # fmt: skip
    gap = np.abs(walk.time_s - hidden) < 0.15
    heel[gap] = np.nan
    made, detected = assess_gait(movement({**places, "LHEEL": heel}), protocol)
    near = [one for one in detected if (one.side, one.label) == ("left", "initial_contact")
            and abs(one.time_s - hidden) < 0.1]  # fmt: skip
    assert all(one.note for one in near)
    whole, _ = assess_gait(movement(places), protocol)
    assert 0 < made.repetitions.rows < whole.repetitions.rows
    assert any("out of order" in one.note for one in detected)
    assert any("between its two initial contacts" in one.reason for one in made.rejected)


def test_on_a_treadmill(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = places_of(walk)
    speed = walk.subject.stature * GaitStyle().stride_length / GaitStyle().stride_s
    belt = np.stack([speed * walk.time_s, 0 * walk.time_s, 0 * walk.time_s], axis=1)
    made, detected = assess_gait(movement({name: p - belt for name, p in places.items()}), protocol)
    over_ground, _ = assess_gait(movement(places), protocol)
    assert off_truth(walk, detected) <= 0.01
    assert made.repetitions.rows == over_ground.repetitions.rows
    for name, limit in (("stride_length", 0.01), ("speed", 0.01), ("step_width", 0.002)):
        difference = made.repetitions[name].values - over_ground.repetitions[name].values
        assert np.abs(difference).max() <= limit, name


def test_mirrored_walking_gives_mirrored_events(walk: SyntheticTrial, protocol: Protocol) -> None:
    mirrored = {
        OTHER.get(name[0], name[0]) + name[1:] if name[0] in OTHER else name: p * [1.0, -1.0, 1.0]
        for name, p in places_of(walk).items()
    }
    _, straight = assess_gait(movement(places_of(walk)), protocol)
    _, other = assess_gait(movement(mirrored), protocol)
    swap = {"right": "left", "left": "right"}
    # The clusters have no mirror images of their own, the feet have.
    assert len(straight) == len(other)
    for one, two in zip(straight, other, strict=True):
        assert (one.label, swap[one.side]) == (two.label, two.side)
        assert abs(one.time_s - two.time_s) < 1e-9


def test_times_are_on_the_clock_of_the_trial(walk: SyntheticTrial, protocol: Protocol) -> None:
    made, detected = assess_gait(movement(places_of(walk), start_s=5.0), protocol)
    assert off_truth(walk, detected, shift_s=5.0) <= 0.01
    assert made.repetitions["start_time"].values[0] > 5.0
    plain, _ = assess_gait(movement(places_of(walk)), protocol)
    assert np.abs(made.repetitions["stride_length"].values - plain.repetitions["stride_length"].values).max() < 1e-9


def test_edited_events_take_the_place_of_detected_ones(walk: SyntheticTrial, protocol: Protocol) -> None:
    before, detected = assess_gait(movement(places_of(walk)), protocol)
    first = [one for one in detected if (one.side, one.label) == ("right", "initial_contact")][2]
    moved = replace(first, time_s=first.time_s + 0.03, source="edited", replaces_s=first.time_s)
    made, again = assess_gait(movement(places_of(walk), (moved,)), protocol)
    assert again == detected
    assert made.repetitions.rows == before.repetitions.rows
    rows = np.flatnonzero(np.abs(made.repetitions["start_time"].values - moved.time_s) < 1e-9)
    assert len(rows) == 1
    assert "edited" in made.repetitions.told("events_from")[rows[0]]
    out = replace(first, time_s=float("nan"), source="edited", replaces_s=first.time_s)
    fewer, _ = assess_gait(movement(places_of(walk), (out,)), protocol)
    assert fewer.repetitions.rows < before.repetitions.rows


def test_short_gaps_are_bridged(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = {name: p.copy() for name, p in places_of(walk).items()}
    rng = np.random.default_rng(4)
    for name in ("RHEEL", "LHEEL", "RMT2", "LMT2", "RPSIS"):
        for start in rng.integers(10, len(walk.time_s) - 20, 6):
            places[name][start : start + rng.integers(1, 6)] = np.nan
    made, detected = assess_gait(movement(places), protocol)
    whole, _ = assess_gait(movement(places_of(walk)), protocol)
    assert off_truth(walk, detected) <= 0.012
    assert made.repetitions.rows == whole.repetitions.rows


def test_a_foot_that_is_not_seen_costs_its_stretch(walk: SyntheticTrial, protocol: Protocol) -> None:
    places = places_of(walk)
    heel = places["RHEEL"].copy()
    heel[:350] = np.nan
    made, detected = assess_gait(movement({**places, "RHEEL": heel}), protocol)
    assert made.repetitions["start_time"].values.min() > 2.0
    early = [one for one in detected if one.time_s < 3.3 and (one.side, one.label) == ("right", "initial_contact")]
    assert early == []
