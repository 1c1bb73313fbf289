"""The recipe of a comparison: one clock, common names, definitions side by side, agreement angle by angle."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from mocap.assessment import (
    Agreement,
    ComparedAngle,
    Comparison,
    Lag,
    agreement,
    common_times,
    find_lag,
    resampled,
)
from mocap.assessment.effective_number import standard_error
from mocap.errors import ConfigError, KinematicsError
from mocap.pipeline.compare_sources import Source, read_source, same_recording, same_vertical
from mocap.trial import (
    AngleDefinition,
    JointAngles,
    beyond_reach,
    convention_rows,
    doubted,
    frame_reasons,
    scalar_values,
)

NO_ERROR_BARS = "no error bars in one of the two, or in both"
_FEWEST = 3
_STILL_DEG = 2.0  # a curve that moves less tells no lag
_WORDS = ("definition", "sequence", "positive", "zero", "reference")
_NO_LAG_SAMPLES = 0.01
_WIDE_SD = 2.0
_LEAST_MEDIAN_R = 0.5


def compare_files(
    a: Path, b: Path, lag: str = "auto", chosen: Sequence[str] = (), up: str | None = None, units: str | None = None
) -> Comparison:
    """Compare the angles of two files; see `compare`."""
    return compare(read_source(a, up, units), read_source(b, up, units), lag, chosen)


def compare(a: Source, b: Source, lag: str = "auto", chosen: Sequence[str] = ()) -> Comparison:
    """Return the agreement of the angles that two sources share.

    Parameters
    ----------
    a, b : Source
    lag : str
        `auto`: 0 for two analyses of one recording, else found from the curves; `none`; or seconds.
    chosen : sequence of str
        Angles to compare; all that both have when left out.

    Raises
    ------
    KinematicsError
        NO_COMMON_ANGLE, FEW_FRAMES, NO_OVERLAP
    ConfigError
        LAG_UNKNOWN for a lag that is none of these.
    """
    stated = _stated_lag(lag)
    first, second = _paired(a, b, chosen)
    told = {name: _left_out(first, second, name) for name in first.names}
    names = [name for name, reason in told.items() if not reason]
    if not names:
        name, reason = next(iter(told.items()))
        raise _no_common(a, b, f"of those that both name none has values in both, such as {name} ({reason})")
    shared = same_recording(a, b)
    found, words = _lag(first, second, names, stated, shared)
    at_a, at_b = common_times(first.time_s, second.time_s, found.lag_s)
    if len(at_a) < _FEWEST:
        raise _no_overlap((a.name, first.time_s), (b.name, second.time_s), found.lag_s, len(at_a))
    verticals = not shared and not same_vertical(a, b)
    compared = [_compared(first, second, name, at_a, at_b, shared, verticals) for name in names]
    kept = tuple(one for one in compared if one.figures.n >= _FEWEST)
    if not kept:
        raise _no_common(a, b, "no angle has values in both at the same times; a lag may mend it (--lag)")
    left_out = {name: reason for name, reason in told.items() if reason}
    left_out |= {one.name: "no times with values in both" for one in compared if one.figures.n < _FEWEST}
    notes = [f"{source.name}: {note}" for source in (a, b) for note in source.notes]
    if np.isfinite(found.rival_s):
        notes.append(f"LOOK a lag of {found.rival_s:.3f} s fits nearly as well: state the right one with --lag")
    follow = [one.figures.r for one in kept if np.isfinite(one.figures.r)]
    if follow and float(np.median(follow)) < _LEAST_MEDIAN_R:
        half = float(np.median(follow))
        notes.append(f"LOOK half of the angles correlate by {half:.2g} or less: is this the same movement?")
    notes += [note for source in (a, b) for note in _doubts(source)]
    if shared:
        notes.append("both rest on the same points: errors of these are in both, and the error bars expect too much")
    rate = float((len(at_a) - 1) / (at_a[-1] - at_a[0]))
    return Comparison(a.name, b.name, rate, found, words, kept, left_out, tuple(notes))


def _no_overlap(a: tuple[str, NDArray], b: tuple[str, NDArray], lag_s: float, n_common: int) -> KinematicsError:
    """What to say of two recordings, each with its name and times, that share fewer frames than are compared."""
    for name, own in (a, b):
        if len(own) < _FEWEST:
            frames = "frame" if len(own) == 1 else "frames"
            return KinematicsError(
                f"{name} has {len(own)} {frames}, and {_FEWEST} are needed to compare curves.",
                f"Compare recordings of at least {_FEWEST} frames; values of single frames are in the tables of "
                "mocap export.",
                code="FEW_FRAMES",
            )
    spans = " and ".join(f"{name} {own[0]:.2f} to {own[-1]:.2f} s" for name, own in (a, b))
    shared = f"only {n_common} frame{'s' * (n_common > 1)}" if n_common else "no time"
    return KinematicsError(
        f"The two have {shared} in common: {spans}, with a lag of {lag_s:g} s.",
        "Let the lag be found (--lag auto), or state it (--lag SECONDS: how much later B's clock is).",
        code="NO_OVERLAP",
    )


def _stated_lag(lag: str) -> float | None:
    if lag == "auto":
        return None
    try:
        seconds = 0.0 if lag == "none" else float(lag)
    except ValueError:
        seconds = float("nan")
    if not np.isfinite(seconds):
        raise ConfigError(f"'{lag}' is no lag.", "Give --lag auto, none, or seconds such as 0.25.", code="LAG_UNKNOWN")
    return seconds


def _paired(a: Source, b: Source, chosen: Sequence[str]) -> tuple[JointAngles, JointAngles]:
    """Both under one set of names: the files' own where they share some, else ours."""
    first, second = a.angles, b.angles
    if not set(first.names) & set(second.names):
        first, second = a.by_our_names, b.by_our_names
    names = [name for name in first.names if name in second.names]
    if not names:
        raise _no_common(a, b, f"{_some(first.names)} against {_some(second.names)}")
    absent = [name for name in chosen if name not in names]
    if absent:
        raise _no_common(a, b, f"{', '.join(absent)} is not in both, which are {_some(names)}")
    names = list(chosen) or names
    return _taken(first, names), _taken(second, names)


