"""The blinded benchmark: nothing of the truth in the set, the same bytes twice, and scores that rank as truth does."""

import json
import shutil
import warnings
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import mocap
from calibration.rigid import apply, rotvec
from calibration.synthetic import ring_rig
from mocap.cli.application import app
from mocap.config.plates import read_plates
from mocap.errors import MocapError
from mocap.pipeline.benchmark_set import PLATES, make_benchmark
from mocap.pipeline.benchmark_videos import film_case
from mocap.reconstruction import reconstruct
from mocap.synthetic import default_subject, static_standing
from mocap.synthetic.cases import MadeCase, draw_cases, make_case
from mocap.synthetic.plates import SACRAL_SLOPE, segment_from_plate
from mocap.trial import Keypoints2D, Points3D
from tests.fixtures.small_session import silent

SEED = 3
LEVELS = ("lab",)
ANGLES = ("pelvic_tilt", "lumbar_flexion")


@pytest.fixture(scope="module")
def blind(tmp_path_factory) -> Path:
    """A set of two trials, and its truth apart."""
    root = tmp_path_factory.mktemp("blind")
    (root / "apart").mkdir()
    make_benchmark(root / "set", root / "apart" / "truth.json", 2, SEED, 0, silent, LEVELS)
    return root


@pytest.fixture(scope="module")
def cases() -> dict[str, MadeCase]:
    return {case.name: make_case(case) for case in draw_cases(2, SEED, LEVELS)}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def score(answers: Path, blind: Path, *words: str):
    return CliRunner().invoke(app, ["benchmark-score", str(answers), "--truth", str(blind / "apart" / "truth.json"),
                                    "--set", str(blind / "set"), *words])  # fmt: skip


def refused(answers: Path, blind: Path) -> MocapError:
    with pytest.raises(MocapError) as error:
        raise score(answers, blind).exception
    return error.value


def by_aniposelib(keypoints: Keypoints2D, rig) -> Points3D:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from aniposelib.cameras import Camera, CameraGroup

        group = CameraGroup([Camera(matrix=c.matrix, dist=c.distortion, size=c.size, rvec=rotvec(c.cam_from_world),
                                    tvec=c.cam_from_world[:3, 3], name=c.name) for c in rig])  # fmt: skip
        flat = np.array(keypoints.pixels, float).reshape(len(rig), -1, 2)
        found = group.triangulate(flat, undistort=True, progress=False)
    position = found.reshape(*keypoints.confidence.shape[1:], 3)
    return Points3D(position, keypoints.names, keypoints.rate_hz)


def answered(folder: Path, name: str, points: Points3D, static: Points3D, truth) -> dict[str, float]:
    """Write what a way of triangulating finds, and return its errors computed here against the truth."""
    angles = mocap.joint_angles(points, marker_set="landmarks", static=static)
    table = {"time_s": angles.time_s, **{f"{angle}_deg": angles.deg(angle) for angle in ANGLES}}
    folder.mkdir(exist_ok=True)
    pd.DataFrame(table).to_csv(folder / f"{name}.csv", index=False)
    names = np.tile(points.names, points.n_frames)
    rows = {"time_s": np.repeat(points.time_s, len(points.names)), "point": names,
            **dict(zip("xyz", points.position.reshape(-1, 3).T, strict=True))}  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / f"{name}_points.csv", index=False)
    apart = np.linalg.norm(points.position - truth.points.position, axis=2)
    errors = {angle: float(np.sqrt(np.nanmean((angles.deg(angle) - truth.truth_deg(angle)) ** 2))) for angle in ANGLES}
    return errors | {"points": 1e3 * float(np.sqrt(np.nanmean(apart**2)))}


