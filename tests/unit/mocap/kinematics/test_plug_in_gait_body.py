"""Model plug-in-gait on a person of known angles, built from the segments outwards: values, properties, gradients."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.frame_reasons import GIMBAL_FLAG, GIMBAL_LOST
from mocap.trial import Points3D

LEG, KNEE_WIDTH, ANKLE_WIDTH, DIAMETER, ASIS = 0.9, 0.1, 0.07, 0.014, 0.24
SUBJECT = {
    f"{name}_{side}_m": value
    for side in "rl"
    for name, value in (("leg_length", LEG), ("knee_width", KNEE_WIDTH), ("ankle_width", ANKLE_WIDTH))
} | {"marker_diameter_m": DIAMETER}
# Davis by hand: C = 0.115 * 900 - 15.3 = 88.2 mm, reach = 0.1288 * 900 - 48.56 + 7 = 74.36 mm.
HIP = np.array([
    0.0882 * np.cos(0.5) * np.sin(0.314) - 0.07436 * np.cos(0.314),
    -0.0882 * np.cos(0.5) * np.cos(0.314) - 0.07436 * np.sin(0.314),
    ASIS / 2 - 0.0882 * np.sin(0.5),
])  # fmt: skip
WORLD = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # of ISB axes, for rows
THIGH, SHANK = 0.42, 0.40


def turn(axis: str, degrees: NDArray | float) -> NDArray:
    """Return right-handed turns, shape (..., 3, 3)."""
    angle = np.deg2rad(np.asarray(degrees, float))
    c, s, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    rows = {
        "x": [[one, zero, zero], [zero, c, -s], [zero, s, c]],
        "y": [[c, zero, s], [zero, one, zero], [-s, zero, c]],
        "z": [[c, -s, zero], [s, c, zero], [zero, zero, one]],
    }[axis]
    return np.moveaxis(np.array([np.array(row) for row in rows]), (0, 1), (-2, -1))


def person(angles: Mapping[str, NDArray], place: NDArray, heel_up: float = 0.0) -> tuple[Points3D, dict[str, NDArray]]:
    """Return markers and true joint centres (world, m) of a person who faces the world's X.

    Parameters
    ----------
    angles : mapping of str to ndarray, shape (time,)
        Degrees: `pelvic_tilt`, and `hip_flexion_r`, `hip_adduction_r`, ... as the project names and signs them;
        0 where left out. The foot knows dorsiflexion alone.
    place : ndarray, shape (time, 3)
        Middle of the ASIS in the world, m.
    heel_up : float
        How much higher than the toe marker the heel marker sits, m, along the shank of a foot at 0.
    """
    n = len(place)

    def deg(name: str) -> NDArray:
        return np.broadcast_to(np.asarray(angles.get(name, 0.0), float), n)

    def put(frame: NDArray, origin: NDArray, offset) -> NDArray:
        return origin + frame @ np.asarray(offset, float)

    pelvis = turn("z", -deg("pelvic_tilt"))
    origin = place @ WORLD.T
    points = {
        "RASI": put(pelvis, origin, [0, 0, ASIS / 2]), "LASI": put(pelvis, origin, [0, 0, -ASIS / 2]),
        "RPSI": put(pelvis, origin, [-0.15, 0, 0.05]), "LPSI": put(pelvis, origin, [-0.15, 0, -0.05]),
        "C7": put(pelvis, origin, [-0.12, 0.55, 0]), "T10": put(pelvis, origin, [-0.16, 0.3, 0]),
        "CLAV": put(pelvis, origin, [0.02, 0.5, 0]), "STRN": put(pelvis, origin, [0.06, 0.32, 0]),
    }  # fmt: skip
    centres = {}
    for side, s in (("R", 1.0), ("L", -1.0)):
        low = side.lower()
        femur = pelvis @ _joint(deg(f"hip_flexion_{low}"), s * deg(f"hip_adduction_{low}"),
                                s * deg(f"hip_rotation_{low}"))  # fmt: skip
        shank = femur @ _joint(-deg(f"knee_flexion_{low}"), s * deg(f"knee_varus_{low}"),
                               s * deg(f"knee_rotation_{low}"))  # fmt: skip
        foot = shank @ turn("z", deg(f"ankle_dorsiflexion_{low}"))
        hip = put(pelvis, origin, HIP * [1, 1, s])
        knee = put(femur, hip, [0, -THIGH, 0])
        ankle = put(shank, knee, [0, -SHANK, 0])
        lateral, malleolus = s * (KNEE_WIDTH + DIAMETER) / 2, s * (ANKLE_WIDTH + DIAMETER) / 2
        centres |= {f"{side}HJC": hip @ WORLD, f"{side}KJC": knee @ WORLD, f"{side}AJC": ankle @ WORLD}
        points |= {
            f"{side}KNE": put(femur, knee, [0, 0, lateral]), f"{side}THI": put(femur, knee, [0, 0.2, 2 * lateral]),
            f"{side}ANK": put(shank, ankle, [0, 0, malleolus]),
            f"{side}TIB": put(shank, ankle, [0, 0.2, 2 * malleolus]),
            f"{side}TOE": put(foot, ankle, [0.13, -0.05, 0]),
            f"{side}HEE": put(foot, ankle, [-0.06, heel_up - 0.05, 0]),
        }  # fmt: skip
    return Points3D(np.stack(list(points.values()), axis=1) @ WORLD, tuple(points), 100.0), centres


def _joint(a: NDArray, b: NDArray, g: NDArray) -> NDArray:
    return turn("z", a) @ turn("x", b) @ turn("y", g)


OPTIONS = KinematicsOptions(model="plug-in-gait")
LEGS = [
    f"{name}_{side}"
    for name in ("hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "knee_varus", "knee_rotation",
                 "ankle_dorsiflexion")
    for side in "rl"
]  # fmt: skip
N = 40


def walk(seed: int = 4, dorsiflexion: float = 1.0) -> tuple[dict[str, NDArray], Points3D, dict[str, NDArray]]:
    """Return angles, markers and joint centres of a walk of two metres along X."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(N) / N
    angles = {"pelvic_tilt": 10 + 3 * np.sin(phase)}
    for name in LEGS:
        flexing = "flexion" in name
        middle = {"hip_flexion": 15.0, "knee_flexion": 30.0}.get(name[:-2], 0.0)
        wave = np.sin(phase + rng.uniform(0, 6))
        angles[name] = middle + (20.0 if flexing else 6.0) * wave + rng.uniform(-2, 2)
        if name.startswith("ankle"):
            angles[name] = dorsiflexion * angles[name]
    place = np.stack([np.linspace(0.0, 2.0, N), np.zeros(N), np.full(N, 0.95)], axis=1)
    return angles, *person(angles, place)


