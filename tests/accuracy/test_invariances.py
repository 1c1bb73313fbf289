"""A thousand random bodies: moved rigidly, mirrored, in other units and backwards in time, their angles stay theirs."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, joint_angles
from mocap.readers.trc import read_trc
from mocap.synthetic import default_subject, free_motion, mirror_name, static_standing
from mocap.trial import JointAngles, Points3D

N_PEOPLE, N_MOTIONS, N_POSES = 5, 20, 10  # 1000 bodies; two people in the default run
AGAINST_HEADING = ("pelvic_rotation", "conventional", "foot_progression", "trunk_lean", "trunk_rotation",
                   "trunk_lateral", "thigh_inclination")  # fmt: skip
REVERSED = ("obliquity", "pelvic_rotation", "lateral", "lumbar_rotation", "trunk_rotation", "thoracopelvic_rotation")


@cache
def person(seed: int) -> tuple[Points3D, Points3D]:
    """Poses of a random person, each another one, and the standing trial."""
    subject = default_subject(stature_m=float(np.random.default_rng(seed).uniform(1.5, 2.0)), seed=seed)
    parts = []
    for motion in range(N_MOTIONS):
        trial = free_motion(subject, seconds=N_POSES / 10, rate_hz=10.0, seed=1000 * seed + motion)
        parts.append(trial.points.position)
    names = trial.points.names
    return Points3D(np.concatenate(parts), names, 10.0), static_standing(subject, seconds=1.0, rate_hz=20.0).points


SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(2, N_PEOPLE))]


def angles_of(points: Points3D, static: Points3D, heading_rad: float = 0.3, **choices) -> JointAngles:
    options = KinematicsOptions(heading_rad=heading_rad, posture="any", **choices)
    return joint_angles(points, static=static, options=options)


@cache
def angles_as_they_are(seed: int) -> JointAngles:
    return angles_of(*person(seed))


def difference_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Difference on the circle; infinite where one has a value and the other none."""
    both = np.isfinite(one) & np.isfinite(other)
    apart = np.abs(np.rad2deg(np.angle(np.exp(1j * (np.where(both, one, 0.0) - np.where(both, other, 0.0))))))
    return np.where(both, apart, np.where(np.isfinite(one) == np.isfinite(other), 0.0, np.inf))


def rotations(rng: np.random.Generator, n: int) -> np.ndarray:
    """Random rotations, by QR of normal matrices."""
    q, r = np.linalg.qr(rng.normal(size=(n, 3, 3)))
    q = q * np.sign(np.einsum("nii->ni", r))[:, None, :]
    return q * np.sign(np.linalg.det(q))[:, None, None]


def moved(points: Points3D, turn: np.ndarray, shift: np.ndarray) -> Points3D:
    position = np.einsum("...ij,...pj->...pi", turn, points.position) + shift[..., None, :]
    return Points3D(position, points.names, points.rate_hz)


@pytest.mark.parametrize("seed", SEEDS)
def test_rigid_motion_of_every_frame_keeps_the_joints(seed: int) -> None:
    points, static = person(seed)
    rng = np.random.default_rng(seed)
    other = moved(points, rotations(rng, points.n_frames), rng.uniform(-3, 3, (points.n_frames, 3)))
    one, two = angles_as_they_are(seed), angles_of(other, static)
    for name in one.names:
        if name.startswith(("hip_", "knee_f", "knee_v", "knee_r", "ankle_", "lumbar_", "thoracopelvic_")):
            # Measured: 3e-11 deg or less, but near gimbal lock.
            assert difference_deg(one[name], two[name]).max() <= 1e-6, name


