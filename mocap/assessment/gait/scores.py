"""Gait variable scores, gait profile score and GDI* (Baker et al. 2009; Schwartz and Rozumalski 2008)."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.curves import SCORE_POINTS
from mocap.assessment.gait.norms import NormSet
from mocap.assessment.gait.walker import SIDES
from mocap.trial.assessment import Metric, Table, Words

PELVIS = ("pelvic_tilt_conventional", "pelvic_obliquity_conventional", "pelvic_rotation_conventional")
LEG = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "ankle_dorsiflexion", "foot_progression")
VARIABLES = (*PELVIS, *LEG)
NO_NORM = "withheld: no norm set is named"


def variable_score(curve: NDArray, reference: NDArray) -> float:
    """Return the gait variable score: root mean square difference over the points of the cycle."""
    return float(np.sqrt(np.mean((np.asarray(curve) - np.asarray(reference)) ** 2)))


def profile_score(scores: Sequence[float] | NDArray) -> float:
    """Return the gait profile score: root mean square, not arithmetic mean, of the gait variable scores."""
    return float(np.sqrt(np.mean(np.square(np.asarray(scores, float)))))


def gdi_star(score_deg: float, gdi_a: float, gdi_b: float) -> float:
    """Return GDI*, 100 - 10 (ln(score) - A) / B: 100 is the mean of the controls, 10 one SD of theirs."""
    return float(100.0 - 10.0 * (np.log(score_deg) - gdi_a) / gdi_b)


def movement_profile(curves: Mapping[str, Mapping[str, NDArray]], norm: NormSet | None, interpolate: bool) -> Table:
    """Return `profile` (the movement analysis profile): one row per variable, its score of each side.

    Parameters
    ----------
    curves : mapping
        Of `score_curves`; the score is of the mean over the cycles.
    norm : NormSet, optional
    interpolate : bool
        Whether a norm known at fewer points is joined by straight lines.
    """
    told = {side: [_score(curves[side].get(name), name, norm, interpolate) for name in VARIABLES] for side in SIDES}
    which = "no norm set" if norm is None else f"norm set '{norm.name}' ({norm.population})"
    columns = tuple(
        Metric(f"gvs_{side}", "deg", f"Gait variable score of the {side} side against {which}: root mean square "
               f"difference over {SCORE_POINTS} points of the cycle (Baker et al. 2009).",
               np.array([one[0] for one in told[side]]), reasons=tuple(one[1] for one in told[side]))
        for side in SIDES
    )  # fmt: skip
    return Table("profile", len(VARIABLES), columns, (Words("variable", "Angle over the cycle", VARIABLES),))


def _score(curve: NDArray | None, name: str, norm: NormSet | None, interpolate: bool) -> tuple[float, str]:
    if norm is None:
        return np.nan, NO_NORM
    if name not in norm.curves:
        return np.nan, f"withheld: the norm set has no {name}"
    if curve is None or not np.isfinite(curve).any(axis=1).any():
        return np.nan, f"withheld: no cycle shows {name}"
    known = norm.curves[name]
    if len(known.percent) < SCORE_POINTS and not interpolate:
        return np.nan, f"withheld: the norm set has {len(known.percent)} points of {name}, the score {SCORE_POINTS}"
    whole = curve[np.isfinite(curve).all(axis=1)]
    if not len(whole):
        return np.nan, f"withheld: {name} has gaps in every cycle"
    reference = known.at(np.linspace(0.0, 100.0, SCORE_POINTS))
    if not np.isfinite(reference).all():
        return np.nan, f"withheld: the norm set does not cover the cycle of {name}"
    n = len(known.percent)
    note = "" if n >= SCORE_POINTS else f"norm joined by straight lines from {n} points"
    return variable_score(whole.mean(axis=0), reference), note


def score_table(profile: Table, norm: NormSet | None) -> Table:
    """Return `scores`, one row: GPS of each side (9 variables) and overall (15, the pelvis from the left), and GDI*.

    Baker et al. 2009. All variables are needed: a score of fewer is not one that others are compared by.
    """
    by_side = {side: profile[f"gvs_{side}"].values for side in SIDES}
    pelvis = len(PELVIS)
    wanted = {
        "right": by_side["right"], "left": by_side["left"],
        "overall": np.concatenate([by_side["left"], by_side["right"][pelvis:]]),
    }  # fmt: skip
    why = {side: profile[f"gvs_{side}"].reasons for side in SIDES}
    why["overall"] = (*why["left"], *why["right"][pelvis:])
    columns = []
    for which, scores in wanted.items():
        lacking = sum(not np.isfinite(one) for one in scores)
        first = next((reason for one, reason in zip(scores, why[which], strict=True) if not np.isfinite(one)), "")
        gps = profile_score(scores) if not lacking else np.nan
        reason = "" if not lacking else first if norm is None else f"{first}; in all {lacking} of {len(scores)} lack"
        columns.append(Metric(f"gps_{which}", "deg", f"Gait profile score, {which}: root mean square of {len(scores)} "
                              "gait variable scores (Baker et al. 2009).", np.array([gps]), reasons=(reason,),
                              n=np.array([len(scores)])))  # fmt: skip
        if which != "overall":
            columns.append(_gdi(which, gps, norm, reason))
    return Table("scores", 1, tuple(columns))


def _gdi(side: str, gps: float, norm: NormSet | None, reason: str) -> Metric:
    if norm is not None and not reason and not np.isfinite([norm.gdi_a, norm.gdi_b]).all():
        reason = "withheld: the norm set has no mean and SD of ln(score) of its controls"
    value = gdi_star(gps, norm.gdi_a, norm.gdi_b) if norm is not None and not reason else np.nan
    meaning = f"GDI* of the {side} side: 100 is the mean of the norm's controls, 10 one SD of theirs."
    return Metric(f"gdi_star_{side}", "1", meaning, np.array([value]), reasons=(reason,))
