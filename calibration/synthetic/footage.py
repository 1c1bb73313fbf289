"""Footage of a board that moves through the volume of a rig, written as cameras would write it."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import WORLD_FROM_FLOOR_BOARD, Board
from calibration.boards.tag_object import TagObject
from calibration.camera import Camera, CameraRig
from calibration.rigid import rigid
from calibration.synthetic.boards import RenderOptions, render_board


def floor_pose(board: Board, corner_world: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> NDArray:
    """Return world_from_board, shape (4, 4), of the board lying on the floor, front up.

    The board's origin corner lies at `corner_world` (m), its x along world +X, its y along -Y, its z down.
    """
    return rigid(WORLD_FROM_FLOOR_BOARD, np.asarray(corner_world, float))


def board_poses(
    board: Board | TagObject,
    n: int,
    seed: int = 0,
    volume_m: tuple[float, float, float] = (1.2, 1.2, 1.4),
    centre_m: tuple[float, float, float] = (0.0, 0.0, 1.0),
    tilt_deg: float = 35.0,
) -> NDArray:
    """Move a board through the volume as a person would who shows it to all cameras in turn.

    Parameters
    ----------
    board : Board or TagObject
    n : int
        Number of poses.
    seed : int
    volume_m, centre_m : tuple of float
        Box in which the middle of the board stays, world frame, m.
    tilt_deg : float
        Largest inclination and roll of the board, each way.

    Returns
    -------
    ndarray, shape (n, 4, 4)
        world_from_board. The front turns through all directions several times.
    """
    rng = np.random.default_rng(seed)
    golden = (np.sqrt(5) - 1) / 2
    azimuth = 2 * np.pi * (np.arange(n) * golden + rng.uniform()) + rng.normal(0, 0.1, n)
    elevation = np.deg2rad(rng.uniform(-tilt_deg, tilt_deg, n) + 10)  # most cameras hang above the board
    roll = np.deg2rad(rng.uniform(-tilt_deg, tilt_deg, n))
    front = np.stack(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=1
    )
    z = -front
    right = np.cross(z, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    down = np.cross(z, right)
    c, s = np.cos(roll)[:, None], np.sin(roll)[:, None]
    rotation = np.stack([c * right + s * down, c * down - s * right, z], axis=2)
    middle = np.asarray(centre_m) + (rng.uniform(size=(n, 3)) - 0.5) * np.asarray(volume_m)
    corners = board.corners_board
    half = (corners.min(axis=0) + corners.max(axis=0)) / 2
    return rigid(rotation, middle - rotation @ half)


def render_calibration_footage(
    rig: CameraRig,
    board: Board | TagObject,
    poses: NDArray,
    folder: str | Path,
    seed: int = 0,
    video: bool = False,
    options: RenderOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the footage of a moving board: one image folder, or one video, per camera.

    Parameters
    ----------
    rig : CameraRig
    board : Board or TagObject
    poses : ndarray, shape (frame, 4, 4)
        world_from_board; frame `i` of every camera shows pose `i`.
    folder : path
        Made when missing; gets `<camera>/<frame>.jpg` (quality 95), or `<camera>.avi` (motion JPEG, 10 Hz).
    seed : int
        Decides the pixel noise.
    video : bool
    options : RenderOptions, optional
    progress : callable, optional
        Called with the images done and their total.

    Returns
    -------
    Path
        `folder`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    done, total = 0, len(rig) * len(poses)
    for number, camera in enumerate(rig):
        write = (_video_writer if video else _image_writer)(folder, camera)
        for frame, pose in enumerate(poses):
            write(frame, render_board(camera, board, pose, np.random.default_rng([seed, number, frame]), options))
            done += 1
            if progress is not None:
                progress(done, total)
        write(-1, None)
    return folder


def _image_writer(folder: Path, camera: Camera) -> Callable[[int, NDArray | None], None]:
    target = folder / camera.name
    target.mkdir(exist_ok=True)

    def write(frame: int, image: NDArray | None) -> None:
        if image is not None:
            _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
            data.tofile(target / f"{frame:05d}.jpg")

    return write


def _video_writer(folder: Path, camera: Camera) -> Callable[[int, NDArray | None], None]:
    path = folder / f"{camera.name}.avi"
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, camera.size
    )
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, 95)

    def write(frame: int, image: NDArray | None) -> None:
        # In colour: OpenCV's encoder spoils gray images.
        writer.release() if image is None else writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))

    return write
