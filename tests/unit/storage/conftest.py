"""Trials that a trial file has to hold: one of everything, and the barest."""

from dataclasses import fields, replace

import numpy as np
import pytest

from calibration import Camera, CameraRig
from calibration.rigid import from_rotvec
from mocap.schema import Status
from mocap.storage import write_trial
from mocap.trial import (
    Analog,
    AngleDefinition,
    Assessment,
    BoneErrors,
    Event,
    FileOrigin,
    FileParameter,
    ForcePlate,
    ImportedPoses,
    JointAngles,
    Keypoints2D,
    Metric,
    ModelOutputs,
    Operation,
    Points3D,
    Rejected,
    Rule,
    Segments,
    Table,
    Timeline,
    Trial,
    Verdict,
    Words,
)

NAMES = ("LASI", "A22:knee/left", "Wié %", "..")


def _rig(rng):
    cameras = []
    for index, (n_terms, fisheye) in enumerate([(5, False), (8, False), (4, True)]):
        pose = from_rotvec(rng.normal(size=3), rng.normal(size=3))
        matrix = np.array([[900 + index, 0, 640.5], [0, 901, 360.25], [0, 0, 1]])
        cameras.append(Camera(f"c{index}", (1280, 720), matrix, rng.normal(scale=0.01, size=n_terms), pose, fisheye))
    return CameraRig(tuple(cameras), {"world": "board", "rms_px": 0.31234567890123, "n_views": 12, "final": True})


def _full_trial(n_frames=40):
    rng = np.random.default_rng(4)
    shape = (n_frames, len(NAMES))
    position = rng.normal(size=(*shape, 3))
    position[3:7, 1] = np.nan
    root = rng.normal(scale=1e-3, size=(*shape, 3, 3)).astype(np.float32)
    covariance = root @ np.swapaxes(root, -1, -2)
    covariance = np.triu(covariance) + np.swapaxes(np.triu(covariance, 1), -1, -2)
    covariance[3:7, 1] = np.nan
    status = np.full(shape, Status.MEASURED | Status.EDITED, np.uint8)
    status[3:7, 1] = Status.REJECTED
    error = rng.random((3, *shape)).astype(np.float32)
    points = Points3D(
        position, NAMES, 120.0, covariance, status, error, np.full(shape, 3, np.uint8), start_s=0.25,
        calibration_covariance=4 * covariance, bone_errors=BoneErrors((NAMES[:2],), rng.random((n_frames, 1))),
    )  # fmt: skip
    definitions = (
        AngleDefinition("pelvic_tilt", "pelvis to world", "z x y", "anterior", "level", "absolute", "ASIS, PSIS"),
        AngleDefinition("lumbar_flexion", "d", "s", "p", "z", "static", "m", False, "no T12 or L1 point"),
    )
    values = np.stack([rng.normal(size=n_frames), np.full(n_frames, np.nan)], axis=1)
    landmark, tissue = np.array([0.03, np.nan]), np.array([np.nan, 0.01])
    angles = JointAngles(
        definitions, values, 120.0, np.abs(values) / 100, landmark, tissue, start_s=0.25,
        u_static=np.array([0.002, np.nan]), u_landmark_change=np.array([0.004, np.nan]),
        u_calibration=np.array([0.001, np.nan]), u_gravity=np.array([0.005, 0.0]),
        u_gravity_change=np.array([0.0005, np.nan]), u_hip_centre=np.array([0.006, 0.0]),
        u_hip_centre_change=np.array([0.007, np.nan]),
    )  # fmt: skip
    poses = from_rotvec(rng.normal(size=(n_frames, 2, 3)), rng.normal(size=(n_frames, 2, 3)))
    poses[5, 1] = np.nan
    pixels = rng.normal(size=(3, n_frames, 2, 2)).astype(np.float32)
    return Trial(
        trial_id="squat 01", points=points, points_smoothed=replace(points, position=position * 0.5), rig=_rig(rng),
        timeline=Timeline(
            120.0, n_frames, 0.25, ("c0", "c1", "c2"), [0.0, 0.001, -0.002], [0.0, 5.0, -3.0], "flash",
            [0.0001, 0.0002, np.nan], [1.0, 2.0, np.nan], [0.7, 0.8, 0.9], np.arange(21.0).reshape(3, 7) / 120.0,
        ),
        keypoints=Keypoints2D(pixels, np.ones((3, n_frames, 2), np.float32), ("Nose", "Neck"), 120.0),
        segments=Segments(("pelvis", "femur_r"), poses, 120.0), angles=angles, subject_code="S07", task="squat",
        created_utc="2024-05-01T10:00:00Z", site="lab", operator="é", forward_axis="-y", axis_source="inferred",
        gravity_known=False, subject={"leg_length_l_m": 0.9123456789012345, "sex": "f", "a/b_kg": 3.0},
        context={"cue": "", "load_kg": 20.0}, bones=(("LASI", "Wié %"), ("LASI", "..")),
        quality=(Verdict("volume", 0.4, 1.0, "mm", True, "fine"), Verdict("lost", 5.0, 0.5, "pct", False)),
        operations=(Operation("import", {"file": "a.c3d", "n": 3, "x": 0.1, "on": True}), Operation("smooth")),
        inputs={"a.c3d": "ab" * 32}, events=_events(), assessments=_assessments(),
        **_recorded(rng, shape),
    )


