"""Files with a seal that fits that claim more than a file of their size can hold: refused soon, in little memory."""

import time
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from mocap.errors import TrialFileError
from mocap.storage import open_trial_file, read_trial
from mocap.storage.seal import is_sealed, seal

_MOST_S, _MOST_BYTES = 2.0, 64 << 20


@pytest.fixture
def planted(tmp_path, whole):
    """`planted(plant, patch)`: a trial file with something planted through HDF5, then in its bytes, and sealed anew."""

    def make(plant, patch=None):
        path = tmp_path / "a.h5"
        path.write_bytes(whole["bare"])
        with h5py.File(path, "r+") as file:
            place = plant(file)
        with path.open("r+b") as file:
            if patch is not None:
                patch(file, place)
            seal(file)
        assert is_sealed(path)
        return path

    return make


def _refused(path, code="TRIAL_UNSAFE"):
    """Refuse it in this process, as its seal fits, within the limits."""
    began = time.process_time()
    tracemalloc.start()
    with pytest.raises(TrialFileError) as caught:
        read_trial(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == code and time.process_time() - began < _MOST_S and peak < _MOST_BYTES
    return caught.value.cause


def _chunked(file, name, shape, chunks, content=None, **how):
    stored = file["points"].create_dataset(
        name, shape=shape, dtype="f8", chunks=chunks, compression="gzip", shuffle=True, fletcher32=True, **how
    )
    if content is not None:
        for first in range(0, shape[0], chunks[0]):
            stored.id.write_direct_chunk((first, *(0 for _ in shape[1:])), content)


def test_a_terabyte_that_nobody_wrote(planted):
    assert "/points/x claims" in _refused(planted(lambda file: _chunked(file, "x", (1 << 37,), (1 << 20,))))


def test_two_gigabytes_of_zeros_in_two_megabytes(planted):
    content = zlib.compress(bytes(8 << 20), 9) + bytes(4)
    path = planted(lambda file: _chunked(file, "x", (1 << 28,), (1 << 20,), content))
    assert path.stat().st_size < 4 << 20
    assert "/points/x claims 2147483648 bytes" in _refused(path)


def test_a_chunk_that_inflates_beyond_its_size(planted):
    content = zlib.compress(bytes(1 << 27), 1) + bytes(4)
    path = planted(lambda file: _chunked(file, "x", (1000,), (1000,), content))
    assert "/points/x#0 is damaged" in _refused(path, "TRIAL_DAMAGED")


def test_a_level_of_deflating_that_hdf5_refuses(planted):
    """Inflating needs no level: it would be read here and by no other program."""

    def patch(file, _):
        content = bytearray(file.seek(0) or file.read())
        at = content.index(b"deflate\0") + len(b"deflate\0")
        content[at + 2] = 0xD5
        file.seek(0)
        file.write(content)

    path = planted(lambda file: None, patch)
    assert "is deflated at a level that does not exist" in _refused(path)


def test_a_chunk_larger_than_any(planted):
    content = zlib.compress(bytes(1 << 27), 1) + bytes(4)
    assert "chunks of shape" in _refused(planted(lambda file: _chunked(file, "x", (1 << 25,), (1 << 25,), content)))


def test_a_chunk_that_is_not_there(planted):
    path = planted(lambda file: _chunked(file, "x", (1000,), (100,)))
    assert "/points/x#0 is damaged" in _refused(path, "TRIAL_DAMAGED")


def _one_long_word(file):
    words = np.array(["x" * (1 << 20)] + ["y"] * 99_999, object)
    stored = file["points"].create_dataset("x", data=words, dtype=h5py.string_dtype())
    return stored.id.get_offset()


def _all_the_first(file, place):
    """Have each word be the first one: its length and place take 16 bytes."""
    file.seek(place)
    first = file.read(16)
    file.seek(place)
    file.write(first * 100_000)


def test_many_words_that_are_one_long_one(planted):
    cause = _refused(planted(_one_long_word, _all_the_first))
    assert "/points/x holds more words" in cause  # 105 GB


def test_too_many_objects(planted):
    def plant(file):
        group = file["points"].id
        space, kind = h5py.h5s.create(h5py.h5s.SCALAR), h5py.h5t.NATIVE_INT8
        for index in range(20_001):
            h5py.h5d.create(group, f"x{index}".encode(), kind, space)

    assert "/points holds too many objects" in _refused(planted(plant))


@pytest.mark.parametrize(
    "plant",
    [
        lambda file: file["points"].attrs.__setitem__("x", np.zeros(7000, "u1")) or
        file["points"].attrs.__setitem__("y", np.array(["x"] * 101, object)),
        lambda file: file["points"].create_dataset("x", data=h5py.Empty("f8")),
        lambda file: file["points"].create_dataset("x", data=np.zeros((1,) * 7)),
        lambda file: file["points"].create_dataset("x", data=np.arange(9), chunks=(3,), scaleoffset=0),
        lambda file: file["points"].create_dataset("x", data=np.array([b"a"])),
        lambda file: file["points"].create_dataset("x", data=np.array(["a"] * 3, object), chunks=(1,)),
        lambda file: file["points"].create_dataset("x", shape=(3,), maxshape=(None,), chunks=(4096,), dtype="f8"),
        lambda file: file.create_group("a/b/c/d"),
        lambda file: file.create_dataset("x", data=1.0),
    ],
)  # fmt: skip
def test_other_things_that_a_trial_file_does_not_hold(planted, plant):
    _refused(planted(lambda file: plant(file) and None))


def test_parts_are_refused_as_the_whole_is(planted):
    """Whichever is asked for: the file is gone through before HDF5 sees it here."""
    path = planted(lambda file: _chunked(file, "x", (1 << 37,), (1 << 20,)))
    with pytest.raises(TrialFileError, match=r"TRIAL_UNSAFE.*/points/x"):
        open_trial_file(path)
