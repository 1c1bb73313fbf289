"""Each test of the doctor finds its planted fault, names it and a remedy; sound sessions are left alone."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from calibration import CameraRig, read_rig
from calibration.boards.board import Board, write_board
from calibration.files import write_rig
from calibration.synthetic import ring_rig
from calibration.synthetic.footage import board_poses, render_calibration_footage
from mocap.config.presets import preset_path
from mocap.doctor.finding import LOOK, STOP, Finding
from mocap.doctor.pictures import sharpness
from mocap.doctor.run import examine
from tests.fixtures.filmed_session import BOARD, SIZE, filmed_session, moving, write_video
from tests.fixtures.small_session import silent, small_session

PLENTY = 10**12


def findings(folder: Path, free: int = PLENTY, dry_run: bool = True) -> list[Finding]:
    return list(examine(folder, folder / "results", silent, free, dry_run=dry_run).findings)


def edited(folder: Path, old: str, new: str, file: str = "session.toml") -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def keypoints(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame], trial: str = "squat") -> None:
    """Change the table of a trial's keypoints."""
    path = folder / f"{trial}.parquet"
    change(pd.read_parquet(path)).to_parquet(path)


# ------------------------------------------------------------------ sessions of keypoint files


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = small_session(tmp_path_factory.mktemp("sound") / "session")
    edited(folder, 'subject_code = "S01"', 'subject_code = "S01"\ndate = 2026-03-01')
    assert findings(folder) == []
    return folder


def no_feet(table: pd.DataFrame) -> pd.DataFrame:
    feet = table["keypoint"].str.contains("MAL|HEE|TOE|MT|CAL|heel|toe", regex=True) & (table["camera"] == "cam_1")
    assert feet.any()
    return table[~feet]


def two_people(table: pd.DataFrame) -> pd.DataFrame:
    other = table.copy()
    other["x"] += 200.0
    return pd.concat([table.assign(person=0), other.assign(person=1)])


def calibrated(folder: Path, line: str) -> None:
    edited(folder, "[metadata]\n", f"[metadata]\n{line}\n", "calibration.toml")


def gravity_unknown(folder: Path) -> None:
    edited(folder, 'world = "up:z"\n', "")
    path = folder / "calibration.toml"
    path.write_text(re.sub(r"^gravity = .*$", 'gravity = "unknown"', path.read_text("utf-8"), flags=re.M), "utf-8")


def foreign_calibration(folder: Path) -> None:
    """One that another program wrote, which says neither whose it is nor in which unit."""
    path = folder / "calibration.toml"
    path.write_text(path.read_text("utf-8").partition("[metadata]")[0], encoding="utf-8")


