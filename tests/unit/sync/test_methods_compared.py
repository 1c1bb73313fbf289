"""What one method says of the clocks held against another, with offsets that are given."""

import numpy as np
import pytest

from mocap.pipeline import synchronisation_methods as methods
from mocap.pipeline.synchronisation_check import held_against
from mocap.readers.frame_times_cameras import nominal_times
from mocap.sync.flash import LONE_FLASH
from mocap.sync.frame_times import against_median

NAMES, INTERVAL = ("a", "b", "c", "d"), np.full(4, 0.02)
OTHER_LAMP = [0.0, 0.01, 0.0, 1.5]


def told(method, offset, sd=0.002, words=()):
    return against_median(NAMES, method, np.array(offset, float), np.full(4, sd), INTERVAL, words=words)


def lone(offset):
    return told("flash", offset, words=(f"It {LONE_FLASH}.",))


def test_what_agrees_is_confirmed_and_no_longer_doubted():
    found = held_against(lone([0, 0.01, 0, 0.3]), [told("sound", [0.2, 0.225, 0.2, 0.5])], INTERVAL)
    assert found.method == "flash" and found.offset_s[3] == pytest.approx(0.3)
    assert not any(LONE_FLASH in words for words in found.words)
    assert any("sound of a, b, c, d agrees with the flash to within" in words for words in found.words)


@pytest.mark.parametrize(("offset_s", "sd_s"), [(0.099, 0.002), (0.03, 0.002), (0.03, 0.05)])
def test_what_lies_beside_is_neither_confirmed_nor_contradicted(offset_s, sd_s):
    # Sound lies up to some tens of ms beside the picture; 0.1 s is no contradiction, and no agreement either.
    sound = against_median(NAMES, "sound", np.array([0, offset_s, 0, 0]), np.full(4, sd_s), INTERVAL)
    found = held_against(lone([0, 0, 0, 0]), [sound], INTERVAL)
    assert found.method == "flash" and found.estimable.all()
    assert any(LONE_FLASH in words for words in found.words)
    assert any("sound of a, c, d agrees with the flash to within" in words for words in found.words)
    assert any("sound of b lies up to" in words and "too far to confirm" in words for words in found.words)


@pytest.mark.parametrize(
    ("flash", "movement"),
    [([0, 0.5, 0.5, 0.5], [0, 0, np.nan, np.nan]), ([0, 0.5, 1.5, 0], [0, 0, 0, np.nan])],
)
def test_nothing_on_one_flash_is_told_where_no_majority_agrees(flash, movement):
    # Of two cameras that contradict each other either may have seen the other light, the reference too.
    found = held_against(lone(flash), [told("motion", movement)], INTERVAL)
    assert found.method == "flash" and not found.estimable.any() and not found.shifted.any()
    assert not any("Shifting camera" in said for said in found.words)
    assert any("Which is right cannot be told." in said for said in found.words)


def test_cameras_of_two_flashes_stay_where_others_on_one_are_contradicted():
    best = told("flash", [0, 0, 1.5, 0.3], words=(f"What is said of 'c', 'd' {LONE_FLASH}.",))
    found = held_against(best, [told("motion", [0, np.nan, 0, np.nan])], INTERVAL)
    assert found.estimable.tolist() == [True, True, False, False]


def test_one_flash_yields_to_what_tells_as_many_cameras():
    found = held_against(lone(OTHER_LAMP), [told("sound", [0.2, 0.2, 0.2, 0.3])], INTERVAL)
    assert found.method == "sound" and found.offset_s[3] == pytest.approx(0.1)
    assert any("'d' they contradict each other: -75.0 frames by flash, -5.0 by sound" in said for said in found.words)


def test_a_camera_that_is_contradicted_is_not_told_where_the_other_tells_fewer():
    found = held_against(lone(OTHER_LAMP), [told("motion", [0.0, np.nan, 0.0, 0.05])], INTERVAL)
    assert found.method == "flash" and found.estimable.tolist() == [True, True, True, False]
    assert not found.shifted[3] and not any("Shifting camera 'd'" in said for said in found.words)
    assert any("-2.5 by motion. Which is right cannot be told." in said for said in found.words)


def test_several_flashes_stay_and_the_contradiction_is_told():
    found = held_against(told("flash", OTHER_LAMP), [told("sound", [0, 0, 0, 0])], INTERVAL)
    assert found.method == "flash" and found.offset_s[3] == pytest.approx(1.5)
    assert any("contradict each other" in said for said in found.words)


def test_one_camera_in_common_tells_nothing():
    best = lone(OTHER_LAMP)
    other = told("sound", [np.nan, np.nan, np.nan, np.nan])
    assert held_against(best, [other], INTERVAL).words == best.words


@pytest.mark.parametrize(("late_s", "method"), [(0.0, "timestamps"), (0.3, "motion")])
def test_the_movement_that_checks_frame_times_leaves_what_else_contradicts_them(monkeypatch, late_s, method):
    answers = {
        "timestamps": told("timestamps", [0, 0, 0, np.nan]),
        "motion": told("motion", [0, late_s, 0, np.nan]),
        "flash": told("flash", [0, 0, 1.5, np.nan]),
        "sound": told("sound", [np.nan] * 4),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(methods, f"_by_{name}", lambda *_, answer=answer: answer)
    evidence = methods.Evidence(nominal_times(NAMES, 9, 50.0), (), object(), None)
    found, _ = methods.estimate_clocks("auto", evidence, lambda *_: None)
    assert found.method == method and found.shifted.any() == (late_s > 0)
    assert any("'c' they contradict each other: -0.0 frames by timestamps, -75.0 by flash" in w for w in found.words)
    assert any("goes before them" in words for words in found.words) == (late_s > 0)
