"""aniposelib as a second, independent solver for cross-checks; its types stay in this file.

Its lens model has one focal length and k1 (k2 on request): calibrating with it erases fx / fy, p1, p2 and k3. It
sorts the tables of a calibration file as text, prints, switches JAX to 64 bits and draws from numpy's global
random state. All of that is contained here. Importing it takes seconds, so it happens on first use.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.errors import BoardError, SolverError
from calibration.observations import BoardObservations
from calibration.rigid import from_rotvec, inverse, rotvec

MIN_CORNERS = 9


def calibrate_with_aniposelib(
    observations: BoardObservations, seed: int = 0, start: CameraRig | None = None, second_radial: bool = True
) -> CameraRig:
    """Calibrate with aniposelib alone.

    Parameters
    ----------
    observations : BoardObservations
    seed : int
        It resamples at random; numpy's global state is put back afterwards.
    start : CameraRig, optional
        Lenses to keep: only the poses are then solved for. Without, one focal length and k1 (and k2) a camera.
    second_radial : bool
        Let it estimate k2 too.

    Returns
    -------
    CameraRig
        In the frame of its first camera; gravity unknown.

    Raises
    ------
    BoardError
        ANIPOSELIB_BOARD for what is no charuco board.
    SolverError
        ANIPOSELIB_FAILED when it ends without a finite answer.
    """
    group, board = _group(observations, start, second_radial), _board(observations)
    # Filled here, because it forgets to when it does not estimate the lenses itself.
    rows = [board.fill_points_rows(_rows(observations, camera)) for camera in range(observations.n_cameras)]
    with _contained(seed):
        if start is None:
            group.calibrate_rows(rows, board, verbose=False)
        else:
            group.calibrate_rows(rows, board, init_intrinsics=False, verbose=False, only_extrinsics=True)
    cam_from_any = [from_rotvec(camera.get_rotation(), camera.get_translation()) for camera in group.cameras]
    if not all(np.isfinite(pose).all() for pose in cam_from_any):
        raise SolverError("aniposelib ended without a finite answer.", "Use calibrate.", code="ANIPOSELIB_FAILED")
    any_from_first = inverse(cam_from_any[0])
    cameras = [_camera(one, pose @ any_from_first) for one, pose in zip(group.cameras, cam_from_any, strict=True)]
    return CameraRig(tuple(cameras), {"world": f"camera:{cameras[0].name}", "gravity": "unknown"})


def load_with_aniposelib(path: str | Path) -> CameraRig:
    """Read a calibration file as aniposelib reads it, its order of cameras included."""
    with _contained(0):
        group = _module("cameras").CameraGroup.load(str(path))
    poses = [from_rotvec(camera.get_rotation(), camera.get_translation()) for camera in group.cameras]
    return CameraRig(tuple(_camera(camera, pose) for camera, pose in zip(group.cameras, poses, strict=True)))


def dump_with_aniposelib(path: str | Path, out: str | Path) -> None:
    """Let aniposelib load a calibration file and write it in its own layout."""
    with _contained(0):
        _module("cameras").CameraGroup.load(str(path)).dump(str(out))


def project_with_aniposelib(path: str | Path, points_world: np.ndarray) -> dict[str, np.ndarray]:
    """Project points (point, 3), m, with the cameras that aniposelib loads from a file: pixels (point, 2) by name."""
    with _contained(0):
        group = _module("cameras").CameraGroup.load(str(path))
        pixels = group.project(np.asarray(points_world, float))
    return {str(camera.get_name()): own.reshape(-1, 2) for camera, own in zip(group.cameras, pixels, strict=True)}


def _module(name: str) -> ModuleType:
    from importlib import import_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(f"aniposelib.{name}")


@contextlib.contextmanager
def _contained(seed: int) -> Iterator[None]:
    """Keep aniposelib's printing, warnings, random numbers and JAX setting to itself."""
    import jax

    before, wide = np.random.get_state(), jax.config.read("jax_enable_x64")  # noqa: NPY002 (its state, put back)
    np.random.seed(seed)  # noqa: NPY002
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
        jax.config.update("jax_enable_x64", wide)


def _board(observations: BoardObservations) -> Any:
    """A board of aniposelib with the same corners; its markers are never looked at."""
    board = observations.board
    if not isinstance(board, Board) or board.type != "charuco":
        raise BoardError(
            f"aniposelib calibrates from charuco boards here, not from a {board.type.replace('_', ' ')}.",
            "Calibrate without it.",
            code="ANIPOSELIB_BOARD",
        )
    return _module("boards").CharucoBoard(
        board.squares_x, board.squares_y, board.square_length, 0.7 * board.square_length, 4, 1000
    )


def _group(observations: BoardObservations, start: CameraRig | None, second_radial: bool) -> Any:
    cameras = _module("cameras")
    members = []
    for name, size in zip(observations.camera_names, observations.image_sizes, strict=True):
        known = None if start is None else start.subset([name]).cameras[0]
        kind = cameras.FisheyeCamera if known is not None and known.fisheye else cameras.Camera
        member = kind(name=name, size=(int(size[0]), int(size[1])), extra_dist=second_radial)
        if known is not None:
            member.set_camera_matrix(known.matrix)
            member.set_distortions(known.distortion)
            member.set_rotation(rotvec(known.cam_from_world))
            member.set_translation(known.cam_from_world[:3, 3])
        members.append(member)
    return cameras.CameraGroup(members)


def _rows(observations: BoardObservations, camera: int) -> list[dict[str, Any]]:
    rows = []
    for frame, pixels in zip(observations.frame_ids, observations.pixels[camera], strict=True):
        ids = np.flatnonzero(np.isfinite(pixels[:, 0]))
        if len(ids) >= MIN_CORNERS:
            rows.append({"framenum": (0, int(frame)), "corners": pixels[ids][:, None], "ids": ids[:, None]})
    return rows


def _camera(member: Any, cam_from_world: np.ndarray) -> Camera:
    size = member.get_size()
    fisheye = type(member).__name__ == "FisheyeCamera"
    return Camera(
        str(member.get_name()), (int(size[0]), int(size[1])), member.get_camera_matrix().copy(),
        member.get_distortions().copy(), cam_from_world, fisheye,
    )  # fmt: skip