KEYPOINT_FAULTS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "no session": (lambda f: (f / "session.toml").unlink(), "SESSION_MISSING", STOP, "session folder"),
    "unclosed quote": (lambda f: edited(f, '"small"', '"small'), "TOML", STOP, "unclosed quote"),
    "typo in a key": (lambda f: edited(f, "rate_hz", "rate_hs"), "CONFIG_KEY", STOP, "Mend"),
    "typo in an option": (lambda f: edited(f, "marker_set", "markerset"), "CONFIG_KEY", STOP, "Mend"),
    "wrong value": (lambda f: edited(f, 'task = "squat"', 'task = "squad"'), "CONFIG_VALUE", STOP, "Mend"),
    "no calibration": (lambda f: (f / "calibration.toml").unlink(), "FILE_MISSING", STOP, "Mend the name"),
    "no unit": (foreign_calibration, "CALIBRATION_UNITS", STOP, "length_unit"),
    "another camera": (lambda f: edited(f, "[sync]", '[cameras]\nleft = "left*"\n[sync]'), "CAMERA_UNKNOWN", STOP,
                       "Name the cameras"),
    "gravity unknown": (gravity_unknown, "GRAVITY_UNKNOWN", LOOK, "floor"),
    "refused by itself": (lambda f: calibrated(f, 'verdict = "refuse"\nverdict_reason = "cam_0: few views"'),
                          "CALIBRATION_REFUSED", STOP, "Film the board again"),
    "old calibration": (lambda f: calibrated(f, 'created_utc = "2025-11-01T10:00:00Z"'), "CALIBRATION_OLD", LOOK,
                        "--check"),
    "trial not there": (lambda f: (f / "squat.parquet").unlink(), "FILE_MISSING", STOP, "add the file"),
    "trial damaged": (lambda f: (f / "squat.parquet").write_bytes(b"PAR1 no"), "NOT_A_TABLE", STOP, "again"),
    "no static": (lambda f: edited(f, '[static]\ntrial = "standing"\n', ""), "STATIC_MISSING", LOOK, "quiet standing"),
    "no subject": (lambda f: edited(f, 'subject_code = "S01"\n', ""), "SUBJECT_MISSING", LOOK, "code"),
    "no rate": (lambda f: edited(f, "rate_hz = 25\n", ""), "RATE_MISSING", STOP, "rate"),
    "camera saw nobody": (lambda f: keypoints(f, lambda t: t.assign(x=t["x"].where(t["camera"] != "cam_1"))),
                          "PERSON_ABSENT", STOP, "of this camera"),
    "person leaves the view": (lambda f: keypoints(f, lambda t: t[(t["camera"] != "cam_1") | (t["frame"] < 40)]),
                               "PERSON_ABSENT", LOOK, "Turn the camera"),
    "feet cut off": (lambda f: keypoints(f, no_feet), "FEET_NOT_SEEN", LOOK, "feet stay in the picture"),
    "other resolution": (lambda f: keypoints(f, lambda t: t.assign(x=1.6 * t["x"], y=1.6 * t["y"])), "IMAGE_SIZE",
                         STOP, "same resolution"),
    "two people": (lambda f: keypoints(f, two_people), "SEVERAL_PEOPLE", LOOK, "zone"),
    "names of no marker set": (
        lambda f: (edited(f, "[options.kinematics]\nmarker_set = \"landmarks\"\n", ""),
                   keypoints(f, lambda t: t.assign(keypoint="x" + t["keypoint"].astype(str)))),
        "MARKER_SET_UNKNOWN", STOP, "marker"),
    "half a second": (lambda f: keypoints(f, lambda t: t[t["frame"] < 12]), "TOO_SHORT", LOOK, "a second"),
    "cameras of other names": (
        lambda f: keypoints(f, lambda t: t.assign(camera=t["camera"].str.replace("cam_2", "door"))),
        "CAMERA_NAMES", STOP, "cam"),
}  # fmt: skip


@pytest.mark.parametrize("fault", KEYPOINT_FAULTS)
def test_a_fault_among_keypoints_is_found(sound: Path, tmp_path: Path, fault: str) -> None:
    plant, code, severity, remedy = KEYPOINT_FAULTS[fault]
    folder = Path(shutil.copytree(sound, tmp_path / "session"))
    plant(folder)
    check(findings(folder, dry_run=False), code, severity, remedy)


@pytest.mark.heavy
@pytest.mark.parametrize("fault", [name for name, told in KEYPOINT_FAULTS.items() if told[2] == LOOK])
def test_a_dry_run_accuses_nothing_else(sound: Path, tmp_path: Path, fault: str) -> None:
    plant, code, severity, remedy = KEYPOINT_FAULTS[fault]
    folder = Path(shutil.copytree(sound, tmp_path / "session"))
    plant(folder)
    check(findings(folder), code, severity, remedy)


def check(found: list[Finding], code: str, severity: str, remedy: str) -> None:
    told = [one for one in found if one.code == code]
    assert told and told[0].severity == severity and remedy in told[0].remedy, found
    # One fault, one story: nothing else is accused.
    assert {one.code for one in found} == {code}, found


def rig_changed(folder: Path, change: Callable[[CameraRig], CameraRig]) -> None:
    write_rig(folder / "calibration.toml", change(read_rig(folder / "calibration.toml")))


