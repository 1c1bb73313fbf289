"""A display for the viewer's tests, and a squatting stick figure to look at."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calibration import Camera, CameraRig
from calibration.rigid import rigid
from mocap.schema import Status
from mocap.trial import AngleDefinition, Event, JointAngles, Points3D, Trial
from mocap.viewer.display import APT_LINE, share_graphics

RATE_HZ = 50.0
LIMB = (("Shoulder", "Elbow"), ("Elbow", "Wrist"), ("Hip", "Knee"), ("Knee", "Ankle"), ("Ankle", "Toe"))
BONES = (
    ("head", "C7"),
    ("C7", "T12"),
    ("T12", "pelvis"),
    *(("C7", f"{side}Shoulder") for side in "LR"),
    *(("pelvis", f"{side}Hip") for side in "LR"),
    *((f"{side}{first}", f"{side}{second}") for side in "LR" for first, second in LIMB),
)


@pytest.fixture(autouse=True)
def nothing_raised_in_qt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where a handler of Qt's events raised: from there no exception reaches the test."""
    raised: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _, error, __: raised.append(error))
    yield
    if "qtpy.QtWidgets" in sys.modules and (application := sys.modules["qtpy.QtWidgets"].QApplication.instance()):
        application.processEvents()
    assert not raised, raised


