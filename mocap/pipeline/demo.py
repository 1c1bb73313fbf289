"""The whole pipeline on the synthetic lab, measured against its truth."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration.files import write_texts
from calibration.quality.figures import volume_error
from mocap.errors import ConfigError, MocapError
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.output_kinds import ANGLE_PAGE, CALIBRATION, PAGE, PICTURE, SYNTHETIC, TABLE, TRIAL
from mocap.pipeline.outputs import check_no_file, check_nothing_lost, check_outputs, make_folder
from mocap.pipeline.progress import Progress
from mocap.pipeline.report import report_to_file
from mocap.pipeline.session import run_session
from mocap.pipeline.session_outputs import session_outputs
from mocap.pipeline.synthetic_session import TRIALS, LabSettings, SyntheticSession, write_synthetic_session
from mocap.report.figures import plot_angles, plot_errors, plot_rig
from mocap.storage import read_trial
from mocap.synthetic import SyntheticTrial
from mocap.trial import JointAngles, Points3D, Trial, Verdict

_RECORD_NAME = "demo.json"
_CALIBRATED = ("calibration.toml", "calibration.html", "calibration.json")
VOLUME_LIMIT_MM = 1.0
POINT_LIMIT_MM = 2.0
ANGLE_LIMITS_DEG = {
    "pelvic_tilt": 0.5,
    "lumbar_flexion": 0.7,
    "ankle_dorsiflexion_r": 0.7,
    "ankle_dorsiflexion_l": 0.7,
}

SQUAT_LIMITS = {"bottom_time": 0.05, "depth": 0.005, "wink_magnitude": 1.0, "wink_onset_depth": 0.05,
                "lumbar_change": 1.5}  # fmt: skip


@dataclass(frozen=True)
class DemoResult:
    """Measured against true, and what was left on disk."""

    verdicts: tuple[Verdict, ...]
    files: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether every figure keeps its limit."""
        return all(verdict.passed for verdict in self.verdicts)


def run_demo(out: Path, seed: int, progress: Progress, settings: LabSettings | None = None) -> DemoResult:
    """Write a synthetic session, run it as any recorded one, and measure the results against the truth.

    Parameters
    ----------
    out : Path
        Receives `session/`, `calibration.toml` with its page and table, `standing.h5`, `trial.h5` (the squat),
        figures and a report.
    seed : int
    progress : callable
    settings : LabSettings, optional

    Raises
    ------
    MocapError
        When a stage refuses the session, or a file would be lost that no demonstration wrote.
    """
    check_demo_outputs(out)
    session = _rendered(out, seed, settings or LabSettings(), progress)
    summary = run_session(session.folder, out / "results", progress)
    refused = [outcome.text for outcome in summary.outcomes if outcome.state == "refused"]
    if refused:
        raise MocapError(f"The demonstration was refused: {refused[0]}", "Report this with the seed.", code="DEMO")
    rig = calibration.read_rig(out / "results" / "calibration.toml")
    trial = read_trial(out / "results" / "squat.h5")
    truth = session.trials["squat"]
    errors_mm = _point_errors_mm(trial.points, truth)
    verdicts = (
        _volume_verdict(rig, session),
        _verdict("3D error, median", float(np.nanmedian(errors_mm)), POINT_LIMIT_MM, "mm"),
        *_angle_verdicts(trial, truth),
        *_squat_verdicts(trial, truth),
    )
    return DemoResult(verdicts, _leave(out, trial, truth, errors_mm, rig))


def _rendered(out: Path, seed: int, settings: LabSettings, progress: Progress) -> SyntheticSession:
    """Write the session aside and put it in its place when it is whole: an end halfway leaves what was there."""
    place = out / "session"
    with tempfile.TemporaryDirectory(prefix=".demo.", suffix=".part", dir=out) as aside:
        session = write_synthetic_session(Path(aside) / "new", seed, settings, progress)
        record = _record_text(session.folder)
        if place.is_dir():
            place.rename(Path(aside) / "old")
        # The record first: between the two there is no session, which is nobody's.
        write_texts({out / _RECORD_NAME: record}, "DEMO_NOT_WRITTEN")
        session.folder.rename(place)
    return replace(session, folder=place)


def check_demo_outputs(out: Path) -> None:
    """Refuse a folder with files of others, before any is made anew.

    Raises
    ------
    ConfigError
        OUTPUT_OTHER
    SourceError
        OUTPUT_FOLDER, OUTPUT_IS_FILE, OUTPUT_IS_FOLDER
    """
    check_no_file(out)
    record, session = out / _RECORD_NAME, out / "session"
    kinds = dict(zip(_left_files(out), (CALIBRATION, PAGE, TABLE, TRIAL, *3 * (PICTURE,), ANGLE_PAGE), strict=True))
    kinds[record] = SYNTHETIC
    results = session_outputs(out / "results", TRIALS)
    there = kinds | results
    check_nothing_lost(list(there), [], list(there.values()))
    check_no_file(session)
    check_no_file(out / "results")
    known = record.is_file() and record.read_bytes() == _record_text(session).encode()
    if session.is_dir() and any(session.iterdir()) and not known:
        raise ConfigError(
            f"The folder {session} exists, and is not as a demonstration left it: it may hold files of yours; it is "
            "kept.",
            "Name another folder with --out, or remove it first.",
            code="OUTPUT_OTHER",
        )
    make_folder(out)
    check_outputs(kinds | (results if (out / "results").is_dir() else {}), [])


