"""Mutated files: every reader gives the same structure, a note, or one coded error; none hangs, crashes or lies.

Formats without checksums cannot tell a changed digit from another measurement; what can be told is structure (counts,
names, rate, scale), and samples that no camera and no body can have given.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mocap.config.session import read_session
from mocap.errors import MocapError
from mocap.readers import keypoints_deeplabcut, keypoints_sleap
from mocap.readers.keypoints import read_keypoints
from mocap.readers.keypoints_isolated import parse_isolated
from mocap.readers.motion import read_motion
from mocap.skeleton import read_skeleton
from mocap.synthetic import default_subject, static_standing

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def fixture_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FIXTURES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


made, mutated = fixture_module("keypoint_files"), fixture_module("mutations")
Seen, outcomes, mutations, clock, in_time = (
    mutated.Seen, mutated.outcomes, mutated.mutations, mutated.clock, mutated.in_time)  # fmt: skip
# 25 by default; 10 000 of each reader behind the mark, in 20 parts.
MANY = pytest.mark.parametrize(("n", "part"), mutated.PARTS)


def seen_keypoints(path: Path) -> Seen:
    found = read_keypoints(path, camera_names=made.CAMERAS, rate_hz=50.0,
                           image_sizes=dict.fromkeys(made.CAMERAS, made.SIZE))
    people = found.people
    structure = {"names": set(people.names), "people": people.n_people, "frames": people.n_frames,
                 "first": found.first_frame, "source": found.source, "files": dict(found.source_of)}
    assert ((people.confidence >= 0) & (people.confidence <= 1)).all()
    renamed = tuple(f"{camera} from {name}" for camera, name in found.source_of.items())  # the pipeline tells it
    return Seen(structure, (*found.notes, *renamed), people.pixels)


# Writer to the file of it that is mutated, and the fewest of 25 that have to be refused (about half of the measured).
TEXTS = {
    "openpose": ("cam_2_json/cam_2_000000000001_keypoints.json", 5), "mmpose": ("cam_2.json", 5),
    "mmpose_demo": ("cam_2.json", 5), "mmpose_images": ("cam_2/000001.json", 5), "coco": ("all.json", 5),
    "coco_results": ("cam_2.json", 5), "alphapose": ("cam_2.json", 5), "mediapipe": ("cam_2.csv", 5),
    "mediapipe_json": ("cam_2.json", 5), "deeplabcut": ("cam_2net.csv", 5), "pose2sim": ("Config.toml", 2),
    "long_csv": ("keypoints.csv", 5), "long_parquet": ("keypoints.parquet", 5),
}


@MANY
@pytest.mark.parametrize("writer", TEXTS)
def test_mutated_keypoint_files(tmp_path, writer, n, part):
    name, least = TEXTS[writer]
    write, _, people = made.WRITERS[writer]
    names = read_skeleton("mediapipe_33" if "mediapipe" in writer else "halpe_26").keypoints
    path = write(tmp_path, made.recorded(names, people))
    refused = outcomes(tmp_path / name, lambda: seen_keypoints(path), n, 4 + 100 * part, 2 * max(made.SIZE))
    assert refused >= least * n // 25, refused


@MANY
@pytest.mark.parametrize("writer", ["deeplabcut_hdf5", "sleap", "sleap_analysis"])
def test_mutated_hdf5_keypoints_kill_and_hang_nothing(tmp_path, monkeypatch, writer, n, part):
    """One child parses all mutated files, which then go through the whole reader in the place of the good one."""
    module, task = (keypoints_deeplabcut, "pandas") if "deep" in writer else (keypoints_sleap, "sleap")
    (tmp_path / "good").mkdir()
    write = getattr(made, writer)
    path = write(tmp_path / "good", made.recorded(read_skeleton("halpe_26").keypoints, 2))
    first, second = sorted(path.iterdir())
    bad = []
    for place, (_, data) in enumerate(mutations(second.read_bytes(), n, 4 + 100 * part)):
        bad.append(tmp_path / f"{place}{second.suffix}")
        bad[-1].write_bytes(data)
    begun, _ = clock()
    good, other, *answers = parse_isolated(task, [first, second, *bad])
    assert clock()[0] - begun < 20.0 + 1.5 * n
    monkeypatch.setattr(module, "parse_isolated", lambda *_: [good, other])
    whole = seen_keypoints(path)
    refused, silent = 0, []
    for place, answer in enumerate(answers):
        monkeypatch.setattr(module, "parse_isolated", lambda *_, answer=answer: [good, answer])
        try:
            found = seen_keypoints(path)
        except MocapError as error:
            assert error.code and error.cause and error.remedy
            refused += 1
        else:
            if found.structure != whole.structure and set(found.notes) == set(whole.notes):
                silent.append(place)
            assert (np.abs(found.values[np.isfinite(found.values)]) <= 2 * max(made.SIZE)).all()
    assert not silent
    assert refused >= 3 * n // 25, refused


def body() -> tuple[np.ndarray, tuple[str, ...]]:
    points = static_standing(default_subject(seed=1), 0.1).points
    return points.position, points.names


def write_motion(folder: Path, suffix: str) -> Path:
    """A standing person as TRC, C3D (through ezc3d) or MOT."""
    position, names = body()
    path = folder / f"trial{suffix}"
    if suffix == ".trc":
        rows = ["\t".join([str(i + 1), f"{i / 100:.4f}", *(f"{v:.5f}" for v in frame[:, [1, 2, 0]].ravel())])
                for i, frame in enumerate(position)]
        head = ["PathFileType\t4\t(X/Y/Z)\ttrial.trc",
                "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
                f"100\t100\t{len(position)}\t{len(names)}\tm\t100\t1\t{len(position)}",
                "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
                "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(names)) for axis in "XYZ")]
        path.write_text("\n".join([*head, "", *rows]) + "\n")
    elif suffix == ".mot":
        rows = ["\t".join(f"{v:.5f}" for v in (i / 100, 10 + i, 20 - i, 0.9)) for i in range(20)]
        path.write_text("\n".join(["angles", "version=1", "nRows=20", "nColumns=4", "inDegrees=yes", "endheader",
                                   "time\tknee_angle_r\thip_flexion_r\tpelvis_ty", *rows]) + "\n")
    else:
        import ezc3d

        file = ezc3d.c3d()
        file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
        file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
        file["parameters"]["POINT"]["LABELS"]["value"] = list(names)
        data = np.ones((4, len(names), len(position)))
        data[:3] = 1e3 * position.transpose(2, 1, 0)
        file["data"]["points"] = data
        file.write(str(path))
    return path


def seen_motion(path: Path) -> Seen:
    # A label is any word: a changed letter makes another one, which the marker set then lacks.
    found = read_motion(path)
    points = found.points
    if found.angles is not None:
        angles = found.angles
        structure = {"columns": len(angles.names), "rows": len(angles.values), "rate": round(angles.rate_hz, 6)}
        return Seen(structure, found.notes, angles.values)
    structure = {"names": len(points.names), "frames": points.n_frames, "rate": points.rate_hz,
                 "units": found.units_original, "up": found.up_axis_original, "first": found.first_frame}
    return Seen(structure, found.notes, points.position)


@MANY
@pytest.mark.parametrize("suffix", [".trc", ".c3d", ".mot"])
def test_mutated_motion_files(tmp_path, suffix, n, part):
    path = write_motion(tmp_path, suffix)
    assert outcomes(path, lambda: seen_motion(path), n, 5 + 100 * part, 1000.0) >= 4 * n // 25


SESSION = """
[session]
id = "s1"
date = 2026-03-01
[calibration]
file = "calibration.toml"
[sync]
rate_hz = 100
[keypoints]
format = "openpose"
skeleton = "BODY_25B"
[[trial]]
name = "squat"
task = "squat"
files = "squat"
context = { load_kg = 20.0 }
[options.filter]
cutoff_hz = 6.0
"""


@MANY
def test_mutated_session_files(tmp_path, n, part):
    file = tmp_path / "session.toml"
    file.write_text(SESSION)

    def read() -> Seen:
        session = read_session(tmp_path)
        return Seen({"trials": len(session.trial)}, (), np.array([session.sync.rate_hz or 0.0]))

    assert outcomes(file, read, n, 6 + 100 * part, np.inf) >= 8 * n // 25


@MANY
def test_mutated_skeleton_files(tmp_path, n, part):
    file = tmp_path / "lab.toml"
    file.write_text('keypoints = ["RASIS", "LASIS", "SACR"]\nbones = [["RASIS", "LASIS"], ["LASIS", "SACR"]]\n')
    refused = 0
    for _, data in mutations(file.read_bytes(), n, 7 + 100 * part):
        file.write_bytes(data)
        try:
            assert read_skeleton(str(file)).keypoints
        except MocapError as error:
            assert error.remedy
            refused += 1
    assert refused >= 8 * n // 25


def test_a_library_that_dies_takes_no_program_with_it(tmp_path, monkeypatch):
    """A child that is killed, and one that hangs, are refusals of that one file; the others are read."""
    from mocap.isolation import tasks, worker
    from mocap.readers import keypoints_isolated

    path = made.deeplabcut_hdf5(tmp_path, made.recorded(("a",)))
    files = sorted(path.iterdir())
    monkeypatch.setattr(tasks, "SECONDS_FLOOR", 1.0)
    monkeypatch.setattr(tasks, "WALL_PER_SECOND", 2.0)
    monkeypatch.setattr(worker, "_CODE", (
        "import os, time\nfrom mocap.readers import keypoints_pandas_hdf5 as reader\nreal = reader.parse_pandas\n"
        "def parse(path):\n"
        "    if path.name == 'dies': os.kill(os.getpid(), 11)\n"
        "    if path.name == 'hangs': time.sleep(60)\n"
        "    while path.name == 'works': pass\n"
        "    return real(path)\n"
        f"reader.parse_pandas = parse\n{worker._CODE}\n"))
    runner = worker.Worker()
    monkeypatch.setattr(keypoints_isolated, "parse", runner.parse)
    for name in ("dies", "hangs", "works"):
        (tmp_path / name).write_bytes(files[0].read_bytes()[:8])
    begun = clock()
    answers = parse_isolated("pandas", [files[0], tmp_path / "dies", tmp_path / "hangs", tmp_path / "works", files[1]])
    runner.close()
    assert in_time(begun)
    assert [type(answer).__name__ for answer in answers] == ["Answer", *["FormatError"] * 3, "Answer"]
    assert "crashed" in str(answers[1]) and "longer" in str(answers[2]) and "longer" in str(answers[3])
