"""`mocap detect` with plates and with round markers, from rendered images to tables and points."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import CameraRig
from calibration.files import write_rig
from calibration.synthetic import RenderOptions, ring_rig
from mocap.config.plates import read_plates
from mocap.readers.keypoints import read_keypoints
from mocap.storage import read_trial, write_trial
from mocap.synthetic.plates import render_plates
from mocap.trial import Points3D, Trial

N_FRAMES = 8


@pytest.fixture(scope="module")
def rig() -> CameraRig:
    return ring_rig(4, size=(960, 720))


def write_images(folder: Path, frames: list[np.ndarray]) -> None:
    folder.mkdir(parents=True)
    for index, image in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:03d}.png"), image)


def test_plates_are_found_where_they_are(rig: CameraRig, mocap_cli, tmp_path: Path) -> None:
    plates = read_plates("sacrum_120")
    poses = np.tile(np.eye(4), (N_FRAMES, 1, 1))
    # The plate's front looks along world +X and turns slowly; two of the four cameras can see it.
    for index, pose in enumerate(poses):
        angle = 0.4 + 0.02 * index
        front = np.array([np.cos(angle), np.sin(angle), 0.0])
        pose[:3, :3] = np.column_stack([np.cross([0, 0, 1], front), [0, 0, 1], front])
        pose[:3, 3] = (0.01 * index, 0.0, 1.0)
    options = RenderOptions(noise=2.0, blur_px=0.8)
    for camera in rig:
        images = [render_plates(camera, plates.plate, pose[None, None], 0, options) for pose in poses]
        write_images(tmp_path / "turn" / camera.name, images)
    done = mocap_cli("detect", tmp_path / "turn", "--plates", "sacrum_120", "--jobs", 1, "--overlay")
    assert done.status == 0, done.err
    read = read_keypoints(tmp_path / "turn_keypoints" / "turn.parquet", camera_names=rig.names, rate_hz=50.0)
    assert read.people.pixels.shape[1] == N_FRAMES
    corners = plates.plate[0].corners_plate.reshape(-1, 3)
    assert set(read.people.names) <= set(plates.keypoint_names)
    order = [plates.keypoint_names.index(name) for name in read.people.names]
    world = corners[order] @ poses[:, :3, :3].transpose(0, 2, 1) + poses[:, None, :3, 3]
    truth = np.stack([camera.project(world) for camera in rig])
    found = read.people.person(0).pixels
    seen = np.isfinite(found).all(axis=-1)
    assert (seen.mean(axis=(1, 2)) > 0.45).sum() >= 2  # one camera both facets, one of them the next
    apart = np.linalg.norm(found - truth, axis=-1)[seen]
    assert np.sqrt(np.mean(apart**2)) < 0.15  # px, measured 0.063


def discs(camera_pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bright discs of a radius of 5 px with edges as soft as a lens makes them, on gray."""
    image = np.full((size[1], size[0]), 60.0)
    for x, y in camera_pixels:
        left, top = int(x) - 8, int(y) - 8
        down, across = np.mgrid[top : top + 17, left : left + 17]
        edge = np.clip((5.6 - np.hypot(across - x, down - y)) / 1.2, 0.0, 1.0)
        image[top : top + 17, left : left + 17] += 170.0 * edge
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def test_round_markers_get_their_names(rig: CameraRig, mocap_cli, tmp_path: Path) -> None:
    names = ("RASI", "LASI", "SACR", "RKNE", "LKNE", "C7")
    standing = np.array([[0.12, -0.13, 1.0], [0.12, 0.12, 1.01], [-0.1, 0.0, 1.03], [0.05, -0.15, 0.5],
                         [0.07, 0.16, 0.52], [-0.06, 0.01, 1.5]])  # fmt: skip
    write_trial(tmp_path / "standing.h5", Trial("standing", Points3D(np.tile(standing, (3, 1, 1)), names, 50.0)))
    time = np.arange(N_FRAMES)[:, None, None] / 50.0
    moved = standing + np.concatenate([0.3 * time, 0.1 * time, -0.2 * time], axis=2) + np.array([0.2, -0.3, 0.0])
    write_rig(tmp_path / "rig.toml", rig)
    truth = np.stack([camera.project(moved) for camera in rig])
    for camera, pixels in zip(rig, truth, strict=True):
        write_images(tmp_path / "walk" / camera.name, [discs(own, camera.size) for own in pixels])
    words = ("detect", tmp_path / "walk", "--detector", "markers", "--out", tmp_path / "out", "--jobs", 1, "--overlay")
    assert mocap_cli(*words).error_line.startswith("error MARKERS_UNDESCRIBED")
    words = (*words, "--marker-set", tmp_path / "standing.h5", "--calibration", tmp_path / "rig.toml")
    done = mocap_cli(*words)
    assert done.status == 0, done.err
    table = tmp_path / "out" / "walk.parquet"
    found = read_keypoints(table, camera_names=rig.names, rate_hz=50.0).people
    assert found.names == names
    pixels = found.person(0).pixels
    seen = np.isfinite(pixels).all(axis=-1)
    # One camera sees RASI and LASI 7 px apart, discs of 5 px radius: spots that may be two are flagged, not named.
    near = np.linalg.norm(truth[..., 0, :] - truth[..., 1, :], axis=-1) < 8.0
    alone = ~np.stack([near, near, *[np.zeros_like(near)] * 4], axis=-1)
    assert seen[alone].all() and near.mean() < 0.3
    assert np.linalg.norm(pixels - truth, axis=-1)[seen].max() < 0.1  # px
    assert "4 skipped" in mocap_cli(*words).out
    for folder in (tmp_path / "walk").iterdir():
        write_images(tmp_path / "dark" / folder.name, [
            cv2.bitwise_not(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in sorted(folder.iterdir())
        ])  # fmt: skip
    dark = ("detect", tmp_path / "dark", *words[2:-4 - 1], *words[-4:], "--markers", "dark")
    assert mocap_cli(*dark).status == 0
    other = read_keypoints(tmp_path / "out" / "dark.parquet", camera_names=rig.names, rate_hz=50.0).people
    assert other.names == names
    assert np.array_equal(other.person(0).pixels, pixels, equal_nan=True)  # 255 less each level: the same fits
    assert mocap_cli(*dark[:-1], "red").error_line.startswith("error OPTION_RANGE")
    made = mocap_cli("reconstruct", "--calibration", tmp_path / "rig.toml", "--keypoints", table, "--rate", 50,
                     "--out", tmp_path / "t.h5")  # fmt: skip
    assert made.status == 0, made.err
    assert np.nanmax(np.abs(read_trial(tmp_path / "t.h5").points.position - moved)) < 1e-3  # m
