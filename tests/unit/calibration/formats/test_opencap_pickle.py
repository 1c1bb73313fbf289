"""OpenCap's pickles are read; nothing in a pickle is ever run."""

import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

from calibration.errors import FormatError, MocapError
from calibration.formats import format_named, read_calibration
from calibration.formats.opencap_pickle import plain

ROTATION = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
READ = format_named("opencap").reader


def camera(order: str = "C", dtype: str = "f8") -> dict:
    """The layout of OpenCap's file: numbers of an iPhone's camera, the pose of the checkerboard in mm."""
    return {
        "distortion": np.array([[0.05, -0.2, 0.001, -0.002, 0.3]], dtype),
        "intrinsicMat": np.asarray([[1500.0, 0, 360], [0, 1500, 640], [0, 0, 1]], dtype, order=order),
        "imageSize": np.array([[1280.0], [720.0]]),
        "rotation": np.asarray(ROTATION, dtype, order=order),
        "translation": np.array([[100.0], [-200.0], [3000.0]]),
        "rotation_EulerAngles": np.array([1.0, 2.0, 3.0]),
    }


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_protocol_gives_the_numbers(protocol: int, order: str) -> None:
    rig = READ({"Cam0/cameraIntrinsicsExtrinsics.pickle": pickle.dumps(camera(order), protocol)}, 1e-3).complete("x")
    (one,) = rig
    assert one.name == "Cam0" and one.size == (720, 1280)
    assert one.matrix.tolist() == [[1500, 0, 360], [0, 1500, 640], [0, 0, 1]]
    assert one.distortion.tolist() == [0.05, -0.2, 0.001, -0.002, 0.3]
    assert np.array_equal(one.cam_from_world[:3, :3], ROTATION)
    assert one.cam_from_world[:3, 3].tolist() == [0.1, -0.2, 3.0]
    assert not rig.gravity_known


def test_other_types_and_scalars_and_byte_orders() -> None:
    table = camera(dtype="f4") | {"imageSize": [np.int64(1280), np.int64(720)]}
    table["imageSize"] = np.array([1280, 720], ">i4")
    (one,) = READ({"c.pickle": pickle.dumps(table, 4)}, 1e-3).cameras
    assert one.size == (720, 1280) and one.name == "c"
    assert one.distortion[0] == np.float32(0.05)


def test_a_folder_of_cameras(tmp_path: Path) -> None:
    for place, name in enumerate(("Cam1", "Cam0")):
        (tmp_path / "Videos" / name).mkdir(parents=True)
        path = tmp_path / "Videos" / name / "cameraIntrinsicsExtrinsics.pickle"
        path.write_bytes(pickle.dumps(camera() | {"translation": np.array([[1000.0 * place], [0], [3000]])}))
    rig = read_calibration(tmp_path / "Videos")
    assert rig.names == ("Cam0", "Cam1")


class _Runs:
    """Pickles as a call of any function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_the_canary_lives(tmp_path: Path, protocol: int) -> None:
    canary = tmp_path / "dead"
    for call in (_Runs(os.system, f"touch {canary}"),
                 _Runs(os.mkdir, str(canary)), _Runs(exec, f"open('{canary}','w')"),
                 _Runs(eval, f"open('{canary}','w')"), _Runs(getattr, "a", "upper"), _Runs(Path, "x")):  # fmt: skip
        for table in (call, camera() | {"rotation": call}, [call], {"a": {"b": call}}):
            data = pickle.dumps(table, protocol)
            with pytest.raises(FormatError, match="CALIBRATION_PICKLE"):
                READ({"a.pickle": data}, 1e-3)
    assert not canary.exists()
    # The canary is a good one: the ordinary reader dies of it.
    pickle.loads(pickle.dumps(_Runs(os.mkdir, str(canary)), protocol))
    assert canary.exists()


HOSTILE = {
    "set": pickle.dumps({"a": {1, 2}}, 4),
    "frozenset": pickle.dumps(frozenset([1]), 4),
    "tuple key": pickle.dumps({((1, 1), (1, 1)): 1}, 4),
    "class": pickle.dumps(Path, 4),
    "complex": pickle.dumps({"a": 1j}, 2),
    "persistent": b"Pname\n.",
    "instance": b"(ios\nsystem\n(S'true'\ntR.",
    "extension": b"\x80\x02\x82\x01.",
    # Setting the state of the stand-in itself, not of an array.
    "build a stand-in": b"cnumpy\nndarray\n(dS'state'\nI1\nsb.",
    "build a function": b"c_codecs\nencode\n(dS'x'\nI1\nsb.",
    "build a list": b"(lp0\n(dS'x'\nI1\nsb.",
    "dotted": b"cnumpy\ncore.multiarray._reconstruct\n.",
    "steps": b"\x80\x04" + b"N0" * 30_000 + b"N.",
}


@pytest.mark.parametrize("fault", HOSTILE)
def test_what_is_no_plain_container_is_refused(fault: str) -> None:
    with pytest.raises(FormatError, match="CALIBRATION_PICKLE"):
        plain(HOSTILE[fault], "a.pickle")


def test_claims_of_size_reserve_nothing() -> None:
    huge = pickle.dumps(camera(), 2).replace(b"K\x03K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86")
    assert huge != pickle.dumps(camera(), 2)
    with pytest.raises(FormatError, match="no sound shape"):
        READ({"a.pickle": huge}, 1e-3)
    objects = camera() | {"rotation": np.array([object, 1], dtype=object)}
    with pytest.raises(FormatError):
        READ({"a.pickle": pickle.dumps(objects, 4)}, 1e-3)


def test_faults_are_named() -> None:
    for change, message in (
        ({"imageSize": np.array([1280.0])}, "imageSize"),
        ({"intrinsicMat": np.eye(2)}, "matrix"),
        ({"rotation": np.eye(3) * 2}, "orthonormal"),
        ({"translation": np.array([np.nan, 0, 0])}, "translation"),
        ({"distortion": "text"}, "distortion"),
    ):
        with pytest.raises(FormatError, match=message):
            READ({"a.pickle": pickle.dumps(camera() | change, 4)}, 1e-3)
    lens_alone = {key: value for key, value in camera().items() if key not in ("rotation", "translation")}
    assert READ({"a.pickle": pickle.dumps(lens_alone)}, 1e-3).cameras[0].missing() == ("pose",)
    with pytest.raises(FormatError, match="lacks intrinsicMat"):
        READ({"a.pickle": pickle.dumps({"imageSize": [1, 1]})}, 1e-3)


def test_500_mutations_give_a_rig_or_a_coded_error() -> None:
    rng = random.Random(3)
    seeds = [pickle.dumps(camera(), protocol) for protocol in range(6)]
    n_refused = 0
    for _ in range(500):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(data))
            if rng.random() < 0.7:
                data[place] = rng.randrange(256)
            else:
                del data[place : place + rng.randrange(1, 30)]
        try:
            READ({"a.pickle": bytes(data)}, 1e-3).complete("a.pickle")
        except MocapError as error:
            assert error.code.startswith("CALIBRATION") and error.remedy
            n_refused += 1
    assert n_refused > 100
