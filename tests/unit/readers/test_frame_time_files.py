"""Files of frame times: their unit, their cameras, their order; and the order of sources, which is always said."""

import numpy as np
import pytest

from calibration.sources import find_sources
from mocap.errors import MocapError
from mocap.readers.frame_times import find_frame_time_file, read_frame_time_file
from mocap.readers.frame_times_cameras import camera_times_of_files, nominal_times, read_camera_times


def written(folder, text, name="cam_0_timestamps.csv"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("head", "scale"),
    [("timestamp_ns", 10**9), ("frame_time [us]", 10**6), ("time (ms)", 10**3), ("time_s", 1), ("Timestamp", 10**9)],
)
def test_units_by_name_or_by_rate(tmp_path, head, scale):
    start = 1_700_000_000 * scale
    ticks = [start + round(k * scale / 50) if scale > 1 else start + k / 50 for k in range(20)]
    text = f"frame,{head}\n" + "".join(f"{k},{tick}\n" for k, tick in enumerate(ticks))
    read = read_frame_time_file(written(tmp_path, text), "cam_0")
    np.testing.assert_allclose(np.diff(read.time_s), 0.02, atol=1e-3 if scale == 1000 else 1e-6)
    assert read.zero_s == pytest.approx(1_700_000_000)
    assert bool(read.notes) == (head == "Timestamp")  # a unit that was guessed is said


def test_a_nominal_rate_tells_the_unit_and_nothing_else_is_guessed(tmp_path):
    path = written(tmp_path, "time\n" + "".join(f"{k * 1.0}\n" for k in range(10)))
    with pytest.raises(MocapError, match="FRAME_TIMES_UNIT"):
        read_frame_time_file(path, "cam_0")
    assert np.diff(read_frame_time_file(path, "cam_0", rate_hz=1000).time_s)[0] == pytest.approx(1e-3)


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "time\n", "time_s\n1\nten\n", "time_s,frame\n1,2\n1\n", "time_s\n1/0\n", "time_s\n1e999\n", "\0\0\0",
     "cam_id,time_s\n7,1\n", "time_s\nnan\n"],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, text):
    with pytest.raises(MocapError) as refused:
        read_frame_time_file(written(tmp_path, text), "cam_0")
    assert refused.value.code == "FRAME_TIMES_FORMAT"


def test_files_beside_the_footage_are_found(tmp_path):
    assert find_frame_time_file(tmp_path / "cam_0.mp4") is None
    shared = written(tmp_path, "time_s\n1\n", "timestamps.csv")
    assert find_frame_time_file(tmp_path / "cam_0.mp4") == shared
    own = written(tmp_path, "time_s\n1\n")
    assert find_frame_time_file(tmp_path / "cam_0.mp4") == own


def test_times_of_keypoints_without_footage(tmp_path):
    text = "cam_id,sync_index,frame_time_s\n" + "".join(
        f"{cam},{k},{10 + k / 50 + cam * 0.004}\n" for k in (*range(30), *range(32, 50)) for cam in (0, 1)
    )
    path = written(tmp_path, text, "timestamps.csv")
    frames = camera_times_of_files({"cam_0": path, "cam_1": path}, 48, rate_hz=49.0)
    assert frames.common_clock
    np.testing.assert_allclose(frames.times.time_s[1] - frames.times.time_s[0], 0.004, atol=1e-9)
    assert frames.times.source == ("timestamps", "timestamps")
    assert frames.orders[0].dropped.tolist() == [[29, 2]]
    assert any("the nominal rate says 49.00 Hz" in note and "50.00 Hz" in note for note in frames.times.notes)
    with pytest.raises(MocapError, match="FRAME_TIMES_SHORT"):
        camera_times_of_files({"cam_0": path}, 49)
    assert "more rows" in camera_times_of_files({"cam_0": path}, 40).times.notes[0]


