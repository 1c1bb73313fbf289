"""The skeleton model against segment by segment, where skin moves over the bones of a squatting person.

Artefact: thigh clusters 10 mm, ASIS 20 mm at depth (`with_skin_motion`), points with 1 mm of noise. Truth: the
synthetic body's own joint centres and angles.
"""

from dataclasses import replace

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.synthetic import SkinMotion, default_subject, squat, static_standing, with_skin_motion
from mocap.trial import Points3D

NOISE_M = 0.001


def _seen(points: Points3D, seed: int, plate: bool) -> Points3D:
    names = tuple(name for name in points.names if plate or not name.startswith("SAC"))
    position = points.position[:, [points.names.index(name) for name in names]]
    position = position + NOISE_M * np.random.default_rng(seed).normal(size=position.shape)
    covariance = np.broadcast_to(NOISE_M**2 * np.eye(3), (*position.shape, 3))
    return Points3D(position, names, points.rate_hz, covariance=covariance)


def _compare(seed: int, plate: bool = False, skin: SkinMotion | None = None):
    """RMS of the hip centres (mm), mean errors (deg) by angle, and share of frames within 95 % bands, by model."""
    subject = default_subject(seed=seed)
    trial, static = squat(subject, repetitions=2), static_standing(subject).points
    points = _seen(with_skin_motion(trial, seed, skin), seed, plate)
    standing = _seen(static, seed + 1000, plate)
    found = {}
    for model in ("segments", "skeleton"):
        result = kinematics(points, "landmarks", standing, options=KinematicsOptions(model=model))
        off = [np.sum((result.centres[hip] - trial.joint_centres[hip]) ** 2, axis=1) for hip in ("RHJC", "LHJC")]
        names = [n for n in result.angles.names if n in trial.truth and result.angles.definition(n).observable]
        errors = {name: result.angles.deg(name) - trial.truth_deg(name) for name in names}
        within = {n: float(np.mean(np.abs(e) < 1.96 * result.angles.sd_deg(n))) for n, e in errors.items()}
        bias = {name: float(error.mean()) for name, error in errors.items()}
        found[model] = (1000 * float(np.sqrt(np.mean(off))), bias, within, result.verdicts)
    return found


def _worst(bias: dict[str, float]) -> tuple[str, float]:
    return max(((name, abs(value)) for name, value in bias.items()), key=lambda one: one[1])


def test_hip_centres_come_nearer_and_no_angle_is_biased() -> None:
    found = _compare(1)
    # Measured 8.3 mm by segments and 1.9 mm by the skeleton, 77 % less; largest mean error 0.7 deg.
    assert found["skeleton"][0] <= 0.7 * found["segments"][0]
    assert _worst(found["skeleton"][1])[1] <= 1.0
    assert min(found["skeleton"][2].values()) >= 0.93
    assert all(verdict.passed for verdict in found["skeleton"][3] if verdict.name.startswith("residual_"))


@pytest.mark.heavy
@pytest.mark.parametrize("plate", [False, True])
def test_over_many_seeds(plate: bool) -> None:
    drops, worst, covered = [], [], []
    for seed in range(20):
        found = _compare(seed, plate)
        drops.append(1.0 - found["skeleton"][0] / found["segments"][0])
        worst.append(_worst(found["skeleton"][1]))
        covered.append(np.mean(list(found["skeleton"][2].values())))
    print(f"\nplate {plate}: hip centres {100 * min(drops):.0f} to {100 * max(drops):.0f} % nearer (mean "
          f"{100 * np.mean(drops):.0f}), largest mean error {max(worst, key=lambda one: one[1])}, "
          f"bands hold {100 * np.mean(covered):.1f} %")  # fmt: skip
    # Measured 49 to 83 % (mean 69), largest mean error 0.93 deg; with the plate, which no skin moves here, there is
    # noise alone to lessen: 60 to 64 % of 2.6 mm. The bands hold 100 %: the sd counts skin that does not move here.
    assert min(drops) >= 0.3
    assert max(error for _, error in worst) <= 1.0
    assert np.mean(covered) >= 0.93


@pytest.mark.heavy
def test_where_all_skin_moves_the_skeleton_is_no_worse_on_the_whole() -> None:
    """Skin over PSIS, epicondyles and shanks too: what no model can tell from movement remains, in the sd."""
    skin = SkinMotion(psis=0.006, condyles=0.008, shank=0.005)
    hips, covered, worst = [], [], []
    for seed in range(20):
        found = _compare(seed, skin=skin)
        hips.append((found["segments"][0], found["skeleton"][0]))
        covered.append(np.mean(list(found["skeleton"][2].values())))
        worst.append([_worst(found[model][1])[1] for model in ("segments", "skeleton")])
    segments, skeleton = np.mean(hips, axis=0)
    print(f"\nhip centres {segments:.1f} -> {skeleton:.1f} mm; largest mean errors (deg) segments "
          f"{np.max(worst, axis=0)[0]:.1f}, skeleton {np.max(worst, axis=0)[1]:.1f}; bands hold "
          f"{100 * np.mean(covered):.1f} %")  # fmt: skip
    assert skeleton <= 0.7 * segments
    assert np.mean(covered) >= 0.93


def test_noise_alone_stays_within_the_bands() -> None:
    none = replace(SkinMotion(), thigh=0.0, asis=0.0)
    found = _compare(3, skin=none)
    # The sd counts soft tissue that is not there: the bands are wide. Measured 1.00 throughout.
    assert min(found["skeleton"][2].values()) >= 0.95
    assert found["skeleton"][0] <= found["segments"][0]
