"""Parts of a trial file: only what is asked for is read, and each part is verified before it is handed out."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from mocap.errors import ShapeError, TrialFileError
from mocap.storage import hdf, open_trial_file, read_events, read_told, read_trial, write_trial
from mocap.storage.seal import is_sealed
from mocap.storage.sealed_file import SealedFile
from mocap.trial import Keypoints2D, Points3D, Trial

N_FRAMES, N_POINTS = 3000, 40


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A file of several chunks, its trial and its bytes."""
    rng = np.random.default_rng(3)
    points = Points3D(rng.normal(size=(N_FRAMES, N_POINTS, 3)), tuple(f"m{i}" for i in range(N_POINTS)), 100.0)
    pixels = rng.normal(size=(3, N_FRAMES, 20, 2)).astype(np.float32)
    seen = Keypoints2D(pixels, np.ones((3, N_FRAMES, 20), np.float32), tuple(f"k{i}" for i in range(20)), 100.0)
    path = tmp_path_factory.mktemp("stored") / "a.h5"
    trial = Trial("t", points, keypoints=seen)
    write_trial(path, trial)
    return path, trial, path.read_bytes()


def test_names_shapes_and_attributes_without_values(stored):
    path, trial, _ = stored
    with open_trial_file(path) as file:
        assert {"/", "/points", "/keypoints2d", "/provenance"} <= set(file.groups)
        assert "/points/position" in file.variables("/points")
        assert file.shape("/points/position") == (N_FRAMES, N_POINTS, 3)
        assert file.axes("/keypoints2d/pixel") == ("camera", "time", "keypoint", "uv")
        assert file.attributes("/points")["rate_hz"] == 100.0
        assert file.attributes("/points/position")["units"] == "m"
        assert tuple(file.values("/points/keypoint")) == trial.points.names
        assert file.dtype("/points/status") == np.uint8
        assert file.groups == ("/", "/keypoints2d", "/points", "/provenance")
        assert file.variables("/keypoints2d") == tuple(
            f"/keypoints2d/{name}" for name in ("camera", "confidence", "keypoint", "pixel", "time", "uv")
        )


@pytest.mark.parametrize("window", [(0, 1), (272, 274), (1000, 1900), (2999, 3000), (0, 3000), (5, 5)])
def test_frames_are_those_of_the_trial(stored, window):
    path, trial, _ = stored
    start, stop = window
    with open_trial_file(path) as file:
        found = file.frames("/points/position", start, stop)
        assert found.tobytes() == trial.points.position[start:stop].tobytes()
        found = file.frames("/keypoints2d/pixel", start, stop)
        assert found.shape == (3, stop - start, 20, 2)
        assert found.tobytes() == np.ascontiguousarray(trial.keypoints.pixels[:, start:stop]).tobytes()


def test_one_frame_reads_little_of_the_file(stored, monkeypatch):
    path, trial, content = stored
    fetched = []
    plain = SealedFile._fetched
    monkeypatch.setattr(SealedFile, "_fetched", lambda self, index: (fetched.append(index), plain(self, index))[1])
    with open_trial_file(path) as file:
        assert file.frame("/points/position", 1234).tobytes() == trial.points.position[1234].tobytes()
    assert len(fetched) == len(set(fetched)) < 0.2 * len(content) / 65536  # measured 7 of 59


def test_frames_that_are_not_there_and_what_has_no_frames(stored):
    with open_trial_file(stored[0]) as file:
        for window in ((-1, 3), (0, N_FRAMES + 1), (7, 6)):
            with pytest.raises(ShapeError, match="3000 frames"):
                file.frames("/points/position", *window)
        with pytest.raises(ShapeError, match="no time"):
            file.frames("/points/keypoint", 0, 1)
        for item in ("/points/none", "/none/position", "position"):
            with pytest.raises(TrialFileError, match="TRIAL_SCHEMA"):
                file.values(item)


def _flipped(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 16]))


def test_a_damaged_chunk_is_named_and_others_are_read(stored, tmp_path):
    _, trial, content = stored
    path = tmp_path / "b.h5"
    path.write_bytes(content)
    with h5py.File(path) as file:
        place = file["points/position"].id.get_chunk_info(3)
        start = place.chunk_offset[0]
    # Amid the chunk, so that its neighbours, which may share blocks of the seal with it, stay whole.
    _flipped(path, place.byte_offset + place.size // 2)
    assert not is_sealed(path)
    with open_trial_file(path) as file:
        assert file.frame("/points/position", 0).tobytes() == trial.points.position[0].tobytes()
        with pytest.raises(TrialFileError, match=rf"TRIAL_DAMAGED.*/points/position#{start},0,0"):
            file.frame("/points/position", start + 1)
    with pytest.raises(TrialFileError, match=rf"/points/position#{start},0,0"):
        read_trial(path)


def test_a_file_that_another_program_changed_is_inspected_first(stored, tmp_path):
    _, trial, content = stored
    path = tmp_path / "b.h5"
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        file["points/position"][7, 0, 0] = 1.5
    with pytest.raises(TrialFileError, match=r"TRIAL_DAMAGED.*/points/position#0,0,0"):
        open_trial_file(path)
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        file.flush()
    with path.open("ab") as file:
        file.write(b"\n")  # the seal is no longer the last line, and nothing else is wrong
    assert not is_sealed(path)
    with open_trial_file(path) as file:
        assert file.frame("/points/position", 7).tobytes() == trial.points.position[7].tobytes()


def test_a_chunk_that_fits_the_seal_and_not_its_digest_is_refused(stored, tmp_path, monkeypatch):
    """What HDF5 or this program made of sound bytes is compared as well."""
    path, _, _ = stored
    plain = hdf.unpacked
    monkeypatch.setattr(hdf, "unpacked", lambda *of, **how: plain(*of, **how) + 1)
    with (
        open_trial_file(path) as file,
        pytest.raises(TrialFileError, match=r"/points/position#0,0,0 was changed or damaged"),
    ):
        file.frame("/points/position", 3)


def test_a_flipped_byte_anywhere_is_told_in_parts_as_well(tmp_path, whole, trials):
    """Events and verdicts read back equal, or the file is refused."""
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"])
    events, told = read_events(path), read_told(path)
    assert len(events) == 3 and len(told[0]) == 2
    rng = np.random.default_rng(10)
    for at in rng.choice(np.flatnonzero(np.frombuffer(whole["full"], np.uint8)), 3):
        path.write_bytes(whole["full"])
        _flipped(path, int(at))
        try:
            assert repr(read_events(path)) == repr(events) and repr(read_told(path)) == repr(told), at
        except TrialFileError as error:
            assert error.code.startswith("TRIAL_") or error.code == "NOT_A_TRIAL", at


def test_a_file_that_nobody_closed_does_not_bring_the_process_down(stored):
    """HDF5 closes it after Python has ended, and would call it."""
    code = f"""
import ctypes, sys
from mocap.storage import open_trial_file
file = open_trial_file({str(stored[0])!r})
file.frame("/points/position", 7)
ctypes.pythonapi.Py_IncRef(ctypes.py_object(file))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
