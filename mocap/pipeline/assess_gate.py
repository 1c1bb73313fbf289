"""The gate of quality: what no recording under a calibration that is not good can support is withheld."""

from dataclasses import replace

import numpy as np

from mocap.trial import Assessment, Metric, Table, Trial

_NOT_GOOD = "refuse"
_OTHERS = ("usable",)
#: Columns that need no cameras to be right about where things are.
_KEPT = ("start_time", "bottom_time", "end_time", "descent_time", "ascent_time", "bottom_hold")


def gated(made: Assessment, trial: Trial) -> Assessment:
    """Return an assessment as far as the calibration of its cameras supports it.

    Under one whose verdict is `refuse` all but instants and circumstances is withheld, with the verdict's reason; under
    one that is `usable` a note says so. Points without cameras (of a C3D or TRC) come without such a verdict.
    """
    told = {} if trial.rig is None else trial.rig.metadata
    verdict, reason = str(told.get("verdict", "")), str(told.get("verdict_reason", "not stated"))
    if verdict in _OTHERS:
        return replace(made, notes=(*made.notes, f"the calibration is usable, not good: {reason}"))
    if verdict != _NOT_GOOD:
        return made
    why = f"withheld: the calibration is not good: {reason}"
    return replace(
        made, repetitions=_withheld(made.repetitions, why), tables=tuple(_withheld(one, why) for one in made.tables),
        screening=tuple(replace(one, answer="not assessable", numbers=why) for one in made.screening),
        notes=(*made.notes, why),
    )  # fmt: skip


def _withheld(table: Table, why: str) -> Table:
    words = tuple(one if one.name in ("tempo", "source", "side") or one.name.startswith("context_")
                  else replace(one, values=(why,) * table.rows) for one in table.words)  # fmt: skip
    return replace(table, metrics=tuple(_empty(one, why) for one in table.metrics), words=words)


def _empty(one: Metric, why: str) -> Metric:
    if one.name in _KEPT or one.name.startswith("context_"):
        return one
    rows = len(one.values)
    return Metric(one.name, one.unit, one.meaning, np.full(rows, np.nan), reasons=(why,) * rows)
