"""Keypoint readers: hand-made files with known numbers, and every refusal by its code."""

import json
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import FormatError, KeypointError, SourceError
from mocap.readers.keypoints import read_keypoints
from mocap.readers.keypoints_cameras import match_cameras

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "deeplabcut"
COCO = 17


def person(value, n_keypoints=COCO):
    return {"pose_keypoints_2d": [number for k in range(n_keypoints) for number in (value + k, value - k, 0.5)]}


def write_openpose(root, frames=(0, 1, 2), cameras=("cam01_json", "cam02_json")):
    for index, camera in enumerate(cameras):
        (root / camera).mkdir(parents=True)
        for frame in frames:
            people = [person(100 * index + frame)] + ([person(900)] if frame == 1 else [])
            (root / camera / f"{camera}_{frame:012d}_keypoints.json").write_text(json.dumps({"people": people}))
    return root


def read(path, cameras=("cam_1", "cam_2"), rate_hz=50.0, **options):
    return read_keypoints(path, camera_names=cameras, rate_hz=rate_hz, **options)


def refusal(error, code, path, **options):
    with pytest.raises(error) as caught:
        read(path, **options)
    assert caught.value.code == code
    return str(caught.value)


def test_openpose_people_and_numbers(tmp_path):
    found = read(write_openpose(tmp_path), skeleton="coco_17")
    assert found.source == "openpose"
    assert dict(found.source_of) == {"cam_1": "cam01_json", "cam_2": "cam02_json"}
    assert found.people.pixels.shape == (2, 3, 2, COCO, 2)
    assert found.people.pixels[1, 2, 0, 3].tolist() == [105, 99]
    assert found.people.people_seen.tolist() == [[1, 2, 1], [1, 2, 1]]
    assert len(found.files) == 6 and found.people.rate_hz == 50


def test_openpose_gap_in_the_numbering_is_missing_not_shifted(tmp_path):
    found = read(write_openpose(tmp_path, frames=(7, 8, 10)), skeleton="coco_17")
    assert found.first_frame == 7 and found.people.n_frames == 4
    assert np.isnan(found.people.pixels[:, 2]).all()
    assert found.people.pixels[0, 3, 0, 0].tolist() == [10, 10]
    assert "1 of the frames 7 to 10" in found.notes[0]


def test_openpose_zeros_are_missing(tmp_path):
    write_openpose(tmp_path)
    file = tmp_path / "cam01_json" / "cam01_json_000000000000_keypoints.json"
    zero = person(5)
    zero["pose_keypoints_2d"][3:6] = [0, 0, 0]
    file.write_text(json.dumps({"people": [zero]}))
    people = read(tmp_path, skeleton="coco_17").people
    assert np.isnan(people.pixels[0, 0, 0, 1]).all() and people.confidence[0, 0, 0, 1] == 0
    assert np.isfinite(people.pixels[0, 0, 0, [0, 2]]).all()


@pytest.mark.parametrize("content", ['{"people": [{"pose_key', "", "[" * 100_000, '{"people": 3}', "[]", "\xff"])
def test_broken_json_names_the_file(tmp_path, content):
    write_openpose(tmp_path)
    file = tmp_path / "cam02_json" / "cam02_json_000000000001_keypoints.json"
    file.write_text(content, encoding="latin-1")
    with pytest.raises((FormatError, SourceError), match=file.name):
        read(tmp_path, skeleton="coco_17")


def test_openpose_needs_its_skeleton(tmp_path):
    for camera in ("cam01", "cam02"):
        (tmp_path / camera).mkdir()
        (tmp_path / camera / "0.json").write_text(json.dumps({"people": [person(9, 25)]}))
    message = refusal(KeypointError, "SKELETON_MISSING", tmp_path)
    assert "body_25, body_25b" in message and "coco" not in message
    refusal(KeypointError, "SKELETON_SIZE", tmp_path, skeleton="coco_17")


