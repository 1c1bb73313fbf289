"""Degenerate points of every marker set give NaN with a reason: no exception, no warning, no number made of nothing."""

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap.cli import app
from mocap.config.presets import preset_names
from mocap.errors import MocapError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.marker_sets import read_marker_set
from mocap.storage import read_trial, write_trial
from mocap.trial import Points3D, Trial

LINE = np.array([[0.0, 0.0, 0.0], [0.3, 0.2, 1.8]])
SHAPES = {
    "collinear": lambda n: np.linspace(LINE[0], LINE[1], n), "coincident": lambda n: np.ones((n, 3)),
    "at the origin": lambda n: np.zeros((n, 3)), "missing": lambda n: np.full((n, 3), np.nan),
}  # fmt: skip
FRAMES = {"zero frames": 0, "one frame": 1, "several": 12}
REASONS = {shape: "no point is seen" if shape == "missing" else "one line" for shape in SHAPES}


def points_of(marker_set: str, shape: str, n_frames: int, covariance: bool = False) -> Points3D:
    labels = [aliases[0] for aliases in read_marker_set(marker_set).labels.values()]
    position = np.repeat(SHAPES[shape](len(labels))[None], n_frames, axis=0)
    known = np.broadcast_to(np.eye(3, dtype=np.float32) * 1e-6, (*position.shape, 3)) if covariance else None
    return Points3D(position, labels, 100.0, covariance=known)


@pytest.mark.parametrize("marker_set", preset_names("marker_sets"))
@pytest.mark.parametrize("shape", SHAPES)
def test_degenerate_trials_are_nan_with_a_reason(marker_set: str, shape: str) -> None:
    for n_frames in FRAMES.values():
        for covariance in (False, True):
            points = points_of(marker_set, shape, n_frames, covariance)
            for static in (None, points, points_of(marker_set, "missing", 5)):
                angles = kinematics(points, marker_set, static).angles
                assert np.isnan(angles.values).all()
                assert angles.values.shape == (n_frames, len(angles.names))
                assert (angles.frame_reason > 0).all()
                words = REASONS[shape] if n_frames else "no frames"
                assert all(words in one.reason and not one.observable for one in angles.definitions)


MODELS = ("segments", "skeleton", "plug-in-gait")
PERSON = {f"{name}_{side}_m": value for side in "rl"
          for name, value in (("leg_length", 0.9), ("knee_width", 0.1), ("ankle_width", 0.07))}  # fmt: skip
FEW = {
    "one point": lambda n: np.where(np.arange(n)[:, None] == 0, 1.0, np.full((n, 3), np.nan)),
    "two places": lambda n: np.where(np.arange(n)[:, None] % 2 == 1, [0.0, 0.0, 1.0], [0.0, 0.1, 0.0]),
    "flat": lambda n: np.random.default_rng(0).uniform(0, 0.5, (n, 3)) * [1.0, 1.0, 0.0],
    "scattered": lambda n: np.random.default_rng(0).uniform(0, 1.5, (n, 3)), **SHAPES,
}  # fmt: skip
COVARIANCES = {"unknown": np.nan, "exact": 0.0, "negative": -1e-6, "known": 1e-6}


def explained(marker_set: str, shape: str, model: str) -> None:
    """Every value that is missing has a reason, or the whole is refused by name."""
    labels = [aliases[0] for aliases in read_marker_set(marker_set).labels.values()]
    for n_frames in FRAMES.values():
        position = np.repeat(FEW[shape](len(labels))[None], n_frames, axis=0)
        for size in COVARIANCES.values():
            covariance = np.broadcast_to(size * np.eye(3, dtype=np.float32), (*position.shape, 3))
            points = Points3D(position, labels, 100.0, covariance=covariance)
            for static in (None, points):
                options = KinematicsOptions(model=model)
                try:
                    result = kinematics(
                        points, marker_set, static, options=options, subject=PERSON, static_subject=PERSON
                    )
                except MocapError as refused:
                    assert refused.code in REFUSED, refused
                    continue
                angles = result.angles
                assert ((angles.frame_reason > 0) | np.isfinite(angles.values)).all()
                assert all(one.observable or one.reason for one in angles.definitions)


REFUSED = ("LEFT_RIGHT", "MODEL_MARKERS", "SKELETON", "SKELETON_KEYPOINTS", "SKELETON_NO_STATIC", "SKELETON_STATIC",
           "UNITS")  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shape", ["one point", "two places"])
def test_few_places_are_explained_in_every_model(shape: str, model: str) -> None:
    explained("plug-in-gait", shape, model)


@pytest.mark.heavy
@pytest.mark.parametrize("marker_set", preset_names("marker_sets"))
def test_all_that_is_degenerate_is_explained_in_every_model_and_set(marker_set: str) -> None:
    for model in MODELS:
        for shape in FEW:
            explained(marker_set, shape, model)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_static_that_shows_nothing_is_told_and_left_out(shape: str, tmp_path) -> None:
    from mocap.synthetic import default_subject, squat

    trial = squat(default_subject(), repetitions=1).points
    static = Points3D(np.repeat(SHAPES[shape](len(trial.names))[None], 100, axis=0), trial.names, 100.0)
    result, alone = kinematics(trial, static=static), kinematics(trial)
    np.testing.assert_array_equal(result.angles.values, alone.angles.values)
    assert "static" in result.angles.definition("lumbar_flexion").reason
    (verdict,) = (v for v in result.verdicts if v.name == "static_usable")
    assert not verdict.passed
    assert REASONS[shape] in verdict.text


def test_one_frame_of_a_person_is_enough() -> None:
    from mocap.synthetic import default_subject, squat, static_standing

    trial, static = squat(default_subject(), repetitions=1), static_standing(default_subject())
    for n_frames in (1, 2):
        points = Points3D(trial.points.position[:n_frames], trial.points.names, 100.0)
        for still in (None, points, static.points):
            angles = kinematics(points, static=still).angles
            tilt = trial.truth["pelvic_tilt"][:n_frames]
            np.testing.assert_allclose(angles["pelvic_tilt"], tilt, atol=1e-9)
            assert ((angles.frame_reason > 0) == np.isnan(angles.values)).all()


@pytest.mark.parametrize(
    ("shape", "frames"), [("collinear", "several"), ("coincident", "one frame"), ("missing", "several"),
                          ("missing", "zero frames")],
)  # fmt: skip
def test_the_command_writes_reasons_or_refuses_in_one_line(shape: str, frames: str, tmp_path) -> None:
    points = points_of("plug-in-gait", shape, FRAMES[frames])
    try:
        write_trial(tmp_path / "a.h5", Trial("a", points=points))
    except MocapError as refused:
        assert refused.code == "POINTS_EMPTY"  # such a file cannot come about
        return
    out = CliRunner().invoke(app, ["kinematics", str(tmp_path / "a.h5"), "--out", str(tmp_path / "b.h5")])
    assert out.exit_code == 0, out.output
    assert "0 of" in out.output
    assert REASONS[shape] in out.output
    assert not read_trial(tmp_path / "b.h5").angles.definition("pelvic_tilt").observable
