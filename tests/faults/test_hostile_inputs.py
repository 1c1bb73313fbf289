"""Files made to harm: bombs, headers of impossible sizes, names that lead elsewhere, code in data.

Each is refused by one coded line in less than two seconds of the processor; nothing outside is read, written or run.
"""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from calibration.boards.board import read_board
from calibration.formats import read_calibration
from mocap.config.session import read_session
from mocap.errors import MocapError
from mocap.isolation import worker
from mocap.kinematics.marker_sets import read_marker_set
from mocap.readers.keypoints import read_keypoints
from mocap.readers.motion import read_motion
from mocap.readers.video import read_video_info
from mocap.skeleton import read_skeleton
from mocap.storage import check_trial, read_trial

SECONDS = 2.0
SESSION = """
[session]
id = {id}
subject_code = {code}
[calibration]
file = "calibration.toml"
[keypoints]
format = "openpose"
skeleton = "BODY_25B"
[[trial]]
name = {name}
files = "squat"
"""


def refused(read: Callable[[], object], *codes: str) -> MocapError:
    from time import process_time

    begun = process_time()
    with pytest.raises(MocapError) as caught:
        read()
    assert process_time() - begun < SECONDS
    error = caught.value
    assert error.code in codes if codes else error.code, error
    assert error.cause and error.remedy and len(str(error)) < 2000
    return error


