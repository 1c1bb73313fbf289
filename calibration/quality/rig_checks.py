"""What a small reprojection error cannot show: mirror, gravity, scale, floor, doubled cameras, image size."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.observations import BoardObservations
from calibration.quality.judgement import CameraVerdict, Check, Limit, graded
from calibration.scale import ScaleResult
from calibration.views import mirrored_views
from calibration.world.frame import WorldFrame

_NONE = float("nan")
_MIRRORED = Limit(2, 50, "%", "views that show the board mirrored",
                  "Switch off the mirror option of the recording software, or flip the video back.")  # fmt: skip
_GRAVITY = Limit(0.3, 1.0, "deg", "gravity known to (1 sd)",
                 "Lay the board on the floor in several places, nearer to the cameras.")  # fmt: skip
_SAME = Limit(1.0, 0.02, "px", "smallest median difference between the footage of two cameras",
              "Give each camera its own video; a file was probably copied or named twice.")  # fmt: skip
_APART = Limit(0.10, 0.01, "m", "smallest distance between two cameras",
               "Two cameras in one place add nothing; check that no video was given twice.")  # fmt: skip
_ABOVE = Limit(0.05, 0.0, "m", "height of the lowest camera above the floor",
               "Check that the board lay on the floor, printed side up, in the frames named.")  # fmt: skip
_CENTRE = Limit(4, 15, "%", "largest offset of a principal point from the middle, of the image's longer side",
                "Check that the footage is not cropped and that its size is the camera's own.")  # fmt: skip
_SQUARE = Limit(1, 3, "%", "largest difference between fx and fy", "Check that the footage was not stretched.")


def rig_checks(
    rig: CameraRig,
    world: WorldFrame,
    observations: BoardObservations,
    scale: ScaleResult,
    footage_sizes: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[Check, ...]:
    """Return the checks of a whole rig.

    Parameters
    ----------
    rig : CameraRig
        In its world.
    world : WorldFrame
    observations : BoardObservations
        All that was detected, as it was given to the calibration.
    scale : ScaleResult
        What the size of the rig rests on.
    footage_sizes : mapping of str to (int, int), optional
        Width and height of the footage of each camera, px, as the files have them.
    """
    doubles = doubles_checks(rig, observations.pixels)
    checks = (_mirror(observations), *world_checks(rig, world), _scale(scale), *doubles)
    return (*checks, _image_size(rig, footage_sizes), *lens_checks(rig))


def lens_checks(rig: CameraRig) -> tuple[Check, ...]:
    """Return the checks of principal points and of the shape of pixels."""
    offsets = [
        100 * np.abs(camera.matrix[:2, 2] - (np.array(camera.size) - 1) / 2).max() / max(camera.size) for camera in rig
    ]
    stretch = [100 * abs(camera.matrix[0, 0] / camera.matrix[1, 1] - 1) for camera in rig]
    return (_CENTRE.judge("principal_point", max(offsets)), _SQUARE.judge("square_pixels", max(stretch)))


def _mirror(observations: BoardObservations) -> Check:
    board = observations.board
    if len(board.faces) > 1:
        return Check("mirror", "ok", _NONE, _NONE, _NONE, "", "mirrored images show as another object")
    views = observations.views()
    mirrored = np.zeros_like(views)
    for camera, pixels in enumerate(observations.pixels):
        mirrored[camera] = mirrored_views(pixels, board.corners_board)
    share = 100 * (mirrored & views).sum(axis=1) / np.maximum(views.sum(axis=1), 1)
    return _MIRRORED.judge("mirror", float(share.max()))


def world_checks(rig: CameraRig, world: WorldFrame) -> tuple[Check, ...]:
    """Return the checks of gravity and of the floor of a world; of gravity alone where it is unknown."""
    return (_gravity(world), *_floor(rig, world))


def _gravity(world: WorldFrame) -> Check:
    if not world.gravity_known:
        return Check(
            "gravity", "warn", _NONE, _GRAVITY.ok, _GRAVITY.fail, "deg", "gravity is unknown: no floor was given",
            "Name the frames in which the board lies on the floor; angles against gravity are not observable without.",
        )  # fmt: skip
    return _GRAVITY.judge("gravity", world.gravity_sd_deg)


def _floor(rig: CameraRig, world: WorldFrame) -> list[Check]:
    if not world.gravity_known:
        return []
    checks = [_ABOVE.judge("above_floor", min(float(camera.centre_world[2]) for camera in rig))]
    if np.isfinite(world.residual):
        limit = (5.0, 20.0) if world.residual_unit == "mm" else (0.5, 2.0)
        meaning = f"disagreement of the world's source with itself ({world.residual_meaning})"
        remedy = "Check that the floor is level and that board or landmarks were measured right."
        checks.append(Limit(*limit, world.residual_unit, meaning, remedy).judge("world_residual", world.residual))
    return checks


def _scale(scale: ScaleResult) -> Check:
    if scale.findings:
        off = 100 * max(abs(value) for value in scale.residuals.values())
        return Check("scale", "fail", off, _NONE, _NONE, "%", "; ".join(scale.findings) + "; off the common scale by",
                     "Measure the board's squares and the other length again.")  # fmt: skip
    if len(scale.residuals) == 1:
        return Check("scale", "warn", _NONE, _NONE, _NONE, "",
                     f"scale rests on {next(iter(scale.residuals))} alone: an error of its print goes unseen",
                     "Measure ten squares with a ruler, or give a second length (wand, tape).")  # fmt: skip
    if scale.notes:
        return Check("scale", "warn", 100 * scale.sd, _NONE, _NONE, "%", "; ".join(scale.notes) + "; sd of the scale",
                     "Measure both lengths again.")  # fmt: skip
    return Check("scale", "ok", 100 * scale.sd, _NONE, _NONE, "%", f"{len(scale.residuals)} sources agree; sd")


def doubles_checks(rig: CameraRig, pixels: NDArray) -> list[Check]:
    """Return the checks for one camera given twice; `pixels` as `closest_footage` takes them."""
    if len(rig) < 2:
        return []
    centres = np.stack([camera.centre_world for camera in rig])
    apart = np.linalg.norm(centres[:, None] - centres, axis=-1)[np.triu_indices(len(rig), 1)]
    answer = [_APART.judge("cameras_apart", float(apart.min()))]
    difference = closest_footage(pixels)
    return [*answer, _SAME.judge("same_footage", difference)] if np.isfinite(difference) else answer


def closest_footage(pixels: NDArray) -> float:
    """Return the smallest median difference of corners, px, between two cameras; NaN when no pair shares corners.

    Parameters
    ----------
    pixels : ndarray, shape (camera, frame, corner, 2)
    """
    smallest = float("nan")
    for one in range(len(pixels)):
        for other in range(one + 1, len(pixels)):
            off = np.linalg.norm(pixels[one] - pixels[other], axis=-1)
            off = off[np.isfinite(off)]
            if len(off):
                smallest = float(np.fmin(smallest, np.median(off)))
    return smallest


def _image_size(rig: CameraRig, footage_sizes: Mapping[str, tuple[int, int]] | None) -> Check:
    if footage_sizes is None:
        return Check("image_size", "ok", _NONE, _NONE, _NONE, "", "image sizes are those of the detected corners")
    wrong = [
        f"{camera.name} is {camera.size[0]} x {camera.size[1]} px, its footage "
        f"{footage_sizes[camera.name][0]} x {footage_sizes[camera.name][1]} px"
        for camera in rig
        if camera.name in footage_sizes and tuple(footage_sizes[camera.name]) != camera.size
    ]
    if wrong:
        return Check("image_size", "fail", float(len(wrong)), 0.0, 0.0, "cameras", "; ".join(wrong) + ";",
                     "Calibrate with footage of the size that will be recorded.")  # fmt: skip
    return Check("image_size", "ok", 0.0, 0.0, 0.0, "cameras", "cameras whose image size is not that of the footage")


def with_rig_checks(verdict: CameraVerdict, checks: Sequence[Check]) -> CameraVerdict:
    """Return the verdict on a camera with what checks of its whole rig say of it: it is no better than they are."""
    own = tuple(part for check in checks for name, part in check.of_cameras if name == verdict.name)
    return CameraVerdict(verdict.name, *graded((*verdict.checks, *own)), (*verdict.checks, *own)) if own else verdict
