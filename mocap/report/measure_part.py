"""The part of a page on what was measured beside angles: balance, heels and knees over time, and what is not there."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.report.angle_figures import LEFT, MIDDLE, RIGHT, Line, curve_picture
from mocap.report.convention_part import shown_name, side_of
from mocap.report.page_parts import escaped, table
from mocap.trial import FILE_UNITS, Measure, measure_frame_reasons

_DRAWN = ("com_ap_ratio", "base_of_support_margin", "margin_of_stability", "heel_rise", "knee_over_toe")
_SEGMENT = re.compile(r"the segment \w+(?= in the world)")
_HEADINGS = {
    "com_ap_ratio": "Centre of mass between heels (0) and toes (1)", "knee_over_toe": "Knee beside the foot line",
}  # fmt: skip
_COLOURS = {"right": RIGHT, "left": LEFT}


def measures_part(measures: Sequence[Measure], time_s: NDArray) -> str:
    """Return curves with bands, the meaning of every measure, and why some are not there; nothing without measures.

    Parameters
    ----------
    measures : sequence of Measure
    time_s : ndarray, shape (time,)
    """
    if not measures:
        return ""
    figures = []
    for base in _DRAWN:
        both = [one for one in measures if side_of(one.name)[0] == base and one.observable]
        if both:
            figures.append(_figure(base, both, time_s))
    drawn = (
        "<p class='note'>Right: orange, solid. Left: blue, dashed. Band: random error, 95 %; none where the points "
        "came without uncertainty. Grey, without a band and with a strip of the curve's colour below: frames with a "
        "flag to doubt them (which, see What limits it).</p>"
        f"<div class='pictures'>{''.join(figures)}</div>" if figures else ""
    )  # fmt: skip
    return f"<h2>Balance, heels and knees</h2>{drawn}{_meanings(measures)}"


def _figure(base: str, both: Sequence[Measure], time_s: NDArray) -> str:
    shown, factor = ("mm", 1000.0) if both[0].unit == "m" else FILE_UNITS[both[0].unit]
    nothing = np.full(len(time_s), np.nan)
    lines = [
        Line(side, time_s, one.values * factor, one.sd * factor, nothing, _COLOURS.get(side, MIDDLE), side == "left",
             one.doubted)
        for one, side in ((one, side_of(one.name)[1]) for one in both)
    ]  # fmt: skip
    unit = "ratio" if shown == "1" else shown
    doubt = f" {escaped(both[0].reason)}." if both[0].reason else ""
    picture, positive = curve_picture(lines, f"{base} over time", unit=unit), escaped(both[0].positive)
    head = f"<h3>{escaped(_HEADINGS.get(base, shown_name(base)))}</h3>"
    return f"<figure>{head}{picture}<figcaption>+: {positive}.{doubt}</figcaption></figure>"


def _meanings(measures: Sequence[Measure]) -> str:
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in measures:
        partly = measure_frame_reasons(one)
        told = [one.reason, f"not, or with doubt, in {partly}" if partly else ""]
        doubt = "; ".join(filter(None, told)) if one.observable else f"not observable: {one.reason}"
        # Of each segment alike: its name stands in that of the measure.
        definition = _SEGMENT.sub("the segment", one.definition)
        key = (FILE_UNITS[one.unit][0], definition, one.positive, one.method or "-", doubt)
        rows.setdefault(key, []).append(one.name)
    head = ("Measure, by its name in files", "Unit there", "Definition", "Positive", "Method", "What limits it")
    cells = [["<br>".join(map(escaped, names)), *map(escaped, key)] for key, names in rows.items()]
    return f'<div class="wide">{table(head, cells, range(2, 6))}</div>'
