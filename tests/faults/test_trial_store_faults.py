"""Whatever becomes of the process, the disk or the power: a trial file is the old one or the new one, and whole."""

import errno
import fcntl
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

from mocap.errors import MocapError, SourceError
from mocap.storage import check_trial, content_sha256, new_file, read_trial, write_trial, writing
from mocap.storage.journal import JOURNAL_NAME
from mocap.storage.scan import STRUCTURE
from mocap.storage.seal import is_sealed
from mocap.storage.sealed_file import SealedFile
from mocap.trial import Points3D, Trial
from tests.fixtures.assessed_trials import squat_trial

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"


def _trial(seed: int, n_frames: int = 50) -> Trial:
    position = np.random.default_rng(seed).normal(size=(n_frames, 30, 3))
    return Trial(f"t{seed}", Points3D(position, tuple(f"m{i}" for i in range(30)), 100.0))


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """The file of a trial, and of the one that is to replace it."""
    folder = tmp_path_factory.mktemp("contents")
    for seed in (0, 1):
        write_trial(folder / f"{seed}.h5", _trial(seed))
    return (folder / "0.h5").read_bytes(), (folder / "1.h5").read_bytes()


def _names(folder: Path) -> list[str]:
    """What lies in a folder beside the journal."""
    return sorted(one.name for one in folder.iterdir() if one.name != JOURNAL_NAME)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.parametrize("n", [3, pytest.param(70, marks=pytest.mark.heavy)])
def test_a_killed_writer_leaves_the_old_file_or_the_new_one_and_hinders_none(tmp_path: Path, n: int) -> None:
    """While trials are written, read and written back, and converted."""
    done = subprocess.run(
        [sys.executable, str(FIXTURES / "store_victim.py"), str(tmp_path), "1", str(n)], env=_environment(),
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print({kind: f"{one['within']} of {n} died within" for kind, one in found.items()})
    assert sorted(found) == ["change", "convert", "write"]
    assert [one["wrong"] for one in found.values()] == [[], [], []]
    # Of 70 each 60, 69 and 24 (of converting, which reads first) died while a file was half written.
    assert sum(one["within"] for one in found.values()) >= n


@dataclass
class Disk:
    """A disk that fails at one of its calls: write, truncate, put on the disk, rename."""

    fails_at: int
    error: int
    calls: int = 0
    short: bool = False
    log: list[str] = field(default_factory=list)

    def call(self, name: str) -> None:
        """Count a call, and fail when it is the one."""
        self.calls += 1
        self.log.append(name)
        # A disk that is full stays full.
        if self.calls == self.fails_at or (self.error == errno.ENOSPC and name == "write" and self.failed):
            raise OSError(self.error, os.strerror(self.error))

    @property
    def failed(self) -> bool:
        return self.calls >= self.fails_at


@pytest.fixture
def disk_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Disk], None]:
    """Put a disk below everything that the store writes: HDF5 itself never touches a file."""
    plain = {"fsync": os.fsync, "rename": Path.replace}

    def put(disk: Disk) -> None:
        class FaultyFile(io.FileIO):
            def write(self, content) -> int:  # type: ignore[no-untyped-def, override]
                if disk.short and disk.calls + 1 == disk.fails_at and len(content) > 1:
                    disk.calls += 1
                    disk.fails_at += 1
                    return super().write(content[: len(content) // 2])
                disk.call("write")
                return super().write(content)

            def truncate(self, size: int | None = None) -> int:
                disk.call("truncate")
                return super().truncate(size)

        def fsync(handle: int) -> None:
            disk.call("fsync")
            plain["fsync"](handle)

        def rename(path: Path, target: Path) -> Path:
            disk.call("rename")
            return plain["rename"](path, target)

        monkeypatch.setattr(new_file, "FileIO", FaultyFile)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", rename)

    return put


@pytest.mark.parametrize("kind", ["ENOSPC", "EIO", "short"])
@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.heavy)])
def test_a_disk_that_fails_at_any_call_gives_one_error_and_the_old_file(
    tmp_path: Path, contents: tuple[bytes, bytes], disk_of: Callable[[Disk], None], kind: str, every: int
) -> None:
    old, new = contents
    path, failed = tmp_path / "a.h5", 0
    # The last calls, which put the file in its place, always.
    counting = Disk(10**9, errno.EIO)
    disk_of(counting)
    write_trial(path, _trial(1))
    assert counting.log.count("write") > 30
    assert counting.log.index("rename") > counting.log.index("fsync") and counting.log[-1] == "fsync"
    for fails_at in sorted({*range(1, counting.calls + 1, every), *range(counting.calls - 5, counting.calls + 1)}):
        path.write_bytes(old)
        disk = Disk(fails_at, errno.ENOSPC if kind == "ENOSPC" else errno.EIO, short=kind == "short")
        disk_of(disk)
        try:
            write_trial(path, _trial(1))
        except SourceError as error:
            failed += 1
            assert error.code in ("WRITE_FAILED", "JOURNAL_NOT_WRITTEN") and str(tmp_path) in error.cause, error
            renamed = "rename" in disk.log and disk.log.index("rename") + 1 != fails_at
            assert path.read_bytes() == (new if renamed else old), (fails_at, disk.log)
        else:
            assert path.read_bytes() == new and (not disk.failed or kind == "short"), fails_at
        assert _names(tmp_path) == ["a.h5"], fails_at
    assert failed > 5


