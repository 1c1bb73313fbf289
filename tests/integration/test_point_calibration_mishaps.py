"""What goes wrong for users who calibrate with a wand or a person: one line each, and the old calibration stays."""

import shlex
from pathlib import Path

import numpy as np
import pytest

from calibration import read_rig, write_rig
from calibration.boards.wand import Wand
from calibration.synthetic import ring_rig
from calibration.synthetic.wands import observe_wand
from mocap.cli import main
from mocap.cli.calibrate import EXAMPLE
from mocap.export.keypoints import write_keypoint_table
from mocap.synthetic import default_subject, faced, observe, walking
from mocap.trial import Keypoints2D, Points3D

RIG = ring_rig(4, seed=1)
NAMES = ("RHip", "LHip", "RKnee", "LKnee", "RAnkle", "LAnkle", "RHeel", "LHeel", "RBigToe", "LBigToe", "Neck")
PLACES = ("RHJC", "LHJC", "RKJC", "LKJC", "RAJC", "LAJC", "RHEEL", "LHEEL", "RHALLUX", "LHALLUX", "C7")
SIZES = "".join(f" --image-size {c.name}={c.size[0]}x{c.size[1]}" for c in RIG)
THIGH = "RHip-RKnee=0.42875+-0.005"


def _table(path: Path, pixels: np.ndarray, names: tuple[str, ...], cameras: tuple[str, ...] = RIG.names) -> None:
    seen = np.isfinite(pixels[..., 0]).astype(float)
    write_keypoint_table(path, Keypoints2D(pixels, seen, names, 15.0), cameras)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("mishaps")
    write_rig(path / "lenses.toml", RIG)
    write_rig(path / "c.toml", RIG)  # as the help calls it
    for name, markers in {"wand": [0, 0.2, 0.5], "wrong": [0, 0.25, 0.45], "even": [0, 0.25, 0.5], "two": [0, 0.5],
                          "long": [0, 0.202, 0.505], "mm": [0, 200, 500]}.items():  # fmt: skip
        text = f'type = "wand"\nmarkers = {markers}\nlength_sd = 0.0003\nlabelled = false\n'
        (path / f"{name}.toml").write_text(text)
    waved = observe_wand(RIG, Wand(np.array([0.0, 0.2, 0.5]), 0.0003), 60, 1.0, seed=0, swapped=0.5).pixels
    blind = waved.copy()
    blind[1] = np.nan
    _table(path / "wand.csv", waved, ("a", "b", "c"))
    _table(path / "few.csv", waved[:, :12], ("a", "b", "c"))
    _table(path / "blind.csv", blind, ("a", "b", "c"))
    _table(path / "nothing.csv", np.full_like(waved, np.nan), ("a", "b", "c"))
    walk = observe(_walk(), RIG, 0, pixel_sigma=4.0).keypoints.pixels
    _table(path / "walk.csv", walk, NAMES)
    for name, own in {"two": [0, 1], "opposite": [0, 2]}.items():
        pair = RIG.subset(tuple(RIG.names[c] for c in own))
        write_rig(path / f"{name}_lenses.toml", pair)
        _table(path / f"{name}.csv", walk[own], NAMES, pair.names)
    return path


def _walk() -> Points3D:
    parts = []
    for lap in range(3):
        trial = faced(walking(default_subject(), 2.0, 15.0), lap * np.pi / 3, (0.2 * lap - 0.3, 0.1, 0.0))
        place = {name: trial.points.position[:, i] for i, name in enumerate(trial.points.names)} | trial.joint_centres
        parts.append(np.stack([place[name] for name in PLACES], axis=1))
    return Points3D(np.concatenate(parts), NAMES, 15.0)


