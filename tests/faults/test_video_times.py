"""Variable frame rates, B-frames and wrong rate tags: true times are used, and a tag over 0.5 % off is told."""

from fractions import Fraction

import av
import numpy as np
import pytest

from calibration.sources import find_sources
from mocap.readers.frame_times_cameras import read_camera_times

SIZE = (64, 48)


def written(path, ticks_us, b_frames):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1_000_000)
        stream.codec_context.max_b_frames, stream.codec_context.gop_size = b_frames, 12
        picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        for number, tick in enumerate(ticks_us):
            picture[:, number % SIZE[0]] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = int(tick), Fraction(1, 1_000_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def with_tag(path, factor):
    """Say another rate than was written, in Matroska's default duration."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\x23\xe3\x83") + 4
    value = int.from_bytes(data[at : at + 4], "big")
    data[at : at + 4] = round(value / factor).to_bytes(4, "big")
    path.write_bytes(data)


def case(folder, seed):
    """Random B-frames, even or varying rate, a frame lost or not, in either container; its tag right or not."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    kind = ("mkv", "mp4")[seed % 2]
    varies = seed % 3 == 0
    step = rng.integers(10, 60, 50) if varies else np.full(50, 40)
    if not varies and seed % 5 == 0:
        step[rng.integers(5, 45)] = 80
    ticks = np.cumsum(step) * 1000
    path = written(folder / f"cam.{kind}", ticks, seed % 4)
    factor = 1.0
    if kind == "mkv" and not varies:
        factor = float(rng.choice([0.5, 0.9, 0.98, 0.994, 0.996, 1.0, 1.001, 1.004, 1.006, 1.02, 1.2, 2.0]))
        with_tag(path, factor)
    (source,), _ = find_sources(folder)
    frames = read_camera_times([source])
    times = frames.times.time_s[0]
    np.testing.assert_allclose(np.diff(times), np.diff(ticks) / 1e6, atol=1e-3)  # Matroska stores milliseconds
    assert frames.times.source == ("container",) and frames.footage_index[0].tolist() == list(range(50))
    told = any("tag says" in note for note in frames.times.notes)
    if not varies:
        assert told == (abs(factor - 1) > 0.005), (seed, factor, frames.times.notes)
        assert frames.orders[0].n_dropped == (seed % 5 == 0)
    return told, factor


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 10])
def test_true_times_are_used_and_wrong_tags_told(tmp_path, seed):
    case(tmp_path / "video", seed)


@pytest.mark.heavy
def test_true_times_are_used_and_wrong_tags_told_in_200_videos(tmp_path):
    told = [case(tmp_path / f"{seed}", seed) for seed in range(200)]
    assert sum(one for one, _ in told) >= 20  # so many of the tags were wrong, all told; no right one was accused
