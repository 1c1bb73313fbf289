"""No wish of a user is ignored in silence, and what is printed can be read."""

import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from calibration import write_rig
from calibration.camera import CameraRig
from calibration.lenses.models import checked_model
from calibration.quality.judgement import Check
from calibration.sources import CameraSource
from calibration.synthetic import ring_rig
from mocap.cli.calibrate_lines import counted, said, shown_metadata, verdict_lines
from mocap.config.build import build
from mocap.config.presets import preset_path
from mocap.config.room import Room, read_room
from mocap.errors import MocapError
from mocap.pipeline.board_footage import footage_notes
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.check_lines import age_of
from mocap.pipeline.recorded import keypoint_files, recorded

BOARD, PERSON = ("--board", "b.toml"), ("--person", "--length", "RHip-RKnee=0.4+-0.01")
CHECK = (*BOARD, "--check", "old.toml")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*PERSON, "--lens", "brown5"), "--person takes no --lens (it goes with --board)"),
        ((*PERSON, "--frames", 100), "--frames"),
        (("--wand", "w.toml", "--timing", "--frame-times", "t.csv"), "no --timing (it goes with --board), no --frame-"),
        ((*BOARD, "--skeleton", "BODY_25"), "--wand or --person"),
        ((*BOARD, "--lenses", "old.toml"), "--lenses"),
        (("--wand", "w.toml", "--flat"), "--wand takes no --flat (it goes with --board)"),
        (("--wand", "w.toml", "--bending"), "--wand takes no --bending (it goes with --board)"),
        ((*CHECK, "--flat"), "--check with --board takes no --flat (it goes with --board without --check)"),
        ((*CHECK, "--no-report"), "takes no --no-report (it goes with --board or --wand or --person without --check)"),
        ((*CHECK, "--skeleton", "BODY_25"), "takes no --skeleton (it goes with --wand or --person)"),
        ((*CHECK, "--rate", 50), "--board or --wand or --person without --check or --check with --wand or"),
        ((*BOARD, "--limit-hours", 1, 2), "--board takes no --limit-hours (it goes with --check)"),
        ((*CHECK, "--world", "floor:0"), "--check with --board takes no --world"),
        ((*CHECK, "--out", "new.toml"), "with --repair"),
        ((*CHECK, "--limit-hours", "nan", 12), "no two ages"),
        ((*CHECK, "--limit-hours", -1, 12), "no two ages"),
        ((*CHECK, "--limit-mm", "nan"), "'--limit-mm'"),
        ((*BOARD, "--frames", 1), "--frames is 1: a camera needs 5 views"),
        ((*BOARD, "--frames", -3), "--frames"),
    ],
)
def test_what_would_be_ignored_is_wrong_usage(tmp_path: Path, mocap_cli: Callable, words, told) -> None:
    done = mocap_cli("calibrate", tmp_path, *words)
    assert done.status == 2 and told in " ".join(done.err.replace("│", " ").split()), done.err


def test_a_session_asks_for_enough_frames() -> None:
    for wrong in (-3, 1, 4):
        with pytest.raises(MocapError, match="5 views at least") as refused:
            build(CalibrationOptions, {"max_frames": wrong}, "session.toml", "options.calibration")
        assert refused.value.code == "CONFIG_VALUE"
    assert build(CalibrationOptions, {"max_frames": 0}, "session.toml").max_frames == 0


@pytest.mark.parametrize(("size", "code"), [("cam_0=640x360", "CALIBRATION_SIZE"), ("left=1280x720", "CAMERA_UNKNOWN")])
def test_image_sizes_do_not_contradict_the_lenses(tmp_path: Path, mocap_cli: Callable, size: str, code: str) -> None:
    write_rig(tmp_path / "lenses.toml", ring_rig(3, 1))
    words = (*PERSON, "--lenses", tmp_path / "lenses.toml", "--image-size", size, "--out", tmp_path / "new.toml")
    done = mocap_cli("calibrate", tmp_path / "walk.csv", *words)
    assert done.error_line.startswith(f"error {code}: "), done.err


def test_a_lens_model_that_does_not_exist_names_a_camera_only_where_it_was_meant() -> None:
    with pytest.raises(MocapError) as refused:
        checked_model("fish", "")
    assert refused.value.cause == "The lens model 'fish' does not exist."
    with pytest.raises(MocapError, match="'fish' of camera 'cam_1' does"):
        checked_model("fish", "cam_1")


def images(name: str, *indices: int) -> CameraSource:
    return CameraSource(name, Path(name), "images", tuple(Path(f"{i}.png") for i in indices), indices)


def test_recordings_of_unequal_length_and_a_camera_alone_are_told() -> None:
    (told,) = footage_notes([images("a", *range(61)), images("b", *range(40)), images("c", *range(61))])
    assert "a 61, b 40, c 61" in told and "paired by their index" in told and told.startswith("the cameras")
    assert footage_notes([images("a", 0, 1, 2), images("b", 0, 2)]) == ()  # an image is lost, and leaves a gap
    assert footage_notes([images("a", 0), CameraSource("b", Path("absent.avi"), "video")]) == ()
    (alone,) = footage_notes([images("a", 0, 1)])
    assert alone.startswith("a is alone") and "no rig" in alone


