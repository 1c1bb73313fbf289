"""Footage: what counts as a camera, in which order, and how damage is told."""

import cv2
import numpy as np
import pytest

from calibration.errors import FormatError, ShapeError, SourceError
from calibration.sources import find_sources, frame_count, frame_size, iter_frames


def _images(folder, numbers, size=(40, 30), stem="img_{:03d}.png"):
    folder.mkdir(parents=True)
    for number in numbers:
        cv2.imwrite(str(folder / stem.format(number)), np.full(size[::-1], number % 250, np.uint8))


def _video(path, n_frames=12, size=(64, 48)):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, size)
    for i in range(n_frames):
        writer.write(np.full((size[1], size[0], 3), 20 * i % 250, np.uint8))
    writer.release()


def test_cameras_in_natural_order_and_the_rest_listed(tmp_path):
    _images(tmp_path / "cam_10", range(3))
    _images(tmp_path / "cam_9", range(3))
    _video(tmp_path / "cam_2.mp4")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    sources, ignored = find_sources(tmp_path)
    assert [(s.name, s.kind) for s in sources] == [("cam_2", "video"), ("cam_9", "images"), ("cam_10", "images")]
    assert [path.name for path in ignored] == ["empty", "notes.txt"]


def test_video_frames_in_order(tmp_path):
    _video(tmp_path / "a.mp4")
    (source,), _ = find_sources(tmp_path)
    frames = list(iter_frames(source))
    assert [index for index, _ in frames] == list(range(12))
    assert frame_count(source) == 12
    assert frame_size(source) == (64, 48)
    levels = [gray.mean() for _, gray in frames]
    np.testing.assert_allclose(levels, 20 * np.arange(12), atol=6)  # lossy codec: within 3
    assert [index for index, _ in iter_frames(source, every=5, limit=11)] == [0, 5, 10]


def test_images_stream_as_gray_with_their_index(tmp_path):
    _images(tmp_path / "cam", [1, 2, 10])
    (source,), _ = find_sources(tmp_path)
    assert [(i, int(g[0, 0])) for i, g in iter_frames(source)] == [(0, 1), (1, 2), (9, 10)]
    assert frame_count(source) == 3
    frames = iter_frames(source)
    next(frames)
    (tmp_path / "cam" / "img_002.png").unlink()  # read one by one, not all before
    with pytest.raises(SourceError, match="img_002"):
        next(frames)


def test_lost_image_leaves_a_gap_and_shifts_nothing(tmp_path):
    _images(tmp_path / "a", range(1, 8))
    _images(tmp_path / "b", [1, 2, 4, 5, 6, 7])
    (_, b), _ = find_sources(tmp_path)
    assert b.indices == (0, 1, 3, 4, 5, 6)


def test_own_counters_of_equal_length_pair_by_position(tmp_path):
    _images(tmp_path / "a", range(5))
    _images(tmp_path / "b", range(100, 105))
    sources, _ = find_sources(tmp_path)
    assert [s.indices for s in sources] == [(0, 1, 2, 3, 4)] * 2


def test_folders_that_cannot_be_paired_are_refused(tmp_path):
    _images(tmp_path / "a", range(5))
    _images(tmp_path / "b", range(100, 104))
    with pytest.raises(FormatError, match="a: 5, b: 4") as caught:
        find_sources(tmp_path)
    assert caught.value.code == "FRAMES_UNPAIRED"


@pytest.mark.parametrize("make", ["missing", "empty", "loose", "text"])
def test_no_footage(tmp_path, make):
    folder = tmp_path / "in"
    if make != "missing":
        folder.mkdir()
    if make == "loose":
        cv2.imwrite(str(folder / "a.png"), np.zeros((4, 4), np.uint8))
    if make == "text":
        (folder / "a.txt").write_text("x")
    with pytest.raises(SourceError) as caught:
        find_sources(folder)
    assert caught.value.code == ("SOURCE_MISSING" if make == "missing" else "SOURCE_EMPTY")
    assert {"loose": "one folder per camera", "text": "found only a.txt", "empty": "it is empty"}.get(
        make, "cannot be read"
    ) in str(caught.value)


def test_two_sources_of_one_name(tmp_path):
    _images(tmp_path / "cam", range(2))
    _video(tmp_path / "cam.mp4")
    with pytest.raises(SourceError) as caught:
        find_sources(tmp_path)
    assert caught.value.code == "CAMERA_DOUBLE"


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 50])
def test_file_that_is_no_video(tmp_path, content):
    (tmp_path / "cam.mp4").write_bytes(content)
    (source,), _ = find_sources(tmp_path)
    with pytest.raises(SourceError, match="'cam'") as caught:
        list(iter_frames(source))
    assert caught.value.code == "VIDEO_UNREADABLE"


def test_truncated_videos(tmp_path):
    _video(tmp_path / "whole.mp4", 60)
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cam.mp4").write_bytes(whole[: len(whole) * 2 // 3])  # the index at the end is lost
    writer = cv2.VideoWriter(
        str(tmp_path / "index_first.avi"), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48)
    )
    for i in range(60):
        writer.write(np.full((48, 64, 3), i, np.uint8))
    writer.release()
    data = (tmp_path / "index_first.avi").read_bytes()
    (tmp_path / "index_first.avi").write_bytes(data[: len(data) // 2])  # its header still promises 60 frames
    sources, _ = find_sources(tmp_path)
    for source in sources:
        if source.name != "whole":
            with pytest.raises(SourceError) as caught:
                list(iter_frames(source))
            assert caught.value.code == "VIDEO_UNREADABLE"


def test_damaged_image_and_mixed_sizes(tmp_path):
    _images(tmp_path / "cam", range(3))
    (source,), _ = find_sources(tmp_path)
    cv2.imwrite(str(tmp_path / "cam" / "img_002.png"), np.zeros((10, 10), np.uint8))
    with pytest.raises(FormatError, match=r"10 x 10 px.*40 x 30 px") as mixed:
        list(iter_frames(source))
    assert mixed.value.code == "IMAGE_SIZE"
    (tmp_path / "cam" / "img_001.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(SourceError) as broken:
        list(iter_frames(source))
    assert broken.value.code == "IMAGE_UNREADABLE"


def test_step_below_one(tmp_path):
    _images(tmp_path / "cam", range(3))
    (source,), _ = find_sources(tmp_path)
    with pytest.raises(ShapeError):
        list(iter_frames(source, every=0))
