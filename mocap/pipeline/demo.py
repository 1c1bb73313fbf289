"""The whole pipeline on the synthetic lab, measured against its truth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration.quality.figures import volume_error
from mocap.errors import MocapError
from mocap.pipeline.progress import Progress
from mocap.pipeline.session import run_session
from mocap.pipeline.synthetic_session import LabSettings, SyntheticSession, write_synthetic_session
from mocap.report.figures import plot_angles, plot_errors, plot_rig
from mocap.storage import read_trial
from mocap.synthetic import SyntheticTrial
from mocap.trial import JointAngles, Points3D, Trial, Verdict

VOLUME_LIMIT_MM = 1.0
POINT_LIMIT_MM = 2.0
ANGLE_LIMITS_DEG = {
    "pelvic_tilt": 0.5,
    "lumbar_flexion": 0.7,
    "ankle_dorsiflexion_r": 0.7,
    "ankle_dorsiflexion_l": 0.7,
}


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
        Receives `session/`, `calibration.toml`, `standing.h5`, `trial.h5` (the squat) and figures.
    seed : int
    progress : callable
    settings : LabSettings, optional

    Raises
    ------
    MocapError
        When a stage refuses the session.
    """
    out.mkdir(parents=True, exist_ok=True)
    session = write_synthetic_session(out / "session", seed, settings or LabSettings(), progress)
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
    )
    return DemoResult(verdicts, _leave(out, trial, truth, errors_mm, rig))


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


def _angles(trial: Trial) -> JointAngles:
    if trial.angles is None:
        raise MocapError("The trial carries no angles.", "Report this with the seed.", code="DEMO")
    return trial.angles


def _leave(
    out: Path, trial: Trial, truth: SyntheticTrial, errors_mm: NDArray, rig: calibration.CameraRig
) -> tuple[Path, ...]:
    """Put the results where the user looks for them, with figures."""
    names = tuple(ANGLE_LIMITS_DEG)
    files = [out / "calibration.toml", out / "calibration.html", out / "trial.h5"]
    for source, target in zip(("calibration.toml", "calibration.html", "squat.h5"), files, strict=True):
        target.write_bytes((out / "results" / source).read_bytes())
    figures = [out / "angles.png", out / "errors.png", out / "cameras.png"]
    plot_angles(figures[0], _angles(trial), names, {name: truth.truth_deg(name) for name in names})
    plot_errors(figures[1], errors_mm, trial.points.names, POINT_LIMIT_MM)
    plot_rig(figures[2], rig, trial.points.position[0])
    return tuple([*files, *figures])
