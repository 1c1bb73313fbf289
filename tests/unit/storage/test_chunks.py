"""Chunks are stored as HDF5's own filters store them, byte for byte, and never become larger than they say."""

import io
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from mocap.storage.chunks import DEFLATE, FLETCHER32, PIPELINE, fletcher32, packed, unpacked

_RNG = np.random.default_rng(0)
_ARRAYS = [
    (_RNG.normal(size=(700, 60, 3)), (182, 60, 3)), (_RNG.integers(0, 3, (1000, 7)).astype("u1"), (333, 7)),
    (np.full((100, 5), np.nan, "<f4"), (64, 5)), (np.zeros((100, 5)), (64, 5)),
    (_RNG.normal(size=(4, 101, 3)).astype("<f4"), (1, 50, 3)), (np.arange(40, dtype="<i4"), (40,)),
]  # fmt: skip


@pytest.mark.parametrize(("array", "chunk"), _ARRAYS)
def test_a_chunk_is_that_of_the_library(array, chunk):
    with h5py.File(io.BytesIO(), "w") as file:
        stored = file.create_dataset("a", data=array, chunks=chunk, compression="gzip", compression_opts=4,
                                     shuffle=True, fletcher32=True)  # fmt: skip
        for index in range(stored.id.get_num_chunks()):
            start = stored.id.get_chunk_info(index).chunk_offset
            _, content = stored.id.read_direct_chunk(start)
            block = array[tuple(slice(first, first + step) for first, step in zip(start, chunk, strict=True))]
            # The library may bring another zlib along than Python has: what counts is that each reads the other's.
            broken = bytes([*content[:-1], content[-1] ^ 1])
            with pytest.raises(ValueError, match="checksum"):
                unpacked(broken, array.dtype, chunk, PIPELINE)
            with pytest.raises(ValueError, match="size"):
                unpacked(content[:-4] + b"x" + content[-4:], array.dtype, chunk, PIPELINE, sealed=True)
            found = unpacked(content, array.dtype, chunk, PIPELINE)[tuple(slice(length) for length in block.shape)]
            assert found.tobytes() == np.ascontiguousarray(block).tobytes()
            assert fletcher32(content[:-4]) == int.from_bytes(content[-4:], "little")
            stored.id.write_direct_chunk(start, packed(block, chunk))
        assert stored[...].tobytes() == array.tobytes()


def test_the_checksum_of_long_and_odd_contents(tmp_path):
    """Against the library, whose filter refuses what does not fit."""
    for n_bytes in (1, 2, 3, 131071, 131072, 131074, 1 << 20):
        content = _RNG.integers(0, 256, n_bytes, np.uint8)
        with h5py.File(tmp_path / "a.h5", "w") as file:
            stored = file.create_dataset("a", shape=(n_bytes,), dtype="u1", chunks=(n_bytes,), fletcher32=True)
            stored.id.write_direct_chunk((0,), content.tobytes() + fletcher32(content.tobytes()).to_bytes(4, "little"))
        with h5py.File(tmp_path / "a.h5") as file:
            assert file["a"][...].tobytes() == content.tobytes()


def test_a_bomb_in_a_chunk_takes_no_memory():
    bomb = zlib.compress(bytes(1 << 27), 1)
    tracemalloc.start()
    with pytest.raises(ValueError, match="another size"):
        unpacked(bomb + bytes(4), np.dtype("<f8"), (1000,), (DEFLATE, FLETCHER32), sealed=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # measured 1.2 MB, twice the bomb; inflated it has 134


@pytest.mark.parametrize("content", [b"", b"abc", zlib.compress(bytes(799)), zlib.compress(bytes(800))[:-8]])
def test_what_is_no_chunk_is_refused(content):
    with pytest.raises(ValueError, match=r"size|inflated"):
        unpacked(content + bytes(4), np.dtype("<f8"), (100,), PIPELINE, sealed=True)