@pytest.mark.parametrize("seed", SEEDS)
def test_turning_about_the_vertical_keeps_what_needs_no_heading(seed: int) -> None:
    points, static = person(seed)
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, points.n_frames)
    zero, one_ = np.zeros_like(angle), np.ones_like(angle)
    turn = np.stack([np.cos(angle), -np.sin(angle), zero, np.sin(angle), np.cos(angle), zero, zero, zero, one_], -1)
    turned = moved(points, turn.reshape(-1, 3, 3), rng.uniform(-3, 3, (points.n_frames, 3)) * [1, 1, 0])
    one, two = angles_as_they_are(seed), angles_of(turned, static)
    for name in one.names:
        if not any(part in name for part in AGAINST_HEADING):
            assert difference_deg(one[name], two[name]).max() <= 1e-6, name
    # With the heading turned as well, all of them stay.
    whole = turn.reshape(-1, 3, 3)[:1]
    same = angles_of(moved(points, whole, np.zeros((1, 3))), static, heading_rad=0.3 + float(angle[0]))
    for name in one.names:
        assert difference_deg(one[name], same[name]).max() <= 1e-6, name


@pytest.mark.parametrize("seed", SEEDS)
def test_mirrored_bodies_have_mirrored_angles(seed: int) -> None:
    points, static = person(seed)

    def mirrored(body: Points3D) -> Points3D:
        return Points3D(body.position * [1, -1, 1], [mirror_name(name) for name in body.names], body.rate_hz)

    one, two = angles_as_they_are(seed), angles_of(mirrored(points), mirrored(static), heading_rad=-0.3)
    for name in one.names:
        sign = -1.0 if any(part in name for part in REVERSED) else 1.0
        assert difference_deg(sign * one[name], two[mirror_name(name)]).max() <= 1e-6, name


@pytest.mark.parametrize("seed", SEEDS)
def test_reversed_time_reverses_the_curves(seed: int) -> None:
    points, static = person(seed)
    one = angles_as_they_are(seed)
    two = angles_of(Points3D(points.position[::-1], points.names, points.rate_hz), static)
    for name in one.names:
        assert difference_deg(one[name], two[name][::-1]).max() <= 1e-9, name


@pytest.mark.parametrize("seed", SEEDS)
def test_another_size_has_the_same_angles(seed: int) -> None:
    # Bell's regression is in proportion to the pelvis, so that a scaled person is the same person.
    points, static = person(seed)
    factor = float(np.random.default_rng(seed).uniform(0.6, 1.3))
    scaled = [Points3D(body.position * factor, body.names, body.rate_hz) for body in (points, static)]
    one, two = angles_of(points, static, hip_centre="bell"), angles_of(*scaled, hip_centre="bell")
    for name in one.names:
        if name.startswith("knee_tracking"):
            continue  # it is lost where the shank's horizontal part is shorter than 30 mm, whoever it is
        assert difference_deg(one[name], two[name]).max() <= 1e-6, name


@pytest.mark.parametrize(("unit", "per_m"), [("mm", 1000.0), ("cm", 100.0), ("m", 1.0)])
def test_declared_units_give_the_same_angles_and_wrong_ones_are_refused(tmp_path, unit: str, per_m: float) -> None:
    _, static = person(0)

    def written(body: Points3D, name: str) -> Points3D:
        rows = [f"PathFileType\t4\t(X/Y/Z)\t{name}",
                "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
                f"20\t20\t{body.n_frames}\t{len(body.names)}\t{unit}\t20\t1\t{body.n_frames}",
                "Frame#\tTime\t" + "\t\t\t".join(body.names) + "\t\t",
                "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(body.names)) for axis in "XYZ"), ""]  # fmt: skip
        for frame, values in enumerate(body.position[..., [1, 2, 0]] * per_m):
            rows.append(f"{frame + 1}\t{frame / 20}\t" + "\t".join(repr(float(value)) for value in values.ravel()))
        (tmp_path / name).write_text("\n".join(rows) + "\n")
        return read_trc(tmp_path / name, up="y").points

    read = written(static, "a.trc")
    one, two = angles_of(static, static), angles_of(read, read)
    for name in one.names:
        assert difference_deg(one[name], two[name]).max() <= 1e-9, name
    if per_m != 1.0:
        wrong = replace(static, position=static.position * per_m, covariance=None, status=None)
        with pytest.raises(KinematicsError, match="UNITS"):
            angles_of(wrong, static)
