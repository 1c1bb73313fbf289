"""`mocap detect` from images to a table of keypoints, and on to points: with a model whose answer is known, with plates
of the embedded lab's kind left to their own tests, and with the embedded pose model on real videos."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import CameraRig
from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap.export.keypoint_parts import camera_facts
from mocap.pipeline.detection_camera import CameraTask
from mocap.readers.keypoints import read_keypoints
from mocap.readers.video import iter_video
from mocap.storage import read_trial

N_FRAMES, SIZE = 12, (320, 240)
NAMES = ("LHip", "RHip", "Neck")


def tiny_model(path: Path) -> str:
    """Write a pose model that finds the brightest spot of each colour; return its digest."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    info = onnx.helper.make_tensor_value_info
    shape = ["n", 3, 128, 96]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["input"], ["heatmaps"])], "tiny",
        [info("input", onnx.TensorProto.FLOAT, shape)], [info("heatmaps", onnx.TensorProto.FLOAT, shape)],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    content = model.SerializeToString()
    path.write_bytes(content)
    path.with_suffix(".toml").write_text(
        'names = ["LHip", "RHip", "Neck"]\nmean = [0, 0, 0]\nstd = [255, 255, 255]\nleast_confidence = 0.2\n',
        encoding="utf-8",
    )
    return hashlib.sha256(content).hexdigest()


def spots_world() -> np.ndarray:
    """Three spots that move together, shape (time, 3, 3), m."""
    time = np.arange(N_FRAMES) / 50.0
    start = np.array([[0.0, 0.15, 0.8], [0.0, -0.15, 0.8], [-0.05, 0.0, 1.3]])
    return start + np.stack((0.4 * time, 0.1 * np.sin(9 * time), 0.3 * time), axis=-1)[:, None]


def record(folder: Path, rig: CameraRig) -> np.ndarray:
    """Render the spots for every camera as a folder of images; return their true pixels (camera, time, 3, 2)."""
    down, across = np.mgrid[: SIZE[1], : SIZE[0]]
    truth = np.stack([camera.project(spots_world()) for camera in rig])
    for camera, frames in zip(rig, truth, strict=True):
        (folder / camera.name).mkdir(parents=True)
        for index, places in enumerate(frames):
            image = np.zeros((SIZE[1], SIZE[0], 3))
            for channel, (x, y) in zip((2, 1, 0), places, strict=True):
                image[..., channel] += 250 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * 3.0**2))
            cv2.imwrite(str(folder / camera.name / f"{index:03d}.png"), np.round(image).astype(np.uint8))
    return truth


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A session of rendered footage with a ready calibration, and the true pixels."""
    folder = tmp_path_factory.mktemp("session")
    rig = ring_rig(3, size=SIZE)
    write_rig(folder / "calibration.toml", rig)
    truth = record(folder / "footage" / "move", rig)
    digest = tiny_model(folder / "spots.onnx")
    (folder / "session.toml").write_text(
        f"""[session]