@pytest.mark.heavy  # its small case is the one above
def test_any_call_of_the_system_that_fails_gives_one_error_and_the_old_file(tmp_path: Path) -> None:
    """Below Python and HDF5: no call that writes is passed by."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and LD_PRELOAD")
    shim, folder = tmp_path / "shim.so", tmp_path / "trials"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(shim), str(FIXTURES / "failing_calls.c"), "-ldl"],
                   check=True)  # fmt: skip
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, str(FIXTURES / "failing_calls.py"), str(folder)], capture_output=True, text=True, check=False,
        env={**_environment(), "LD_PRELOAD": str(shim)}, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    assert found["wrong"] == []
    assert found["calls"] > 50 and found["told"] == 2 * found["calls"]  # each was told


def test_a_stop_by_ctrl_c_while_hdf5_writes_leaves_the_old_file(
    tmp_path: Path, contents: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = contents
    path = tmp_path / "a.h5"
    usual = signal.getsignal(signal.SIGINT)
    for stops_at in (1, 2, 9, 30):
        path.write_bytes(old)
        calls: list[int] = []

        class Stopped(io.FileIO):
            def write(self, content, calls=calls, stops_at=stops_at) -> int:  # type: ignore[no-untyped-def, override]
                calls.append(1)
                if len(calls) == stops_at:
                    signal.raise_signal(signal.SIGINT)
                return super().write(content)

        with monkeypatch.context() as patch:
            patch.setattr(new_file, "FileIO", Stopped)
            with pytest.raises(KeyboardInterrupt):
                write_trial(path, _trial(1))
        assert len(calls) < 2000 and path.read_bytes() == old and _names(tmp_path) == ["a.h5"]
        assert signal.getsignal(signal.SIGINT) is usual
    write_trial(path, _trial(1))
    assert path.read_bytes() == new


def test_a_limit_of_the_system_on_the_size_of_files_gives_one_error_and_the_old_file(
    tmp_path: Path, contents: tuple[bytes, bytes]
) -> None:
    old, new = contents
    path = tmp_path / "a.h5"
    path.write_bytes(old)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    for most in (0, 100, 4096, len(new) // 2, len(new) - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, usual[1]))
        try:
            with pytest.raises(SourceError, match=r"WRITE_FAILED.*File too large"):
                write_trial(path, _trial(1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        assert path.read_bytes() == old and _names(tmp_path) == ["a.h5"]
    write_trial(path, _trial(1))
    assert path.read_bytes() == new


def test_a_disk_that_gives_back_other_bytes_than_were_written_is_found(
    tmp_path: Path, contents: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = contents
    path = tmp_path / "a.h5"
    rng = np.random.default_rng(6)
    sync = new_file.NewFile.sync
    for at in rng.integers(len(new), size=10).tolist():
        path.write_bytes(old)

        def rotten(self: new_file.NewFile, at: int = at) -> None:
            self.file.seek(at)
            byte = self.file.read(1)[0]
            self.file.seek(at)
            self.file.write(bytes([byte ^ 64]))
            sync(self)

        with monkeypatch.context() as patch:
            patch.setattr(new_file.NewFile, "sync", rotten)
            try:
                write_trial(path, _trial(1))
            except MocapError as error:
                assert error.code == "WRITE_FAILED" and path.read_bytes() == old, at
            else:
                # Bytes that nobody reads: the file is whole, and says so.
                assert check_trial(path) == (), at
        assert _names(tmp_path) == ["a.h5"]


def test_a_second_writer_is_refused_while_the_first_works(tmp_path: Path, contents: tuple[bytes, bytes]) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(contents[0])
    with writing(path) as writer:
        for _ in range(2):
            with pytest.raises(SourceError, match=r"WRITER_BUSY.*another process"):
                write_trial(path, _trial(1))
        assert path.read_bytes() == contents[0]
        assert read_trial(path).trial_id == "t0"  # who reads is not hindered
        writer.write(_trial(1))
    assert path.read_bytes() == contents[1] and _names(tmp_path) == ["a.h5"]
    with writing(path):
        pass  # nothing to write after all
    assert path.read_bytes() == contents[1] and _names(tmp_path) == ["a.h5"]


def test_locks_of_other_programs_hinder_neither_reader_nor_writer(
    tmp_path: Path, contents: tuple[bytes, bytes]
) -> None:
    """HDF5 locks the files that it has open, in this way; the hidden name is the one lock that counts."""
    path = tmp_path / "a.h5"
    path.write_bytes(contents[0])
    with path.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert read_trial(path).trial_id == "t0" and check_trial(path) == ()
        write_trial(path, _trial(1))
    assert path.read_bytes() == contents[1]
    with h5py.File(path, "r+"):
        pass  # takes the seal off, and changes nothing
    with h5py.File(path, "r+"):
        assert read_trial(path).trial_id == "t1"


@pytest.mark.parametrize("fails_at", [1, 2, 3, 5])
def test_a_disk_that_cannot_be_read_is_an_error_of_one_line(
    tmp_path: Path, contents: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    path = tmp_path / "a.h5"
    write_trial(path, _trial(1, 500))
    calls: list[int] = []
    plain = SealedFile._fetched

    def fetched(self: SealedFile, index: int) -> bytes:
        calls.append(index)
        if len(calls) == fails_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return plain(self, index)

    with monkeypatch.context() as patch:
        patch.setattr(SealedFile, "_fetched", fetched)
        with pytest.raises(MocapError, match=r"TRIAL_DAMAGED.*Input/output error"):
            read_trial(path)
    assert len(calls) >= fails_at and read_trial(path).trial_id == "t1"


def test_what_a_killed_writer_left_is_taken_over(tmp_path: Path, contents: tuple[bytes, bytes]) -> None:
    path = tmp_path / "a.h5"
    (tmp_path / ".a.h5.part").write_bytes(os.urandom(3 * len(contents[1])))
    write_trial(path, _trial(1))
    assert path.read_bytes() == contents[1] and _names(tmp_path) == ["a.h5"]


def test_a_link_planted_under_the_hidden_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".a.h5.part").symlink_to(victim)
    with pytest.raises(SourceError, match="WRITE_FAILED"):
        write_trial(tmp_path / "a.h5", _trial(1))
    assert victim.read_text() == "mine" and not (tmp_path / "a.h5").exists()


def test_rights_of_the_old_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_trial(path, _trial(0))
    path.chmod(0o600)
    write_trial(path, _trial(1))
    assert path.stat().st_mode & 0o777 == 0o600


def test_on_a_file_system_without_locks_each_writer_has_a_file_of_its_own(
    tmp_path: Path, contents: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a.h5"
    with writing(path) as writer:
        assert _names(tmp_path) == [f".a.h5.{os.getpid()}.part"]
        writer.write(_trial(1))
    assert path.read_bytes() == contents[1] and _names(tmp_path) == ["a.h5"]


@pytest.mark.parametrize("n", [3, pytest.param(25, marks=pytest.mark.heavy)])
def test_processes_that_change_one_file_lose_no_change(tmp_path: Path, n: int) -> None:
    """Each adds a step of its own to the file, again and again, and waits where another one holds it."""
    path = tmp_path / "a.h5"
    write_trial(path, _trial(0))
    code = (
        "import sys, time\n"
        "from dataclasses import replace\n"
        "from mocap.errors import SourceError\n"
        "from mocap.storage import read_trial, writing\n"
        "from mocap.trial import Operation\n"
        "path, own, left = sys.argv[1], sys.argv[2], int(sys.argv[3])\n"
        "while left:\n"
        "    try:\n"
        "        with writing(path) as writer:\n"
        "            trial = read_trial(path)\n"
        "            step = Operation('step', {'by': own, 'n': left})\n"
        "            writer.write(replace(trial, operations=(*trial.operations, step)))\n"
        "        left -= 1\n"
        "    except SourceError as error:\n"
        "        assert error.code == 'WRITER_BUSY', error\n"
        "        time.sleep(0.002)\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(own), str(n)], env=_environment(),
                         stderr=subprocess.PIPE, text=True) for own in range(2)
    ]  # fmt: skip
    errors = [run.communicate(timeout=300)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors
    steps = sorted((str(one.parameters["by"]), one.parameters["n"]) for one in read_trial(path).operations)
    assert steps == sorted((str(own), left) for own in range(2) for left in range(1, n + 1))


@pytest.mark.parametrize("n", [500, pytest.param(5000, marks=pytest.mark.heavy)])
def test_after_any_loss_of_power_the_file_is_the_old_or_the_new_one(
    tmp_path: Path, contents: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    """All that the writer asks of the system is recorded; then the power goes at any moment, and what was not yet put
    on the disk is there, torn, or not there, piece by piece.
    """
    old, new = contents
    path = tmp_path / "a.h5"
    path.write_bytes(old)
    steps = _recorded(path, monkeypatch)
    assert path.read_bytes() == new
    order = [name for name, *_ in steps if name not in ("write", "truncate")]
    assert order[0] == "sync" and order[-2:] == ["rename", "sync folder"] and order.count("sync") == 1
    rng = random.Random(7)
    found = {"old": 0, "new": 0}
    for _ in range(n):
        at = rng.randrange(len(steps) + 1) if rng.random() < 0.5 else rng.randrange(len(steps) - 4, len(steps) + 1)
        left = _after_power(steps[:at], old, rng)
        assert left in (old, new), at
        found["new" if left == new else "old"] += 1
    assert min(found.values()) > n // 20, found
    # The disk of this test does lose what is not put on it: without that step a renamed file is not whole.
    careless = [step for step in steps if step[0] != "sync"]
    assert any(_after_power(careless, old, rng) not in (old, new) for _ in range(20))


def _recorded(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """The steps of replacing a file: ("write", at, content), ("truncate", size), ("sync",), ("rename",), ..."""
    steps: list[tuple] = []
    plain = Path.replace

    class Recording(io.FileIO):
        def write(self, content) -> int:  # type: ignore[no-untyped-def, override]
            steps.append(("write", self.tell(), bytes(content)))
            return super().write(content)

        def truncate(self, size: int | None = None) -> int:
            steps.append(("truncate", self.tell() if size is None else size))
            return super().truncate(size)

    def fsync(handle: int) -> None:
        there = Path(f"/proc/self/fd/{handle}").resolve()
        if there.suffix == ".part" or there.is_dir():  # and not the journal, which has tests of its own
            steps.append(("sync folder",) if there.is_dir() else ("sync",))

    def rename(own: Path, target: Path) -> Path:
        steps.append(("rename",))
        return plain(own, target)

    with monkeypatch.context() as patch:
        patch.setattr(new_file, "FileIO", Recording)
        patch.setattr(os, "fsync", fsync)
        patch.setattr(Path, "replace", rename)
        write_trial(path, _trial(1))
    return steps


def _after_power(steps: list[tuple], old: bytes, rng: random.Random) -> bytes:
    """What lies under the file's name after the power went."""
    synced = max((index for index, step in enumerate(steps) if step[0] == "sync"), default=-1)
    content = bytearray()
    for index, step in enumerate(steps):
        if step[0] not in ("write", "truncate"):
            continue
        lost = index > synced and rng.random() < 0.5
        if step[0] == "truncate" and not lost:
            content = content[: step[1]].ljust(step[1], b"\0")
        elif step[0] == "write" and not lost:
            _, at, piece = step
            if index > synced and rng.random() < 0.3:
                piece = piece[: len(piece) // 1024 * 512]  # torn between two sectors
            content = content.ljust(at, b"\0")
            content[at : at + len(piece)] = piece
    names = [step[0] for step in steps]
    after = names[names.index("rename") :] if "rename" in names else []
    renamed = bool(after) and ("sync folder" in after or rng.random() < 0.5)
    return bytes(content) if renamed else old


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, bytes]:
    """A trial with assessments, and its file."""
    path = tmp_path_factory.mktemp("assessed") / "a.h5"
    trial = squat_trial()
    write_trial(path, trial)
    return read_trial(path), path.read_bytes()


