"""The tuck of simulated squats against its truth: size, onset, their intervals, and no call where there is none."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.assessment.wink import WinkSettings, wink_columns, winks_of
from mocap.assessment.wink.draw import block_draws
from mocap.assessment.wink.noise import through_filter
from mocap.assessment.wink.repetition import Wink
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.kinematics import kinematics
from mocap.readers.trc import read_trc
from mocap.signal.filters import Butterworth, lowpass
from mocap.synthetic.planted import Tempo
from mocap.synthetic.wink_curves import WinkCase, WinkCurves, coloured_noise, wink_curves
from mocap.trial import AngleDefinition, JointAngles

SETTINGS = build(WinkSettings, read_protocol("squat").section("wink"), "squat.toml")
RATE = 100.0
# Landmarks that give the tilt of a pelvis of 0.15 m depth 1 deg of noise have 2.6 mm each; the middle of the hips,
# which rests on four of them, has half of that.
HEIGHT_SD = 0.0013  # m per deg
SWAY = 0.003  # m
TILT = AngleDefinition("pelvic_tilt", "", "", "anterior", "", "absolute", "")
OF_LAB = 3.0  # deg: an MDC95 below which small tucks are called as well


def as_movement(curves: WinkCurves, sd: float, memory_s: float, seed: int, filtered: bool, stated: bool) -> Movement:
    """Curves with noise, as a trial: filtered before or not, with the size of the noise stated or not."""
    noise, correlation = coloured_noise(len(curves.tilt_deg), sd, memory_s, curves.rate_hz, seed)
    tilt = curves.tilt_deg + noise
    height = curves.height_m + HEIGHT_SD * sd * np.random.default_rng(seed + 1).standard_normal(len(tilt))
    if filtered:
        linear = Butterworth(6.0, curves.rate_hz)
        tilt, height = linear(np.stack([tilt, height], axis=1)).T
        share, correlation = through_filter(correlation, linear)
        sd *= float(np.sqrt(share))
    known = np.full((len(tilt), 1), np.deg2rad(sd) if stated else np.nan)
    hips = np.stack([np.zeros_like(height), np.zeros_like(height), height], axis=1)
    return Movement(
        JointAngles((TILT,), np.deg2rad(tilt)[:, None], curves.rate_hz, sd=known), {"RHJC": hips, "LHJC": hips},
        correlation=correlation, filtered=filtered,
    )  # fmt: skip


def repetitions_of(curves: WinkCurves) -> list[Repetition]:
    return [
        Repetition(start, bottom, end, bottom, rise, False, curves.standing_m - curves.height_m[bottom],
                   curves.standing_m)
        for start, bottom, rise, end in zip(
            curves.start.tolist(), curves.bottom.tolist(), curves.rise.tolist(), curves.end.tolist(), strict=True)
    ]  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """Of many repetitions: errors (deg, depth), and whether intervals hold the truth."""

    winks: list[Wink]
    magnitude: np.ndarray
    onset: np.ndarray
    magnitude_held: np.ndarray
    onset_held: np.ndarray

    @property
    def calls(self) -> np.ndarray:
        return np.array([one.detected for one in self.winks])


def scores(
    cases: list[WinkCase], sd: float, memory_s: float = 0.0, seed: int = 0, *, filtered: bool = False,
    stated: bool = True, mdc95: float = OF_LAB, settings: WinkSettings = SETTINGS,
) -> Scores:
    """Assess squats in trials of 25."""
    winks: list[Wink] = []
    truths, onsets = [], []
    for first in range(0, len(cases), 25):
        curves = wink_curves(cases[first : first + 25], RATE, SWAY, seed + first)
        movement = as_movement(curves, sd, memory_s, 100_000 * seed + first, filtered, stated)
        found = winks_of(movement, repetitions_of(curves), settings, mdc95, "of the test")
        winks += [one.wink for one in found.repetitions if one.wink is not None]
        truths.append(curves.magnitude_deg)
        onsets.append(curves.onset)
    assert len(winks) == len(cases)
    truth, onset = np.concatenate(truths), np.concatenate(onsets)
    found_onset = np.array([one.onset for one in winks])
    told = np.isfinite(found_onset)
    low, high = (np.array([getattr(one, f"magnitude_{end}") for one in winks]) for end in ("low", "high"))
    first_on, last_on = (np.array([getattr(one, f"onset_{end}") for one in winks]) for end in ("low", "high"))
    return Scores(
        winks, np.array([one.magnitude for one in winks]) - truth, (found_onset - onset)[told],
        (low <= truth) & (truth <= high), ((first_on <= onset) & (onset <= last_on))[told],
    )  # fmt: skip


def mixed(number: int, seed: int) -> list[WinkCase]:
    """Tucks of 5 to 25 deg from depths 0.5 to 0.95 on, sharp and round, of all tempos, with and without pauses."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(number):
        onset = float(rng.uniform(0.5, 0.95))
        rounded = min(float(rng.choice([0.0, rng.uniform(0.0, 0.1)])), 0.98 - onset)
        tempo = Tempo(0.6, rng.uniform(0.7, 2.5), float(rng.choice([0.0, 0.3, 1.0])), rng.uniform(0.7, 1.5))
        made.append(WinkCase(float(rng.uniform(5, 25)), onset, rounded, tempo, float(rng.uniform(0.3, 0.5))))
    return made