def standing(heel_up: float = 0.0) -> Points3D:
    upright = {"pelvic_tilt": 8.0, "hip_flexion_r": 8.0, "hip_flexion_l": 8.0}
    return person(upright, np.tile([0.0, 0.0, 0.95], (60, 1)), heel_up)[0]


def result(points: Points3D, static: Points3D | None = None, options: KinematicsOptions = OPTIONS):
    return kinematics(points, static=static or standing(), options=options, subject=SUBJECT)


def test_constructed_angles_and_centres_are_found() -> None:
    truth, points, centres = walk()
    found = result(points)
    assert found.marker_set == "plug-in-gait"
    for name in LEGS:
        # Measured: 1.5e-13 deg.
        np.testing.assert_allclose(found.angles.deg(name), truth[name], atol=1e-9, err_msg=name)
        assert "Plug-in Gait" in found.angles.definition(name).method
    for side in "rl":
        np.testing.assert_allclose(found.angles.deg(f"ankle_inversion_{side}"), 0.0, atol=1e-9)
        line = f"foot line {side.upper()}HEE to {side.upper()}TOE; heading: "
        assert line in found.angles.definition(f"foot_progression_{side}").method
    for name, where in centres.items():
        np.testing.assert_allclose(found.centres[name], where, atol=1e-12, err_msg=name)


