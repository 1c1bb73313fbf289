"""Spots against discs painted by counting sub-pixel samples, which shares nothing with the fitted model."""

import cv2
import numpy as np
import pytest

from mocap.errors import ConfigError, ShapeError
from mocap.keypoints.markers import MERGED, SINGLE, SPLIT, BlobOptions, find_blobs, link_blobs, make_blob_finder

_FINE = 8


def painted(shape, discs, noise=2.0, seed=0, level=60.0, contrast=150.0):
    """Discs as x, y, half axes, direction and the path during the exposure, px."""
    height, width = shape
    x, y = np.meshgrid((np.arange(width * _FINE) + 0.5) / _FINE - 0.5, (np.arange(height * _FINE) + 0.5) / _FINE - 0.5)
    image = np.zeros(shape)
    for instant in (np.arange(8) + 0.5) / 8 - 0.5:
        inside = np.zeros(x.shape, bool)
        for at_x, at_y, a, b, angle, path_x, path_y in discs:
            dx, dy = x - at_x - instant * path_x, y - at_y - instant * path_y
            u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
            inside |= (u / a) ** 2 + (v / b) ** 2 < 1
        image += inside.reshape(height, _FINE, width, _FINE).mean(axis=(1, 3)) / 8
    image = cv2.GaussianBlur(level + contrast * image, (0, 0), 0.8)
    noisy = image + np.random.default_rng(seed).normal(0, noise, shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("path_px", "limit"), [(0.0, 0.03), (6.0, 0.03)])
def test_centres_of_still_and_moving_discs(path_px, limit):
    rng = np.random.default_rng(1)
    errors, sds = [], []
    for seed in range(12):
        centre, a, turn = rng.uniform(20, 22, 2), rng.uniform(3, 7), rng.uniform(0, 2 * np.pi)
        disc = (*centre, a, a * rng.uniform(0.5, 1), rng.uniform(0, 3), path_px * np.cos(turn), path_px * np.sin(turn))
        found = find_blobs(painted((42, 42), [disc], seed=seed))
        assert found.kind.tolist() == [SINGLE]
        errors.append(found.centre_px[0] - centre)
        sds.append(found.sd_px[0])
    rms = np.sqrt(np.mean(np.square(errors)))
    assert rms < limit
    assert 0.4 < rms / np.sqrt(np.mean(np.square(sds))) < 2.0


def test_centres_lie_to_no_side():
    """Free of noise, of many sizes and shifts: the mean shows what scatter would hide."""
    rng, errors = np.random.default_rng(7), []
    for _ in range(12):
        centre, a = rng.uniform(18, 21, 2), rng.uniform(2.5, 6)
        disc = (*centre, a, a * rng.uniform(0.5, 1), rng.uniform(0, 3), *rng.uniform(-3, 3, 2))
        found = find_blobs(painted((40, 40), [disc], noise=0.0))
        errors += list(found.centre_px[found.usable] - centre)
    assert len(errors) >= 11  # the smallest one, drawn out to thrice its width, is not sure
    assert np.abs(np.mean(errors, axis=0)).max() < 0.003  # px, 0.001
    assert np.abs(errors).max() < 0.01  # 0.004


def test_a_disc_that_something_cuts_is_refused_or_says_so():
    rng, kept = np.random.default_rng(3), []
    for seed in range(10):
        a, cut, away = rng.uniform(2.5, 6), rng.uniform(0.5, 2.0), rng.uniform(0, 2 * np.pi)
        whole = painted((40, 40), [(19.6, 20.3, a, a, 0, 0, 0)], noise=0.0).astype(float)
        y, x = np.mgrid[:40, :40]
        before = np.clip((x - 19.6) * np.cos(away) + (y - 20.3) * np.sin(away) - (a - cut) + 0.5, 0, 1)
        image = whole * (1 - before) + before * rng.choice([60.0, 110.0])
        noisy = np.rint(image + np.random.default_rng(seed).normal(0, 2, image.shape)).astype(np.uint8)
        found = find_blobs(noisy)
        found = found.chosen(found.usable)
        kept += [np.hypot(*(spot - [19.6, 20.3])) / sd for spot, sd in zip(found.centre_px, found.sd_px, strict=True)]
    assert len(kept) <= 3  # none of 10
    assert all(ratio < 4 for ratio in kept)  # radial error over the sd of one coordinate


def test_discs_that_touch_are_taken_apart():
    discs = [(25.3, 24.6, 5, 4.5, 0.4, 1, 0), (32.8, 28.1, 5, 4.2, 0, 1, 0)]
    found = find_blobs(painted((56, 60), discs))
    assert found.kind.tolist() == [SPLIT, SPLIT]
    order = np.argsort(found.centre_px[:, 0])
    error = found.centre_px[order] - [disc[:2] for disc in discs]
    assert np.abs(error).max() < 0.15