@pytest.fixture(autouse=True, scope="module")
def docks_as_at_first() -> None:
    """Forget where the docks were left in the windows of other tests."""
    if "qtpy.QtCore" in sys.modules:
        sys.modules["qtpy.QtCore"].QSettings("mocap", "review").remove("layout")


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A real X display: the one of the session, or an Xvfb of our own that ends with the tests.

    Set before Qt is imported; settings and caches of napari, vispy and Qt go to a folder that ends with them, too.
    """
    with tempfile.TemporaryDirectory(prefix="mocap_viewer_") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_CONFIG", str(Path(folder) / "napari" / "settings.yaml"))
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(Path(folder) / name))
        patch.delenv("QT_QPA_PLATFORM", raising=False)
        if not os.environ.get("DISPLAY"):
            patch.setenv("DISPLAY", _start_xvfb())
        share_graphics()  # as `mocap view` does before its first window
        yield os.environ["DISPLAY"]


def _start_xvfb() -> str:
    """Return the display of a server that lives as long as this process.

    Not shorter: Qt ends the process when its display goes away. Not longer: the shell around the server waits for the
    end of its input, which comes with the end of this process, however it ends.
    """
    if shutil.which("Xvfb") is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"no DISPLAY and no Xvfb; on Debian: {APT_LINE}")
    read_end, write_end = os.pipe()
    life_end, _ = os.pipe()  # the other end is never closed by us
    # The server itself picks a free number and writes it when it is ready.
    script = "Xvfb -displayfd 3 -screen 0 1600x1200x24 -nolisten tcp >/dev/null 2>&1 & exec 3>&-; cat; kill $!"
    ends = [(os.POSIX_SPAWN_DUP2, life_end, 0), (os.POSIX_SPAWN_DUP2, write_end, 3)]
    os.posix_spawnp("sh", ["sh", "-c", script], dict(os.environ), file_actions=ends)
    os.close(write_end)
    os.close(life_end)
    with os.fdopen(read_end) as answer:
        number = answer.readline().strip()
    if not number:
        pytest.fail("Xvfb ended before it gave a display.")
    return f":{number}"


@pytest.fixture(scope="session")
def squat_trial() -> Trial:
    """Two seconds of a squat, facing +X with the left side at +Y, seen by four cameras; one gap, one filled run."""
    return make_trial(101)


@pytest.fixture(scope="session")
def trial_of_length():
    """The maker of such trials: `trial_of_length(n_frames)`."""
    return make_trial


def make_trial(n_frames: int) -> Trial:
    """Return a squat of any length: one repetition in 100 frames."""
    depth = 0.5 * (1 - np.cos(2 * np.pi * np.arange(n_frames) / 100))
    names, position = _figure(depth)
    status = np.full(position.shape[:2], Status.MEASURED, dtype=np.uint8)
    if n_frames > 60:
        status[40:60, names.index("LWrist")] = Status.FILLED
        position[20:30, names.index("RElbow")] = np.nan
        status[20:30, names.index("RElbow")] = 0
        status[45:55, names.index("head")] |= np.uint8(Status.REJECTED)
    points = Points3D(position, names, RATE_HZ, status=status)
    instants = (("start", 0.3), ("bottom", 1.0), ("end", 1.7))
    events = tuple(Event(at, f"squat_{name}") for name, at in instants if at * RATE_HZ < n_frames)
    return Trial("squat_01", points, rig=_rig(), angles=_angles(depth), bones=BONES, subject_code="S01", events=events)


def _figure(depth):
    """Stick figure, (time, keypoint, 3) in m, of a squat of depth 0 (standing) to 1; limbs of constant length."""
    knee, hip, lean = (np.deg2rad(angle) * depth for angle in (35, 85, 40))
    zero = np.zeros_like(depth)
    swing = {}
    ankle = np.stack([zero, zero, zero + 0.09], axis=1)
    swing["Toe"] = ankle + np.array([0.17, 0, -0.06])
    swing["Ankle"] = ankle
    swing["Knee"] = ankle + 0.42 * np.stack([np.sin(knee), zero, np.cos(knee)], axis=1)
    swing["Hip"] = swing["Knee"] + 0.42 * np.stack([-np.sin(hip), zero, np.cos(hip)], axis=1)
    along = np.stack([np.sin(lean), zero, np.cos(lean)], axis=1)
    middle = {"pelvis": swing["Hip"] + 0.06 * along, "T12": swing["Hip"] + 0.26 * along,
              "C7": swing["Hip"] + 0.52 * along, "head": swing["Hip"] + 0.75 * along}
    swing["Shoulder"] = swing["Hip"] + 0.47 * along
    swing["Elbow"] = swing["Shoulder"] + 0.28 * np.stack([np.sin(0.9 * hip), zero, -np.cos(0.9 * hip)], axis=1)
    swing["Wrist"] = swing["Elbow"] + 0.26 * np.stack([np.sin(0.98 * hip), zero, -np.cos(0.98 * hip)], axis=1)
    half = {"Toe": 0.17, "Ankle": 0.14, "Knee": 0.16, "Hip": 0.09, "Shoulder": 0.19, "Elbow": 0.25, "Wrist": 0.27}
    track = dict(middle)
    for side, sign in (("L", 1), ("R", -1)):
        for joint, place in swing.items():
            track[f"{side}{joint}"] = place + np.array([0, sign * half[joint], 0])
    return tuple(track), np.stack(list(track.values()), axis=1)


def _rig() -> CameraRig:
    matrix = np.array([[1400.0, 0, 959.5], [0, 1400.0, 539.5], [0, 0, 1]])
    cameras = []
    for number, azimuth in enumerate(np.deg2rad([35, 145, 215, 325])):
        centre = np.array([3.2 * np.cos(azimuth), 3.2 * np.sin(azimuth), 1.6])
        forward = np.array([0, 0, 0.8]) - centre
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        cameras.append(Camera(f"cam_{number}", (1920, 1080), matrix, np.array([-0.1, 0.02, 0, 0, 0]),
                              rigid(rotation, -rotation @ centre)))
    return CameraRig(tuple(cameras))


def _angles(depth) -> JointAngles:
    def definition(name, observable=True, reason=""):
        return AngleDefinition(name, "", "", "anterior", "", "absolute", "", observable, reason)

    values = np.deg2rad(np.stack([
        np.full(len(depth), np.nan), 10 + 30 * depth - 25 * depth**4, 110 * depth
    ], axis=1))
    sd = np.deg2rad(np.stack([np.full(len(depth), np.nan), 0.8 + 0.6 * depth, np.full(len(depth), np.nan)], axis=1))
    if len(depth) > 80:
        values[70:76, 1] = np.nan
    definitions = (definition("lumbar_flexion", False, "no T12 or L1 among the markers"),
                   definition("pelvic_tilt"), definition("knee_flexion_r"))
    return JointAngles(definitions, values, RATE_HZ, sd=sd)
