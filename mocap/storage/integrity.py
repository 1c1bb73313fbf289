"""Digests of everything in a trial file, and what to conclude when they do not match.

HDF5's own checksums do not cover attributes, words and shapes; these do. Each chunk, each variable (the digest of its
description and its chunks) and each set of attributes has a SHA-256 of its canonical bytes, so that damage is named
and one chunk can be verified alone.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mocap.storage.layout import Group, Variable, numbers, words

PATH = "/integrity"


def digests(groups: Mapping[str, Group]) -> dict[str, str]:
    """Return SHA-256 by item, sorted: `/points/position#0,0,0` (a chunk, by its first index), `/points/position` (the
    variable), `/points/position@` and `/points@` (attributes).
    """
    found: dict[str, str] = {}
    for path, group in groups.items():
        found[f"{path}@"] = _attributes_digest(group.attributes)
        for name, variable in group.variables.items():
            item = f"{path.rstrip('/')}/{name}"
            chunks = {f"{item}#{','.join(map(str, start))}": _sha(_bytes(variable, block))
                      for start, block in _blocks(variable)}  # fmt: skip
            shapes = [list(variable.data.shape), list(variable.chunks or ())]
            header = [name, list(variable.dims), _kind(variable), *shapes, list(chunks.values())]
            found[item] = _sha(json.dumps(header).encode())
            found[f"{item}@"] = _attributes_digest(variable.attributes)
            if variable.chunks is not None:
                found |= chunks
    return dict(sorted(found.items()))


def integrity_group(items: Mapping[str, str]) -> Group:
    """Lay digests out as the group `/integrity`."""
    total = _sha("\n".join(f"{item} {digest}" for item, digest in items.items()).encode())
    variables = {
        "item_index": numbers(["item_index"], np.arange(len(items)), "1", "index of the item", "<i4"),
        "item": words(["item_index"], list(items), "what was hashed: chunk (#), variable, or attributes (@)"),
        "sha256": words(["item_index"], list(items.values()), "SHA-256 of its canonical bytes"),
    }
    return Group(variables, {"algorithm": "sha256", "content_sha256": total})


def mismatches(groups: Mapping[str, Group]) -> list[tuple[str, str]]:
    """Return (item, problem) for each difference between the content and its digests; empty when all is sound.

    Parameters
    ----------
    groups : mapping
        Everything in the file, `/integrity` among it.
    """
    stored = groups.get(PATH)
    if stored is None or not {"item", "sha256"} <= set(stored.variables):
        return [(PATH, "is missing, so nothing can be verified")]
    names, values = (stored.variables[name].data for name in ("item", "sha256"))
    if len(names) != len(values):
        return [(PATH, "contradicts itself")]
    expected = {str(item): str(digest) for item, digest in zip(names, values, strict=True)}
    found = digests({path: group for path, group in groups.items() if path != PATH})
    problems = [(item, "is missing") for item in expected if item not in found]
    problems += [(item, "is not known to the digests") for item in found if item not in expected]
    problems += [(item, "was changed or damaged") for item in found if expected.get(item, found[item]) != found[item]]
    own = integrity_group(dict(sorted(expected.items())))
    if digests({PATH: own}) != digests({PATH: stored}):
        problems.append((PATH, "was changed or damaged"))
    return sorted(problems)


def _blocks(variable: Variable) -> Iterator[tuple[tuple[int, ...], Any]]:
    """First index and values of every stored block."""
    if variable.chunks is None:
        yield (0,) * variable.data.ndim, variable.data
        return
    steps = [range(0, length, step) for length, step in zip(variable.data.shape, variable.chunks, strict=True)]
    for start in itertools.product(*steps):
        window = tuple(slice(first, first + step) for first, step in zip(start, variable.chunks, strict=True))
        yield start, variable.data[window]


def _bytes(variable: Variable, block: Any) -> bytes:
    if variable.is_text:
        return json.dumps(np.ravel(block).tolist()).encode()
    return np.ascontiguousarray(block).tobytes()


def _kind(variable: Variable) -> str:
    return "text" if variable.is_text else variable.data.dtype.str


def _attributes_digest(attributes: Mapping[str, Any]) -> str:
    return _sha(json.dumps(sorted((name, *_canonical(value)) for name, value in attributes.items())).encode())


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