def _record_text(session: Path) -> str:
    """What is kept of a synthetic session, to know whether its files are still those that were written."""
    return json.dumps({"session": input_sha256(session)}) + "\n"


def _left_files(out: Path) -> tuple[Path, ...]:
    names = (*_CALIBRATED, "trial.h5", "angles.png", "errors.png", "cameras.png", "report.html")
    return tuple(out / name for name in names)


def _verdict(name: str, measured: float, limit: float, unit: str) -> Verdict:
    # A NaN is over every limit.
    return Verdict(name, measured, limit, unit, bool(measured <= limit))


def _volume_verdict(rig: calibration.CameraRig, session: SyntheticSession) -> Verdict:
    grid = np.stack(np.meshgrid(*[np.linspace(-0.8, 0.8, 5)] * 2, np.linspace(0.1, 1.9, 6)), axis=-1).reshape(-1, 3)
    error = volume_error(rig, session.rig, grid)
    return _verdict("calibration volume error", 1e3 * error, VOLUME_LIMIT_MM, "mm")


def _point_errors_mm(points: Points3D, truth: SyntheticTrial) -> NDArray:
    """Distance from the truth, shape (time, keypoint), in the world as calibrated: nothing is aligned."""
    order = [truth.points.names.index(name) for name in points.names]
    return 1e3 * np.linalg.norm(points.position - truth.points.position[:, order], axis=2)


def _angle_verdicts(trial: Trial, truth: SyntheticTrial) -> list[Verdict]:
    verdicts = []
    for name, limit in ANGLE_LIMITS_DEG.items():
        error = _angles(trial).deg(name) - truth.truth_deg(name)
        seen = np.isfinite(error)
        # Missing frames must not make an angle look good.
        rms = float(np.sqrt(np.mean(error[seen] ** 2))) if seen.mean() > 0.95 else float("nan")
        verdicts.append(_verdict(f"{name}, RMS", rms, limit, "deg"))
    return verdicts


def _squat_verdicts(trial: Trial, truth: SyntheticTrial) -> list[Verdict]:
    """Return how the assessed squats differ from those that were made, at most over the repetitions."""
    made = next((one.repetitions for one in trial.assessments if one.task == "squat"), None)
    found = 0 if made is None else made.rows
    verdicts = [_verdict("squats, found against made", abs(found - len(truth.repetitions)), 0, "")]
    if made is None or found != len(truth.repetitions):
        return verdicts
    bottom = made["bottom_time"].values
    true = {
        # Of a bottom that is held any instant is the lowest.
        "bottom_time": np.clip(
            bottom, [one.bottom_s for one in truth.repetitions], [one.rise_s for one in truth.repetitions]
        ),
        "depth": [one.depth for one in truth.repetitions],
        "wink_magnitude": [np.rad2deg(one.wink_magnitude) for one in truth.repetitions],
        "wink_onset_depth": [one.wink_onset for one in truth.repetitions],
        "lumbar_change": [np.rad2deg(one.lumbar_change) for one in truth.repetitions],
    }
    for name, limit in SQUAT_LIMITS.items():
        error = float(np.abs(made[name].values - true[name]).max())
        unit = made[name].unit
        verdicts.append(_verdict(f"{name.replace('_', ' ')}, worst", error, limit, "" if unit == "1" else unit))
    return verdicts


def _angles(trial: Trial) -> JointAngles:
    if trial.angles is None:
        raise MocapError("The trial carries no angles.", "Report this with the seed.", code="DEMO")
    return trial.angles


def _leave(
    out: Path, trial: Trial, truth: SyntheticTrial, errors_mm: NDArray, rig: calibration.CameraRig
) -> tuple[Path, ...]:
    """Put the results where the user looks for them, with figures."""
    names = tuple(ANGLE_LIMITS_DEG)
    files = _left_files(out)
    for source, target in zip((*_CALIBRATED, "squat.h5"), files[:4], strict=True):
        target.write_bytes((out / "results" / source).read_bytes())
    figures, page = files[4:7], files[7]
    plot_angles(figures[0], _angles(trial), names, {name: truth.truth_deg(name) for name in names})
    plot_errors(figures[1], errors_mm, trial.points.names, POINT_LIMIT_MM)
    plot_rig(figures[2], rig, trial.points.position[0])
    report_to_file(out / "results" / "squat.h5", page)
    return files
