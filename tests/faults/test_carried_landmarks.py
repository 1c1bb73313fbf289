"""Exchanged labels on a symmetric plate or cluster: the shape is the same, but what it carries is turned about."""

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import kinematics
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject(seed=3)


def symmetric(points: Points3D, plate: str, without: tuple[str, ...] = (), exchanged: tuple[str, ...] = ()) -> Points3D:
    """A plate of three points, its third on the middle line, without some markers and with two labels exchanged."""
    position = points.position + np.random.default_rng(1).normal(0, 0.001, points.position.shape)
    index = {name: points.names.index(name) for name in points.names}
    third, fourth = index[f"{plate}3"], index[f"{plate}4"]
    position[:, third] = (position[:, third] + position[:, fourth]) / 2
    if exchanged:
        pair = [index[name] for name in exchanged]
        position[:, pair] = position[:, pair[::-1]]
    kept = [name for name in points.names if name not in (*without, f"{plate}4")]
    return Points3D(position[:, [index[name] for name in kept]], kept, points.rate_hz)


@pytest.mark.parametrize("plate", ["SAC", "T12_"])
@pytest.mark.parametrize("without", [(), ("RASIS", "LASIS", "RPSIS", "LPSIS")], ids=["pelvis seen", "plates alone"])
def test_a_symmetric_plate_with_exchanged_labels_is_refused(plate: str, without: tuple[str, ...]) -> None:
    static, trial = symmetric(static_standing(SUBJECT).points, plate), squat(SUBJECT, repetitions=1).points
    sound = kinematics(symmetric(trial, plate, without), static=static, measured=False)
    assert sound.angles.definition("lumbar_flexion").observable
    pair = (f"{plate}1", f"{plate}2")
    with pytest.raises(KinematicsError, match=r"(LEFT_RIGHT|MEDIAL_LATERAL).*(plates and clusters|plate at T12/L1)"):
        kinematics(symmetric(trial, plate, without, pair), static=static, measured=False)
