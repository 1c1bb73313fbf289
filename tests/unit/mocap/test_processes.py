"""Workers do not outlive the process that started them, however that ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

STARTS_ONE = """
import multiprocessing, os, time
from mocap.pipeline.processes import end_with_parent

def work(told):
    end_with_parent()
    told.put(os.getpid())
    time.sleep(60)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    context.Process(target=work, args=(told,)).start()
    print(told.get(), flush=True)
    time.sleep(60)
"""


DETECTS = """
import time
from pathlib import Path
import cv2, numpy as np
from calibration.sources import find_sources
from mocap.keypoints.detector import Detection
from mocap.pipeline.detection_camera import CameraTask
from mocap.pipeline.detection_pool import detect_cameras
from mocap.pipeline.detectors import PreparedDetector

class Slow:
    names = ("a",)

    def detect(self, image):
        time.sleep(0.05)
        return Detection(np.full((1, 1, 2), 3.0), np.ones((1, 1)))

def make(size):
    return Slow()

def told(camera, done, total):
    Path(f"{camera}.told").touch()

if __name__ == "__main__":
    for camera in ("cam_0", "cam_1"):
        Path("footage", camera).mkdir(parents=True)
        for frame in range(200):
            cv2.imwrite(f"footage/{camera}/{frame:04d}.png", np.zeros((8, 8), np.uint8))
    sources, _ = find_sources(Path("footage"))
    tasks = [CameraTask(one, PreparedDetector("slow", make, {}), Path(f"{one.name}.parquet")) for one in sources]
    try:
        detect_cameras(tasks, told, 2)
    except KeyboardInterrupt:
        print("stopped")
"""


def workers_of(pid: int) -> list[int]:
    """The processes that run Python for another, from the moment at which they are started."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(one) for one in told if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def until(there: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("moment", ["loading", pytest.param("working", marks=pytest.mark.heavy)])
def test_the_keyboard_stops_workers_without_a_word_of_theirs(tmp_path, moment: str) -> None:
    script = tmp_path / "detects.py"
    script.write_text(DETECTS, encoding="utf-8")
    there = os.environ | {"PYTHONPATH": str(Path.cwd())}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, str(script)], cwd=tmp_path, env=there, start_new_session=True, **pipes
    ) as parent:
        until(lambda: len(workers_of(parent.pid)) == 2)
        workers = workers_of(parent.pid)
        if moment == "loading":
            time.sleep(0.3)
        if moment == "working":
            until(lambda: (tmp_path / "cam_0.told").exists() and (tmp_path / "cam_1.told").exists())
        os.killpg(parent.pid, signal.SIGINT)
        out, err = parent.communicate(timeout=60)
    assert (out, err) == ("stopped\n", "")
    assert not any(Path(f"/proc/{pid}").exists() and running(pid) for pid in workers)
    assert not list(tmp_path.glob("*.parquet")) and not list(tmp_path.glob(".*"))


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state != "Z"  # that has ended, and nobody asked how


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_worker_ends_when_its_parent_is_killed(tmp_path) -> None:
    script = tmp_path / "starts_one.py"
    script.write_text(STARTS_ONE, encoding="utf-8")
    there = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=there) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert running(worker)
        parent.kill()
    until = time.monotonic() + 20
    try:
        while running(worker) and time.monotonic() < until:
            time.sleep(0.02)
        assert not running(worker)
    finally:
        if running(worker):
            os.kill(worker, signal.SIGKILL)
