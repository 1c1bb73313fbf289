"""The start of the joint refinement: lenses, places of cameras and boards, and what the refinement may move."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.initial.alike import alike_lenses, focal_doubt
from calibration.initial.extrinsics import place_cameras
from calibration.initial.intrinsics import LensEstimate, board_candidates, estimate_lens
from calibration.initial.outliers import sound_corners
from calibration.initial.placement import place_boards
from calibration.lenses.models import fisheye_model, free_parameters, lens_prior, parsed_model
from calibration.solve.bodies import BoardFootage
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState


def start_of(footage: BoardFootage, models: list[str]) -> tuple[BundleState, BundleProblem, str]:
    """Estimate lenses, place cameras and boards, and say what the refinement may move.

    Parameters
    ----------
    footage : BoardFootage
    models : list of str
        Lens model of each camera, in the words of `lens_models.checked_model`; 'auto' begins as Brown's, or as a
        fisheye where the camera alone shows that it is one.

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
    names, sizes = footage.camera_names, footage.image_sizes
    n_cameras = len(names)
    asked = [parsed_model(model, name) for model, name in zip(models, names, strict=True)]
    sound = _without_outliers(footage)
    found = [
        _lens(footage, sound, camera, None if own.name == "auto" else own.fisheye) for camera, own in enumerate(asked)
    ]
    lenses, fisheye = np.stack([lens.parameters for lens in found]), np.array([lens.fisheye for lens in found])
    models = [fisheye_model(model) if fish else model for model, fish in zip(models, fisheye, strict=True)]
    views = footage.views(fisheye)
    candidates = _candidates(footage, sound, lenses, fisheye, np.arange(n_cameras))
    lenses, changed = alike_lenses(lenses, fisheye, sizes, focal_doubt(lenses, candidates, views))
    candidates[changed] = _candidates(footage, sound, lenses, fisheye, changed)[changed]
    free = np.ones((n_cameras, N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    lenses[:, 4:][~free[:, 4:N_LENS]] = 0.0
    cam_from_root = place_cameras(candidates, names)
    root = int(np.abs(cam_from_root - np.eye(4)).sum(axis=(1, 2)).argmin())
    free[root, N_LENS:] = False
    problem = BundleProblem(views, free, lens_prior(models, sizes, lenses[:, 0]))
    return place_boards(lenses, cam_from_root, candidates, views), problem, names[root]


@dataclass(frozen=True, eq=False)
class _SoundViews:
    """Of one board, what the start rests on: pixels (camera, body, corner, 2), and which views (camera, body)."""

    pixels: NDArray
    views: NDArray


def _without_outliers(footage: BoardFootage) -> list[_SoundViews]:
    """Leave out corners that contradict the rest of their view, board by board."""
    answer, usable = [], footage.usable_bodies()
    for board, observations in enumerate(footage.boards):
        target, own = observations.board, usable[:, footage.bodies_of(board)]
        pixels = footage.pixels_of(board)
        if len(target.faces) > 1:  # few corners on each, and tags come as wholes
            answer.append(_SoundViews(pixels, own))
            continue
        pixels, views = pixels.copy(), own.copy()
        for camera, rows in enumerate(own):
            corners, views[camera, rows] = sound_corners(pixels[camera, rows], target.corners_board[:, :2])
            pixels[camera, rows] = np.where(corners[..., None], pixels[camera, rows], np.nan)
        answer.append(_SoundViews(pixels, views))
    return answer


def _lens(footage: BoardFootage, sound: list[_SoundViews], camera: int, fisheye: bool | None) -> LensEstimate:
    """Estimate the lens of one camera from the board that it saw most often."""
    usable = footage.usable_bodies()[camera]
    board = int(np.bincount(footage.board[usable], minlength=len(footage.boards)).argmax())
    own, agreeing = usable[footage.bodies_of(board)], sound[board].views[camera]
    # Where most views contradict themselves the board is another one, and that is to show.
    own = agreeing if 2 * agreeing.sum() > own.sum() else own
    target, size = footage.boards[board].board, footage.image_sizes[camera]
    pixels = sound[board].pixels[camera, own]
    name = footage.camera_names[camera]
    return estimate_lens(pixels, target.corners_board, (int(size[0]), int(size[1])), fisheye, name, target.faces)


def _candidates(
    footage: BoardFootage, sound: list[_SoundViews], lenses: NDArray, fisheye: NDArray, cameras: NDArray
) -> NDArray:
    """The two poses cam_from_board that each usable view of some cameras allows, shape (camera, body, 2, 4, 4)."""
    usable = footage.usable_bodies()
    candidates = np.full((*usable.shape, 2, 4, 4), np.nan)
    for board, observations in enumerate(footage.boards):
        bodies, target = footage.bodies_of(board), observations.board
        pixels = sound[board].pixels
        for camera in cameras:
            own = usable[camera, bodies]
            candidates[camera, bodies[own]], _ = board_candidates(
                pixels[camera, own], target.corners_board, lenses[camera], bool(fisheye[camera]), target.faces
            )
    return candidates