def test_inversion_has_the_lateral_side_of_the_foot_down() -> None:
    _, points, _ = walk(dorsiflexion=0.0)
    rng = np.random.default_rng(7)
    points = replace(points, position=points.position + 0.005 * rng.normal(size=points.position.shape))
    found = result(points)
    for side, s in (("r", 1.0), ("l", -1.0)):
        shank, foot = (found.segments.world_from_segment[:, found.segments.names.index(name), :3, :3]
                       for name in (f"shank_distal_{side}", f"foot_{side}"))  # fmt: skip
        # The foot's rightward axis along the shank's long axis: down on the right, up on the left.
        down = -s * np.rad2deg(np.arcsin(np.einsum("ti,ti->t", shank[:, :, 1], foot[:, :, 2])))
        inversion = found.angles.deg(f"ankle_inversion_{side}")
        # With the foot at a right angle to the shank: measured r 0.982 and 0.98, SD 2 deg.
        assert np.corrcoef(down, inversion)[0, 1] > 0.95
        assert np.std(inversion) > 1.0


def test_foot_flat_takes_heel_and_toe_as_level() -> None:
    truth, points, _ = walk()
    static = standing(heel_up=0.03)
    sole = np.rad2deg(np.arctan2(0.03, 0.19))
    for foot, offset in (("flat", 0.0), ("anatomical", -sole)):
        angles = result(points, static, replace(OPTIONS, foot=foot)).angles
        # With its heel marker higher than the toe marker, the foot as it stands points downwards.
        expected = truth["ankle_dorsiflexion_r"] + offset
        np.testing.assert_allclose(angles.deg("ankle_dorsiflexion_r"), expected, atol=1e-9)
        np.testing.assert_allclose(angles.deg("knee_flexion_r"), truth["knee_flexion_r"], atol=1e-9)
        assert f"foot={foot}" in angles.definition("ankle_dorsiflexion_r").method


def test_steps_after_the_standing_do_not_enter_the_foot() -> None:
    truth, points, _ = walk()
    still = standing(0.02)
    first = still.position[-1, still.names.index("RASI")] - points.position[0, points.names.index("RASI")]
    position = np.concatenate([still.position, points.position[:30] + first])
    with_steps = replace(still, position=position, covariance=None, status=None)
    found, alone = (result(points, static, FACING).angles for static in (with_steps, still))
    for side in "rl":
        # Measured: 1e-13; with the means over all frames 6.5 deg.
        for name in (f"ankle_dorsiflexion_{side}", f"ankle_inversion_{side}"):
            np.testing.assert_allclose(found.deg(name), alone.deg(name), atol=1e-6, err_msg=name)
        # As the feet are taken as flat: the truth, whatever else the file holds.
        name = f"ankle_dorsiflexion_{side}"
        np.testing.assert_allclose(found.deg(name), truth[name], atol=1e-6)


