"""Fixtures that every test may use."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from calibration.boards.board import Board, write_board
from calibration.observations import BoardObservations

# Tests start hundreds of processes. Where an environment keeps no bytecode, each of them would compile all that it
# imports, for half a second.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the default run; none beside a measurement of speed, nor for a file or two."""
    files = any(arg.partition("::")[0].endswith(".py") for arg in config.args)
    if files or "not benchmark" not in config.option.markexpr:
        return 0
    # The processes fill all processors: threads of linear algebra would wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return min(2, os.cpu_count() or 1)


# The two processes take files from the two ends of one list, so that each compiles what the other does not need yet:
# the first begins with calibration, the second with what comes after it, and the small files between are left for last.
RECORDING_OF_A_BOARD = (
    "accuracy/test_charuco_quality.py", "accuracy/test_recording_timing.py", "accuracy/test_charuco_recording.py",
    "integration/test_calibration_check_command.py", "integration/test_calibrate_recording.py",
)  # fmt: skip
WINDOWS = "viewer/"  # one process alone has to load what windows need
FIRST = (
    *RECORDING_OF_A_BOARD, "faults/test_board_faults.py", "faults/test_bad_input.py",
    "unit/calibration/test_detection.py", "accuracy/test_points_calibration.py",
    "accuracy/test_world_sources.py", "unit/calibration/test_lens_choice.py",
    "unit/calibration/test_board_page.py", "accuracy/test_tag_calibration.py",
    "unit/calibration/test_corrections.py", "accuracy/test_board_corners.py",
    "unit/calibration/test_flatness.py", "unit/calibration/test_reestimate.py",
)  # fmt: skip
LAST = (
    "benchmarks/test_smoothing_speed.py", "benchmarks/test_detect_speed.py", "accuracy/test_smoothing.py",
    "integration/test_plates_session.py", "accuracy/test_side_swaps.py", "accuracy/test_kinematics_synthetic.py",
    "faults/test_wrong_files.py", "test_architecture.py", "integration/test_trial_steps.py",
    "accuracy/test_sync_offsets.py", "faults/test_calibration_in_use.py", WINDOWS,
    "integration/test_session_run.py", "unit/reconstruction/test_smooth_guard.py",
    "unit/reconstruction/test_robust.py", "unit/keypoints/test_marker_blobs.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files at the ends of the list."""
    rank = {name: place - len(FIRST) for place, name in enumerate(FIRST)}
    rank |= {name: 1 + place for place, name in enumerate(LAST)}
    items.sort(key=lambda item: rank.get(_file_of(item.nodeid), 0))


def _file_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0].removeprefix("tests/")
    return WINDOWS if file.startswith(WINDOWS) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole files from both ends of the list; those of one recording, and those of windows, together."""
    from xdist.scheduler import LoadFileScheduling

    class FromBothEnds(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = _file_of(nodeid)
            return "recording of a board" if file in RECORDING_OF_A_BOARD else file

        def _assign_work_unit(self, node: Any) -> None:
            if node is not next(iter(self.assigned_work)):
                self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
            super()._assign_work_unit(node)

    if config.option.dist != "loadfile":
        return None
    config.option.loadscopereorder = False
    return FromBothEnds(config, log)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings; they are not part of the project."""
    if not SHARED_DATA.is_dir():
        # A run that has to show the acceptance on real data must not turn green by skipping it.
        absent = pytest.fail if "MOCAP_REQUIRE_RECORDINGS" in os.environ else pytest.skip
        absent(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="module", autouse=True)
def few_calibrations_drawn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Draw two calibrations instead of sixteen for the part of them in the angles of each trial.

    Sixteen times the whole kinematics of trial and static would be most of the time of a session. How well the draws
    tell the part is held in `accuracy`, where all of them are drawn; nothing else hangs on their number.
    """
    if not {"accuracy", "benchmarks"}.isdisjoint(request.path.parts):
        yield
        return
    from mocap.pipeline import calibration_part

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration_part, "_DRAWS", 2)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have no file put on the disk at once: only a machine that loses its power would tell the difference."""
    with pytest.MonkeyPatch.context() as patch:
        if "not benchmark" in request.config.option.markexpr:
            patch.setattr(os, "fsync", os.fstat)  # which refuses what is no open file, too
        yield


@dataclass(frozen=True)
class CommandDone:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def error_line(self) -> str:
        """The one line of a refusal; fails when there is a traceback or more than one such line."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("error ")]
        assert len(lines) == 1, self.err
        return lines[0]


@pytest.fixture
def mocap_cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., CommandDone]:
    """Run the command line in this process: `mocap_cli("check", "trial.h5")`."""
    from mocap.cli import main

    def run(*arguments: object) -> CommandDone:
        monkeypatch.setattr(sys, "argv", ["mocap", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
            raise SystemExit(0)
        printed = capsys.readouterr()
        return CommandDone(int(stop.value.code or 0), printed.out, printed.err)

    return run


@dataclass(frozen=True)
class BoardRecording:
    """What `mocap calibrate` made of the real recording of a board, and the corners that it found on the way."""

    printed: str
    calibration: Path
    observations: BoardObservations


@pytest.fixture(scope="session")
def board_recording(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> BoardRecording:
    """Run `mocap calibrate --json` on the whole recording of four cameras, once for all tests.

    Detection takes most of the time of every test on real footage, so the corners are kept as they pass.
    """
    from mocap.cli import main
    from mocap.pipeline import calibration as pipeline

    folder = tmp_path_factory.mktemp("board_recording")
    write_board(folder / "board.toml", Board("charuco", 4, 5, 0.054, 0.0405, "DICT_4X4_1000", inverted=True))
    out, printed, found = folder / "calibration.toml", io.StringIO(), []
    calibrate_footage = pipeline.calibrate_footage

    def calibrate_and_keep(*arguments: Any, **options: Any) -> Any:
        found.append(calibrate_footage(*arguments, **options))
        return found[-1]

    words = ["calibrate", shared_data / "charuco_4cam", "--board", folder / "board.toml", "--out", out, "--json"]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as stop:
        patch.setattr(sys, "argv", ["mocap", *map(str, words)])
        patch.setattr(pipeline, "calibrate_footage", calibrate_and_keep)
        main()
        raise SystemExit(0)
    assert not stop.value.code
    return BoardRecording(printed.getvalue(), out, found[0].boards[0])
