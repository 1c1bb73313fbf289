"""What a camera should have seen of a person: the labels of one camera over chosen frames."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from calibration import Camera
from mocap.export.dataset.bodies import Body, body_of, heading_of
from mocap.export.dataset.occlusion import hidden
from mocap.export.dataset.projection import inside, largest_sd, on_lens, seen_by
from mocap.schema import Status
from mocap.trial import Keypoints2D, Points3D, Segments

OUTSIDE, HIDDEN, VISIBLE = 0, 1, 2
"""As COCO has it: not labelled; labelled, but not to be seen; to be seen."""
VIEWS = ("front", "left", "back", "right", "unknown")
_LEAST_CONFIDENCE = 0.3
_MARGIN = 0.05  # of a box around points alone, of their extent


@dataclass(frozen=True)
class LabelLimits:
    """Below which quality a point is not labelled.

    Attributes
    ----------
    max_sigma_px : float
        Greatest standard deviation of a label in the picture.
    least_points : int
        Labelled points in a picture, below which it is left out.
    """

    max_sigma_px: float = 10.0
    least_points: int = 4


@dataclass(frozen=True, eq=False)
class Course:
    """A person over chosen frames of a trial, for any camera.

    Attributes
    ----------
    frames : ndarray of int, shape (n,)
        Of the trial.
    position, velocity : ndarray, shape (n, keypoint, 3)
        World, m and m/s.
    covariance : ndarray, shape (n, keypoint, 3, 3)
        Of the position, with what the calibration adds; NaN where unknown.
    status : ndarray of uint8, shape (n, keypoint)
    body : Body
    heading : ndarray, shape (n, 2)
    """

    frames: NDArray
    position: NDArray
    velocity: NDArray
    covariance: NDArray
    status: NDArray
    body: Body
    heading: NDArray


@dataclass(frozen=True, eq=False)
class ViewLabels:
    """Labels of one camera.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Of the course that they were made of.
    frames, pictures : ndarray of int, shape (n,)
        Of the trial, and of the camera's footage.
    picture_offset_s : ndarray, shape (n,)
        When the picture was taken, after the time of the frame; the points are those of that instant.
    pixel : ndarray, shape (n, keypoint, 2)
        Also outside of the picture; NaN where there is no label.
    covariance_px : ndarray, shape (n, keypoint, 2, 2)
    world, cam : ndarray, shape (n, keypoint, 3)
        Metres.
    visibility : ndarray of uint8, shape (n, keypoint)
        `OUTSIDE`, `HIDDEN`, `VISIBLE`.
    hidden : ndarray of bool, shape (n, keypoint)
        By geometry: the body is in the line of sight.
    detected : ndarray of bool, shape (n, keypoint)
        The camera's own detection is there.
    detection_px : ndarray, shape (n, keypoint)
        Distance of that from the label.
    status : ndarray of uint8, shape (n, keypoint)
    box : ndarray, shape (n, 4)
        Left, top, width, height in px.
    azimuth_deg : ndarray, shape (n,)
        Of the camera, seen from the person: 0 in front, 90 left, 180 behind.
    """

    rows: NDArray
    frames: NDArray
    pictures: NDArray
    picture_offset_s: NDArray
    pixel: NDArray
    covariance_px: NDArray
    world: NDArray
    cam: NDArray
    visibility: NDArray
    hidden: NDArray
    detected: NDArray
    detection_px: NDArray
    status: NDArray
    box: NDArray
    azimuth_deg: NDArray

    @property
    def view(self) -> NDArray:
        """One of `VIEWS` for each frame."""
        return views_of(self.azimuth_deg)

    def chosen(self, keep: NDArray) -> "ViewLabels":
        """Return some of the frames."""
        return replace(self, **{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of one camera's pictures of the chosen frames.

    Attributes
    ----------
    pictures : ndarray of int, shape (n,)
        -1 where the camera took none.
    offset_s : ndarray, shape (n,)
    detected : ndarray, shape (n, keypoint, 2)
        Pixels; NaN where nothing was detected.
    """

    pictures: NDArray
    offset_s: NDArray
    detected: NDArray = field(repr=False)


def course_of(points: Points3D, segments: Segments | None, frames: NDArray) -> Course:
    """Return a person over chosen frames; what was rejected is missing."""
    sound = (points.status & Status.REJECTED) == 0
    whole = np.where(sound[..., None], points.position, np.nan)
    near = np.clip(frames[:, None] + np.array([-1, 1]), 0, len(whole) - 1)
    step_s = np.maximum(near[:, 1] - near[:, 0], 1)[:, None, None] / points.rate_hz
    position = whole[frames]
    covariance = np.asarray(points.covariance[frames], float)
    if points.calibration_covariance is not None:
        covariance = covariance + points.calibration_covariance[frames]
    parts = None if segments is None else replace(
        segments, world_from_segment=segments.world_from_segment[frames], measures=(),
        frame_reason=segments.frame_reason[frames],
    )  # fmt: skip
    body = body_of(position, points.names, parts)
    return Course(
        frames, position, (whole[near[:, 1]] - whole[near[:, 0]]) / step_s, covariance, points.status[frames], body,
        heading_of(body, parts),
    )  # fmt: skip


