"""Two people who change places between trials: who is meant is said for each trial, in a session or by options."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap import read_trial
from mocap.export.keypoints import write_keypoint_table
from mocap.keypoints import PeopleKeypoints
from mocap.synthetic import default_subject, faced, observe, squat
from mocap.trial import Points3D

BODY = ("RASIS", "LASIS", "RSJC", "LSJC", "REJC", "LEJC", "RWJC", "LWJC", "RLFE", "LLFE", "RLMAL", "LLMAL", "RHEEL",
        "LHEEL", "RHALLUX", "LHALLUX", "C7", "CLAV", "VERTEX")  # fmt: skip
PLACES = ((0.0, 0.0, 0.0), (0.9, 1.0, 0.0))
N_FRAMES, FRAME, CAMERA, POINT = 120, 60, 1, BODY.index("C7")
SESSION = (
    '[session]\nid = "two"\n[calibration]\nfile = "c.toml"\n[sync]\nrate_hz = 100\nclocks = "off"\n'
    "[keypoints]\n{session}\n"
    '[[trial]]\nname = "a"\nfiles = "a.parquet"\n{a}\n[[trial]]\nname = "b"\nfiles = "b.parquet"\n{b}\n'
)


@dataclass(frozen=True)
class Scene:
    """Where it lies, the participant's true points in m and the click on it, by trial."""

    folder: Path
    truth: dict[str, np.ndarray]
    pixel: dict[str, tuple[float, float]]

    def error_mm(self, trial: str, file: Path) -> float:
        return 1e3 * float(np.nanmedian(np.linalg.norm(read_trial(file).points.position - self.truth[trial], axis=-1)))

    def click(self, trial: str) -> str:
        u, v = self.pixel[trial]
        return f'frame = {FRAME}, camera = "cam_{CAMERA}", pixel = [{u:.1f}, {v:.1f}]'


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder, rig = tmp_path_factory.mktemp("two"), ring_rig(4, 1)
    write_rig(folder / "c.toml", rig)
    truth, pixel = {}, {}
    for trial, places in (("a", PLACES), ("b", PLACES[::-1])):
        views = []
        for seed, place in enumerate(places):  # the participant first
            body = faced(squat(default_subject(seed=seed)), 0.3 + seed, place).points
            shown = Points3D(body.position[:N_FRAMES, [body.names.index(name) for name in BODY]], BODY, 100.0)
            views.append(observe(shown, rig, seed, pixel_sigma=1.0).keypoints)
            truth.setdefault(trial, shown.position)
        people = PeopleKeypoints(
            np.stack([view.pixels for view in views], 2), np.stack([view.confidence for view in views], 2), BODY, 100.0
        )
        write_keypoint_table(folder / f"{trial}.parquet", people, rig.names)
        pixel[trial] = tuple(views[0].pixels[CAMERA, FRAME, POINT].tolist())
    return Scene(folder, truth, pixel)


def write_session(scene: Scene, session: str = "", a: str = "", b: str = "") -> None:
    said = {"{session}": session, "{a}": a, "{b}": b}
    text = SESSION
    for place, who in said.items():
        text = text.replace(place, f"participant = {{ {who} }}" if who else "")
    (scene.folder / "session.toml").write_text(text)


def test_each_trial_of_a_session_has_its_own_click(scene: Scene, mocap_cli) -> None:
    write_session(scene, "zone = [5.0, 5.0]", scene.click("a"), scene.click("b"))
    done = mocap_cli("run", scene.folder)
    assert done.status == 0, done.err
    for trial in ("a", "b"):
        assert scene.error_mm(trial, scene.folder / "results" / f"{trial}.h5") < 15.0


def test_one_click_for_several_trials_is_refused(scene: Scene, mocap_cli) -> None:
    write_session(scene, scene.click("a"))
    done = mocap_cli("run", scene.folder)
    assert done.error_line.startswith("error CONFIG_VALUE: session.toml: [keypoints.participant] has a click on frame")
    assert "[[trial]]: participant = { frame = 60," in done.error_line


@pytest.mark.parametrize("trial", ["a", pytest.param("b", marks=pytest.mark.heavy)])
def test_reconstruct_takes_a_click_and_a_zone(scene: Scene, mocap_cli, tmp_path: Path, trial: str) -> None:
    words = ("reconstruct", "--calibration", scene.folder / "c.toml", "--keypoints", scene.folder / f"{trial}.parquet",
             "--rate", 100, "--clocks", "off", "--z-up", "--out", tmp_path / "t.h5")  # fmt: skip
    here, there = (PLACES if trial == "a" else PLACES[::-1])[:2]
    click = ("--click", FRAME, f"cam_{CAMERA}", *scene.pixel[trial])
    for chosen in (click, ("--zone", *here[:2], "--zone-radius", 0.5), (*click, "--zone", *there[:2])):
        done = mocap_cli(*words, *chosen)
        assert done.status == 0, done.err
        assert scene.error_mm(trial, tmp_path / "t.h5") < 15.0  # the other one is 1.3 m away
    assert mocap_cli(*words, "--zone", *there[:2]).status == 0 and scene.error_mm(trial, tmp_path / "t.h5") > 1000.0
    assert mocap_cli(*words, "--zone-radius", 0.5).status == 2
    assert "NO_PERSON" in mocap_cli(*words, "--zone", 9, -9).error_line


def test_cameras_that_a_session_does_not_name_are_left_out(scene: Scene, mocap_cli, tmp_path: Path) -> None:
    write_session(scene, "zone = [0.0, 0.0]")
    file = scene.folder / "session.toml"
    cameras = "\n".join(f'cam_{camera} = "cam_{camera}.*"' for camera in (0, 1, 3))
    first = file.read_text().split('[[trial]]\nname = "b"')[0]
    file.write_text(f"{first}\n[cameras]\n{cameras}\n")
    done = mocap_cli("run", scene.folder, "--out", tmp_path / "results")
    assert done.status == 0, done.err
    assert set(read_trial(tmp_path / "results" / "a.h5").rig.names) == {"cam_0", "cam_1", "cam_3"}
    assert scene.error_mm("a", tmp_path / "results" / "a.h5") < 15.0