# Squats without a tuck: hump-free plateaus from early, middle and late on, a rise to the bottom, a rise that levels
# off, one that goes on slowly, and a step.
NONE: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda depth: 31 * np.minimum(depth / 0.25, 1),
    lambda depth: 31 * np.minimum(depth / 0.5, 1),
    lambda depth: 31 * np.minimum(depth / 0.85, 1),
    lambda depth: 31 * depth,
    lambda depth: 24 * (1 - (1 - np.clip(depth, 0, 1)) ** 2.2),
    lambda depth: 20 * np.clip(depth / 0.6, 0, 1) + 4 * depth,
    lambda depth: 25 * np.clip((depth - 0.35) / 0.3, 0, 1) ** 2 * (3 - 2 * np.clip((depth - 0.35) / 0.3, 0, 1)),
]


def without(number: int, seed: int) -> list[WinkCase]:
    rng = np.random.default_rng(seed)
    return [
        replace(one, shape=NONE[int(rng.integers(len(NONE)))], magnitude_deg=0.0) for one in mixed(number, seed)
    ]  # fmt: skip


def test_size_onset_and_their_intervals() -> None:
    found = scores(mixed(75, 1), 1.0, seed=3)
    assert abs(found.magnitude.mean()) <= 0.5
    assert abs(found.onset.mean()) <= 0.03
    assert found.onset.std() <= 0.05
    # Of 75, by chance: 95 % give or take 7.5.
    assert found.magnitude_held.mean() >= 0.87
    assert found.onset_held.mean() >= 0.87


def test_near_the_threshold_the_interval_reaches_down() -> None:
    cases = [WinkCase(6.5, 0.7, 0.0, Tempo(0.6, 1.2, 0.3, 1.1))] * 50
    found = scores(cases, 1.0, 0.1, seed=5, settings=replace(SETTINGS, bootstrap_draws=200))
    told = [one for one in found.winks if one.detected]
    near = [one for one in told if one.magnitude - one.threshold.value < 0.5 * one.magnitude_sd]
    assert len(near) >= 5
    assert all(one.magnitude - one.magnitude_low > 2.2 * one.magnitude_sd for one in near)
    assert all(one.magnitude_low <= one.magnitude <= one.magnitude_high for one in told)
    assert all(one.magnitude_unselected < one.magnitude - 0.5 * one.magnitude_sd for one in near)
    assert found.magnitude_held[found.calls].mean() >= 0.9


