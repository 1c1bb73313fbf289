"""The process that parses files of unknown origin: whatever happens in it, the caller gets an answer or one error."""

import io
import json
import os
import struct
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import KeypointError, MocapError, SourceError
from mocap.isolation import Lost, answers, tasks, worker
from mocap.isolation.machine import machine_memory
from mocap.isolation.worker import Worker

HERE = str(Path(__file__).parent)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hostile parsers as a task of this process and its children, which get a second of each clock."""
    task = tasks.Task("hostile_parsers", "parse", 0.0, 0.0)
    monkeypatch.setitem(tasks.TASKS, "hostile", task)
    monkeypatch.setattr(tasks, "SECONDS_FLOOR", 1.0)
    monkeypatch.setattr(tasks, "WALL_PER_SECOND", 2.0)
    monkeypatch.setattr(worker, "_CODE", (
        f"import sys; sys.path.insert(0, {HERE!r})\nfrom mocap.isolation import tasks\n"
        f"tasks.TASKS['hostile'] = tasks.{task!r}\n{worker._CODE}"))  # fmt: skip


@pytest.fixture
def copier(quick: None) -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def file(folder: Path, name: str) -> Path:
    path = folder / f"{name}.bin"
    path.write_bytes(b"12345")
    return path


def lost(runner: Worker, folder: Path, name: str) -> str:
    with pytest.raises(Lost) as caught:
        runner.parse("hostile", file(folder, name))
    return str(caught.value)


def test_arrays_and_words_come_as_they_are(tmp_path, copier):
    answer = copier.parse("hostile", file(tmp_path, "fine"), [1, "two"])
    np.testing.assert_array_equal(answer.arrays["a"], [[1.5, np.nan, -np.inf]])
    assert answer.arrays["b"].dtype == np.dtype("<i2") and answer.arrays["b"].tolist() == [0, 1, 2]
    assert answer.arrays["none"].shape == (0, 4) and answer.arrays["one"] == 2.5 and answer.arrays["one"].shape == ()
    assert answer.arrays["t"].tolist() == [True, False]
    np.testing.assert_array_equal(answer.arrays["turned"], np.arange(6.0).reshape(2, 3).T)
    assert answer.words == {"size": 5, "text": "\udcff ä", "given": [1, "two"]}
    assert 10 << 20 < answer.peak_bytes < 1 << 30
    assert all(array.flags.writeable for array in answer.arrays.values())


def test_errors_of_the_child_name_the_file_as_the_caller_does(tmp_path, copier, monkeypatch):
    file(tmp_path, "refused")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeypointError) as caught:
        copier.parse("hostile", Path("refused.bin"))
    assert caught.value.cause == "refused.bin is not good." and caught.value.code == "NOT_GOOD"
    assert caught.value.remedy == "Give another."


# Measured: each within 2.4 s of the clock, of which hangs take the second or two that they are given.
@pytest.mark.parametrize(("name", "why"), [
    ("crashes", "crashed"), ("works", "takes longer"), ("sleeps", "takes longer"), ("hungry", "more memory"),
    ("floods", "larger than its size"), ("unforeseen", "ZeroDivisionError: nobody"), ("leaves", "crashed"),
    ("objects", "something else than numbers"),
])  # fmt: skip
def test_a_copy_that_dies_costs_its_file_alone(tmp_path, copier, name, why):
    copier.parse("hostile", file(tmp_path, "fine"))
    process = copier.child.process.pid
    begun = time.monotonic()
    assert why in lost(copier, tmp_path, name)
    assert time.monotonic() - begun < 10.0
    assert copier.parse("hostile", file(tmp_path, "fine")).words["size"] == 5
    assert copier.child.process.pid == process  # the process that is copied lives on


def test_one_that_heeds_no_signal_is_ended_with_the_process_that_it_is_a_copy_of(tmp_path, copier, monkeypatch):
    monkeypatch.setattr(worker, "_GRACE_S", 0.5)
    copier.parse("hostile", file(tmp_path, "fine"))
    process = copier.child.process
    assert "takes longer" in lost(copier, tmp_path, "deaf")
    assert process.returncode is not None
    assert copier.parse("hostile", file(tmp_path, "fine")).words["size"] == 5


def test_what_a_library_prints_goes_nowhere_and_there_is_nothing_to_read(tmp_path, copier, capfd):
    with (tmp_path / "mine.txt").open("w") as mine:
        os.set_inheritable(mine.fileno(), True)
        words = copier.parse("hostile", file(tmp_path, "talks")).words
    assert words["left"] == ""
    assert [name for name in words["open"] if name != os.devnull] == ["/memfd:mocap-answer (deleted)"]
    captured = capfd.readouterr()
    assert not captured.out and not captured.err


def test_without_copies_a_lost_file_costs_a_new_process(tmp_path, quick):
    """As on Windows, where a process cannot be copied."""
    alone = Worker(copies=False)
    try:
        assert alone.parse("hostile", file(tmp_path, "fine")).words["size"] == 5
        first = alone.child.process.pid
        with pytest.raises(KeypointError):
            alone.parse("hostile", file(tmp_path, "refused"))
        assert alone.child.process.pid == first
        assert "crashed" in lost(alone, tmp_path, "crashes")
        assert "ZeroDivisionError" in lost(alone, tmp_path, "unforeseen")
        assert alone.parse("hostile", file(tmp_path, "fine")).words["size"] == 5
        assert alone.child.process.pid != first
    finally:
        alone.close()


def test_without_files_in_memory_a_folder_carries_the_answer_and_is_removed(tmp_path, quick, monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(worker.tempfile, "tempdir", str(tmp_path))
    plain = Worker()
    try:
        assert plain.parse("hostile", file(tmp_path, "fine")).arrays["one"] == 2.5
        assert "crashed" in lost(plain, tmp_path, "crashes")
    finally:
        plain.close()
    assert not list(tmp_path.glob("mocap-read-*"))


def test_an_interrupt_leaves_no_answer_for_the_next_file(tmp_path, copier, monkeypatch):
    copier.parse("hostile", file(tmp_path, "fine"))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker._Child, "_line", interrupted)
        with pytest.raises(KeyboardInterrupt):
            copier.parse("hostile", file(tmp_path, "fine"), ["first"])
    assert copier.child is None
    assert copier.parse("hostile", file(tmp_path, "fine"), ["second"]).words["given"] == ["second"]


def test_a_copy_of_the_program_leaves_the_process_of_its_parent_alone(tmp_path, copier):
    copier.parse("hostile", file(tmp_path, "fine"))
    with warnings.catch_warnings():
        # A library of another test warns of copies of processes with its threads; this one ends at once.
        warnings.simplefilter("ignore", RuntimeWarning)
        child = os.fork()
    if not child:
        copier.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert copier.parse("hostile", file(tmp_path, "fine")).words["size"] == 5


def test_a_process_that_does_not_start_is_not_the_fault_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_CODE", "import no_such_module")
    broken = Worker()
    with pytest.raises(SourceError) as caught:
        broken.parse("c3d", file(tmp_path, "fine"))
    assert caught.value.code == "READER_START"


def test_code_in_the_working_folder_is_not_run(tmp_path, monkeypatch):
    for name in ("numpy", "json", "importlib", "mocap"):
        (tmp_path / f"{name}.py").write_text("from pathlib import Path\nPath('canary').write_text('run')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    fresh = Worker()
    try:
        with pytest.raises(MocapError):
            fresh.parse("c3d", file(tmp_path, "fine"))
    finally:
        fresh.close()
    assert not (tmp_path / "canary").exists()


def stream_of(table: object, body: bytes = b"", length: int | None = None) -> io.BytesIO:
    header = json.dumps({"words": 1, "arrays": table}).encode()
    return io.BytesIO(struct.pack("<Q", len(header) if length is None else length) + header + body)


@pytest.mark.parametrize("table", [
    [["a", "<f8", [2]]], [["a", "<f8", [1 << 62]]], [["a", "|O", [1]]], [["a", "<f8", [-1]]], [["a", "<U1", [2]]],
    [["a", "<f8", [True]]], [["a", "<f8", [0.5]]], [["a", "<f8", [1] * 9]], [[1, "<f8", [1]]], [["a", "<f8"]], 7,
    [["a", "<f8", [1]], ["b", "<f8", [1 << 31, 1 << 31]]], [["a", [], [1]]], [["a", "<f8", 1]],
])  # fmt: skip
def test_an_answer_of_other_sizes_than_announced_is_none(table):
    with pytest.raises((ValueError, TypeError)):
        answers.read_answer(stream_of(table, bytes(8)), 1 << 20)


@pytest.mark.parametrize("length", [1 << 60, 1 << 24, 1, 0])
def test_a_header_of_another_length_than_announced_is_none(length):
    with pytest.raises(ValueError):
        answers.read_answer(stream_of([], b"", length), 1 << 20)
    assert answers.read_answer(stream_of([["a", "<f8", [1]]], bytes(8)), 1 << 20)[0]["a"] == 0
    with pytest.raises(ValueError, match="an answer of"):
        answers.read_answer(stream_of([["a", "<f8", [1]]], bytes(8)), 40)


def test_limits_grow_with_a_large_file_and_stay_below_a_gib_for_a_small_one():
    small, large = tasks.allowance("trial", 10_000), tasks.allowance("trial", 100_000_000)
    # The interpreter and its libraries are 0.03 to 0.15 GiB of their own.
    assert small.memory < 0.8 * 2**30 and large.memory > min(4e9, tasks.machine_memory() / 2.1)
    assert small.seconds < 6 and large.seconds == pytest.approx(55, abs=1)
    assert tasks.allowance("video", 10**10).memory == tasks.MEMORY_FLOOR


@pytest.mark.parametrize("task", tasks.TASKS)
def test_limits_end_where_the_machine_does(task, monkeypatch):
    """A file may be as large as it likes at no cost: it may have holes."""
    monkeypatch.setattr(tasks, "machine_memory", lambda: 8 << 30)
    allowed = tasks.allowance(task, 200 << 30)
    assert allowed.memory <= 4 << 30 and allowed.answer <= 4 << 30
    assert allowed.seconds <= 1800 and allowed.wall_s <= 3600
    assert tasks.machine_memory() == 8 << 30


def test_the_memory_of_the_machine_is_known():
    assert 1 << 28 < machine_memory() < 1 << 50
