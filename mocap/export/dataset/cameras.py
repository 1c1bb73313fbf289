"""The cameras of each recording as JSON."""

import json
from collections.abc import Mapping
from typing import Any

from calibration import Camera, CameraRig


def cameras_text(rigs: Mapping[str, CameraRig]) -> str:
    """Return the cameras by recording and name."""
    told = {name: {camera.name: _camera(camera) for camera in rig} for name, rig in sorted(rigs.items())}
    return json.dumps({"units": "px, m, rad", "recordings": told}, ensure_ascii=False, indent=1) + "\n"


def _camera(camera: Camera) -> dict[str, Any]:
    return {
        "size": list(camera.size), "matrix": camera.matrix.tolist(), "distortion": camera.distortion.tolist(),
        "fisheye": camera.fisheye, "cam_from_world": camera.cam_from_world.tolist(),
    }  # fmt: skip

