"""Functional hip centres and knee axes: from movements made for it, behind gates, with the fall-back said.

A gate that fails leaves the regression (or the epicondyles) in place, and its verdict says why. The limits are choices
of this project, not evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.anatomical.rotation import SegmentMotion, axis_of_rotation, centre_of_rotation
from mocap.kinematics.anatomical.segment import Positions, cluster_of, joined, motion_of, tracking_names
from mocap.kinematics.angles import joint
from mocap.kinematics.hip_centre import hip_centre
from mocap.trial import Verdict

HIP_FLEXION_DEG = 40.0
HIP_ABDUCTION_DEG = 30.0
HIP_CONDITION = 60.0
HIP_RESIDUAL_M = 0.010
HIP_DISTANCE_M = 0.030
KNEE_FLEXION_DEG = 40.0
KNEE_HINGE = 0.10
KNEE_RESIDUAL_M = 0.010
KNEE_TILT_DEG = 20.0
CROSS_TALK, CROSS_TALK_DEG = 0.5, 2.0
"""Correlation of knee varus with flexion, and range of varus, above which the epicondyles' axis is taken to be off."""

_SPAN = (1.0, 99.0)
SIDE_SIGN = {"R": 1.0, "L": -1.0}


@dataclass(frozen=True, eq=False)
class Functional:
    """What functional movements say of the joints, empty without any.

    Attributes
    ----------
    hip_offset : mapping of str to ndarray, shape (3,)
        Side (R, L) to the hip centre in pelvis axes from mid-ASIS, m.
    knee_turn_rad : mapping of str to float
        Side to the turn of the knee axis against the epicondyles, about the femur's long axis.
    hip_words, knee_words : mapping of str to str
        Side to what the method of the angles says.
    """

    hip_offset: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    knee_turn_rad: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    hip_words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    knee_words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class StaticFrame:
    """An anatomical frame in the frames of the static: axes, shape (time, 3, 3), and origin, shape (time, 3), m."""

    axes: NDArray
    origin: NDArray


@dataclass(frozen=True, eq=False)
class Pair:
    """Two neighbouring segments in the functional movements and in the static, by the same clusters."""

    proximal: SegmentMotion
    distal: SegmentMotion
    static_proximal: SegmentMotion
    static_distal: SegmentMotion


@dataclass(frozen=True, eq=False)
class FoundHip:
    """A hip centre that was looked for: its place in the pelvis (3,), m, when used, with gates and words."""

    offset: NDArray | None
    words: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, eq=False)
class FoundKnee:
    """A knee axis that was looked for: its turn when used, with gates and words."""

    turn_rad: float | None
    words: str
    verdicts: tuple[Verdict, ...]


def pair_of(
    static: Positions, trials: Sequence[Positions], proximal: str, distal: str, pelvis: str = "auto"
) -> Pair | str:
    """Return two segments as static and movements show them, or in words why they do not.

    Parameters
    ----------
    static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames, m.
    trials : sequence of the same
    proximal, distal : str
        Keys of `TRACKED`.
    pelvis : str
        As in `KinematicsOptions`.
    """
    moved, still = [], []
    for segment in (proximal, distal):
        shared = set(static).intersection(*trials) if trials else set()
        names = tracking_names(segment, shared, pelvis)
        cluster = cluster_of(static, names, segment)
        if cluster is None:
            seen = ", ".join(names) or "none"
            return f"{segment} needs three points off one line in static and movement alike, and has {seen}"
        moved.append(joined(motion_of(cluster, trial) for trial in trials))
        still.append(motion_of(cluster, static))
    return Pair(moved[0], moved[1], still[0], still[1])


