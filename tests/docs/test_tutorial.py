"""The tutorial as it stands: its commands, one after the other, on a small synthetic recording."""

import re
import tomllib
from pathlib import Path

import cv2
import pandas as pd
import pytest
from typer.testing import CliRunner

from mocap.cli.application import app
from mocap.errors import MocapError
from mocap.pipeline.synthetic_session import LabSettings, write_synthetic_session
from tests.docs.site import PAGES, shown_commands
from tests.fixtures.filmed_session import write_video
from tests.fixtures.small_session import silent

LAB = LabSettings(n_cameras=3, n_board_poses=14, n_floor_frames=10, rate_hz=50.0, repetitions=1)
#: Lines that set the machine up, and those that open a window or take a minute.
SETTING_UP = ("python3", ".", "pip", "git", "cd")
NOT_RUN = ("view", "demo")


def lay_down_recording(session: Path, made: Path) -> None:
    """Put footage of a board, and keypoints as DeepLabCut writes them, where `mocap new` said."""
    write_synthetic_session(made, 1, LAB, silent)
    for camera in sorted((made / "calibration").iterdir()):
        images = [cv2.imread(str(image), cv2.IMREAD_GRAYSCALE) for image in sorted(camera.iterdir())]
        write_video(session / "calibration" / f"{camera.name}.mp4", images)
    for trial in ("standing", "squat"):
        table = pd.read_parquet(made / f"{trial}.parquet")
        for camera, rows in table.groupby("camera", observed=True):
            wide = rows.pivot(index="frame", columns="keypoint", values=["x", "y", "confidence"])
            wide = wide.rename(columns={"confidence": "likelihood"}, level=0).swaplevel(axis=1).sort_index(axis=1)
            wide.columns = pd.MultiIndex.from_tuples(
                [("net", point, part) for point, part in wide.columns], names=["scorer", "bodyparts", "coords"]
            )
            wide.index.name = None
            wide.to_csv(session / trial / f"{camera}.csv")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tutorial was followed."""
    work, runner = tmp_path_factory.mktemp("tutorial"), CliRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        for words in shown_commands((PAGES / "tutorial.md").read_text(encoding="utf-8")):
            assert words[0] == "mocap" or words[0] in SETTING_UP, words
            if words[0] != "mocap" or words[1] in NOT_RUN:
                continue
            try:
                answer = runner.invoke(app, words[1:], catch_exceptions=False)
            except MocapError as error:
                pytest.fail(f"{' '.join(words)}: {error}")
            assert answer.exit_code == 0, f"{' '.join(words)}: {answer.output}"
            if words[1:3] == ["new", "P01"]:
                lay_down_recording(work / "P01", work / "made")
    return work


def test_the_tutorial_ends_with_a_report_of_the_recording(done: Path) -> None:
    for name in ("squat.html", "step_by_step.html"):
        words = " ".join(re.sub(r"<[^>]+>", " ", (done / name).read_text(encoding="utf-8")).split())
        assert "detected in 1 of 1 repetitions" in words and "Withheld" in words


def test_both_ways_leave_their_files(done: Path) -> None:
    for name in ("board.pdf", "plates.pdf", "calibration.toml", "squat_angles.h5", "P01/results/squat.h5"):
        assert (done / name).stat().st_size > 1000, name
    assert tomllib.loads((done / "P02/session.toml").read_text(encoding="utf-8"))["keypoints"]["source"] == "video"
