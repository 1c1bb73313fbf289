"""Landmarks as someone would click them in the images of a rig, with noise from a seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from calibration.camera import CameraRig


def observe_landmarks(
    rig: CameraRig,
    places_world: Mapping[str, tuple[float, ...]],
    keys: Mapping[str, Mapping[str, Any]] | None = None,
    sigma_px: float = 0.0,
    seed: int | np.random.Generator = 0,
    **top: Any,
) -> dict[str, Any]:
    """Project landmarks into all cameras and write them as a `landmarks.toml` would.

    Parameters
    ----------
    rig : CameraRig
    places_world : mapping of str to tuple of float
        Where each stands, m.
    keys : mapping of str to mapping, optional
        More keys of each point: `world`, `line`, `kind`, `height`, ...
    sigma_px : float
        Noise of one coordinate; what the table states, 0.01 px at least.
    seed : int or Generator
    **top
        Keys of the file: `origin`, `heading`, `level_sd_deg`.

    Returns
    -------
    dict
        For `calibration.world.parse_landmarks`. Pixels outside an image are left out.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for name, place in places_world.items():
        pixels = rig.project(np.array(place, float))
        pixels = pixels + sigma_px * rng.standard_normal(pixels.shape)
        inside = {
            camera.name: own.tolist()
            for camera, own in zip(rig, pixels, strict=True)
            if (own >= -0.5).all() and (own <= np.array(camera.size) - 0.5).all()
        }
        rows.append({"name": name, "pixels": inside, **(keys or {}).get(name, {})})
    return {"sigma_px": max(sigma_px, 0.01), "point": rows, **top}