def turned_camera(rig: CameraRig) -> CameraRig:
    """The second camera was turned by a degree since its calibration."""
    turn = Rotation.from_rotvec([0.0, np.deg2rad(1.0), 0.0]).as_matrix()
    cameras = list(rig.cameras)
    pose = np.array(cameras[1].cam_from_world)
    pose[:3] = turn @ pose[:3]
    cameras[1] = replace(cameras[1], cam_from_world=pose)
    return CameraRig(tuple(cameras), rig.metadata)


def another_world(rig: CameraRig, scale: float = 1.0, lying: bool = False) -> CameraRig:
    """The same cameras in other units, or in a world that lies on its side."""
    turn = Rotation.from_euler("x", 90, degrees=True).as_matrix() if lying else np.eye(3)
    cameras = []
    for camera in rig:
        pose = np.array(camera.cam_from_world)
        pose[:3, :3] = pose[:3, :3] @ turn
        pose[:3, 3] *= scale
        cameras.append(replace(camera, cam_from_world=pose))
    return CameraRig(tuple(cameras), rig.metadata)


def late(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    table.loc[table["camera"] == "cam_1", "frame"] += 4
    return table


def without_pelvis(table: pd.DataFrame) -> pd.DataFrame:
    return table[~table["keypoint"].str.contains("ASIS|PSIS|SAC")]


DRY_FAULTS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "a camera is late": (lambda f: keypoints(f, late), "CLOCKS_APART", LOOK, "mocap sync"),
    "a camera was turned": (lambda f: rig_changed(f, turned_camera), "CAMERA_MOVED", STOP, "--repair"),
    "another unit": (lambda f: rig_changed(f, lambda r: another_world(r, scale=10.0)), "UNITS", STOP, "unit"),
    "the world lies": (lambda f: rig_changed(f, lambda r: another_world(r, lying=True)), "AXES", STOP, "up"),
    "no pelvis": (lambda f: [keypoints(f, without_pelvis, one) for one in ("squat", "standing")],
                  "PELVIS_NOT_OBSERVABLE", LOOK, "plate on the sacrum"),
}  # fmt: skip


@pytest.mark.parametrize("fault", DRY_FAULTS)
def test_a_fault_that_shows_in_the_points_is_found(sound: Path, tmp_path: Path, fault: str) -> None:
    plant, code, severity, remedy = DRY_FAULTS[fault]
    folder = Path(shutil.copytree(sound, tmp_path / "session"))
    plant(folder)
    found = findings(folder)
    told = [one for one in found if one.code == code]
    assert told and told[0].severity == severity and remedy in told[0].remedy, found


def test_a_full_disk_is_found(sound: Path) -> None:
    check(findings(sound, free=10_000_000), "DISK_SPACE", STOP, "Free some space")


# ------------------------------------------------------------------ sessions of videos


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = filmed_session(tmp_path_factory.mktemp("filmed") / "session")
    assert findings(folder) == []
    return folder


@pytest.fixture(scope="module")
def ready(filmed: Path) -> Path:
    """The same with a ready calibration: no board is looked for."""
    folder = filmed.parent / "ready"
    shutil.copytree(filmed, folder, ignore=shutil.ignore_patterns("calibration"))
    write_rig(folder / "rig.toml", ring_rig(4, 0, size=SIZE, radius_m=3.0))
    edited(folder, 'folder = "calibration"\nboard = "board.toml"\n', 'file = "rig.toml"\n')
    edited(folder, "floor:0-1", "up:z")
    assert findings(folder) == []
    return folder


def images(folder: Path, camera: str = "cam_1") -> list[Path]:
    return sorted((folder / "calibration" / camera).iterdir())


def video(folder: Path, change: Callable[[np.ndarray], np.ndarray], camera: str = "cam_1") -> None:
    """Put other pictures into a video of a trial."""
    from mocap.readers.video import iter_video

    path = folder / "squat" / f"{camera}.mp4"
    frames = [change(image) for _, image in iter_video(path)]
    write_video(path, frames)


