"""Centre of mass, base of support and margins against sums by hand, an independent hull and closed forms."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.body import Body, Setting, Zeros
from mocap.kinematics.further.base_of_support import distance_inside
from mocap.kinematics.further.centre_of_mass import centre_of_mass, with_load
from mocap.kinematics.further.de_leva import TABLE
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.traced import Vec
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
TRIAL = squat(SUBJECT, repetitions=1).points

# A T-pose in ISB axes (X forward, Y up, Z right), m.
T_POSE = {
    "VERTEX": [0.00, 1.75, 0.0], "C7": [-0.06, 1.50, 0.0],
    "RSJC": [0.0, 1.42, 0.20], "REJC": [0.0, 1.42, 0.48], "RWJC": [0.0, 1.42, 0.74], "RMET3": [0.0, 1.42, 0.83],
    "RHJC": [0.0, 0.92, 0.09], "RKJC": [0.0, 0.50, 0.09], "RLMAL": [-0.01, 0.08, 0.13], "RHEEL": [-0.06, 0.03, 0.09],
    "RHALLUX": [0.20, 0.02, 0.09],
}  # fmt: skip
T_POSE |= {"L" + n[1:]: [x, y, -z] for n, (x, y, z) in T_POSE.items() if n[0] == "R"}


def body_of(places: dict[str, list[float]]) -> Body:
    return Body({name: Vec(np.array([at])) for name, at in places.items()}, {}, Setting(), Zeros())


def without(points: Points3D, *prefixes: str) -> Points3D:
    names = [name for name in points.names if not name.startswith(prefixes)]
    return Points3D(points.position[:, [points.names.index(name) for name in names]], names, points.rate_hz)


@pytest.mark.parametrize("sex", ["male", "female"])
def test_masses_add_to_one(sex: str) -> None:
    for places in (T_POSE, {n: at for n, at in T_POSE.items() if not n.endswith(("EJC", "WJC", "MET3"))}):
        found = centre_of_mass(body_of(places), sex)
        assert abs(sum(found.shares.values()) - 1.0) <= 1e-12
    limbs = ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")
    whole = TABLE["head"].share(sex) + TABLE["trunk"].share(sex) + 2 * sum(TABLE[limb].share(sex) for limb in limbs)
    # The table's own rounding: 100.00 % of men, 99.99 % of women.
    assert whole == pytest.approx({"male": 1.0, "female": 0.9999}[sex], abs=1e-12)
    thirds = sum(TABLE[part].share(sex) for part in ("upper_trunk", "middle_trunk", "lower_trunk"))
    assert thirds == pytest.approx(TABLE["trunk"].share(sex), abs=1e-12)


def test_t_pose_of_a_man_by_hand() -> None:
    # mass % * (place of the centre): head, trunk, both arms in three parts, both legs in three parts; summed by hand.
    up = (
        6.94 * (1.75 - 0.5002 * 0.25) + 43.46 * (1.50 - 0.5138 * 0.58) + 2 * (2.71 + 1.62 + 0.61) * 1.42
        + 2 * 14.16 * (0.92 - 0.4095 * 0.42) + 2 * 4.33 * (0.50 - 0.4459 * 0.42) + 2 * 1.37 * (0.03 - 0.4415 * 0.01)
    ) / 100  # fmt: skip
    ahead = (
        6.94 * (0.0 - 0.5002 * 0.06) + 43.46 * (-0.06 + 0.5138 * 0.06) + 2 * 4.33 * (-0.4459 * 0.01)
        + 2 * 1.37 * (-0.06 + 0.4415 * 0.26)
    ) / 100  # fmt: skip
    found = centre_of_mass(body_of(T_POSE)).point.value[0]
    # Measured: 1e-16 m; 2 mm is asked for.
    np.testing.assert_allclose(found, [ahead, up, 0.0], atol=1e-12)
    # 11.277 + 52.239 + 14.030 + 21.184 + 2.708 + 0.070 = 101.508 % m
    assert up == pytest.approx(1.01508, abs=1e-5)


def test_three_parts_agree_with_one_in_upright_standing_and_part_when_the_spine_bends() -> None:
    def height_and_place(points: Points3D) -> np.ndarray:
        return kinematics(points, static=STATIC).segments.measure("centre_of_mass").values

    assert "three parts" in kinematics(TRIAL, static=STATIC).segments.measure("centre_of_mass").method
    whole = without(TRIAL, "T12")
    assert "three parts" not in kinematics(whole, static=STATIC).segments.measure("centre_of_mass").method
    apart = np.linalg.norm(height_and_place(TRIAL) - height_and_place(whole), axis=1)
    # Measured: 17 mm in standing, whose forward part is the spine's own curve, up to 26 mm in the squat.
    assert apart[0] < 0.03 and apart.max() < 0.05


def test_what_is_missing_is_left_out_on_both_sides_and_told() -> None:
    arms = ("RWJC", "RMET3")
    found = kinematics(without(TRIAL, *arms), static=STATIC).segments.measure("centre_of_mass")
    assert "forearms, hands" in found.reason and "95.5 %" in found.reason
    assert "forearm_l" not in found.method and "upper_arm_l" in found.method
    found = kinematics(without(TRIAL, "RHEEL"), static=STATIC).segments.measure("centre_of_mass")
    assert found.observable or "RHEEL" in found.reason


def test_no_legs_no_centre() -> None:
    places = {name: at for name, at in T_POSE.items() if name != "LKJC"}
    with pytest.raises(NotObservable, match="LLFE"):
        centre_of_mass(body_of(places))
    found = kinematics(without(TRIAL, "LLFE", "LMFE", "LTH"), static=STATIC).segments
    for name in ("centre_of_mass", "base_of_support_margin", "com_ap_ratio", "margin_of_stability"):
        assert not found.measure(name).observable and found.measure(name).reason


def test_the_table_is_an_option() -> None:
    man = kinematics(TRIAL, static=STATIC).segments.measure("centre_of_mass")
    options = KinematicsOptions(sex="female")
    woman = kinematics(TRIAL, static=STATIC, options=options).segments.measure("centre_of_mass")
    assert "male" in man.method and "female" in woman.method
    assert 0.002 < man.values[0, 2] - woman.values[0, 2] < 0.01  # measured 3.8 mm
    with pytest.raises(KinematicsError, match="OPTION"):
        KinematicsOptions(sex="other")


def test_a_load_shifts_the_common_centre() -> None:
    body, bar = np.array([[0.0, 0.0, 1.0]]), np.array([[0.1, 0.0, 1.4]])
    np.testing.assert_allclose(with_load(body, 80.0, bar, 20.0), [[0.02, 0.0, 1.08]], atol=1e-15)


def test_distance_inside_a_hull_agrees_with_another_one() -> None:
    rng = np.random.default_rng(3)
    corners, points = rng.normal(size=(300, 7, 2)), rng.normal(size=(300, 2))
    found = distance_inside(points, corners)
    for index in range(300):
        hull = ConvexHull(corners[index])
        heights = -(hull.equations @ [*points[index], 1.0])  # inside +
        ring = corners[index][hull.vertices]
        if heights.min() >= 0:
            expected = heights.min()
        else:
            ends = np.roll(ring, -1, axis=0)
            share = np.clip(np.sum((points[index] - ring) * (ends - ring), 1) / np.sum((ends - ring) ** 2, 1), 0, 1)
            expected = -np.linalg.norm(ring + share[:, None] * (ends - ring) - points[index], axis=1).min()
        assert found.distance[index] == pytest.approx(expected, abs=1e-12)
    # The place on the border lies as far away as the distance says, and the direction points there.
    nearest = np.einsum("tk,tkj->tj", found.weights, corners)
    np.testing.assert_allclose(nearest + found.distance[:, None] * found.inward, points, atol=1e-9)


def test_two_corners_and_corners_in_a_line_are_no_base() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    few = np.where(np.arange(4)[:, None] < 2, square, np.nan)
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    corners = np.stack([square, few, line, np.full((4, 2), np.nan)])
    found = distance_inside(np.tile([0.5, 0.25], (4, 1)), corners).distance
    np.testing.assert_allclose(found, [0.25, np.nan, np.nan, np.nan], atol=1e-15)
    assert distance_inside(np.empty((0, 2)), np.empty((0, 4, 2))).distance.shape == (0,)


def _standing_still(n_frames: int = 60) -> Points3D:
    return Points3D(np.repeat(STATIC.position[:1], n_frames, axis=0), STATIC.names, 100.0)


def test_margin_of_one_who_stands_is_that_of_the_feet() -> None:
    segments = kinematics(_standing_still(), static=STATIC).segments
    place = segments.measure("centre_of_mass").values[0, :2]
    feet = [n for n in STATIC.names if n[1:] in ("HEEL", "MT1", "MT2", "MT5", "HALLUX")]
    floor = np.stack([STATIC.point(name)[0, :2] for name in feet])
    heights = -(ConvexHull(floor).equations @ [*place, 1.0])
    found = segments.measure("base_of_support_margin").values
    np.testing.assert_allclose(found, heights.min(), atol=1e-12)
    # Who does not move has the same margin extrapolated.
    for name in ("margin_of_stability", "margin_of_stability_variable_length"):
        np.testing.assert_allclose(segments.measure(name).values[1:-1], heights.min(), atol=1e-9)
    heel, toe = (np.mean([STATIC.point(side + end)[0, 0] for side in "RL"]) for end in ("HEEL", "HALLUX"))
    np.testing.assert_allclose(segments.measure("com_ap_ratio").values, (place[0] - heel) / (toe - heel), atol=1e-9)


def test_extrapolated_centre_of_a_steady_glide() -> None:
    # Everything above the feet glides forward at 0.2 m/s: the margin loses v / sqrt(g / l) of what is ahead.
    still = _standing_still()
    position = still.position.copy()
    lifted = [i for i, n in enumerate(still.names) if n[1:] not in ("HEEL", "MT1", "MT2", "MT5", "HALLUX")]
    position[:, lifted, 0] += 0.2 * (np.arange(60) / 100.0)[:, None] - 0.05
    result = kinematics(
        Points3D(position, still.names, 100.0), static=STATIC,
        options=KinematicsOptions(leg_length_m=0.90, heading_rad=0.0),
    )  # fmt: skip
    mass = result.segments.measure("centre_of_mass").values
    speed = (mass[-1, 0] - mass[0, 0]) / 0.59
    corners = np.stack([still.point(n)[0, :2] for n in still.names if n[1:] in ("HEEL", "MT1", "MT2", "MT5", "HALLUX")])
    ahead = mass[:, :2] + np.array([speed, 0.0]) / np.sqrt(9.81 / 0.90)
    expected = distance_inside(ahead, np.repeat(corners[None], 60, axis=0)).distance
    np.testing.assert_allclose(result.segments.measure("margin_of_stability").values[1:-1], expected[1:-1], atol=1e-9)
    assert "0.900 m" in result.segments.measure("margin_of_stability").method


def test_a_lifted_heel_leaves_the_base() -> None:
    still = _standing_still()
    position = still.position.copy()
    for name in ("RHEEL", "LHEEL"):
        position[30:, still.names.index(name), 2] += 0.03
    segments = kinematics(Points3D(position, still.names, 100.0), static=STATIC).segments
    rise = segments.measure("heel_rise_r")
    np.testing.assert_allclose(rise.values, np.where(np.arange(60) < 30, 0.0, 0.03), atol=1e-9)
    margin = segments.measure("base_of_support_margin").values
    assert margin[-1] < margin[0]  # the heels no longer bear


def test_without_a_static_or_gravity_contact_is_not_known() -> None:
    segments = kinematics(TRIAL).segments
    for name in ("heel_rise_r", "base_of_support_margin", "margin_of_stability"):
        assert "static" in segments.measure(name).reason and not segments.measure(name).observable
    assert segments.measure("com_ap_ratio").observable
    segments = kinematics(TRIAL, static=STATIC, gravity_known=False).segments
    for measure in segments.measures:
        if not measure.name.startswith(("angular_velocity", "place_")):
            assert "vertical" in measure.reason and not measure.observable, measure.name


def test_knee_over_toe_is_lateral_positive() -> None:
    segments = kinematics(TRIAL, static=STATIC).segments
    result = kinematics(TRIAL, static=STATIC)
    for side, sign in (("R", 1.0), ("L", -1.0)):
        heel, line = TRIAL.point(f"{side}HEEL"), TRIAL.point(f"{side}MT2") - TRIAL.point(f"{side}HEEL")
        across = np.stack([line[:, 1], -line[:, 0]], axis=1) / np.hypot(line[:, 0], line[:, 1])[:, None]  # to the right
        offset = sign * np.sum((result.centres[f"{side}KJC"] - heel)[:, :2] * across, axis=1)
        np.testing.assert_allclose(segments.measure(f"knee_over_toe_{side.lower()}").values, offset, atol=1e-12)


def test_uncertainties_agree_with_monte_carlo() -> None:
    frame, n_draws = 120, 3000
    rng = np.random.default_rng(8)
    n_points = len(TRIAL.names)
    roots = rng.uniform(-1, 1, (n_points, 3, 3)) * 5e-4 + np.eye(3) * 3e-4
    position = TRIAL.position[frame] + np.einsum("pij,tpj->tpi", roots, rng.normal(size=(n_draws, n_points, 3)))
    covariance = np.broadcast_to(roots @ np.swapaxes(roots, 1, 2), (n_draws, n_points, 3, 3))
    options = KinematicsOptions(heading_rad=0.0)
    segments = kinematics(
        Points3D(position, TRIAL.names, 100.0, covariance=covariance), static=STATIC, options=options
    ).segments
    for name in ("centre_of_mass", "heel_rise_r", "knee_over_toe_l", "com_ap_ratio", "base_of_support_margin"):
        found = segments.measure(name)
        # Independent draws in place of frames: measured ratios 0.97 to 1.03.
        ratio = np.median(found.sd, axis=0) / np.std(found.values, axis=0)
        np.testing.assert_allclose(ratio, 1.0, atol=0.06, err_msg=name)
    # The draws are frames that err independently, as the sd of a velocity takes them to.
    turning = (f"angular_velocity_{segment}" for segment in ("pelvis", "lumbar", "foot_l"))
    for name in ("margin_of_stability", *turning):
        found = segments.measure(name)
        ratio = np.nanmedian(found.sd, axis=0) / np.nanstd(found.values, axis=0)
        np.testing.assert_allclose(ratio, 1.0, atol=0.08, err_msg=name)
