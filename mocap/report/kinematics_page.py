"""The page of a trial's kinematics: who and when, standing, every angle with its uncertainty, what cannot be seen."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.report.angle_figures import LEFT, MIDDLE, RIGHT, Line, curve_picture
from mocap.report.calibration_page import whole_page
from mocap.report.convention_part import conventions_part, full_name, listed_names, shown_name, side_of
from mocap.report.measure_part import measures_part
from mocap.report.page_parts import escaped, table
from mocap.report.paper_style import STYLE
from mocap.report.standing_part import neutral_of, standing_part
from mocap.report.verdict_part import check_name, verdict_table
from mocap.trial import JointAngles, Trial, Verdict, beyond_reach, doubted, frame_reasons, scalar_values

_Z95 = 1.96
_SHOWN_SHA = 12


def kinematics_page(trial: Trial, notes: Sequence[str] = (), version: str = "") -> str:
    """Return the page as self-contained HTML.

    Parameters
    ----------
    trial : Trial
        With angles.
    notes : sequence of str
        What was inferred, chosen or left out.
    version : str
        Of the program.
    """
    return whole_page(f"Kinematics of {trial.trial_id}", kinematics_parts(trial, notes, version), STYLE)


def kinematics_parts(trial: Trial, notes: Sequence[str] = (), version: str = "") -> list[str]:
    """Return the parts of the page in order, as `kinematics_page` takes them."""
    angles = trial.angles
    assert angles is not None
    return [
        _facts(trial, angles, version),
        _summary(trial, angles),
        standing_part(trial.subject, [verdict for verdict in trial.quality if _of_standing(verdict)], angles.names),
        _curves(angles, trial.subject),
        _numbers(angles),
        _hidden(angles),
        measures_part(() if trial.segments is None else trial.segments.measures, angles.time_s),
        _checks([verdict for verdict in trial.quality if not _of_standing(verdict)]),
        conventions_part(angles.definitions),
        _making(trial, notes),
    ]


def _of_standing(verdict: Verdict) -> bool:
    return verdict.name.startswith(("static", "standing"))


def _facts(trial: Trial, angles: JointAngles, version: str) -> str:
    made = next((operation.parameters for operation in trial.operations if operation.name == "kinematics"), {})
    n, duration = len(angles.values), (len(angles.values) - 1) / angles.rate_hz
    up = f"Z up ({trial.axis_source})" if trial.gravity_known else "which way is up is not known"
    facts = {
        "Subject": trial.subject_code, "Task": trial.task or made.get("task", ""), "Recorded": trial.created_utc,
        "Site": trial.site, "Operator": trial.operator,
        "Length": f"{duration:.2f} s, {n} frames at {angles.rate_hz:g} Hz",
        "Units": f"angles in degrees, times in seconds, lengths with their unit; world {up}",
        "Marker set": made.get("marker_set", ""), "Model": made.get("model", ""),
        "Standing trial": _standing_trial(trial, bool(made.get("static"))) if made else "",
        **{f"Context: {name}".replace("_", " "): value for name, value in trial.context.items()},
        "Program": f"mocap {version}" if version else "",
    }  # fmt: skip
    rows = [[escaped(name), escaped(value) or "<i>not stated</i>"] for name, value in facts.items()
            if value != "" or name in ("Subject", "Recorded", "Operator")]  # fmt: skip
    return table(["", ""], rows, (1,))


def _standing_trial(trial: Trial, given: bool) -> str:
    failed = {verdict.name for verdict in trial.quality if not verdict.passed}
    if "static_usable" in failed:
        return "given, not used: it shows no body"
    return "none" if not given else "used in part: few landmarks shared" if "static_landmarks" in failed else "used"


def _summary(trial: Trial, angles: JointAngles) -> str:
    seen = sum(one.observable for one in angles.definitions)
    failed = [check_name(verdict.name) for verdict in trial.quality if not verdict.passed]
    checks = f"{len(trial.quality) - len(failed)} of {len(trial.quality)} checks hold"
    told = f"{checks}; look at: {escaped(', '.join(failed))}" if failed else checks
    kind = "usable" if failed else "good"
    return (
        f'<div class="box {kind}"><b>{seen} of {len(angles.definitions)} angles are observable.</b> {told}.<br>'
        "Research and training; not for diagnosis.</div>"
    )


def _constant_deg(angles: JointAngles, index: int) -> tuple[float, bool]:
    """What stays the same over a trial: the standard uncertainty of all known parts (NaN: none is), in degrees.

    With it, whether that of landmark placement or of soft tissue is known and the other is not.
    """
    parts = (angles.u_landmark, angles.u_sta, angles.u_calibration, angles.u_gravity, angles.u_hip_centre)
    each = np.rad2deg([np.max(np.atleast_1d(part[..., index])) for part in parts])
    known = np.isfinite(each)
    whole = float(np.linalg.norm(each[known])) if known.any() else float("nan")
    return whole, bool(known.any() and not known[:2].all())


def _line(angles: JointAngles, name: str, label: str, colour: str, dashed: bool, flagged: NDArray) -> Line:
    random = angles.sd_deg(name)
    constant, _ = _constant_deg(angles, angles.names.index(name))
    whole = np.hypot(np.nan_to_num(random), constant) if np.isfinite(constant) else random
    return Line(label, angles.time_s, angles.deg(name), random, whole, colour, dashed, flagged)


def _curves(angles: JointAngles, subject: Mapping[str, float | str]) -> str:
    groups: dict[str, list[str]] = {}
    for one in angles.definitions:
        if np.isfinite(angles[one.name]).any():
            groups.setdefault(side_of(one.name)[0], []).append(one.name)
    figures, flagged = [], dict(zip(angles.names, doubted(angles).T, strict=True))
    for base, names in groups.items():
        sides = [side_of(name)[1] for name in names]
        colours = {"right": RIGHT, "left": LEFT}
        middle = "middle" if len(names) > 1 else ""
        lines = [_line(angles, name, side or middle, colours.get(side, MIDDLE), side == "left", flagged[name])
                 for name, side in zip(names, sides, strict=True)]  # fmt: skip
        one = angles.definition(names[0])
        picture = curve_picture(lines, f"{base} over time", [neutral_of(subject, name) for name in names])
        figures.append(
            f"<figure><h3>{escaped(shown_name(base))}</h3>{picture}<figcaption>+: {escaped(one.positive)}"
            f"{'; 0: ' + escaped(one.zero) if one.zero else ''}.{_doubts(angles, names)}</figcaption></figure>"
        )
    if not figures:
        return "<h2>Angles over time</h2><p>No angle has a value.</p>"
    return (
        "<h2>Angles over time</h2><p class='note'>Right: orange, solid. Left: blue, dashed. Dark band: random error, "
        "95 %; light band: with landmark placement, soft tissue, vertical and calibration, where these are known: it "
        "moves a whole curve, and most of it drops out of changes. No dark band: the points came without uncertainty. "
        "Dotted: standing. Grey, without a band and with a strip of the curve's colour below: frames with a flag to "
        f"doubt them (why, see Not observable).</p><div class='pictures'>{''.join(figures)}</div>"
    )


def _doubts(angles: JointAngles, names: Sequence[str]) -> str:
    """What limits the angles of a picture, with the side where it is that of one alone."""
    by_reason: dict[str, list[str]] = {}
    for name in names:
        by_reason.setdefault(angles.definition(name).reason, []).append(side_of(name)[1])
    told = [(f"{' and '.join(filter(None, sides))}: {reason}" if len(by_reason) > 1 else reason)
            for reason, sides in by_reason.items() if reason]  # fmt: skip
    return "".join(f" {escaped(text[:1].upper() + text[1:])}." for text in told)


def _numbers(angles: JointAngles) -> str:
    rows, partly = [], False
    counted, left_out, beyond = np.rad2deg(scalar_values(angles)), doubted(angles).sum(axis=0), beyond_reach(angles)
    for index, one in enumerate(angles.definitions):
        if not np.isfinite(angles.values[:, index]).any():
            continue
        constant, lacking = _constant_deg(angles, index)
        partly |= lacking
        rows.append([
            escaped(full_name(one.name)), *_figures(counted[:, index], angles.time_s),
            _reach(constant) + ("*" if lacking else ""), _reach(_median(angles.sd_deg(one.name))),
            f"{100 * np.mean(~np.isfinite(angles.values[:, index])):.0f}",
            f"<b>{left_out[index]}</b>" if left_out[index] else "0",
        ])  # fmt: skip
    head = ["Angle (deg)", "mean", "lowest", "highest", "range", "± constant, 95 %", "± random, 95 %", "missing, %",
            "frames left out"]  # fmt: skip
    note = " * landmark placement or soft tissue is unknown, so not in it: the true reach is larger." if partly else ""
    if left_out.any():
        note += " Frames left out have a flag to doubt them (why, see below); no figure here is taken from them."
    if beyond.any():
        told = ", ".join(f"{full_name(angles.names[at])} ({n})" for at, n in enumerate(beyond.sum(axis=0)) if n)
        note += f" Among them are frames beyond what the joint reaches, which nobody confirmed: {escaped(told)}."
    return (
        f'<h2>In numbers</h2><div class="wide">{table(head, rows)}</div>'
        f"<p class='note'>Constant: landmark placement, soft tissue, the vertical and the calibration of the cameras, "
        f"as far as they are known, 1.96 times their standard uncertainty; most of the share of landmark placement "
        f"drops out of the range. Random: median over the frames."
        f"{note}</p>"
    )


def _figures(values: NDArray, time_s: NDArray) -> list[str]:
    """Mean, lowest, highest and range of what is counted of one angle."""
    if not np.isfinite(values).any():
        return ["\u2013"] * 4
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    ends = (f"{_deg(float(values[at]))} <small>at {time_s[at]:.2f}\u00a0s</small>" for at in (low, high))
    return [_deg(float(np.nanmean(values))), *ends, _deg(float(values[high] - values[low]))]


def _deg(value: float) -> str:
    return f"{value:z.1f}".replace("-", "\u2212")


def _reach(sd: float) -> str:
    return f"±\u00a0{_Z95 * sd:.1f}" if np.isfinite(sd) else "unknown"


def _median(values: NDArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _hidden(angles: JointAngles) -> str:
    reasons: dict[str, list[str]] = {}
    for one in angles.definitions:
        if not one.observable:
            reasons.setdefault(one.reason or "no reason is stored", []).append(one.name)
        elif partly := frame_reasons(angles, angles.names.index(one.name)):
            reasons.setdefault(f"not, or with doubt, in {partly}", []).append(one.name)
    if not reasons:
        return "<h2>Not observable</h2><p>Every angle is observable.</p>"
    rows = [[escaped(listed_names(names)), escaped(reason)] for reason, names in reasons.items()]
    return f"<h2>Not observable</h2>{table(['Angles', 'Why'], rows, (1,))}"


def _checks(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    return f"<h2>Checks</h2>{verdict_table(verdicts)}"


def _making(trial: Trial, notes: Sequence[str]) -> str:
    steps = [
        [escaped(one.name), escaped(", ".join(f"{key} {value}" for key, value in settings.items() if key != "notes"))]
        for one, settings in ((operation, operation.parameters) for operation in trial.operations)
    ]  # fmt: skip
    inputs = [[escaped(name), f"<code>{escaped(sha[:_SHOWN_SHA])}</code>"] for name, sha in trial.inputs.items()]
    told = "".join(f"<li>{escaped(note)}</li>" for note in notes)
    return (
        "<h2>How it was made</h2>" + (f"<ul>{told}</ul>" if told else "")
        + (table(["Step", "Settings"], steps, (1,)) if steps else "")
        + (table(["Input", "SHA-256 begins"], inputs, (1,)) if inputs else "")
    )  # fmt: skip
