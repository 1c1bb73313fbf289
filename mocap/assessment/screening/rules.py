"""The rules of what may limit a squat: each answered by itself, with its numbers; none is a diagnosis."""

from collections.abc import Mapping, Sequence

import numpy as np

from mocap.assessment.movement import Movement
from mocap.assessment.screening.evidence import EVIDENCE
from mocap.assessment.screening.given import Given, knee_to_wall_deg, mean_of, sided
from mocap.assessment.screening.logic import Finding, all_of, any_of, joined, rule
from mocap.assessment.screening.settings import ScreeningSettings
from mocap.trial import Rule, Table

_WORDS = {"r": "right", "l": "left"}
_PASSIVE = "passive_hip_flexion_deg"


def screening(
    table: Table, movement: Movement, settings: ScreeningSettings, conditions: Mapping[str, Table] | None = None
) -> tuple[Rule, ...]:
    """Return the answers of all rules for a set of squats.

    Parameters
    ----------
    table : Table
        Its repetitions, with the columns of tuck and stance.
    movement : Movement
    settings : ScreeningSettings
    conditions : mapping of str to Table, optional
        Squats of the same person under other conditions, see `Given`; left out: those among `movement.others`.
    """
    if conditions is None:
        conditions = {name: one for name, one in movement.others.items() if name.startswith("squat_")}
    given = Given(table, movement, conditions, settings)
    ankle = _ankle(given)
    return (ankle, _hip(given, ankle), _stance(given), _control(given), _balance(given), _load(given),
            _hamstring(given))  # fmt: skip


def _ankle(given: Given) -> Rule:
    sides = [_ankle_side(given, side) for side in "rl"]
    heels = [_heel_before_onset(given, side) for side in "rl"]
    findings = [*sides, *heels]
    holds = any_of(findings)
    wedge = given.changed("squat_heels_raised", "with raised heels")
    if wedge is not None:
        holds = all_of([Finding(holds, ""), wedge])
        findings.append(wedge)
    return rule("ANKLE", holds, findings, EVIDENCE["ANKLE"])


def _ankle_side(given: Given, side: str) -> Finding:
    settings, word = given.settings, _WORDS[side]
    wall, onset = knee_to_wall_deg(given.movement)[side], given.mean(f"onset_ankle_{side}")
    limited = _under(wall, settings.ankle_limited, f"{word} knee-to-wall", "deg", "no knee-to-wall test")
    lacking = "no knee-to-wall test" if not np.isfinite(wall) else given.why_not(f"onset_ankle_{side}")
    near = _under(wall - onset, settings.ankle_reserve, f"{word} ankle reserve at the onset", "deg", lacking)
    return joined(all_of([limited, near]), [limited, near])


def _heel_before_onset(given: Given, side: str) -> Finding:
    """Return whether the heel lifts before the tuck begins, in any repetition with an onset."""
    name, word = f"heel_lift_depth_{side}", _WORDS[side]
    if not (given.table.has(name) and given.table.has("wink_onset_depth")) or not given.table.rows:
        return Finding(None, f"{word} heel: {given.why_not(name)}")
    lift, onset = given.table[name], given.table["wink_onset_depth"].values
    if not np.isfinite(onset).any():
        return Finding(None, f"{word} heel before the onset: no onset of a tuck was found")
    if any(reason.startswith("withheld") for reason in lift.reasons):
        return Finding(None, f"{word} heel: {given.why_not(name)}")
    early = int(np.sum(lift.values < onset))
    return Finding(early > 0, f"{word} heel lifts before the onset in {early} of {int(np.isfinite(onset).sum())}")


def _hip(given: Given, ankle: Rule) -> Rule:
    near = [_hip_side(given, side) for side in "rl"]
    other = Finding(ankle.answer != "supported", f"ANKLE is {ankle.answer}")
    findings = [*near, other]
    for condition, words in (("squat_wide", "with a wider stance"), ("squat_toes_out", "with the toes further out")):
        changed = given.changed(condition, words)
        if changed is not None:  # makes it stronger, and is not asked for
            findings.append(changed)
    return rule("HIP", all_of([Finding(any_of(near), ""), other]), findings, EVIDENCE["HIP"])