@pytest.mark.parametrize("edge_px", [-2.0, 1.0, 4.0])
def test_a_disc_at_the_edge_of_a_limb_keeps_its_centre(edge_px):
    centre = np.array([21.3, 20.7])
    image = painted((42, 42), [(*centre, 4.0, 2.6, 0.2, 0, 0)], noise=0.0).astype(float)
    behind = np.where(np.arange(42) > centre[0] + edge_px, 55.0, 0.0)
    share = (image - 60.0) / 150.0  # of each pixel that shows the disc
    image = image + cv2.GaussianBlur(np.tile(behind, (42, 1)), (0, 0), 0.8) * (1.0 - share)
    noisy = np.rint(image + np.random.default_rng(5).normal(0, 2, image.shape)).astype(np.uint8)
    found = find_blobs(noisy)
    assert found.kind.tolist() == [SINGLE]
    assert np.linalg.norm(found.centre_px[0] - centre) < 0.1


def test_three_in_a_cluster_have_no_centre():
    discs = [(28, 26, 5, 5, 0, 0, 0), (35, 28, 5, 5, 0, 0, 0), (30, 33, 5, 5, 0, 0, 0)]
    found = find_blobs(painted((60, 64), discs))
    assert set(found.kind.tolist()) <= {MERGED}
    assert not found.usable.any() and np.isinf(found.sd_px).all()


def test_lamps_lines_and_writing_are_no_markers():
    image = painted((160, 200), [(60.5, 50.2, 4, 4, 0, 0, 0)])
    cv2.circle(image, (140, 90), 30, 250, -1)
    cv2.line(image, (10, 120), (110, 150), 240, 2, cv2.LINE_AA)
    cv2.rectangle(image, (10, 10), (40, 14), 240, -1)
    found = find_blobs(image, BlobOptions(max_radius_px=8))
    usable = found.chosen(found.usable)
    assert len(usable) == 1 and np.allclose(usable.centre_px[0], [60.5, 50.2], atol=0.05)


def test_dark_discs_and_the_choice_between_them():
    image = 255 - painted((42, 42), [(20.4, 21.3, 5, 4, 0.3, 0, 0)])
    for polarity in ("dark", "auto"):
        found = find_blobs(image, BlobOptions(polarity=polarity))
        assert np.allclose(found.centre_px, [[20.4, 21.3]], atol=0.04) and (found.contrast < -100).all()
    assert not find_blobs(image, BlobOptions(polarity="bright")).usable.any()


def test_the_first_image_does_not_settle_what_the_markers_are():
    discs = [(20.4, 21.3, 5, 4, 0, 0, 0), (60.2, 20.6, 5, 4, 0, 0, 0)]
    lamps = 255 - painted((42, 80), discs, noise=0.0)
    finder = make_blob_finder(BlobOptions(polarity="auto"))
    assert (finder.detect(lamps).contrast < 0).tolist() == [True, True]
    found = finder.detect(np.hstack([painted((42, 80), discs, seed=1), lamps[:, :42]]))
    assert sorted(found.contrast > 0) == [False, True, True]


def test_a_disc_cut_by_the_border_is_left_out():
    assert len(find_blobs(painted((42, 42), [(1.0, 20.0, 5, 5, 0, 0, 0)]))) == 0


def test_wrong_images_and_options_are_refused():
    with pytest.raises(ShapeError):
        find_blobs(np.zeros((5, 5, 3), np.uint8))
    with pytest.raises(ConfigError):
        BlobOptions(polarity="red")


def test_tracked_regions_find_what_the_whole_image_shows():
    frames = [
        painted((110, 120), [(30 + 3 * i, 30 + 2 * i, 4, 4, 0, 3, 2), (90 - 4 * i, 80, 5, 4, 0, -4, 0)], seed=i)
        for i in range(4)
    ]
    options = BlobOptions(max_radius_px=8)
    finder = make_blob_finder(options)
    for frame in frames:
        tracked, whole = finder.detect(frame), find_blobs(frame, options)
        assert len(tracked) == len(whole) == 2
        order, other = np.argsort(tracked.centre_px[:, 0]), np.argsort(whole.centre_px[:, 0])
        assert np.abs(tracked.centre_px[order] - whole.centre_px[other]).max() < 0.02


def test_tracklets_cross_and_outlive_a_miss():
    spot = find_blobs(painted((42, 42), [(20.0, 20.0, 5, 5, 0, 0, 0)]))
    frames = []
    for i in range(20):
        places = np.array([[5.0 * i, 50.0], [100.0 - 5.0 * i, 53.0]])[: 1 if i in (6, 7) else 2]
        pair = spot.chosen(np.zeros(len(places), int))
        frames.append(pair.moved(places - pair.centre_px))
    ids = link_blobs(frames)
    assert [own[0] for own in ids] == [0] * 20
    assert [own[1] for i, own in enumerate(ids) if i not in (6, 7)] == [1] * 18
