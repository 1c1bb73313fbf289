"""What a static trial tells of the person, ready for the person's other trials."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics import landmarks as lm
from mocap.kinematics import plausibility
from mocap.kinematics.anatomical.closing import closing_verdicts
from mocap.kinematics.anatomical.functional import Functional
from mocap.kinematics.anatomical.joints import (
    GIVEN,
    NO_RECORDINGS,
    CalibrationRecordings,
    find_functional,
    hips_of,
    joint_facts,
    without_given_hips,
)
from mocap.kinematics.anatomical.lengths import body_lengths, skin_facts, standing_verdicts
from mocap.kinematics.anatomical.possible_places import check_places
from mocap.kinematics.anatomical.touched import TouchedLandmarks, check_carried, find_touched
from mocap.kinematics.body import SIDES, Body, Setting, Zeros
from mocap.kinematics.body_lines import thinned
from mocap.kinematics.exchanged import exchange_verdict, find_exchanges
from mocap.kinematics.hip_centre import PelvisSize
from mocap.kinematics.label_order import OrderDoubt, order_verdict
from mocap.kinematics.marker_sets import MarkerSet, Matched, match
from mocap.kinematics.models import build_body, with_model_zeros
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.outcomes import all_outcomes, heading_of
from mocap.kinematics.physiology import standing_reach
from mocap.kinematics.static import StaticReport, find_zeros, pelvis_size, quiet_part
from mocap.kinematics.static_shares import shared_landmarks
from mocap.kinematics.upright import check_upright, upright_verdicts
from mocap.trial import Points3D, Verdict

STATIC_QUIET_S = 3.0


@dataclass(frozen=True, eq=False)
class Person:
    """Clusters, zeros and sizes of a person; all empty without a static trial.

    `mean_sd_m` is the standard uncertainty, per axis, of the mean of each landmark over the quiet frames (m).
    `quiet` holds the landmarks in the quiet frames of the static, shape (time, 3) in m; `hips` the hip centres
    there; `doubts` its landmarks that are out of their order.
    """

    calibration: lm.Calibration | None = None
    zeros: Zeros = Zeros()  # noqa: RUF009 - frozen, all its parts are empty
    size: PelvisSize | None = None
    report: StaticReport | None = None
    functional: Functional = Functional()  # noqa: RUF009 - frozen, all its parts are empty
    verdicts: tuple[Verdict, ...] = ()
    mean_sd_m: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    quiet: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    hips: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    doubts: tuple[OrderDoubt, ...] = ()


NOBODY = Person()


def checked_positions(
    points: Points3D,
    matched: Matched,
    owner: str,
    upright: bool,
    found: dict[str, NDArray] | None = None,
    *,
    standing: bool = False,
) -> tuple[dict[str, NDArray], tuple[OrderDoubt, ...]]:
    """Return the landmarks of a trial (ISB-turned world, m) after the checks of `plausibility` and `upright`.

    `found` are these landmarks, where they are at hand. With them the doubts of `check_order`; `standing` as there.

    Raises
    ------
    KinematicsError
        NO_POINTS, UNITS, SKELETON, LEFT_RIGHT, MEDIAL_LATERAL, HEEL_TOE; AXES when the person has to be upright.
    """
    positions = lm.positions_isb(points, matched) if found is None else found
    if not positions:
        raise KinematicsError(
            f"The {owner} has {points.n_frames} frames and not one position of its {len(matched.label_of)} landmarks.",
            "Check the labels and the reconstruction.",
            code="NO_POINTS",
        )
    doubts = plausibility.check_body(thinned(positions), owner, standing=standing)
    if upright:
        check_upright(positions, owner)
    return positions, doubts


def size_without_static(positions: Mapping[str, NDArray], options: KinematicsOptions) -> PelvisSize | None:
    """Return the pelvis size of a trial; its leg length only when given, as the knees may bend."""
    plain = {name: values for name, values in positions.items() if not name.endswith("MMAL")}
    return sized(plain, options)


def sized(positions: Mapping[str, NDArray], options: KinematicsOptions) -> PelvisSize | None:
    """Return the pelvis size by the options, with the soft tissue that they state over its landmarks."""
    size = pelvis_size(positions, options.leg_length_m, options.marker_radius_m)
    if size is None:
        return None
    return replace(size, skin_asis=options.skin_asis_m, skin_psis=options.skin_psis_m)


def calibrate_person(
    static: Points3D,
    marker_set: MarkerSet,
    trial: Mapping[str, NDArray],
    setting: Setting,
    options: KinematicsOptions,
    recordings: CalibrationRecordings = NO_RECORDINGS,
) -> Person:
    """Return what the static trial fixes for a trial of the same person.

    Parameters
    ----------
    static : Points3D
    marker_set : MarkerSet
        That of the trial.
    trial : mapping of str to ndarray, shape (time, 3)
        Landmarks of the trial; only points that it has may track.
    setting, options
    recordings : CalibrationRecordings
        Of functional movements of the person, ...; none when left out.

    Raises
    ------
    KinematicsError
        Those of `checked_positions`, MARKER_SET_MISMATCH, STATIC_MOVING, STATIC_FEW_FRAMES, STATIC_OTHER_SUBJECT.
    """
    matched = match(marker_set, static.names)
    if not matched.label_of:
        raise KinematicsError(
            f"The static trial has no label of marker set '{marker_set.name}'.",
            "Give a static trial with the same marker set.",
            code="MARKER_SET_MISMATCH",
        )
    # What a static of a world without a vertical tells of the sole or of heights would be of no use.
    setting = replace(setting, gravity_known=setting.gravity_known and static.gravity_known)
    upright = setting.gravity_known and options.posture == "upright"
    stands = _standing(static, matched, trial, options, upright)
    with_markers = stands.positions
    touched = find_touched(recordings, marker_set, with_markers, options, stands.everything)
    positions = _with_touched(with_markers, touched)
    noise = lm.noise_of(static, matched)
    calibration = lm.calibrate(positions, trial, noise)
    tracked = {name: values for name, values in positions.items() if name in trial}
    if not tracked:
        return Person(verdicts=stands.verdicts, doubts=stands.doubts)
    found = lm.build_landmarks(lm.traced_points(tracked, False), calibration, options.pelvis, noise)
    size = sized(positions, options)
    setting = replace(setting, pelvis_method=found.pelvis_method, size=size)
    functional, judged = find_functional(recordings, marker_set, positions, found, setting, options)
    setting = replace(setting, functional=functional)
    zeros = find_zeros(found, setting, options.foot == "flat" and setting.gravity_known)
    zeros = with_model_zeros(zeros, positions, setting, options)
    neutral = _neutral(found, setting, zeros, static.rate_hz, options.heading_rad)
    means, confirmed = {name: mean for name, (mean, _) in neutral.items()}, options.physiology == "confirmed"
    impossible, reached = standing_reach(means, upright=upright, confirmed=confirmed)
    neutral = {name: figures for name, figures in neutral.items() if name not in impossible}
    seen = build_body(lm.traced_points(positions, False), {}, setting, zeros)
    methods, hips = _hip_methods(seen, setting, trial), hips_of(seen)
    facts = {
        **joint_facts(functional, methods),
        **(skin_facts(size, setting.hip_method) if setting.hip_method in methods.values() else {}),
        **touched.facts,
        **body_lengths(seen),
    }
    report = _report(static, stands, neutral, size, facts)
    judged = without_given_hips(judged + standing_verdicts(report.neutral_mean_rad), methods)
    judged += touched.verdicts
    judged += closing_verdicts(recordings, marker_set, with_markers, hips, options.static_check == "refuse")
    return Person(
        calibration, zeros, size, report, functional,
        (*stands.verdicts, _enough(report.quiet_s, stands.everything), *reached, *judged),
        _mean_sd(positions, noise), positions, hips, stands.doubts,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Standing:
    """A static trial that was looked at: `everything` in all frames, `positions` in the quiet ones alone, m."""

    everything: Mapping[str, NDArray]
    quiet: NDArray
    positions: Mapping[str, NDArray]
    verdicts: tuple[Verdict, ...]
    doubts: tuple[OrderDoubt, ...]


def _standing(
    static: Points3D, matched: Matched, trial: Mapping[str, NDArray], options: KinematicsOptions, upright: bool
) -> _Standing:
    """Return the static after the looks at its labels, its person and its movement."""
    everything, doubts = checked_positions(static, matched, "static trial", upright, standing=True)
    verdicts = shared_landmarks(everything, trial, matched.marker_set)
    compared = plausibility.same_subject(everything, thinned(trial), options.static_check == "refuse")
    verdicts += () if compared is None else (compared,)
    exchanges = find_exchanges(everything, static.rate_hz)
    verdicts += (exchange_verdict(exchanges, static, "static"),) if exchanges else ()
    verdicts += upright_verdicts(everything, "static") if upright else ()
    verdicts += order_verdict(doubts, "static")
    quiet = quiet_part(everything, static.rate_hz)
    positions = {name: values[quiet] for name, values in everything.items()}
    positions = {name: values for name, values in positions.items() if np.isfinite(values).all(axis=1).any()}
    return _Standing(everything, quiet, positions, verdicts, doubts)


def _with_touched(positions: Mapping[str, NDArray], touched: TouchedLandmarks) -> Mapping[str, NDArray]:
    """Return landmarks with those that were pointed at, after the checks of where these can be."""
    if not touched.positions:
        return positions
    both = {**positions, **touched.positions}
    check_carried(touched.positions, both)
    check_places(touched.positions, both)
    plausibility.check_body(both, "static trial with the landmarks that were pointed at", standing=True)
    return both


def _report(
    static: Points3D,
    stands: _Standing,
    neutral: Mapping[str, tuple[float, float]],
    size: PelvisSize | None,
    facts: Mapping[str, float | str],
) -> StaticReport:
    n_quiet = int(stands.quiet.sum())
    return StaticReport(
        n_frames=static.n_frames,
        n_quiet=n_quiet,
        quiet_s=n_quiet / static.rate_hz,
        neutral_mean_rad={name: mean for name, (mean, _) in neutral.items()},
        neutral_sd_rad={name: sd for name, (_, sd) in neutral.items()},
        size=size,
        facts=facts,
    )


def _enough(quiet_s: float, static: Mapping[str, NDArray]) -> Verdict:
    """Return whether there is enough quiet standing in a static."""
    words = _quiet_words(static)
    return Verdict("static_quiet", quiet_s, STATIC_QUIET_S, "s", quiet_s >= STATIC_QUIET_S, words)


def _quiet_words(static: Mapping[str, NDArray]) -> str:
    known = np.any([np.isfinite(values).all(axis=1) for values in static.values()], axis=0)
    few = f"; of its {len(known)} frames only {known.sum()} known" if 2 * known.sum() < len(known) else ""
    return f"quiet standing used{few}"


def _hip_methods(body: Body, setting: Setting, trial: Mapping[str, NDArray]) -> dict[str, str]:
    """Return by what the hip centre of each side is placed, unless a functional movement shows it."""
    if setting.plug_in_gait is not None:
        return dict.fromkeys(SIDES, "davis")
    given = {side for side in SIDES if f"{side}HJC" in trial}
    keypoints = {side for side in SIDES if body.hip_is_keypoint(side)}
    return {
        side: GIVEN if side in given else "keypoint" if side in keypoints else setting.hip_method for side in SIDES
    }


def _mean_sd(positions: Mapping[str, NDArray], noise: Mapping[str, float]) -> dict[str, float]:
    """Return the standard uncertainty (m), per axis, of the mean of each landmark over its frames."""
    seen = {name: np.isfinite(values).all(axis=1).sum() for name, values in positions.items()}
    return {name: noise[name] / float(np.sqrt(3.0 * count)) for name, count in seen.items() if name in noise}


def _neutral(
    found: lm.Landmarks, setting: Setting, zeros: Zeros, rate_hz: float, heading_rad: float
) -> dict[str, tuple[float, float]]:
    """Return mean and SD of every observable angle over the quiet frames.

    A heading that is given holds for both trials, so that the band refers to the same direction as the angles.
    """
    heading = heading_of(build_body(found.points, found.poses, setting, zeros), rate_hz, heading_rad)
    outcomes = all_outcomes(build_body(found.points, found.poses, setting, zeros, heading))
    band = {}
    for name, outcome in outcomes.items():
        if outcome.angle is not None:
            values = outcome.angle.value[np.isfinite(outcome.angle.value)]
            if len(values):
                band[name] = (float(values.mean()), float(values.std()))
    return band