def test_ours_and_aniposelib_are_ranked_as_by_the_truth(blind: Path, cases, tmp_path: Path):
    ways = {"ours": lambda seen, rig: reconstruct(seen, rig), "aniposelib": by_aniposelib}
    told: dict[str, dict] = {}
    true: dict[str, dict[str, dict[str, float]]] = {}
    for way, triangulate in ways.items():
        for name, made in cases.items():
            static, points = (triangulate(seen, made.rig) for seen in (made.standing, made.movement))
            true.setdefault(way, {})[name] = answered(tmp_path / way, name, points, static, made.truth)
        told[way] = json.loads(score(tmp_path / way, blind, "--json").stdout)
    for name in cases:
        for what in (*ANGLES, "points"):
            scores = [_rmse(told[way]["trials"][name], what) for way in ways]
            errors = [true[way][name][what] for way in ways]
            assert scores == pytest.approx(errors, rel=1e-3)
            assert np.argsort(scores).tolist() == np.argsort(errors).tolist()
    # Measured: points 3.3 and 3.4 against 50 and 53 mm. Kinematics doubt most of what an outlier spoils, so that tilt
    # comes near either way where there is one: 1.22 and 1.30 against 1.23 and 1.34 deg.
    assert told["ours"]["overall"]["points_rmse_mm"] < 0.1 * told["aniposelib"]["overall"]["points_rmse_mm"]
    assert told["ours"]["overall"]["pelvic_tilt"]["rmse_deg"] < told["aniposelib"]["overall"]["pelvic_tilt"]["rmse_deg"]


def _rmse(trial, what: str) -> float:
    return trial["points_mm"]["rmse"] if what == "points" else trial["angles"][what]["rmse"]


def test_twice_the_same_set_and_truth(blind: Path, tmp_path: Path):
    make_benchmark(tmp_path / "set", tmp_path / "truth.json", 2, SEED, 0, silent, LEVELS)
    assert files(tmp_path / "set") == files(blind / "set")
    assert (tmp_path / "truth.json").read_bytes() == (blind / "apart" / "truth.json").read_bytes()
    make_benchmark(tmp_path / "other", tmp_path / "other.json", 1, SEED + 1, 0, silent, LEVELS)
    assert (tmp_path / "other" / "T01" / "T01.csv").read_bytes() != (blind / "set" / "T01" / "T01.csv").read_bytes()


def test_the_set_tells_nothing_of_the_truth(blind: Path, cases):
    content = files(blind / "set")
    whole = b"".join(content[name] for name in content if not name.endswith("T01.csv") and not name.endswith("T02.csv"))
    for made in cases.values():
        case = made.case
        secrets = [case.seed, *(f"{one:.6f}" for one in (*case.wink_deg, *case.wink_onset) if one), f"{case.depth:.6f}"]
        assert not [secret for secret in secrets if str(secret).encode() in whole]
    assert b"wink_deg" not in whole and b"seed" not in whole
    assert set(content) == {
        "README.md", "benchmark.json", "commitment.sha256",
        *(f"{name}/{file}" for name in cases
          for file in ("calibration.toml", "session.toml", "standing.csv", f"{name}.csv")),
    }  # fmt: skip


def test_another_truth_is_refused(blind: Path, tmp_path: Path):
    (tmp_path / "T01.csv").write_text("time_s,pelvic_tilt_deg\n0,1\n0.02,1\n", encoding="utf-8")
    changed = Path(shutil.copytree(blind, tmp_path / "copy"))
    truth = changed / "apart" / "truth.json"
    truth.write_text(truth.read_text("utf-8").replace('"squat"', '"hinge"', 1) + " ", encoding="utf-8")
    assert refused(tmp_path, changed).code == "BENCHMARK_COMMITMENT"
    truth.unlink()
    assert refused(tmp_path, changed).code == "FILE_MISSING"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "no table"), ("frame,pelvic_tilt_deg\n0,1\n", "lacks the columns time_s"),
     ("time_s,tilt\n0,1\n", "none of the columns pelvic_tilt_deg"),
     ("time_s,pelvic_tilt_deg\n0,much\n", "other than numbers in 'pelvic_tilt_deg'"),
     ("time_s;pelvic_tilt_deg\n0;1\n", "lacks the columns time_s")],
)  # fmt: skip
def test_bad_answers_are_refused_in_one_line(blind: Path, tmp_path: Path, text: str, words: str):
    (tmp_path / "T01.csv").write_text(text, encoding="utf-8")
    error = refused(tmp_path, blind)
    assert error.code == "BENCHMARK_ANSWER" and words in error.cause and "README" in error.remedy