def _hip_side(given: Given, side: str) -> Finding:
    passive, onset = sided(given.movement, _PASSIVE, side), given.mean(f"onset_hip_{side}")
    lacking = f"{_PASSIVE} is not stated" if not np.isfinite(passive) else given.why_not(f"onset_hip_{side}")
    return _under(passive - onset, given.settings.hip_near, f"{_WORDS[side]} hip reserve at the onset", "deg", lacking)


def _stance(given: Given) -> Rule:
    s = given.settings
    outside = [
        _outside(given, "stance_to_biacromial", (s.stance_low, s.stance_high), "stance over biacromial width", ""),
        *(_outside(given, f"toe_out_{side}", (s.toe_out_low, s.toe_out_high), f"{_WORDS[side]} toe-out", " deg")
          for side in "rl"),
    ]  # fmt: skip
    tested = [given.changed(name, words) for name, words in (
        ("squat_wide", "with a wider stance"), ("squat_narrow", "with a narrower stance"),
        ("squat_toes_out", "with the toes further out"), ("squat_toes_in", "with the toes further in"))]  # fmt: skip
    changes = [one for one in tested if one is not None] or [Finding(None, "no squats in another stance")]
    holds = all_of([Finding(any_of(outside), ""), Finding(any_of(changes), "")])
    return rule("STANCE", holds, [*outside, *changes], EVIDENCE["STANCE"])


def _control(given: Given) -> Rule:
    reserves = _adequate_reserves(given)
    signs = [_early_bend(given), _scatter(given)]
    cue = given.changed("squat_cued", "after a cue")
    signs += [] if cue is None else [cue]
    holds = all_of([*reserves, Finding(any_of(signs), "")])
    beighton = given.movement.number("beighton")
    told = Finding(None, f"beside, not part of the rule: Beighton score {beighton:g} of 9", whole=True)
    findings = [*reserves, *signs, *([told] if np.isfinite(beighton) else [])]
    return rule("CONTROL", holds, findings, EVIDENCE["CONTROL"])


def _adequate_reserves(given: Given) -> list[Finding]:
    settings, walls = given.settings, knee_to_wall_deg(given.movement)
    findings = []
    for joint, least in (("hip", settings.hip_reserve), ("ankle", settings.ankle_reserve)):
        ends = {side: sided(given.movement, _PASSIVE, side) if joint == "hip" else walls[side] for side in "rl"}
        left = [ends[side] - given.mean(f"onset_{joint}_{side}") for side in "rl"]
        known = [one for one in left if np.isfinite(one)]
        smallest = min(known) if len(known) == len(left) else np.nan
        test = f"{_PASSIVE} is not stated" if joint == "hip" else "no knee-to-wall test of both sides"
        lacking = test if not all(np.isfinite(list(ends.values()))) else given.why_not(f"onset_{joint}_r")
        findings.append(_at_least(smallest, least, f"smaller {joint} reserve at the onset", lacking))
    return findings


def _early_bend(given: Given) -> Finding:
    hinge = given.movement.others.get("hinge")
    early = mean_of(hinge, "lumbar_early") if hinge is not None else np.nan
    limit = given.settings.control_lumbar
    if not np.isfinite(early):
        return Finding(None, "lumbar flexion early in a hinge: no hinge test")
    return Finding(early > limit, f"lumbar flexion early in a hinge {early:.1f} deg, over {limit:g} deg")


def _scatter(given: Given) -> Finding:
    name = "wink_magnitude"
    if not given.table.has(name):
        return Finding(None, f"scatter of the tuck: {given.why_not(name)}")
    values = given.table[name].values[np.isfinite(given.table[name].values)]
    if len(values) < 3:
        return Finding(None, f"scatter of the tuck: {len(values)} repetitions have one, and 3 are needed")
    sd, limit = float(values.std(ddof=1)), given.settings.control_scatter
    return Finding(sd > limit, f"SD of the tuck over {len(values)} repetitions {sd:.1f} deg, over {limit:g} deg")


