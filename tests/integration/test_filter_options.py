"""The filter that a session or a command line states reaches the angles, and every angle says which it was."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import mocap
from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.session import run_session
from mocap.schema import Status
from mocap.signal.linear import filter_runs
from mocap.signal.polynomials import SavitzkyGolay
from mocap.storage import write_trial
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Points3D, Trial

RATE = 50.0
# Pelvis and one leg, and no static, to be fast.
BODY = ("RASIS", "LASIS", "RPSIS", "LPSIS", "SAC1", "SAC2", "SAC3", "SAC4", "RLFE", "RMFE", "RTH1", "RTH2", "RTH3",
        "RLMAL", "RMMAL", "RSH1", "RSH2", "RSH3", "RHEEL", "RMT1", "RMT5")  # fmt: skip
SESSION = """\
[session]
id = "s"
subject_code = "S1"

[calibration]
file = "calibration.toml"

[sync]
rate_hz = 50
clocks = "off"

[[trial]]
name = "squat"
task = "squat"
files = "squat.parquet"

[options.kinematics]
marker_set = "landmarks"

[options.filter]
"""


def bare(points: Points3D) -> Points3D:
    return Points3D(points.position[:, [points.names.index(name) for name in BODY]], BODY, points.rate_hz)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A squatting person before four cameras, 0.5 px of noise."""
    folder, rig, subject = tmp_path_factory.mktemp("session"), ring_rig(4, 5), default_subject(seed=1)
    write_rig(folder / "calibration.toml", replace(rig, metadata={**rig.metadata, "gravity": "Z up, by construction"}))
    keypoints = observe(bare(squat(subject, 1, rate_hz=RATE).points), rig, 1, pixel_sigma=0.5).keypoints
    write_keypoint_table(folder / "squat.parquet", keypoints, rig.names)
    return folder


def ran(session: Path, out: Path, options: str) -> Trial:
    (session / "session.toml").write_text(SESSION + options, encoding="utf-8")
    out.mkdir(exist_ok=True)
    outcomes = run_session(session, out, lambda *_: None).outcomes
    assert [outcome.state for outcome in outcomes] == ["done"] * 2, [outcome.text for outcome in outcomes]
    return mocap.read_trial(out / "squat.h5")


def roughness(trial: Trial) -> float:
    """Median absolute third difference of knee flexion in degrees: noise far more than motion."""
    return float(np.rad2deg(np.nanmedian(np.abs(np.diff(trial.angles["knee_flexion_r"], 3)))))


def methods(trial: Trial) -> set[str]:
    told = (one.method.partition("; points: ")[2] for one in trial.angles.definitions if one.observable)
    return {words.partition("; vertical: ")[0] for words in told}


def settings(trial: Trial) -> dict[str, object]:
    (found,) = [operation.parameters for operation in trial.operations if operation.name == "smooth"]
    return dict(found)


@pytest.mark.heavy  # smaller: the command with each filter
def test_each_method_of_a_session_reaches_the_angles_and_is_named(session: Path, tmp_path: Path) -> None:
    raw = ran(session, tmp_path / "a", 'method = "none"\n')
    assert raw.points_smoothed is None and methods(raw) == {"not filtered"}
    fine = ran(session, tmp_path / "b", 'method = "savitzky_golay"\nwindow_frames = 15\norder = 2\n')
    assert methods(fine) == {"Savitzky-Golay filter, order 2, window of 15 frames (0.3 s), -3 dB at 3.58 Hz"}
    # Its points are those of the filter run by hand, and the angles follow from them.
    by_hand, _ = filter_runs(fine.points.position, SavitzkyGolay(15, 2, RATE))
    np.testing.assert_allclose(fine.points_smoothed.position, by_hand, atol=1e-12)
    np.testing.assert_array_equal(fine.points.position, raw.points.position)
    assert roughness(fine) < 0.2 * roughness(raw)  # 0.06
    spline = ran(session, tmp_path / "c", 'method = "gcv_spline"\n')
    (told,) = methods(spline)
    assert told.startswith("cubic smoothing spline by generalised cross-validation, -3 dB at ")
    each = [float(words.split()[-1]) for words in str(settings(spline)["effective_cutoff_hz"]).split(", ")]
    assert len(each) == spline.points.position.shape[1]
    assert f"({min(each):.3g} to {max(each):.3g} Hz by point)" in told and 0.19 < min(each) < max(each) < 15
    assert roughness(spline) < 0.3 * roughness(raw)  # 0.08
    # Uncertainty goes along: the standard deviation shrinks as the noise does.
    for made in (fine, spline):
        ratio = np.nanmedian(made.angles.sd[:, 0]) / np.nanmedian(raw.angles.sd[:, 0])
        assert 0.2 < ratio < 0.7


