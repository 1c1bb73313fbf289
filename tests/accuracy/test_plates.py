"""Plates from rendered images, with motion blur and noise, to their rotation and to pelvic tilt, against the truth.

Two bounds are held. That of isotropic points, Cov(theta) = sigma^2 (sum(|r|^2 I - r r^T))^-1, takes for sigma what the
triangulated corners are off the truth, per axis. The Cramer-Rao bound of the pose takes for the noise of each camera
what its detected corners are off the truth, u and v, bias included. Neither uses anything that the fit says of itself.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calibration.camera import CameraRig
from calibration.rigid import apply
from calibration.synthetic import RenderOptions, ring_rig
from calibration.triangulation import triangulate
from mocap.config.plates import Plate, read_plates
from mocap.keypoints.plates import TrackingOptions, make_plate_detector
from mocap.kinematics import joint_angles
from mocap.reconstruction.rigid import PlatePoses, rigid_plate_poses
from mocap.reconstruction.rigid_fit import Sights, linearised
from mocap.reconstruction.rigid_points import cluster_points
from mocap.synthetic import SyntheticTrial, default_subject, faced, squat, static_standing
from mocap.synthetic.plates import (
    SACRAL_SLOPE,
    Exposure,
    exposed_poses,
    render_plates,
    segment_from_plate,
    visible_tags,
)
from mocap.trial import Keypoints2D, Points3D

RATE = 50.0
PELVIS = ("RASIS", "LASIS", "RPSIS", "LPSIS")


@dataclass(frozen=True, eq=False)
class Seen:
    """Detected corners with the true poses."""

    keypoints: Keypoints2D
    world_from_plate: np.ndarray


def rig_of_four() -> CameraRig:
    return ring_rig(4, 0, size=(1920, 1080), radius_m=3.0)


def filmed(trial: SyntheticTrial, frames: np.ndarray, plate: Plate, rig: CameraRig, crf: int | None = None) -> Seen:
    """Render the plate on the pelvis with an exposure of 6 ms, and detect it; both ends are those of users."""
    return filmed_at(trial, frames, plate, rig, (crf,))[0]


def filmed_at(
    trial: SyntheticTrial, frames: np.ndarray, plate: Plate, rig: CameraRig, crfs: tuple[int | None, ...]
) -> list[Seen]:
    """The same in several qualities of H.264; None leaves the images as they are."""
    segments = trial.segments
    pelvis = segments.world_from_segment[:, segments.names.index("pelvis")]
    poses = pelvis @ segment_from_plate("pelvis", slope=SACRAL_SLOPE)
    exposed = exposed_poses(poses, RATE, Exposure(0.006, 5))[frames]
    pixels = np.full((len(crfs), len(rig), len(frames), len(plate.keypoint_names), 2), np.nan)
    confidence = np.zeros(pixels.shape[:4])
    for place, camera in enumerate(rig):
        if not visible_tags(camera, plate, poses[frames]).any():
            continue
        options = RenderOptions(noise=3.0, blur_px=0.7)
        images = [render_plates(camera, (plate,), moments[:, None], [place, int(frame)], options)
                  for frame, moments in zip(frames, exposed, strict=True)]  # fmt: skip
        for way, crf in enumerate(crfs):
            # Frames far apart in time show nothing to follow.
            detector = make_plate_detector((plate,), camera.size, TrackingOptions(enabled=frames[1] - frames[0] <= 2))
            for row, image in enumerate(images if crf is None else compressed(images, crf)):
                found = detector.detect(image)
                if len(found.pixels):
                    pixels[way, place, row], confidence[way, place, row] = found.pixels[0], found.confidence[0]
    return [Seen(Keypoints2D(p, c, plate.keypoint_names, RATE), poses[frames])
            for p, c in zip(pixels, confidence, strict=True)]  # fmt: skip


def compressed(images: list[np.ndarray], crf: int) -> Iterator[np.ndarray]:
    """Write a video to memory, and read it."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=int(RATE), options={"crf": str(crf), "preset": "veryfast"})
        stream.height, stream.width = images[0].shape
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="gray")


