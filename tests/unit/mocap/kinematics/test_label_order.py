"""Each rule on neighbouring labels by itself, on points that no other rule concerns."""

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics.label_order import check_order
from mocap.kinematics.landmarks import positions_isb
from mocap.kinematics.marker_sets import resolve
from mocap.synthetic import default_subject, static_standing

_STANDING = static_standing(default_subject(seed=1), seconds=0.05).points
PLACES = positions_isb(_STANDING, resolve(_STANDING.names, None))
# Markers that the synthetic body does not carry sit where others of it do.
SAME = {"TOE": "MT2", "THI_WAND": "TH2", "TH4": "TH2", "TIB_WAND": "SH2", "SH4": "SH2"}
# From the first the second is nearer than the third, on every foot and leg.
NEARER = (
    "MT5 MT2 MT1", "MT1 MT2 MT5", "HEEL MT2 HALLUX", "MT2 LMAL HEEL", "MT2 MMAL HEEL", "MT5 LMAL HEEL", "TOE LMAL HEEL",
    "HEEL LMAL MT5", "HEEL LMAL MT2", "HEEL LMAL TOE", "HEEL MMAL MT1", "ASIS THI_WAND LFE", "ASIS TH1 LFE",
    "ASIS TH2 LFE", "ASIS TH3 LFE", "ASIS TH4 LFE", "LFE TIB_WAND LMAL", "LFE SH1 LMAL", "LFE SH2 LMAL", "LFE SH3 LMAL",
    "LFE SH4 LMAL",
)  # fmt: skip
CHEST = ("RASIS", "LASIS", "RPSIS", "LPSIS", "CLAV", "C7", "STRN", "T10")


def refusal(points: dict[str, np.ndarray]) -> str:
    """What an order is refused by; empty where it is not."""
    try:
        check_order(points, "trial")
    except KinematicsError as refused:
        assert refused.code == "LABEL_ORDER"
        return str(refused)
    return ""


@pytest.mark.parametrize("rule", NEARER)
@pytest.mark.parametrize("side", ["R", "L"])
def test_what_is_farther_than_its_neighbour_is_refused_by_both_names(rule: str, side: str) -> None:
    origin, nearer, farther = (side + name for name in rule.split())
    points = {name: PLACES[side + SAME.get(name[1:], name[1:])] for name in (origin, nearer, farther)}
    assert refusal(points) == ""
    # Just beyond the other, where no rule from another point on is broken.
    told = refusal({**points, nearer: points[origin] + 1.2 * (points[farther] - points[origin])})
    assert f"{nearer} is farther from {origin} than {farther} is" in told


def test_a_twentieth_farther_is_no_exchange_and_a_tenth_is() -> None:
    for share, refused in ((1.05, False), (1.10, True)):
        points = {"RHEEL": np.zeros((9, 3)), "RHALLUX": np.tile([0.2, 0.0, 0.0], (9, 1)),
                  "RMT2": np.tile([0.0, 0.0, 0.2 * share], (9, 1))}  # fmt: skip
        points["RMT2"][:4] = 0.1  # by the median over frames
        assert bool(refusal(points)) is refused


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [("CLAV", "C7", "CLAV lies behind C7"), ("STRN", "T10", "STRN lies behind T10"),
     ("CLAV", "STRN", "CLAV lies below STRN")],
)  # fmt: skip
def test_front_and_back_and_top_and_bottom_of_the_chest_are_told_apart(one: str, other: str, words: str) -> None:
    points = {name: PLACES[name] for name in CHEST}
    assert refusal(points) == ""
    assert words in refusal({**points, one: points[other], other: points[one]})


@pytest.mark.parametrize(("one", "other"), [("CLAV", "C7"), ("STRN", "T10")])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_front_of_the_chest_beside_its_back_is_refused(one: str, other: str, side: float) -> None:
    points = {name: PLACES[name] for name in CHEST}
    for turn_deg, refused in ((45.0, False), (60.0, True)):
        turn = np.deg2rad(turn_deg)
        beside = points[other] + 0.15 * np.array([np.cos(turn), 0.0, side * np.sin(turn)])
        assert (f"{one} lies beside {other}" in refusal({**points, one: beside})) is refused
