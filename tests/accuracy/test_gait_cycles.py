"""Gait cycles: Vicon's own angles over our events and over the file's, synthetic ones against the truth."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class OwnAngle:
    """A component of an angle of the file, deg, with the cycles of our events and of the file's, s."""

    values: np.ndarray
    rate_hz: float
    ours: list[tuple[float, float]]
    theirs: list[tuple[float, float]]
    events_s: list[float]  # the file's initial contacts of the foot

    def moved(self, by_s: np.ndarray) -> float:
        """Mean over the file's cycles with its events moved less that over them as they are, deg."""
        to = dict(zip(self.events_s, np.asarray(self.events_s) + by_s, strict=True))
        spans = [(to[start], to[end]) for start, end in self.theirs]
        return mean_over(self.values, self.rate_hz, spans) - mean_over(self.values, self.rate_hz, self.theirs)

    def difference(self) -> float:
        """Mean over our cycles less that over the file's, deg."""
        return mean_over(self.values, self.rate_hz, self.ours) - mean_over(self.values, self.rate_hz, self.theirs)


def own_angles(path: Path) -> dict[tuple[str, str, int], OwnAngle]:
    """Vicon's own angles by side, label and component."""
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
                        one = OwnAngle(values[:, k], points.rate_hz, ours, theirs, own)
                        found[side, label.removesuffix("V"), k] = one
    return found


@pytest.fixture(scope="module")
def vicons(shared_data: Path) -> dict[tuple[str, str, str, int], OwnAngle]:
    """Vicon's own angles of all walks, by walk, side, label and component."""
    return {
        (walk, *key): one for walk in WALKS
        for key, one in own_angles(shared_data / "plug_in_gait" / f"PiG_Motion{walk}.c3d").items()
    }  # fmt: skip


def test_means_of_vicons_own_angles_over_our_cycles(vicons: dict[tuple[str, str, str, int], OwnAngle]) -> None:
    found = {key: abs(one.difference()) for key, one in vicons.items()}
    over = {key: difference for key, difference in found.items() if difference > 0.1}
    # Measured: 112 of 120 means within 0.1 deg. Of the others seven are of the two feet with one and two cycles that
    # end in an initial contact of the file that comes 17 and 22 ms before ours (see test_gait_events), and one is a
    # foot progression off by 0.14 deg. The file's events alone leave about as many open: see below.
    assert len(found) == 120
    assert len(over) <= 8
    disputed = {("-FlatFoot-One", "right"), ("3_FF", "left")}
    assert max(difference for key, difference in found.items() if key[:2] not in disputed) <= 0.15
    sagittal = [key for key in found if key[3] == 0 and "Foot" not in key[2] and key[:2] not in disputed]
    assert max(found[key] for key in sagittal) <= 0.1
    assert max(found.values()) <= 0.4


def test_the_scatter_of_the_files_events_alone_moves_about_as_many_means(
    vicons: dict[tuple[str, str, str, int], OwnAngle], shared_data: Path
) -> None:
    """No detector can come nearer to the file's cycles than the file's events come to the plates."""
    off = []
    for walk in WALKS:
        events, _ = imported_events(read_motion(shared_data / "plug_in_gait" / f"PiG_Motion{walk}.c3d", None, None))
        plates = [event for event in events if event.source == "force_plate"]
        for event in (one for one in events if one.source == "imported"):
            off += [plate.time_s - event.time_s for plate in plates if (plate.side, plate.label)
                    == (event.side, event.label) and abs(plate.time_s - event.time_s) < 0.05]  # fmt: skip
    sd = float(np.sqrt(np.mean(np.square(off))))
    # Measured: 12 events of the files are 7.6 ms (RMS) from the plates' own, the farthest 25 ms.
    assert len(off) == 12
    assert 0.006 <= sd <= 0.009
    rng = np.random.default_rng(1)
    counts = []
    for _ in range(20):
        drawn: dict[tuple[str, str], np.ndarray] = {}
        moved = []
        for key, one in vicons.items():
            by_s = drawn.setdefault(key[:2], np.clip(rng.normal(0.0, sd, len(one.events_s)), -0.02, 0.02))
            moved.append(abs(one.moved(by_s)))
        counts.append(int(np.sum(np.array(moved) > 0.1)))
    # Measured: 6 of 120 means are moved by more than 0.1 deg (median of the draws; 1 to 13).
    assert np.median(counts) >= 5
    assert min(counts) >= 1


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