def rotation_errors(found: PlatePoses, truth: np.ndarray) -> np.ndarray:
    turn = found.world_from_plate[:, :3, :3] @ np.swapaxes(truth[:, :3, :3], 1, 2)
    return np.asarray(Rotation.from_matrix(turn).as_rotvec())


def point_bound(seen: Seen, rig: CameraRig, plate: Plate) -> float:
    """Root mean square rotation, rad, that independent isotropic points as noisy as the triangulated ones leave."""
    truth = apply(seen.world_from_plate[:, None], plate.corners_plate.reshape(-1, 3))
    sigma = np.sqrt(np.nanmean((triangulate(rig, seen.keypoints.pixels) - truth) ** 2))
    arm = plate.corners_plate.reshape(-1, 3) - plate.corners_plate.mean(axis=(0, 1))
    inertia = np.einsum("ki,ki->", arm, arm) * np.eye(3) - arm.T @ arm
    return float(sigma * np.sqrt(np.trace(np.linalg.inv(inertia))))


def pixel_bound(seen: Seen, rig: CameraRig, plate: Plate) -> float:
    """The same by the Cramer-Rao bound of the pose from corners as noisy as each camera's detected ones."""
    body = plate.corners_plate.reshape(-1, 3)
    used = np.isfinite(seen.keypoints.pixels[..., 0])
    off = seen.keypoints.pixels - rig.project(apply(seen.world_from_plate[:, None], body))
    variance = np.array([np.mean(one[mask] ** 2) if mask.any() else 1.0 for one, mask in zip(off, used, strict=True)])
    sights = Sights(seen.keypoints.pixels, np.broadcast_to(variance[:, None, None], used.shape), used)
    normal = linearised(rig, body, seen.world_from_plate, sights).normal().sum(axis=0)
    return float(np.sqrt(np.einsum("tii->t", np.linalg.inv(normal)[:, :3, :3]).mean()))


def deep_squat() -> SyntheticTrial:
    # Two of the four cameras look at the back from either side.
    return faced(squat(default_subject(), 1, depth=0.55, wink_deg=15.0, rate_hz=RATE), np.pi / 4, (0.0, 0.0, 0.0))


def check_rotation(preset: str, frames: np.ndarray, least: int) -> None:
    plate, rig = read_plates(preset).plate[0], rig_of_four()
    seen = filmed(deep_squat(), frames, plate, rig)
    found = rigid_plate_poses(seen.keypoints, rig, plate)
    assert found.observable.sum() >= least
    rms = float(np.sqrt((rotation_errors(found, seen.world_from_plate) ** 2).sum(axis=1).mean()))
    by_points, by_pixels = point_bound(seen, rig, plate), pixel_bound(seen, rig, plate)
    stated = float(np.sqrt(np.einsum("tii->t", found.covariance[:, :3, :3]).mean()))
    told = f"{preset}: {np.rad2deg([rms, by_points, by_pixels, stated])} deg"
    assert rms <= 1.2 * by_points, told
    assert rms <= 1.2 * by_pixels, told
    # What is said of the error is neither half nor twice of it.
    assert 0.5 <= rms / stated <= 1.5, told


def test_rotation_of_a_plate_reaches_the_bound() -> None:
    # Measured over the squat, 60 mm: 0.077 deg, bounds 0.097 (points) and 0.087 (pixels), stated 0.084; 120 mm,
    # in 20 frames of it: 0.022 deg, bounds 0.023 and 0.023, stated 0.022.
    check_rotation("sacrum_60", np.arange(40, 160, 17), 8)


@pytest.mark.heavy
@pytest.mark.parametrize("preset", ["sacrum_60", "sacrum_120"])
def test_rotation_of_a_plate_reaches_the_bound_through_a_squat(preset: str) -> None:
    check_rotation(preset, np.arange(20, 220, 2), 100)


