"""One run of a session: what all its stages share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mocap.config.session import Session
from mocap.pipeline.progress import Progress
from mocap.pipeline.record import StageRecord
from mocap.pipeline.session_assessment import SessionAssessment
from mocap.pipeline.session_options import StageOptions
from mocap.pipeline.session_recordings import SessionRecordings, calibration_trials


@dataclass(frozen=True, eq=False)
class SessionRun:
    """One run of a session: what all its stages share.

    `sources` tells of values that are not from `session.toml` where they are from, by their keys with dots between.
    """

    session: Session
    options: StageOptions
    folder: Path
    out: Path
    record: StageRecord
    progress: Progress
    recordings: SessionRecordings
    assessment: SessionAssessment
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def rig_file(self) -> Path:
        """The calibration among the results."""
        return self.out / "calibration.toml"

    @property
    def calibrates(self) -> dict[str, str]:
        """Trials that calibrate the person beyond the static, with the entry of `[static]` that names each."""
        return calibration_trials(self.session)

    @property
    def static_name(self) -> str | None:
        """The standing trial."""
        return self.session.static.trial if self.session.static else None