def test_a_foot_across_the_shank_is_in_gimbal_lock() -> None:
    """The second angle of the model's ankle is no angle of the project, and takes first and third with it."""
    # The heel marker is on the line from toe marker to ankle centre, and 50 mm beside it: this turns the foot's long
    # axis by that much in the static. In the trial the line is level and turns out, about the upright shank.
    heel_up, degrees = 0.05 * (1 + 0.06 / 0.13), np.linspace(0.0, 76.0, 77)
    aside = np.rad2deg(np.arctan2(0.05, 0.19 * np.hypot(1.0, 0.05 / 0.13)))
    level = {"ankle_dorsiflexion_r": np.full(77, np.rad2deg(np.arctan2(0.05, 0.13)))}
    trial, _ = person(level, np.tile([0.0, 0.0, 0.95], (77, 1)), heel_up)
    static, foot = standing(heel_up), [trial.names.index(name) for name in ("RTOE", "RHEE")]

    def heel_aside(points: Points3D, turn_deg: NDArray) -> Points3D:
        position = points.position.copy()
        position[:, foot[1], 1] += 0.05
        middle = position[:, points.names.index("RANK")] + [0.0, (ANKLE_WIDTH + DIAMETER) / 2, 0.0]
        arms = position[:, foot] - middle[:, None]
        position[:, foot] = middle[:, None] + np.einsum("tij,tpj->tpi", turn("z", -turn_deg), arms)
        return Points3D(position, points.names, 100.0)

    options = replace(FACING, foot="anatomical")
    angles = result(heel_aside(trial, degrees), heel_aside(static, np.zeros(60)), options).angles
    second = degrees + aside
    for name in ("ankle_dorsiflexion_r", "ankle_inversion_r"):
        words = np.array(angles.frame_reason_words)[angles.frame_reason[:, angles.names.index(name)]]
        assert set(words[second < 74.5]) == {""}
        assert set(words[(second > 75.5) & (second < 88.5)]) == {GIMBAL_FLAG}
        assert set(words[second > 89.5]) == {GIMBAL_LOST}
        np.testing.assert_array_equal(np.isnan(angles[name]), second > 89.0)


def test_without_a_static_the_foot_is_not_observable_and_the_rest_is() -> None:
    truth, points, _ = walk()
    angles = kinematics(points, options=OPTIONS, subject=SUBJECT).angles
    for side in "rl":
        for name in (f"ankle_dorsiflexion_{side}", f"ankle_inversion_{side}"):
            assert np.isnan(angles[name]).all()
            assert "static trial" in angles.definition(name).reason
        np.testing.assert_allclose(angles.deg(f"knee_flexion_{side}"), truth[f"knee_flexion_{side}"], atol=1e-9)


def mirrored(points: Points3D) -> Points3D:
    other = [{"R": "L", "L": "R"}.get(name[0], name[0]) + name[1:] for name in points.names]
    order = [other.index(name) for name in points.names]
    return replace(points, position=points.position[:, order] * [1, -1, 1])


def test_a_mirrored_person_has_the_other_sides_angles() -> None:
    _, points, _ = walk()
    rng = np.random.default_rng(5)
    noisy = points.position + 0.003 * rng.normal(size=points.position.shape)
    points, static = replace(points, position=noisy), standing(0.02)
    plain, mirror = result(points, static).angles, result(mirrored(points), mirrored(static)).angles
    for name in (*LEGS, "ankle_inversion_r", "ankle_inversion_l"):
        other = name[:-1] + {"r": "l", "l": "r"}[name[-1]]
        np.testing.assert_allclose(mirror.deg(name), plain.deg(other), atol=1e-9, err_msg=name)
    np.testing.assert_allclose(mirror.deg("trunk_lean"), plain.deg("trunk_lean"), atol=1e-9)


@pytest.mark.parametrize("degrees", [37.0, 90.0, 180.0, -121.0])
def test_where_the_person_walks_to_does_not_matter(degrees: float) -> None:
    _, points, _ = walk()
    rng = np.random.default_rng(6)
    points = replace(points, position=points.position + 0.003 * rng.normal(size=points.position.shape))
    about = turn("z", degrees)[:3, :3].T
    turned = replace(points, position=points.position @ about + [3.0, -2.0, 0.0])
    plain, other = result(points).angles, result(turned, standing(0.0)).angles
    names = [*LEGS, "ankle_inversion_r", "ankle_inversion_l", "thoracopelvic_flexion"]
    # The trunk refers to a lab axis, as in Vicon's model.
    names += ["trunk_lean"] if degrees % 90 == 0 else []
    for name in names:
        np.testing.assert_allclose(other.deg(name), plain.deg(name), atol=1e-9, err_msg=name)


GRADED = [*LEGS, "ankle_inversion_r", "ankle_inversion_l", "trunk_lean", "thoracopelvic_flexion"]
FRAME, STEP = 13, 1e-6
FACING = replace(OPTIONS, heading_rad=0.0)


