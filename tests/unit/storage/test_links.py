"""Links to trial files: the file that is meant is written, and nothing else ever is."""

from dataclasses import replace
from pathlib import Path

import pytest

from mocap.errors import SourceError
from mocap.storage import read_trial, write_trial, writing
from mocap.storage.journal import JOURNAL_NAME, entries, handed_over
from mocap.storage.journal_check import check_journal


@pytest.fixture
def linked(tmp_path, trials):
    """A trial file in a folder, and a link to it in another."""
    real, link = tmp_path / "data" / "real.h5", tmp_path / "work" / "link.h5"
    real.parent.mkdir(), link.parent.mkdir()
    write_trial(real, trials["bare"])
    link.symlink_to(Path("..") / "data" / "real.h5")
    return real, link


def test_the_file_that_a_link_leads_to_is_written(linked, trials):
    real, link = linked
    write_trial(link, replace(trials["bare"], site="lab"))
    assert link.is_symlink() and not real.is_symlink() and read_trial(real).site == "lab"
    assert [path.name for path in link.parent.iterdir()] == ["link.h5"]
    handed_over(link, "csv", [link.parent / "x.csv"])
    assert [one.file for one in entries(real.parent)] == ["real.h5"] * 3 and not (link.parent / JOURNAL_NAME).exists()
    found, notes = check_journal(link)
    assert not found and "entry 2 of 3" in notes[0]


def test_two_names_of_a_file_have_one_writer(linked):
    real, link = linked
    for first, second in ((real, link), (link, real)):
        with writing(first), pytest.raises(SourceError, match="WRITER_BUSY"), writing(second):
            raise AssertionError("two writers")


@pytest.mark.parametrize("place", ["notes.txt", "missing.h5", "loop.h5"])
def test_nothing_is_written_through_a_link_to_what_is_no_trial_file(tmp_path, trials, place):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "loop.h5").symlink_to("link.h5")
    (tmp_path / "link.h5").symlink_to(place)
    with pytest.raises(SourceError, match=r"LINK_ELSEWHERE.*is a link to"):
        write_trial(tmp_path / "link.h5", trials["bare"])
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.h5", "loop.h5", "notes.txt"]


def test_what_a_session_makes_takes_the_place_of_a_link(linked, trials):
    real, link = linked
    before = real.read_bytes()
    write_trial(link, replace(trials["bare"], site="lab"), follow=False)
    assert not link.is_symlink() and read_trial(link).site == "lab" and real.read_bytes() == before
