"""Standing, squats, hinges and walking: feet on the floor, winks as asked, figures of real movements."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic import (
    GaitStyle,
    SquatStyle,
    Stance,
    SyntheticTrial,
    Tempo,
    default_subject,
    faced,
    hip_hinge,
    squat,
    static_standing,
    walking,
)

FEET = [f"{side}{name}" for side in "RL" for name in ("HEEL", "MT1", "MT2", "MT5", "HALLUX")]


def hip_height(trial: SyntheticTrial) -> NDArray:
    return (trial.joint_centres["RHJC"][:, 2] + trial.joint_centres["LHJC"][:, 2]) / 2


def frames(trial: SyntheticTrial, start_s: float, end_s: float) -> slice:
    return slice(round(start_s * trial.points.rate_hz), round(end_s * trial.points.rate_hz) + 1)


@pytest.fixture(scope="module")
def winks() -> SyntheticTrial:
    return squat(default_subject(), 3, wink_deg=[5.0, 12.0, 20.0], wink_onset=[0.9, 0.8, 0.6], lumbar_share=0.7)


@pytest.fixture(scope="module")
def gait() -> SyntheticTrial:
    return walking(default_subject(), seconds=5.0)


@pytest.mark.parametrize("task", ["static", "squat", "asymmetric", "hinge"])
def test_planted_feet_do_not_move_and_stand_flat(task: str) -> None:
    subject = default_subject(1.68, seed=3)
    trial = {
        "static": lambda: static_standing(subject, sway_m=0.004, seed=1),
        "squat": lambda: squat(subject, 1, wink_deg=15),
        "asymmetric": lambda: squat(subject, 1, style=SquatStyle(obliquity_deg=4, rotation_deg=6)),
        "hinge": lambda: hip_hinge(subject, 1),
    }[task]()
    turned = faced(trial, 1.1, (0.5, 0.2, 0.0))
    for name in FEET:
        start = turned.points.point(name)[0]
        assert np.abs(turned.points.point(name) - start).max() < 1e-9  # 1e-15
    for side in "RL":  # the sole is level: heel and forefoot at their own heights above the floor
        heights = [turned.points.point(f"{side}{name}")[0, 2] for name in ("HEEL", "MT1", "MT5")]
        np.testing.assert_allclose(heights, np.array([0.030, 0.035, 0.022]) * 1.68 / 1.75, atol=1e-12)


def test_standing_is_the_neutral_pose() -> None:
    trial = static_standing(default_subject(seed=2))
    assert trial.points.n_frames == 300
    assert np.ptp(trial.points.position, axis=0).max() == 0.0
    assert trial.truth_deg("pelvic_tilt")[0] == pytest.approx(np.rad2deg(trial.subject.standing_tilt))
    for name in ("lumbar_flexion", "lumbar_lateral_bend", "lumbar_rotation", "thoracopelvic_flexion"):
        np.testing.assert_allclose(trial.truth[name], 0.0, atol=1e-12)
    assert trial.truth_deg("knee_flexion_r")[0] == pytest.approx(4.0, abs=0.1)


def test_sway_is_small_slow_and_without_bias() -> None:
    trial = static_standing(default_subject(), 5.0, sway_m=0.003, seed=7)
    hips = (trial.joint_centres["RHJC"] + trial.joint_centres["LHJC"]) / 2
    still = static_standing(default_subject(), 0.1)
    middle = (still.joint_centres["RHJC"] + still.joint_centres["LHJC"])[0, :2] / 2
    np.testing.assert_allclose(hips[:, :2].mean(axis=0), middle, atol=1e-12)
    assert 0.004 < np.ptp(hips[:, 0]) < 0.008
    assert np.abs(np.gradient(trial.points.position, 0.01, axis=0)).max() < 0.02  # 0.017 m/s
    assert trial.truth_deg("pelvic_tilt").mean() == pytest.approx(10.0, abs=1e-9)
    other = static_standing(default_subject(), 5.0, sway_m=0.003, seed=8)
    assert np.abs(other.points.position - trial.points.position).max() > 1e-3


def test_tilt_is_piecewise_linear_in_the_depth_of_the_hips(winks: SyntheticTrial) -> None:
    height, tilt, lumbar = hip_height(winks), winks.truth_deg("pelvic_tilt"), winks.truth_deg("lumbar_flexion")
    for rep, (mag, onset) in zip(winks.repetitions, ((5, 0.9), (12, 0.8), (20, 0.6)), strict=True):
        part = frames(winks, rep.start_s, rep.end_s)
        depth = (height[part.start] - height[part]) / (height[part.start] - height[part].min())
        wanted = np.interp(depth, [0, onset, 1], [10, 10 + 31, 10 + 31 - mag])
        np.testing.assert_allclose(tilt[part], wanted, atol=1e-9)
        wanted = np.interp(depth, [0, onset, 1], [0, 4, 4 + 0.7 * mag])
        np.testing.assert_allclose(lumbar[part], wanted, atol=1e-9)
        assert height[part.start] - height[part].min() == pytest.approx(rep.depth, abs=1e-12)


def test_the_record_of_a_repetition_says_what_was_asked(winks: SyntheticTrial) -> None:
    found = winks.repetitions
    np.testing.assert_allclose(np.rad2deg([rep.wink_magnitude for rep in found]), [5, 12, 20], atol=1e-9)
    assert [rep.wink_onset for rep in found] == [0.9, 0.8, 0.6]
    np.testing.assert_allclose(np.rad2deg([rep.lumbar_change for rep in found]), [3.5, 8.4, 14.0], atol=1e-9)
    height = hip_height(winks)
    for rep in found:
        assert height[frames(winks, rep.bottom_s, rep.rise_s)] == pytest.approx(height.min(), abs=1e-9)
        assert height[frames(winks, 0.0, found[0].start_s)] == pytest.approx(height[0], abs=1e-12)
    assert found[-1].end_s + Tempo().rest_s == pytest.approx(winks.time_s[-1], abs=0.011)


def test_a_squat_without_wink_never_tucks() -> None:
    trial = squat(default_subject(), 2, wink_deg=0.0)
    for rep in trial.repetitions:
        descent = trial.truth["pelvic_tilt"][frames(trial, rep.start_s, rep.bottom_s)]
        assert np.diff(descent).min() > -1e-12
        assert rep.wink_magnitude == 0.0 and np.isnan(rep.wink_onset)


def test_a_rounded_corner_is_accounted_for() -> None:
    trial = squat(default_subject(), 1, wink_deg=12.0, style=SquatStyle(smoothing=0.05), rate_hz=2000.0)
    rep = trial.repetitions[0]
    descent = trial.truth_deg("pelvic_tilt")[frames(trial, rep.start_s, rep.bottom_s)]
    # Top of the parabola that joins slopes of 31/0.8 and -12/0.2 deg over 0.1 of depth: 10.823 deg are left of 12.
    up, down = 31 / 0.8, 12 / 0.2
    lost = up * 0.05 - up**2 * 0.1 / (2 * (up + down))
    assert np.rad2deg(rep.wink_magnitude) == pytest.approx(12 - lost, abs=1e-4)
    assert descent.max() - descent[-1] == pytest.approx(np.rad2deg(rep.wink_magnitude), abs=1e-4)
    assert np.abs(np.diff(descent, 2)).max() < 0.01  # the corner is gone


def test_the_bottom_of_a_squat_has_the_angles_of_a_real_one() -> None:
    trial = squat(default_subject())
    bottom = frames(trial, trial.repetitions[0].bottom_s, trial.repetitions[0].bottom_s).start
    angle = {name: trial.truth_deg(name)[bottom] for name in trial.truth}
    assert 100 < angle["hip_flexion_r"] < 115  # 112.0
    assert 110 < angle["knee_flexion_r"] < 120  # 116.8
    assert 27 < angle["ankle_dorsiflexion_r"] < 35  # 32.6
    assert 0 < angle["thigh_elevation_r"] < 10  # 6.7
    assert 30 < angle["trunk_lean"] < 45  # 38.4
    assert angle["foot_progression_r"] == pytest.approx(18.0, abs=1e-9)
    # Each knee goes where its foot points: KJC stays over the line of the foot, seen from above, to some degrees.
    knee = (trial.joint_centres["RKJC"] - trial.joint_centres["RAJC"])[bottom]
    assert np.rad2deg(np.arctan2(-knee[1], knee[0])) == pytest.approx(18.0, abs=6.0)  # 15.5
    for side in "lr":
        assert angle[f"hip_flexion_{side}"] == pytest.approx(angle["hip_flexion_r"], abs=1e-9)


def test_a_hinge_keeps_the_hips_tall_and_sends_them_back() -> None:
    trial = hip_hinge(default_subject(), 2)
    rep = trial.repetitions[0]
    top, bottom = (frames(trial, t, t).start for t in (rep.start_s, rep.bottom_s))
    hips = (trial.joint_centres["RHJC"] + trial.joint_centres["LHJC"]) / 2
    leg = hips[top, 2]
    assert (hips[top, 2] - hips[bottom, 2]) / leg < 0.08  # 0.033
    assert (hips[top, 0] - hips[bottom, 0]) / leg > 0.15  # 0.23
    assert 15 < trial.truth_deg("knee_flexion_r")[bottom] < 20  # 19.2
    assert np.abs(trial.truth_deg("shank_inclination_r")).max() < 5  # 4.4, in standing
    assert trial.truth_deg("pelvic_tilt")[bottom] == pytest.approx(55.0, abs=1e-9)
    assert np.ptp(trial.truth_deg("trunk_lean")) == pytest.approx(50.0, abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_every_person_can_do_every_movement(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    subject = default_subject(rng.uniform(1.45, 2.05), seed)
    depth, wink, onset = rng.uniform([0.2, 0.0, 0.4], [0.56, 25.0, 0.95])
    deep = squat(subject, 1, depth, wink, onset)
    for trial in (deep, hip_hinge(subject, 1), walking(subject, 2.0), static_standing(subject, sway_m=0.005)):
        assert np.isfinite(trial.points.position).all()
        assert trial.points.position[..., 2].min() > 0.0
        assert min(trial.truth[f"knee_flexion_{side}"].min() for side in "rl") > 0


def test_impossible_movements_are_refused() -> None:
    subject = default_subject()
    for wrong in ({"depth": 0.9}, {"depth": -0.1}, {"style": SquatStyle(stance_width=1.2)}):
        with pytest.raises(KinematicsError, match="POSE_UNREACHABLE"):
            squat(subject, 1, **wrong)
    for wrong in ({"wink_onset": 1.0}, {"wink_deg": -3.0}, {"wink_deg": [1.0, 2.0, 3.0]}):
        with pytest.raises(KinematicsError, match="WINK_IMPOSSIBLE"):
            squat(subject, 2, **wrong)
    with pytest.raises(KinematicsError, match="TEMPO_IMPOSSIBLE"):
        hip_hinge(subject, 0)
    with pytest.raises(KinematicsError, match="TRIAL_TOO_SHORT"):
        static_standing(subject, 0.0)
    with pytest.raises(KinematicsError, match="TRIAL_TOO_SHORT"):
        walking(subject, -1.0)
    with pytest.raises(KinematicsError, match="POSE_UNREACHABLE"):
        static_standing(subject, stance=Stance(width=2.5))


def test_a_stance_foot_lies_still_and_the_lowest_point_of_a_foot_is_on_the_floor(gait: SyntheticTrial) -> None:
    phase = (gait.time_s / GaitStyle().stride_s) % 1.0
    flat = (phase > 0.09) & (phase < 0.37)
    speed = np.linalg.norm(np.gradient(gait.points.point("RMT2"), 0.01, axis=0), axis=1)
    inner = flat & np.roll(flat, 1) & np.roll(flat, -1)
    assert speed[inner].max() < 1e-9
    toe = gait.points.point("RHALLUX") - gait.points.point("RHEEL")
    assert toe[inner, 2] == pytest.approx(0.022 - 0.030, abs=1e-9)
    # Tip of the toe and back of the heel on the sole: in stance the lower one is on the floor, never below it.
    world = gait.segments.world_from_segment[:, gait.segments.names.index("foot_r")]
    ends = np.array([[0.0, -0.030, 0.0, 1.0], [gait.subject.foot_length, -0.030, 0.0, 1.0]])
    lowest = (ends @ np.swapaxes(world, 1, 2))[..., 2].min(axis=1)
    np.testing.assert_allclose(lowest[phase <= 0.62], 0.0, atol=1e-12)
    assert lowest.min() > -0.002  # -0.0008 just after toe-off


def test_walking_has_the_figures_of_walking(gait: SyntheticTrial) -> None:
    speed = GaitStyle().stride_length * 1.75 / GaitStyle().stride_s
    assert 1.1 < speed < 1.65
    travelled = np.ptp(gait.segments.world_from_segment[[0, -1], 0, 0, 3])
    assert travelled == pytest.approx(speed * gait.time_s[-1], abs=0.05)
    assert gait.segments.world_from_segment[[0, -1], 0, 0, 3].sum() == pytest.approx(0.0, abs=0.15)  # 0.12: mid-ASIS
    ranges = {name: (curve.min(), curve.max()) for name, curve in ((n, gait.truth_deg(n)) for n in gait.truth)}
    assert ranges["knee_flexion_r"][0] < 12 and 55 < ranges["knee_flexion_r"][1] < 68  # 7.2, 65.3
    assert ranges["hip_flexion_r"][0] < 5 and 30 < ranges["hip_flexion_r"][1] < 50  # 1.6, 43.6
    assert ranges["ankle_dorsiflexion_r"][0] > -25 and ranges["ankle_dorsiflexion_r"][1] < 28  # -6.8, 25.2
    assert np.ptp(gait.truth_deg("pelvic_tilt")) == pytest.approx(2.0, abs=0.01)
    # The left leg does what the right one did half a stride earlier.
    half = GaitStyle().stride_s / 2
    later = np.interp(gait.time_s[100:] - half, gait.time_s, gait.truth["knee_flexion_r"])
    np.testing.assert_allclose(gait.truth["knee_flexion_l"][100:], later, atol=2e-3)


def test_foot_contacts_are_where_zeni_would_find_them(gait: SyntheticTrial) -> None:
    p = gait.points.point
    back = (p("RPSIS") + p("LPSIS")) / 2
    for side in "rl":
        heel, toe = ((p(f"{side.upper()}{name}") - back)[:, 0] for name in ("HEEL", "HALLUX"))
        for label, curve in (("initial_contact", heel), ("final_contact", -toe)):
            peaks = np.flatnonzero((curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:])) + 1
            times = [e.time_s for e in gait.events if e.label == label and e.side == side and 0.1 < e.time_s < 4.8]
            assert len(times) >= 3
            nearest = [np.abs(peaks / 100.0 - time).min() for time in times]
            assert max(nearest) <= 0.0101, (side, label, nearest)  # 0.002 s; a frame is 0.010 s


def test_events_alternate(gait: SyntheticTrial) -> None:
    order = [(e.label[:7], e.side) for e in gait.events][:4]
    assert order == [("initial", "r"), ("final_c", "l"), ("initial", "l"), ("final_c", "r")]
    assert [e.time_s for e in gait.events] == sorted(e.time_s for e in gait.events)


def test_a_movement_is_a_function_of_its_arguments(winks: SyntheticTrial) -> None:
    again = squat(default_subject(), 3, wink_deg=[5.0, 12.0, 20.0], wink_onset=[0.9, 0.8, 0.6], lumbar_share=0.7)
    np.testing.assert_array_equal(again.points.position, winks.points.position)
    slower = squat(replace(default_subject()), 1, tempo=Tempo(descent_s=3.0), rate_hz=50.0)
    assert slower.points.n_frames == round((1.0 + 3.0 + 0.3 + 1.4 + 1.0) * 50)
