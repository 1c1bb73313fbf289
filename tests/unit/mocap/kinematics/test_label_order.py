"""Each rule on neighbouring labels by itself, on points that no other rule concerns."""

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics.label_order import OrderDoubt, check_order, order_flags
from mocap.kinematics.label_widths import NARROWEST, TRUNK_NARROWEST, odd_widths
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


@pytest.mark.parametrize(("other_deg", "refused"), [(10.0, True), (25.0, False), (-25.0, True)])
def test_a_line_beside_its_middle_is_a_twist_where_the_other_one_turns_to_the_same_side(other_deg, refused) -> None:
    points = {name: PLACES[name] for name in CHEST}
    for one, other, turn in (("CLAV", "C7", np.deg2rad(60.0)), ("STRN", "T10", np.deg2rad(other_deg))):
        points[one] = points[other] + 0.15 * np.array([np.cos(turn), 0.0, np.sin(turn)])
    assert ("CLAV lies beside C7" in refusal(points)) is refused
    if not refused:
        (doubt,) = check_order(points, "trial")
        assert doubt.points == ("CLAV", "C7") and "twisted" in doubt.text
        # Who stands for a static does not twist.
        with pytest.raises(KinematicsError, match="CLAV lies beside C7"):
            check_order(points, "static", standing=True)


# A malleolus 240 mm above the forefoot, 0.83 and 0.94 times as far below the knee as the heel.
@pytest.mark.parametrize(("knee_m", "refused"), [(1.5, False), (4.0, True)])
def test_a_malleolus_well_above_the_foot_is_doubted_and_beside_it_refused(knee_m: float, refused: bool) -> None:
    places = {"LMT5": [0, 0, 0], "LHEEL": [-0.2, 0, 0], "LLMAL": [0, 0.24, 0], "LLFE": [0, knee_m, 0]}
    points = {name: np.tile(np.array(place, float), (3, 1)) for name, place in places.items()}
    assert bool(refusal(points)) is refused
    if not refused:
        (doubt,) = check_order(points, "trial")
        assert doubt.points == ("LLMAL",)


def test_a_doubt_reaches_what_carries_the_landmark_in_every_frame() -> None:
    (flag,) = order_flags([OrderDoubt("high", ("LLMAL",))], 4, {"LLMAL": ("LSH1", "LSH2"), "RLMAL": ("RSH1",)})
    assert set(flag.points) == {"LLMAL", "LSH1", "LSH2"} and flag.frames.tolist() == [0, 1, 2, 3]


WIDTHS = (("LFE", "MFE"), ("LMAL", "MMAL"), ("LMAL", "HEEL"), ("MT1", "MT5"))
TRUNK = (("C7", "T10"), ("CLAV", "STRN"), ("RPSIS", "LPSIS"))


def narrowed(*pairs: tuple[str, str], apart_m: float) -> dict[str, np.ndarray]:
    """The standing body, the first of each pair moved to its second, as far from it as stated."""
    points = dict(PLACES)
    for one, other in pairs:
        line = PLACES[one] - PLACES[other]
        points[one] = PLACES[other] + apart_m * line / np.linalg.norm(line, axis=1, keepdims=True)
    return points


@pytest.mark.parametrize("pair", [*((f"R{one}", f"R{other}") for one, other in WIDTHS), *TRUNK])
def test_neighbours_too_near_for_a_person_are_doubted_by_both_names(pair: tuple[str, str]) -> None:
    assert not odd_widths(PLACES)
    shank_m = float(np.linalg.norm(PLACES["RLFE"] - PLACES["RLMAL"], axis=1)[0])
    least = {**NARROWEST, **TRUNK_NARROWEST}.get(pair) or NARROWEST[pair[0][1:], pair[1][1:]]
    # Both sides, so that none is wider than the other.
    both = [pair] if pair in TRUNK else [(side + pair[0][1:], side + pair[1][1:]) for side in "RL"]
    for apart_m in (0.008, 0.02, (least - 0.01) * shank_m):
        told = odd_widths(narrowed(*both, apart_m=apart_m))
        assert [names for _, names in told] == both and "too near for a person" in told[0][0]
    assert not odd_widths(narrowed(*both, apart_m=(least + 0.01) * shank_m))


@pytest.mark.parametrize("pair", [("RLFE", "RMFE"), ("LLMAL", "LMMAL")])
def test_a_joint_much_narrower_than_the_other_one_is_doubted_by_the_names_of_both(pair: tuple[str, str]) -> None:
    wide_m = float(np.linalg.norm(PLACES[pair[0]] - PLACES[pair[1]], axis=1)[0])
    assert not odd_widths(narrowed(pair[::-1], apart_m=0.65 * wide_m))
    ((text, names),) = odd_widths(narrowed(pair[::-1], apart_m=0.58 * wide_m))
    assert set(names) == {side + name[1:] for side in "RL" for name in pair} and "mm on the left" in text
