"""A person taken out of a folder: nothing names them afterwards, and nothing of others is touched."""

import base64
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import ConfigError, ExportError, SourceError
from mocap.export.privacy import alias_of
from mocap.pipeline.erase import erase, plan_erasure
from mocap.pipeline.erase_marks import mentions
from mocap.pipeline.export import export_to_file
from mocap.pipeline.report import report_to_file
from mocap.storage import write_trial
from mocap.storage.journal import entries, problems
from mocap.trial import Points3D, Trial
from tests.fixtures.assessed_trials import squat_trial

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
    (root / "people.csv").write_text('subject,mass_kg\nP01,71\nP02,80\n"P010",65\n')
    (root / "participants.tsv").write_text("participant_id\tage\nsub-P01\t30\nsub-P02\t40\n")
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
    assert plan.folders == (lab / "sessions" / "s_P01",) and plan.left == () and before == _digests(lab)
    assert erase("P01", plan, lab, key) == ()
    after = _digests(lab)
    kept = {path: digest for path, digest in before.items() if "P02" in str(path)}
    assert kept.items() <= after.items()
    journals = {path for path in before if path.name == "journal.jsonl" and path in after}
    assert set(after) == {*kept, lab / "people.csv", lab / "participants.tsv", *journals}
    assert journals and not any(problems(path.parent) for path in journals)
    told = entries(lab)
    assert any(one.erased for one in told) and told[-1].operation == "erase"
    assert (lab / "people.csv").read_text() == "subject,mass_kg\nP02,80\nP010,65\n"
    assert (lab / "participants.tsv").read_text() == "participant_id\tage\nsub-P02\t40\n"
    assert list(json.loads(key.read_text())["subjects"]) == ["P02"]
    for path in lab.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"P01" not in content.replace(b"P010", b"") and "P01" not in path.name


def test_what_nothing_here_knows_is_named_and_stays(lab, tmp_path):
    notes = {
        "diary.txt": b"P01 had pain", "wide.txt": "see P01".encode("utf-16"), "P01.docx": b"PK\3\4",
        "table.csv": b"who,what\nall,P01 and P02\n",
    }  # fmt: skip
    for name, content in notes.items():
        (lab / name).write_bytes(content)
    plan = plan_erasure("P01", lab, NO_KEY)
    assert sorted(path.name for path in plan.left) == sorted(notes)
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
    assert erase("P01", plan_erasure("P01", lab, NO_KEY), lab, tmp_path / "none.json") == ()
    assert (tmp_path / "mine.h5").is_file() and (tmp_path / "P01" / "notes.txt").read_text() == "P01"
    assert [path.name for path in sorted(lab.iterdir()) if path.is_symlink()] == ["other", "outside"]


def test_a_session_of_another_within_is_not_taken_along(lab):
    _session(lab / "sessions" / "s_P01" / "inner", "P03")
    with pytest.raises(ExportError, match=r"ERASE_SHARED.*inner"):
        plan_erasure("P01", lab, NO_KEY)


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
