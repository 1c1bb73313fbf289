"""Files with a seal that fits that were made to crash, hang or fill the HDF5 library: refused, the process goes on."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mocap.isolation import worker
from mocap.storage import check_trial, open_trial_file, read_trial, rehearsal
from mocap.storage.seal import read_seal, seal

ROOT = Path(__file__).resolve().parents[3]
_VICTIM = """
import sys
from mocap.errors import MocapError
from mocap.storage import read_trial
for path in sys.argv[1:]:
    try:
        read_trial(path)
        print("read")
    except MocapError as error:
        print(error.code)
"""
PARTS = [pytest.param(40, 1, id="40"),
         *(pytest.param(700, part, id=f"700-{part}", marks=pytest.mark.heavy) for part in range(2, 12))]  # fmt: skip


def _mutations():
    path = Path(__file__).resolve().parents[2] / "fixtures" / "mutations.py"
    spec = importlib.util.spec_from_file_location("mutations", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module
    spec.loader.exec_module(module)
    return module


def _unsealed(content: bytes, path: Path) -> bytes:
    path.write_bytes(content)
    with path.open("rb") as file:
        return content[: read_seal(file).length]


@pytest.mark.parametrize(("n", "part"), PARTS)
def test_mutated_files_that_were_sealed_again_harm_no_process(tmp_path: Path, whole, n: int, part: int) -> None:
    """Before files were gone through elsewhere, 15 of 1000 ended the process that read them, and one of 1000 hung."""
    bare = _unsealed(whole["bare"], tmp_path / "whole.h5")
    paths = []
    for place, (_, data) in enumerate(_mutations().mutations(bare, n, 100 * part)):
        paths.append(tmp_path / f"{place}.h5")
        paths[-1].write_bytes(data)
        with paths[-1].open("r+b") as file:
            seal(file)
    done = subprocess.run(
        [sys.executable, "-c", _VICTIM, *map(str, paths)], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""}, timeout=3000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.split()
    assert len(said) == n
    print({code: said.count(code) for code in sorted(set(said))})
    assert set(said) <= {"read", "TRIAL_DAMAGED", "TRIAL_UNSAFE", "TRIAL_SCHEMA", "TRIAL_NEWER", "NOT_A_TRIAL"}


def _forget() -> None:
    rehearsal._known.cache_clear()


def test_a_file_of_others_is_gone_through_once_and_an_own_one_never(tmp_path: Path, whole, monkeypatch) -> None:
    asked = []
    parse = rehearsal.parse
    monkeypatch.setattr(rehearsal, "parse", lambda task, path: asked.append(task) or parse(task, path))
    (tmp_path / "a.h5").write_bytes(whole["bare"])
    _forget()
    for read in (read_trial, read_trial, check_trial):
        read(tmp_path / "a.h5")
    with open_trial_file(tmp_path / "a.h5"):
        pass
    assert asked == ["rehearsal"]
    from mocap.storage import write_trial

    _forget()
    write_trial(tmp_path / "b.h5", read_trial(tmp_path / "a.h5"))
    read_trial(tmp_path / "b.h5")
    assert asked == ["rehearsal", "rehearsal"]


def test_what_crashes_the_library_is_told_as_such(tmp_path: Path, whole, monkeypatch) -> None:
    def crash(task, path):
        raise worker.Lost("the library that reads it crashed")

    monkeypatch.setattr(rehearsal, "parse", crash)
    (tmp_path / "a.h5").write_bytes(whole["bare"])
    _forget()
    findings = check_trial(tmp_path / "a.h5")
    assert [finding.code for finding in findings] == ["TRIAL_DAMAGED"]
    assert "the library that reads it crashed" in str(findings[0])
