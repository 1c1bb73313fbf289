"""A single picture of footage is the one that was asked for, onwards, backwards and anywhere."""

import cv2
import numpy as np
import pytest

from calibration.sources import find_sources
from mocap.errors import SourceError
from mocap.readers.footage_access import FootagePictures
from tests.fixtures.numbered_videos import number_of, numbered, write_numbered

N = 120


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp("footage")
    write_numbered(folder / "cam_0.mp4", range(N))
    return find_sources(folder)[0][0]


def test_every_picture_is_the_one_of_its_place(video):
    pictures = FootagePictures(video)
    assert (pictures.n_frames, pictures.size) == (N, (160, 96))
    anywhere = np.random.default_rng(4).integers(0, N, 30).tolist()
    for place in [0, 1, 2, 3, 50, 51, 50, 119, 118, 0, 44, 45, 90, *anywhere]:
        assert number_of(pictures.image(place)) == place


def test_onwards_nothing_is_decoded_twice(video, monkeypatch):
    from mocap.readers import footage_access

    begun, whole = [], footage_access.iter_video

    def noted(*args, **more):
        begun.append(more["start"])
        return whole(*args, **more)

    monkeypatch.setattr(footage_access, "iter_video", noted)
    pictures = FootagePictures(video)
    for place in (0, 1, 2, 5, 6, 40):
        pictures.image(place)
    assert begun == [0]
    pictures.image(39)
    assert begun == [0, 39]


def test_colours_are_red_green_blue(tmp_path):
    (tmp_path / "cam_0").mkdir()
    image = np.zeros((40, 60, 3), np.uint8)
    image[..., 2] = 200  # OpenCV: red
    for number in (0, 1, 4):
        cv2.imwrite(str(tmp_path / "cam_0" / f"{number:03}.png"), image + number)
    pictures = FootagePictures(find_sources(tmp_path)[0][0])
    np.testing.assert_array_equal(pictures.image(pictures.n_frames - 1)[0, 0], [204, 4, 4])


def test_what_is_not_there_is_told_and_the_rest_goes_on(video):
    pictures = FootagePictures(video)
    for place in (-1, N):
        with pytest.raises(SourceError, match="has no frame"):
            pictures.image(place)
    assert number_of(pictures.image(7)) == 7
    assert number_of(numbered(7)) == 7


def test_damage_is_told_at_its_picture_and_later_whole_ones_are_shown(tmp_path, video):
    content = bytearray(video.path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    (tmp_path / "cam_0.mp4").write_bytes(content)
    pictures = FootagePictures(find_sources(tmp_path)[0][0])
    whole, damaged = [], []
    for place in range(N):
        try:
            assert number_of(pictures.image(place)) == place
            whole.append(place)
        except SourceError as error:
            damaged.append((place, error.code))
    assert damaged
    assert {code for _, code in damaged} == {"VIDEO_DAMAGED"}
    assert max(whole) == N - 1
    assert len(whole) >= N // 2
