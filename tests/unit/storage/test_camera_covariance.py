"""A trial carries the uncertainty of its cameras."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray

from calibration import CameraRig
from mocap.storage import read_trial, write_trial


def test_the_covariance_of_the_cameras_comes_back_exactly_and_xarray_reads_it(tmp_path: Path, trials: dict) -> None:
    rig = trials["full"].rig
    root = np.random.default_rng(2).normal(size=(54, 54))
    covariance = (root @ root.T + (root @ root.T).T).reshape(3, 18, 3, 18)
    trial = replace(trials["full"], rig=CameraRig(rig.cameras, rig.metadata, covariance))
    write_trial(tmp_path / "trial.h5", trial)
    back = read_trial(tmp_path / "trial.h5").rig
    assert back.covariance.tobytes() == trial.rig.covariance.tobytes()
    assert dict(back.metadata) == dict(rig.metadata)
    with xarray.open_dataset(tmp_path / "trial.h5", group="/cameras", engine="h5netcdf") as data:
        one = data["parameter_covariance"].sel(camera="c1", parameter="fx", other_camera="c2", other_parameter="tz")
        assert float(one) == trial.rig.covariance[1, 0, 2, 17]
        assert data["parameter_covariance"].attrs["long_name"].startswith("covariance of the camera parameters")


def test_without_it_nothing_is_said(tmp_path: Path, trials: dict) -> None:
    write_trial(tmp_path / "trial.h5", trials["full"])
    assert read_trial(tmp_path / "trial.h5").rig.covariance is None
