"""The parts of a dataset against answers known by other means: OpenCV, closed forms, draws."""

from datetime import date

import cv2
import numpy as np
import pytest

from calibration import Camera
from calibration.rigid import from_rotvec
from mocap.config.consent import PURPOSES, Consent, not_covered
from mocap.errors import ExportError
from mocap.export.dataset.bodies import Body, body_of
from mocap.export.dataset.choice import distinct_frames
from mocap.export.dataset.faces import without_faces
from mocap.export.dataset.labels import views_of
from mocap.export.dataset.occlusion import HIDDEN_FROM, hidden
from mocap.export.dataset.projection import inside, largest_sd, on_lens, seen_by
from mocap.export.dataset.splits import (
    check_people,
    check_pictures,
    check_recordings,
    checked_shares,
    split_subjects,
)
from mocap.export.dataset.truth import ANGLES, angle_truths, squat_truth
from mocap.export.dataset.yolo import mirrored_name
from tests.fixtures.assessed_trials import squat_trial

MATRIX = np.array([[1100.0, 0, 640], [0, 1090, 350], [0, 0, 1]])


def a_camera(fisheye: bool = False) -> Camera:
    lens = np.array([0.02, -0.01, 0.003, -0.001]) if fisheye else np.array([-0.21, 0.09, 0.001, -0.002, -0.01])
    pose = from_rotvec(np.array([1.2, 0.4, -0.3]), np.array([0.2, -0.1, 3.0]))
    return Camera("a", (1280, 720), MATRIX, lens, pose, fisheye)


@pytest.mark.parametrize("fisheye", [False, True])
def test_points_lie_where_opencv_puts_them(fisheye: bool):
    camera, points = a_camera(fisheye), np.random.default_rng(1).uniform(-0.8, 0.8, (200, 3))
    pixels, cam, _ = seen_by(camera, points, np.zeros((3, 3)))
    turn, shift = cv2.Rodrigues(camera.cam_from_world[:3, :3])[0], camera.cam_from_world[:3, 3]
    if fisheye:
        told, _ = cv2.fisheye.projectPoints(points[:, None], turn, shift, camera.matrix, camera.distortion)
    else:
        told, _ = cv2.projectPoints(points, turn, shift, camera.matrix, camera.distortion)
    assert np.abs(pixels - told.reshape(-1, 2)).max() < 1e-6  # measured 2e-13
    assert np.abs(cam - (points @ camera.cam_from_world[:3, :3].T + shift)).max() < 1e-12


def test_the_covariance_of_a_label_is_that_of_draws():
    camera, rng = a_camera(), np.random.default_rng(2)
    root = rng.normal(0, 0.004, (3, 3))
    point = np.array([0.3, -0.2, 0.4])
    _, _, told = seen_by(camera, point, root @ root.T)
    drawn = camera.project(point + rng.normal(0, 1, (40000, 3)) @ root.T)
    assert np.allclose(np.cov(drawn.T), told, rtol=0.05, atol=0.02 * np.abs(told).max())  # measured within 0.8 %
    assert np.isclose(largest_sd(told), np.sqrt(np.linalg.eigvalsh(told)[-1]))
    assert np.isnan(largest_sd(np.full((2, 2), np.nan)))


def test_what_a_lens_model_folds_back_is_no_label():
    camera = Camera("a", (1280, 720), MATRIX, np.array([-0.4, 0.0, 0, 0, 0]), np.eye(4))
    points = np.array([[0.1, 0.1, 1.0], [1.5, 0.0, 1.0]])
    pixels, cam, _ = seen_by(camera, points, np.zeros((3, 3)))
    assert inside(pixels, camera.size).all()
    assert on_lens(camera, pixels, cam).tolist() == [True, False]


def test_a_limb_hides_what_lies_behind_it_and_not_its_own_front():
    ends = np.array([[[[0.0, 0, -1], [0, 0, 1]]]])  # an upright capsule at the origin
    body = Body(ends, np.array([0.1]), {}, {})
    camera = np.array([-3.0, 0, 0])
    points = np.array([[[-0.1, 0, 0], [0.0, 0, 0], [0.1, 0, 0], [1.0, 0, 0], [1.0, 0.3, 0], [1.0, 0, 3.0]]])
    assert hidden(body, camera, points).tolist() == [[False, False, True, True, False, False]]
    # Seen along a chord: within the limb for 2 sqrt(r^2 - d^2); hidden from 1.3 r on, so up to d = 0.76 r.
    off = np.sqrt(1 - (HIDDEN_FROM / 2) ** 2) * 0.1
    beside = np.array([[[100.0, off - 1e-3, 0], [100.0, off + 1e-3, 0]]])
    far = np.array([-100.0, 0, 0])
    beside[..., 1] = 2 * beside[..., 1]  # the line passes the limb half way
    assert hidden(body, far, beside).tolist() == [[True, False]]


