"""Workers do not outlive the process that started them, however that ended."""

import os
import signal
import subprocess
import sys
import time
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
