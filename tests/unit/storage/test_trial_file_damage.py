"""Damaged, foreign and hostile trial files: refused with the place named, or read right."""

import io

import h5py
import numpy as np
import pytest

from mocap.errors import MocapError, TrialFileError
from mocap.schema import FORMAT_VERSION
from mocap.storage import check_trial, read_trial
from mocap.storage.findings import inspect
from mocap.storage.hdf import load
from mocap.storage.hdf_open import SealError
from mocap.storage.seal import is_sealed, read_seal
from mocap.storage.sealed_file import SealedFile


def _code(path):
    """The error of reading; checking has to find the same."""
    with pytest.raises(MocapError) as caught:
        read_trial(path)
    findings = check_trial(path)
    assert findings and findings[0].code == caught.value.code, (findings, caught.value)
    return caught.value


def _inspected(path):
    """Findings of a file that another program changed properly, so that this process can look at it."""
    assert not is_sealed(path)
    return inspect(path, sealed=False)


def test_what_is_no_trial_file(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"PathFileType 4")
    assert _code(path).code == "NOT_A_TRIAL"
    path.write_bytes(b"")
    assert _code(path).code == "NOT_A_TRIAL"
    with h5py.File(path, "w") as file:
        file["x"] = 1.0
    assert _code(path).code == "NOT_A_TRIAL"


def test_a_newer_file_is_refused_politely(tmp_path, whole):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["bare"])
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = FORMAT_VERSION + 1
    error = _code(path)
    assert error.code == "TRIAL_NEWER" and f"version {FORMAT_VERSION + 1};" in error.cause and "Update" in error.remedy


@pytest.mark.parametrize("version", [0, -1, 1.5, "", "two", "²", [1, 2]])
def test_a_version_that_never_was_is_refused(tmp_path, whole, version):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["bare"])
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = version
    assert _code(path).code == "NOT_A_TRIAL"