def test_the_columns_of_a_clear_tuck() -> None:
    curves = wink_curves([WinkCase(25.0, 0.8, 0.0, Tempo(0.6, 1.5, 0.1, 1.1))] * 3, RATE)
    plain = as_movement(curves, 0.3, 0.0, 4, filtered=False, stated=True)
    depth = np.clip((curves.standing_m - curves.height_m) / 0.42, 0.0, 1.0)
    angles = JointAngles(
        (TILT, replace(TILT, name="hip_flexion_r")),
        np.stack([plain.angles.values[:, 0], np.deg2rad(120.0 * depth)], axis=1), RATE,
        sd=np.repeat(plain.angles.sd, 2, axis=1),
    )  # fmt: skip
    movement = replace(plain, angles=angles)
    columns = {one.name: one for one in wink_columns(movement, repetitions_of(curves), SETTINGS)}
    value = {name: getattr(one, "values", None) for name, one in columns.items()}
    # Far above the threshold both sizes are the same.
    np.testing.assert_allclose(value["wink_magnitude_unselected"], value["wink_magnitude"], atol=0.02)
    early = columns["wink_earliness"]
    assert ((early.low < early.values) & (early.values < early.high)).all()
    np.testing.assert_allclose(value["wink_earliness"], 0.2, atol=0.02)
    tilt, start, bottom = curves.tilt_deg, curves.start, curves.bottom
    np.testing.assert_allclose(value["tilt_bottom_plateau"], tilt[bottom], atol=1.0)
    right_angle = [first + int(np.argmax(depth[first:] >= 0.75)) for first in start]
    np.testing.assert_allclose(value["tilt_hip_90_r"], tilt[right_angle], atol=0.6)
    assert abs(tilt[right_angle] - np.array([tilt[first + int(np.argmax(depth[first:] >= 0.667))] for first in start])
               ).min() > 0.7  # at 80 deg it is another  # fmt: skip


def test_a_fast_and_late_tuck_keeps_its_size() -> None:
    found = scores([WinkCase(25.0, 0.95, 0.0, Tempo(0.6, 0.7, 0.0, 0.7))] * 25, 0.3, seed=4)
    # Measured: 0.36 deg too large; 0.66 where the filter is not told what comes after the bottom.
    assert abs(found.magnitude.mean()) < 0.5
    assert abs(found.onset.mean()) < 0.01


def test_blocks_make_up_for_what_the_fit_takes() -> None:
    rest = np.concatenate([np.zeros(80), np.random.default_rng(1).standard_normal(20)])
    drawn = block_draws(rest, 80, 1, 4000, 2)
    assert not drawn[:80].any()
    # Five parameters of 20 steps.
    assert drawn[80:].std() == pytest.approx(rest[80:].std() * np.sqrt(20 / 15), rel=0.02)


def test_no_tuck_is_called_where_there_is_none() -> None:
    settings = replace(SETTINGS, bootstrap_draws=100)
    found = scores(without(75, 2), 3.0, seed=4, filtered=True, mdc95=1.0, settings=settings)
    assert not found.calls.any()


@pytest.mark.heavy
@pytest.mark.parametrize("tempo", [Tempo(0.6, 0.7, 0.0, 0.7), Tempo(0.6, 1.2, 0.3, 1.1), Tempo(0.6, 2.5, 1.0, 1.5)])
@pytest.mark.parametrize("smoothing", [0.0, 0.05])
def test_the_grid_of_sizes_and_onsets(tempo: Tempo, smoothing: float) -> None:
    # Measured of 87 cells of 400: size off by 0.6 of its limit at most, onset by 0.022 and scattering by 0.016 at most.
    for size in (5.0, 8.0, 12.0, 18.0, 25.0):
        for onset in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
            if onset + smoothing > 0.98:
                continue
            # A little above what is asked for, so that a rounded corner leaves that much.
            asked = size * (1.15 if smoothing else 1.0)
            found = scores([WinkCase(asked, onset, smoothing, tempo)] * 60, 1.0, seed=round(size + 100 * onset))
            assert abs(found.magnitude.mean()) <= max(0.7, 0.05 * size), (size, onset)
            assert abs(found.onset.mean()) <= 0.03, (size, onset)
            assert found.onset.std() <= 0.05, (size, onset)
            assert found.calls.mean() >= (0.95 if size >= 8 else 0.8), (size, onset)


