"""What a user has to see: notes, verdicts and refusals where a number could be believed wrongly."""

from collections.abc import Callable
from pathlib import Path

import ezc3d
import numpy as np
import pytest

import mocap
from calibration import CameraRig
from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap.export.keypoints import write_keypoint_table
from mocap.synthetic import default_subject, observe, static_standing
from mocap.trial import Keypoints2D

Cli = Callable[..., object]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CameraRig, Keypoints2D]:
    folder = tmp_path_factory.mktemp("doubt")
    rig = ring_rig(4, 5)
    write_rig(folder / "calibration.toml", rig)
    points = static_standing(default_subject(seed=1), 0.3).points
    return folder, rig, observe(points, rig, 1, pixel_sigma=0.5).keypoints


def reconstruct(mocap_cli: Cli, lab, table: Path, *more: object):
    out = table.with_suffix(".h5")
    calibration = lab[0] / "calibration.toml"
    fixed = ("--calibration", calibration, "--keypoints", table, "--rate", 100, "--out", out)
    return mocap_cli("reconstruct", *fixed, *more), out


def test_a_camera_that_drops_out_is_named(mocap_cli: Cli, lab, tmp_path: Path) -> None:
    _, rig, keypoints = lab
    pixels, confidence = keypoints.pixels.copy(), keypoints.confidence.copy()
    pixels[2, 10:], confidence[2, 10:] = np.nan, 0
    table = tmp_path / "k.parquet"
    write_keypoint_table(table, Keypoints2D(pixels, confidence, keypoints.names, 100), rig.names)
    done, out = reconstruct(mocap_cli, lab, table)
    assert done.status == 0
    assert "LOOK cam_2 saw: 33.3 %" in done.out
    failed = [verdict.name for verdict in mocap.read_trial(out).quality if not verdict.passed]
    assert "cam_2 saw" in failed


def test_a_recording_without_one_of_the_cameras_can_be_used_when_told(mocap_cli: Cli, lab, tmp_path: Path) -> None:
    _, rig, keypoints = lab
    three = Keypoints2D(keypoints.pixels[:3], keypoints.confidence[:3], keypoints.names, 100)
    table = tmp_path / "k.parquet"
    write_keypoint_table(table, three, rig.names[:3])
    done, _ = reconstruct(mocap_cli, lab, table)
    assert done.status == 1
    assert "CAMERA_COUNT" in done.error_line
    done, out = reconstruct(mocap_cli, lab, table, *(word for name in rig.names[:3] for word in ("--camera", name)))
    assert done.status == 0, done.err
    assert mocap.read_trial(out).rig.names == rig.names[:3]


def test_the_number_of_the_first_frame_is_kept_and_said(mocap_cli: Cli, lab, tmp_path: Path) -> None:
    _, rig, keypoints = lab
    write_keypoint_table(tmp_path / "good.csv", keypoints, rig.names)
    header, *rows = (tmp_path / "good.csv").read_text().splitlines()
    cells = [row.split(",") for row in rows]
    moved = [",".join([c[0], str(int(c[1]) + 1000), *c[2:]]) for c in cells]
    (tmp_path / "k.csv").write_text("\n".join([header, *moved]))
    done, out = reconstruct(mocap_cli, lab, tmp_path / "k.csv")
    assert "time 0 is frame 1000 of the files" in done.out
    assert mocap.read_trial(out).operations[0].parameters["first_frame"] == 1000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("camera,frame,keypoint,x,y,confidence\n", "NO_FRAMES"),
        ("camera;frame;keypoint;x;y;confidence\ncam_0;0;a;1,5;2;1\n", "CSV_SEPARATOR"),
    ],
)
def test_tables_that_are_none(mocap_cli: Cli, lab, tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "k.csv").write_text(text)
    done, out = reconstruct(mocap_cli, lab, tmp_path / "k.csv")
    assert done.status == 1
    assert done.error_line.startswith(f"error {code}")
    assert not out.exists()


def test_unknown_gravity_goes_with_the_points(lab) -> None:
    _, rig, keypoints = lab
    blind = CameraRig(rig.cameras, {"gravity": "unknown"})
    angles = mocap.joint_angles(mocap.reconstruct(keypoints, blind), marker_set="landmarks")
    assert not angles.definition("pelvic_tilt").observable
    assert angles.definition("knee_flexion_r").observable


def test_facing_direction_is_found(mocap_cli: Cli, lab, tmp_path: Path) -> None:
    _, rig, keypoints = lab
    write_keypoint_table(tmp_path / "k.parquet", keypoints, rig.names)
    _, out = reconstruct(mocap_cli, lab, tmp_path / "k.parquet")
    assert mocap.read_trial(out).forward_axis == "x"
    turned = static_standing(default_subject(seed=1), 0.3)
    from mocap.synthetic import faced

    backwards = observe(faced(turned, np.pi, (0.0, 0.0, 0.0)).points, rig, 1).keypoints
    write_keypoint_table(tmp_path / "b.parquet", backwards, rig.names)
    _, out = reconstruct(mocap_cli, lab, tmp_path / "b.parquet")
    assert mocap.read_trial(out).forward_axis == "-x"