def _taken(angles: JointAngles, names: Sequence[str]) -> JointAngles:
    at = [angles.names.index(name) for name in names]
    return JointAngles(
        tuple(angles.definitions[i] for i in at), scalar_values(angles)[:, at], angles.rate_hz, sd=angles.sd[:, at],
        u_landmark=angles.u_landmark[..., at], u_sta=angles.u_sta[..., at], u_gravity=angles.u_gravity[..., at],
        start_s=angles.start_s, frame_reason=angles.frame_reason[:, at], frame_reason_words=angles.frame_reason_words,
    )  # fmt: skip


def _doubts(source: Source) -> list[str]:
    """Say which values of a source were left out: what no joint reaches, and frames with other flags."""
    angles, beyond = source.angles, beyond_reach(source.angles)
    flagged = doubted(angles) & ~beyond
    notes = []
    if beyond.any():
        told = ", ".join(_counted(angles, beyond))
        notes.append(f"LOOK {source.name}: left out is what no joint reaches, which nobody confirmed: {told}")
    if flagged.any():
        why = _some([angles.frame_reason_words[code] for code in np.unique(angles.frame_reason[flagged])])
        notes.append(f"LOOK {source.name}: left out are flagged frames: {_some(_counted(angles, flagged))}, for {why}")
    return notes


def _counted(angles: JointAngles, mask: NDArray) -> list[str]:
    return [f"{name} ({n} frames)" for name, n in zip(angles.names, mask.sum(axis=0), strict=True) if n]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _no_common(a: Source, b: Source, why: str) -> KinematicsError:
    return KinematicsError(
        f"{a.name} and {b.name} have no angle in common: {why}.",
        "Compare files whose angles have the same names; mocap kinematics --json lists those of a trial.",
        code="NO_COMMON_ANGLE",
    )


def _left_out(a: JointAngles, b: JointAngles, name: str) -> str:
    reasons = []
    for side, angles in (("A", a), ("B", b)):
        if not np.isfinite(angles[name]).any():
            reason = angles.definition(name).reason or frame_reasons(angles, angles.names.index(name))
            reasons.append(f"not in {side}: {reason or 'every sample is missing'}")
    return "; ".join(reasons)


