"""Labels of a camera: moved to the instant of the picture, left out where nobody knows, boxed."""

import numpy as np

from calibration.synthetic import ring_rig
from mocap.export.dataset.labels import HIDDEN, OUTSIDE, VISIBLE, LabelLimits, Seen, course_of, view_labels
from mocap.schema import Status
from mocap.synthetic import default_subject, squat
from mocap.trial import Points3D

RIG = ring_rig(4, 1)
MADE = squat(default_subject(1.75, seed=1), 1, wink_deg=10.0, rate_hz=50.0)


def course(points: Points3D = MADE.points, frames=None):
    return course_of(points, MADE.segments, np.arange(20, 90) if frames is None else frames)


def seen(n: int, k: int, offset_s: float = 0.0, found: bool = True) -> Seen:
    return Seen(np.arange(n), np.full(n, offset_s), np.full((n, k, 2), 1.0 if found else np.nan))


def of_camera(one, camera=0, offset_s=0.0, found=True, **limits):
    return view_labels(RIG.cameras[camera], one, seen(*one.status.shape, offset_s, found), LabelLimits(**limits))


def test_labels_are_of_the_instant_at_which_the_picture_was_taken():
    now, later = of_camera(course()), of_camera(course(), offset_s=0.02)  # a whole frame at 50 Hz
    after = of_camera(course(frames=np.arange(21, 91)))
    known = (now.visibility > 0).all(axis=1)[:, None] & (later.visibility > 0)
    apart = np.linalg.norm(later.pixel - after.pixel, axis=2)[known]
    still = np.linalg.norm(now.pixel - after.pixel, axis=2)[known]
    assert still.max() > 2.0  # measured 3.8 px: what leaving it out would cost
    assert apart.max() < 0.25  # measured 0.12 px, the bend of the course within a frame


def test_points_of_unknown_speed_are_not_labelled_at_another_instant():
    position = MADE.points.position.copy()
    position[49, 3] = np.nan
    one = course(Points3D(position, MADE.points.names, 50.0))
    assert (of_camera(one).visibility[30, 3]) > OUTSIDE
    assert (of_camera(one, offset_s=0.004).visibility[30, 3]) == OUTSIDE


def test_what_is_rejected_or_too_uncertain_is_no_label():
    status = np.full(MADE.points.status.shape, Status.MEASURED, np.uint8)
    status[40, 5] |= Status.REJECTED
    covariance = np.broadcast_to(1e-6 * np.eye(3), (*status.shape, 3, 3)).copy()
    covariance[41, 6] = np.eye(3)  # a metre
    made = of_camera(course(Points3D(MADE.points.position, MADE.points.names, 50.0, covariance, status)))
    assert made.visibility[20, 5] == OUTSIDE and np.isnan(made.pixel[20, 5]).all()
    assert made.visibility[21, 6] == OUTSIDE and np.isnan(made.pixel[21, 6]).all()
    assert made.visibility[21, 5] > OUTSIDE


def test_visible_needs_a_detection_and_a_free_line_of_sight():
    seen_all, seen_none = of_camera(course()), of_camera(course(), found=False)
    assert set(np.unique(seen_none.visibility)) <= {OUTSIDE, HIDDEN}
    assert ((seen_all.visibility == VISIBLE) == ((seen_all.visibility > 0) & ~seen_all.hidden)).all()
    front = next(k for k in range(4) if of_camera(course(), k).view[0] == "front")
    back = next(k for k in range(4) if of_camera(course(), k).view[0] == "back")
    sacrum, belly = (MADE.points.names.index(name) for name in ("SAC1", "RASIS"))
    assert (of_camera(course(), front).visibility[0, sacrum], of_camera(course(), back).visibility[0, sacrum]) == (
        HIDDEN, VISIBLE)  # fmt: skip
    assert (of_camera(course(), front).visibility[0, belly], of_camera(course(), back).visibility[0, belly]) == (
        VISIBLE, HIDDEN)  # fmt: skip


def test_boxes_hold_all_labels_and_stay_in_the_picture():
    for camera in range(4):
        made = of_camera(course(), camera)
        low, high = made.box[:, :2], made.box[:, :2] + made.box[:, 2:]
        shown = np.where((made.visibility > 0)[..., None], made.pixel, np.nan)
        assert (np.nanmin(shown, axis=1) >= low - 1e-9).all() and (np.nanmax(shown, axis=1) <= high + 1e-9).all()
        assert (low >= 0).all() and (high <= np.array(RIG.cameras[camera].size) - 1).all()


def test_pictures_that_were_not_taken_or_show_too_little_are_left_out():
    one = course()
    n, k = one.status.shape
    places = np.where(np.arange(n) % 2, np.arange(n), -1)
    made = view_labels(RIG.cameras[0], one, Seen(places, np.zeros(n), np.ones((n, k, 2))), LabelLimits())
    assert made.frames.tolist() == one.frames[1::2].tolist() and made.rows.tolist() == list(range(1, n, 2))
    assert not len(of_camera(one, least_points=k + 1).frames)


def test_how_far_the_detection_lies_from_the_label_is_told():
    one = course()
    n = len(one.status)
    true = RIG.cameras[0].project(one.position)
    shifted = Seen(np.arange(n), np.zeros(n), true + np.array([3.0, 4.0]))
    made = view_labels(RIG.cameras[0], one, shifted, LabelLimits())
    assert np.allclose(made.detection_px, 5.0) and made.detected.all()
    assert np.isnan(of_camera(one, found=False).detection_px).all()