def test_a_cut_off_file_is_refused_wherever_it_ends(tmp_path, whole):
    content = whole["full"]
    path = tmp_path / "a.h5"
    for length in range(8, len(content), len(content) // 300):
        path.write_bytes(content[:length])
        assert not is_sealed(path), length
    for length in (100, len(content) // 2):
        path.write_bytes(content[:length])
        assert _code(path).code == "TRIAL_DAMAGED", length


def _change_value(file):
    values = file["points/position"][...]
    values[2, 0, 1] += 1e-15
    file["points/position"][...] = values


@pytest.mark.parametrize(
    ("change", "item"),
    [
        (_change_value, "/points/position"),
        (lambda file: file["points"].attrs.__setitem__("rate_hz", 121.0), "/points@"),
        (lambda file: file["points/position"].attrs.__setitem__("units", "mm"), "/points/position@"),
        (lambda file: file["points/keypoint"].__setitem__(0, "RASI"), "/points/keypoint"),
        (lambda file: file.__delitem__("quality"), "/quality@"),
        (lambda file: file["angles"].create_dataset("extra", data=1.0), "/angles/extra"),
        (lambda file: file.__delitem__("integrity"), "/integrity"),
        (lambda file: file["integrity/sha256"].__setitem__(0, "0" * 64), "/integrity"),
        (lambda file: file.attrs.__setitem__("task", "hinge"), "/@"),
    ],
)
def test_a_change_is_found_and_its_place_named(tmp_path, whole, change, item):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"])
    with h5py.File(path, "r+") as file:
        change(file)
    findings = _inspected(path)
    assert findings[0].code == "TRIAL_DAMAGED"
    found = [finding.item for finding in findings]
    assert item in found or any(name.startswith(f"{item}#") for name in found), found


def _object_reference(file):
    file["points"].create_dataset("reference", data=file["points"].ref, dtype=h5py.ref_dtype)


def _bomb(file):
    file["points"].create_dataset("bomb", shape=(1 << 37,), dtype="f8", chunks=(1 << 20,), compression="gzip")


def _virtual(file):
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", shape=(3,))
    file["points"].create_virtual_dataset("virtual", layout)


@pytest.mark.parametrize(
    "plant",
    [
        lambda file: file.__setitem__("points/link", h5py.SoftLink("/angles")),
        lambda file: file.__setitem__("points/link", h5py.ExternalLink("/etc/passwd", "/x")),
        lambda file: file.__setitem__("points/again", file["points/position"]),
        lambda file: file.__setitem__("points/loop", file["/"]),
        lambda file: file["points"].create_dataset("x", (3,), "f8", external=[("elsewhere.bin", 0, 24)]),
        lambda file: file["points"].create_dataset("x", data=np.void(b"payload")),
        lambda file: file["points"].create_dataset("x", data=np.zeros(3, "f8,i4")),
        lambda file: file["points"].create_dataset("x", data=np.arange(9), compression="lzf", chunks=(3,)),
        lambda file: file["points"].attrs.__setitem__("x", np.zeros(2, "f8,i4")),
        lambda file: file.__setitem__("kind", np.dtype("f8")),
        _object_reference,
        _bomb,
        _virtual,
    ],
)
def test_what_a_trial_file_never_holds_is_refused_before_it_is_read(tmp_path, whole, plant):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["bare"])
    with h5py.File(path, "r+") as file:
        plant(file)
    assert _inspected(path)[0].code == "TRIAL_UNSAFE"


def test_a_file_changed_by_another_program_is_refused_and_the_item_named(tmp_path, whole):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"])
    with h5py.File(path, "r+") as file:
        _change_value(file)
    assert "/points/position" in _code(path).cause


def test_a_file_without_its_seal_is_read_when_all_its_digests_hold(tmp_path, whole, trials, assert_equal):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"][: read_seal(io.BytesIO(whole["full"])).length])
    assert not is_sealed(path)
    assert check_trial(path) == ()
    assert_equal(trials["full"], read_trial(path))


def test_every_flipped_byte_breaks_the_seal(tmp_path, whole):
    path = tmp_path / "a.h5"
    content = whole["full"]
    rng = np.random.default_rng(8)
    for at in rng.integers(len(content), size=400):
        path.write_bytes(content[:at] + bytes([content[at] ^ int(rng.integers(1, 256))]) + content[at + 1 :])
        assert not is_sealed(path), at
    path.write_bytes(content)
    assert is_sealed(path)


def test_hdf5_sees_no_byte_of_a_damaged_block(tmp_path, whole):
    """What it was given of a file with a flipped byte is what was written, up to the block that does not fit."""
    path, content = tmp_path / "a.h5", whole["full"]
    length = read_seal(io.BytesIO(content)).length
    rng = np.random.default_rng(12)
    refused = 0
    for at in rng.integers(length, size=60).tolist():
        path.write_bytes(content[:at] + bytes([content[at] ^ 32]) + content[at + 1 :])
        given = []
        plain = SealedFile.readinto

        def watched(self, buffer, given=given, plain=plain):
            start = self.tell()
            n_bytes = plain(self, buffer)
            given.append((start, bytes(memoryview(buffer).cast("B")[:n_bytes])))
            return n_bytes

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SealedFile, "readinto", watched)
            try:
                load(path)
            except SealError:
                refused += 1
        assert all(content[start : start + len(piece)] == piece for start, piece in given), at
    assert refused > 50  # measured 60


@pytest.mark.parametrize("n_flips", [4, pytest.param(200, marks=pytest.mark.heavy)])
def test_flipped_bytes_are_found_or_harmless(tmp_path, whole, n_flips, trials, assert_equal):
    """Padding may change unseen; nothing else may. Values read back equal, or the file is refused."""
    trial, content = trials["full"], whole["full"]
    rng = np.random.default_rng(9)
    path = tmp_path / "a.h5"
    refused = 0
    for _ in range(n_flips):
        broken = bytearray(content)
        at = int(rng.choice(np.flatnonzero(np.frombuffer(content, np.uint8))))  # zeros are mostly padding
        broken[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(broken))
        try:
            found = read_trial(path)
        except TrialFileError as error:
            assert error.code in {"TRIAL_DAMAGED", "TRIAL_UNSAFE", "NOT_A_TRIAL", "TRIAL_NEWER", "TRIAL_SCHEMA"}
            refused += 1
        else:
            assert_equal(trial, found, f"trial with byte {at}")
    assert refused > 0