def test_cameras_that_do_not_fit_list_both_sides(tmp_path):
    write_openpose(tmp_path)
    message = refusal(KeypointError, "CAMERA_COUNT", tmp_path, cameras=("cam_1", "cam_2", "cam_3"), skeleton="coco_17")
    assert "cam01_json" in message and "cam_3" in message
    message = refusal(KeypointError, "CAMERA_NAMES", tmp_path, cameras=("left", "right"), skeleton="coco_17")
    assert "cam01_json" in message and "left" in message
    declared = {"left": "cam02_json", "right": "cam01_json"}
    people = read(tmp_path, cameras=("left", "right"), skeleton="coco_17", declared=declared).people
    assert people.pixels[0, 0, 0, 0].tolist() == [100, 100]


@pytest.mark.parametrize(
    ("found", "cameras", "pairs"),
    [
        (["cam10_json", "cam1_json"], ["cam_01", "cam_10"], ["cam1_json", "cam10_json"]),
        (["camera2", "camera1"], ["c1", "c2"], ["camera1", "camera2"]),
        (["squat_left_v2", "squat_v2"], ["squat", "left"], ["squat_v2", "squat_left_v2"]),
        (["GoPro-left", "GoPro-right"], ["right", "left"], ["GoPro-right", "GoPro-left"]),
    ],
)
def test_names_that_match(found, cameras, pairs):
    assert list(match_cameras(found, cameras).values()) == pairs


@pytest.mark.parametrize(
    ("found", "cameras"),
    [(["a", "b"], ["c", "d"]), (["cam0", "cam1"], ["cam_1", "cam_2"]), (["x_cam1", "y_cam1"], ["cam1", "cam1b"])],
)
def test_names_that_do_not_match_are_refused(found, cameras):
    with pytest.raises(KeypointError, match="do not tell"):
        match_cameras(found, cameras)


@pytest.mark.parametrize(
    ("found", "cameras", "pairs"),
    [
        (["cam10_json", "cam1_json", "cam2_json"], ["cam_01", "cam_10"], ["cam1_json", "cam10_json"]),
        (["cam", "cam_2", "cam_3"], ["cam", "cam_3"], ["cam", "cam_3"]),
        (["cam", "cam_2"], ["cam", "cam_2"], ["cam", "cam_2"]),
    ],
)
def test_of_chosen_cameras_alone_the_files_are_read(found, cameras, pairs):
    assert list(match_cameras(found, cameras, leave_others=True).values()) == pairs
    if len(found) > len(cameras):
        with pytest.raises(KeypointError, match="CAMERA_COUNT"):
            match_cameras(found, cameras)


def test_among_more_files_than_cameras_a_number_alone_tells_nothing():
    with pytest.raises(KeypointError, match="do not tell"):
        match_cameras(["trial1_left", "trial2_left", "trial2_right"], ["cam_1", "cam_2"], leave_others=True)


def test_declared_cameras_are_checked():
    with pytest.raises(KeypointError, match="cameras left out: b; no such file: z"):
        match_cameras(["x", "y"], ["a", "b"], {"a": "z"})


def test_rate_path_and_source_are_required(tmp_path):
    refusal(KeypointError, "RATE_MISSING", write_openpose(tmp_path / "a"), rate_hz=None)
    refusal(SourceError, "FILE_MISSING", tmp_path / "nothing")
    assert "Did you mean 'openpose'" in refusal(KeypointError, "SOURCE_UNKNOWN", tmp_path / "a", source="openpos")
    refusal(FormatError, "WRONG_SOURCE", tmp_path / "a", source="long")
    (tmp_path / "empty").mkdir()
    refusal(SourceError, "FILE_EMPTY", tmp_path / "empty")
    for name in ("empty.csv", "empty.json", "empty.h5"):
        (tmp_path / name).touch()
        assert "is empty" in refusal(SourceError, "FILE_EMPTY", tmp_path / name)