def longer(folder: Path, count: int, rate: Fraction | int = 10, times: list[int] | None = None) -> None:
    from mocap.readers.video import iter_video

    path = folder / "squat" / "cam_1.mp4"
    image = next(image for _, image in iter_video(path))
    write_video(path, moving(image, count, 5), rate, times)


def frozen(folder: Path) -> None:
    from mocap.readers.video import iter_video

    path = folder / "squat" / "cam_1.mp4"
    image = next(image for _, image in iter_video(path))
    write_video(path, [image] * 20)


def blurred(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), 3.0)


def half_white(image: np.ndarray) -> np.ndarray:
    image = image.copy()
    image[:, : image.shape[1] // 2] = 255
    return image


def board_footage(folder: Path, poses: np.ndarray, board: Board = BOARD, cameras: tuple[str, ...] = ()) -> None:
    """Film another board, or along another path; for some cameras alone where they are named."""
    shutil.rmtree(folder / "calibration", ignore_errors=True) if not cameras else None
    rig = ring_rig(4, 0, size=SIZE, radius_m=3.0)
    chosen = rig.subset(list(cameras)) if cameras else rig
    for camera in cameras:
        shutil.rmtree(folder / "calibration" / camera)
    render_calibration_footage(chosen, board, poses, folder / "calibration", 3)


def unseen_by(folder: Path, cameras: dict[str, slice]) -> None:
    """Let cameras film the empty room in some frames."""
    import cv2

    rng = np.random.default_rng(1)
    for camera, frames in cameras.items():
        for path in images(folder, camera)[frames]:
            room = np.clip(rng.normal(110, 6, SIZE[::-1]), 0, 255).astype(np.uint8)
            cv2.imwrite(str(path), cv2.rectangle(room, (200, 100), (500, 400), 160, -1))


def other_board(folder: Path) -> None:
    write_board(folder / "board.toml", Board("charuco", 7, 5, 0.2, 0.15, "DICT_5X5_100"))


def half_the_views(folder: Path) -> None:
    unseen_by(folder, {"cam_1": slice(1, None)})


def far_away(folder: Path) -> None:
    small = Board("charuco", 7, 5, 0.1, 0.075, "DICT_4X4_50")
    write_board(folder / "board.toml", small)
    poses = board_poses(small, 14, 0, volume_m=(0.1, 0.1, 0.1), tilt_deg=15.0)
    board_footage(folder, poses, small)
    edited(folder, "floor:0-1", "floor:0-13")


def one_file_for_two(folder: Path) -> None:
    shutil.copyfile(folder / "squat" / "cam_0.mp4", folder / "squat" / "cam_1.mp4")


def other_plates(folder: Path) -> None:
    text = preset_path("plates", "sacrum_120").read_text("utf-8")
    moved = re.sub(r"^(\s*id = )(\d+)", lambda found: f"{found[1]}{int(found[2]) + 30}", text, flags=re.M)
    (folder / "other.toml").write_text(moved, encoding="utf-8")
    edited(folder, '"sacrum_120"', '"other.toml"')


VIDEO_FAULTS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "file of a camera is missing": (lambda f: (f / "squat" / "cam_1.mp4").unlink(), "CAMERA_NO_FILE", STOP, "pattern"),
    "pattern fits two": (lambda f: edited(f, '"cam_1*"', '"cam_[12]*"'), "CAMERA_PATTERN", STOP, "one file"),
    "footage of no camera": (lambda f: film_extra(f), "FILE_UNUSED", LOOK, "move it"),
    "one file copied twice": (one_file_for_two, "SAME_FOOTAGE", STOP, "copied twice"),
    "no footage": (lambda f: empty(f / "squat"), "SOURCE_EMPTY", STOP, "Put one video"),
    "truncated video": (lambda f: cut(f / "squat" / "cam_1.mp4"), "VIDEO_UNREADABLE", STOP, "again"),
    "another resolution": (lambda f: video(f, lambda i: i[:400, :720].copy()), "SIZE_DIFFERS", STOP, "resolution"),
    "turned": (lambda f: video(f, lambda i: np.rot90(i).copy()), "ROTATION_DIFFERS", STOP, "Turn the video"),
    "another rate": (lambda f: edited(f, "rate_hz = 10", "rate_hz = 30"), "RATE_DIFFERS", STOP, "rate_hz"),
    "unequal rates": (lambda f: (edited(f, "[sync]\nrate_hz = 10\n", ""), longer(f, 20, 12)), "RATES_UNEQUAL", LOOK,
                      "one rate"),
    "stopped early": (lambda f: longer(f, 14), "FRAMES_DIFFER", LOOK, "mocap sync"),
    "frames dropped": (lambda f: longer(f, 20, times=[*range(10), *range(12, 22)]), "FRAMES_DROPPED", LOOK,
                       "timestamps"),
    "cap on": (lambda f: video(f, lambda i: np.full_like(i, 16)), "PICTURE_BLANK", STOP, "cap"),
    "dark": (lambda f: video(f, lambda i: (i * 0.12).astype(np.uint8)), "PICTURE_DARK", LOOK, "More light"),
    "burnt out": (lambda f: video(f, half_white), "PICTURE_BRIGHT", LOOK, "shorter exposure"),
    "out of focus": (lambda f: video(f, blurred, camera="cam_2"), "PICTURE_BLURRED", LOOK, "Focus"),
    "camera hung": (frozen, "PICTURE_FROZEN", LOOK, "record again"),
    "plates of another set": (other_plates, "PLATES_NOT_SEEN", STOP,
                              "plates.toml"),
    "one camera": (lambda f: one_camera(f), "ONE_CAMERA", STOP, "two cameras"),
}  # fmt: skip
BOARD_FAULTS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "another board": (other_board, "BOARD_DICTIONARY", STOP, "board.toml"),
    "a camera is blind": (lambda f: unseen_by(f, {"cam_1": slice(None)}), "CAMERA_BLIND", STOP, "Show the board"),
    "few views": (half_the_views, "BOARD_FEW_VIEWS", LOOK, "longer"),
    "board far away": (far_away, "BOARD_COVERAGE", LOOK, "edges and corners"),
    "cameras apart": (
        lambda f: (unseen_by(f, {"cam_0": slice(7, None), "cam_1": slice(7, None), "cam_2": slice(0, 7),
                                 "cam_3": slice(0, 7)})), "CAMERAS_APART", STOP, "two groups"),
    "floor beyond the end": (lambda f: edited(f, "floor:0-1", "floor:90-99"), "FLOOR_FRAMES", STOP, "count from 0"),
    "floor not seen": (
        lambda f: unseen_by(f, {f"cam_{n}": slice(0, 2) for n in range(4)}), "FLOOR_NOT_SEEN", STOP, "lay it down"),
    "no world": (lambda f: edited(f, 'world = "floor:0-1"\n', ""), "GRAVITY_UNKNOWN", LOOK, "floor"),
}  # fmt: skip


