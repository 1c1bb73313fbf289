"""Videos read through PyAV: frame numbers drawn into the pictures, and OpenCV as the independent reader."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from calibration.sources import find_sources
from mocap.errors import MocapError
from mocap.isolation import worker
from mocap.readers.frame_times_cameras import read_camera_times
from mocap.readers.video import frame_pts_s, iter_footage, iter_video, read_video_info
from mocap.readers.video_audio import read_audio

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


@pytest.mark.parametrize("rotation", [90, 0])
def test_stored_levels_are_those_of_the_gray_image_before_they_are_stretched(tmp_path, rotation):
    path = write_video(tmp_path / "cam.mp4", np.arange(6) * 40, rotation=rotation)
    stretched = iter_video(path)
    for index, stored in iter_video(path, stored=True):
        assert stored.flags.c_contiguous and stored.flags.writeable
        again = np.clip((stored.astype(float) - 16) * 255 / 219, 0, 255)
        assert np.abs(again - next(stretched)[1]).max() <= 1.0
        assert number_in(stored, rotation // 90) == index


def with_wrong_rate(path: Path, factor: float) -> Path:
    """Say another rate than the frames have, in the time scale of Matroska's default duration."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\x23\xe3\x83") + 4  # DefaultDuration, ns, 4 bytes
    value = int.from_bytes(data[at : at + 4], "big")
    data[at : at + 4] = round(value / factor).to_bytes(4, "big")
    path.write_bytes(data)
    return path


def test_a_wrong_rate_tag_is_told_with_both_rates_and_the_true_times_are_used(tmp_path):
    path = with_wrong_rate(write_video(tmp_path / "cam.mkv", np.arange(50) * 40), 30 / 25)
    assert read_video_info(path).tagged_rate_hz == pytest.approx(30, rel=1e-3)
    np.testing.assert_allclose(np.diff(frame_pts_s(path)), 0.04, atol=1e-9)
    (source,), _ = find_sources(tmp_path)
    frames = read_camera_times([source])
    assert frames.times.source == ("container",)
    assert "tag says 30.00 Hz, its frames come at 25.00 Hz" in frames.times.notes[0]
    assert frames.orders[0].n_dropped == 0


def test_frames_dropped_by_the_camera_show_in_the_container(tmp_path):
    slots = np.delete(np.arange(60), [20, 41, 42])
    write_video(tmp_path / "cam.mp4", slots * 40)
    (source,), _ = find_sources(tmp_path)
    (order,) = read_camera_times([source], rate_hz=25).orders
    assert order.dropped.tolist() == [[19, 1], [39, 2]]
    assert order.slot.tolist() == slots.tolist()


