"""Words that HDF5 cannot hold, and trials that would not be read again: refused in words of their own."""

from dataclasses import replace

import pytest

from mocap.errors import TrialFileError
from mocap.storage import read_trial, write_trial
from mocap.trial import Operation, Verdict


@pytest.mark.parametrize("word", ["a\0b", "a\udcffb"])
@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("/@trial_id", lambda word, trial: {"trial_id": word}),
        ("/@operator", lambda word, trial: {"operator": word}),
        ("/points/keypoint", lambda word, trial: {"points": replace(trial.points, names=(word,))}),
        ("/context/cue", lambda word, trial: {"context": {"cue": word}}),
        ("", lambda word, trial: {"context": {word: "x"}}),
        ("/provenance/input", lambda word, trial: {"inputs": {word: "ab" * 32}}),
        ("/provenance/operation", lambda word, trial: {"operations": (Operation(word),)}),
        ("/quality/text", lambda word, trial: {"quality": (Verdict("a", 1.0, 2.0, "mm", True, word),)}),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused_and_named(tmp_path, trials, place, part, word):
    trial = replace(trials["bare"], **part(word, trials["bare"]))
    with pytest.raises(TrialFileError) as caught:
        write_trial(tmp_path / "a.h5", trial, journal=False)
    assert caught.value.code == "TRIAL_TEXT" and place in caught.value.cause and ascii(word)[1:-1] in caught.value.cause
    assert not list(tmp_path.iterdir())


def test_a_value_without_a_name_is_refused(tmp_path, trials):
    with pytest.raises(TrialFileError, match="TRIAL_TEXT"):
        write_trial(tmp_path / "a.h5", replace(trials["bare"], context={"": "x"}))


def test_long_words_that_are_no_text_are_told_in_short(tmp_path, trials):
    with pytest.raises(TrialFileError) as caught:
        write_trial(tmp_path / "a.h5", replace(trials["bare"], site="\0" * 100_000))
    assert len(caught.value.cause) < 200


def test_a_trial_beyond_the_limits_of_a_file_is_no_fault_of_the_disk(tmp_path, trials, monkeypatch):
    monkeypatch.setattr("mocap.storage.scan._MOST_OBJECTS", 100)
    path = tmp_path / "a.h5"
    write_trial(path, trials["bare"])
    with pytest.raises(TrialFileError) as caught:
        write_trial(path, replace(trials["bare"], context={f"k{index}": 1.0 for index in range(100)}))
    assert caught.value.code == "TRIAL_LIMITS" and "/context holds too many objects" in caught.value.cause
    assert "disk" not in str(caught.value) and ".part" not in str(caught.value)
    assert read_trial(path).trial_id == "bare"