def test_what_a_c3d_brings_is_in_the_trial(mocap_cli: Cli, shared_data: Path, tmp_path: Path) -> None:
    done = mocap_cli("import", shared_data / "plug_in_gait" / "PiG_Motion3_FF.c3d", "--out", tmp_path / "t.h5")
    stored = ezc3d.c3d(str(shared_data / "plug_in_gait" / "PiG_Motion3_FF.c3d"))["parameters"]
    n_events, n_plates = stored["EVENT"]["USED"]["value"][0], stored["FORCE_PLATFORM"]["USED"]["value"][0]
    assert n_events > 0
    assert "not carried" not in done.out
    trial = mocap.read_trial(tmp_path / "t.h5")
    assert len(trial.force_plates) == n_plates
    assert trial.analog is not None and trial.analog.names == tuple(stored["ANALOG"]["LABELS"]["value"])
    outputs = {one.kind: one.labels for one in trial.model_outputs}
    assert outputs == {kind.lower(): tuple(stored["POINT"][kind]["value"])
                       for kind in ("ANGLES", "POWERS", "FORCES", "MOMENTS")}  # fmt: skip
    kept = [event.source for event in trial.events]
    assert kept.count("imported") == n_events
    assert kept.count("force_plate") == 2 * n_plates
    assert trial.operations[0].parameters["first_frame"] > 1


def beginning(trc: Path, out: Path, n_frames: int) -> Path:
    """The first frames of a TRC file as one of its own."""
    lines = trc.read_text().splitlines()
    rows = [place for place, line in enumerate(lines) if place > 4 and line.strip()]
    cells = lines[2].split("\t")
    cells[2] = str(n_frames)
    out.write_text("\n".join([*lines[:2], "\t".join(cells), *lines[3 : rows[n_frames]]]) + "\n")
    return out


def test_an_analysis_repeated_keeps_nothing_of_the_one_before(
    mocap_cli: Cli, shared_data: Path, tmp_path: Path
) -> None:
    static = shared_data / "squat_markers" / "static1.trc"
    squats = beginning(shared_data / "squat_markers" / "squats1.trc", tmp_path / "squats.trc", 300)
    first, again = tmp_path / "first.h5", tmp_path / "again.h5"
    done = mocap_cli("kinematics", squats, "--static", static, "--cutoff", 6, "--out", first)
    assert "up axis y was inferred" in done.out
    assert mocap.read_trial(first).subject["neutral_pelvic_tilt_deg"] == pytest.approx(12, abs=12)
    mocap_cli("kinematics", first, "--out", again)
    before, after = mocap.read_trial(first), mocap.read_trial(again)
    assert after.points_smoothed is not None
    np.testing.assert_allclose(after.angles["pelvic_tilt"], before.angles["pelvic_tilt"], atol=1e-12)
    names = [verdict.name for verdict in after.quality]
    assert len(set(names)) == len(names)
    assert not any(name.startswith("static") for name in names)
    assert not any(name.startswith("neutral") for name in after.subject)
    # Nor is the static, which the second analysis did without, among what it was made from.
    assert set(before.inputs) - set(after.inputs) == {static.name} and squats.name in after.inputs


def test_a_file_of_angles_alone_has_no_kinematics(mocap_cli: Cli, shared_data: Path, tmp_path: Path) -> None:
    mot = shared_data / "squat_markers" / "squats1_ik_degrees.mot"
    done = mocap_cli("kinematics", mot, "--out", tmp_path / "t.h5")
    assert done.error_line.startswith("error NO_POINTS")


@pytest.mark.parametrize("world", ["flor:1", "camera:cam_9"])
def test_a_wrong_world_is_refused_before_the_footage_is_read(
    mocap_cli: Cli, shared_data: Path, tmp_path: Path, world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mocap.pipeline import calibration

    def must_not_run(*_: object, **__: object) -> None:
        raise AssertionError("the footage was read")

    monkeypatch.setattr(calibration, "seen_board", must_not_run)
    done = mocap_cli(
        "calibrate", shared_data / "charuco_4cam", "--board", "charuco_7x5_a1", "--world", world, "--out",
        tmp_path / "c.toml",
    )  # fmt: skip
    assert done.error_line.startswith("error WORLD_UNKNOWN")


def test_an_unknown_board_names_the_presets(mocap_cli: Cli, tmp_path: Path) -> None:
    done = mocap_cli("board", "charuco_5x7", "--out", tmp_path / "b.pdf")
    assert "charuco_7x5_a1" in done.error_line
