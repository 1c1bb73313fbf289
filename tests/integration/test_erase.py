"""A person taken out of a folder: nothing names them afterwards, and nothing of others is touched."""

import base64
import bz2
import gzip
import hashlib
import json
import lzma
import os
import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import ConfigError, ExportError, SourceError
from mocap.export.privacy import alias_of
from mocap.pipeline import erase_packed
from mocap.pipeline.erase import erase as erase_planned
from mocap.pipeline.erase import plan_erasure
from mocap.pipeline.erase_marks import mentions
from mocap.pipeline.export import export_to_file
from mocap.pipeline.report import report_to_file
from mocap.storage import journal, write_trial
from mocap.storage.journal import entries, problems
from mocap.trial import Points3D, Trial
from tests.fixtures.assessed_trials import squat_trial

CONDITIONS = "condition,against,metric,unit,person,first_mean,first_sd,first_n"
PARTICIPANTS = "participant_id\tsubject_code\tage\tsex\thandedness\theight\tweight\n"
NO_KEY = Path("there is none")
SESSION = """
[session]
id = "{code}_2026"
subject_code = "{code}"
[calibration]
file = "calibration.toml"
[[trial]]
name = "squat"
files = "keypoints"
"""


def erase(code, plan, root, key):
    """All that is left to look at."""
    return erase_planned(code, plan, root, key).all


def _trial(code, name):
    position = np.random.default_rng(5).normal(size=(4, 2, 3))
    return Trial(name, Points3D(position, ("A", "B"), 50.0), subject_code=code)


def _session(folder, code):
    (folder / "results").mkdir(parents=True)
    (folder / "session.toml").write_text(SESSION.format(code=code))
    (folder / "cam_1.mp4").write_bytes(b"\0footage" * 50)
    write_trial(folder / "results" / "squat.h5", _trial(code, "squat"))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Two people's sessions, trials elsewhere, what was made of them, and tables of all."""
    root = tmp_path_factory.mktemp("model") / "lab"
    page = ""
    for code in ("P01", "P02"):
        _session(root / "sessions" / f"s_{code}", code)
        write_trial(root / f"walk_{code}.h5", replace(squat_trial(), subject_code=code, trial_id=f"walk_{code}"))
        if not page:
            report_to_file(root / f"walk_{code}.h5", root / f"page_{code}.html")
            page = (root / f"page_{code}.html").read_text()
        (root / f"page_{code}.html").write_text(page.replace("P01", code))
        for to, out in (("csv", f"tables_{code}"), ("json", f"m_{code}.json")):
            export_to_file(root / f"walk_{code}.h5", to, root / out)
    rows = [f"cue,none,depth,m,{person},1.5,0.1,10" for person in ("P01", "P02", '"P010"', "")]
    (root / "cues.csv").write_text("\n".join([CONDITIONS, *rows]) + "\n")
    (root / "participants.tsv").write_text(PARTICIPANTS + "sub-P01\tP01\t30\nsub-P02\tP02\t10\n")
    return root


@pytest.fixture
def lab(model, tmp_path):
    root = tmp_path / "lab"
    shutil.copytree(model, root)
    (root / "outside").symlink_to(tmp_path, target_is_directory=True)
    return root


def _digests(root):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*"))
            if path.is_file() and not path.is_symlink()}  # fmt: skip


def test_everything_of_one_person_goes_and_nothing_of_others(lab, tmp_path):
    key = tmp_path / "key.json"
    alias_of(key, "P01", "squat"), alias_of(key, "P02", "squat")
    before = _digests(lab)
    plan = plan_erasure("P01", lab, key)
    assert plan.folders == (lab / "sessions" / "s_P01",) and plan.left.all == () and before == _digests(lab)
    assert erase("P01", plan, lab, key) == ()
    after = _digests(lab)
    kept = {path: digest for path, digest in before.items() if "P02" in str(path)}
    assert kept.items() <= after.items()
    journals = {path for path in before if path.name == "journal.jsonl" and path in after}
    assert set(after) == {*kept, lab / "cues.csv", lab / "participants.tsv", *journals}
    assert journals and not any(problems(path.parent) for path in journals)
    told = entries(lab)
    assert any(one.erased for one in told) and told[-1].operation == "erase"
    cues, people = (lab / "cues.csv").read_text().splitlines(), (lab / "participants.tsv").read_text()
    assert [line.split(",")[4] for line in cues] == ["person", "P02", '"P010"', ""] and cues[0] == CONDITIONS
    assert people == PARTICIPANTS + "sub-P02\tP02\t10\n"
    assert list(json.loads(key.read_text())["subjects"]) == ["P02"]
    for path in lab.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"P01" not in content.replace(b"P010", b"") and "P01" not in path.name


