"""Damaged and hostile files end in one coded error with a remedy, never in a traceback or in work without end."""

import random
import re
import time
from pathlib import Path

import pytest

from calibration.errors import FormatError, MocapError, SourceError
from calibration.formats import FORMATS, format_named, read_calibration, read_parts, write_calibration
from calibration.formats.exchange import detected
from calibration.synthetic.rigs import ring_rig

GOLDEN = Path(__file__).parents[3] / "fixtures" / "calibrations"
SEEDS = {
    "mocap": [],
    "anipose": ["anipose.toml"],
    "pose2sim": ["pose2sim.toml"],
    "freemocap": ["by_hand/freemocap.toml"],
    "caliscope": ["caliscope.toml"],
    "opencv": ["opencv_one_camera.yml", "opencv_rig.yml"],
    "kalibr": ["kalibr_one_camera.yaml", "by_hand/kalibr_chain.yaml"],
    "qualisys": ["qualisys.qca.txt"],
    "vicon": ["by_hand/vicon.xcp"],
    "easymocap": ["by_hand/easymocap/intri.yml", "by_hand/easymocap/extri.yml"],
}
WORDS = [b"nan", b"-1", b"0", b"1e400", b"1e300", b"[]", b'""', b"null", b"true", b"9" * 400, b"{a: b}", b"\xff\xfe",
         b"2001-99-99", b"-0.0", b"1e-300", b"0x10", b"!!python/object/apply:os.system ['true']", b"&a *a"]  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    place = rng.randrange(len(data))
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
    if kind == 2:
        length = rng.randrange(1, 60)
        return data[:place] + data[place + length :]
    if kind == 3:
        other = rng.randrange(len(data))
        return data[:place] + data[other : other + 80] + data[place:]
    values = list(re.finditer(rb"-?\d[\d.e+-]*|\"[^\"]*\"|\w+", data))
    chosen = rng.choice(values)
    word = rng.choice(WORDS) if kind == 4 else rng.choice(values).group()
    return data[: chosen.start()] + word + data[chosen.end() :]


def originals(name: str, folder: Path) -> list[bytes]:
    if name == "mocap":
        write_calibration(folder / "rig.toml", ring_rig(2, 3), "mocap")
        return [(folder / "rig.toml").read_bytes()]
    return [(GOLDEN / file).read_bytes() for file in SEEDS[name]]


# 150 by default; 10 000 of each format behind the mark.
@pytest.mark.parametrize(("count", "part"), [
    pytest.param(150, 0, id="150"),
    *(pytest.param(500, part, id=f"500-{part}", marks=pytest.mark.heavy) for part in range(1, 21)),
])  # fmt: skip
@pytest.mark.parametrize("name", SEEDS)
def test_mutations_give_a_rig_or_a_coded_error(tmp_path: Path, name: str, count: int, part: int) -> None:
    rng, row = random.Random(7 + part), format_named(name)
    seeds = originals(name, tmp_path)
    n_refused, slowest = 0, 0.0
    for _ in range(count):
        data = mutated(rng.choice(seeds), rng)
        if rng.random() < 0.3:
            data = mutated(data or b"x", rng)
        begun = time.perf_counter()
        try:
            row.reader({"rig.file": data}, 0.001).complete("rig.file")
        except MocapError as error:
            assert error.code.startswith(("CALIBRATION", "SHAPE")) and error.cause and error.remedy
            n_refused += 1
        try:
            detected({"rig.file": data})
        except FormatError as error:
            assert error.code.startswith("CALIBRATION_FORMAT")
        slowest = max(slowest, time.perf_counter() - begun)
    assert n_refused > 100
    assert slowest < 5.0


def test_every_reader_is_among_the_mutated() -> None:
    assert {row.name for row in FORMATS} == {*SEEDS, "opencap"}  # whose pickles have a test of their own


