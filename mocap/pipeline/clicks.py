"""Clicked landmarks of a static become points: triangulated as all else is, with their residuals."""

from pathlib import Path

import numpy as np

from calibration import CameraRig
from mocap.config.clicks import ClickedLandmark, read_clicks
from mocap.errors import KinematicsError
from mocap.kinematics import Clicked
from mocap.reconstruction import ReconstructionOptions, reconstruct_details
from mocap.trial import Keypoints2D, Trial

CLICK_SIGMA_PX = 2.0


def clicked_landmarks(path: Path, static: Trial) -> tuple[Clicked, ...]:
    """Return the landmarks that were clicked in views of a static.

    Parameters
    ----------
    path : Path
        A `landmarks.toml`.
    static : Trial
        With its cameras.

    Raises
    ------
    KinematicsError
        CLICK_NO_CAMERAS; CLICK_CAMERA for a camera that the static does not have; CLICK_FRAME; CLICK_DISAGREE when
        the views of a landmark contradict each other (beyond five times 2 px).
    SourceError, ConfigError, ReconstructionError
        When the file cannot be read, or nothing can be triangulated.
    """
    if static.rig is None:
        raise KinematicsError(
            "Landmarks were clicked, and the static brings no cameras to triangulate them with.",
            "Give the static as the trial file that was reconstructed from its cameras.",
            code="CLICK_NO_CAMERAS",
        )
    return tuple(_triangulated(one, static.rig, static.points.n_frames) for one in read_clicks(path))


def _triangulated(one: ClickedLandmark, rig: CameraRig, n_frames: int) -> Clicked:
    unknown = sorted(set(one.clicks) - set(rig.names))
    if unknown:
        raise KinematicsError(
            f"{one.name} was clicked in {', '.join(unknown)}; the cameras of the static are {', '.join(rig.names)}.",
            "Name the cameras as the calibration does.",
            code="CLICK_CAMERA",
        )
    if not 0 <= one.frame < n_frames:
        raise KinematicsError(
            f"{one.name} was clicked in frame {one.frame}, and the static has {n_frames}.",
            "Count the frames of the static from 0.",
            code="CLICK_FRAME",
        )
    pixels = np.full((len(rig), 1, 1, 2), np.nan)
    for camera, pixel in one.clicks.items():
        pixels[rig.names.index(camera), 0, 0] = pixel
    confidence = np.isfinite(pixels).all(axis=-1).astype(float)
    options = ReconstructionOptions(pixel_sigma=CLICK_SIGMA_PX, min_share=0.0)
    found = reconstruct_details(Keypoints2D(pixels, confidence, (one.name,), 1.0), rig, options=options).points
    error, covariance = found.reprojection_error, found.covariance
    assert error is not None and covariance is not None
    seen = error[:, 0, 0][np.isfinite(error[:, 0, 0])]
    residual = float(np.sqrt(np.mean(seen**2))) if len(seen) else float("nan")
    used = int(found.n_views[0, 0]) if found.n_views is not None else len(seen)
    if not np.isfinite(found.position).all() or used < len(one.clicks) or residual > 5 * CLICK_SIGMA_PX:
        raise KinematicsError(
            f"The clicks on {one.name} contradict each other: {used} of {len(one.clicks)} views agree"
            + (f", {residual:.1f} px RMS apart." if np.isfinite(residual) else "."),
            "Click the same point in every view again.",
            code="CLICK_DISAGREE",
        )
    sd = float(np.sqrt(np.trace(covariance[0, 0])))
    return Clicked(one.name, one.frame, found.position[0, 0], residual, sd)