def test_the_date_is_that_of_the_newest_footage(tmp_path: Path) -> None:
    for name, stamp in {"a.csv": 1_000_000_000.7, "b.csv": 1_100_000_000.2, "c.toml": 1_200_000_000.0}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (stamp, stamp))
    files = keypoint_files(tmp_path)
    assert [file.name for file in files] == ["a.csv", "b.csv"]
    told = recorded(files)
    assert told["created_utc"] == "2004-11-09T11:33:20Z" and "copying" in told["created_by"]  # 1.1e9 s, by date(1)
    assert recorded([tmp_path / "absent"]) == {}
    rig = ring_rig(2, 1)
    age = age_of(CameraRig(rig.cameras, told), tmp_path / "a.csv", 1_100_003_600.0)
    assert age.hours == 1.0 and "own date, the time stamp of the newest file" in age.told_by


def test_figures_are_printed_with_the_digits_that_count() -> None:
    assert [said(one) for one in (0.123456789012, 12, "floor:0", 1.0)] == ["0.1235", "12", "floor:0", "1"]
    assert counted(["left"]) == "1 camera (left)" and counted(["a", "b"]) == "2 cameras (a, b)"
    camera = SimpleNamespace(name="a", grade="good", reason="All is well.", remedy="")
    four = ("Timing limits this.", "So.", "And so.", "No more.")
    assessed = SimpleNamespace(remedy="Go on.", cameras=[camera], limits=four)
    lines = verdict_lines(assessed, "good: it is.")
    assert lines[:2] == ["good: it is. Go on.", "  a is good: All is well."]
    assert lines[2:] == [f"  what limits this recording: {text}" for text in ("Timing limits this.", "So.", "And so.")]
    assert verdict_lines(None, "not assessed") == []


def test_remedies_name_what_a_calibration_has(tmp_path: Path, mocap_cli: Callable) -> None:
    write_rig(tmp_path / "lenses.toml", ring_rig(3, 1))
    rows = ["camera,frame,keypoint,x,y,confidence"]
    rows += [f"cam_{camera},{frame},RHip,100,100,1" for camera in range(2) for frame in range(3)]
    (tmp_path / "walk.csv").write_text("\n".join(rows))
    for words in ((*PERSON, "--lenses"), ("--person", "--check")):
        error = mocap_cli("calibrate", tmp_path / "walk.csv", *words, tmp_path / "lenses.toml").error_line
        assert error.startswith("error CAMERA_") and "--lenses, --check" in error and "--camera" not in error


def test_the_sketch_that_is_shown_has_every_entry(tmp_path: Path, mocap_cli: Callable) -> None:
    shown = read_room(preset_path("rooms", "lab_6x5"))
    assert repr(shown) == repr(Room((6.0, 5.0, 2.8), n_cameras=8))  # the defaults throughout
    text = preset_path("rooms", "lab_6x5").read_text().replace("# [[", "[[")
    text = re.sub(r"^# (?=(name|position|aim) =)", "", text, flags=re.MULTILINE)
    given = tomllib.loads(text)
    assert set(given) == {field.name for field in fields(Room)}
    (tmp_path / "room.toml").write_text("size = 6")
    error = mocap_cli("plan", tmp_path / "room.toml", "--out", tmp_path / "p.html").error_line
    assert "lab_6x5.toml shows" in error and "session" not in error
    (tmp_path / "room.toml").write_bytes(preset_path("rooms", "lab_6x5").read_bytes())
    assert "OUTPUT_IS_INPUT" in mocap_cli("plan", tmp_path / "room.toml", "--out", tmp_path / "room.toml").error_line


def test_a_plan_prints_no_minus_zero(tmp_path: Path, mocap_cli: Callable) -> None:
    done = mocap_cli("plan", "--room", "6x5x2.8", "--cameras", 4, "--out", tmp_path / "plan.html")  # two look level
    assert done.status == 0 and " tilt 0 deg" in done.out and not re.search(r"-0(\.0*)?[ ,]", done.out), done.out


def test_what_the_verdict_says_is_not_said_again() -> None:
    checks = [
        Check("lens_asked", "fail", 3.0, 2.0, 2.0, "sd", "camera 'a': off by up to", "Leave it."),
        Check("timing", "warn", 3.0, 2.0, 4.0, "sd", "'b' is late: off by up to", "Use a clock."),
    ]
    verdict = f"refuse: C{checks[0].describe()[1:]}."
    metadata = {"world": "feet", "lens_asked": "Camera 'a': ... Leave it.", "timing": "each view", "scale": ""}
    names = ("world", "scale", "lens_asked", "timing")
    lines = shown_metadata(SimpleNamespace(checks=checks), verdict, metadata, names)
    assert lines == ["  world: feet", "  timing: each view"]
    assert len(shown_metadata(None, "", metadata, names)) == 3