@pytest.mark.heavy
@pytest.mark.parametrize(("preset", "first"), [("sacrum_60", 20), ("sacrum_60", 60), ("sacrum_120", 60)])
def test_compressed_video_leaves_the_stated_error_true(preset: str, first: int) -> None:
    crfs = (None, 18, 23, 28)
    plate, rig = read_plates(preset).plate[0], rig_of_four()
    told = []
    for crf, seen in zip(crfs, filmed_at(deep_squat(), np.arange(first, first + 80), plate, rig, crfs), strict=True):
        found = rigid_plate_poses(seen.keypoints, rig, plate)
        off = rotation_errors(found, seen.world_from_plate)[found.observable]
        stated = np.einsum("tii->t", found.covariance[:, :3, :3])[found.observable]
        rms, sd = np.rad2deg([np.sqrt((off**2).sum(axis=1).mean()), np.sqrt(stated.mean())])
        told.append((crf, round(rms, 3), round(rms / sd, 2), found.said()))
    print(told)
    # Measured RMS in deg and its ratio to the stated sd, without compression and at crf 18, 23, 28:
    # 60 mm, frames 20 to 100: 0.070 (0.87), 0.125 (0.79), 0.204 (0.82), 0.350 (1.00);
    # 60 mm, frames 60 to 140: 0.084 (1.02), 0.200 (1.17), 0.220 (0.80), 0.400 (0.79);
    # 120 mm, frames 60 to 140: 0.022 (1.11), 0.075 (1.12), 0.115 (0.94), 0.162 (0.87).
    # One lag is one draw for all frames of a film; over 13 films of both plates and other seeds, pooled: 1.01, 1.03,
    # 0.91, 0.97 (0.70 to 1.38 each); with the lags of cameras taken as independent 1.01, 1.15, 1.06, 1.12, to 1.70.
    # Without what is taken out of late turning: 60 mm 0.190 (1.30) at crf 18, 120 mm 0.275 (1.98) at crf 28.
    # Frames in a row err alike, so 80 of them tell a ratio to about 0.1 of itself.
    assert all(0.7 <= ratio <= 1.25 for _, _, ratio, _ in told), told
    assert np.mean([ratio for _, _, ratio, _ in told]) == pytest.approx(1.0, abs=0.15), told


def check_tilt(trial_frames: np.ndarray, static_frames: np.ndarray) -> None:
    plate, rig, trial = read_plates("sacrum_60").plate[0], rig_of_four(), deep_squat()
    standing = faced(static_standing(default_subject(), rate_hz=RATE), np.pi / 4, (0.0, 0.0, 0.0))
    clusters = []
    for recording, frames in ((standing, static_frames), (trial, trial_frames)):
        poses = rigid_plate_poses(filmed(recording, frames, plate, rig).keypoints, rig, plate)
        clusters.append(cluster_points(poses))
    known = [standing.points.names.index(name) for name in PELVIS]
    position = np.concatenate([clusters[0].position, standing.points.position[static_frames][:, known]], axis=1)
    static = Points3D(position, clusters[0].names + PELVIS, RATE)
    angles = joint_angles(clusters[1], "landmarks", static=static)
    assert angles.definition("pelvic_tilt").observable
    assert "sacral plate" in angles.definition("pelvic_tilt").method
    off = angles.deg("pelvic_tilt") - trial.truth_deg("pelvic_tilt")[trial_frames]
    assert np.isfinite(off).all()
    assert np.ptp(trial.truth_deg("pelvic_tilt")[trial_frames]) > 20.0
    assert np.sqrt(np.mean(off**2)) <= 0.2  # the requirement is 0.5 deg


def test_pelvic_tilt_from_pixels() -> None:
    # Measured: 0.14 deg, with a static of two frames.
    check_tilt(np.arange(40, 160, 25), np.arange(0, 30, 15))


@pytest.mark.heavy
def test_pelvic_tilt_from_pixels_through_a_deep_squat() -> None:
    # Measured: 0.09 deg RMS, 0.21 deg at most.
    check_tilt(np.arange(20, 220, 2), np.arange(0, 60, 4))
