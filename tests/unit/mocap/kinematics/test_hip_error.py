"""The error of hip centres in angles against hip centres that are put elsewhere, and fitted to anew."""

from dataclasses import replace

import numpy as np
import pytest

import mocap.synthetic.subject as synthetic_subject
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.hip_sizes import FUNCTIONAL, REGRESSIONS, error_sources
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject(seed=3)
TRIAL = squat(SUBJECT, repetitions=1, rate_hz=6.0)
STATIC = static_standing(SUBJECT, seconds=1.0, rate_hz=10.0)
HEADING = TRIAL.motion.heading
FEET = ("HEEL", "MT1", "MT2", "MT5", "HALLUX", "LMAL", "MMAL")
SHOWN = ("pelvic_tilt", "pelvic_obliquity", "lumbar_flexion", "hip_flexion_r", "hip_adduction_l", "hip_rotation_r",
         "knee_flexion_l", "knee_varus_r", "ankle_dorsiflexion_r", "shank_inclination_l", "thigh_elevation_r",
         "trunk_lean")  # fmt: skip


def _with_hips(points: Points3D, centres: np.ndarray) -> Points3D:
    """Return points with given hip centres, shape (time, 2, 3)."""
    position = np.concatenate([points.position, centres], axis=1)
    return Points3D(position, (*points.names, "RHJC", "LHJC"), points.rate_hz)


def _without_plate(points: Points3D) -> Points3D:
    kept = [index for index, name in enumerate(points.names) if not name.startswith("SAC")]
    return Points3D(points.position[:, kept], tuple(points.names[index] for index in kept), points.rate_hz)


@pytest.mark.parametrize("model", [pytest.param("segments", marks=pytest.mark.heavy), "skeleton"])
def test_parts_are_those_of_hip_centres_put_elsewhere(model: str) -> None:
    given = {"trial": _without_plate(TRIAL.points), "static": _without_plate(STATIC.points)}
    options = KinematicsOptions(model=model, heading_rad=HEADING)
    plain = {name: kinematics(one, static=given["static"], measured=False) for name, one in given.items()}

    def angles(offset: np.ndarray) -> np.ndarray:
        moved = {}
        for name, one in plain.items():
            pelvis = one.segments.world_from_segment[:, one.segments.names.index("pelvis"), :3, :3]
            hips = [one.centres[hip] + pelvis @ offset[k] for k, hip in enumerate(("RHJC", "LHJC"))]
            moved[name] = _with_hips(given[name], np.stack(hips, axis=1))
        return kinematics(moved["trial"], static=moved["static"], options=options, measured=False).angles.values

    told = kinematics(given["trial"], static=given["static"], options=options, measured=False).angles
    still, step = angles(np.zeros((2, 3))), 0.003
    by_hips = np.stack([(angles(step * one.reshape(2, 3)) - still) / step for one in np.eye(6)], axis=-1)
    sources = error_sources(dict.fromkeys("RL", REGRESSIONS["harrington"]))
    rows = by_hips @ np.concatenate(list(sources.values()), axis=1)
    for name in SHOWN:
        column = told.names.index(name)
        one = rows[:, column]
        whole, change = np.linalg.norm(one, axis=1).max(), np.linalg.norm(one[:, None] - one[None], axis=-1).max()
        parts = told.u_hip_centre[column], told.u_hip_centre_change[column]
        print(model, name, np.rad2deg([whole, parts[0], change, parts[1]]).round(3))
        # Measured: 1.5 % or 0.06 deg (one-sided steps, and neighbours that the fit looks at beside a frame).
        assert parts[0] == pytest.approx(whole, rel=0.03, abs=np.deg2rad(0.08)), name
        assert parts[1] == pytest.approx(change, rel=0.03, abs=np.deg2rad(0.08)), name
    tilt = told.names.index("pelvic_tilt")
    if model == "segments":
        assert told.u_hip_centre[tilt] == 0.0 and "sd of the hip centre" not in told.definition("pelvic_tilt").method
    else:
        # Without the plate the legs tell most of the tilt at the bottom: measured 4.7 deg.
        assert 3.0 < np.rad2deg(told.u_hip_centre[tilt]) < 7.0
        assert "sd of the hip centre 7.9 mm per axis" in told.definition("pelvic_tilt").method
    assert "sd of the hip centre 7.9 mm per axis" in told.definition("knee_flexion_r").method