def _everything(content: bytes) -> dict[str, object]:
    """All values and attributes of a file, as plain h5py reads them: bytes of numbers, words."""
    found: dict[str, object] = {}

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        for key, value in item.attrs.items():
            if key not in STRUCTURE:
                found[f"{name}@{key}"] = value if isinstance(value, str) else np.asarray(value).tobytes()
        if isinstance(item, h5py.Dataset):
            values = item[()]
            found[name] = (item.shape, str(item.dtype), np.asarray(values).tolist()
                           if item.dtype == object else values.tobytes())  # fmt: skip

    with h5py.File(io.BytesIO(content)) as file:
        look("/", file)
        file.visititems(look)
    return found


@pytest.mark.parametrize("n", [25, pytest.param(2000, marks=pytest.mark.heavy)])
def test_a_flipped_byte_of_a_file_with_assessments_is_named_or_changes_nothing(
    tmp_path: Path, assessed: tuple[Trial, bytes], n: int
) -> None:
    trial, content = assessed
    assert trial.assessments
    path, rng = tmp_path / "a.h5", np.random.default_rng(11)
    whole, places = _everything(content), {"item": 0, "file": 0, "equal": 0}
    assert len(whole) > 500
    for at in rng.integers(len(content), size=n).tolist():
        broken = bytearray(content)
        broken[at] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        assert not is_sealed(path), at
        try:
            found = read_trial(path)
        except MocapError as error:
            assert error.code in ("TRIAL_DAMAGED", "TRIAL_UNSAFE", "TRIAL_SCHEMA", "TRIAL_NEWER", "NOT_A_TRIAL"), error
            # Where the library finds nothing any more, there is only the file to name.
            places["item" if ": /" in error.cause.partition(".h5")[2] else "file"] += 1
            assert str(path) in error.cause, error
        else:
            assert content_sha256(found) == content_sha256(trial), at
            assert _everything(bytes(broken)) == whole, at
            places["equal"] += 1
    print(places)
    assert places["item"] > n // 3


def test_a_file_that_was_cut_at_any_sector_is_found(tmp_path: Path, assessed: tuple[Trial, bytes]) -> None:
    _, content = assessed
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    for length in range(len(content) // 4096 * 4096, 0, -4096):
        os.truncate(path, length)
        assert not is_sealed(path), length
        if length % (1 << 18) == 0 or length == 4096:
            with pytest.raises(MocapError, match="TRIAL_DAMAGED"):
                read_trial(path)