def test_what_nothing_here_knows_is_named_and_stays(lab, tmp_path):
    notes = {
        "diary.txt": b"P01 had pain", "wide.txt": "see P01".encode("utf-16"), "P01.docx": b"PK\3\4",
        "table.csv": b"who,what\nall,P01 and P02\n", "people.csv": b"subject,mass_kg\nP01,71\nP02,80\n",
        "others.tsv": b"participant_id\tage\nsub-P01\t30\n",
    }  # fmt: skip
    for name, content in notes.items():
        (lab / name).write_bytes(content)
    plan = plan_erasure("P01", lab, NO_KEY)
    assert sorted(path.name for path in plan.left.all) == sorted(notes)
    left = erase("P01", plan, lab, tmp_path / "none.json")
    assert sorted(path.name for path in left) == sorted(notes)
    assert all((lab / name).read_bytes() == content for name, content in notes.items())


def test_what_was_handed_over_goes_too_under_whatever_name(lab, tmp_path):
    key, elsewhere = tmp_path / "key.json", tmp_path / "elsewhere.csv"
    for code in ("P01", "P02"):
        file = lab / f"walk_{code}.h5"
        export_to_file(file, "trc", lab / f"plain_{code[-1]}.trc")
        export_to_file(file, "json", lab / f"given_{code[-1]}.json", key=key)
        export_to_file(file, "bids", lab / "bids", key=key)
    export_to_file(lab / "walk_P01.h5", "csv", elsewhere)
    plan = plan_erasure("P01", lab, key)
    (other,) = [entry["alias"] for name, entry in json.loads(key.read_text())["subjects"].items() if name == "P02"]
    assert elsewhere in plan.outside and erase("P01", plan, lab, key) == ()
    there = {str(path.relative_to(lab)) for path in lab.rglob("*") if path.is_file() and not path.is_symlink()}
    assert {"plain_2.trc", "given_2.json"} <= there and not {"plain_1.trc", "given_1.json"} & there
    assert {name.split("/")[1] for name in there if name.startswith("bids/sub-")} == {f"sub-{other}"}
    assert (lab / "bids" / "participants.tsv").read_text().count("sub-") == 1 and elsewhere.is_file()


def test_links_lead_nowhere(lab, tmp_path):
    write_trial(tmp_path / "mine.h5", _trial("P01", "mine"))
    (tmp_path / "P01").mkdir()
    (tmp_path / "P01" / "notes.txt").write_text("P01")
    (lab / "P01_there").symlink_to(tmp_path / "mine.h5")
    (lab / "notes").symlink_to(tmp_path / "P01" / "notes.txt")
    (lab / "other").symlink_to(tmp_path / "mine.h5")
    (lab / "walk").symlink_to(lab / "walk_P01.h5")
    erase("P01", plan_erasure("P01", lab, NO_KEY), lab, tmp_path / "none.json")
    assert (tmp_path / "mine.h5").is_file() and (tmp_path / "P01" / "notes.txt").read_text() == "P01"
    assert {path.name for path in lab.iterdir() if path.is_symlink()} == {"P01_there", "notes", "other", "outside"}


@pytest.mark.parametrize("what", ["session", "trial"])
def test_what_is_anothers_within_a_session_is_not_taken_along(lab, what):
    folder = lab / "sessions" / "s_P01" / "inner"
    if what == "session":
        _session(folder, "P03")
    else:
        folder.mkdir()
        write_trial(folder / "walk.h5", _trial("P03", "walk"))
    with pytest.raises(ExportError, match=r"ERASE_SHARED.*inner"):
        plan_erasure("P01", lab, NO_KEY)