BOMBS = {
    "brackets": "x = " + "[" * 100_000,
    "closed brackets": "x = " + "[" * 5000 + "]" * 5000,
    "tables in tables": "x = " + "{a=" * 5000 + "1" + "}" * 5000,
    "dotted key": ".".join(["a"] * 50_000) + " = 1",  # 50 s before such keys were refused
    "quoted dotted key": ".".join(['"a"'] * 50_000) + " = 1",
    "dotted key within": "x = {" + " . ".join(["a"] * 20_000) + " = 1}",
    "dotted table": "[" + ".".join(["a"] * 3000) + "]",
    "digits": "x = " + "9" * 200_000,
    "tables": "".join(f"[a{i}]\n" for i in range(100_000)),
    "one word": "x" * 3_000_000,
    "one text": 'x = "' + 'a"' * 500_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_toml_that_takes_for_ever_is_refused_at_once(tmp_path, bomb):
    for name in ("session.toml", "lab.toml", "rig.toml", "board.toml"):
        (tmp_path / name).write_text(BOMBS[bomb])
    refused(lambda: read_session(tmp_path))
    refused(lambda: read_skeleton(str(tmp_path / "lab.toml")))
    refused(lambda: read_calibration(tmp_path / "rig.toml"))
    refused(lambda: read_board(tmp_path / "board.toml"))
    refused(lambda: read_marker_set(str(tmp_path / "board.toml")), "MARKER_SET_FILE")


@pytest.mark.parametrize("text", ["[" * 200_000, "[" * 3000 + "]" * 3000, '[{"keypoints": ' + "9" * 10_000 + "}]",
                                  '{"people": [{"pose_keypoints_2d": [NaN, Infinity, 1e999]}]}'])  # fmt: skip
def test_json_that_overwhelms_is_refused(tmp_path, text):
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(text)
    sizes = dict.fromkeys("ab", (640, 480))
    refused(lambda: read_keypoints(tmp_path, camera_names=("a", "b"), rate_hz=50.0, image_sizes=sizes))


TRC = ("PathFileType\t4\t(X/Y/Z)\tt.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n{}\t100\t{}\t{}\tm\n"
       "Frame#\tTime\tA\t\t\n\t\tX1\tY1\tZ1\n\n1\t0\t1\t1\t1\n")  # fmt: skip


@pytest.mark.parametrize(("rate", "frames", "markers"), [
    (0, 1, 1), ("1e9", 1, 1), ("nan", 1, 1), ("inf", 1, 1), (-100, 1, 1), (100, 2**31, 1), (100, 1, 2**31),
    (100, -1, 1), (100, 1, -1), (100, "9" * 5000, 1), (100, 0, 0), (100, 2**63, 2**63),
])  # fmt: skip
def test_trc_headers_that_promise_the_impossible(tmp_path, rate, frames, markers):
    (tmp_path / "t.trc").write_text(TRC.format(rate, frames, markers))
    refused(lambda: read_motion(tmp_path / "t.trc", up="y"), "TRC_HEADER", "TRC_COUNTS", "TRC_TRUNCATED")


def _readers_of_text(tmp_path: Path, make: Callable[[Path], object]) -> list[tuple[Callable[[], object], str]]:
    """What reads each kind of file of text, and the code by which it cannot be read."""
    for name in ("t.trc", "t.mot", "t.csv", "b.toml", "m.toml"):
        make(tmp_path / name)
    return [
        (lambda: read_motion(tmp_path / "t.trc", up="y"), "SOURCE"),
        (lambda: read_motion(tmp_path / "t.mot"), "SOURCE"),
        (lambda: read_keypoints(tmp_path / "t.csv", camera_names=["cam_0"]), "SOURCE"),
        (lambda: read_board(tmp_path / "b.toml"), "BOARD_FILE_MISSING"),
        (lambda: read_marker_set(str(tmp_path / "m.toml")), "MARKER_SET_FILE"),
    ]  # fmt: skip


def test_text_that_never_ends_is_refused(tmp_path):
    """A pipe into which nobody writes would be waited for without end."""
    for read, code in _readers_of_text(tmp_path, os.mkfifo):
        refused(read, code, "NOT_A_FILE")


def test_text_larger_than_any_recording_is_refused(tmp_path):
    def large(path):
        path.touch()
        os.truncate(path, 1 << 33)  # takes no place on the disk

    for read, code in _readers_of_text(tmp_path, large):
        assert "larger than" in refused(read, code if code != "SOURCE" else "FILE_TOO_LARGE").cause


@pytest.mark.parametrize(("rows", "columns"), [(2**31, 2), (1, 2**31), ("9" * 5000, 2), (-1, 2), (1, -1)])
def test_mot_headers_that_promise_the_impossible(tmp_path, rows, columns):
    (tmp_path / "t.mot").write_text(f"a\nnRows={rows}\nnColumns={columns}\ninDegrees=yes\nendheader\ntime\tx\n0\t1\n")
    refused(lambda: read_motion(tmp_path / "t.mot"), "MOT_TRUNCATED", "MOT_COUNTS")


@pytest.mark.parametrize(("at", "field"), [
    (2, struct.pack("<H", 65535)), (4, struct.pack("<H", 65535)), (6, struct.pack("<2H", 1, 65534)),
    (6, struct.pack("<2H", 9, 3)), (12, struct.pack("<f", np.nan)), (12, struct.pack("<f", np.inf)),
    (12, struct.pack("<f", 0.0)), (16, struct.pack("<H", 65535)), (20, struct.pack("<f", np.nan)),
    (20, struct.pack("<f", 1e9)), (20, struct.pack("<f", -100.0)), (0, b"\xff"), (0, b"\x00"),
])  # fmt: skip
def test_c3d_headers_that_promise_the_impossible(tmp_path, shared_data, at, field):
    data = bytearray((shared_data / "plug_in_gait" / "PiG_Calibration3_FF.c3d").read_bytes())
    data[at : at + len(field)] = field
    (tmp_path / "t.c3d").write_bytes(data)
    refused(lambda: read_motion(tmp_path / "t.c3d"), "C3D_BROKEN", "C3D_TRUNCATED", "C3D_NOT", "C3D_ANALOG_RATE")


def bomb_of_zeros(path: Path) -> None:
    """2 GiB of zeros in a chunk, which deflate shrinks by a thousand, in a file that pandas seems to have written."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_(b"frame")
        group.attrs["nblocks"] = 1
        group.attrs["block0_items_nlevels"] = 1
        for name in ("block0_items_level0", "block0_items_label0", "axis1"):
            group[name] = np.zeros(1, np.int64)
        values = group.create_dataset(
            "block0_values", shape=(1 << 26, 4), chunks=(1 << 21, 4), dtype="f8", compression="gzip"
        )
        packed = zlib.compress(bytes(1 << 26), 9)
        for start in range(0, 1 << 26, 1 << 21):
            values.id.write_direct_chunk((start, 0), packed)


def test_a_bomb_of_keypoints_is_refused_and_the_main_process_takes_no_memory(tmp_path):
    import resource

    for name in ("a.h5", "b.h5"):
        bomb_of_zeros(tmp_path / name)
    assert (tmp_path / "a.h5").stat().st_size < 4 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = dict.fromkeys("ab", (640, 480))
    refused(lambda: read_keypoints(tmp_path, camera_names=("a", "b"), rate_hz=50.0, image_sizes=sizes), "BROKEN_HDF5")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB
    assert worker.of_this_process().peak_bytes < 1 << 30


@pytest.mark.parametrize("size", [1 << 37, 1 << 40])
def test_a_terabyte_that_a_file_claims_is_refused(tmp_path, size):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_dataset("x", shape=(size,), dtype="f8", chunks=(1 << 20,), compression="gzip")
    refused(lambda: read_trial(tmp_path / "t.h5"), "NOT_A_TRIAL")
    assert check_trial(tmp_path / "t.h5")


def test_a_parquet_table_of_half_a_billion_values_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({f"x{place}": pa.nulls(1 << 24) for place in range(32)}), tmp_path / "k.parquet")
    assert (tmp_path / "k.parquet").stat().st_size < 1 << 20
    sizes = dict.fromkeys("ab", (640, 480))
    error = refused(lambda: read_keypoints(tmp_path / "k.parquet", camera_names=("a", "b"), rate_hz=50.0,
                                           image_sizes=sizes), "NOT_A_TABLE")  # fmt: skip
    assert "16777216 rows of 32 columns" in error.cause


@pytest.mark.parametrize("content", [
    b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"\0\0\0\x18ftypmp42" + b"\xff" * 4000,
    b"RIFF\xff\xff\xff\xffAVI LIST" + b"\xff" * 500,
])  # fmt: skip
def test_videos_that_are_lists_or_nothing(tmp_path, content):
    (tmp_path / "cam.mp4").write_bytes(content)
    error = refused(lambda: read_video_info(tmp_path / "cam.mp4"), "VIDEO_UNREADABLE")
    assert "root:" not in str(error)


ELSEWHERE = ["../x", "..", ".", "/etc/x", "a/b", "..\\x", "a\\b", "\\\\server\\share", "C:x", "C:\\x", "CON", "nul",
             "aux.txt", "com1", "x\ny", "x\x01", "x\u202ey", "x.", " x", "x ", "x" * 300, "a<b>", 'a"b', "a|b", "a?",
             "*", "-rf", ".hidden", "CONIN$", "conout$.txt"]  # fmt: skip


@pytest.mark.parametrize("key", ["id", "code", "name"])
def test_names_that_lead_elsewhere_or_to_a_device_are_refused(tmp_path, key):
    import json

    plain = {"id": "s1", "code": "P01", "name": "squat"}
    for name in ["", *ELSEWHERE] if key == "name" else ELSEWHERE:
        words = {field: json.dumps(word) for field, word in (plain | {key: name}).items()}
        (tmp_path / "session.toml").write_text(SESSION.format(**words), encoding="utf-8")
        refused(lambda: read_session(tmp_path), "CONFIG_VALUE")
    blank = "_" if key == "code" else " "
    for name in ("squat_1", f"Kniebeuge{blank}links", "schräg", "a.b", "=1+1", "console", "x" * 120):
        words = {field: json.dumps(word) for field, word in (plain | {key: name}).items()}
        (tmp_path / "session.toml").write_text(SESSION.format(**words), encoding="utf-8")
        assert read_session(tmp_path)


def test_names_that_are_one_file_on_some_systems_are_refused(tmp_path):
    text = SESSION.format(id='"s"', code='"P"', name='"Squat"') + '[[trial]]\nname = "squat"\nfiles = "b"\n'
    (tmp_path / "session.toml").write_text(text)
    assert "Squat" in refused(lambda: read_session(tmp_path), "CONFIG_VALUE").cause


def test_names_that_are_written_otherwise_alone_are_one(tmp_path):
    text = SESSION.format(id='"s"', code='"P"', name='"caf\\u00e9"') + '[[trial]]\nname = "CAFE\\u0301"\nfiles = "b"\n'
    (tmp_path / "session.toml").write_text(text)
    assert "doubled" in refused(lambda: read_session(tmp_path), "CONFIG_VALUE").cause


@pytest.mark.parametrize("person", ["Anna Schmidt", "Anna\u00a0Schmidt"])
def test_a_name_in_place_of_a_code_is_refused(tmp_path, person):
    text = SESSION.format(id='"s"', code=f'"{person}"', name='"squat"')
    (tmp_path / "session.toml").write_text(text, encoding="utf-8")
    refused(lambda: read_session(tmp_path), "CONFIG_VALUE")


@pytest.mark.parametrize("where", ['file = "calibration.toml"', 'files = "squat"', 'skeleton = "BODY_25B"'])
def test_a_zero_byte_anywhere_in_a_session_is_refused(tmp_path, where):
    text = SESSION.format(id='"s"', code='"P"', name='"squat"')
    assert where in text
    (tmp_path / "session.toml").write_text(text.replace(where, where[:-1] + '\\u0000"'))
    refused(lambda: read_session(tmp_path), "CONFIG_VALUE")


@pytest.mark.parametrize("kind", ["soft", "external"])
def test_links_out_of_a_keypoint_file_are_not_followed(tmp_path, kind):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["values"] = np.full((3, 4), 42.0)
    (tmp_path / "k").mkdir()
    for name in "ab":
        with h5py.File(tmp_path / "k" / f"{name}.h5", "w") as file:
            group = file.create_group("df_with_missing")
            group.attrs["pandas_type"] = np.bytes_(b"frame")
            group.attrs["nblocks"] = 1
            group.attrs["block0_items_nlevels"] = 1
            for item in ("block0_items_level0", "block0_items_label0", "axis1"):
                group[item] = np.zeros(1, np.int64)
            path = "/values"
            group["block0_values"] = h5py.ExternalLink(str(secret), path) if kind == "external" else h5py.SoftLink("/x")
    sizes = dict.fromkeys("ab", (640, 480))
    error = refused(lambda: read_keypoints(tmp_path / "k", camera_names=("a", "b"), rate_hz=50.0, image_sizes=sizes))
    assert "42" not in str(error)


def test_a_video_that_kills_its_reader_never_reaches_the_reader_of_boards(tmp_path, monkeypatch):
    from calibration.sources import CameraSource
    from mocap.isolation import Lost
    from mocap.readers import video_probe

    def killed(task: str, path: Path) -> None:
        raise Lost("the library that reads it crashed")

    (tmp_path / "cam.mp4").write_bytes(b"no video")
    source = CameraSource("cam", tmp_path / "cam.mp4", "video")
    video_probe.probe_videos([source])  # what is merely wrong is left to the reader
    monkeypatch.setattr(video_probe, "parse", killed)
    assert "crashed" in refused(lambda: video_probe.probe_videos([source]), "VIDEO_UNREADABLE").cause
