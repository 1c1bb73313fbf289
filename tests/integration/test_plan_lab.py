"""`mocap plan`: from a sketch to a page, and refusals of sketches that are none."""

import json
from pathlib import Path

import numpy as np
import pytest

from mocap.cli import main
from mocap.config.room import PlacedCamera, Room
from mocap.errors import ConfigError
from mocap.pipeline.plan import plan_lab

SKETCH = """size = [6.0, 5.0, 2.8]
volume = [1.0, 1.0, 2.0]
pixel_sd = 0.5

[lens]
size = [1280, 720]
field_deg = 75

[[cameras]]
name = "north"
position = [0.0, 2.4, 2.0]

[[cameras]]
name = "<b>south</b>"
position = [0.0, -2.4, 2.0]

[[cameras]]
name = "east"
position = [2.9, 0.0, 1.0]
field_deg = 60
"""


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["mocap", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_a_sketch_becomes_a_page_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "room.toml").write_text(SKETCH)
    out = tmp_path / "plan.html"
    assert run(monkeypatch, "plan", str(tmp_path / "room.toml"), "--out", str(out), "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in result["cameras"]] == ["north", "<b>south</b>", "east"]
    assert result["figures"]["point_sd_median_mm"] > 0
    page = out.read_text()
    assert "<b>south" not in page and "&lt;b&gt;south" in page
    assert "http" not in page.replace("http-equiv", "")
    assert out.with_suffix(".csv").read_text().splitlines()[0] == "name,x_m,y_m,z_m,pan_deg,tilt_deg"


def test_twice_the_noise_is_twice_the_error_and_gravity_adds() -> None:
    one, two = (plan_lab(Room((6, 5, 3), n_cameras=6, pixel_sd=sd, gravity_sd_deg=0.0)) for sd in (0.4, 0.8))
    assert np.allclose(two.points.sd_mm, 2 * one.points.sd_mm, equal_nan=True)
    assert two.summary()["pelvic_tilt_sd_median_deg"] == pytest.approx(
        2 * one.summary()["pelvic_tilt_sd_median_deg"], rel=1e-6
    )
    unsure = plan_lab(Room((6, 5, 3), n_cameras=6, pixel_sd=0.4, gravity_sd_deg=1.0))
    assert np.nanmin(unsure.tilt_sd_deg) > 1.0


def test_two_cameras_in_front_do_not_see_the_back_of_the_pelvis() -> None:
    cameras = (PlacedCamera("a", (2.9, 0.8, 1.5)), PlacedCamera("b", (2.9, -0.8, 1.5)))
    plan = plan_lab(Room((6, 5, 3), cameras=cameras))
    assert np.isfinite(plan.points.sd_mm).any()
    assert plan.summary()["pelvic_tilt_observable_pct"] == 0.0


@pytest.mark.parametrize(
    ("room", "cause"),
    [
        ({"size": (0, 5, 3), "n_cameras": 4}, "no room in metres"),
        ({"size": (6000, 5000, 2800), "n_cameras": 4}, "no room in metres"),
        ({"size": (6, 5, 3)}, "neither n_cameras"),
        ({"size": (6, 5, 3), "n_cameras": 1}, "between 2 and 64"),
        ({"size": (6, 5, 3), "n_cameras": 4, "volume": (7, 1, 1)}, "does not fit"),
        ({"size": (6, 5, 3), "n_cameras": 4, "mount_heights": (3.5,)}, "ceiling"),
        ({"size": (6, 5, 3), "cameras": (PlacedCamera("a", (9, 0, 1)), PlacedCamera("b", (1, 0, 1)))}, "outside"),
        ({"size": (6, 5, 3), "n_cameras": 60}, "places were looked at"),
    ],
)
def test_impossible_rooms_are_refused(room: dict, cause: str) -> None:
    if "cameras" in room or room.get("n_cameras") == 60:
        room = {"mount_heights": (1.0,), **room}
    with pytest.raises(ConfigError, match=cause):
        plan_lab(Room(**room))


def test_bad_flags_are_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan.html"
    for arguments in (["--room", "six"], [], ["--room", "6x5x3", "--field-deg", "300"], ["missing.toml"]):
        assert run(monkeypatch, "plan", *arguments, "--out", str(out)) == 1
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("error ") and "Remedy" in lines[0]
    assert not out.exists()