id = "spots"
[calibration]
file = "calibration.toml"
[sync]
rate_hz = 50.0
[keypoints]
source = "video"
model = "spots.onnx"
sha256 = "{digest}"
[[trial]]
name = "move"
files = "footage/move"
[options.kinematics]
marker_set = "halpe_26"
""",
        encoding="utf-8",
    )
    return folder, truth


def test_a_session_goes_from_images_to_points(session, mocap_cli) -> None:
    folder, truth = session
    done = mocap_cli("detect", folder, "--overlay", "--json", "--jobs", 2)
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["counts"] == {"done": 3, "skipped": 0, "refused": 0}
    pictures = [Path(path) for path in told["trials"][0]["overlays"]]
    assert len(pictures) == 3
    # Twelve images of 320 x 240 px in two rows of six.
    assert cv2.imread(str(pictures[0])).shape == (2 * 240 + 6, 6 * 320 + 5 * 6, 3)

    table = folder / "keypoints" / "move.parquet"
    rig_names = tuple(sorted(camera_facts(table)["cameras"]))
    read = read_keypoints(table, camera_names=rig_names, rate_hz=50.0)
    pixels = read.people.person(0).pixels
    assert read.people.names == NAMES
    assert pixels.shape == truth.shape
    # The crop is larger than the image, whose pixels between lie on straight lines: 0.34 px at most, 0.15 px RMS.
    assert np.abs(pixels - truth).max() < 0.5
    again = mocap_cli("detect", folder, "--overlay")
    assert "3 cameras found, 0 done, 3 skipped because nothing changed, 0 refused" in again.out

    ran = mocap_cli("run", folder)
    assert ran.status == 0, ran.err
    trial = read_trial(folder / "results" / "move.h5")
    assert np.abs(trial.points.position - spots_world()).max() < 0.01  # m


def test_only_what_changed_is_done_again(session, mocap_cli, tmp_path: Path) -> None:
    folder, _ = session
    footage, out = tmp_path / "footage", tmp_path / "out"
    for camera in ("one", "two"):
        (footage / camera).mkdir(parents=True)
        for image in sorted((folder / "footage" / "move").glob("*/00[0-3].png"))[:4]:
            (footage / camera / image.name).write_bytes(image.read_bytes())
    model = folder / "spots.onnx"
    words = ("detect", footage, "--detector", model, "--sha256", hashlib.sha256(model.read_bytes()).hexdigest())
    words = (*words, "--out", out, "--jobs", 1)
    assert "2 done" in mocap_cli(*words).out
    before = (out / "footage.parquet").read_bytes()
    (footage / "two" / "003.png").write_bytes((footage / "two" / "000.png").read_bytes())
    assert "1 done, 1 skipped" in mocap_cli(*words).out
    assert (out / "footage.parquet").read_bytes() != before
    # A damaged image: that camera is refused, the command fails, and the table before it is not made from half.
    (footage / "two" / "003.png").write_bytes(b"no image")
    refused = mocap_cli(*words)
    assert refused.status == 1
    assert "IMAGE_UNREADABLE" in refused.error_line
    assert "1 refused" in refused.out
    assert not list(out.rglob("*.part"))
    # The same bytes from the same images.
    (footage / "two" / "003.png").write_bytes((footage / "two" / "002.png").read_bytes())
    mocap_cli(*words)
    first = (out / "footage.parquet").read_bytes()
    for part in out.rglob("*.parquet"):
        part.unlink()
    mocap_cli(*words)
    assert (out / "footage.parquet").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--detector", "openpose"), "DETECTOR_UNKNOWN"),
        (("--detector", "plates"), "PLATES_MISSING"),
        (("--detector", "MODEL", "--sha256", "0" * 64), "MODEL_DIGEST"),
        (("--detector", "MODEL"), "MODEL_DIGEST"),
        (("--detector", "nowhere.onnx", "--sha256", "0" * 64), "FILE_MISSING"),
        (("--sha256", "abcd"), "MODEL_MISSING"),
        (("--detector", "plates", "--plates", "sacrum_60", "--sha256", "abcd"), "MODEL_MISSING"),
        (("--trial", "jump"), "CONFIG"),
    ],
)
def test_what_cannot_be_detected_with_is_refused(session, mocap_cli, tmp_path: Path, words, code: str) -> None:
    folder, _ = session
    model = tmp_path / "m.onnx"
    model.write_bytes((folder / "spots.onnx").read_bytes())
    words = [str(model) if word == "MODEL" else word for word in words]
    refused = mocap_cli("detect", folder / "footage" / "move", "--out", tmp_path / "out", *words)
    assert refused.status == 1
    assert refused.error_line.startswith(f"error {code}:")


def test_results_are_not_written_among_the_footage(session, mocap_cli) -> None:
    folder, _ = session
    footage = folder / "footage" / "move"
    refused = mocap_cli("detect", footage, "--detector", folder / "spots.onnx", "--out", footage / "x")
    assert refused.error_line.startswith("error MODEL_DIGEST")
    digest = hashlib.sha256((folder / "spots.onnx").read_bytes()).hexdigest()
    refused = mocap_cli(
        "detect", footage, "--detector", folder / "spots.onnx", "--sha256", digest, "--out", footage / "x"
    )
    assert refused.error_line.startswith("error OUTPUT_AMONG_INPUTS")


def test_footage_of_another_size_than_the_calibration_is_told(session, mocap_cli, tmp_path: Path) -> None:
    folder, _ = session
    for name in ("session.toml", "spots.onnx", "spots.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    write_rig(tmp_path / "calibration.toml", ring_rig(3, size=(324, 240)))
    for image in (folder / "footage" / "move").glob("*/*.png"):
        copy = tmp_path / image.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(image.read_bytes())
    done = mocap_cli("detect", tmp_path, "--jobs", 1)
    assert done.out.count("was calibrated with images of 324 x 240 px, its footage is 320 x 240 px") == 3
    made = mocap_cli("reconstruct", "--calibration", tmp_path / "calibration.toml", "--rate", 50, "--out",
                     tmp_path / "t.h5", "--keypoints", tmp_path / "keypoints" / "move.parquet")  # fmt: skip
    assert "LOOK image size: 3 cameras" in made.out, made.err
    assert made.out.count("320 x 240 px in the files, 324 x 240 px in the calibration") == 3


def test_a_black_recording_yields_no_table(session, mocap_cli, tmp_path: Path) -> None:
    folder, _ = session
    (tmp_path / "footage" / "one").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "footage" / "one" / "0.png"), np.zeros((240, 320, 3), np.uint8))
    digest = hashlib.sha256((folder / "spots.onnx").read_bytes()).hexdigest()
    words = ("detect", tmp_path / "footage", "--detector", folder / "spots.onnx", "--sha256", digest)
    refused = mocap_cli(*words)
    assert refused.status == 1
    assert "NOTHING_FOUND" in refused.error_line and "overlay" not in refused.error_line
    assert "one.overlay.png" in mocap_cli(*words, "--overlay").error_line
    assert not (tmp_path / "footage_keypoints" / "footage.parquet").exists()


def cut(shared_data: Path, out: Path, cameras: tuple[str, ...], stop: int) -> None:
    for camera in cameras:
        (out / camera).mkdir(parents=True)
        for index, image in iter_video(shared_data / "videos_4cam" / f"{camera}.mp4", colour=True, stop=stop):
            cv2.imwrite(str(out / camera / f"{index:03d}.jpg"), image)


def test_the_embedded_model_finds_the_person_in_real_video(shared_data, mocap_cli, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    cut(shared_data, tmp_path / "clip", ("cam01", "cam03"), stop=5)
    done = mocap_cli("detect", tmp_path / "clip", "--jobs", 1)
    assert done.status == 0, done.err
    assert "poor for a lab" in done.out
    assert done.err.count("WARNING") + done.err.count("INFO") == 0
    read = read_keypoints(
        tmp_path / "clip_keypoints" / "clip.parquet", camera_names=("cam_01", "cam_03"), rate_hz=60.0
    )
    openpose = read_keypoints(
        shared_data / "openpose_4cam" / "balancing", camera_names=("cam_01", "cam_02", "cam_03", "cam_04"),
        rate_hz=60.0, skeleton="BODY_25B",
    ).people  # fmt: skip
    own = read.people.person(0)
    for name, other in (("left_knee", "LKnee"), ("right_hip", "RHip"), ("left_shoulder", "LShoulder")):
        found = own.pixels[:, :, own.names.index(name)]
        people = openpose.pixels[[0, 2], :5, :, openpose.names.index(other)]
        apart = np.linalg.norm(people - found[:, :, None], axis=-1)
        assert np.nanmin(apart, axis=2).max() < 40.0  # px


@pytest.mark.heavy
def test_the_four_real_videos_go_from_images_to_points(shared_data, mocap_cli, tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    done = mocap_cli("detect", shared_data / "videos_4cam", "--out", tmp_path / "kp", "--overlay")
    assert done.status == 0, done.err
    assert done.out.count("100 of 100 frames with keypoints") == 4
    made = mocap_cli("reconstruct", "--calibration", shared_data / "openpose_4cam" / "calibration.toml",
                     "--keypoints", tmp_path / "kp" / "videos_4cam.parquet", "--out", tmp_path / "t.h5")  # fmt: skip
    assert made.status == 0, made.err
    assert "LOOK image size: 2 cameras" in made.out
    assert made.out.count("1080 x 1920 px in the files, 1088 x 1920 px in the calibration") == 2
    trial = read_trial(tmp_path / "t.h5")
    assert np.isfinite(trial.points.position).all(axis=2).mean() > 0.95  # measured 0.996
    assert trial.points.rate_hz == 60.0


def test_a_task_survives_the_way_to_another_process(tmp_path: Path) -> None:
    import pickle

    from calibration.sources import CameraSource
    from mocap.pipeline.detectors import DetectorRequest, prepare_detector

    pytest.importorskip("mediapipe")
    prepared = prepare_detector(DetectorRequest())
    task = CameraTask(CameraSource("one", tmp_path, "video"), prepared, tmp_path / "one.parquet")
    assert pickle.loads(pickle.dumps(task)) == task