def _recorded(rng, shape):
    outputs = rng.normal(size=(shape[0], 2, 3))
    outputs[4, 1] = np.nan
    poses = from_rotvec(rng.normal(size=(2 * shape[0], 1, 3)), rng.normal(size=(2 * shape[0], 1, 3)))
    corners = rng.normal(size=(4, 3))
    residual = rng.random(shape).astype(np.float32)
    residual[3:7, 1] = np.nan
    parameters = {
        "TRIAL:CAMERA_RATE": FileParameter((120.0,), (1,), "real", "how fast"),
        "MANUFACTURER:COMPANY": FileParameter(("Wié",), (4, 1), "text"),
        "X:EMPTY": FileParameter((), (0,), "integer"), "X:MATRIX": FileParameter((1, -2, 3, 4), (2, 2), "byte"),
    }  # fmt: skip
    return {
        "analog": Analog(
            rng.normal(size=(10 * shape[0], 3)), ("Fz", "Fz", "EMG"), ("N", "N", ""), 1200.0, ("a", "", "é"), 0.25
        ),
        "force_plates": (
            ForcePlate(2, corners, np.array([0.0, 0.0, -0.04]), (0, 1, -1, 3, 4, 5)),
            ForcePlate(4, corners + 1, np.zeros(3), tuple(range(8)), rng.normal(size=(6, 8)), (1, 0)),
        ),
        "model_outputs": (
            ModelOutputs("angles", ("LHipAngles", "a/b"), outputs, "deg", ("of the hip", "")),
            ModelOutputs("powers", ("LHipPower",), outputs[:, :1], "W"),
        ),
        "imported_poses": ImportedPoses(("pelvis_4X4",), poses, 240.0, 0.25),
        "origin": FileOrigin(
            "mm", "-y", 70000, ("LHipAngles", "LASI"), parameters, residual, np.full(shape, 5, np.uint8)
        ),
    }


def _events():
    return (
        Event(0.5, "squat_bottom", sd_s=0.004, confidence=0.9),
        Event(0.7, "Foot Strike", "left", source="imported"),
        Event(float("nan"), "squat_bottom", source="edited", note="=1+1 <b>", replaces_s=0.5),
    )


def _assessments():
    wink = Metric(
        "wink_magnitude", "deg", "most anterior minus bottom", [12.5, np.nan], [1.25, np.nan], [10.0, np.nan],
        [15.5, np.nan], ("", "withheld: tilt not observable"), [80, 0],
    )  # fmt: skip
    depth = Metric("depth", "m", "drop", [0.4, 0.41], [0.001, 0.002])
    bare = Metric("depth_relative", "1", "in leg lengths", [0.45, 0.44])
    grade = Words("grade", "how large", ("terminal", "not known"))
    repetitions = Table("repetitions", 2, (depth, wink, bare), (grade,))
    whole = Table("set", 1, (Metric("wink_slope", "deg/rep", "per repetition", [0.5], [0.25]),))
    none = Table("repetitions", 0, (Metric("depth", "m", "drop", []),), (Words("side", "of the body", ()),))
    return (
        Assessment(
            "squat", repetitions, (Rejected(0.1, 0.2, float("nan"), "cut off"),), (whole,),
            (Rule("ankle", "not assessable", "no lunge test", "r = 0.69"),), "squat", "ab" * 32,
            {"repetitions.plateau": 0.005, "wink.filtered": True, "wink.how": "fit"}, ("one note", "another; of two"),
        ),
        Assessment("gait", none, notes=("no cycle",)),
    )  # fmt: skip


def _bare_trial():
    return Trial("bare", Points3D(np.ones((3, 1, 3)), ("A",), 100.0))


@pytest.fixture(scope="session")
def trials():
    """The full trial and the bare one."""
    return {"full": _full_trial(), "bare": _bare_trial()}


@pytest.fixture(scope="session")
def whole(trials, tmp_path_factory):
    """Bytes of the files of both trials, written once."""
    contents = {}
    for name, trial in trials.items():
        path = tmp_path_factory.mktemp("whole") / "a.h5"
        write_trial(path, trial)
        contents[name] = path.read_bytes()
    return contents


@pytest.fixture(scope="session")
def assert_equal():
    """`assert_equal(first, second)`: same types, same bits; angles, in degrees in the file, to the last two bits."""
    return _assert_equal


def _assert_equal(first, second, place="trial"):
    """Same types, same bits; angles, which are in degrees in the file, to the last two bits."""
    if isinstance(first, np.ndarray):
        assert first.shape == second.shape and first.dtype == second.dtype, place
        rtol = 1e-15 if "angles" in place else 0
        np.testing.assert_allclose(second, first, rtol=rtol, atol=0, err_msg=place)
        if not rtol:
            assert np.ascontiguousarray(first).tobytes() == np.ascontiguousarray(second).tobytes(), place
    elif hasattr(first, "__dataclass_fields__"):
        assert type(first) is type(second), place
        for field in fields(first):
            _assert_equal(getattr(first, field.name), getattr(second, field.name), f"{place}.{field.name}")
    elif isinstance(first, tuple):
        assert len(first) == len(second), place
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            _assert_equal(one, other, f"{place}[{index}]")
    elif isinstance(first, float) and np.isnan(first):
        assert np.isnan(second), place
    else:
        assert first == second, place
