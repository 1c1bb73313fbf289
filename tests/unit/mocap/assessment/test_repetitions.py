"""Repetitions in heights of known course: cosine squats between stands, and what is no squat."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.edits import with_edits
from mocap.assessment.heights import Height
from mocap.assessment.repetition_settings import RepetitionSettings
from mocap.assessment.repetitions import find_repetitions
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.errors import ConfigError
from mocap.trial import Event

RATE = 100.0
STANDING = 0.92


@pytest.fixture(scope="module")
def settings():
    return build(RepetitionSettings, read_protocol("squat").section("repetitions"), "squat")


def course(drops, rate=RATE, stand_s=1.0, phase_s=1.2, hold_s=0.2, sd=0.0, seed=0):
    """Height and the true bottoms: down and up along half cosines, held at the bottom, standing between."""
    stand = np.full(int(stand_s * rate), STANDING)
    down = (1 - np.cos(np.linspace(0, np.pi, int(phase_s * rate)))) / 2
    pieces, bottoms, length = [stand], [], len(stand)
    for drop in drops:
        hold = np.full(int(hold_s * rate), STANDING - drop)
        pieces += [STANDING - drop * down, hold, STANDING - drop * down[::-1], stand]
        bottoms.append((length + len(down) + len(hold) / 2) / rate)
        length += 2 * len(down) + len(hold) + len(stand)
    height = np.concatenate(pieces)
    return height + np.random.default_rng(seed).normal(0, sd, len(height)), np.array(bottoms)


def found_in(values, settings, rate=RATE, feet=None, start_s=0.0):
    height = Height("the middle of the hip centres", np.asarray(values, float), 0.9, feet or {})
    return find_repetitions(height, rate, start_s, settings)


@pytest.mark.parametrize("rate", [50.0, 100.0, 240.0])
@pytest.mark.parametrize("sd", [0.0, 0.003])
def test_instants_of_known_squats(settings, rate, sd):
    values, bottoms = course([0.45, 0.3, 0.5, 0.12], rate, sd=sd)
    found = found_in(values, settings, rate, start_s=2.0)
    assert found.rejected == ()
    times = 2.0 + np.array([one.bottom for one in found.repetitions]) / rate
    # The bottom is held for 0.2 s: without noise any instant of it is one, with noise a little beyond, the more the
    # shallower it is. Measured: 0.10 s, with noise 0.18 s for the shallowest.
    assert np.abs(times - 2.0 - bottoms).max() <= (0.11 if sd == 0 else 0.2)
    depths = [one.depth_m for one in found.repetitions]
    assert depths == pytest.approx([0.45, 0.3, 0.5, 0.12], abs=0.004)  # measured 0.0020 with noise
    # The cosine's speed passes the limit of 5 % of its peak 19 ms after it begins; measured 0.07 s off at most.
    first = found.repetitions[0]
    assert first.start / rate == pytest.approx(1.0, abs=0.1)
    assert first.end / rate == pytest.approx(1.0 + 2.4 + 0.2, abs=0.1)
    assert not any(one.paused for one in found.repetitions[:3])


def test_time_reversal_exchanges_start_and_end(settings):
    values, _ = course([0.45, 0.3])
    forward, backward = (found_in(one, settings).repetitions for one in (values, values[::-1]))
    last = len(values) - 1
    for one, other in zip(forward, backward[::-1], strict=True):
        assert abs(one.start - (last - other.end)) <= 1
        assert abs(one.end - (last - other.start)) <= 1
        assert one.depth_m == pytest.approx(other.depth_m, abs=1e-9)


def test_a_pause_is_told(settings):
    values, bottoms = course([0.4], hold_s=1.5)
    (one,) = found_in(values, settings).repetitions
    assert one.paused
    assert one.still_from / RATE <= bottoms[0] - 0.7
    assert one.still_to / RATE >= bottoms[0] + 0.7


def test_who_rests_at_the_bottom_alone_does_not_stand_there(settings):
    values, _ = course([0.4, 0.4, 0.4], stand_s=0.2, hold_s=1.5)
    found = found_in(values, settings)
    assert [one.standing_m for one in found.repetitions] == pytest.approx([STANDING] * 3, abs=0.01)
    assert "no quiet standing" in found.notes[0]


def test_zero_is_an_explained_outcome(settings):
    for values, words in [
        (np.full(500, STANDING), "largest drop is 0.00 m"),
        (STANDING + 0.02 * np.sin(np.arange(1000) / 8), "largest drop is 0.0"),
        (np.full(500, np.nan), "not known"),
        (np.full(5, STANDING), "not known"),
    ]:
        found = found_in(values, settings)
        assert found.repetitions == ()
        assert words in found.notes[-1]


def _with_gap(values, start, stop):
    return np.concatenate([values[:start], np.full(stop - start, np.nan), values[stop:]])


def _shifted_foot(n, frame, metres):
    foot = np.zeros((n, 3))
    foot[frame:, 0] = metres
    return foot


def test_what_is_rejected_and_why(settings):
    values, _ = course([0.4, 0.4])
    cases = {
        "begins in the middle": (values[200:], None),
        "ends in the middle": (values[:550], None),
        "drop of 0.09 m": (course([0.4, 0.085])[0], None),
        "lasts 1": (course([0.4, 0.4], phase_s=10.0)[0], None),
        "the right foot moved by": (values, {"R": (_shifted_foot(len(values), 500, 0.06),)}),
        "is known in": (_with_gap(values, 500, 530), None),
        "does not come back": (np.concatenate([values[:300], values[160:]]), None),
    }
    for words, (height, feet) in cases.items():
        found = found_in(height, settings, feet=feet)
        assert any(words in one.reason for one in found.rejected), (words, [one.reason for one in found.rejected])
        assert len(found.repetitions) + len(found.rejected) >= 2


def test_a_heel_that_lifts_is_no_step(settings):
    values, _ = course([0.4])
    heel, toe = _shifted_foot(len(values), 200, 0.05), np.zeros((len(values), 3))
    assert len(found_in(values, settings, feet={"R": (heel, toe)}).repetitions) == 1
    assert found_in(values, settings, feet={"R": (heel,)}).repetitions == ()


def test_a_jump_and_a_lunge_are_no_squats(settings):
    values, _ = course([0.4, 0.4])
    n = len(values)
    hop = np.zeros((n, 3))
    hop[330:400, 2] = 0.2 * np.sin(np.linspace(0, np.pi, 70))  # 8 % of the trial
    jumped = np.array(values)
    jumped[330:400] += hop[330:400, 2]
    found = found_in(jumped, settings, feet={"R": (hop,), "L": (hop,)})
    assert {one.reason.split(" by ")[0] for one in found.rejected} == {"the right foot leaves the floor"}
    assert len(found.repetitions) == 1
    # What is highest in flight does not move the height of standing.
    assert found.repetitions[0].standing_m == pytest.approx(STANDING, abs=0.005)
    soles = [np.tile(place, (n, 1)) for place in ([0.4, -0.1, 0], [0.65, -0.1, 0], [0, 0.1, 0], [0.25, 0.1, 0])]
    height = Height("the middle of the hip centres", values, 0.9, {}, tuple(np.array(one, float) for one in soles))
    split = find_repetitions(height, RATE, 0.0, settings)
    assert split.repetitions == ()
    assert all("0.40 m in front" in one.reason for one in split.rejected)
    assert len(found_in(values, settings).repetitions) == 2


def test_mirror_and_floor_do_not_matter(settings):
    values, _ = course([0.45, 0.3], sd=0.002)
    plain, raised = found_in(values, settings), found_in(values + 0.7, settings)
    for one, other in zip(plain.repetitions, raised.repetitions, strict=True):
        assert (one.start, one.bottom, one.end) == (other.start, other.bottom, other.end)


def test_settings_have_to_make_sense(settings):
    for wrong in ({"smallest_drop": 0.0}, {"longest_seconds": 0.1}):
        with pytest.raises(ConfigError):
            RepetitionSettings(**{**vars(settings), **wrong})


def _edit(time_s, label, replaces_s, note=""):
    return Event(time_s, label, source="edited", replaces_s=replaces_s, note=note)


def test_edits_move_and_take_out(settings):
    values, _ = course([0.4, 0.4, 0.4])
    found = found_in(values, settings)
    bottoms = [one.bottom / RATE for one in found.repetitions]
    edits = (
        _edit(bottoms[0] + 0.5, "squat_bottom", bottoms[0]),
        _edit(np.nan, "squat_bottom", bottoms[1] + 0.02, "lost balance"),
        _edit(9.0, "hinge_bottom", bottoms[2]),
        replace(_edit(0.1, "squat_bottom", bottoms[2]), source="imported"),
        _edit(0.0, "squat_end", found.repetitions[2].end / RATE),
        _edit(5.0, "squat_start", 77.0),
    )
    made = with_edits(found, edits, "squat", RATE, 0.0)
    assert [one.edited for one in made.repetitions] == [True, False]
    assert made.repetitions[0].bottom == round((bottoms[0] + 0.5) * RATE)
    assert made.repetitions[1] == found.repetitions[2]
    # The depth is that of the instant it was moved to, on the way up: 0.06 m or more above the bottom.
    high = np.interp(bottoms[0] + 0.5, np.arange(len(values)) / RATE, values)
    assert high > STANDING - 0.4 + 0.06
    assert made.repetitions[0].depth_m == pytest.approx(STANDING - high, abs=0.003)
    assert "lost balance" in made.rejected[0].reason
    assert "out of order" in made.notes[0]
    assert "finds no repetition" in made.notes[1]