def find_hip(pair: Pair | str, pelvis: StaticFrame, side: str, regression: NDArray | None) -> FoundHip:
    """Look for a hip centre by SCoRE.

    Parameters
    ----------
    pair : Pair or str
        Of pelvis and femur; in words why there is none.
    pelvis : StaticFrame
        Anatomical pelvis in the static.
    side : str
        R or L.
    regression : ndarray, shape (3,), optional
        The hip centre of Harrington's regression in pelvis axes, m.

    Notes
    -----
    Gates: flexion of 40 deg and abduction of 30 deg or more (1st to 99th percentile), condition below 60, joint gap of
    10 mm RMS or less, 30 mm or less from the regression.
    """
    name = f"functional_hip_{side.lower()}"
    if isinstance(pair, str):
        return FoundHip(None, *_unused(name, pair))
    centre = centre_of_rotation(pair.proximal, pair.distal)
    turned = _change(pair, pelvis.axes)
    if centre is None or turned is None:
        return FoundHip(None, *_unused(name, "the movement shows both segments too rarely, or does not turn them"))
    offset = _in_static(pair.static_proximal, centre.proximal, pelvis)
    a, b, _ = joint(turned)
    flexion, abduction = _span_deg(a), _span_deg(b)
    apart = float(np.linalg.norm(offset - regression)) if regression is not None else float("nan")
    gates = (
        _least(f"{name}_flexion", flexion, HIP_FLEXION_DEG, "deg", "range of flexion in the functional movement"),
        _least(f"{name}_abduction", abduction, HIP_ABDUCTION_DEG, "deg", "range of abduction in the movement"),
        _most(f"{name}_condition", centre.condition, HIP_CONDITION, "1", "condition number of SCoRE"),
        _most(f"{name}_residual", centre.residual_m, HIP_RESIDUAL_M, "m", "RMS joint gap of SCoRE"),
        _most(f"{name}_distance", apart, HIP_DISTANCE_M, "m", "from Harrington's regression"),
    )
    said = f"SCoRE ({centre.n_frames} frames, sd {1e3 * centre.sd_m:.1f} mm)"
    words, verdicts = _judged(name, said, gates)
    return FoundHip(offset if verdicts[0].passed else None, words, verdicts)


def find_knee(pair: Pair | str, femur: StaticFrame, side: str, use: str = "auto") -> FoundKnee:
    """Look for a knee axis by SARA.

    Parameters
    ----------
    pair : Pair or str
        Of femur and shank; in words why there is none.
    femur : StaticFrame
        Anatomical femur in the static, its Z from the epicondyles.
    side : str
        R or L.
    use : str
        `auto`: only where the epicondyles show cross-talk, a correlation of varus with flexion above 0.5 and a range
        of varus above 2 deg;
        `functional`: wherever the gates hold.

    Notes
    -----
    Gates: flexion of 40 deg or more, movement off the axis at most a tenth of that about it, gap of 10 mm RMS or less,
    20 deg or less from the epicondyles' axis. SARA tells no place along the axis: the knee centre stays where it is.
    """
    name = f"functional_knee_{side.lower()}"
    if isinstance(pair, str):
        return FoundKnee(None, *_unused(name, pair))
    axis = axis_of_rotation(pair.proximal, pair.distal)
    turned = _change(pair, femur.axes)
    if axis is None or turned is None:
        return FoundKnee(None, *_unused(name, "the movement shows both segments too rarely, or does not turn them"))
    inside = _turned_into(pair.static_proximal.axes, femur.axes, axis.proximal)
    inside = inside * np.sign(inside[2])
    tilt = float(np.rad2deg(np.arccos(np.clip(inside[2], -1.0, 1.0))))
    a, b, _ = joint(turned)
    gates = (
        _least(f"{name}_flexion", _span_deg(a), KNEE_FLEXION_DEG, "deg", "range of flexion in the functional movement"),
        _most(f"{name}_hinge", axis.hinge_ratio, KNEE_HINGE, "1", "movement off the axis by that about it"),
        _most(f"{name}_residual", axis.residual_m, KNEE_RESIDUAL_M, "m", "RMS gap of SARA"),
        _most(f"{name}_tilt", tilt, KNEE_TILT_DEG, "deg", "from the axis of the epicondyles"),
    )
    turn = float(np.arctan2(inside[0], inside[2]))
    said = (
        f"SARA ({axis.n_frames} frames, sd {np.rad2deg(axis.sd_rad):.1f} deg; turned by {np.rad2deg(turn):+.1f} deg "
        "about the femur's long axis from the epicondyles)"
    )
    words, verdicts = _judged(name, said, gates)
    talk, varus = _correlation(a, b), _span_deg(b)
    if verdicts[0].passed and use == "auto" and not (talk > CROSS_TALK and varus > CROSS_TALK_DEG):
        words = f"kept: in the functional movement varus spans {varus:.1f} deg, with |r| = {talk:.2f} to flexion"
        kept = Verdict(name, 0.0, 0.0, "1", True, words)
        return FoundKnee(None, words, (kept, *gates))
    return FoundKnee(turn if verdicts[0].passed else None, words, verdicts)


