"""The journal: every change is a line before it is done, and no line can be changed, taken out or moved unseen."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import SourceError
from mocap.storage import write_trial
from mocap.storage.file_digest import file_sha256
from mocap.storage.journal import (
    JOURNAL_NAME,
    append,
    entries,
    handed_over,
    is_torn,
    journalled,
    problems,
    redact,
    removed,
    renamed,
)
from mocap.storage.journal_check import check_journal
from mocap.storage.journal_lines import sha_of, text_of
from mocap.trial import Operation, Points3D, Trial


def written(path: Path, value: float, step: str = "import") -> Path:
    points = Points3D(np.full((5, 2, 3), value), ("A", "B"), 50.0)
    write_trial(path, Trial("t", points, operations=(Operation(step),)))
    return path


@pytest.fixture(autouse=True)
def named_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCAP_OPERATOR", "op7")


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sixty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOCAP_OPERATOR", "op7")
        for number in range(12):
            path = written(made / f"t{number % 3}.h5", float(number), f"step {number}")
        for number in range(44):
            append(made, "export", file=path.name, outputs=[f"{number}.csv"], reason="csv")
        renamed(made / "t0.h5", made / "t0.outdated.h5", "inputs changed")
        removed(made / "t1.h5", "asked for")
        written(path, 99.0)
    return made


@pytest.fixture
def folder(sixty: Path, tmp_path: Path) -> Path:
    """Sixty operations on a few trials."""
    return shutil.copytree(sixty, tmp_path, dirs_exist_ok=True)


def test_each_of_sixty_operations_is_a_line_that_tells_who_what_and_which_file(folder: Path) -> None:
    told = entries(folder)
    assert len(told) == 60 and problems(folder) == ()
    assert [one.seq for one in told] == list(range(1, 61))
    assert {one.who for one in told} == {"op7"} and {one.software.split()[0] for one in told} == {"mocap"}
    assert (told[0].operation, told[0].file, told[0].old_sha256, told[0].reason) == ("create", "t0.h5", "", "step 0")
    assert told[3].operation == "modify" and told[3].old_sha256 == told[0].new_sha256
    assert told[-1].new_sha256 == file_sha256(folder / "t2.h5")
    assert [one.operation for one in told[56:]] == ["rename", "rename", "delete", "modify"]
    assert told[58].new_sha256 == "" and told[58].reason == "asked for"
    assert check_journal(folder / "t2.h5")[0] == () and check_journal(folder / "t0.outdated.h5")[0] == ()


def changed_line(lines: list[bytes], at: int) -> list[bytes]:
    told = json.loads(lines[at])
    told["details"]["who"] = "somebody else"
    return [*lines[:at], json.dumps(told, sort_keys=True).encode(), *lines[at + 1 :]]


def rewritten_line(lines: list[bytes], at: int) -> list[bytes]:
    """A line with other details, and with the digests that belong to them."""
    told = json.loads(lines[at])
    told["details"]["who"] = "somebody else"
    told["details_sha256"] = sha_of(told["details"])
    bound = {name: told[name] for name in ("seq", "utc", "operation", "details_sha256", "before")}
    return [*lines[:at], text_of({**told, "hash": sha_of(bound)}), *lines[at + 1 :]]


TAMPERING = {
    "rewritten": rewritten_line,
    "changed": changed_line,
    "its time changed": lambda lines, at: [
        *lines[:at], lines[at].replace(b'"utc": "20', b'"utc": "19'), *lines[at + 1 :]],
    "deleted": lambda lines, at: [*lines[:at], *lines[at + 1 :]],
    "doubled": lambda lines, at: [*lines[: at + 1], lines[at], *lines[at + 1 :]],
    "moved": lambda lines, at: [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
    "called erased": lambda lines, at: [
        *lines[:at], text_of({**json.loads(lines[at]), "details": {"erased": True, "who": "mallory"}}),
        *lines[at + 1 :]],
    "erased by hand": lambda lines, at: [
        *lines[:at], text_of({**json.loads(lines[at]), "details": {"erased": True}}), *lines[at + 1 :]],
    "not erased": lambda lines, at: [
        *lines[:at], lines[at].replace(b'"file": ', b'"erased": false, "file": ', 1), *lines[at + 1 :]],
    "a word more": lambda lines, at: [
        *lines[:at], lines[at].replace(b'"operation": ', b'"note": "by order", "operation": ', 1), *lines[at + 1 :]],
    "said twice": lambda lines, at: [
        *lines[:at], lines[at].replace(b'"who": ', b'"who": "mallory", "who": ', 1), *lines[at + 1 :]],
    "endless": lambda lines, at: [
        *lines[:at], re.sub(rb'"seq": \d+', b'"seq": 1e999', lines[at]), *lines[at + 1 :]],
    "thousands of digits": lambda lines, at: [
        *lines[:at], re.sub(rb'"seq": \d+', b'"seq": ' + b"9" * 4300, lines[at]), *lines[at + 1 :]],
    "brackets": lambda lines, at: [*lines[:at], b"[" * 100_000, *lines[at + 1 :]],
    "outputs": lambda lines, at: [
        *lines[:at], re.sub(rb'"outputs": \[.*?\]', b'"outputs": 5', lines[at]), *lines[at + 1 :]],
    "made up": lambda lines, at: [*lines[:at], b"{}", *lines[at:]],
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_with_any_line_is_found_and_named(folder: Path, how: str) -> None:
    path = folder / JOURNAL_NAME
    lines = path.read_bytes().splitlines()
    for at in range(len(lines) - 1):
        path.write_bytes(b"\n".join(TAMPERING[how](lines, at)) + b"\n")
        found = problems(folder)
        assert found, (how, at)
        assert f"line {at + 1} " in found[0] or f"line {at + 2} " in found[0], (how, at, found)
    finding = check_journal(folder / "t2.h5")[0][0]
    assert finding.code == "JOURNAL_BROKEN" and "line" in finding.problem
    # A line that says nothing hinders no change.
    written(folder / "t2.h5", 5.0)


def test_words_that_were_put_into_a_line_are_not_told(folder: Path) -> None:
    path = folder / JOURNAL_NAME
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join(changed_line(lines, len(lines) - 1)) + b"\n")
    findings, notes = check_journal(folder / "t2.h5")
    assert findings[0].code == "JOURNAL_BROKEN" and "somebody else" not in str((findings, notes))


def test_what_is_told_stays_on_its_line_and_can_be_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocap.storage.journal.operator", lambda: "x\n\x1b[2Kall sound \ud800")
    path = written(tmp_path / "t.h5", 1.0)
    findings, (note,) = check_journal(path)
    assert findings == () and note.isprintable() and r"by x\n\x1b[2Kall sound \ud800 at" in note


def test_a_long_line_and_a_long_rest_of_one_do_not_break_the_chain(tmp_path: Path) -> None:
    path = written(tmp_path / "t.h5", 1.0)
    append(tmp_path, "export", file="t.h5", outputs=[f"{number}.csv" for number in range(40_000)])
    written(path, 2.0)
    assert problems(tmp_path) == () and [one.seq for one in entries(tmp_path)] == [1, 2, 3]
    with (tmp_path / JOURNAL_NAME).open("ab") as file:
        file.write(b"x" * 300_000)
    written(path, 3.0)
    assert problems(tmp_path) == () and [one.operation for one in entries(tmp_path)][-2:] == ["mended", "modify"]


def test_a_journal_too_large_is_refused_and_hinders_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "t.h5", 1.0)
    monkeypatch.setattr("mocap.storage.journal._MOST_BYTES", 1 << 20)
    with (tmp_path / JOURNAL_NAME).open("ab") as file:
        file.write(b"\n" * 1000)
    assert len(problems(tmp_path)) == 101 and "line 102 on" in problems(tmp_path)[-1]
    os.truncate(tmp_path / JOURNAL_NAME, 1 << 40)
    with pytest.raises(SourceError, match=r"JOURNAL_NOT_READ.*larger than 1 MiB"):
        check_journal(path)
    written(path, 2.0)


def test_lines_cut_off_at_the_end_show_in_the_file_that_they_tell_of(folder: Path) -> None:
    path = folder / JOURNAL_NAME
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-1]) + b"\n")
    assert problems(folder) == ()
    assert [one.code for one in check_journal(folder / "t2.h5")[0]] == ["JOURNAL_OTHER"]


def test_a_last_line_that_was_cut_off_is_mended_by_the_next_change(folder: Path) -> None:
    path = folder / JOURNAL_NAME
    for left in (1, 40, 10_000):
        whole = path.read_bytes()
        path.write_bytes(whole + whole.splitlines()[-1][:left])
        assert is_torn(folder) and problems(folder) == ()
        findings, notes = check_journal(folder / "t2.h5")
        assert findings == () and any("cut off" in note for note in notes)
        written(folder / "t2.h5", 3.0)
        assert problems(folder) == () and [one.operation for one in entries(folder)[-2:]] == ["mended", "modify"]


_CUT_SHORT = """
import os, signal, sys
from pathlib import Path
from mocap.storage.journal import journalled
with journalled(Path(sys.argv[1]), "f" * 64):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_between_journal_and_file_is_recognised_and_said(tmp_path: Path) -> None:
    path = written(tmp_path / "t.h5", 1.0)
    done = subprocess.run([sys.executable, "-c", _CUT_SHORT, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    findings, notes = check_journal(path)
    assert findings == () and any("was cut short; the file is as before it" in note for note in notes)
    written(path, 2.0)
    assert [one.operation for one in entries(tmp_path)] == ["create", "modify", "not done", "modify"]
    assert problems(tmp_path) == () and check_journal(path)[0] == ()


def test_a_change_that_fails_is_said_to_be_not_done(tmp_path: Path) -> None:
    path = written(tmp_path / "t.h5", 1.0)
    with pytest.raises(OSError, match="no space"), journalled(path, "f" * 64):
        raise OSError(28, "no space")
    last = entries(tmp_path)[-1]
    assert last.operation == "not done" and "no space" in last.reason and check_journal(path)[0] == ()


def test_a_file_that_was_changed_elsewhere_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "t.h5", 1.0)
    (tmp_path / "other").mkdir()
    path.write_bytes(written(tmp_path / "other" / "t.h5", 5.0).read_bytes())
    assert [one.code for one in check_journal(path)[0]] == ["JOURNAL_OTHER"]
    written(path, 2.0)
    assert [one.operation for one in entries(tmp_path)] == ["create", "changed elsewhere", "modify"]
    assert check_journal(path)[0] == ()


def test_details_are_erased_and_the_chain_holds(folder: Path) -> None:
    count = redact(folder, lambda one: one.file == "t1.h5", "asked for")
    assert count == 5 and problems(folder) == ()
    assert b"t1.h5" not in (folder / JOURNAL_NAME).read_bytes()
    told = entries(folder)
    assert sum(one.erased for one in told) == 5 and len(told) == 61
    assert (told[-1].operation, told[-1].who, told[-1].reason) == ("erase", "op7", "asked for")
    assert any("5 of 61 entries were erased" in note for note in check_journal(folder / "t2.h5")[1])
    written(folder / "t2.h5", 1.5)
    assert problems(folder) == () and redact(folder, lambda one: False, "nothing") == 0


def test_a_journal_that_cannot_be_written_refuses_the_change(tmp_path: Path) -> None:
    path = written(tmp_path / "t.h5", 1.0)
    before = path.read_bytes()
    (tmp_path / JOURNAL_NAME).unlink()
    (tmp_path / JOURNAL_NAME).mkdir()
    with pytest.raises(SourceError, match="JOURNAL_NOT_WRITTEN"):
        written(path, 2.0)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == [JOURNAL_NAME, "t.h5"]


_MANY = """
import sys
from pathlib import Path
from mocap.storage.journal import append
for number in range(40):
    append(Path(sys.argv[1]), "export", file=sys.argv[2], reason=str(number))
"""


def test_two_processes_write_into_one_journal(tmp_path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", _MANY, str(tmp_path), name]) for name in "ab"]
    assert [one.wait() for one in running] == [0, 0]
    told = entries(tmp_path)
    assert problems(tmp_path) == () and len(told) == 80
    for name in "ab":
        assert [one.reason for one in told if one.file == name] == [str(number) for number in range(40)]


def test_who_works_is_told_by_the_login_where_nothing_else_says_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("MOCAP_OPERATOR")
    monkeypatch.setenv("LOGNAME", "login")
    written(tmp_path / "t.h5", 1.0)
    assert entries(tmp_path)[0].who == "login"
    assert b"login" not in (tmp_path / "t.h5").read_bytes() and os.environ["LOGNAME"] == "login"


def test_a_trial_that_may_only_be_read_is_handed_over_and_told_beside_what_was_written(tmp_path: Path, monkeypatch):
    archive, out = tmp_path / "archive", tmp_path / "out"
    archive.mkdir()
    out.mkdir()
    path = written(archive / "t.h5", 1.0)
    before = (archive / JOURNAL_NAME).read_bytes()
    # The tests may run as somebody who may write everywhere.
    monkeypatch.setattr(os, "access", lambda folder, how: Path(folder) != archive)
    handed_over(path, "csv", (out / "t.csv",))
    assert (archive / JOURNAL_NAME).read_bytes() == before
    (told,) = entries(out)
    assert (told.operation, told.file, told.outputs) == ("export", "t.h5", ("t.csv",))
    # What must not name the trial is not told where it is read.
    handed_over(path, "csv, de-identified", (out / "u.csv",), named=False)
    assert len(entries(out)) == 1 and len(entries(archive)) == 2