def test_no_answer_and_half_an_answer(blind: Path, tmp_path: Path):
    assert refused(tmp_path, blind).code == "BENCHMARK_NO_ANSWER"
    truth = json.loads((blind / "apart" / "truth.json").read_text("utf-8"))["trials"]["T01"]
    tilt = -np.array(truth["angles_deg"]["pelvic_tilt"])
    frame = pd.DataFrame({"time_s": np.arange(len(tilt)) / truth["rate_hz"], "pelvic_tilt_deg": tilt})
    frame.to_csv(tmp_path / "T01.csv", index=False)
    if truth["task"] == "squat":
        rows = [("T01", one["bottom_time_s"], one["wink_magnitude_deg"] + 1.0) for one in truth["repetitions"]]
        pd.DataFrame(rows, columns=["trial", "bottom_time_s", "wink_magnitude_deg"]).to_csv(
            tmp_path / "repetitions.csv", index=False)  # fmt: skip
    told = json.loads(score(tmp_path, blind, "--json").stdout)
    one = told["trials"]["T01"]
    assert one["angles"]["pelvic_tilt"]["hints"] == ["the sign is the other way round"]
    assert one["angles"]["lumbar_flexion"]["missing"] == 1.0 and one["angles"]["lumbar_flexion"]["rmse"] is None
    assert told["trials"]["T02"]["notes"] == ["no answer"]
    if truth["task"] == "squat":
        assert one["tucks"]["magnitude_deg"] == pytest.approx([1.0] * len(truth["repetitions"]))
    printed = score(tmp_path, blind).stdout
    assert "hint: the sign is the other way round" in printed and "note: no answer" in printed


def test_the_truth_does_not_lie_in_the_set(tmp_path: Path):
    for out, truth, code in ((tmp_path / "set", tmp_path / "set" / "truth.json", "BENCHMARK_NOT_APART"),
                             (tmp_path / "new", tmp_path / "gone" / "truth.json", "OUTPUT_FOLDER")):  # fmt: skip
        with pytest.raises(MocapError) as error:
            make_benchmark(out, truth, 1, 0, 0, silent)
        assert error.value.code == code and not out.exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(MocapError) as error:
        make_benchmark(tmp_path / "full", tmp_path / "truth.json", 1, 0, 0, silent)
    assert error.value.code == "OUTPUT_EXISTS" and not (tmp_path / "truth.json").exists()


def test_the_films_show_the_plates_where_they_are(tmp_path: Path):
    case = draw_cases(1, SEED, LEVELS)[0]
    rig, subject = ring_rig(4, 2, size=(1280, 720), radius_m=1.7), default_subject(1.75, seed=2)
    still = static_standing(subject, 0.12, 50.0)
    made = MadeCase(case, rig, None, None, still, still)
    film_case(tmp_path, made, PLATES, "T01", silent)
    shown = set()
    refining = cv2.aruco.DetectorParameters()
    refining.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_APRILTAG
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11), refining)
    for camera in rig:
        with av.open(str(tmp_path / "T01" / f"{camera.name}.mp4")) as film:
            images = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
        assert len(images) == still.points.n_frames and images[0].shape == camera.size[::-1]
        corners, ids, _ = detector.detectMarkers(images[2])
        if ids is None:
            continue
        for found, tag in zip(corners, ids.ravel().tolist(), strict=True):
            plate = next(one for one in read_plates(PLATES).plate if tag in one.ids)
            segment, slope = {"sacrum": ("pelvis", SACRAL_SLOPE), "t12_l1": ("lumbar", 0.0)}[plate.name]
            pose = still.segments.world_from_segment[2, still.segments.names.index(segment)]
            world = apply(pose @ segment_from_plate(segment, slope), plate.corners_plate[plate.ids.index(tag)])
            true = camera.project(world)
            # OpenCV counts corners of a tag from another one, and rounds its outline; measured at most 0.83 px.
            apart = min(np.abs(np.roll(found[0], k, axis=0) - true).max() for k in range(4))
            assert apart < 1.0
            shown.add(tag)
    assert shown == {0, 1, 2, 3}
    assert (tmp_path / "landmarks.csv").read_text("utf-8").startswith("point,x,y,z\nRASIS,")