@pytest.mark.parametrize(
    ("names", "asked", "start_s"),
    [
        (("左", "右"), "右", 5.0),
        (("cam_左", "cam_右"), "cam 右", 5.0),
        (("कि", "कु"), "कु", 5.0),
        (("cam कि", "cam कु"), "cam_कु", 5.0),
        (("left", "Ru\u0308cken"), "R\u00fccken", 5.0),  # the accent as a character of its own
        (("左カメラ", "右カメラ"), "右", None),
        (("cam_左", "cam_右"), "cam", None),
        (("Cam A", "cam-a"), "cam_a", None),
        (("--", "++"), "__", None),
    ],
)
def test_names_in_any_script_take_their_own_times_or_none(tmp_path, names, asked, start_s):
    rows = "".join(f"{name},{5 * c + k / 100:.2f}\n" for c, name in enumerate(names) for k in range(20))
    path = tmp_path / "timestamps.csv"
    path.write_text(f"camera,time_s\n{rows}", encoding="utf-8")
    if start_s is not None:
        assert read_frame_time_file(path, asked).zero_s == start_s
        return
    with pytest.raises(MocapError, match=f"FRAME_TIMES_FORMAT: .*none of '{asked}'"):
        read_frame_time_file(path, asked)


def test_nominal_times_say_so():
    frames = nominal_times(("a", "b"), 5, 100.0)
    assert frames.times.source == ("nominal rate", "nominal rate")
    np.testing.assert_allclose(frames.times.time_s[1], np.arange(5) / 100)
    assert not frames.common_clock


def test_the_recorders_times_of_a_real_recording(shared_data):
    sources, _ = find_sources(shared_data / "charuco_4cam")
    frames = read_camera_times(sources)
    assert frames.common_clock
    assert set(frames.times.source) == {"timestamps"}
    assert frames.footage_index.shape == (4, 111)
    assert frames.rate_hz == pytest.approx([6.0] * 4, rel=1e-3)
    spread = np.ptp(frames.times.time_s, axis=0)[64:]  # where the board is seen
    assert np.median(spread) == pytest.approx(2.6e-3, abs=2e-4)  # published: 2.6 ms, at most 22
    assert spread.max() == pytest.approx(22e-3, abs=2e-3)


def test_a_real_recording_without_files_goes_by_its_container(shared_data):
    sources, _ = find_sources(shared_data / "videos_4cam")
    frames = read_camera_times(sources, rate_hz=60)
    assert frames.times.source == ("container",) * 4
    assert frames.times.notes == ()
    assert "60.00 Hz" in read_camera_times(sources[:1], rate_hz=59).times.notes[0]


@pytest.mark.parametrize("count", [25, pytest.param(500, marks=pytest.mark.heavy)])
def test_mutated_files_are_read_or_refused(tmp_path, count):
    rows = "".join(f"{k},{c},{1_700_000_000_000_000_000 + k * 20_000_000 + c}\n" for k in range(20) for c in (0, 1))
    whole = ("sync_index,cam_id,timestamp_ns\n" + rows).encode()
    refused = 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        changed, at = bytearray(whole), int(rng.integers(0, len(whole) - 1))
        kind = seed % 5
        if kind == 0:
            changed[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            changed[at : at + 9] = b"9" * 9
        elif kind == 2:
            del changed[at:]
        elif kind == 3:
            changed[at : at + 20] = bytes(20)
        else:
            changed[at:at] = (b"-", b"1e999,", b"\n\n", b",", b"\xff\xfe", b"nan")[int(rng.integers(0, 6))]
        path = tmp_path / "timestamps.csv"
        path.write_bytes(bytes(changed))
        try:
            camera_times_of_files({"cam_0": path, "cam_1": path}, 20, rate_hz=50)
        except MocapError as error:
            refused += 1
            assert error.code.startswith(("FRAME_TIMES", "FILE_", "SOURCE"))
    assert refused > count / 5