def test_nothing_hides_where_nobody_knows_what_the_points_are():
    body = body_of(np.zeros((2, 3, 3)), ("a", "b", "c"))
    assert not hidden(body, np.ones(3), np.zeros((2, 3, 3))).any()


def test_frames_near_one_that_is_kept_are_left_out():
    still = np.zeros((6, 4, 3))
    still[2], still[3], still[4] = 0.02, 0.02, 0.0  # moves away by 35 mm and comes back
    still[5, 0] = np.nan
    assert distinct_frames(still, 0.005).tolist() == [0, 2]
    assert distinct_frames(still, 0.0).tolist() == [0, 1, 2, 3, 4, 5]
    assert distinct_frames(still, 0.0, every=2).tolist() == [0, 2, 4]
    assert not len(distinct_frames(np.full((3, 4, 3), np.nan), 0.005))


def test_frames_are_chosen_as_one_by_one():
    rng = np.random.default_rng(3)
    points = np.cumsum(rng.normal(0, 0.004, (700, 1, 3)), axis=0) + rng.normal(0, 0.001, (700, 9, 3))
    points[rng.random((700, 9)) < 0.1] = np.nan
    kept: list[int] = []
    for frame, one in enumerate(points):
        apart = [np.sqrt(np.nanmean(((one - points[k]) ** 2).sum(axis=1))) for k in kept]
        if all(distance >= 0.012 for distance in apart):
            kept.append(frame)
    assert distinct_frames(points, 0.012).tolist() == kept
    assert 20 < len(kept) < 600


def test_every_person_goes_to_one_split_and_movements_are_spread():
    rng = np.random.default_rng(4)
    counts = {f"S{k:02d}": {"squat front": int(rng.integers(50, 150)), "hinge left": int(rng.integers(0, 100))}
              for k in range(60)}  # fmt: skip
    found = split_subjects(counts, (0.7, 0.15, 0.15), seed=0)
    assert set(found) == set(counts)
    for stratum in ("squat front", "hinge left"):
        whole = sum(one[stratum] for one in counts.values())
        share = {split: sum(counts[who][stratum] for who, at in found.items() if at == split) / whole
                 for split in ("train", "val", "test")}  # fmt: skip
        assert abs(share["train"] - 0.7) < 0.03  # measured 0.006
        assert abs(share["val"] - 0.15) < 0.03
    assert found == split_subjects(dict(reversed(counts.items())), (0.7, 0.15, 0.15), seed=0)


def test_few_people_and_empty_shares():
    one = {"a": {"squat front": 5}}
    assert split_subjects(one, (0.7, 0.15, 0.15), 0) == {"a": "train"}
    three = {who: {"squat front": 5} for who in "abc"}
    assert sorted(split_subjects(three, (0.7, 0.15, 0.15), 0).values()) == ["test", "train", "val"]
    assert set(split_subjects(three, (1.0, 0.0, 0.0), 0).values()) == {"train"}
    for wrong in ((0.5, 0.5), (0.5, 0.6, -0.1), (0.5, 0.2, 0.2)):
        with pytest.raises(ExportError, match="no shares"):
            checked_shares(wrong)


def test_a_leak_is_refused():
    with pytest.raises(ExportError, match="is the same as"):
        check_recordings({("a", "A", "a_1"): "x", ("b", "B", "b_1"): "x"})
    check_recordings({("a", "A", "a_1"): "x", ("a", "a", "a_2"): "x", ("b", "B", "b_1"): "y"})
    with pytest.raises(ExportError, match="a is in train and in test"):
        check_people({"train": frozenset("ab"), "test": frozenset("ca")})
    with pytest.raises(ExportError, match="same picture"):
        check_pictures({"images/train/a.jpg": "x", "images/test/b.jpg": "x"})
    check_pictures({"images/train/a.jpg": "x", "images/train/b.jpg": "x", "val/x.parquet": "y", "test/x.parquet": "y"})


