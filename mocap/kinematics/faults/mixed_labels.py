"""Changes of the shape of a segment that more than one label makes, though one point alone may seem to explain them.

Three labels that go round look like one marker far off, or like two that are exchanged for part of the time; which
ones they are is not told by the shape, and one of them may be none of its points. So none of it is trusted then.
"""

from collections.abc import Sequence
from dataclasses import replace

from mocap.kinematics.exchanged import Exchange
from mocap.kinematics.faults.bodies import Moved

FAR_M = 0.070
"""Beyond it a label is on another marker: what slides or is put on anew stays nearer. Three labels that go round,
one of them of the hallux, make 78 mm or more on the foot of the synthetic body; a choice."""
NEAR_S = 0.1


def with_mixed(found: Sequence[Moved], exchanges: Sequence[Exchange], rate_hz: float) -> tuple[Moved, ...]:
    """Mark the faults within a trial that several labels may make, and widen them by exchanges of the same segment.

    Parameters
    ----------
    found : sequence of Moved
    exchanges : sequence of Exchange
        Their frames were left out where the faults were looked for.
    rate_hz : float

    Returns
    -------
    tuple of Moved
        Of plates, whose points are all doubted in any case, and against the static as they were.
    """
    near = round(NEAR_S * rate_hz)
    return tuple(_widened(one, found, exchanges, near) if _is_of_trial(one) else one for one in found)


def _is_of_trial(fault: Moved) -> bool:
    return not (fault.group.plate or fault.of_static or fault.in_static)


def _widened(fault: Moved, found: Sequence[Moved], exchanges: Sequence[Exchange], near: int) -> Moved:
    """Return a fault with all between the faults of its group, and exchanges next to them, where there are such."""
    same = [one for one in found if one.group.name == fault.group.name and _is_of_trial(one)]
    first, last = min(one.start for one in same), max(one.stop for one in same)
    of_group = [one for one in exchanges if {one.one, one.other} & set(fault.group.points)]
    close = [one for one in of_group if one.start <= last + near and one.stop >= first - near]
    if not close:
        return replace(fault, mixed=fault.size_m > FAR_M)
    start, stop = min(one.start for one in close), max(one.stop for one in close)
    return replace(fault, start=min(first, start), stop=max(last, stop), mixed=True)
