"""Put calibrations together and hold them to the footage: lenses of one, poses of another, the size of the image."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calibration.camera import N_CAMERA, Camera, CameraRig
from calibration.errors import FormatError
from calibration.formats.parts import RigParts, parts_of

_OF_THE_WORLD = ("world", "gravity", "scale")
_ROUNDING_PX = 1.0  # 1280 x 720 becomes 854 x 480; but 1088 px wide images that are 1080 in the video were cut


def merge_rigs(intrinsics_rig: CameraRig, extrinsics_rig: CameraRig) -> CameraRig:
    """Return the lenses of one rig at the poses of another, matched by camera name.

    Parameters
    ----------
    intrinsics_rig : CameraRig
        Sizes, matrices, coefficients. It may hold cameras more than the other.
    extrinsics_rig : CameraRig
        Poses, order of the cameras, and all that is said of the world.

    Returns
    -------
    CameraRig
        Without a covariance: that of each was found with its own other half.

    Raises
    ------
    FormatError
        CALIBRATION_NAMES, listing the names of both.
    """
    return merge_parts(parts_of(intrinsics_rig), parts_of(extrinsics_rig)).complete("The merged calibration")


def merge_parts(intrinsics: RigParts, extrinsics: RigParts) -> RigParts:
    """As `merge_rigs`, for what files know in part: only what each gives is looked at."""
    lenses = {one.name: one for one in intrinsics.cameras if one.matrix is not None}
    posed = [one for one in extrinsics.cameras if one.cam_from_world is not None]
    absent = [one.name for one in posed if one.name not in lenses]
    if absent or not posed:
        raise FormatError(
            f"No lens is known for the cameras {absent or '(none with a pose)'}: lenses are of {sorted(lenses)}, poses "
            f"of {[one.name for one in posed]}.",
            "Give the same camera the same name in both calibrations.",
            code="CALIBRATION_NAMES",
        )
    cameras = tuple(replace(lenses[one.name], cam_from_world=one.cam_from_world,
                            size=lenses[one.name].size or one.size) for one in posed)  # fmt: skip
    _check_same_image(cameras, posed)
    unused = sorted(set(lenses) - {one.name for one in posed})
    notes = [*intrinsics.notes, *extrinsics.notes]
    notes += [f"lenses without a pose: {', '.join(unused)}"] if unused else []
    if intrinsics.covariance is not None or extrinsics.covariance is not None:
        notes.append("uncertainty of the cameras is left out: each half was found with another one")
    # What else a calibration says of itself, its verdict above all, is of lenses and poses together.
    world = {key: value for key, value in extrinsics.metadata.items() if key.startswith(_OF_THE_WORLD)}
    return RigParts(cameras, world, tuple(notes))


def _check_same_image(cameras: tuple, posed: list) -> None:
    differ = [f"{one.name}: {one.size[0]} x {one.size[1]} and {other.size[0]} x {other.size[1]}"
              for one, other in zip(cameras, posed, strict=True)
              if one.size and other.size and one.size != other.size]  # fmt: skip
    if differ:
        raise FormatError(
            f"Lenses and poses are of different images: {'; '.join(differ)} px.",
            "A pose goes with the lens it was found with: use calibrations of one resolution, or rescale one of them.",
            code="CALIBRATION_SIZE",
        )


def check_image_sizes(rig: CameraRig, sizes: Mapping[str, tuple[int, int]]) -> None:
    """Refuse a calibration that is not of this footage.

    Parameters
    ----------
    rig : CameraRig
    sizes : mapping of str to (width, height)
        Of the footage in px, by camera; cameras that are not named are not checked.

    Raises
    ------
    FormatError
        CALIBRATION_SIZE, naming both sizes of every camera that differs; CALIBRATION_NAMES for footage of a camera
        that the rig does not have.
    """
    _check_names(rig, sizes)
    wrong = [(camera, _pair(sizes[camera.name])) for camera in rig if camera.name in sizes]
    wrong = [(camera, size) for camera, size in wrong if camera.size != size]
    if wrong:
        told = "; ".join(f"{c.name} is calibrated at {c.size[0]} x {c.size[1]} px, its footage is {s[0]} x {s[1]} px"
                         for c, s in wrong)  # fmt: skip
        raise FormatError(f"{told}.", _remedy([(camera.size, size) for camera, size in wrong]), "CALIBRATION_SIZE")


def _check_names(rig: CameraRig, sizes: Mapping[str, tuple[int, int]]) -> None:
    strange = sorted(set(sizes) - set(rig.names))
    if strange:
        raise FormatError(
            f"Footage of {strange}, but the calibration has {list(rig.names)}.",
            "Name footage and cameras alike.",
            code="CALIBRATION_NAMES",
        )


def _pair(size: tuple[int, int]) -> tuple[int, int]:
    return int(size[0]), int(size[1])


def _remedy(pairs: list[tuple[tuple[int, int], tuple[int, int]]]) -> str:
    if all(size == footage[::-1] for size, footage in pairs):
        return "The images were turned by 90 degrees: turn them back, or calibrate with turned ones."
    if all(_same_shape(size, footage) for size, footage in pairs):
        return "If the footage is the same image made smaller or larger, rescale the calibration (--rescale)."
    return "The images were cropped or are of another camera: use uncropped footage, or calibrate again."


def _same_shape(size: tuple[int, int], footage: tuple[int, int]) -> bool:
    return abs(footage[0] - size[0] * footage[1] / size[1]) <= _ROUNDING_PX


def rescale_rig(rig: CameraRig, sizes: Mapping[str, tuple[int, int]]) -> CameraRig:
    """Return the rig for the same images made smaller or larger: an explicit wish, never a guess.

    Parameters
    ----------
    rig : CameraRig
    sizes : mapping of str to (width, height)
        New sizes by camera; others stay.

    Returns
    -------
    CameraRig
        Focal lengths and principal points scaled about the corner of the image (which is at -0.5 px), the covariance
        with them.

    Raises
    ------
    FormatError
        CALIBRATION_SIZE where width and height do not change by one factor, to 1 px: that is a crop or a turn.
    """
    _check_names(rig, sizes)
    unlike = {c.name: sizes[c.name] for c in rig if c.name in sizes and not _same_shape(c.size, sizes[c.name])}
    check_image_sizes(rig, unlike)
    cameras, scales = [], np.ones((len(rig), N_CAMERA))
    for index, camera in enumerate(rig):
        size = _pair(sizes.get(camera.name, camera.size))
        factor = np.array(size) / np.array(camera.size)
        scales[index, :4] = np.tile(factor, 2)
        matrix = camera.matrix.copy()
        matrix[:2, 2] += 0.5
        matrix[:2] *= factor[:, None]
        matrix[:2, 2] -= 0.5
        cameras.append(Camera(camera.name, size, matrix, camera.distortion, camera.cam_from_world, camera.fisheye))
    covariance = None
    if rig.covariance is not None:
        covariance = rig.covariance * scales[:, :, None, None] * scales
    told = dict(rig.metadata)
    if (scales != 1).any():
        told = {key: value for key, value in told.items() if not key.endswith("_px")}  # those were other pixels
    return CameraRig(tuple(cameras), told, covariance)