def rough_walk() -> Points3D:
    points = walk()[1]
    rng = np.random.default_rng(8)
    return replace(points, position=points.position + 0.003 * rng.normal(size=points.position.shape))


def test_random_sd_is_that_of_differences() -> None:
    points = rough_walk()
    n_markers = len(points.names)
    roots = 0.001 * np.random.default_rng(9).normal(size=(n_markers, 3, 3))
    covariance = roots @ np.swapaxes(roots, 1, 2)
    known = replace(points, covariance=np.broadcast_to(covariance, (N, n_markers, 3, 3)).copy())
    angles = result(known, standing(0.02), FACING).angles
    # One frame over and over, each time with another marker moved along another axis, forwards and back.
    moved = np.tile(points.position[FRAME], (n_markers, 3, 2, 1, 1))
    for marker in range(n_markers):
        for axis in range(3):
            moved[marker, axis, :, marker, axis] += [STEP, -STEP]
    other = result(Points3D(moved.reshape(-1, n_markers, 3), points.names, 100.0), standing(0.02), FACING).angles
    for name in GRADED:
        ends = other.deg(name).reshape(n_markers, 3, 2)
        gradient = (ends[..., 0] - ends[..., 1]) / (2 * STEP)
        sd = np.sqrt(np.einsum("mi,mij,mj->", gradient, covariance, gradient))
        # Measured: 1e-7 apart.
        assert np.rad2deg(angles.sd[FRAME, angles.names.index(name)]) == pytest.approx(sd, rel=1e-5), name


def test_placement_counts_in_static_and_trial_alike() -> None:
    """A marker misplaced on its segment is so in both: the ankle's uncertainty is that of differences of both."""
    points, static, options = rough_walk(), standing(0.02), replace(FACING, foot="anatomical")
    turns = np.random.default_rng(10).normal(size=static.position.shape)
    static = replace(static, position=static.position + 0.002 * turns)
    one = Points3D(points.position[FRAME : FRAME + 1], points.names, 100.0)
    still = Points3D(static.position[:1], static.names, 100.0)
    here, there = (result(each, still, options).segments for each in (one, still))
    angles = result(one, still, options).angles
    variance = 0.0
    for marker, name in enumerate(points.names):
        segment = {"ASI": "pelvis", "PSI": "pelvis", "KNE": "femur_r", "THI": "femur_r", "ANK": "shank_distal_r",
                   "TIB": "shank_distal_r", "TOE": "foot_r", "HEE": "foot_r"}.get(name[1:])  # fmt: skip
        if segment is None or (name[0] == "L" and segment != "pelvis"):
            continue
        index = here.names.index(segment)
        for axis in range(3):
            position, standing_position = one.position.copy(), still.position.copy()
            position[0, marker] += STEP * here.world_from_segment[0, index, :3, axis]
            standing_position[0, marker] += STEP * there.world_from_segment[0, index, :3, axis]
            change = result(replace(one, position=position), replace(still, position=standing_position), options).angles
            difference = (change["ankle_dorsiflexion_r"] - angles["ankle_dorsiflexion_r"])[0] / STEP
            variance += difference**2
    expected = options.landmark_sd_m * np.sqrt(variance)
    found = angles.u_landmark[angles.names.index("ankle_dorsiflexion_r")]
    # Measured: 2e-6 apart. With foot=flat 1e-8 apart.
    assert found == pytest.approx(expected, rel=1e-4)


def test_wands_are_placed_on_their_bones() -> None:
    """A misplaced thigh wand turns the knee's axis by the same in every frame: hip rotation keeps its change."""
    truth, points, _ = walk()
    index = points.names.index("RTHI")
    femur = result(points).segments
    axes = femur.world_from_segment[:, femur.names.index("femur_r"), :3, :3]
    moved = points.position.copy()
    moved[:, index] += axes @ [0.005, 0.0, 0.0]
    offset = result(replace(points, position=moved)).angles.deg("hip_rotation_r") - truth["hip_rotation_r"]
    assert np.ptp(offset) < 0.1 < 2.0 < np.abs(offset).min()
    angles = result(points).angles
    column = angles.names.index("hip_rotation_r")
    # What is left in a change is the smaller part of the uncertainty: measured 1.6 of 4.8 deg.
    assert angles.u_landmark_change[column] < 0.5 * angles.u_landmark[column]


