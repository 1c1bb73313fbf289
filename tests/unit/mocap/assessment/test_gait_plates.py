"""Contacts with a force plate: one foot alone, wholly on it."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.gait.plates import PlateSettings, plate_contacts, within
from mocap.assessment.gait.walker import Foot
from mocap.config.build import build
from mocap.config.protocols import read_protocol

SETTINGS = build(PlateSettings, read_protocol("gait").section("plates"), "gait")
RATE, LOAD_RATE = 100.0, 1000.0
CORNERS = np.array([[0.0, 0.0, 0.0], [0.6, 0.0, 0.0], [0.6, 0.4, 0.0], [0.0, 0.4, 0.0]])
TIME = np.arange(0, 2.0, 1 / RATE)


def standing_foot(heel_x: float, y: float = 0.2) -> Foot:
    """Comes from the left, stands from 0.5 to 1.2 s with its heel at a place, and goes on."""
    moved = np.interp(TIME, [0.0, 0.5, 1.2, 2.0], [heel_x - 1.0, heel_x, heel_x, heel_x + 1.5])
    lift = np.interp(TIME, [0.0, 0.3, 0.5, 1.2, 1.4, 2.0], [0.15, 0.1, 0.03, 0.03, 0.2, 0.2])
    heel = np.stack([moved, np.full(len(TIME), y), lift], axis=1)
    return Foot(heel, heel + np.array([0.18, 0.0, 0.0]))


def swinging_foot(y: float = 0.3) -> Foot:
    """Swings low over the plate while the other stands."""
    moved = np.interp(TIME, [0.0, 0.6, 1.1, 2.0], [-0.8, -0.6, 0.9, 0.9])
    heel = np.stack([moved, np.full(len(TIME), y), np.full(len(TIME), 0.04)], axis=1)
    return Foot(heel, heel + np.array([0.18, 0.0, 0.0]))


def load(start_s: float = 0.503, stop_s: float = 1.207, offset_n: float = 0.0) -> np.ndarray:
    at = np.arange(0, 2.0, 1 / LOAD_RATE)
    # The foot comes down gently.
    force = np.where(at < start_s + 0.05, 60.0, 700.0)
    return np.where((at >= start_s) & (at < stop_s), force, 0.0) + offset_n


def found(load_n: np.ndarray, right: Foot, left: Foot, settings: PlateSettings = SETTINGS):
    return plate_contacts(load_n, LOAD_RATE, CORNERS, {"right": right, "left": left}, RATE, settings)


@pytest.mark.parametrize("offset_n", [0.0, 15.0, -100.0])
def test_a_clean_strike(offset_n: float) -> None:
    events, why = found(load(offset_n=offset_n), standing_foot(0.1), swinging_foot())
    assert why == ()
    assert [(event.label, event.side, event.source) for event in events] == [
        ("initial_contact", "right", "force_plate"), ("final_contact", "right", "force_plate"),
    ]  # fmt: skip
    assert [event.time_s for event in events] == pytest.approx([0.503, 1.207], abs=1e-9)


@pytest.mark.parametrize(("right", "left", "why"), [
    (standing_foot(-0.1), swinging_foot(), "the right heel is not within it"),
    (standing_foot(0.40), swinging_foot(), "the right toe is not within it"),
    (standing_foot(0.1), standing_foot(0.3, 0.35), "both feet are on it"),
    (standing_foot(0.1, 1.0), swinging_foot(0.9), "no foot is seen on it"),
])  # fmt: skip
def test_a_strike_that_is_not_clean(right: Foot, left: Foot, why: str) -> None:
    events, told = found(load(), right, left)
    assert events == ()
    assert why in told[0]


def test_short_loads_and_lasting_ones() -> None:
    assert found(load(0.5, 0.6), standing_foot(0.1), swinging_foot()) == ((), ())
    events, why = found(np.full(2000, 700.0), standing_foot(0.1), swinging_foot())
    assert events == ()
    assert "never unloaded" in why[0]
    # A load that lasts to the end has no end that was seen.
    events, _ = found(load(0.503, 2.5), standing_foot(0.1), swinging_foot())
    assert [event.label for event in events] in ([], ["initial_contact"])
    assert found(load(), standing_foot(0.1), swinging_foot(), replace(SETTINGS, threshold_n=800.0))[0] == ()


def test_within_a_polygon() -> None:
    points = np.array([[0.3, 0.2], [0.7, 0.2], [0.0, 0.0], [np.nan, 0.2], [0.3, -0.01]])
    for corners in (CORNERS[:, :2], CORNERS[::-1, :2]):
        assert within(points, corners).tolist() == [True, False, True, False, False]
