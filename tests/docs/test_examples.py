"""The worked examples of the pages are code that does what the pages say."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.errors import FormatError
from mocap.readers import keypoints
from mocap.trial import JointAngles
from tests.docs.site import PAGES

LINES = "0 RASIS 612.4 388.0 0.97\n0 LASIS 668.1 389.2 0.95\n1 RASIS 613.0 388.5 0.96\n"


def example(page: str) -> dict[str, Any]:
    """Run the module that a page shows, and return its names."""
    text = (PAGES / page).read_text(encoding="utf-8")
    (code,) = re.findall(r'```python title="[^"]+"\n(.*?)```', text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, page, "exec"), names)
    return names


@pytest.fixture
def lab2d(tmp_path: Path) -> Path:
    for camera in ("cam_0", "cam_1"):
        (tmp_path / f"{camera}.txt").write_text(LINES)
    return tmp_path


def test_the_reader_of_the_page_reads_by_the_table(lab2d: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = example("add_reader.md")
    (line,) = re.findall(r'^"lab2d": (.*),$', (PAGES / "add_reader.md").read_text(encoding="utf-8"), re.MULTILINE)
    entry = eval(line, {**names, "KeypointReader": keypoints.KeypointReader})
    monkeypatch.setattr(keypoints, "KEYPOINT_READERS", {**keypoints.KEYPOINT_READERS, "lab2d": entry})
    recording = keypoints.read_keypoints(lab2d, camera_names=("cam_0", "cam_1"), rate_hz=50.0)
    person = recording.people.person(0)
    assert recording.source == "lab2d" and set(person.names) == {"RASIS", "LASIS"}
    right, left = person.names.index("RASIS"), person.names.index("LASIS")
    assert person.pixels[1, 0, right] == pytest.approx([612.4, 388.0])
    assert np.isnan(person.pixels[0, 1, left]).all() and person.confidence[0, 1, left] == 0.0


def test_the_reader_of_the_page_refuses_a_damaged_file(lab2d: Path) -> None:
    names = example("add_reader.md")
    (lab2d / "cam_1.txt").write_text("0 RASIS 612.4 what 0.97\n")
    request = names["KeypointRequest"](("cam_0", "cam_1"))
    with pytest.raises(FormatError) as caught:
        names["read_lab2d"](lab2d, request)
    assert caught.value.code == "NOT_LAB2D"
    assert not names["holds_lab2d"](lab2d.parent / "nowhere")


def test_the_metric_of_the_page_finds_a_planted_speed() -> None:
    rate, seconds, depth = 100.0, 2.0, 0.4
    time = np.arange(0.0, seconds, 1.0 / rate)
    place = np.zeros((len(time), 3))
    place[:, 2] = 0.9 - depth * (1.0 - np.cos(2.0 * np.pi * time / seconds)) / 2.0
    movement = Movement(JointAngles((), np.zeros((len(time), 0)), rate), {"RHJC": place, "LHJC": place})
    whole = Repetition(0, 100, 199, 100, 100, False, depth, 0.9)
    column = example("add_metric.md")["descent_speed_column"]
    found = column(movement, [whole])
    assert found.unit == "m/s" and found.values[0] == pytest.approx(np.pi * depth / seconds, rel=1e-3)
    gone = place.copy()
    gone[50] = np.nan
    movement = Movement(movement.angles, {"RHJC": gone, "LHJC": place})
    found = column(movement, [whole])
    assert np.isnan(found.values[0]) and found.reasons[0].startswith("withheld")
