"""Chunks as HDF5 stores them: bytes shuffled, deflated, and followed by a Fletcher-32 checksum.

Done here and not in the library, so that several processors share the work, and so that reading never takes more
memory than the shape of the chunk: a deflated block that would become larger is refused as soon as it does.
The stored form is that of the HDF5 file format specification, version 3, sections on the filter pipeline.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEVEL = 4
SHUFFLE, DEFLATE, FLETCHER32 = 2, 1, 3  # HDF5's numbers of the filters
PIPELINE = (SHUFFLE, DEFLATE, FLETCHER32)


def packed(block: NDArray, chunk: Sequence[int]) -> bytes:
    """Return the stored form of a block of values.

    Parameters
    ----------
    block : ndarray
        Values; at the end of the array it may be smaller than the chunk, and is filled up with zeros.
    chunk : sequence of int
        Shape of a stored chunk.
    """
    if block.shape != tuple(chunk):
        full = np.zeros(chunk, block.dtype)
        full[tuple(slice(length) for length in block.shape)] = block
        block = full
    shuffled = np.ascontiguousarray(block).reshape(-1).view(np.uint8).reshape(-1, block.dtype.itemsize).T
    content = zlib.compress(np.ascontiguousarray(shuffled).data, LEVEL)
    return content + fletcher32(content).to_bytes(4, "little")


def unpacked(
    content: bytes | memoryview, dtype: np.dtype, chunk: Sequence[int], filters: Sequence[int], *, sealed: bool = False
) -> NDArray:
    """Return the values of a stored chunk, shape `chunk`.

    Parameters
    ----------
    content : bytes or memoryview
        What is stored.
    dtype : dtype
    chunk : sequence of int
        Shape of a stored chunk.
    filters : sequence of int
        Those that were applied, in order: any of `PIPELINE`, in its order.
    sealed : bool
        The bytes were compared with their SHA-256, which tells more than the checksum: that is left out.

    Raises
    ------
    ValueError
        When the checksum does not hold, or the content is no deflated block of the size of a chunk.
    """
    n_bytes = int(np.prod(chunk)) * dtype.itemsize
    if FLETCHER32 in filters:
        content, checksum = content[:-4], content[-4:]
        if not sealed and fletcher32(content) != int.from_bytes(checksum, "little"):
            raise ValueError("its checksum does not hold")
    if DEFLATE in filters:
        stream = zlib.decompressobj()
        try:
            content = stream.decompress(content, n_bytes + 1)
        except zlib.error as error:
            raise ValueError(f"it cannot be inflated: {error}") from error
        if stream.unused_data or (len(content) == n_bytes and not stream.eof):
            raise ValueError("it has another size than it says")
    if len(content) != n_bytes:
        raise ValueError("it has another size than its chunk")
    values = np.frombuffer(content, np.uint8)
    if SHUFFLE in filters:
        values = np.ascontiguousarray(values.reshape(dtype.itemsize, -1).T).reshape(-1)
    return values.view(dtype).reshape(tuple(chunk))


def fletcher32(content: bytes | memoryview) -> int:
    """Return the checksum of HDF5: sums modulo 65535 of big-endian words of 16 bits, an odd byte the upper half."""
    odd = len(content) % 2
    n_words = len(content) // 2 + odd
    words = np.frombuffer(bytes(content) + b"\0" if odd else content, ">u2").astype(np.uint64)
    first = second = 0
    # Products of a word and its place stay below 2**64 for pieces of 2**31 words; smaller ones stay in the cache.
    for start in range(0, n_words, _PIECE):
        piece = words[start : start + _PIECE]
        n = len(piece)
        weights = _WEIGHTS[_PIECE - n :]
        second += first * n + int(piece @ weights)
        first += int(piece.sum())
    return (_folded(second) << 16) | _folded(first)


_PIECE = 1 << 16
_WEIGHTS = np.arange(_PIECE, 0, -1, dtype=np.uint64)


def _folded(total: int) -> int:
    """The sum as HDF5 folds it: 65535 stands for a multiple of it, and 0 for no sum alone."""
    return total % 65535 or (65535 if total else 0)
