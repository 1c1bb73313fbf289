"""Mutated trial files: each is refused, the item named, or gives every value and attribute as it was written."""

import importlib.util
import os
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mocap.errors import MocapError
from mocap.isolation import worker
from mocap.storage import check_trial, read_trial


def fixture_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).resolve().parents[2] / "fixtures" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


mutated = fixture_module("mutations")
# Where HDF5 keeps what decides over sizes: superblock, object headers, local heaps and B-trees, by their signatures.
SIGNATURES = (b"\x89HDF", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"FRHP", b"BTHD", b"OCHK")


def header_extreme(data: bytes, rng: random.Random) -> bytes:
    """An extreme number within the first bytes of a structure of the library."""
    places = []
    for signature in SIGNATURES:
        at = data.find(signature)
        while at >= 0:
            places.append(at)
            at = data.find(signature, at + 1)
    at = rng.choice(places) + len(SIGNATURES[1]) + rng.randrange(60)
    extreme = rng.choice(mutated.EXTREMES)
    return data[:at] + extreme + data[at + len(extreme) :]


@pytest.mark.parametrize(("n", "part"), mutated.PARTS)
def test_mutated_trial_files_are_refused_or_equal(tmp_path, whole, trials, assert_equal, n, part):
    path, original = tmp_path / "trial.h5", whole["full"]
    refused = equal = 0
    rng = random.Random(part)
    for place, (kind, data) in enumerate(mutated.mutations(original, n, 8 + 100 * part)):
        if place % 8 == 7:
            kind, data = f"header {place}", header_extreme(original, rng)
        path.write_bytes(data)
        begun = mutated.clock()
        try:
            found = read_trial(path)
        except MocapError as error:
            refused += 1
            assert error.code.startswith(("TRIAL", "NOT_A_TRIAL", "FILE")), (kind, error)
            assert str(path) in error.cause and error.remedy, (kind, error)
            if place % 8 == 0:
                assert check_trial(path), kind
        else:
            equal += 1
            assert_equal(trials["full"], found)
        assert mutated.in_time(begun), kind
    assert refused > n / 2 and refused + equal == n
    # Measured: 0.13 GiB.
    assert worker.of_this_process().peak_bytes < 1 << 30
    assert os.getpid() == worker.of_this_process().owner