def dlc_folder(root, fixture, suffix):
    root.mkdir()
    scorer = "DLC_resnet50_squatOct30shuffle1_100000"
    for camera in ("cam1", "cam2"):
        (root / f"{camera}{scorer}{suffix}").write_bytes((FIXTURES / fixture).read_bytes())
    return root


@pytest.mark.parametrize("fixture", ["dlc_table.csv", "dlc_table.h5", "dlc_fixed.h5"])
def test_deeplabcut_single(tmp_path, fixture):
    # The numbers are those of dlc_table.csv; the HDF5 files were written by pandas with PyTables.
    found = read(dlc_folder(tmp_path / "dlc", fixture, Path(fixture).suffix))
    people = found.people
    assert found.source == "deeplabcut" and people.names == ("hip_l", "hip_r", "knee_l")
    assert people.pixels.shape == (2, 6, 1, 3, 2)
    assert people.pixels[1, 0, 0, 1].tolist() == [582.162, 94.129]
    assert people.confidence[0, 0, 0].tolist() == [0.8711, 0.2754, 0.5618]
    assert np.isnan(people.pixels[0, 2, 0, 0]).all() and people.confidence[0, 2, 0, 0] == 0


@pytest.mark.parametrize("fixture", ["dlc_multi.csv", "dlc_multi.h5", "dlc_multi_fixed.h5"])
def test_deeplabcut_individuals(tmp_path, fixture):
    people = read(dlc_folder(tmp_path / "dlc", fixture, Path(fixture).suffix)).people
    assert people.pixels.shape == (2, 6, 2, 2, 2)
    assert people.pixels[0, 0, 1, 0].tolist() == [213.867, 858.642]


def test_deeplabcut_prefers_hdf5_and_says_so(tmp_path):
    folder = dlc_folder(tmp_path / "dlc", "dlc_table.h5", ".h5")
    (folder / next(iter(folder.iterdir())).with_suffix(".csv").name).write_text("anything")
    assert "not read" in read(folder).notes[0]


@pytest.mark.parametrize("size", [3, 100, 9000, 60_000])
def test_truncated_hdf5_is_refused_by_name(tmp_path, size):
    folder = dlc_folder(tmp_path / "dlc", "dlc_table.h5", ".h5")
    file = sorted(folder.iterdir())[0]
    file.write_bytes(file.read_bytes()[:size])
    assert file.name in refusal(FormatError, "BROKEN_HDF5", folder)


@pytest.mark.parametrize("size", [512])
def test_hdf5_after_a_block_of_the_users_own_is_read(tmp_path, size):
    plain = read(folder := dlc_folder(tmp_path / "dlc", "dlc_table.h5", ".h5")).people
    for file in folder.iterdir():
        file.write_bytes(b"MATLAB 7.3".ljust(size, b"\0") + file.read_bytes())
    assert np.array_equal(read(folder).people.pixels, plain.pixels, equal_nan=True)


def test_pickles_are_not_run(tmp_path):
    import h5py

    folder = dlc_folder(tmp_path / "dlc", "dlc_table.h5", ".h5")
    with h5py.File(sorted(folder.iterdir())[0], "r+") as store:
        store["df_with_missing/table"].attrs["values_block_0_kind"] = np.bytes_(b"cos\nsystem\n(S'touch canary'\ntR.")
    assert "symbol GLOBAL" in refusal(FormatError, "PANDAS_LAYOUT", folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("coords,x", "axes,x"), ("85.649", "eighty"), ("0,85.649,", "0,"),
        ("\n1,", "\n0.5,"), ("\n1,", "\n0,"), ("0.8711", "8711"), ("x,y", "x,x"),
    ],
)
def test_broken_deeplabcut_csv(tmp_path, old, new):
    folder = dlc_folder(tmp_path / "dlc", "dlc_table.csv", ".csv")
    file = sorted(folder.iterdir())[0]
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(FormatError, match=file.name):
        read(folder)


LONG = "camera,frame,keypoint,x,y,confidence\n" + "".join(
    f"cam_{camera},{frame},{name},{10 * camera + frame},{column},0.9\n"
    for camera in (1, 2) for frame in (4, 5, 6) for column, name in enumerate(("hip", "knee"))
)


