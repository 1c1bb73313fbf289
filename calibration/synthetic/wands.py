"""A wand waved through the volume of a rig, as a detector of bright markers would report it."""

import numpy as np

from calibration.boards.wand import Wand
from calibration.camera import CameraRig
from calibration.points.tracks import PointTracks


def observe_wand(
    rig: CameraRig,
    wand: Wand,
    n_frames: int,
    sigma_px: float = 0.0,
    seed: int = 0,
    volume_m: tuple[float, float, float] = (2.0, 2.0, 1.8),
    centre_m: tuple[float, float, float] = (0.0, 0.0, 1.1),
    swapped: float = 0.0,
    outliers: float = 0.0,
) -> PointTracks:
    """Project a wand in random places and directions into all cameras.

    Parameters
    ----------
    rig : CameraRig
    wand : Wand
    n_frames : int
    sigma_px : float
        Standard deviation of the Gaussian noise of each coordinate.
    seed : int
    volume_m, centre_m : tuple of float
        Where the first marker is; a width of 0 keeps it in a plane.
    swapped : float
        Share of the views whose markers come in the reverse order.
    outliers : float
        Share of the markers that are found 20 to 300 px away.
    """
    rng = np.random.default_rng(seed)
    turn = rng.standard_normal((n_frames, 3, 3))
    turn = np.linalg.qr(turn)[0]
    turn *= np.sign(np.linalg.det(turn))[:, None, None]
    place = np.array(centre_m) + np.array(volume_m) * (rng.random((n_frames, 3)) - 0.5)
    points = place[:, None] + np.einsum("fij,mj->fmi", turn, wand.markers_wand)
    pixels = rig.project(points)
    pixels = pixels + sigma_px * rng.standard_normal(pixels.shape)
    away, angle = rng.uniform(20.0, 300.0, pixels.shape[:3]), rng.uniform(0.0, 2 * np.pi, pixels.shape[:3])
    stray = rng.random(pixels.shape[:3]) < outliers
    pixels += np.where(stray, away, 0.0)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    sizes = np.array([camera.size for camera in rig])
    with np.errstate(invalid="ignore"):
        inside = ((pixels >= 0) & (pixels <= sizes[:, None, None] - 1)).all(axis=-1)
    pixels[~inside] = np.nan
    reverse = rng.random(pixels.shape[:2]) < swapped
    pixels[reverse] = pixels[reverse][:, ::-1]
    return PointTracks(pixels, rig.names, sizes, wand.names, wand.exchanged, wand.labelled)
