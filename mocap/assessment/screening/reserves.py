"""How far hips and ankles are from the ends of their ranges when the tuck begins, and a surrogate of the hamstrings."""

import numpy as np

from mocap.assessment.movement import Movement
from mocap.assessment.screening.given import knee_to_wall_deg, sided
from mocap.assessment.values import Value, column, withheld
from mocap.trial import Metric, Table

_SIDES = (("r", "right"), ("l", "left"))
_PASSIVE = "passive_hip_flexion_deg"


def reserve_columns(movement: Movement, table: Table) -> tuple[Metric, ...]:
    """Return the reserves of hips and ankles at the onset of the tuck, from the columns of a squat's repetitions.

    Parameters
    ----------
    movement : Movement
        Its context or subject has `passive_hip_flexion_deg` (`_r`, `_l`), its other tests `knee_to_wall`.
    table : Table
        With `onset_hip_r`, `onset_ankle_r`, ..., `onset_knee_r`.
    """
    walls = knee_to_wall_deg(movement)
    columns: list[Metric] = []
    for side, word in _SIDES:
        passive = sided(movement, _PASSIVE, side)
        columns += [
            column(f"hip_reserve_{side}", "deg", f"Passive hip flexion ({_PASSIVE}, as stated) less that at the "
                   f"onset of the tuck, {word}.",
                   _left(table, f"onset_hip_{side}", passive, f"{_PASSIVE} is not stated")),
            column(f"ankle_reserve_{side}", "deg", "Inclination of the shank in the knee-to-wall test less "
                   f"dorsiflexion at the onset of the tuck, {word}.",
                   _left(table, f"onset_ankle_{side}", walls[side], "there is no knee-to-wall test of that side")),
            column(f"hamstring_surrogate_{side}", "deg", "Hip flexion less knee flexion at the onset of the tuck, "
                   f"{word}: by how much more the hip lengthens the hamstrings than the knee slackens them, were both "
                   "moment arms alike. A surrogate, no length.", _difference(table, side)),
        ]  # fmt: skip
    return tuple(columns)


def _left(table: Table, name: str, end: float, lacking: str) -> list[Value]:
    if not table.has(name):
        return [withheld(f"{name} was not computed")] * table.rows
    metric = table[name]
    made = []
    for value, sd, reason in zip(metric.values, metric.sd, metric.reasons, strict=True):
        if not np.isfinite(end):
            made.append(withheld(f"not assessable: {lacking}"))
        else:
            made.append(Value(end - float(value), float(sd), reason))
    return made


def _difference(table: Table, side: str) -> list[Value]:
    names = (f"onset_hip_{side}", f"onset_knee_{side}")
    missing = [name for name in names if not table.has(name)]
    if missing:
        return [withheld(f"{missing[0]} was not computed")] * table.rows
    hip, knee = (table[name] for name in names)
    return [
        Value(float(hip.values[row] - knee.values[row]), float(np.hypot(hip.sd[row], knee.sd[row])),
              hip.reasons[row] or knee.reasons[row])
        for row in range(table.rows)
    ]  # fmt: skip