def film_extra(folder: Path) -> None:
    rng = np.random.default_rng(2)
    write_video(folder / "squat" / "phone.mp4", [rng.integers(0, 255, (64, 64)).astype(np.uint8) for _ in range(20)])


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def one_camera(folder: Path) -> None:
    edited(folder, 'cam_0 = "cam_0*"\ncam_1 = "cam_1*"\ncam_2 = "cam_2*"\n', "")
    for place in (folder / "squat", folder / "standing"):
        for number in range(3):
            (place / f"cam_{number}.mp4").unlink()


@pytest.mark.parametrize("fault", VIDEO_FAULTS)
def test_a_fault_in_videos_is_found(ready: Path, tmp_path: Path, fault: str) -> None:
    plant, code, severity, remedy = VIDEO_FAULTS[fault]
    folder = Path(shutil.copytree(ready, tmp_path / "session"))
    plant(folder)
    found = findings(folder)
    told = [one for one in found if one.code == code]
    assert told and told[0].severity == severity and remedy in told[0].remedy, found
    assert len({one.code for one in found}) <= 2, found  # a turned video is also of another size than its neighbours


QUICK = ("another board", "cameras apart", "floor beyond the end")


@pytest.mark.parametrize(
    "fault", [one if one in QUICK else pytest.param(one, marks=pytest.mark.heavy) for one in BOARD_FAULTS]
)
def test_a_fault_in_board_footage_is_found(filmed: Path, tmp_path: Path, fault: str) -> None:
    plant, code, severity, remedy = BOARD_FAULTS[fault]
    folder = Path(shutil.copytree(filmed, tmp_path / "session"))
    plant(folder)
    found = findings(folder)
    told = [one for one in found if one.code == code]
    assert told and told[0].severity == severity and remedy in told[0].remedy, found