def write_long(root, text=LONG):
    (root / "points.csv").write_text(text)
    return root / "points.csv"


def test_long_csv_and_parquet_agree(tmp_path):
    import pandas as pd

    path = write_long(tmp_path)
    found = read(path)
    assert found.source == "long" and found.first_frame == 4
    assert found.people.pixels[1, 2, 0].tolist() == [[26, 0], [26, 1]]
    pd.read_csv(path).to_parquet(tmp_path / "points.parquet")
    again = read(tmp_path / "points.parquet")
    assert np.array_equal(again.people.pixels, found.people.pixels)


def test_long_rows_that_are_not_there_are_missing(tmp_path):
    lines = [line for line in LONG.splitlines() if not line.startswith(("cam_1,5", "cam_2,6,hip"))]
    people = read(write_long(tmp_path, "\n".join(lines))).people
    assert np.isnan(people.pixels[0, 1]).all() and np.isnan(people.pixels[1, 2, 0, 0]).all()
    assert np.isfinite(people.pixels).sum() == 2 * 9


def test_long_refusals(tmp_path):
    assert "'hip'" in refusal(KeypointError, "DOUBLED_ROWS", write_long(tmp_path, LONG + "cam_1,4,hip,1,1,1\n"))
    assert "'cam_2'" in refusal(KeypointError, "CAMERA_NAMES", write_long(tmp_path, LONG.replace("cam_2", "can_z")))
    refusal(KeypointError, "CAMERA_COUNT", write_long(tmp_path, LONG + "cam_3,4,hip,1,1,1\n"))
    refusal(FormatError, "COLUMNS_MISSING", write_long(tmp_path, LONG.replace("confidence", "trust")))
    refusal(FormatError, "KEYPOINT_VALUES", write_long(tmp_path, LONG.replace("0.9", "9")))
    words = write_long(tmp_path, LONG.replace("cam_1,4,hip", "cam_1,x,hip"))
    assert "Row 1 " in refusal(FormatError, "KEYPOINT_VALUES", words)
    (tmp_path / "points.parquet").write_bytes(b"PAR1 nothing")
    refusal(FormatError, "NOT_A_TABLE", tmp_path / "points.parquet")


def test_keypoint_that_is_never_seen_is_refused_by_name(tmp_path):
    empty = "".join(f"cam_{camera},4,toe,,,\n" for camera in (1, 2))
    path = write_long(tmp_path, LONG + empty)
    assert ": toe." in refusal(KeypointError, "KEYPOINT_EMPTY", path)
    assert read(path, keypoints=["knee", "hip"]).people.names == ("knee", "hip")
    refusal(KeypointError, "KEYPOINT_UNKNOWN", path, keypoints=["heel"])


def test_openpose_keypoints_that_nobody_shows_are_noted_and_refused_when_asked_for(tmp_path):
    write_openpose(tmp_path)
    for file in tmp_path.rglob("*.json"):
        document = json.loads(file.read_text())
        for found in document["people"]:
            found["pose_keypoints_2d"][6:9] = [0, 0, 0]
        file.write_text(json.dumps(document))
    found = read(tmp_path, skeleton="coco_17")
    name = found.people.names[2]
    assert np.isnan(found.people.pixels[..., 2, :]).all() and name in found.notes[-1]
    refusal(KeypointError, "KEYPOINT_EMPTY", tmp_path, skeleton="coco_17", keypoints=[name])


def test_frame_numbers_that_are_none(tmp_path):
    refusal(FormatError, "FRAME_NUMBERS", write_long(tmp_path, LONG + "cam_1,100000000,hip,1,1,1\n"))
    apart = LONG.replace("cam_2,4", "cam_2,14").replace("cam_2,5", "cam_2,15").replace("cam_2,6", "cam_2,16")
    refusal(KeypointError, "FRAMES_APART", write_long(tmp_path, apart))