@pytest.mark.parametrize("name", ["cam.mp4", "cam.mkv"])
def test_a_truncated_video_is_refused_and_says_how_much_is_there(tmp_path, name):
    path = write_video(tmp_path / name, np.arange(60) * 40, container_options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    for read in (read_video_info, frame_pts_s, lambda p: list(iter_video(p))):
        with pytest.raises(MocapError) as refused:
            read(path)
        assert refused.value.code in {"VIDEO_TRUNCATED", "VIDEO_UNREADABLE"}
    assert ("of 60 frames" if name == "cam.mp4" else "of 2.40 s") in refused.value.cause


@pytest.mark.parametrize("at, start", [(0.3, 0), (0.6, 0), (0.6, 50)])
def test_pictures_that_the_decoder_made_up_are_not_given_out(tmp_path, at, start):
    # One key frame: all that comes after the damage hangs on it.
    path = write_video(tmp_path / "cam.mp4", np.arange(60) * 40, options={"crf": "12", "g": "250", "sc_threshold": "0"})
    data = bytearray(path.read_bytes())
    whole = [image for _, image in iter_video(path)]
    begin, length = data.index(b"mdat"), int.from_bytes(data[data.index(b"mdat") - 4 : data.index(b"mdat")], "big")
    place = begin + int(at * length)
    data[place : place + 12] = bytes(12)
    path.write_bytes(data)
    with pytest.raises(MocapError) as refused:
        for index, image in iter_video(path, start=start, threads=1):
            np.testing.assert_array_equal(image, whole[index])
    assert refused.value.code == "VIDEO_DAMAGED"
    assert "cut it" in refused.value.remedy  # converting would hide the damage


@pytest.mark.parametrize("content", [b"", b"no video", b"#EXTM3U\n/etc/passwd\n", b"\0" * 4000])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "cam.mp4"
    path.write_bytes(content)
    with pytest.raises(MocapError) as refused:
        read_video_info(path)
    assert refused.value.code == "VIDEO_UNREADABLE"
    with pytest.raises(MocapError) as refused:
        list(iter_video(tmp_path / "none.mp4"))
    assert refused.value.code == "VIDEO_MISSING"


def test_images_of_a_folder_are_footage_too(tmp_path):
    folder = tmp_path / "cam_0"
    folder.mkdir()
    for number in (3, 4, 6):
        cv2.imwrite(str(folder / f"frame_{number:04d}.png"), picture(number))
    (source,), _ = find_sources(tmp_path)
    colours = list(iter_footage(source, colour=True))
    assert [image.shape for _, image in colours] == [(64, 96, 3)] * 3
    assert [number_in(image) for _, image in iter_footage(source, start=1)] in ([4, 6], [4, 6][-1:])
    assert [number_in(image) for _, image in iter_footage(source)] == [3, 4, 6]


def test_a_video_without_sound_has_none(tmp_path):
    assert read_audio(write_video(tmp_path / "cam.mp4", np.arange(5) * 40)) is None


def test_reading_does_not_hold_the_video(tmp_path):
    path = write_video(tmp_path / "cam.mp4", np.arange(100) * 40)
    frames = iter_video(path)
    for _ in range(3):
        next(frames)
    frames.close()  # what is open is closed with it: the file can be written anew
    write_video(path, np.arange(5) * 40)
    assert read_video_info(path).n_frames == 5


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip bits, change bytes, zero a run, cut, splice, or set a field of a header to an extreme."""
    changed, size = bytearray(data), len(data)
    kind, at, run = int(rng.integers(0, 6)), int(rng.integers(0, size - 1)), int(rng.integers(1, 300))
    if kind == 0:
        for place in rng.integers(0, size, 6):
            changed[place] ^= 1 << int(rng.integers(0, 8))
    elif kind == 1:
        changed[at] = int(rng.integers(0, 256))
    elif kind == 2:
        changed[at : at + run] = bytes(len(changed[at : at + run]))
    elif kind == 3:
        del changed[at:]
    elif kind == 4:
        other = int(rng.integers(0, size - 1))
        changed[at : at + run] = changed[other : other + run]
    else:
        boxes = (b"mvhd", b"mdhd", b"tkhd", b"stts", b"stsz", b"stsc", b"stco", b"ctts", b"elst", b"avcC", b"strh")
        found = data.find(boxes[int(rng.integers(0, len(boxes)))])
        place = max(found, 0) + int(rng.integers(4, 40))
        changed[place : place + 4] = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff")[int(rng.integers(0, 3))]
    return bytes(changed)


def read_all_of(path: Path) -> None:
    info = read_video_info(path)
    assert len(frame_pts_s(path)) == info.n_frames == sum(1 for _ in iter_video(path))
    read_audio(path)


# 25 by default; 10 000 behind the mark.
@pytest.mark.parametrize(("count", "part"), [
    pytest.param(25, 0, id="25"),
    *(pytest.param(500, part, id=f"500-{part}", marks=pytest.mark.heavy) for part in range(1, 21)),
])  # fmt: skip
def test_mutated_videos_are_read_whole_or_refused(tmp_path, count, part):
    # 400 in one process: 0 tracebacks, 0 crashes, none longer than 3 s, 128 MB at most.
    kinds = {"a.mp4": {}, "b.mkv": {}, "c.avi": {"codec": "mpeg4", "b_frames": 0}}
    ticks = np.arange(30) * 40
    whole = {name: write_video(tmp_path / name, ticks, **kind).read_bytes() for name, kind in kinds.items()}
    refused = 0
    for seed in range(count):
        name = list(whole)[seed % len(whole)]
        path = tmp_path / f"mutated_{name}"
        path.write_bytes(mutated(whole[name], np.random.default_rng(seed + 500 * part)))
        try:
            read_all_of(path)
        except MocapError as error:
            refused += 1
            assert error.code.startswith("VIDEO_")
            assert error.remedy
    assert refused > count / 4
    assert worker.of_this_process().peak_bytes < 1 << 30  # measured: 0.07 GiB