def test_hampel_goes_before_any_method_and_flags_what_it_takes(session: Path, tmp_path: Path) -> None:
    plain = ran(session, tmp_path / "a", "")
    assert methods(plain) == {"Butterworth filter, order 2 forward and backward, -3 dB at 6 Hz in all "
                              "(7.297 Hz each pass)"}  # fmt: skip
    for method in ("butterworth", "kalman"):
        made = ran(session, tmp_path / method, f'method = "{method}"\nhampel = true\nhampel_sd = 2.5\n')
        gone = (made.points_smoothed.status & Status.REJECTED) > 0
        before = (plain.points_smoothed.status & Status.REJECTED) > 0
        assert 5 < (gone & ~before).sum() < 0.03 * gone.size
        assert (made.points_smoothed.status[gone] & Status.MEASURED == 0).all()
        assert "left out by Hampel's filter" in str(settings(made)["notes"])
        assert (made.points.status == plain.points.status).all()
        assert method != "butterworth" or "5 frames on each side, 2.5 sd" in next(iter(methods(made)))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('method = "loess"', "'butterworth', 'savitzky_golay', 'gcv_spline', 'none', 'kalman' or 'map'"),
        ('method = "gcv_spline"\ncutoff_hz = 6.0', "cutoff_hz does nothing with the method gcv_spline"),
        ('method = "savitzky_golay"\nwindow = 15', "unknown key 'window' in [options.filter], did you mean"),
        ('method = "savitzky_golay"\nwindow_frames = 14', "window of 14 frames"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(session: Path, mocap_cli, tmp_path: Path, options, told) -> None:
    (session / "session.toml").write_text(SESSION + options + "\n", encoding="utf-8")
    done = mocap_cli("run", session, "--out", tmp_path / "out")
    assert done.status == 1
    assert told in done.error_line
    assert not (tmp_path / "out" / "squat.h5").exists()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial file of noisy points with a gap and a spike."""
    points = bare(squat(default_subject(seed=1), 1, rate_hz=RATE).points)
    position = points.position + np.random.default_rng(0).normal(0, 0.001, points.position.shape)
    position[40:60, points.names.index("LASIS")] = np.nan
    position[90, points.names.index("RASIS")] += 0.01
    file = tmp_path_factory.mktemp("recording") / "raw.h5"
    write_trial(file, Trial("raw", Points3D(position, points.names, RATE)))
    return file


def test_the_command_takes_each_filter_with_its_choices(recording: Path, mocap_cli, tmp_path: Path) -> None:
    out = tmp_path / "t.h5"

    def made(*options: object) -> Trial:
        done = mocap_cli("kinematics", recording, "--out", out, *options)
        assert done.status == 0, done.err
        return mocap.read_trial(out)

    raw = made()
    assert raw.points_smoothed is None and methods(raw) == {"not filtered"}
    for name, words in {
        "butterworth": "-3 dB at 6 Hz", "savitzky_golay": "window of 9 frames", "gcv_spline": "cross-validation",
    }.items():  # fmt: skip
        one = made("--filter", name, "--filter-set", "hampel=true")
        assert words in next(iter(methods(one)))
        assert " outlying samples were left out by Hampel's filter: RASIS 1, " in str(settings(one)["notes"])
        assert one.points_smoothed.status[90, one.points.names.index("RASIS")] & Status.REJECTED
        with h5py.File(out) as file:
            assert words in file["points_smoothed"].attrs["method"]
        gap = one.points_smoothed.status[40:60, one.points.names.index("LASIS")]
        assert (gap == 0).all()
        assert roughness(one) < 0.5 * roughness(raw)
    assert "-3 dB at 4 Hz" in next(iter(methods(made("--cutoff", 4))))
    assert "order 5, window of 21" in next(
        iter(methods(made("--filter", "savitzky_golay", "--filter-set", "window_frames=21", "--filter-set", "order=5")))
    )
    # What an analysis says of its points holds for the next one that takes them as they are, and for no other.
    again = tmp_path / "again.h5"
    assert mocap_cli("kinematics", out, "--out", again).status == 0
    assert "order 5, window of 21" in next(iter(methods(mocap.read_trial(again))))
    done = mocap_cli("kinematics", again, "--out", again, "--filter", "none")
    assert done.status == 0 and f"note: {again} was the trial itself" in done.out
    unfiltered = mocap.read_trial(again)
    assert methods(unfiltered) == {"not filtered"} and unfiltered.points_smoothed is None


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--filter", "loess"), "FILTER_UNKNOWN", "butterworth, savitzky_golay, gcv_spline, none"),
        (("--filter", "kalman"), "FILTER_LEARNED", "mocap reconstruct --smoother kalman"),
        (("--filter", "gcv_spline", "--cutoff", 6), "CONFIG_VALUE", "cutoff_hz does nothing"),
        (("--filter-set", "windows=6"), "CONFIG_KEY", "unknown key 'windows'"),
        (("--filter", "savitzky_golay", "--cutoff", 24), "CUTOFF", "Choose a cutoff of 0.025 to 11.9 Hz"),
    ],
)
def test_the_command_refuses_and_writes_nothing(recording, mocap_cli, tmp_path: Path, options, code, told) -> None:
    done = mocap_cli("kinematics", recording, "--out", tmp_path / "t.h5", *options)
    assert done.status == 1
    assert code in done.error_line and told in done.error_line
    assert not (tmp_path / "t.h5").exists()
