"""Labels of spots whose markers are known: true projections of the synthetic person's discs, with noise."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.errors import KeypointError
from mocap.keypoints.markers import Blobs, GivenLabels, MarkerTemplate, label_markers
from mocap.keypoints.markers.blobs import joined
from mocap.keypoints.markers.rigidity import Rigidity, implausible
from mocap.keypoints.markers.template import register
from mocap.synthetic import Tempo, default_subject, squat
from mocap.synthetic.disc_scene import marker_scene
from mocap.synthetic.discs import disc_truth

_FRAMES = 40


def spots_at(pixels, rng):
    n = len(pixels)
    zero = np.zeros(n)
    noisy = pixels + rng.normal(0, 0.03, (n, 2))
    return Blobs(noisy, np.full((n, 2), 3.0), zero, zero + 100, zero + 1, zero, zero + 0.03, zero)


@pytest.fixture(scope="module")
def trial():
    trial = squat(default_subject(seed=1), repetitions=1, tempo=Tempo(), rate_hz=50.0)
    scene = marker_scene(trial, radius_m=0.01)
    rig = ring_rig(5, seed=2, size=(1280, 960), radius_m=2.8, target_m=0.9)
    short = type(scene)(
        scene.names, scene.centre_world[40 : 40 + _FRAMES], scene.normal_world[40 : 40 + _FRAMES], scene.radius_m,
        scene.limb_world[40 : 40 + _FRAMES], scene.limb_radius_m, scene.own_limb, scene.rate_hz,
    )  # fmt: skip
    truth = disc_truth(short, rig)
    rng = np.random.default_rng(0)
    seen = (truth.shown > 0.99) & (truth.facing > 0.3)
    order = [[rng.permutation(np.flatnonzero(seen[c, f])) for f in range(_FRAMES)] for c in range(len(rig))]
    spots = [[spots_at(truth.pixels[c, f, own], rng) for f, own in enumerate(row)] for c, row in enumerate(order)]
    return scene, rig, spots, order, seen


def shares(labels, order, n_markers, seen):
    """Share of the labels that are right, and of the visible markers that have theirs."""
    right = total = 0
    for c, f, marker in np.argwhere(labels.spot >= 0):
        total += 1
        right += order[c][f][labels.spot[c, f, marker]] == marker
    return right / total, right / seen[:, :, :n_markers].sum()


def test_a_squat_is_labelled_by_a_turned_template(trial):
    scene, rig, spots, order, seen = trial
    m = scene.n_markers
    turn = np.array([[np.cos(1.1), -np.sin(1.1), 0], [np.sin(1.1), np.cos(1.1), 0], [0, 0, 1]])
    template = MarkerTemplate(scene.names[:m], scene.centre_world[0, :m] @ turn.T + [0.3, 0.2, 0.0])
    labels = label_markers(spots, rig, template, 50.0)
    right, recall = shares(labels, order, m, seen)
    assert right >= 0.99
    assert recall > 0.75  # markers that one camera alone sees have no label
    spot_there = labels.spot >= 0
    assert np.array_equal(spot_there, np.isfinite(labels.keypoints.pixels[..., 0]))
    assert labels.unlabelled.sum() + spot_there.sum() == sum(len(own) for row in spots for own in row)


def test_labels_given_in_one_frame_are_followed_both_ways(trial):
    scene, rig, spots, order, seen = trial
    m, frame = scene.n_markers, 20
    pixels = np.full((len(rig), m, 2), np.nan)
    for c in range(len(rig)):
        for place, marker in enumerate(order[c][frame]):
            if marker < m:
                pixels[c, marker] = spots[c][frame].centre_px[place] + 1.5  # a hand is not exact
    labels = label_markers(spots, rig, GivenLabels(frame, scene.names[:m], pixels), 50.0)
    right, recall = shares(labels, order, m, seen)
    assert right >= 0.99 and recall > 0.7
    assert labels.start_frame == frame and "by hand" in labels.notes[0]


def test_the_markers_tell_whether_they_are_bright_or_dark(trial):
    """Bright lamps, more than there are markers and in every image, among dark markers."""
    scene, rig, spots, order, seen = trial
    rng, m = np.random.default_rng(6), scene.n_markers
    lamps = [rng.uniform(0, 900, (len(spots[c][0]) + 5, 2)) for c in range(len(rig))]
    both = []
    for own, row in zip(lamps, spots, strict=True):
        light = spots_at(own, rng)
        both.append([joined([light, replace(dark, contrast=-dark.contrast)]) for dark in row[:3]])
    labels = label_markers(both, rig, MarkerTemplate(scene.names[:m], scene.centre_world[0, :m]), 50.0)
    moved = [[np.concatenate([np.full(len(lamps[c]), -1), own]) for own in order[c]] for c in range(len(rig))]
    right, recall = shares(labels, moved, m, seen[:, :3])
    assert right >= 0.99 and recall > 0.7
    assert "among the dark spots" in labels.notes[1] and f"{3 * sum(map(len, lamps))} bright" in labels.notes[1]
    assert any("px from the projection" in note for note in labels.notes)


def test_a_template_of_something_else_is_refused(trial):
    scene, rig, spots, _, _ = trial
    strange = np.random.default_rng(3).uniform(0, 1.5, (20, 3))
    with pytest.raises(KeypointError, match="No frame shows") as refused:
        label_markers([row[:3] for row in spots], rig, MarkerTemplate(scene.names[:20], strange), 50.0)
    assert refused.value.code == "MARKERS_NOT_FOUND"
    with pytest.raises(KeypointError):
        label_markers(spots[:2], rig, MarkerTemplate(scene.names[:20], strange), 50.0)


def test_registration_tells_front_from_back(trial):
    scene, *_ = trial
    standing = scene.centre_world[0, : scene.n_markers]
    found = register(MarkerTemplate(scene.names[: scene.n_markers], standing), standing * [-1, -1, 1] + [1, 2, 0])
    assert found.clear and np.array_equal(found.point, np.arange(len(standing)))


def test_exchanged_rigid_markers_are_noticed():
    body = np.random.default_rng(4).uniform(0, 0.25, (6, 3))
    length = np.linalg.norm(body[:, None] - body[None], axis=-1)
    np.fill_diagonal(length, np.nan)
    assert not implausible(body, Rigidity(length), 0.02).any()
    swapped = body[[1, 0, 2, 3, 4, 5]]
    gone = implausible(swapped, Rigidity(length), 0.02)
    assert gone[[0, 1]].all() and not gone[2:].any()
