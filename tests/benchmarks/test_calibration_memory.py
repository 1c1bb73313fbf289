"""Memory of a calibration: what it takes beyond the corners themselves, as the footage gets longer."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import numpy as np
from calibration.boards.board import Board
from calibration.observations import BoardObservations
from calibration.recipe import calibrate
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

def peak():
    # The peak that getrusage tells outlives exec: it may be that of the process which started this one.
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

n_cameras = int(sys.argv[1])
board, rig = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50"), ring_rig(n_cameras, 0)
for n_frames in map(int, sys.argv[2:]):
    poses = board_poses(board, n_frames, 0)
    pixels = np.empty((n_cameras, n_frames, board.n_corners, 2))
    for first in range(0, n_frames, 100):
        pixels[:, first : first + 100] = observe_board(rig, board, poses[first : first + 100], 0.3, first).pixels
    sizes = np.array([camera.size for camera in rig])
    found = calibrate(BoardObservations(board, rig.names, sizes, pixels, np.arange(n_frames)))
    assert found.quality.rms_px < 0.45
    print(peak())
"""


def peaks_mb(n_cameras: int, *n_frames: int) -> list[float]:
    """Peak memory after calibrating longer and longer footage in one process, imports and compiler included."""
    words = [sys.executable, "-c", SCRIPT, str(n_cameras), *map(str, n_frames)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return [int(line) / 1024 for line in run.stdout.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
def test_memory_grows_by_a_small_multiple_of_the_corners() -> None:
    short, long = peaks_mb(6, 200, 4000)
    corners_mb = 6 * 3800 * 24 * 16 / 2**20
    print(f"{short:.0f} MB, then {long:.0f} MB: {(long - short) / corners_mb:.1f} times the corners' own")
    # Measured 11.8 times, of which the poses that each view allows and the blocks of the solver are most.
    assert long - short < 18 * corners_mb


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc")
def test_thirty_cameras_and_fifteen_thousand_frames_within_three_gigabytes() -> None:
    (peak,) = peaks_mb(30, 15_000)
    print(f"30 cameras x 15 000 frames: {peak:.0f} MB")  # measured 1181 MB, 173 MB of it the corners
    assert peak < 3000