def regression_or_none(size: object, side: str) -> NDArray | None:
    """Return Harrington's hip centre (3,), m, or None without a pelvis size."""
    return None if size is None else hip_centre("harrington", size, SIDE_SIGN[side])  # type: ignore[arg-type]


def _change(pair: Pair, axes: NDArray) -> NDArray | None:
    """Return distal in proximal relative to the static, shape (time, 3, 3), in the anatomical axes of the proximal."""
    home = _mean_turn(_between(pair.static_proximal.axes, pair.static_distal.axes))
    anatomical = _mean_turn(_between(pair.static_proximal.axes, axes))
    if home is None or anatomical is None:
        return None
    change = _between(pair.proximal.axes, pair.distal.axes) @ home.T
    turned = anatomical.T @ change @ anatomical
    turned = turned[np.isfinite(turned).all(axis=(1, 2))]
    return turned if len(turned) else None


def _between(one: NDArray, other: NDArray) -> NDArray:
    return np.swapaxes(one, -1, -2) @ other


def _mean_turn(rotations: NDArray) -> NDArray | None:
    """Return the mean of rotations, shape (time, 3, 3), without the missing: the orthogonal part of their sum."""
    there = rotations[np.isfinite(rotations).all(axis=(1, 2))]
    if not len(there):
        return None
    u, _, vt = np.linalg.svd(there.sum(axis=0))
    return u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt


def _in_static(carrier: SegmentMotion, place: NDArray, frame: StaticFrame) -> NDArray:
    """Return a point of a segment, shape (3,), in an anatomical frame, mean over the static."""
    world = carrier.axes @ place + carrier.origin
    inside = np.einsum("tji,tj->ti", frame.axes, world - frame.origin)
    return inside[np.isfinite(inside).all(axis=1)].mean(axis=0)


def _turned_into(carrier: NDArray, axes: NDArray, direction: NDArray) -> NDArray:
    """Return a direction of a segment in anatomical axes, mean over the static, length 1."""
    inside = np.einsum("tji,tj->ti", axes, carrier @ direction)
    mean = inside[np.isfinite(inside).all(axis=1)].mean(axis=0)
    return mean / np.linalg.norm(mean)


def _span_deg(angle: NDArray) -> float:
    low, high = np.percentile(np.unwrap(angle), _SPAN)
    return float(np.rad2deg(high - low))


def _correlation(one: NDArray, other: NDArray) -> float:
    if not (one.std() > 0 and other.std() > 0):
        return 0.0
    return float(abs(np.corrcoef(one, other)[0, 1]))


def _least(name: str, measured: float, limit: float, unit: str, text: str) -> Verdict:
    return Verdict(name, measured, limit, unit, measured >= limit, f"{text}; at least")


def _most(name: str, measured: float, limit: float, unit: str, text: str) -> Verdict:
    return Verdict(name, measured, limit, unit, measured <= limit, f"{text}; at most")


def _judged(name: str, said: str, gates: tuple[Verdict, ...]) -> tuple[str, tuple[Verdict, ...]]:
    """Return the words of a joint and its verdicts, that on its use first."""
    failed = [gate for gate in gates if not gate.passed]
    if not failed:
        return said, (Verdict(name, 0.0, 0.0, "1", True, said), *gates)
    why = ", ".join(f"{gate.text.split(';')[0]} {_figure(gate.measured, gate.unit)} (limit "
                    f"{_figure(gate.limit, gate.unit)})" for gate in failed)  # fmt: skip
    words = f"functional movement not used: {why}"
    return words, (Verdict(name, float(len(failed)), 0.0, "1", False, words), *gates)


def _figure(value: float, unit: str) -> str:
    if unit == "m":
        return f"{1e3 * value:.0f} mm"
    return f"{value:.3g}" if unit == "1" else f"{value:.0f} {unit}"


def _unused(name: str, why: str) -> tuple[str, tuple[Verdict, ...]]:
    words = f"functional movement not used: {why}"
    return words, (Verdict(name, 1.0, 0.0, "1", False, words),)
