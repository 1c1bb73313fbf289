"""`mocap detect` on eight cameras beside decoding the same videos alone, on all cores; and its memory."""

import resource
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from calibration.rigid import rigid
from calibration.synthetic import RenderOptions, ring_rig
from mocap.config.plates import read_plates
from mocap.pipeline.detection_pool import usable_cores
from mocap.synthetic.plates import cluttered_scene, render_plates

# What any reader has to do: every picture of every file to a gray image, one process per core, one thread each; by the
# fastest way, which detection takes too, or with the levels stretched as FFmpeg does it.
DECODE = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import av
import numpy as np

def image(frame, way):
    if way == "gray":
        return frame.to_ndarray(format="gray")
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()

def decode(path):
    with av.open(path) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return sum(image(frame, sys.argv[2]).shape[0] > 0 for frame in container.decode(video=0))

if __name__ == "__main__":
    with ProcessPoolExecutor(int(sys.argv[1]), multiprocessing.get_context("spawn")) as pool:
        print(sum(pool.map(decode, sys.argv[3:])))
"""


def images(size: tuple[int, int], count: int) -> list[np.ndarray]:
    """Return images of a room in which a plate sways there and back, so that they may be shown in a ring."""
    camera = ring_rig(1, 0, size=size, radius_m=2.0).cameras[0]
    (plate,) = read_plates("sacrum_60").plate
    out = (camera.centre_world - [0, 0, 1]) * [1, 1, 0]
    middle = (camera.centre_world + np.array([0, 0, 1])) / 2
    out = out / np.linalg.norm(out)
    facing = np.column_stack([np.cross([0, 0, 1], out), [0, 0, 1], out])
    scene, found = cluttered_scene(camera), []
    for frame in range(count):
        sway = 0.15 * np.sin(2 * np.pi * frame / count)
        pose = rigid(facing, middle + sway * facing[:, 0])
        found.append(render_plates(camera, (plate,), pose[None, None], frame, RenderOptions(noise=2.0), scene))
    return found


def write_video(path: Path, ring: list[np.ndarray], n_frames: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50, options={"crf": "23", "preset": "veryfast"})
        stream.height, stream.width = ring[0].shape
        stream.pix_fmt = "yuv420p"
        for frame in range(n_frames):
            shown = av.VideoFrame.from_ndarray(ring[frame % len(ring)], format="gray")
            container.mux(stream.encode(shown.reformat(format="yuv420p")))
        container.mux(stream.encode(None))


def spent(words: list[str]) -> np.ndarray:
    """Run a command; return its seconds by the clock and of all its processes' CPU time."""
    clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    clock, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    return np.array([clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime])


@pytest.mark.benchmark
def test_eight_cameras_run_at_the_speed_of_decoding_within_a_factor_of_two(tmp_path: Path) -> None:
    # What a process takes to start is in both lengths, and goes out with their difference: it is the same for a
    # recording of a minute, of which these are cuts.
    lengths, ring = (30, 150), images((1920, 1080), 30)
    (tmp_path / "decode.py").write_text(DECODE)
    folders = [tmp_path / str(length) for length in lengths]
    for folder, length in zip(folders, lengths, strict=True):
        write_video(folder / "cam_0.mp4", ring, length)
        for camera in range(1, 8):
            shutil.copyfile(folder / "cam_0.mp4", folder / f"cam_{camera}.mp4")
    own, stretched, alone = [], [], []
    for turn in range(2):  # interleaved, so that a busy machine is busy for both
        main = ["-c", "from mocap.cli import main; main()", "detect"]
        words = [[*main, str(folder), "--plates", "sacrum_60", "--out", str(tmp_path / f"{turn}{folder.name}")]
                 for folder in folders]  # fmt: skip
        own.append([spent(one) for one in words])
        files = [[str(path) for path in sorted(folder.glob("*.mp4"))] for folder in folders]
        for way, runs in (("gray", stretched), ("stored", alone)):
            runs.append([spent([str(tmp_path / "decode.py"), str(usable_cores()), way, *one]) for one in files])
    frames = 8 * (lengths[1] - lengths[0])
    each = [1e3 * np.min(np.diff(np.array(runs), axis=1)[:, 0], axis=0) / frames
            for runs in (own, stretched, alone)]  # fmt: skip
    told = (
        f"ms per frame (clock, CPU): detected {each[0]}, decoded to gray {each[1]}, decoded alone {each[2]}; ratios to "
        f"decoding to gray {np.round(each[0] / each[1], 2)}, to decoding alone {np.round(each[0] / each[2], 2)}"
    )
    print(told)
    # Measured: 0.76 by the clock and 0.87 by CPU of decoding to gray; of decoding alone, as the detector itself takes
    # its pictures, 1.49 and 1.71.
    assert np.all(each[0] / each[1] <= 1.5), told
    assert np.all(each[0] / each[2] <= 2.0), told


MEMORY = """
import sys
from pathlib import Path
from calibration.sources import CameraSource
from mocap.pipeline.detection_camera import CameraTask, detect_camera
from mocap.pipeline.detectors import DetectorRequest, prepare_detector
prepared = prepare_detector(DetectorRequest(plates="sacrum_60"))
for name in sys.argv[1:]:
    path = Path(name)
    task = CameraTask(CameraSource(path.stem, path, "video"), prepared, path.with_suffix(".parquet"))
    done = detect_camera(task, lambda *_: None)
    assert done.state == "done" and done.facts["frames_with_keypoints"] > 0.9 * done.facts["frames"], done.text
    with open("/proc/self/status") as status:
        print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""


def growth_megabytes(folder: Path, size: tuple[int, int], lengths: tuple[int, int]) -> float:
    """How far the peak memory of a worker rises from a short video to a long one, which it works on in turn."""
    ring, paths = images(size, 8), [folder / f"{length}.mp4" for length in lengths]
    for path, length in zip(paths, lengths, strict=True):
        write_video(path, ring, length)
    words = [sys.executable, "-c", MEMORY, *map(str, paths)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    peaks = [int(line) / 1024 for line in run.stdout.split()]
    print(f"peaks {peaks} MB")
    return float(sum(after - before for before, after in pairwise(peaks)))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_memory_of_a_worker_does_not_grow_with_the_length_of_its_video(tmp_path: Path) -> None:
    # Kept images would be 28 MB.
    assert growth_megabytes(tmp_path, (400, 300), (40, 280)) < 16.0


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_memory_of_a_worker_does_not_grow_through_a_minute(tmp_path: Path) -> None:
    # Kept images would be 6 GB.
    assert growth_megabytes(tmp_path, (1920, 1080), (100, 3000)) < 40.0