def test_a_code_that_is_a_number_changes_nothing_of_those_who_have_that_number_somewhere(lab, tmp_path):
    """A time of 10 s, an age of 10 years, a tenth trial, and who counts 10 of something."""
    write_trial(lab / "walk_P02_10.h5", _trial("P02", "walk 10"))
    export_to_file(lab / "walk_P02_10.h5", "csv", lab / "moved")
    (lab / "journal.jsonl").unlink()  # the table was copied here from elsewhere
    export_to_file(lab / "walk_P02_10.h5", "json", lab / "m_10.json")
    times = "".join(f"{at},10,{at / 9}\n" for at in range(12))
    (lab / "times.csv").write_text(f"sync_index,cam_id,frame_time\n{times}")
    (lab / "ages.csv").write_text("subject,age\nP02,10\n10,44\n")
    (lab / "cam_10").symlink_to(lab / "times.csv")
    before = _digests(lab)
    write_trial(lab / "mine.h5", _trial("10", "mine"))
    _session(lab / "sessions" / "mine", "10")
    after_writing = lab / "journal.jsonl"
    told = [one for one in entries(lab) if one.file != "mine.h5"]
    plan = plan_erasure("10", lab, NO_KEY)
    assert plan.tables == () and set(plan.files) == {lab / "mine.h5"} and lab / "ages.csv" in plan.left.all
    left = erase("10", plan, lab, tmp_path / "none.json")
    before.pop(after_writing)
    assert before.items() <= _digests(lab).items() and {lab / "times.csv", lab / "ages.csv"} <= set(left)
    assert [one for one in entries(lab) if not one.erased][:-1] == told and (lab / "cam_10").is_symlink()


def _hand_over(root):
    """A session and a trial of one person, handed over into folders of which only the journal tells whose they are."""
    (root / "own").mkdir(parents=True)
    write_trial(root / "own" / "walk.h5", _trial("P01", "walk"))
    _session(root / "a_session", "P01")
    for to, out in (("csv", "z"), ("trc", "z.trc"), ("bids", "bids")):
        export_to_file(root / "own" / "walk.h5", to, root / out)
    export_to_file(root / "own" / "walk.h5", "h5", root / "given.h5", key=root.parent / "key.json")
    export_to_file(root / "a_session" / "results" / "squat.h5", "csv", root / "y")


def test_an_erasure_that_is_cut_short_anywhere_goes_on_where_it_was(tmp_path, monkeypatch):
    """Also the folder goes in which nothing of anybody is any more, and with it the journal of what was erased."""
    whole, key = tmp_path / "lab", tmp_path / "key.json"
    _hand_over(whole)
    shutil.copyfile(key, tmp_path / "whole.json")
    shutil.copytree(whole, tmp_path / "copy")
    real, calls = os.unlink, []
    for cut in range(100):
        calls.clear()

        def unlink(*args, at=cut, **options):
            calls.append(args)
            if len(calls) > at and ".lock" not in str(args[0]):
                raise KeyboardInterrupt
            return real(*args, **options)

        shutil.rmtree(whole, ignore_errors=True)
        shutil.copytree(tmp_path / "copy", whole)
        shutil.copyfile(tmp_path / "whole.json", key)
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", unlink)
            try:
                assert erase("P01", plan_erasure("P01", whole, key), whole, key) == ()
                done = True
            except KeyboardInterrupt:
                done = False
        assert erase("P01", plan_erasure("P01", whole, key), whole, key) == ()
        assert list(whole.rglob("*")) == [] and json.loads(key.read_text())["subjects"] == {}, cut
        if done:
            break
    assert done and cut > 10


def test_a_dataset_stays_whole_for_those_who_stay(tmp_path):
    for code in ("P01", "P02"):
        write_trial(tmp_path / f"{code}.h5", _trial(code, "walk"))
        export_to_file(tmp_path / f"{code}.h5", "bids", tmp_path / "bids")
    assert erase("P01", plan_erasure("P01", tmp_path, NO_KEY), tmp_path, NO_KEY) == ()
    there = {path.name for path in (tmp_path / "bids").iterdir()}
    shared = {"README.md", "dataset_description.json", "participants.json", "participants.tsv"}
    assert there == {*shared, "sub-P02"} and "P01" not in (tmp_path / "bids" / "participants.tsv").read_text()
    erase("P02", plan_erasure("P02", tmp_path, NO_KEY), tmp_path, NO_KEY)
    assert not list((tmp_path / "bids").glob("sub-*"))


def test_a_folder_that_is_called_after_a_person_goes_with_its_journal(tmp_path):
    (tmp_path / "P01").mkdir()
    write_trial(tmp_path / "P01" / "walk.h5", _trial("P01", "walk"))
    (tmp_path / "P01" / "diary.txt").write_text("fine")
    assert len(erase("P01", plan_erasure("P01", tmp_path, NO_KEY), tmp_path, NO_KEY)) == 2
    (tmp_path / "P01" / "diary.txt").unlink()
    assert erase("P01", plan_erasure("P01", tmp_path, NO_KEY), tmp_path, NO_KEY) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["", " ", "*", "P", "--", "\0\0"])
