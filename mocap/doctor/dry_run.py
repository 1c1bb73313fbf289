"""A run of the session into a folder that is thrown away: what it refuses, and what its checks say of the recording."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap.doctor.finding import LOOK, STOP, Finding
from mocap.pipeline.progress import Progress
from mocap.pipeline.record import Outcome
from mocap.pipeline.session import run_session
from mocap.storage import read_light
from mocap.trial import Verdict


@dataclass(frozen=True)
class _Meaning:
    """What a check of a trial means for the recording that is still going on."""

    pattern: str
    code: str
    severity: str
    remedy: str


_MEANINGS = (
    _Meaning(r"clocks agree|.* (clock|ends)", "CLOCKS_APART", LOOK,
             "Start all cameras by one trigger, or keep their time stamps; `mocap sync` estimates and stores offsets."),
    _Meaning(r".* as calibrated", "CAMERA_MOVED", STOP,
             "The camera was moved since its calibration: film the board and place it anew (mocap calibrate --check "
             "... --repair CAMERA)."),
    _Meaning(r".* steady", "CAMERA_BUMPED", STOP,
             "The camera was bumped within the trial: fix it, film the board again, and repeat the trial."),
    _Meaning(r".* used", "VIEW_DISAGREES", LOOK,
             "Look at that camera's picture: it was moved, is out of step, or shows somebody else."),
    _Meaning(r"body size", "BODY_SIZE", STOP,
             "Check the unit of the calibration and the length of the board's squares: no person has that size."),
    _Meaning(r"(static_)?upright", "NOT_UPRIGHT", STOP,
             "Check which way the calibration's Z points: a standing person's trunk is within 20 deg of up. Lay the "
             "board on the floor with its printed side up."),
    _Meaning(r"sides.*|left and right.*", "SIDES_EXCHANGED", LOOK,
             "Set sides = \"correct\" in [keypoints] where the views are sound, or mend the detector's labels."),
    _Meaning(r"pixel sigma", "PIXEL_NOISE", LOOK,
             "The keypoints are far from where the points are seen: a sharper picture, a better detector, or the right "
             "calibration."),
    _Meaning(r"points with three views", "FEW_VIEWS", LOOK,
             "Most points are seen by two cameras alone: turn cameras so that three see the person."),
)  # fmt: skip


def dry_run_findings(folder: Path, progress: Progress) -> Iterator[Finding]:
    """Yield what a run of a session says of its recordings.

    Parameters
    ----------
    folder : Path
        Of a session with a ready calibration and keypoints from files: nothing has to be found in pictures.
    progress : callable

    Raises
    ------
    MocapError
        Where the session as a whole is refused.
    """
    with tempfile.TemporaryDirectory(prefix="mocap-doctor-") as place:
        out = Path(place) / "results"
        for outcome in run_session(folder, out, progress).outcomes:
            about = outcome.name.removeprefix("trial ")
            yield from _refusal(about, outcome)
            for verdict in outcome.quality:
                yield from _meant(about, verdict)
            if (out / f"{about}.h5").is_file():
                yield from _pelvis(about, out / f"{about}.h5")


def _refusal(about: str, outcome: Outcome) -> Iterator[Finding]:
    if outcome.state == "refused":
        cause, _, remedy = outcome.text.removeprefix(f"{outcome.code}: ").partition(" Remedy: ")
        yield Finding(outcome.code, STOP, about, cause, remedy)


def _meant(about: str, verdict: Verdict) -> Iterator[Finding]:
    # A clock that is set right passes; with a late camera it is better to film again while the person is there.
    set_right = verdict.passed and verdict.name.endswith(" clock") and verdict.text.startswith("Shifting")
    if (verdict.passed and not set_right) or not np.isfinite(verdict.measured):  # what cannot be told is no fault
        return
    meaning = next((one for one in _MEANINGS if re.fullmatch(one.pattern, verdict.name)), None)
    if meaning is not None:
        if set_right:
            yield Finding(meaning.code, meaning.severity, about, verdict.text, meaning.remedy)
            return
        figure = f"{verdict.name}: {verdict.measured:.3g} {verdict.unit} (limit {verdict.limit:.3g})"
        yield Finding(meaning.code, meaning.severity, about, f"{figure}, {verdict.text.rstrip('.')}.", meaning.remedy)


def _pelvis(about: str, path: Path) -> Iterator[Finding]:
    angles = read_light(path).angles
    tilt = None if angles is None else next((one for one in angles.definitions if one.name == "pelvic_tilt"), None)
    if tilt is not None and not tilt.observable:
        yield Finding(
            "PELVIS_NOT_OBSERVABLE", LOOK, about, f"Pelvic tilt cannot be measured: {tilt.reason.rstrip('.')}.",
            "Put markers on both ASIS and PSIS, or a plate on the sacrum; hips and shoulders alone do not show it.",
        )  # fmt: skip
