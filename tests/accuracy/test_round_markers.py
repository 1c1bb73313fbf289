"""Round markers from rendered images: centres and labels over a squat, among lamps, writing and other round spots."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.keypoints.markers import BlobOptions, GivenLabels, MarkerTemplate, label_markers, make_blob_finder
from mocap.synthetic import default_subject, squat
from mocap.synthetic.disc_scene import marker_scene
from mocap.synthetic.discs import DiscCamera, DiscImageOptions, disc_truth

_OPTIONS = BlobOptions(min_radius_px=1.0, max_radius_px=9.0)


def scene_of(frames, rate_hz):
    trial = squat(default_subject(seed=1), repetitions=1, rate_hz=rate_hz)
    whole = marker_scene(trial, radius_m=0.010)
    scene = replace(
        whole, centre_world=whole.centre_world[frames], normal_world=whole.normal_world[frames],
        limb_world=whole.limb_world[frames],
    )  # fmt: skip
    return scene, MarkerTemplate(whole.names[: whole.n_markers], whole.centre_world[0, : whole.n_markers])


def spots_in(scene, rig):
    spots = []
    for index, camera in enumerate(rig):
        view = DiscCamera(scene, camera, DiscImageOptions(exposure_s=0.004), seed=100 + index)
        finder = make_blob_finder(_OPTIONS)
        spots.append([finder.detect(view.image(frame)) for frame in range(scene.n_frames)])
    return spots


def errors_and_right(labels, truth, scene):
    """Errors of all labelled centres, px, and the share whose nearest disc that faces the camera is their own."""
    m = scene.n_markers
    there = labels.spot >= 0
    offset = labels.keypoints.pixels[:, :, :, None] - truth.pixels[:, :, None]
    distance = np.where((truth.facing > 0)[:, :, None], np.linalg.norm(offset, axis=-1), np.inf)
    nearest = np.where(there[..., None], distance, np.inf).argmin(axis=-1)
    right = there & (nearest == np.arange(m))
    error = labels.keypoints.pixels - truth.pixels[:, :, :m]
    return error[right], right.sum() / there.sum()


@pytest.mark.heavy
@pytest.mark.xfail(reason='spots at the edge of a limb are flagged as merged: too few are left to find the person')
def test_centres_and_labels_over_a_squat():
    scene, template = scene_of(slice(None), 40.0)
    rig = ring_rig(5, seed=2, size=(1280, 960), radius_m=2.8, target_m=0.9)
    labels = label_markers(spots_in(scene, rig), rig, template, 40.0)
    error, right = errors_and_right(labels, disc_truth(scene, rig), scene)
    assert np.sqrt(np.mean(error**2)) <= 0.05
    assert right >= 0.99


def test_centres_and_labels_of_a_few_frames():
    scene, template = scene_of(slice(30, 34), 40.0)
    rig = ring_rig(10, seed=2, size=(1280, 960), radius_m=2.8, target_m=0.9).subset(["cam_9", "cam_0", "cam_1"])
    truth = disc_truth(scene, rig)
    seen = (truth.shown > 0.99) & (truth.facing > 0.4)
    given = np.where(seen[:, 0, : scene.n_markers, None], truth.pixels[:, 0, : scene.n_markers], np.nan)
    labels = label_markers(spots_in(scene, rig), rig, GivenLabels(0, template.names, given), 40.0)
    error, right = errors_and_right(labels, truth, scene)
    assert len(error) > 30  # 43
    assert np.sqrt(np.mean(error**2)) <= 0.05
    assert right >= 0.99