def _run(folder: Path, arguments: str, monkeypatch) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["mocap", "calibrate", *shlex.split(arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ("walk.csv --person --lenses lenses.toml", "SCALE_UNKNOWN", "--length RHip-RKnee"),
        ("walk.csv --person --length RHip-RKne=0.4+-0.01 --lenses lenses.toml", "KEYPOINT_UNKNOWN", "mean RKnee"),
        ("walk.csv --person --length RHip-RKnee=0.4 --lenses lenses.toml", "LENGTH_FORMAT", "0.42+-0.005"),
        ("walk.csv --person --length RHip-RKnee=42+-0.5 --lenses lenses.toml", "LENGTH_UNITS", "metres"),
        (f"walk.csv --person --length {THIGH}", "LENS_UNKNOWN", "--image-size"),
        (f"walk.csv --person --length {THIGH}" + SIZES.replace("1280x720", "640x360"), "IMAGE_SIZE", "640 x 360"),
        (f"walk.csv --person --length {THIGH} --lenses two_lenses.toml", "CAMERA_COUNT", "cam_3"),
        pytest.param(
            f"walk.csv --person --length {THIGH} --length LHip-LKnee=0.46+-0.001 --lenses lenses.toml",
            "SCALE_DISAGREES", "RHip-RKnee vs LHip-LKnee", marks=pytest.mark.heavy,
        ),
        ("walk.csv --person --length RHip-RAnkle=0.8+-0.005 --lenses lenses.toml", "LENGTH_NOT_RIGID", "RHip-RAnkle"),
        ("wand.csv --wand wrong.toml --lenses lenses.toml", "WAND_WRONG", "a-b 0.2"),
        ("wand.csv --wand even.toml --lenses lenses.toml", "WAND_WRONG", "b mostly contradicts"),
        ("wand.csv --wand two.toml --lenses lenses.toml", "MARKERS_UNKNOWN", "2 markers"),
        ("wand.csv --wand mm.toml --lenses lenses.toml", "WAND_UNITS", "metres"),
        ("wand.csv --wand long.toml --length a-c=0.5+-0.0005 --lenses lenses.toml", "SCALE_DISAGREES", "1.0 %"),
        ("wand.csv --wand wand.toml --length cam_0-cam_2=20+-0.01 --lenses lenses.toml", "SCALE_DISAGREES", "tape"),
        ("few.csv --wand wand.toml --lenses lenses.toml", "TOO_FEW_POINTS", "more than 12 points"),
        ("blind.csv --wand wand.toml --lenses lenses.toml", "CAMERA_BLIND", "camera cam_1 "),
        ("nothing.csv --wand wand.toml --lenses lenses.toml", "KEYPOINT_EMPTY", "No camera"),
        ("absent.csv --wand wand.toml --lenses lenses.toml", "FILE_MISSING", "absent.csv"),
        ("two.csv --person --length RHip-RKnee=0.42875+-0.005 --image-size cam_0=1280x720 --image-size cam_1=1280x720",
         "POORLY_FIXED", "give the lenses"),
    ],
)  # fmt: skip
def test_a_mishap_is_told_in_one_line_and_leaves_the_old_calibration(
    folder, arguments, code, told, monkeypatch, capsys
) -> None:
    write_rig(folder / "calibration.toml", RIG)
    before = (folder / "calibration.toml").read_bytes()
    assert _run(folder, arguments, monkeypatch) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error {code}: ") and error.count("\n") == 1 and "Remedy: " in error
    assert told in error
    assert (folder / "calibration.toml").read_bytes() == before


@pytest.mark.parametrize("pair", ["two", pytest.param("opposite", marks=pytest.mark.heavy)])
def test_two_cameras_are_enough_where_the_lenses_are_known(folder, pair, monkeypatch, capsys) -> None:
    arguments = f"{pair}.csv --person --length {THIGH} --lenses {pair}_lenses.toml --out {pair}_found.toml"
    assert _run(folder, arguments, monkeypatch) == 0
    rig, truth = read_rig(folder / f"{pair}_found.toml"), read_rig(folder / f"{pair}_lenses.toml")
    found, true = (np.linalg.norm(r.cameras[0].centre_world - r.cameras[1].centre_world) for r in (rig, truth))
    assert abs(found / true - 1.0) < 3 * float(rig.metadata["scale_sd"]) < 0.04  # 0.001 and 0.003
    assert "rests on this alone" in capsys.readouterr().out


@pytest.mark.parametrize("example", [line for line in EXAMPLE.split("\n\n") if "--wand" in line or "--person" in line])
def test_the_examples_of_the_help_work_as_they_stand(folder, example, monkeypatch) -> None:
    assert _run(folder, example.removeprefix("mocap calibrate "), monkeypatch) == 0


def test_a_wand_that_hardly_moves_is_told_where_it_was_not(folder, monkeypatch, capsys) -> None:
    spot = observe_wand(RIG, Wand(np.array([0.0, 0.2, 0.5]), 0.0003), 60, 1.0, seed=0, volume_m=(0.05, 0.05, 0.05))
    _table(folder / "spot.csv", spot.pixels, ("a", "b", "c"))
    assert _run(folder, "spot.csv --wand wand.toml --lenses lenses.toml --out spot.toml", monkeypatch) == 0
    assert "filled little of the images (cam_0 " in capsys.readouterr().out
