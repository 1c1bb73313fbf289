"""Pictures of keypoints for people to look at."""

import cv2
import numpy as np

from mocap.keypoints.pose.drawing import contact_sheet, draw_keypoints, picture

NAMES = ("LHip", "RHip", "Neck")


def test_keypoints_are_drawn_where_they_are_and_in_the_colour_of_their_side() -> None:
    image = np.zeros((240, 320), np.uint8)
    pixels = np.array([[[50.0, 60.0], [200.4, 100.2], [np.nan, np.nan]]])
    drawn = draw_keypoints(image, pixels, np.array([[0.9, 0.9, 0.0]]), NAMES)
    blue, red = drawn[60, 50, 0], drawn[100, 200, 2]
    assert blue == red == 255
    assert drawn[60, 50, 2] < 100  # the left is blue
    assert drawn[100, 200, 0] < 100  # the right is orange
    assert drawn.any(axis=2).sum() < 700  # two discs and the bone between them, 488 px; nothing at the missing one
    assert not image.any()


def test_what_is_small_is_shown_enlarged_in_a_corner() -> None:
    image = np.full((720, 960, 3), 30, np.uint8)
    pixels = np.array([[[500.0, 300.0], [540.0, 300.0], [520.0, 330.0]]])
    small = picture(image, pixels, np.ones((1, 3)), NAMES, 480)
    assert small.shape == (360, 480, 3)
    # The inset of 192 px shows 60 px around the middle (520, 315): the left hip at (-20, -15) px of it.
    assert small[360 - 192 + 96 - 48, 96 - 64, 0] == 255
    wide = picture(image, pixels * 1.0 + np.array([[[0, 0], [400, 0], [0, 0]]]), np.ones((1, 3)), NAMES, 480)
    assert not (wide[170:350, 2:190] != 30).any()
    nobody = picture(image, np.empty((0, 3, 2)), np.empty((0, 3)), NAMES, 480)
    assert (nobody == 30).all()


def test_the_inset_hides_nothing_of_what_it_enlarges() -> None:
    image = np.full((720, 960), 30, np.uint8)
    pixels = np.array([[[60.0, 600.0], [110.0, 600.0], [80.0, 640.0]]])  # where the inset is as a rule
    small = picture(image, pixels, np.ones((1, 3)), NAMES, 480)
    assert small[300, 30, 0] == 255 and small[300, 55, 2] == 255  # the hips at half their pixels
    assert (small[360 - 192, 480 - 192 : 480] == 255).all()  # the frame of the inset, at the bottom right
    beside = pixels + np.array([192 * 2 + 4 - 60.0, 0.0])  # the hip's middle is free, its dot is not
    small = picture(image, beside, np.ones((1, 3)), NAMES, 480)
    assert (small[360 - 192, 480 - 192 : 480] == 255).all()


def test_a_sheet_holds_all_pictures_in_rows() -> None:
    sheet = cv2.imdecode(np.frombuffer(contact_sheet([np.full((40, 30, 3), 10 * n, np.uint8) for n in range(8)]),
                                       np.uint8), cv2.IMREAD_COLOR)  # fmt: skip
    assert sheet.shape == (2 * 40 + 6, 6 * 30 + 5 * 6, 3)
    assert (sheet[46:, :30] == 60).all()