def _balance(given: Given) -> Rule:
    limit = given.settings.balance_ratio
    findings = [
        _under(given.mean("com_ap_ratio_lowest"), limit, "centre of mass between heels (0) and toes (1)", "",
               given.why_not("com_ap_ratio_lowest")),
        _under(given.mean("xcom_heel_margin"), 0.0, "extrapolated centre of mass in front of the heels", "mm",
               given.why_not("xcom_heel_margin")),
    ]  # fmt: skip
    front = given.changed("squat_front", "with the load in front")
    return rule("BALANCE", any_of(findings), [*findings, *([] if front is None else [front])], EVIDENCE["BALANCE"])


def _load(given: Given) -> Rule:
    tables = (given.table, *given.conditions.values())
    trends = (("wink_magnitude", "tuck"), ("lumbar_change", "lumbar flexion with it"))
    findings = [_trend(tables, name, words, given) for name, words in trends]
    return rule("LOAD", any_of(findings), findings, EVIDENCE["LOAD"])


def _trend(tables: Sequence[Table], name: str, words: str, given: Given) -> Finding:
    """Return whether a column rises over the loads by more than the MDC95: a line through the means of the loads."""
    by_load: dict[float, list[float]] = {}
    for table in tables:
        if table.has(name) and table.has("context_load"):
            for load, value in zip(table["context_load"].values, table[name].values, strict=True):
                if np.isfinite(load) and np.isfinite(value):
                    by_load.setdefault(float(load), []).append(float(value))
    if len(by_load) < given.settings.fewest_loads:
        return Finding(None, f"{words}: {len(by_load)} loads have one, and {given.settings.fewest_loads} are needed")
    loads = np.array(sorted(by_load))
    means = np.array([np.mean(by_load[load]) for load in loads])
    change = float(np.polyfit(loads, means, 1)[0] * np.ptp(loads))
    ends = len(by_load[loads[0]]), len(by_load[loads[-1]])
    limit = given.mdc95(name, "deg", given.settings.mdc_magnitude, ends)
    told = f"{words} {change:+.1f} deg from {loads[0]:g} to {loads[-1]:g} kg ({limit.words})"
    return Finding(change > limit.value, told)


def _hamstring(given: Given) -> Rule:
    findings = []
    tests = {"straight_leg_raise_deg": "straight leg raise", "knee_extension_deg": "knee extension test"}
    for name, words in tests.items():
        known = [(word, sided(given.movement, name, side)) for side, word in _WORDS.items()]
        shown = ", ".join(f"{word} {value:.0f} deg" for word, value in known if np.isfinite(value))
        findings.append(Finding(None, f"{words} {shown or 'is not stated'}", whole=True))
    for side, word in _WORDS.items():
        value = given.mean(f"hamstring_surrogate_{side}")
        if np.isfinite(value):
            told = f"{word} hip less knee flexion at the onset {value:.0f} deg, a surrogate"
            findings.append(Finding(None, told, whole=True))
    return rule("HAMSTRING", None, findings, EVIDENCE["HAMSTRING"])


def _under(value: float, limit: float, words: str, unit: str, lacking: str) -> Finding:
    if not np.isfinite(value):
        return Finding(None, f"{words}: {lacking}")
    shown = f"{value:.1f} {unit}" if unit else f"{value:.3f}"
    return Finding(value < limit, f"{words} {shown}, under {limit:g}")


def _at_least(value: float, limit: float, words: str, lacking: str) -> Finding:
    if not np.isfinite(value):
        return Finding(None, f"{words}: {lacking}")
    return Finding(value >= limit, f"{words} {value:.1f} deg, {limit:g} deg or more")


def _outside(given: Given, name: str, band: tuple[float, float], words: str, unit: str) -> Finding:
    value = given.mean(name)
    if not np.isfinite(value):
        return Finding(None, f"{words}: {given.why_not(name)}")
    return Finding(not band[0] <= value <= band[1], f"{words} {value:.2f}{unit}, outside {band[0]:g} to {band[1]:g}")