BOMB = b"""<?xml version="1.0"?><!DOCTYPE calibration [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><calibration><cameras>&c;</cameras></calibration>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE Cameras [<!ENTITY x SYSTEM "file:///etc/passwd">]><Cameras>&x;</Cameras>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, b"<!DOCTYPE calibration><calibration/>"])
@pytest.mark.parametrize("name", ["qualisys", "vicon"])
def test_xml_with_entities_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(FormatError, match=r"CALIBRATION_FORMAT.*document type"):
        format_named(name).reader({"a.xml": data}, 0.001)


HOSTILE_YAML = {
    "aliases": b"a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "objects": b"cam0: !!python/object/apply:os.system ['true']\n",
    "names": b"cam0: !!python/name:os.system\n",
    "deep": b"[" * 5000,
    "nested": b"a: " + b"{a: " * 200 + b"1" + b"}" * 200,
    "documents": b"--- 1\n--- 2\n",
    "unhashable": b"? [a, b]\n: 1\n",
    "tabs": b"\tcam0: 1\n",
    "no table": b"- 1\n- 2\n",
    "empty": b"",
}


@pytest.mark.parametrize("fault", HOSTILE_YAML)
@pytest.mark.parametrize("name", ["kalibr", "opencv", "easymocap"])
def test_hostile_yaml_is_refused(fault: str, name: str) -> None:
    # Refused by the parser itself, not later for what the document lacks.
    told = {"aliases": "anchors and aliases", "deep": "deeper than|nested", "nested": "deeper than"}
    plain = fault in ("no table", "empty")
    message = told.get(fault, "" if plain else "is not YAML")
    with pytest.raises(FormatError, match=f"CALIBRATION_FORMAT.*({message})"):
        format_named(name).reader({"a.yaml": HOSTILE_YAML[fault]}, 1.0)


@pytest.mark.parametrize("name", [name for name in SEEDS if name != "mocap"])
def test_files_without_sense_or_measure_are_refused(name: str) -> None:
    for data in (b"", b"\0" * 100, b"[" * 3000, b"<a>" * 3000, b"x" * 5_000_000, b"a = " + b"[" * 3000):
        with pytest.raises(FormatError):
            format_named(name).reader({"a.file": data}, 1.0)
        with pytest.raises(FormatError):
            detected({"a.file": data})


FAULTS = [
    ("qualisys.qca.txt", 'sensorMaxU="69568"', 'sensorMaxU="1087"', None, "CALIBRATION_UNITS.*not 64 times"),
    ("qualisys.qca.txt", ' x="1460.23', ' y2="1460.23', None, "CALIBRATION_FORMAT.*'cam01' lacks x"),
    ("qualisys.qca.txt", 'r11="0.5536', 'r11="0.9536', None, "CALIBRATION_FORMAT.*not orthonormal"),
    ("qualisys.qca.txt", 'skew="0.000000"', 'skew="1.5"', None, "CALIBRATION_LENS.*skew"),
    ("qualisys.qca.txt", 'centerPointU="34110', 'centerPointU="94110', None, "CALIBRATION_IMPLAUSIBLE.*principal"),
    ("qualisys.qca.txt", 'x="1460.23', 'x="1460000.23', None, "CALIBRATION_UNITS.*from the origin"),
    ("qualisys.qca.txt", 'serial="cam02"', 'serial="cam01"', None, "CALIBRATION_FORMAT.*doubled"),
    ("by_hand/vicon.xcp", "Vicon3Parameter", "ViconFisheye", None, "CALIBRATION_LENS.*ViconFisheye"),
    ("by_hand/vicon.xcp", 'SKEW="0"', 'SKEW="3"', None, "CALIBRATION_LENS.*skew 3"),
    ("by_hand/vicon.xcp", 'ORIENTATION="0.5 -0.5', 'ORIENTATION="5 -0.5', None, "CALIBRATION_FORMAT.*ORIENTATION"),
    ("by_hand/vicon.xcp", 'SENSOR_SIZE="1920 1080"', "", None, "CALIBRATION_FORMAT.*2116801.*lacks SENSOR_SIZE"),
    ("by_hand/vicon.xcp", "538 3e-08", "538 -3e-06", None, "CALIBRATION_LENS.*folds over"),
    ("kalibr_one_camera.yaml", "equidistant", "fov", None, "CALIBRATION_LENS.*pinhole and fov"),
    ("kalibr_one_camera.yaml", "[640, 480]", "[640.5, 480]", None, "CALIBRATION_FORMAT.*number of pixels"),
    ("by_hand/kalibr_chain.yaml", "cam1:", "cam5:", None, "CALIBRATION_FORMAT.*cam0, cam1"),
    ("by_hand/kalibr_chain.yaml", "T_cn_cnm1", "T_imu", None, "CALIBRATION_INCOMPLETE.*'right' lacks pose"),
    ("opencv_rig.yml", "rows: 3", "rows: 4", "m", "CALIBRATION_FORMAT.*data"),
    ("opencv_rig.yml", "dist_left", "dist_leftt", "m", "CALIBRATION_FORMAT"),
    ("caliscope.toml", "size = [1920, 1080]", "", None, "CALIBRATION_FORMAT.*lacks size"),
    ("pose2sim.toml", "fisheye = false", "fisheye = 3", None, "CALIBRATION_FORMAT.*fisheye"),
    ("pose2sim.toml", "rotation = [ 1.678", "rotation = [ 90.0", None, "CALIBRATION_IMPLAUSIBLE.*full turn"),
]


@pytest.mark.parametrize("place", range(len(FAULTS)))
def test_faults_are_named(tmp_path: Path, place: int) -> None:
    file, old, new, units, message = FAULTS[place]
    text = (GOLDEN / file).read_text()
    assert old in text
    path = tmp_path / Path(file).name
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=message):
        read_calibration(path, units=units)


def test_moving_vicon_cameras_are_refused(tmp_path: Path) -> None:
    text = (GOLDEN / "by_hand" / "vicon.xcp").read_text()
    frame = re.search(r"<KeyFrame .*?/>", text).group()
    (tmp_path / "a.xcp").write_text(text.replace(frame, frame + frame.replace("-3000", "-2990"), 1))
    with pytest.raises(FormatError, match=r"2116801.*moves: it has 2 key frames"):
        read_calibration(tmp_path / "a.xcp")


def test_ignored_and_uncalibrated_caliscope_cameras(tmp_path: Path) -> None:
    text = (GOLDEN / "caliscope.toml").read_text()
    path = tmp_path / "camera_array.toml"
    path.write_text(text.replace("port = 10", "port = 10\nignore = true"))
    parts, _ = read_parts(path)
    assert [camera.name for camera in parts.cameras] == ["cam_1"] and "10" in parts.notes[0]
    path.write_text(re.sub(r"(?m)^(rotation|translation) = .*$", r'\1 = "null"', text))
    with pytest.raises(FormatError, match=r"CALIBRATION_INCOMPLETE.*'cam_1' lacks pose; 'cam_10' lacks pose"):
        read_calibration(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="CALIBRATION_MISSING"):
        read_calibration(tmp_path / "no.toml")
    with pytest.raises(FormatError, match=r"folder without intri\.yml"):
        read_calibration(tmp_path)


def test_what_has_no_end_is_not_read_to_it() -> None:
    with pytest.raises(FormatError, match=r"CALIBRATION_FORMAT.*MB"):
        read_calibration("/dev/zero")
