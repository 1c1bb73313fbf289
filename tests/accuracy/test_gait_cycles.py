"""Gait cycles: Vicon's own angles over our events and over the file's, synthetic ones against the truth."""

from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.gait import ContactSettings, PassSettings, find_cycles, find_walk
from mocap.assessment.gait.curves import cycle_curves
from mocap.assessment.movement import Movement
from mocap.assessment.resampling import resampled
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.kinematics.marker_sets import find_marker_set
from mocap.pipeline.assess_gait import assess_gait
from mocap.pipeline.imported_events import imported_events
from mocap.readers import read_motion
from mocap.synthetic import default_subject, walking
from mocap.synthetic.gait import GaitStyle
from mocap.synthetic.trial import SyntheticTrial
from mocap.trial import AngleDefinition, Event, JointAngles

WALKS = ("-FlatFoot-Full", "-FlatFoot-Hole", "-FlatFoot-One", "3_FF")
PROTOCOL = read_protocol("gait")
STRAIGHT = build(PassSettings, PROTOCOL.section("passes"), "gait")
CONTACT = build(ContactSettings, PROTOCOL.section("contacts"), "gait")


def mean_over(values: np.ndarray, rate_hz: float, spans: list[tuple[float, float]]) -> float:
    share = np.linspace(0.0, 1.0, 101)
    time_s = np.arange(len(values)) / rate_hz
    return float(np.mean([resampled(time_s, values[:, None], a + share * (b - a)).mean() for a, b in spans]))


def own_angle_differences(path: Path) -> dict[tuple[str, str, int], float]:
    """By side, label and component: mean over the cycles of our events less that over the file's, deg."""
    imported = read_motion(path, up=None, units=None)
    events, _ = imported_events(imported)
    plates = tuple(event for event in events if event.source == "force_plate")
    points = imported.points
    places = {name: points.position[:, points.names.index(label)]
              for name, label in find_marker_set(points.names).label_of.items()}  # fmt: skip
    angles = JointAngles((), np.zeros((points.n_frames, 0)), points.rate_hz)
    movement = Movement(angles, places, subject=imported.subject, events=plates)
    cycles, _ = find_cycles(find_walk(movement, STRAIGHT, CONTACT), CONTACT)
    found = {}
    for side in ("right", "left"):
        own = sorted(event.time_s for event in events if event.source == "imported"
                     and (event.side, event.label) == (side, "initial_contact"))  # fmt: skip
        ours = [(cycle.start.time_s, cycle.end.time_s) for cycle in cycles if cycle.side == side]
        theirs = [tuple(min(own, key=lambda at, end=end: abs(at - end)) for end in span) for span in ours]
        for label, values in imported.model_angles.items():
            if label[0] == side[0].upper() and label[1:].startswith(("Pelvis", "Hip", "Knee", "AnkleA", "FootProg")):
                for k in range(3):
                    if np.isfinite(values[:, k]).all() and np.ptp(values[:, k]) > 0:
                        means = [mean_over(values[:, k], points.rate_hz, spans) for spans in (ours, theirs)]
                        found[side, label.removesuffix("V"), k] = abs(means[0] - means[1])
    return found


def test_means_of_vicons_own_angles_over_our_cycles(shared_data: Path) -> None:
    found = {
        (walk, *key): difference for walk in WALKS
        for key, difference in own_angle_differences(shared_data / "plug_in_gait" / f"PiG_Motion{walk}.c3d").items()
    }  # fmt: skip
    over = {key: difference for key, difference in found.items() if difference > 0.1}
    # Measured: 112 of 120 means within 0.1 deg. Of the others seven are of the two feet with one and two cycles that
    # end in an initial contact of the file that comes 17 and 22 ms before ours (see test_gait_events), and one is a
    # foot progression off by 0.14 deg.
    assert len(found) == 120
    assert len(over) <= 8
    disputed = {("-FlatFoot-One", "right"), ("3_FF", "left")}
    assert max(difference for key, difference in found.items() if key[:2] not in disputed) <= 0.15
    sagittal = [key for key in found if key[3] == 0 and "Foot" not in key[2] and key[:2] not in disputed]
    assert max(found[key] for key in sagittal) <= 0.1
    assert max(found.values()) <= 0.4