def seen_points(keypoints: Keypoints2D | None, camera: int, names: tuple[str, ...], frames: NDArray) -> NDArray:
    """Return where a camera detected points, shape (n, keypoint, 2), in the order of `names`; NaN where it did not."""
    found = np.full((len(frames), len(names), 2), np.nan)
    if keypoints is not None:
        place = {name: k for k, name in enumerate(keypoints.names)}
        for k, name in enumerate(names):
            if name in place:
                sure = keypoints.confidence[camera, frames, place[name]] >= _LEAST_CONFIDENCE
                found[:, k] = np.where(sure[:, None], keypoints.pixels[camera, frames, place[name]], np.nan)
    return found


def view_labels(camera: Camera, course: Course, seen: Seen, limits: LabelLimits) -> ViewLabels:
    """Return the labels of a camera: of every chosen frame of which it took a picture that shows enough points.

    Where a picture was taken beside the time of its frame, the points are moved along at their speed; a point whose
    speed is not known is then not labelled.
    """
    moved = seen.offset_s[:, None, None]
    world = course.position + np.where(moved == 0, 0.0, course.velocity * moved)
    pixel, cam, covariance_px = seen_by(camera, world, course.covariance)
    sigma = largest_sd(covariance_px)
    sharp = ~(sigma > limits.max_sigma_px)
    labelled = np.isfinite(pixel).all(axis=2) & sharp & inside(pixel, camera.size)
    labelled[labelled] = on_lens(camera, pixel[labelled], cam[labelled])
    behind = hidden(course.body, camera.centre_world, world)
    apart = np.linalg.norm(seen.detected - pixel, axis=2)
    detected = np.isfinite(seen.detected).all(axis=2)
    visibility = np.where(labelled, np.where(detected & ~behind, VISIBLE, HIDDEN), OUTSIDE).astype(np.uint8)
    box = _boxes(camera, course.body, np.where(labelled[..., None], pixel, np.nan))
    made = ViewLabels(
        np.arange(len(course.frames)), course.frames, seen.pictures, seen.offset_s,
        np.where(sharp[..., None], pixel, np.nan), covariance_px, world, cam, visibility, behind & labelled,
        detected, apart, course.status, box, azimuth_deg(camera, course),
    )  # fmt: skip
    return made.chosen((seen.pictures >= 0) & (labelled.sum(axis=1) >= limits.least_points))


def views_of(azimuth: NDArray) -> NDArray:
    """Return one of `VIEWS` for each azimuth in degrees."""
    quarter = np.where(np.isfinite(azimuth), np.round(np.nan_to_num(azimuth) / 90) % 4, 4)
    return np.array(VIEWS, object)[quarter.astype(int)]


def azimuth_deg(camera: Camera, course: Course) -> NDArray:
    """Return where a camera is, shape (n,) in deg, seen from the person: 0 in front, 90 left, 180 behind."""
    known = np.isfinite(course.position[..., 0])
    with np.errstate(invalid="ignore"):
        middle = np.nansum(course.position, axis=1)[:, :2] / known.sum(axis=1)[:, None]
    to_camera, ahead = camera.centre_world[:2] - middle, course.heading
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return np.rad2deg(np.arctan2((to_camera * left).sum(axis=1), (to_camera * ahead).sum(axis=1)))


def _boxes(camera: Camera, body: Body, labelled: NDArray) -> NDArray:
    """Return boxes around the labelled points and the limbs, within the picture."""
    low, high = np.fmin.reduce(labelled, axis=1), np.fmax.reduce(labelled, axis=1)
    if len(body.radii):
        ends = body.ends.reshape(len(body.ends), -1, 3)
        pixel, cam, _ = seen_by(camera, ends, np.zeros((3, 3)))
        with np.errstate(invalid="ignore", divide="ignore"):
            reach = np.repeat(body.radii, 2) * camera.matrix[0, 0] / cam[..., 2]
        # Far outside of the picture a lens model says nothing; the labelled points then tell alone.
        near = inside(pixel, camera.size)
        reach = np.where(near, reach, np.nan)[..., None]
        low = np.fmin(low, np.fmin.reduce(pixel - reach, axis=1))
        high = np.fmax(high, np.fmax.reduce(pixel + reach, axis=1))
    else:
        low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
    low, high = np.maximum(low, 0), np.minimum(high, np.array(camera.size) - 1)
    return np.concatenate([low, high - low], axis=1)
