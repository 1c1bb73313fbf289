"""Angles of the points before smoothing: those of the kinematics without a filter, made once, by a process apart."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import KinematicsError, SourceError
from mocap.pipeline import review_raw
from mocap.pipeline.motion import kinematics_to_file
from mocap.pipeline.review_desk import TrialDesk
from mocap.pipeline.review_raw import FileRaw, raw_angles
from mocap.signal.filter_options import FilterOptions
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Event, PointEdit, Step, Trial
from mocap.viewer.review import RawAngles

NONE = FilterOptions(method="none")
CHOICES = {"posture": "any"}


def noisy(points, seed):
    position = points.position + np.random.default_rng(seed).normal(0, 0.004, points.position.shape)
    return replace(points, position=position)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a squat whose points were filtered before the angles, and the standing trial."""
    folder, subject = tmp_path_factory.mktemp("raw"), default_subject(1.75, seed=1)
    for name, trial in (("standing", static_standing(subject, 1.0, 25.0, sway_m=0.002, seed=1)),
                        ("squat", squat(subject, 1, wink_deg=12.0, wink_onset=0.75, rate_hz=25.0))):  # fmt: skip
        # With a step, as of an import: what tells nothing of its making is not told of later steps either.
        write_trial(folder / f"{name}.h5", Trial(name, noisy(trial.points, 7), steps=(Step("import", {}, ()),)))
    kinematics_to_file(folder / "squat.h5", folder / "one.h5", folder / "standing.h5", "landmarks", None, None, None,
                       FilterOptions(cutoff_hz=4.0), CHOICES)  # fmt: skip
    return folder


@pytest.fixture
def file(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "made")) / "one.h5"


def test_they_are_those_of_the_kinematics_without_a_filter(file: Path, made: Path, tmp_path: Path) -> None:
    unfiltered = kinematics_to_file(made / "squat.h5", tmp_path / "two.h5", made / "standing.h5", "landmarks", None,
                                    None, None, NONE, CHOICES)  # fmt: skip
    before = file.read_bytes()
    raw = raw_angles(file)
    assert raw.names == unfiltered.angles.names
    np.testing.assert_array_equal(raw.values, unfiltered.angles.values)
    shown = read_trial(file).angles
    assert np.nanstd(raw.deg("pelvic_tilt") - shown.deg("pelvic_tilt")) > 0.2  # the noise that the filter takes
    assert file.read_bytes() == before


def test_a_process_computes_them_once(file: Path) -> None:
    source = FileRaw(file)
    *told, angles = source.steps()
    assert told and all(isinstance(one, str) for one in told)
    assert isinstance(angles, RawAngles) and angles.values_deg.dtype == np.float32
    expected = raw_angles(file)
    assert set(angles.names) == {name for name in expected.names if np.isfinite(expected[name]).any()}
    tilt = angles.values_deg[:, angles.names.index("pelvic_tilt")]
    np.testing.assert_allclose(tilt, expected.deg("pelvic_tilt"), atol=1e-4)
    file.unlink()
    assert list(source.steps()) == [angles]


def test_what_is_refused_in_the_process_is_refused_here(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "standing.h5").unlink()
    with pytest.raises(SourceError, match=r"standing\.h5 is not there") as refused:
        list(FileRaw(file).steps())
    assert refused.value.code == "REPRODUCE_MISSING"
    monkeypatch.setattr(review_raw, "_CODE", "import os; os._exit(9)")
    with pytest.raises(KinematicsError, match="ended before it was done") as lost:
        list(FileRaw(file).steps())
    assert lost.value.code == "RAW_LOST"


def test_who_asks_no_more_ends_the_process(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, start = [], review_raw._started
    monkeypatch.setattr(review_raw, "_CODE", "import time; time.sleep(60)")
    monkeypatch.setattr(review_raw, "_started", lambda *named: started.append(start(*named)) or started[0])
    steps = FileRaw(file).steps()
    begun = time.monotonic()
    assert next(steps).startswith("computing")
    steps.close()
    assert started[0].poll() is not None
    assert time.monotonic() - begun < 20


def test_a_decision_keeps_them_and_another_point_does_not(file: Path) -> None:
    desk = TrialDesk(file)
    first = desk.review.raw
    assert first is not None
    stored = read_trial(file)
    write_trial(file, replace(stored, events=(*stored.events, Event(1.0, "noted", source="edited"))))
    desk._shown()
    assert desk._reviewed(desk._light).raw is first
    label = stored.points.names[0]
    assert desk.correct([PointEdit("missing", 5, 6, (label,))]).raw is not first


def test_where_nothing_was_smoothed_there_are_none_beside_those_that_are_shown(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.h5"
    kinematics_to_file(made / "squat.h5", path, made / "standing.h5", "landmarks", None, None, None, NONE, CHOICES)
    assert TrialDesk(path).review.raw is None