def _without(points: Points3D, *names: str) -> Points3D:
    position = points.position.copy()
    position[:, [points.names.index(name) for name in names]] = np.nan
    return replace(points, position=position)


@pytest.mark.parametrize(
    ("lost", "names"),
    [
        ("RTHI", ("hip_flexion_r", "knee_flexion_r", "ankle_dorsiflexion_r", "thigh_elevation_r")),
        ("RTIB", ("knee_flexion_r", "ankle_dorsiflexion_r", "shank_inclination_r")),
        ("RTOE", ("ankle_dorsiflexion_r", "ankle_inversion_r")),
    ],
)
def test_what_a_lost_marker_takes_with_it(lost: str, names: tuple[str, ...]) -> None:
    truth, points, _ = walk()
    angles = result(_without(points, lost)).angles
    for name in LEGS:
        if name in names:
            assert np.isnan(angles[name]).all()
            assert not angles.definition(name).observable
            assert {"RTHI": "RTHI_WAND", "RTIB": "RTIB_WAND", "RTOE": "RMT2"}[lost] in angles.definition(name).reason
    for name in ("hip_flexion_l", "knee_flexion_l", "ankle_dorsiflexion_l"):
        np.testing.assert_allclose(angles.deg(name), truth[name], atol=1e-9)


def test_gaps_take_their_frames_alone() -> None:
    truth, points, _ = walk()
    position = points.position.copy()
    position[5:9, points.names.index("RANK")] = np.nan
    angles = result(replace(points, position=position)).angles
    for name in LEGS:
        missing = np.isnan(angles[name])
        needs_ankle = name.endswith("_r") and not name.startswith("hip")
        np.testing.assert_array_equal(np.flatnonzero(missing), np.arange(5, 9) if needs_ankle else [])
        np.testing.assert_allclose(angles.deg(name)[~missing], truth[name][~missing], atol=1e-9)


def test_one_frame_and_a_static_of_one_frame_are_enough() -> None:
    truth, points, _ = walk()
    one = replace(points, position=points.position[7:8], covariance=None, status=None)
    static = standing()
    static = replace(static, position=static.position[:1], covariance=None, status=None)
    angles = result(one, static, FACING).angles
    for name in LEGS:
        np.testing.assert_allclose(angles.deg(name), truth[name][7:8], atol=1e-9)


def test_a_wand_in_line_with_the_bone_shows_no_axis() -> None:
    _, points, _ = walk()
    position = points.position.copy()
    knee, thigh, hip = (points.names.index(name) for name in ("RKNE", "RTHI", "RASI"))
    position[:, thigh] = position[:, knee] + 1e-9 * (position[:, hip] - position[:, knee])
    angles = result(replace(points, position=position)).angles
    assert np.isnan(angles["knee_flexion_r"]).all()
    assert angles.definition("knee_flexion_r").reason
    assert np.isfinite(angles["knee_flexion_l"]).all()


def test_without_gravity_the_legs_stay_and_the_foot_is_not_taken_as_flat() -> None:
    truth, points, _ = walk()
    angles = kinematics(
        points, static=standing(0.03), options=OPTIONS, subject=SUBJECT, gravity_known=False
    ).angles
    sole = np.rad2deg(np.arctan2(0.03, 0.19))
    expected = truth["ankle_dorsiflexion_r"] - sole
    np.testing.assert_allclose(angles.deg("ankle_dorsiflexion_r"), expected, atol=1e-9)
    assert "foot=anatomical" in angles.definition("ankle_dorsiflexion_r").method
    assert np.isnan(angles["trunk_lean"]).all()
    np.testing.assert_allclose(angles.deg("hip_rotation_l"), truth["hip_rotation_l"], atol=1e-9)
