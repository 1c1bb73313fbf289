"""The options of a session's stages, built and checked before any work begins."""

from dataclasses import dataclass
from pathlib import Path

from mocap.config.build import build
from mocap.config.plates import read_plates
from mocap.config.session import Participant, Session
from mocap.keypoints import ParticipantRule
from mocap.kinematics import KinematicsOptions
from mocap.kinematics.option_ranges import check_stated
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.reconstruction import TrialChoices
from mocap.pipeline.session_assessment import AssessmentOptions
from mocap.reconstruction import ReconstructionOptions
from mocap.reconstruction.smooth import SmoothingOptions
from mocap.signal.filter_options import FilterOptions


@dataclass(frozen=True)
class StageOptions:
    """All of `[options]`, built and checked."""

    calibration: CalibrationOptions
    reconstruction: ReconstructionOptions
    filter: FilterOptions
    kinematics: KinematicsOptions
    assessment: AssessmentOptions
    marker_set: str | None


def stage_options(session: Session) -> StageOptions:
    """Build the options of every stage of a session.

    Raises
    ------
    ConfigError
        Names each unknown key with its section and the nearest valid one.
    KinematicsError
        OPTION, for a number of the kinematics that is none.
    """

    def section(name: str) -> dict[str, object]:
        return dict(session.options.get(name, {}))

    kinematics = section("kinematics")
    marker_set = kinematics.pop("marker_set", None)
    check_stated(kinematics)
    return StageOptions(
        build(CalibrationOptions, section("calibration"), "session.toml", "options.calibration"),
        build(ReconstructionOptions, section("reconstruction"), "session.toml", "options.reconstruction"),
        build(FilterOptions, section("filter"), "session.toml", "options.filter"),
        build(KinematicsOptions, kinematics, "session.toml", "options.kinematics"),
        build(AssessmentOptions, section("assessment"), "session.toml", "options.assessment"),
        None if marker_set is None else str(marker_set),
    )


def trial_choices(session: Session, options: StageOptions, folder: Path) -> TrialChoices:
    """Return what a session chooses about the way from keypoints to points."""
    name = session.keypoints.plates
    plates = read_plates(folder / name if (folder / name).exists() else name).plate if name else ()
    return TrialChoices(
        plates=plates, row_time_s=session.row_times,
        sides=session.keypoints.sides, clocks=session.sync.clocks,
        smooth=options.filter.method if options.filter.learned else "", outliers=options.filter,
        reconstruction=options.reconstruction,
        smoothing=SmoothingOptions(longest_gap_s=options.filter.gap_s),
    )  # fmt: skip


def participant_rule(chosen: Participant) -> ParticipantRule:
    """Return the rule that `[keypoints.participant]` states."""
    click = None
    if chosen.frame is not None and chosen.camera is not None and chosen.pixel is not None:
        click = (chosen.frame, chosen.camera, chosen.pixel)
    return ParticipantRule(zone_world=chosen.zone, zone_radius_m=chosen.zone_radius_m, click=click)