def test_consent_covers_a_purpose_or_says_why_not():
    day = date(2026, 5, 1)
    assert "no consent" in not_covered(None, PURPOSES[0], False, day)
    assert "no consent" in not_covered(Consent(), PURPOSES[0], False, day)
    given = Consent(("research",), until=date(2026, 5, 1))
    assert not_covered(given, "research", False, day) == ""
    assert "not for commercial" in not_covered(given, "commercial", False, day)
    assert "ended" in not_covered(given, "research", False, date(2026, 5, 2))
    assert "pictures" in not_covered(given, "research", True, day)
    assert not_covered(Consent(("research",), images=True), "research", True, day) == ""


def test_views_are_the_sides_of_the_person():
    told = views_of(np.array([0.0, 44, 46, 90, 180, -180, -90, -44, np.nan]))
    assert told.tolist() == ["front", "front", "left", "left", "back", "back", "right", "front", "unknown"]


def test_a_face_is_gone_and_the_rest_stays():
    camera = Camera("a", (200, 150), np.array([[300.0, 0, 100], [0, 300, 75], [0, 0, 1]]), np.zeros(5), np.eye(4))
    image = np.random.default_rng(5).integers(0, 255, (150, 200, 3), dtype=np.uint8)
    made = without_faces(image, camera, np.array([[0.0, 0, 3.0], [np.nan] * 3]), np.array([0.2, 0.2]))
    rows, columns = np.mgrid[:150, :200]
    far = np.hypot(columns - 100, rows - 75) > 20.5  # 0.2 m at 3 m are 20 px
    assert (made[far] == image[far]).all()
    within = made[np.hypot(columns - 100, rows - 75) < 19]
    assert len(np.unique(within, axis=0)) <= 25  # five by five squares, whatever was there
    with pytest.raises(ExportError, match="head"):
        without_faces(image, camera, np.full((1, 3), np.nan), np.array([0.2]))


@pytest.mark.parametrize(
    ("name", "other"),
    [("RASIS", "LASIS"), ("LHip", "RHip"), ("left_knee", "right_knee"), ("C7", "C7"), ("T12_1", "T12_1"),
     ("A22:RASI", "A22:LASI"), ("r_knee", "l_knee"), ("Nose", "Nose")],
)  # fmt: skip
def test_names_are_mirrored(name: str, other: str):
    assert mirrored_name(name) == other


def test_the_phases_of_the_tuck_follow_the_onset_that_was_assessed():
    trial = squat_trial((0.0, 8.0, 14.0))
    found, table = squat_truth(trial), trial.assessments[0].repetitions
    for row in range(table.rows):
        inside = found.repetition == row + 1
        start, bottom = (round((table[name].values[row] - trial.points.start_s) * trial.points.rate_hz)
                         for name in ("start_time", "bottom_time"))  # fmt: skip
        assert np.flatnonzero(inside)[0] == start and np.isclose(found.depth[bottom], 1.0)
        phases = list(dict.fromkeys(found.phase[inside]))
        onset = table["wink_onset_depth"].values[row]
        if np.isnan(onset):
            assert phases == ["none"]
            continue
        assert phases == ["before", "tucking", "recovering", "after"]
        first = np.flatnonzero(inside & (found.phase == "tucking"))[0]
        assert found.depth[first - 1] <= onset < found.depth[first]
        told = found.of_repetition["wink_onset_s"][row]
        assert np.isclose(told, trial.points.start_s + (first - 1) / trial.points.rate_hz)
    assert set(found.phase[found.repetition == 0]) == {"standing"} and found.repetition.max() == table.rows


def test_an_angle_that_cannot_be_seen_has_no_value_but_a_reason():
    seen, unseen = (angle_truths(squat_trial(seen=known).angles, len(squat_trial().points.position))
                    for known in (True, False))  # fmt: skip
    assert set(seen) == set(ANGLES)
    assert np.isfinite(seen["pelvic_tilt"].values_deg).all() and set(seen["pelvic_tilt"].reasons) == {""}
    assert np.isnan(unseen["pelvic_tilt"].values_deg).all() and np.isnan(unseen["pelvic_tilt"].sd_deg).all()
    assert set(unseen["pelvic_tilt"].reasons) == {"not observable: two hips are a line"}
    assert set(angle_truths(None, 3)["lumbar_flexion"].reasons) == {"the trial has no angles: no marker set was known"}