def synthetic_movement(rate_hz: float, seconds: float, style: GaitStyle) -> tuple[Movement, SyntheticTrial]:
    trial = walking(default_subject(), seconds, rate_hz, style=style)
    names = ("pelvic_obliquity", "knee_flexion_r", "knee_flexion_l")
    definitions = tuple(AngleDefinition(name, "", "", "", "", "absolute", "") for name in names)
    angles = JointAngles(definitions, np.stack([trial.truth[name] for name in names], axis=1), rate_hz)
    places = {name: trial.points.position[:, k] for k, name in enumerate(trial.points.names)}
    return Movement(angles, places | dict(trial.joint_centres)), trial


@pytest.mark.parametrize("style", [GaitStyle(), GaitStyle(stride_s=1.3, stride_length=0.6, step_width=0.15)])
def test_times_and_lengths_of_synthetic_cycles(style: GaitStyle) -> None:
    movement, _ = synthetic_movement(100.0, 8.0, style)
    made, _ = assess_gait(movement, PROTOCOL)
    rows = made.repetitions
    # A first contact at 0 s is cut off by the edge, and flagged; the cycles from 0.2 s on are looked at.
    later = rows["start_time"].values > 0.2
    length = style.stride_length * default_subject().stature
    true = {
        "stride_time": style.stride_s, "stance": 62.0, "swing": 38.0, "double_support": 24.0, "single_support": 38.0,
        "stride_length": length, "step_length": length / 2, "other_step_length": length / 2,
        "speed": length / style.stride_s, "cadence": 120 / style.stride_s, "step_time": style.stride_s / 2,
    }  # fmt: skip
    limits = {"stance": 0.8, "swing": 0.8, "double_support": 1.6, "single_support": 0.8, "cadence": 0.5}
    assert later.sum() >= 8
    for name, value in true.items():
        off = np.abs(rows[name].values[later] - value).max()
        assert off <= limits.get(name, 0.005), (name, off)
        # The stated standard uncertainty is no smaller than what is seen of the error, over two.
        assert off <= 2.0 * np.nanmax(rows[name].sd[later]) + 1e-3, name
    assert np.abs(rows["step_sum_difference"].values[later]).max() <= 5.0
    # Heels turned out by 7 deg stand nearer to each other than the ankles.
    assert np.ptp(rows["step_width"].values[later]) <= 0.002
    assert 0.5 * style.step_width <= rows["step_width"].values[later].mean() <= style.step_width


def test_synthetic_curves_over_the_cycle() -> None:
    style = GaitStyle()
    movement, trial = synthetic_movement(100.0, 8.0, style)
    cycles, _ = find_cycles(find_walk(movement, STRAIGHT, CONTACT), CONTACT)
    curves = cycle_curves(movement, cycles)
    share = np.linspace(0.0, 1.0, 101)
    for side in ("right", "left"):
        own = [cycle for cycle in cycles if cycle.side == side]
        sign = 1 if side == "right" else -1
        both = (curves[side]["knee_flexion"], curves[side]["pelvic_obliquity"])
        for cycle, knee, pelvis in zip(own, *both, strict=True):
            at = cycle.start.time_s + share * (cycle.end.time_s - cycle.start.time_s)
            true = np.interp(at, movement.time_s, trial.truth_deg(f"knee_flexion_{side[0]}"))
            # The knee has kinks at touch-down and toe-off, where straight lines and splines between the samples differ.
            assert np.median(np.abs(knee - true)) <= 0.03
            assert np.abs(knee - true).max() <= 0.6
            turned = sign * np.interp(at, movement.time_s, trial.truth_deg("pelvic_obliquity"))
            assert np.abs(pelvis - turned).max() <= 0.02
        spread = np.std(curves[side]["knee_flexion"][1:], axis=0)
        assert spread.max() <= 0.5


def test_too_few_cycles_are_told() -> None:
    movement, _ = synthetic_movement(100.0, 3.5, GaitStyle())
    made, _ = assess_gait(movement, PROTOCOL)
    assert any("right cycles: below the 5" in note for note in made.notes)
    assert made.table("similarity") is not None
    sides = made.table("sides")
    assert sides is not None
    assert sides.told("side") == ("right", "left")


def test_events_are_told_with_their_side_and_confidence() -> None:
    movement, _ = synthetic_movement(100.0, 8.0, GaitStyle())
    _, detected = assess_gait(movement, PROTOCOL)
    inner = [event for event in detected if 0.2 < event.time_s < 7.8]
    assert {(event.side, event.label) for event in inner} == {
        (side, label) for side in ("right", "left") for label in ("initial_contact", "final_contact")
    }
    assert all(isinstance(event, Event) and 0.0 < event.confidence <= 1.0 and event.sd_s >= 0.01 for event in inner)
    assert not [event for event in inner if event.note]
