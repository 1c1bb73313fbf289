"""Every keypoint format by files made after its own documentation: the numbers come back, gaps stay gaps."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import FormatError, KeypointError, MocapError
from mocap.export.keypoints import write_keypoint_table
from mocap.readers.keypoints import KEYPOINT_READERS, read_keypoints
from mocap.skeleton import read_skeleton

_SPEC = importlib.util.spec_from_file_location(
    "keypoint_files", Path(__file__).resolve().parents[2] / "fixtures" / "keypoint_files.py"
)
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)

SIZES = dict.fromkeys(made.CAMERAS, made.SIZE)


def read(path, **options):
    options = {"rate_hz": 50.0, "camera_names": made.CAMERAS, "image_sizes": SIZES} | options
    return read_keypoints(path, **options)


def refusal(error, code, path, **options):
    with pytest.raises(error) as caught:
        read(path, **options)
    assert caught.value.code == code, caught.value
    return str(caught.value)


def names_for(writer):
    return read_skeleton("mediapipe_33" if "mediapipe" in writer else "halpe_26").keypoints


@pytest.mark.parametrize("writer", made.WRITERS)
def test_every_format_returns_what_was_written(tmp_path, writer):
    write, source, people = made.WRITERS[writer]
    truth = made.recorded(names_for(writer), people)
    found = read(write(tmp_path, truth))
    assert found.source == source
    assert set(found.people.names) == set(truth.names)
    order = [found.people.names.index(name) for name in truth.names]
    # Frame 3 is in no file and stays empty; the rest is as written.
    assert found.first_frame == 0 and found.people.n_frames == 5
    assert np.isnan(found.people.pixels[:, 3]).all()
    np.testing.assert_allclose(found.people.pixels[:, truth.frames][:, :, :, order], truth.pixels, atol=1e-9)
    np.testing.assert_allclose(found.people.confidence[:, truth.frames][..., order], truth.scores, atol=1e-7)
    assert found.people.rate_hz == 50


def test_all_formats_of_the_table_are_made_here():
    assert {source for _, source, _ in made.WRITERS.values()} == set(KEYPOINT_READERS)


@pytest.mark.parametrize("writer", ["openpose", "mmpose", "coco_results", "alphapose"])
def test_skeletons_are_told_by_their_number_where_one_alone_fits_and_a_note_says_so(tmp_path, writer):
    write = made.WRITERS[writer][0]
    found = read(write(tmp_path, made.recorded(read_skeleton("coco_wholebody").keypoints)))
    assert found.people.names[90] == "face-67"
    assert any("133 keypoints without names: taken as coco_wholebody" in note for note in found.notes)
    (tmp_path / "other").mkdir()
    path = write(tmp_path / "other", made.recorded(read_skeleton("body_25").keypoints))
    assert "body_25, body_25b" in refusal(KeypointError, "SKELETON_MISSING", path)
    assert read(path, skeleton="body-25b").people.names[24] == "RHeel"
    refusal(KeypointError, "SKELETON_SIZE", path, skeleton="coco_17")


def test_a_skeleton_of_ones_own_by_its_path(tmp_path):
    path = made.mmpose(tmp_path, made.recorded(("a", "b", "c")))
    refusal(KeypointError, "SKELETON_MISSING", path)
    own = tmp_path / "lab.toml"
    own.write_text('keypoints = ["RASIS", "LASIS", "SACR"]\nbones = [["RASIS", "LASIS"]]\n')
    assert read(path, skeleton=str(own)).people.names == ("RASIS", "LASIS", "SACR")
    for content in ("keypoints = [1]", "keypoints = []", 'keypoints = ["a", "a"]', 'keypoints = ["a"]\nbone = 1', "="):
        own.write_text(content)
        with pytest.raises(MocapError, match=r"lab\.toml"):
            read(path, skeleton=str(own))


def test_scores_beyond_one_are_capped_with_a_note_and_beyond_reason_refused(tmp_path):
    truth = made.recorded(names_for("mmpose"))
    truth.scores[0, 0, 0, 0] = 1.37
    found = read(made.mmpose(tmp_path, truth))
    assert found.people.confidence.max() == 1
    assert "scores above 1 were taken as 1: cam_1 1 (up to 1.37)." in found.notes
    truth.scores[0, 0, 0, 0], truth.scores[1, :2, 0, 0] = 0.9, 1.05
    assert "scores above 1 were taken as 1: cam_2 2 (up to 1.05)." in read(made.mmpose(tmp_path, truth)).notes
    truth.scores[0, 0, 0, 0] = 37
    refusal(FormatError, "KEYPOINT_VALUES", made.mmpose(tmp_path, truth))


def test_flags_of_annotators_are_no_confidences(tmp_path):
    truth = made.recorded(("hip", "knee", "ankle"))
    truth.scores[...] = [0, 1, 2]
    found = read(made.coco(tmp_path, truth))
    assert found.people.confidence[0, 0, 0].tolist() == [0, 0.5, 1]
    assert np.isnan(found.people.pixels[0, 0, 0, 0]).all()
    assert any("visible from hidden" in note for note in found.notes)


@pytest.mark.parametrize("writer", ["openpose", "mmpose", "coco", "long_csv", "deeplabcut"])
def test_fractions_of_the_image_are_no_pixels(tmp_path, writer):
    truth = made.recorded(names_for(writer))
    truth.pixels[:] /= made.SIZE
    assert "cam_1, cam_2" in refusal(KeypointError, "KEYPOINTS_NORMALISED", made.WRITERS[writer][0](tmp_path, truth))


def test_fractions_need_the_size_of_the_image(tmp_path):
    refusal(KeypointError, "IMAGE_SIZE_MISSING", made.mediapipe(tmp_path, made.recorded(names_for("mediapipe"))),
            image_sizes=None)


def test_mediapipe_in_pixels_is_left_as_it_is(tmp_path):
    truth = made.recorded(names_for("mediapipe"))
    scaled = made.Recorded(truth.pixels * made.SIZE - 0.5, truth.scores, truth.frames, truth.names)
    sizes = dict.fromkeys(made.CAMERAS, (4_000_000, 2_000_000))
    found = read(made.mediapipe(tmp_path, scaled), image_sizes=sizes)
    np.testing.assert_allclose(found.people.pixels[:, 0, 0], truth.pixels[:, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("header", "base"),
    [("x{}", 1), ("{}_x", 0), ("landmark_{}_x", 0), ("landmark_{}_x", 1), ("long", 0), ("names", 0)],
)
def test_spellings_of_mediapipe_tables(tmp_path, header, base):
    truth = made.recorded(names_for("mediapipe"))
    for camera, frames in made.each_camera(truth):
        numbers = range(base, base + 33)
        if header in ("long", "names"):
            labels = truth.names if header == "names" else numbers
            rows = ["frame,landmark,x,y,z,visibility"]
            rows += [f"{frame},{label},{x},{y},0,{v}" for frame, people in frames
                     for label, (x, y), v in zip(labels, people[0][0], people[0][1], strict=True)]
        else:
            parts = ("x", "y", "z", "v") if header.startswith("x") else ("x", "y", "z", "visibility")
            rows = ["frame," + ",".join(header.replace("x", part).format(n) for n in numbers for part in parts)]
            rows += [",".join(map(str, [frame, *np.column_stack([xy, 0 * v, v]).ravel()]))
                     for frame, [(xy, v)] in frames]
        (tmp_path / f"{camera}.csv").write_text("\n".join(rows))
    found = read(tmp_path)
    assert found.source == "mediapipe"
    np.testing.assert_allclose(found.people.pixels[:, truth.frames], truth.pixels)
    np.testing.assert_allclose(found.people.confidence[:, truth.frames], truth.scores)


def test_images_of_another_size_are_refused_and_a_few_pixels_told(tmp_path):
    path = made.coco(tmp_path, made.recorded(("hip", "knee", "toe")))
    assert "1920 x 1080 px in the files, 1280 x 720" in refusal(
        KeypointError, "IMAGE_SIZE", path, image_sizes=dict.fromkeys(made.CAMERAS, (1280, 720)))
    found = read(path, image_sizes=dict.fromkeys(made.CAMERAS, (1920, 1088)))
    assert len(found.sizes_apart) == len(made.CAMERAS)
    assert all("1920 x 1080 px in the files, 1920 x 1088" in word for word in found.sizes_apart)
    assert not read(path, image_sizes=dict.fromkeys(made.CAMERAS, (1920, 1080))).sizes_apart


def test_samples_far_outside_the_image_are_left_out_and_named(tmp_path):
    truth = made.recorded(names_for("mmpose"))
    truth.pixels[1, 2, 0, 5] = [1e9, 4.0]
    truth.pixels[1, 2, 0, 6] = [700.0, -1081.0]
    found = read(made.mmpose(tmp_path, truth))
    assert np.isnan(found.people.pixels[1, 2, 0, 5:7]).all() and found.people.confidence[1, 2, 0, 5] == 0
    assert np.isfinite(found.people.pixels[:, truth.frames]).all(axis=-1).sum() == truth.scores.size - 2
    assert any("cam_2: 2 of 104 samples" in note and "frame 2, LShoulder" in note for note in found.notes)


def test_missing_numbers_stay_missing(tmp_path):
    truth = made.recorded(names_for("mmpose"))
    truth.pixels[0, 0, 0, 3] = np.nan
    found = read(made.mmpose(tmp_path, truth))
    assert np.isnan(found.people.pixels[0, 0, 0, 3]).all() and found.people.confidence[0, 0, 0, 3] == 0


def test_a_keypoint_of_one_camera_and_the_number_of_people_are_told(tmp_path):
    path = made.long_csv(tmp_path, made.recorded(("hip", "knee", "toe"), people=2))
    path.write_text(path.read_text().replace("cam_1,0,0,hip", "cam_1,0,0,hop"))
    notes = read(path).notes
    assert any("one camera alone ever saw hop (cam_1)" in note for note in notes)
    assert "people in one frame, at most: cam_1 2, cam_2 2." in notes


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_people_in_a_table_come_back(tmp_path, suffix):
    people = read(made.openpose(tmp_path / "in", made.recorded(names_for("openpose"), people=2))).people
    write_keypoint_table(tmp_path / f"k.{suffix}", people, made.CAMERAS)
    again = read(tmp_path / f"k.{suffix}").people
    assert again.names == people.names
    np.testing.assert_array_equal(again.pixels, people.pixels)
    np.testing.assert_array_equal(again.confidence, people.confidence)


def test_rates_that_files_tell(tmp_path):
    path = made.pose2sim(tmp_path, made.recorded(names_for("pose2sim")))
    found = read(path, rate_hz=None)
    assert found.people.rate_hz == 50 and any("50 Hz, as the files tell" in note for note in found.notes)
    found = read(path, rate_hz=60.0)
    assert found.people.rate_hz == 60 and any("the files tell 50 Hz, 60 Hz was given" in n for n in found.notes)


def test_pose2sim_takes_what_is_associated_and_the_level_above(tmp_path):
    trial = tmp_path / "session" / "trial"
    truth = made.recorded(names_for("pose2sim"), people=2)
    trial.mkdir(parents=True)
    made.pose2sim(trial, truth)
    (trial / "Config.toml").write_text("[pose]\npose_model = 'Body_with_feet'\n")
    (tmp_path / "session" / "Config.toml").write_text("[project]\nframe_rate = 120\n[pose]\npose_model = 'Body'\n")
    chosen = made.Recorded(truth.pixels[:, :, :1], truth.scores[:, :, :1], truth.frames, truth.names)
    made.openpose(trial / "pose-associated", chosen)
    # Nobody in this camera: an empty object keeps the place.
    file = trial / "pose-associated" / "cam_1_json" / "cam_1_000000000000_keypoints.json"
    file.write_text(json.dumps({"version": 1.3, "people": [{}]}))
    found = read(trial, rate_hz=None)
    assert found.people.n_people == 1 and found.people.rate_hz == 120 and found.people.names[17] == "Head"
    assert np.isnan(found.people.pixels[0, 0]).all() and np.isfinite(found.people.pixels[1, 0]).all()
    assert any("pose-associated" in note for note in found.notes)
    assert read(trial / "pose").people.n_people == 2
    for text in ("[project]\nframe_rate = 'fast'\n", "[project]\nframe_rate = -1\n", "[project\n"):
        (trial / "Config.toml").write_text(text)
        refusal(FormatError, "POSE2SIM_CONFIG", trial, skeleton="halpe_26")


def test_sleap_without_its_package_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "cam_1.slp").write_bytes(b"x")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "mocap[sleap]" in refusal(KeypointError, "EXTRA_MISSING", tmp_path)


def test_coco_agrees_with_another_reader(tmp_path):
    sleap_io = pytest.importorskip("sleap_io")
    truth = made.recorded(("hip", "knee", "toe"), people=1)
    path = made.coco(tmp_path, truth)
    for image in json.loads(path.read_text())["images"]:
        place = tmp_path / image["file_name"]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"")
    labels = sleap_io.load_coco(str(path))
    other = np.array([frame.instances[0].numpy() for frame in labels.labeled_frames]).reshape(2, 4, 3, 2)
    np.testing.assert_allclose(read(path).people.pixels[:, truth.frames, 0], other)


def test_cameras_may_stand_before_the_frame_in_the_names_of_images(tmp_path):
    truth = made.recorded(("hip", "knee", "toe"))
    path = made.coco(tmp_path, truth)
    path.write_text(path.read_text().replace("cam_1/", "day2/cam_1_img").replace("cam_2/", "day2\\\\cam_2_img"))
    np.testing.assert_allclose(read(path).people.pixels[:, truth.frames], truth.pixels)


def test_tables_of_detected_footage_tell_the_size_of_its_images(tmp_path):
    import pyarrow.parquet as pq

    path = made.long_parquet(tmp_path, made.recorded(("hip", "knee", "toe"), people=2))
    table = pq.read_table(path)
    cases = [(list(made.SIZE), None), ([1280, 720], "IMAGE_SIZE"), (["x", 3], "NOT_A_TABLE"), ([3], "NOT_A_TABLE")]
    for size, meta in cases:
        told = {"cameras": {name: {"size": size} for name in made.CAMERAS}, "rate_hz": 25}
        pq.write_table(table.replace_schema_metadata({b"mocap-keypoints": json.dumps(told).encode()}), path)
        if meta is None:
            assert read(path, rate_hz=None).people.rate_hz == 25
        else:
            refusal(MocapError, meta, path)


def test_a_file_of_nothing_known_lists_what_is(tmp_path):
    (tmp_path / "a.json").write_text('{"temperature": 3}')
    message = refusal(FormatError, "SOURCE_UNKNOWN", tmp_path)
    assert all(name in message for name in KEYPOINT_READERS) and len(message) < 250 + len(str(tmp_path))


def _edit(change):
    def apply(folder):
        file = folder / "cam_2.json"
        document = json.loads(file.read_text())
        change(document)
        file.write_text(json.dumps(document))
    return apply


@pytest.mark.parametrize(
    ("writer", "change", "code"),
    [
        ("mmpose", lambda d: d[1].pop("frame_id"), "FRAME_NUMBERS"),
        ("mmpose", lambda d: d[1].update(frame_id=0), "FRAME_NUMBERS"),
        ("mmpose", lambda d: d[1].update(frame_id=1.5), "FRAME_NUMBERS"),
        ("mmpose", lambda d: d[1].update(frame_id=True), "FRAME_NUMBERS"),
        ("mmpose", lambda d: d[1].update(instances=None), "NOT_MMPOSE"),
        ("mmpose", lambda d: d[1].update(instances=[3]), "NOT_MMPOSE"),
        ("mmpose", lambda d: d[1]["instances"][0].update(keypoints="words"), "NOT_MMPOSE"),
        ("mmpose", lambda d: d[1]["instances"][0]["keypoints"].pop(), "NOT_MMPOSE"),
        ("mmpose", lambda d: d[1]["instances"][0]["keypoints"][0].append(3), "NOT_MMPOSE"),
        ("mmpose", lambda d: d[1]["instances"][0].update(keypoint_scores=[-0.1] * 26), "KEYPOINT_VALUES"),
        ("mmpose", lambda d: d[1]["instances"][0]["keypoints"][0].__setitem__(0, float("inf")), "KEYPOINT_VALUES"),
        ("mmpose", lambda d: d[1].update(instances=[{"keypoints": [[1, 2]], "keypoint_scores": [1]}]), "SKELETON_SIZE"),
        ("mmpose_demo", lambda d: d["meta_info"]["keypoint_id2name"].update({"0": "Neck"}), "NOT_MMPOSE"),
        ("mmpose_demo", lambda d: d["meta_info"]["keypoint_id2name"].popitem(), "SKELETON_SIZE"),
        ("alphapose", lambda d: d[0].update(image_id="none.jpg"), "FRAME_NUMBERS"),
        ("alphapose", lambda d: d[0]["keypoints"].pop(), "NOT_COCO"),
        ("alphapose", lambda d: d[0].update(keypoints=None), "NOT_COCO"),
        ("coco_results", lambda d: d[0].update(image_id=None), "FRAME_NUMBERS"),
        ("mediapipe_json", lambda d: d.update(frames=3), "NOT_MEDIAPIPE"),
        ("mediapipe_json", lambda d: d.update(fps=-3), "NOT_MEDIAPIPE"),
        ("mediapipe_json", lambda d: d["frames"][0]["pose_landmarks"][0].pop(), "SKELETON_SIZE"),
        ("mediapipe_json", lambda d: d["frames"][0]["pose_landmarks"][0][0].pop("x"), "NOT_MEDIAPIPE"),
        ("mediapipe_json", lambda d: d["frames"][0].update(frame=1), "FRAME_NUMBERS"),
    ],
)
def test_files_with_one_fault_are_refused_by_name(tmp_path, writer, change, code):
    path = made.WRITERS[writer][0](tmp_path, made.recorded(names_for(writer)))
    _edit(change)(tmp_path)
    assert "cam_2" in refusal(MocapError, code, path)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["images"].append(dict(d["images"][0])), "NOT_COCO"),
        (lambda d: d["images"][0].update(file_name=3), "NOT_COCO"),
        (lambda d: d["images"][0].update(width=-4), "NOT_COCO"),
        (lambda d: d["images"][0].update(width=1000), "NOT_COCO"),
        (lambda d: d["images"][1].update(file_name="cam_1/000000.jpg"), "FRAME_NUMBERS"),
        (lambda d: d["annotations"][0].update(image_id=99999), "NOT_COCO"),
        (lambda d: d["categories"][0].update(keypoints=["hip"]), "SKELETON_SIZE"),
        (lambda d: d.pop("images"), "NOT_COCO"),
        (lambda d: [image.update(file_name=image["file_name"][6:]) for image in d["images"]], "CAMERA_COUNT"),
    ],
)
def test_faults_of_coco_annotations(tmp_path, change, code):
    path = made.coco(tmp_path, made.recorded(("hip", "knee", "toe")))
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    refusal(MocapError, code, path)


def test_a_real_recording_as_a_pose2sim_project_reads_as_its_openpose_folders(tmp_path, shared_data):
    recording = shared_data / "openpose_4cam" / "balancing"
    (tmp_path / "pose").symlink_to(recording)
    (tmp_path / "Config.toml").write_text("[project]\nframe_rate = 60\n[pose]\npose_model = 'BODY_25B'\n")
    names = ("cam_01", "cam_02", "cam_03", "cam_04")
    options = {"camera_names": names, "image_sizes": dict.fromkeys(names, (1088, 1920))}
    project = read(tmp_path, rate_hz=None, **options)
    plain = read(recording, rate_hz=60, skeleton="body_25b", **options)
    assert project.source == "pose2sim" and plain.source == "openpose" and project.people.rate_hz == 60
    np.testing.assert_array_equal(project.people.pixels, plain.people.pixels)
    # The recording has two people in cameras 1 and 2, once three.
    assert any("at most: cam_01 3" in note or "cam_02 3" in note for note in project.notes), project.notes
