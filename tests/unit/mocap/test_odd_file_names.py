"""Names of files that are no UTF-8: such a file is read, recorded, found again and told of."""

import io
import os
import sys
from pathlib import Path

import pytest

from mocap.cli.application import answer
from mocap.config.plain_names import recorded_name
from mocap.pipeline.motion import import_to_file
from mocap.pipeline.reproduce_files import Places
from mocap.storage import read_trial

TRC = (
    "PathFileType\t4\t(X/Y/Z)\ta.trc\n"
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
    "50\t50\t3\t1\tm\t50\t1\t3\nFrame#\tTime\tA\t\t\n\t\tX1\tY1\tZ1\n\n"
    "1\t0.00\t1\t2\t3\n2\t0.02\t1\t2\t3\n3\t0.04\t1\t2\t3\n"
)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / os.fsdecode(b"bad\xff.trc")
    try:
        path.write_text(TRC, encoding="utf-8")
    except OSError:
        pytest.skip("names of files are UTF-8 here")
    return path


def test_it_is_imported_and_found_again(odd: Path, tmp_path: Path) -> None:
    import_to_file(odd, tmp_path / "a.h5", "y", "m")
    trial = read_trial(tmp_path / "a.h5")
    assert trial.trial_id == r"bad\xff" and list(trial.inputs) == [r"bad\xff.trc"]
    (used,) = trial.steps[0].inputs
    assert Places(tmp_path / "a.h5", None).found(used) == odd
    assert recorded_name("Wié.trc") == "Wié.trc"


def test_the_command_line_writes_such_a_name_out(odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "strict")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "argv", ["mocap", "import", str(odd), "--up", "y", "--out", str(odd.with_suffix(".h5"))])
    with pytest.raises(SystemExit) as ended:
        answer()
    out.flush()
    assert ended.value.code == 0 and rb"bad\udcff.h5: 3 frames" in out.buffer.getvalue()
