"""Files of earlier versions are read with the values they were made of, and written again as the present version."""

import dataclasses
import gzip
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from mocap.errors import TrialFileError
from mocap.schema import FORMAT_VERSION
from mocap.storage import check_trial, read_trial, write_trial
from mocap.storage.seal import is_sealed

_FILES = Path(__file__).resolve().parents[2] / "fixtures" / "trial_files"


@pytest.fixture
def earlier(tmp_path):
    """A file that version 1 wrote, and what was in the trial, by field, arrays as hexadecimal bytes."""
    path = tmp_path / "version1.h5"
    path.write_bytes(gzip.decompress((_FILES / "version1.h5.gz").read_bytes()))
    return path, json.loads(gzip.decompress((_FILES / "version1.json.gz").read_bytes()))


def _plain(one):
    if isinstance(one, np.ndarray):
        values = np.ascontiguousarray(one)
        return {"dtype": one.dtype.str, "shape": list(one.shape), "hex": values.tobytes().hex()}
    if dataclasses.is_dataclass(one):
        return {field.name: _plain(getattr(one, field.name)) for field in dataclasses.fields(one)}
    if isinstance(one, tuple | list):
        return [_plain(part) for part in one]
    if hasattr(one, "items"):
        return {str(name): _plain(part) for name, part in one.items()}
    return one.hex() if isinstance(one, float) else one


def _differences(expected, found, place="trial"):
    """Fields that later versions added are no differences."""
    if isinstance(expected, dict) and isinstance(found, dict) and "hex" not in expected:
        return [line for name, part in expected.items()
                for line in _differences(part, found.get(name), f"{place}.{name}")]  # fmt: skip
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [line for index, part in enumerate(expected)
                for line in _differences(part, found[index], f"{place}[{index}]")]  # fmt: skip
    return [] if expected == found else [place]


def test_a_file_of_version_1_is_read_bit_for_bit_and_written_as_the_present_one(earlier, tmp_path):
    path, expected = earlier
    content = path.read_bytes()
    assert is_sealed(path) and check_trial(path) == ()
    assert len(expected["points"]["position"]["hex"]) == 12 * 4 * 3 * 16 and expected["trial_id"] == "squat 01"
    assert _differences(expected, _plain(read_trial(path))) == []
    assert path.read_bytes() == content
    write_trial(tmp_path / "again.h5", read_trial(path))
    with h5py.File(path) as old, h5py.File(tmp_path / "again.h5") as new:
        assert (old.attrs["format_version"], new.attrs["format_version"]) == (1, FORMAT_VERSION)
    found = _differences(expected, _plain(read_trial(tmp_path / "again.h5")))
    # Radians to degrees and back: the last bit.
    assert all(place.startswith("trial.angles.") for place in found), found


def test_a_flipped_byte_in_a_file_of_version_1_breaks_its_seal_and_is_named(earlier):
    path, _ = earlier
    content = bytearray(path.read_bytes())
    at = content.index(b"level")
    content[at] ^= 1
    path.write_bytes(content)
    assert not is_sealed(path)
    with pytest.raises(TrialFileError, match="/angles/pelvic_tilt@"):
        read_trial(path)


def test_differences_are_seen(earlier):
    _, expected = earlier
    other = json.loads(json.dumps(expected))
    other["events"][0]["time_s"] = (0.5000001).hex()
    other["points"]["later"] = 1
    assert _differences(expected, other) == ["trial.events[0].time_s"]
