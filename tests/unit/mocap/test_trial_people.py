"""Who is who and the clocks, in turns: when they are asked again, and what is said where they never agree."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.keypoints import ParticipantRule, PeopleKeypoints
from mocap.pipeline import trial_people
from mocap.pipeline.keypoint_input import LoadedKeypoints, ReadPeople
from mocap.pipeline.trial_clocks import set_clocks
from mocap.pipeline.trial_people import known_instants, settled_participant
from mocap.trial import SyncEstimate

N_FRAMES, RATE = 1000, 100.0
NAMES = ring_rig(4, 0).names
PLAIN = np.tile(np.arange(N_FRAMES) / RATE, (4, 1))
READ = ReadPeople(PeopleKeypoints(np.zeros((4, N_FRAMES, 2, 1, 2)), np.ones((4, N_FRAMES, 2, 1)), ("k",), RATE), 0, ())


@pytest.fixture
def turns(monkeypatch):
    """By which instants people were told apart, turn by turn; settles with clocks that answer what is given."""
    asked = []

    def participant_of(read, rig, rule, when_s=None):
        asked.append(when_s)
        return LoadedKeypoints(read.people.person(0), 0, ())

    monkeypatch.setattr(trial_people, "participant_of", participant_of)

    def settle(told, when_s=None):
        answers = iter(told)
        loaded, _ = settled_participant(READ, None, ParticipantRule(), when_s, lambda _: (None, next(answers)))
        return loaded, asked

    return settle


@pytest.mark.parametrize("at", [400, 600, 995])
def test_people_are_told_again_after_a_loss_anywhere(turns, at):
    told = PLAIN.copy()
    told[2, at:] += 0.5
    loaded, asked = turns([told, told])
    assert len(asked) == 2 and asked[1] is told and not loaded.verdicts
    assert loaded.notes[-1].endswith("which moved frames by up to 50")


def test_a_clock_that_nobody_knows_moves_nothing(turns):
    told = PLAIN.copy()
    told[1] = np.nan
    told[:, 990:] = np.nan
    loaded, asked = turns([told])
    assert len(asked) == 1 and loaded.notes == () and not loaded.verdicts


def test_a_verdict_fails_where_people_and_clocks_never_agree(turns):
    late = PLAIN.copy()
    late[1] += 0.2
    loaded, asked = turns([late, PLAIN, late])
    (verdict,) = loaded.verdicts
    assert len(asked) == 3 and not verdict.passed and round(verdict.measured) == 20 and "not settled" in verdict.text


ONE = np.ones(4)
KNOWN = SyncEstimate(NAMES, "flash", np.array([0, 0.2, 0, 0.2]), 0.0005 * ONE, 200 * ONE * [0, 0, 1, 0], ONE, ONE, ONE,
                     np.array([False, True, True, True]))  # fmt: skip


@pytest.mark.parametrize("mode", ["off", "check", "auto"])
def test_clocks_that_are_left_do_not_undo_known_ones(turns, mode):
    known = known_instants(None, KNOWN, N_FRAMES, RATE)
    told = set_clocks(READ.people.person(0), ring_rig(4, 0), mode, known=KNOWN).instants_s
    assert (told is None) == (mode == "off") and (told is None or np.allclose(told, known, atol=1e-12))
    loaded, asked = turns([told], known)
    assert len(asked) == 1 and asked[0] is known and loaded.notes == ()
