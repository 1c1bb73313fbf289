"""Lay out what belongs to the cameras: themselves, their clocks, and what they saw."""

import json

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.schema import UV
from mocap.storage.layout import Group, Variable, numbers, words
from mocap.trial import Keypoints2D, Timeline, Trial

AXES = ("x", "y", "z", "1")
CAMERA_PARAMETERS = (
    "fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "rx", "ry", "rz", "tx", "ty", "tz",
)  # fmt: skip


def time_axis(time_s: NDArray) -> Variable:
    """The axis of time."""
    return numbers(["time"], time_s, "s", "time since the start of the recording's common clock", "<f8")


def cameras(rig: CameraRig) -> Group:
    """The rig: lenses, poses and their covariance."""
    n_terms = max(len(camera.distortion) for camera in rig)
    distortion = [np.pad(camera.distortion, (0, n_terms - len(camera.distortion)), constant_values=np.nan)
                  for camera in rig]  # fmt: skip
    matrix_text = "intrinsic matrix, origin in the centre of the top-left pixel"
    pose_text = "camera from world: x right, y down, z forward in the camera; m"
    variables = {
        "camera": words(["camera"], rig.names, "name of the camera"),
        "size_axis": words(["size_axis"], ("width", "height"), "axis of the image"),
        "size": numbers(["camera", "size_axis"], [camera.size for camera in rig], "pixel", "size of the image", "<i4"),
        "matrix_row": words(["matrix_row"], ("u", "v", "1"), "row of the intrinsic matrix"),
        "matrix_column": words(["matrix_column"], ("x", "y", "z"), "column of the intrinsic matrix"),
        "matrix": numbers(["camera", "matrix_row", "matrix_column"], [c.matrix for c in rig], "pixel", matrix_text),
        "coefficient": numbers(["coefficient"], np.arange(n_terms), "1", "index of the coefficient", "<i4"),
        "distortion": numbers(["camera", "coefficient"], distortion, "1", "lens coefficients in OpenCV's order"),
        "n_coefficients": numbers(["camera"], [len(c.distortion) for c in rig], "1", "coefficients in use", "<i4"),
        "fisheye": numbers(["camera"], [c.fisheye for c in rig], "1", "1 for the equidistant lens model", "u1"),
        "row": words(["row"], AXES, "row of the transform"),
        "column": words(["column"], AXES, "column of the transform"),
        "cam_from_world": numbers(["camera", "row", "column"], [c.cam_from_world for c in rig], "1", pose_text),
    }
    if rig.covariance is not None:
        variables |= _parameter_covariance(rig.names, rig.covariance)
    return Group(variables, {"metadata": json.dumps(dict(rig.metadata), sort_keys=True)})


def _parameter_covariance(names: tuple[str, ...], covariance: NDArray) -> dict[str, Variable]:
    """Uncertainty of the cameras; the second axes have names of their own, as xarray has no axis twice."""
    axes = ["camera", "parameter", "other_camera", "other_parameter"]
    text = "covariance of the camera parameters; motion from the left, in the camera's frame"
    return {
        "parameter": words(["parameter"], CAMERA_PARAMETERS, "parameter of a camera: px, 1, rad and m"),
        "other_camera": words(["other_camera"], names, "name of the other camera"),
        "other_parameter": words(["other_parameter"], CAMERA_PARAMETERS, "parameter of the other camera"),
        "parameter_covariance": numbers(axes, covariance, "1", text, "<f8"),
    }


def sync(timeline: Timeline) -> Group:
    """How the cameras' clocks stand to the common one, and when each frame was taken."""
    variables = {}
    if timeline.camera_names:
        per_camera = {
            "offset_s": ("s", "camera time minus common time"),
            "offset_sd_s": ("s", "standard deviation of the offset; NaN is unknown"),
            "drift_ppm": ("1e-6", "drift of the camera's clock; above 0 it runs fast"),
            "drift_sd_ppm": ("1e-6", "standard deviation of the drift; NaN is unknown"),
            "residual_px": ("pixel", "median distance from what the others see, clocks set; NaN is unknown"),
        }
        variables = {"camera": words(["camera"], timeline.camera_names, "name of the camera")}
        variables |= {
            name: numbers(["camera"], getattr(timeline, name), unit, text) for name, (unit, text) in per_camera.items()
        }
    if timeline.frame_time_s is not None:
        text = "common time of each frame of the camera's own footage; NaN after its last"
        variables["frame"] = numbers(["frame"], np.arange(timeline.frame_time_s.shape[1]), "1", "frame of the footage")
        variables["frame_time_s"] = numbers(["camera", "frame"], timeline.frame_time_s, "s", text, "<f8")
    attributes = {"rate_hz": timeline.rate_hz, "start_s": timeline.start_s, "n_frames": np.int64(timeline.n_frames)}
    return Group(variables, {**attributes, "source": timeline.source})


def keypoints(keypoints: Keypoints2D, trial: Trial) -> Group:
    """What the cameras saw."""
    if trial.rig is None:
        camera = numbers(["camera"], np.arange(keypoints.n_cameras), "1", "index of the camera", "<i4")
    else:
        camera = words(["camera"], trial.rig.names, "name of the camera")
    axes = ["camera", "time", "keypoint"]
    time_s = trial.points.start_s + np.arange(keypoints.n_frames) / keypoints.rate_hz
    pixel_text = "position in the image, origin in the centre of the top-left pixel; NaN is missing"
    variables = {
        "camera": camera,
        "time": time_axis(time_s),
        "keypoint": words(["keypoint"], keypoints.names, "name of the keypoint"),
        "uv": words(["uv"], UV, "axis of the image"),
        "pixel": numbers([*axes, "uv"], keypoints.pixels, "pixel", pixel_text, "<f4"),
        "confidence": numbers(axes, keypoints.confidence, "1", "confidence, 0 to 1; 0 is missing", "<f4"),
    }
    return Group(variables, {"rate_hz": keypoints.rate_hz})