def _lag(a: JointAngles, b: JointAngles, names: Sequence[str], stated: float | None, shared: bool) -> tuple[Lag, str]:
    if stated is not None:
        return Lag(stated), f"{stated:g} s as given"
    if shared:
        return Lag(0.0), "0 s: both rest on the same points of one recording"
    moving = [name for name in names if min(_range(a.deg(name)), _range(b.deg(name))) > _STILL_DEG]
    if not moving:
        return Lag(0.0, told=False, reason="no angle moves"), "0 s: no angle moves enough to tell one"
    curves = (np.stack([angles.deg(name) for name in moving], axis=1) for angles in (a, b))
    found = find_lag(a.time_s, next(curves), b.time_s, next(curves))
    if not found.told:
        return found, f"0 s, as it cannot be told: {found.reason}; check that both show the same movement"
    value = f"{found.lag_s:.4f} ± {found.sd_s:.4f} s" if found.sd_s >= 5e-5 else f"{found.lag_s:.5f} s"
    if abs(found.lag_s) < max(_WIDE_SD * found.sd_s, _NO_LAG_SAMPLES / max(a.rate_hz, b.rate_hz)):
        return Lag(0.0, found.sd_s, rival_s=found.rival_s), f"found as {value}, which is not told from 0: 0 s"
    later = "later" if found.lag_s > 0 else "earlier"
    return found, f"found from {len(moving)} curves: B's clock is {value.lstrip('-')} {later} than A's"


def _range(values: NDArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.ptp(known)) if len(known) else 0.0


def _compared(
    a: JointAngles, b: JointAngles, name: str, at_a: NDArray, at_b: NDArray, shared: bool, verticals: bool
) -> ComparedAngle:
    (one, sd_one), (other, sd_other) = _at(a, name, at_a), _at(b, name, at_b)
    turns = np.round(np.nanmedian(one - other) / 360.0) if np.isfinite(one - other).any() else 0.0
    other = other + 360.0 * turns
    figures = agreement(one, other, sd_one, sd_other)
    expected = float(np.hypot(_constant(a, name), _constant(b, name)))
    vertical = float(np.hypot(_of_vertical(a, name), _of_vertical(b, name))) if verticals else 0.0
    expected = float(np.hypot(expected, vertical))
    spread = standard_error(figures.sd, figures.n_effective)
    offset_z = figures.offset / float(np.hypot(expected, spread)) if np.isfinite(expected) else float("nan")
    return ComparedAngle(
        name, a.definition(name), b.definition(name), at_a, one, other, sd_one, sd_other, figures,
        definition_differences(a.definition(name), b.definition(name)), expected, offset_z,
        _verdict(figures, offset_z, shared, vertical > 0), f"{360 * turns:+.0f} deg added to B" if turns else "",
    )  # fmt: skip


def _at(angles: JointAngles, name: str, at_s: NDArray) -> tuple[NDArray, NDArray]:
    columns = np.stack([angles.deg(name), angles.sd_deg(name)], axis=1)
    found = resampled(angles.time_s, columns, at_s)
    return found[:, 0], found[:, 1]


def _constant(angles: JointAngles, name: str) -> float:
    """Landmark placement and soft tissue together, in degrees; NaN where neither is known."""
    row = convention_rows(angles)[angles.names.index(name)]
    known = [row[part] for part in ("u_landmark_deg", "u_sta_deg") if np.isfinite(row[part])]
    return float(np.linalg.norm(known)) if known else float("nan")


def _of_vertical(angles: JointAngles, name: str) -> float:
    """What the vertical may be off leaves in an angle, in degrees; 0 where that is not known."""
    row = convention_rows(angles)[angles.names.index(name)]
    return float(np.nan_to_num(row["u_gravity_deg"]))


def definition_differences(a: AngleDefinition, b: AngleDefinition) -> tuple[str, ...]:
    """Return in words where two definitions differ; how each was computed (method) is no part of it."""
    return tuple(
        f"{word}: '{_told(one)}' in A, '{_told(other)}' in B"
        for word, one, other in ((word, getattr(a, word), getattr(b, word)) for word in _WORDS)
        if " ".join(one.lower().rstrip(".").split()) != " ".join(other.lower().rstrip(".").split())
    )


def _told(words: str) -> str:
    return words.rstrip(".") or "not stated"


def _verdict(figures: Agreement, offset_z: float, shared: bool, vertical: bool) -> str:
    parts = []
    if np.isfinite(figures.sd_ratio):
        limit = float(np.sqrt(chdtri(figures.n_effective, 0.025) / figures.n_effective))
        explained = "explained by" if figures.sd_ratio <= limit else "more than"
        parts.append(f"scatter {figures.sd_ratio:.2g} times the expected ({explained} the random error)")
    if np.isfinite(offset_z):
        explained = "explained by" if abs(offset_z) <= _WIDE_SD else "more than"
        by = "landmarks, soft tissue and vertical" if vertical else "landmarks and soft tissue"
        parts.append(f"offset {abs(offset_z):.2g} times its uncertainty ({explained} {by})")
    if not parts:
        return NO_ERROR_BARS
    return "; ".join(parts) + (", of shared points" if shared else "")
