"""Videos read through PyAV: frame numbers drawn into the pictures, and OpenCV as the independent reader."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from mocap.readers.video import frame_pts_s, iter_video, read_video_info

SIZE = (96, 64)


def picture(number: int) -> np.ndarray:
    """Eight blocks, black or white, that spell the number; uneven margins show a turned picture."""
    image = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
    for bit in range(8):
        image[4:28, 4 + 11 * bit : 13 + 11 * bit] = 255 if number >> bit & 1 else 0
    return image


def number_in(image: np.ndarray, turns: int = 0) -> int:
    upright = np.rot90(image, -turns)
    return sum(1 << bit for bit in range(8) if upright[16, 8 + 11 * bit] > 128)


def write_video(path: Path, ticks, *, codec="libx264", b_frames=2, rate=25, rotation=0, options=None, **open_kwargs):
    """Write a picture per tick; ticks are milliseconds of presentation."""
    with av.open(str(path), "w", **open_kwargs) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.gop_size = 12
        stream.options = {"crf": "12"} if codec == "libx264" and options is None else options or {}
        if rotation:
            stream.set_display_rotation(rotation)
        for number, tick in enumerate(ticks):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts, frame.time_base = int(tick), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_frames_come_in_order_of_presentation_with_b_frames_and_variable_rate(tmp_path):
    rng = np.random.default_rng(1)
    ticks = np.cumsum(rng.integers(10, 60, 70)) - 10
    path = write_video(tmp_path / "cam.mp4", ticks)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        assert [p.pts for p in packets] != sorted(p.pts for p in packets)  # B-frames: stored in another order
    got = list(iter_video(path))
    assert [index for index, _ in got] == list(range(70))
    assert [number_in(image) for _, image in got] == list(range(70))
    times = frame_pts_s(path)
    np.testing.assert_allclose(np.diff(times), np.diff(ticks) / 1000, atol=1e-6)
    info = read_video_info(path)
    assert (info.size, info.n_frames, info.codec, info.has_audio) == (SIZE, 70, "h264", False)
    assert info.mean_rate_hz == pytest.approx(69 / (ticks[-1] - ticks[0]) * 1000, rel=1e-6)


@pytest.mark.parametrize("start, stop", [(1, 5), (17, 40), (50, None), (59, 60), (60, None), (12, 13)])
def test_a_part_holds_exactly_its_frames(tmp_path, start, stop):
    path = write_video(tmp_path / "cam.mp4", np.arange(60) * 40)
    got = [(index, number_in(image)) for index, image in iter_video(path, start=start, stop=stop)]
    assert got == [(n, n) for n in range(start, 60 if stop is None else stop)]


@pytest.mark.parametrize("rotation", [90, -90, 180, 0])
def test_rotation_tag_turns_as_opencv_does(tmp_path, rotation):
    path = write_video(tmp_path / "cam.mp4", np.arange(20) * 40, rotation=rotation)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    info = read_video_info(path)
    assert info.rotation_deg == rotation % 360
    gray = iter_video(path)
    for index, image in iter_video(path, colour=True):
        ok, reference = capture.read()
        assert ok and image.shape == reference.shape and info.size == reference.shape[1::-1]
        np.testing.assert_array_equal(image, reference)  # also the colours are the same, to the bit
        _, plain = next(gray)
        assert np.abs(plain.astype(float) - cv2.cvtColor(reference, cv2.COLOR_BGR2GRAY)).mean() < 2.5  # 1.3 measured
        assert number_in(plain, rotation // 90) == index
    assert not capture.read()[0]