def test_each_method_has_its_own_error_and_what_is_given_has_none() -> None:
    def part(points: Points3D, static: Points3D, **chosen: str) -> float:
        angles = kinematics(points, static=static, options=KinematicsOptions(**chosen), measured=False).angles
        return float(angles.u_hip_centre[angles.names.index("hip_flexion_r")])

    few = [Points3D(one.position[:9], one.names, one.rate_hz) for one in (TRIAL.points, STATIC.points)]
    sizes = {method: part(*few, hip_centre=method) for method in ("harrington", "hara", "bell", "davis")}
    ratios = {method: size / sizes["harrington"] for method, size in sizes.items()}
    # 25.9 to 13.6 mm; direction and length of the thigh differ a little. Measured: 1.10, 1.54, 1.95.
    assert ratios == pytest.approx({"harrington": 1.0, "hara": 1.10, "bell": 1.58, "davis": 1.90}, rel=0.04)
    centres = kinematics(few[0], static=few[1]).centres, kinematics(few[1], static=few[1]).centres
    given = [
        _with_hips(one, np.stack([own["RHJC"], own["LHJC"]], axis=1)) for one, own in zip(few, centres, strict=True)
    ]
    assert np.isnan(part(*given))


def test_sides_share_half_of_a_regression_and_nothing_of_movements() -> None:
    regression = REGRESSIONS["harrington"]
    whole = np.concatenate(list(error_sources(dict.fromkeys("RL", regression)).values()), axis=1)
    covariance = whole @ whole.T
    assert np.diag(covariance) == pytest.approx((12.3e-3**2 + 5.9e-3**2) / 3)
    # Mirrored: forward and up go together, outwards against each other.
    assert np.diag(covariance[:3, 3:]) / covariance[0, 0] == pytest.approx([0.5, 0.5, -0.5])
    own = np.concatenate(list(error_sources({"R": FUNCTIONAL, "L": replace(regression)}).values()), axis=1)
    assert np.diag(own @ own.T) == pytest.approx(np.repeat([0.0134**2 / 3, regression.rms_m**2 / 3], 3))
    assert not (own @ own.T)[:3, 3:].any()


@pytest.mark.parametrize("offset", [(0.0, 0.012, 0.0), (0.010, -0.006, 0.0)])
def test_with_a_plate_the_skeleton_finds_hip_centres_off_the_regression(
    offset: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    regression = synthetic_subject.harrington_hip_centre

    def elsewhere(width: float, depth: float, side: str) -> np.ndarray:
        return regression(width, depth, side) + np.array(offset) * [1.0, 1.0, 1.0 if side == "r" else -1.0]

    monkeypatch.setattr(synthetic_subject, "harrington_hip_centre", elsewhere)
    subject = default_subject(seed=3)
    trial, static = squat(subject, repetitions=1, rate_hz=10.0), static_standing(subject, seconds=1.0, rate_hz=10.0)
    options = KinematicsOptions(model="skeleton")
    found = kinematics(trial.points, static=static.points, options=options, measured=False)
    angles = found.angles
    off = [np.linalg.norm(found.centres[hip] - trial.joint_centres[hip], axis=1).mean() for hip in ("RHJC", "LHJC")]
    tilt, column = angles.deg("pelvic_tilt") - trial.truth_deg("pelvic_tilt"), angles.names.index("pelvic_tilt")
    told = np.rad2deg(angles.u_hip_centre[column])
    print(offset, 1000 * np.array(off), np.abs(tilt).max(), told, angles.definition("hip_flexion_r").method)
    # Measured: centres 5.9 and 9.0 mm off, of 12 and 11.7; tilt 0.39 deg, told 0.48 and 0.50. Taken as the regression
    # has them they leave 1.7 deg of tilt at the bottom of the first.
    assert max(off) <= 0.8 * np.linalg.norm(offset)
    assert np.abs(tilt).max() <= 0.8
    assert np.abs(tilt).max() <= 2.0 * told and told < 1.0
    assert "by what the trial tells)" in angles.definition("hip_flexion_r").method


@pytest.mark.parametrize("hidden", ["feet for a third of the frames", "one leg for a third", "all but plates"])
def test_hidden_points_take_nothing_from_what_is_left_of_the_error(hidden: str) -> None:
    rng = np.random.default_rng(0)
    position = TRIAL.points.position + rng.normal(0, 0.001, TRIAL.points.position.shape)
    part = slice(None) if hidden == "all but plates" else slice(10, 10 + len(position) // 3)
    gone = {
        "feet for a third of the frames": lambda name: name[1:] in FEET,
        "one leg for a third": lambda name: name[0] == "R" and name[1:] not in ("ASIS", "PSIS"),
        "all but plates": lambda name: not (name.startswith(("SAC", "T12_")) or name[1:3] in ("TH", "SH")),
    }[hidden]
    some = position.copy()
    for column, name in enumerate(TRIAL.points.names):
        if gone(name):
            some[part, column] = np.nan
    options = KinematicsOptions(model="skeleton", heading_rad=HEADING)
    whole, less = (
        kinematics(replace(TRIAL.points, position=one), static=STATIC.points, options=options, measured=False).angles
        for one in (position, some)
    )
    for name in ("hip_flexion_l", "knee_flexion_l"):
        at = whole.names.index(name)
        # Measured 0.99 to 1.13, and 7 by plates alone; what is hidden tells of no hip centre.
        assert 0.95 < less.u_hip_centre[at] / whole.u_hip_centre[at] < (9.0 if hidden == "all but plates" else 1.3)