def test_real_videos_of_another_width_than_their_calibration_are_found(shared_data: Path, tmp_path: Path) -> None:
    """Files cam01.mp4, cameras cam_01: two of the four are 1080 px wide, and were calibrated with 1088."""
    shutil.copyfile(shared_data / "openpose_4cam" / "calibration.toml", tmp_path / "calibration.toml")
    (tmp_path / "walk").symlink_to(shared_data / "videos_4cam", target_is_directory=True)
    (tmp_path / "session.toml").write_text(
        '[session]\nid = "a"\nsubject_code = "P1"\n[calibration]\nfile = "calibration.toml"\nworld = "up:z"\n[sync]\n'
        'rate_hz = 60\n[keypoints]\nsource = "video"\n[[trial]]\nname = "walk"\nfiles = "walk"\n', encoding="utf-8",
    )  # fmt: skip
    found = findings(tmp_path)
    assert [(one.code, one.about) for one in found] == [("SIZE_DIFFERS", f"walk/cam_0{place}") for place in (1, 2)]


def test_a_ready_calibration_of_another_size_is_found(ready: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ready, tmp_path / "session"))
    write_rig(folder / "rig.toml", ring_rig(4, 0, size=(1280, 720)))
    check(findings(folder), "SIZE_DIFFERS", STOP, "resolution")


def test_the_command_prints_files_by_camera_and_tells_its_verdict(
    sound: Path, filmed: Path, tmp_path: Path, mocap_cli
) -> None:
    done = mocap_cli("doctor", filmed)
    assert done.status == 0 and "nothing found" in done.out
    assert re.search(r"squat +cam_1 +cam_1.mp4 +800 x 450 +20 +10.00 Hz", done.out)
    folder = Path(shutil.copytree(sound, tmp_path / "session"))
    edited(folder, 'subject_code = "S01"\n', "")
    done = mocap_cli("doctor", folder)
    assert done.status == 0 and "LOOK session SUBJECT_MISSING" in done.out and "1 to look at" in done.out
    assert mocap_cli("doctor", folder, "--strict").status == 1
    (folder / "squat.parquet").unlink()
    done = mocap_cli("doctor", folder, "--json")
    told = json.loads(done.out)
    assert done.status == 1 and told["counts"] == {"stop": 1, "look": 1}
    assert [one["code"] for one in told["findings"]] == ["FILE_MISSING", "SUBJECT_MISSING"]
    assert not (folder / "results").exists()


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 10)])
def test_sound_sessions_are_left_alone(tmp_path: Path, seed: int) -> None:
    assert findings(filmed_session(tmp_path / "filmed", seed)) == []


def test_sharpness_falls_with_the_blur_and_not_with_the_light() -> None:
    rng = np.random.default_rng(0)
    scene = (np.kron(rng.integers(0, 2, (54, 96)), np.ones((10, 10))) * 150 + 50).astype(np.uint8)
    sharp, soft = sharpness(scene), sharpness(blurred(scene))
    assert sharp > 0.3 and soft < 0.1  # 0.41, 0.08
    noisy = np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
    assert np.isclose(sharpness(noisy), sharp, rtol=0.1)
    assert np.isclose(sharpness((scene * 0.5).astype(np.uint8)), sharp, rtol=0.1)
    assert np.isnan(sharpness(np.clip(rng.normal(100, 4, scene.shape), 0, 255).astype(np.uint8)))