@pytest.mark.heavy
@pytest.mark.parametrize("memory_s", [0.0, 0.1], ids=["white", "coloured"])
@pytest.mark.parametrize("sd", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("filtered", [False, True], ids=["raw", "filtered"])
def test_intervals_hold_the_truth(sd: float, memory_s: float, filtered: bool) -> None:
    found = scores(mixed(1000, 5), sd, memory_s, seed=6, filtered=filtered)
    # Measured on such sets: size 94.8 to 96.2 %, onset 94.1 to 96.3 %, whether a tuck is detected or not.
    assert 0.92 <= found.magnitude_held.mean() <= 0.98
    # Of the detected alone: near the threshold they are detected because noise adds to them. Of the sixth that is told
    # from 3 deg of slow noise the size reads 3.4 deg too large (of 21); usual intervals hold 87 % of them.
    assert 0.92 <= found.magnitude_held[found.calls].mean() <= 0.98
    assert 0.92 <= found.onset_held.mean() <= 0.98


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Tilt over depth of five recorded squats from standing on, each held at its maximum: real curves, no tuck."""
    folder = shared_data / "squat_markers"
    points = read_trc(folder / "squats1.trc", up="y").points
    found = kinematics(points, static=read_trc(folder / "static1.trc", up="y").points)
    hips = (points.point("R_HJC") + points.point("L_HJC"))[:, 2] / 2
    height, tilt = lowpass(np.stack([hips, found.angles.deg("pelvic_tilt")], axis=1), 100.0, 6.0)[0].T
    shapes = []
    for seconds in (1.36, 3.93, 6.72, 9.39, 12.25):
        bottom = round(seconds * 100)
        top = bottom - 120 + int(np.argmax(height[bottom - 120 : bottom])) if bottom > 120 else 0
        depth = np.maximum.accumulate((height[top] - height[top:bottom]) / (height[top] - height[bottom]))
        held = np.maximum.accumulate(tilt[top:bottom]) - tilt[top]
        shapes.append(lambda at, depth=depth, held=held: np.interp(at, depth, held))
    return shapes


@pytest.mark.heavy
@pytest.mark.parametrize("memory_s", [0.0, 0.1], ids=["white", "coloured"])
@pytest.mark.parametrize("sd", [0.3, 1.0, 3.0])
def test_no_tuck_is_called_in_recorded_descents_that_stay_at_their_maximum(
    recorded: list[Callable[[np.ndarray], np.ndarray]], sd: float, memory_s: float
) -> None:
    settings = replace(SETTINGS, bootstrap_draws=100)
    cases = [replace(one, shape=recorded[number % 5], magnitude_deg=0.0) for number, one in enumerate(mixed(500, 9))]
    assert not scores(cases, sd, memory_s, seed=10, mdc95=1.0, settings=settings).calls.any()


@pytest.mark.heavy
@pytest.mark.parametrize("memory_s", [0.0, 0.1], ids=["white", "coloured"])
@pytest.mark.parametrize("sd", [0.3, 1.0, 2.0, 3.0])
def test_no_tuck_is_called_in_2000_squats_without_one(sd: float, memory_s: float) -> None:
    settings = replace(SETTINGS, bootstrap_draws=100)
    calls = []
    for part, filtered in enumerate((False, True)):
        found = scores(without(1000, 7 + part), sd, memory_s, seed=8 + part, filtered=filtered, mdc95=1.0,
                       settings=settings)  # fmt: skip
        calls.append(found.calls)
    # Measured: none. The smallest tuck that is called in 95 % of cases, median, with an MDC95 below 3 deg: white noise
    # of 0.3, 1, 2, 3 deg per frame 3.2, 3.8, 6.2, 9.8 deg; noise that lasts 0.1 s 3.7, 8.9, 17.7, 27.6 deg.
    assert not np.concatenate(calls).any()
