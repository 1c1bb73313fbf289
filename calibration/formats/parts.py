"""What a file of another program says of its cameras: perhaps all, perhaps the lenses or the poses alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.digits import digits
from calibration.errors import FormatError, MocapError

MAX_DISTANCE_M = 100.0
MIN_SPREAD_M = 0.02  # metres taken for millimetres bring a lab of 20 m down to this


@dataclass(frozen=True, eq=False)
class CameraParts:
    """What is known of one camera; None is unknown.

    Attributes
    ----------
    name : str
    size : tuple of int or None
        Width and height in px.
    matrix : ndarray, shape (3, 3), or None
        In px, origin in the centre of the top-left pixel.
    distortion : ndarray or None
        OpenCV's order.
    fisheye : bool
    cam_from_world : ndarray, shape (4, 4), or None
        In m; x right, y down, z forward in the camera.
    """

    name: str
    size: tuple[int, int] | None = None
    matrix: NDArray | None = None
    distortion: NDArray | None = None
    fisheye: bool = False
    cam_from_world: NDArray | None = None

    def missing(self) -> tuple[str, ...]:
        """Names of what is unknown."""
        parts = {"size": self.size, "matrix": self.matrix, "distortions": self.distortion, "pose": self.cam_from_world}
        return tuple(name for name, value in parts.items() if value is None)


@dataclass(frozen=True, eq=False)
class RigParts:
    """Cameras as a file gives them, with what has to be told of the reading.

    Attributes
    ----------
    cameras : tuple of CameraParts
    metadata : mapping
        As in `CameraRig`.
    notes : tuple of str
        What was left out, fitted or assumed.
    covariance : ndarray or None
        As in `CameraRig`.
    """

    cameras: tuple[CameraParts, ...]
    metadata: Mapping[str, str | float | int | bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    covariance: NDArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def complete(self, what: str) -> CameraRig:
        """Return the rig, or say what is missing of it.

        Parameters
        ----------
        what : str
            Name of the file, for the error.

        Raises
        ------
        FormatError
            CALIBRATION_INCOMPLETE, naming every camera and what it lacks; CALIBRATION_UNITS when the cameras are
            farther away or closer together than any lab; CALIBRATION_FORMAT, CALIBRATION_IMPLAUSIBLE.
        """
        gaps = [f"'{one.name}' lacks {', '.join(one.missing())}" for one in self.cameras if one.missing()]
        if gaps or not self.cameras:
            raise FormatError(
                f"{what}: {'; '.join(gaps) or 'no camera'}.",
                "Take lenses and poses from two files (--extrinsics-from), and give the size of the image (--size).",
                code="CALIBRATION_INCOMPLETE",
            )
        check_units(self.cameras, what)
        for one in self.cameras:
            check_principal_point(one, what)
        try:
            cameras = [_camera(one) for one in self.cameras]
            return CameraRig(tuple(cameras), self.metadata, self.covariance)
        except MocapError as error:
            raise FormatError(f"{what}: {error.cause}", error.remedy, code="CALIBRATION_FORMAT") from error


def parts_of(rig: CameraRig) -> RigParts:
    """Return a whole rig as parts."""
    cameras = [CameraParts(c.name, c.size, c.matrix, c.distortion, c.fisheye, c.cam_from_world) for c in rig]
    return RigParts(tuple(cameras), rig.metadata, (), rig.covariance)


def _camera(one: CameraParts) -> Camera:
    assert one.size is not None and one.matrix is not None
    assert one.distortion is not None and one.cam_from_world is not None
    return Camera(one.name, one.size, one.matrix, one.distortion, one.cam_from_world, one.fisheye)


def check_units(cameras: tuple[CameraParts, ...], what: str) -> None:
    """Refuse rigs of a size that only a mistaken unit gives.

    Raises
    ------
    FormatError
        CALIBRATION_UNITS
    """
    poses = np.array([one.cam_from_world for one in cameras if one.cam_from_world is not None]).reshape(-1, 4, 4)
    centres = -np.einsum("cji,cj->ci", poses[:, :3, :3], poses[:, :3, 3])
    if not len(centres):
        return
    farthest = float(np.linalg.norm(poses[:, :3, 3], axis=1).max())
    spread = float(np.linalg.norm(centres - centres[0], axis=1).max())
    if farthest > MAX_DISTANCE_M or (len(centres) > 1 and spread < MIN_SPREAD_M):
        raise FormatError(
            f"{what}: in the stated unit the cameras are up to {farthest:.4g} m from the origin and {digits(spread)} m "
            f"from each other.",
            "State the unit of the file's lengths with --units (m, cm, mm or in).",
            code="CALIBRATION_UNITS",
        )


def check_principal_point(one: CameraParts, what: str) -> None:
    """Refuse a principal point outside of the image.

    Raises
    ------
    FormatError
        CALIBRATION_IMPLAUSIBLE
    """
    if one.size is None or one.matrix is None:
        return
    centre = one.matrix[:2, 2]
    if not ((centre >= 0) & (centre <= np.array(one.size))).all():
        raise FormatError(
            f"{what}: camera '{one.name}': the principal point ({centre[0]:.5g}, {centre[1]:.5g}) px is outside the "
            f"image of {one.size[0]} x {one.size[1]} px.",
            "Check that size and matrix belong to the same, unrotated resolution.",
            code="CALIBRATION_IMPLAUSIBLE",
        )
