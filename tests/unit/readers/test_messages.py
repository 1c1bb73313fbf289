"""Refusals of keypoint files: one short line that names the file and the fault, whatever was given."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from mocap.errors import FormatError, KeypointError, MocapError, SourceError
from mocap.readers.keypoints import read_keypoints
from mocap.readers.words import complaint, few
from mocap.skeleton import read_skeleton

_SPEC = importlib.util.spec_from_file_location(
    "keypoint_files", Path(__file__).resolve().parents[2] / "fixtures" / "keypoint_files.py"
)
made = importlib.util.module_from_spec(_SPEC)
sys.modules["keypoint_files"] = made
_SPEC.loader.exec_module(made)


def read(path, names=made.CAMERAS, **options):
    sizes = dict.fromkeys(names, made.SIZE)
    return read_keypoints(path, camera_names=names, rate_hz=50.0, image_sizes=sizes, **options)


def refusal(kind: type[MocapError], code: str, path: Path, **options) -> str:
    with pytest.raises(kind) as caught:
        read(path, **options)
    assert caught.value.code == code
    line = str(caught.value)
    assert "\n" not in line and len(line) < 300 + len(str(path))
    return line


def test_lists_and_complaints_stay_short():
    assert few([]) == "none" and few("abc", 2) == "a, b and 1 more" and few(["x" * 99]) == "x" * 40
    assert complaint(ValueError("of two\nlines.")) == "of two lines" and complaint(ValueError()) == "ValueError"
    assert complaint(ValueError("In 'a': what"), "In 'a': ") == "what" and len(complaint(ValueError("y" * 999))) == 123


def test_many_cameras_make_no_long_refusal(tmp_path):
    path = made.mmpose(tmp_path, made.recorded(read_skeleton("halpe_26").keypoints))
    names = tuple(f"Miqus Video {place:02d}" for place in range(12))
    assert "and 7 more" in refusal(KeypointError, "CAMERA_COUNT", path, names=names)


def test_footage_is_told_to_be_detected_in(tmp_path):
    (tmp_path / "cam_1.mp4").write_bytes(b"a video")
    assert "mocap detect" in refusal(FormatError, "SOURCE_UNKNOWN", tmp_path)
    assert "found .mp4" in refusal(FormatError, "SOURCE_UNKNOWN", tmp_path / "cam_1.mp4")


@pytest.mark.parametrize("content", [b"", b"a letter"])
def test_one_damaged_table_among_sound_ones_is_named(tmp_path, content):
    path = made.mediapipe(tmp_path, made.recorded(read_skeleton("mediapipe_33").keypoints))
    (tmp_path / "cam_2.csv").write_bytes(content)
    kind, code = (FormatError, "NOT_MEDIAPIPE") if content else (SourceError, "FILE_EMPTY")
    assert "cam_2.csv" in refusal(kind, code, path)


def test_a_number_beyond_all_images_is_left_out_and_told(tmp_path):
    path = made.mediapipe_json(tmp_path, made.recorded(read_skeleton("mediapipe_33").keypoints))
    document = json.loads((tmp_path / "cam_2.json").read_text())
    document["frames"][0]["pose_landmarks"][0][3]["x"] = 1e308
    (tmp_path / "cam_2.json").write_text(json.dumps(document))
    assert any("cam_2: 1 of" in note and "far outside" in note for note in read(path).notes)


def test_a_skeleton_that_is_not_used_is_told(tmp_path):
    path = made.deeplabcut(tmp_path, made.recorded(read_skeleton("halpe_26").keypoints))
    assert not any("skeleton" in note for note in read(path, skeleton="halpe_26").notes)
    assert any("the skeleton coco_17 was not used" in note for note in read(path, skeleton="coco_17").notes)


@pytest.mark.parametrize("write", [made.coco, made.mmpose_demo])
def test_names_that_files_bring_are_not_replaced_by_a_skeleton(tmp_path, write):
    truth = made.recorded(read_skeleton("coco_17").keypoints[::-1])
    plain, asked = read(path := write(tmp_path, truth)), read(path, skeleton="coco_17")
    assert plain.people.names == asked.people.names == truth.names
    assert asked.people.pixels[0, 0, 0, truth.names.index("nose")].tolist() == truth.pixels[0, 0, 0, -1].tolist()
    assert [note for note in asked.notes if note not in plain.notes] == [
        "the skeleton coco_17 was not used: the files name their keypoints themselves, in another order."
    ]
    (differ,) = [note for note in read(path, skeleton="mediapipe_33").notes if "mediapipe_33 was not used" in note]
    assert differ.endswith(" and 10 more.") and "themselves, and differ from it in left_eye_inner, " in differ
    assert "right_ankle" in refusal(KeypointError, "KEYPOINT_NAMES", path, skeleton="body_25")


def test_files_of_one_camera_that_name_keypoints_differently_are_refused(tmp_path):
    (tmp_path / "demo").mkdir()
    truth = made.recorded(read_skeleton("coco_17").keypoints)
    whole = {file.stem: json.loads(file.read_text()) for file in made.mmpose_demo(tmp_path / "demo", truth).iterdir()}
    path = made.mmpose_images(tmp_path / "images", truth)
    for camera, document in whole.items():
        for file in sorted((path / camera).iterdir()):
            own = {"meta_info": document["meta_info"], "instance_info": json.loads(file.read_text())}
            file.write_text(json.dumps(own))
    assert read(path).people.names == truth.names
    names = document["meta_info"]["keypoint_id2name"]
    names["0"], names["1"] = names["1"], names["0"]
    file.write_text(json.dumps({"meta_info": document["meta_info"], "instance_info": []}))
    assert file.name in refusal(FormatError, "NOT_MMPOSE", path)


def test_keypoints_of_one_camera_alone_make_a_short_note(tmp_path):
    path = made.mmpose_demo(tmp_path, made.recorded(read_skeleton("halpe_26").keypoints))
    document = json.loads((tmp_path / "cam_2.json").read_text())
    document["instance_info"] = [{"frame_id": frame, "instances": []} for frame in range(3)]
    (tmp_path / "cam_2.json").write_text(json.dumps(document))
    (note,) = [note for note in read(path).notes if "alone" in note]
    assert note.endswith("(cam_1) and 20 more: no 3D of it.") and len(note) < 200