def test_a_code_that_could_be_anything_is_refused(lab, code):
    with pytest.raises(ConfigError, match="SUBJECT_UNSAFE"):
        plan_erasure(code, lab, NO_KEY)


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(SourceError, match="FILE_MISSING"):
        plan_erasure("P01", tmp_path / "none", NO_KEY)


@pytest.mark.parametrize(("content", "found"), [
    (b"P01", True), (b"sub-P01_task", True), (b"P010", False), (b"xP01", False), ("P01".encode("utf-16-le"), True),
    (b"\0" * (1 << 18) + b" P01 ", False), (b"a" * (1 << 18) + b" P01 ", True),
])  # fmt: skip
def test_a_code_is_a_word_of_its_own(tmp_path, content, found):
    (tmp_path / "a").write_bytes(content)
    assert mentions(tmp_path / "a", "P01", tmp_path) is found


def test_a_long_code_is_found_anywhere_in_any_form(tmp_path):
    code = "LAB-00417"
    forms = [code.encode(), code.encode("utf-16-be"), base64.b64encode(b"x" + code.encode() + b"yz")]
    for number, form in enumerate(forms):
        file = tmp_path / str(number)
        file.write_bytes(b"\0" * ((1 << 17) + (1 << 22) - 4) + form + b"\0")
        assert mentions(file, code, tmp_path), number
    (tmp_path / "none").write_bytes(b"\0" * (1 << 17))
    assert not mentions(tmp_path / "none", code, tmp_path)


def test_the_command_does_nothing_until_it_is_told(lab, mocap_cli, monkeypatch, tmp_path):
    monkeypatch.setenv("MOCAP_KEY", str(tmp_path / "key.json"))
    before = _digests(lab)
    done = mocap_cli("erase", "P01", "--root", lab)
    assert done.status == 0 and "Nothing was changed" in done.out and before == _digests(lab)
    assert f"{lab / 'walk_P01.h5'}: would be removed" in done.out
    (lab / "diary.txt").write_text("P01 was late")
    done = mocap_cli("erase", "P01", "--root", lab, "--yes")
    assert done.status == 1 and f"{lab / 'diary.txt'}: still names P01" in done.out
    Path(lab / "diary.txt").unlink()
    done = mocap_cli("erase", "P01", "--root", lab, "--yes", "--json")
    assert done.status == 0 and json.loads(done.out)["left"] == []


