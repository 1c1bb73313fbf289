"""The start of the joint refinement: lenses, places of cameras and boards, and what the refinement may move."""

import numpy as np
from numpy.typing import NDArray

from calibration.bundle import BundleProblem
from calibration.bundle_system import N_CAMERA, N_LENS, BundleState, board_views
from calibration.extrinsics import place_cameras
from calibration.intrinsics import board_candidates, estimate_lens
from calibration.lens_models import free_parameters, lens_prior
from calibration.observations import BoardObservations
from calibration.placement import place_boards


def start_of(
    observations: BoardObservations, usable: NDArray, models: list[str]
) -> tuple[BundleState, BundleProblem, str]:
    """Estimate lenses, place cameras and boards, and say what the refinement may move.

    Parameters
    ----------
    observations : BoardObservations
        Of frames with at least one usable view each.
    usable : ndarray of bool, shape (camera, frame)
    models : list of str
        Lens model of each camera.

    Returns
    -------
    state : BundleState
        In the frame of the best-connected camera.
    problem : BundleProblem
    held : str
        That camera, whose pose is held.

    Raises
    ------
    SolverError
        NO_LENS
    ViewGraphError
        CAMERAS_NOT_CONNECTED
    """
    corners, faces = observations.board.corners_board, observations.board.faces
    names, sizes = observations.camera_names, observations.image_sizes
    n_cameras = observations.n_cameras
    fisheye = np.array([model == "fisheye" for model in models])
    lenses = np.empty((n_cameras, N_LENS))
    candidates = np.full((n_cameras, observations.n_frames, 2, 4, 4), np.nan)
    for camera, name in enumerate(names):
        pixels = observations.pixels[camera, usable[camera]]
        size = (int(sizes[camera, 0]), int(sizes[camera, 1]))
        lenses[camera] = estimate_lens(pixels, corners, size, bool(fisheye[camera]), name, faces).parameters
        candidates[camera, usable[camera]], _ = board_candidates(
            pixels, corners, lenses[camera], bool(fisheye[camera]), faces
        )
    free = np.ones((n_cameras, N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    lenses[:, 4:][~free[:, 4:N_LENS]] = 0.0
    cam_from_root = place_cameras(candidates, names)
    root = int(np.abs(cam_from_root - np.eye(4)).sum(axis=(1, 2)).argmin())
    free[root, N_LENS:] = False
    views = board_views(observations.pixels, fisheye, corners)
    problem = BundleProblem(views, free, lens_prior(models, sizes, lenses[:, 0]))
    return place_boards(lenses, cam_from_root, candidates, views), problem, names[root]
