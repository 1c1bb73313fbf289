"""Digests of everything in a trial file, and what to conclude when they do not match.

HDF5's own checksums do not cover attributes, words and shapes; these do. Each chunk, each variable (the digest of its
description and its chunks) and each set of attributes has a SHA-256 of its canonical bytes, so that damage is named
and one chunk can be verified alone. Items are named `/points/position#512,0,0` (a chunk, by its first index),
`/points/position` (the variable), `/points/position@` and `/points@` (attributes).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.schema import FORMAT_VERSION
from mocap.storage.layout import Group, Variable, numbers, words

PATH = "/integrity"
_DAMAGED = "was changed or damaged"


def sha256_of(block: NDArray) -> str:
    """Return SHA-256 of the canonical bytes of values: numbers as they are, last axis fastest, and words as JSON."""
    if block.dtype == object:
        return _sha(json.dumps(np.ravel(block).tolist()).encode())
    return hashlib.sha256(np.ascontiguousarray(block).data).hexdigest()


def chunk_item(item: str, start: Sequence[int]) -> str:
    """Return the name of a chunk of a variable."""
    return f"{item}#{','.join(map(str, start))}"


def digests(groups: Mapping[str, Group]) -> dict[str, str]:
    """Return SHA-256 by item, sorted, of groups in memory."""
    found: dict[str, str] = {}
    for path, group in groups.items():
        found |= attribute_items(path, group.attributes)
        for name, variable in group.variables.items():
            item = f"{path.rstrip('/')}/{name}"
            chunks = {chunk_item(item, start): sha256_of(variable.data[window_of(start, variable.chunks or ())])
                      for start in chunk_starts(variable.data.shape, variable.chunks)}  # fmt: skip
            found |= variable_item(item, variable, chunks) | chunks | attribute_items(item, variable.attributes)
    return dict(sorted(found.items()))


def chunk_starts(shape: Sequence[int], chunks: Sequence[int] | None) -> Iterator[tuple[int, ...]]:
    """Yield the first index of each chunk, the last axis fastest; none of what is stored in one piece."""
    if chunks is not None:
        yield from product(*(range(0, length, step) for length, step in zip(shape, chunks, strict=True)))


def window_of(start: Sequence[int], lengths: Sequence[int]) -> tuple[slice, ...]:
    """Return the part of an array from a first index on."""
    return tuple(slice(first, first + length) for first, length in zip(start, lengths, strict=True))


def variable_item(item: str, variable: Variable, chunks: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of a variable from those of its chunks, or from its values where it has none."""
    kind = "text" if variable.is_text else variable.data.dtype.str
    if variable.chunks is None:
        chunks = {"": sha256_of(variable.data)}
    return {item: described(item, variable.dims, kind, variable.data.shape, variable.chunks, list(chunks.values()))}


def described(
    item: str, dims: Sequence[str], kind: str, shape: Sequence[int], chunks: Sequence[int] | None, digests: list[str]
) -> str:
    """Return the digest of a variable: of its name, axes, type, shape and the digests of its values."""
    header = [item.rsplit("/", 1)[-1], list(dims), kind, list(shape), list(chunks or ()), digests]
    return _sha(json.dumps(header).encode())


def attribute_items(path: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of the attributes of a group or variable."""
    told = sorted((name, *_canonical(value)) for name, value in attributes.items())
    return {f"{path}@": _sha(json.dumps(told).encode())}


def integrity_group(items: Mapping[str, str], version: int = FORMAT_VERSION) -> Group:
    """Lay digests out as the group `/integrity`, as a version of the file has it."""
    items = dict(sorted(items.items()))
    total = _sha("\n".join(f"{item} {digest}" for item, digest in items.items()).encode())
    text = "SHA-256 of its canonical bytes"
    variables = {
        "item_index": numbers(["item_index"], np.arange(len(items)), "1", "index of the item", "<i4"),
        "item": words(["item_index"], list(items), "what was hashed: chunk (#), variable, or attributes (@)"),
    }
    if version == 1:
        variables["sha256"] = words(["item_index"], list(items.values()), text)
    else:
        table = np.frombuffer(bytes.fromhex("".join(items.values())), np.uint8).reshape(len(items), 32)
        variables["byte"] = numbers(["byte"], np.arange(32), "1", "byte of the digest", "<i4")
        variables["sha256"] = numbers(["item_index", "byte"], table, "1", text, "u1")
    return Group(variables, {"algorithm": "sha256", "content_sha256": total})


def stored_digests(group: Group | None, own: Mapping[str, str]) -> dict[str, str]:
    """Return the digests that a group `/integrity` holds, by item.

    Parameters
    ----------
    group : Group or None
    own : mapping of str to str
        Digests of what was read of the group itself.

    Raises
    ------
    ValueError
        When it is missing, or contradicts itself.
    """
    if group is None or not {"item", "sha256"} <= set(group.variables):
        raise ValueError("is missing, so nothing can be verified")
    names, values = (group.variables[name].data for name in ("item", "sha256"))
    if len(names) != len(values):
        raise ValueError("contradicts itself")
    # Files of version 1 have them in hexadecimal words.
    version = 1 if values.dtype == object else FORMAT_VERSION
    told = values.tolist() if version == 1 else [row.tobytes().hex() for row in values]
    found = dict(zip((str(name) for name in names.tolist()), (str(digest) for digest in told), strict=True))
    expected = digests({PATH: integrity_group(found, version)})
    if {item: digest for item, digest in own.items() if is_own(item)} != expected:
        raise ValueError(_DAMAGED)
    return found


def mismatches(integrity: Group | None, found: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (item, problem) for each difference between the content of a file and its digests; empty when it is sound.

    Parameters
    ----------
    integrity : Group or None
        What the file holds in `/integrity`.
    found : mapping of str to str
        Digests of what was read of the whole file.
    """
    try:
        expected = stored_digests(integrity, found)
    except ValueError as error:
        return [(PATH, str(error))]
    content = {item: digest for item, digest in found.items() if not is_own(item)}
    problems = [(item, "is missing") for item in expected if item not in content]
    problems += [(item, "is not known to the digests") for item in content if item not in expected]
    problems += [(item, _DAMAGED) for item in content if expected.get(item, content[item]) != content[item]]
    return sorted(problems, key=lambda one: ("#" not in one[0], *one))  # the smallest piece first


def is_own(item: str) -> bool:
    """Return whether an item belongs to the group of digests itself."""
    return item.startswith((f"{PATH}/", f"{PATH}@"))


def _canonical(value: Any) -> tuple[str, Any]:
    """Kind and value of an attribute; numbers by their bytes, so that NaN and the last bit count."""
    if isinstance(value, str):
        return "text", value
    array = np.asarray(value)
    if array.dtype.kind in "OUS":
        return "texts", [str(word) for word in array.ravel().tolist()]
    array = array.astype(array.dtype.newbyteorder("<"))
    return f"{array.dtype.str}{list(array.shape)}", array.tobytes().hex()


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