def _packed(root):
    """Files in which P01 stands, packed in many ways, and some that nothing opens."""
    note = root / "note.txt"
    note.write_text("P01 had pain")
    plain = {"a.txt.gz": gzip.compress, "a.txt.bz2": bz2.compress, "a.txt.xz": lzma.compress}
    for name, pack in plain.items():
        (root / name).write_bytes(pack(note.read_bytes()))
    with zipfile.ZipFile(root / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(root / "a.txt.gz", "inner.gz")
    with zipfile.ZipFile(root / "names.xlsx", "w") as archive:
        archive.writestr("walk_P01.csv", "")
    with tarfile.open(root / "all.tgz", "w:gz") as tar:
        tar.add(root / "all.zip", "deep.zip")
    whole = (root / "all.tgz").read_bytes()
    note.unlink()
    named = {path.name for path in root.iterdir()}
    (root / "cut.tgz").write_bytes(whole[: len(whole) // 2])
    (root / "other.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(40))
    (root / "fine.gz").write_bytes(gzip.compress(b"P010 " * 9))
    return named, {"cut.tgz", "other.7z"}


def test_packed_files_are_looked_into_and_those_that_are_closed_are_told(tmp_path, mocap_cli, monkeypatch):
    monkeypatch.setenv("MOCAP_KEY", str(tmp_path / "key.json"))
    root = tmp_path / "lab"
    root.mkdir()
    named, closed = _packed(root)
    left = erase_planned("P01", plan_erasure("P01", root, NO_KEY), root, NO_KEY)
    assert {path.name for path in left.named} == named and {path.name for path in left.closed} == closed
    for name in named:
        (root / name).unlink()
    done = mocap_cli("erase", "P01", "--root", root, "--yes")
    assert done.status == 1 and f"{root / 'other.7z'}: could not be looked into" in done.out
    assert "no file" not in done.out


@pytest.mark.parametrize("many", [False, True])
def test_a_bomb_is_closed_and_takes_no_time(tmp_path, many, monkeypatch):
    monkeypatch.setattr(erase_packed, "_MOST_BYTES", 1 << 16)
    monkeypatch.setattr(erase_packed, "_MOST_FILES", 50)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(100 if many else 1):
            archive.writestr(str(number), b"" if many else bytes(1 << 20))
    left = plan_erasure("P01", tmp_path, NO_KEY).left
    assert [path.name for path in left.closed] == ["bomb.zip"] and left.named == ()


def test_links_are_looked_behind_and_nothing_is_changed_there(tmp_path):
    root, store = tmp_path / "lab", tmp_path / "store"
    for folder in (root, store):
        folder.mkdir()
    write_trial(store / "walk.h5", _trial("P01", "walk"))
    (store / "back").symlink_to(root, target_is_directory=True)
    (root / "linked").symlink_to(store, target_is_directory=True)
    left = erase_planned("P01", plan_erasure("P01", root, NO_KEY), root, NO_KEY)
    assert root / "linked" / "walk.h5" in left.named and (store / "walk.h5").is_file()


@pytest.mark.parametrize("how", ["now", "without digests", "absolute"])
def test_what_was_handed_over_is_found_where_all_was_moved_or_renamed(tmp_path, how, monkeypatch):
    """Of older hand-overs the journal tells neither digests nor names as seen from the trial: those are listed."""
    root, moved = tmp_path / "lab", tmp_path / "moved"
    for folder in ("own", "out"):
        (root / folder).mkdir(parents=True)
    write_trial(root / "own" / "walk.h5", _trial("P01", "walk"))
    if how != "now":
        real = journal.append
        monkeypatch.setattr(journal, "append", lambda *args, **told: real(*args, **{**told, "outputs_sha256": ()}))
    if how == "absolute":
        monkeypatch.setattr(journal, "_seen_from", lambda folder, path: str(path.absolute()))
    export_to_file(root / "own" / "walk.h5", "csv", root / "out" / "z")
    shutil.copyfile(root / "out" / "z" / "points.csv", root / "mine.csv")
    root.rename(moved)
    plan = plan_erasure("P01", moved, NO_KEY)
    left = erase_planned("P01", plan, moved, NO_KEY)
    if how == "absolute":
        assert plan.gone and left.copies == (moved / "out" / "z" / "points.csv",)
    else:
        assert plan.gone == () and left.copies == (moved / "mine.csv",) and not (moved / "out").exists()


def test_what_took_the_place_of_a_hand_over_is_not_removed(tmp_path):
    write_trial(tmp_path / "walk.h5", _trial("P01", "walk"))
    export_to_file(tmp_path / "walk.h5", "trc", tmp_path / "z.trc")
    (tmp_path / "z.trc").write_text("another's")
    left = erase_planned("P01", plan_erasure("P01", tmp_path, NO_KEY), tmp_path, NO_KEY)
    assert (tmp_path / "z.trc").read_text() == "another's" and left.copies == (tmp_path / "z.trc",)


@pytest.mark.parametrize("alone", [True, False])
def test_the_record_of_results_elsewhere_goes_where_they_were_of_that_person_alone(tmp_path, alone):
    results = tmp_path / "results"
    results.mkdir()
    write_trial(results / "walk.h5", _trial("P01", "walk"))
    if not alone:
        write_trial(results / "other.h5", _trial("P02", "other"))
    output = f'{{"inputs": "{"0" * 64}", "output": "{"1" * 64}"}}'
    (results / "stages.json").write_text(f'{{"walk.h5": {output}}}')
    erase("P01", plan_erasure("P01", tmp_path, NO_KEY), tmp_path, NO_KEY)
    assert (results / "stages.json").exists() is not alone
    assert results.exists() is not alone


@pytest.mark.parametrize("others", [False, True])
def test_a_dataset_goes_whole_or_is_to_be_made_again(tmp_path, others):
    _session(tmp_path / "P01", "P01")
    truth = tmp_path / "truth"
    (truth / "train").mkdir(parents=True)
    people = {"train": ["P01"], "test": ["P02"] if others else []}
    (truth / "dataset.json").write_text(json.dumps({"format": "mocap-dataset", "people": people}))
    (truth / "train" / "P01_squat.txt").write_text("0 0.5 0.5")
    (truth / "train" / "frames.parquet").write_bytes(b"PAR1 packed, so that no search finds who is in it")
    plan = plan_erasure("P01", tmp_path, NO_KEY)
    assert plan.datasets == (() if others else (truth,)) and not plan.files
    left = erase("P01", plan, tmp_path, NO_KEY)
    assert truth.exists() == others
    assert left == ((truth / "dataset.json",) if others else ())
    assert not others or (truth / "train" / "P01_squat.txt").exists()
