"""What the labels that a recording lacks cost: the angles that are not observable for want of them."""

import re
from collections.abc import Mapping

from mocap.kinematics.marker_sets import Matched
from mocap.trial import JointAngles

_SHOWN = 4


def cost_of_missing(matched: Matched, angles: JointAngles) -> dict[str, tuple[str, ...]]:
    """Return, per missing label of the set, the angles whose reason for not being observable names it.

    Parameters
    ----------
    matched : Matched
    angles : JointAngles

    Returns
    -------
    dict of str to tuple of str
        By preferred label, in the order of the set. An empty tuple: other points stand in, or nothing needs it.
    """
    landmark_of = {aliases[0]: landmark for landmark, aliases in matched.marker_set.labels.items()}
    words = {
        one.name: set(re.findall(r"[A-Z][A-Z0-9_]*", one.reason)) for one in angles.definitions if not one.observable
    }
    return {
        label: tuple(name for name, named in words.items() if landmark_of[label] in named) for label in matched.missing
    }


def missing_note(marker_set: str, cost: Mapping[str, tuple[str, ...]]) -> str:
    """Say in one line which labels of the set are not there, and what that costs; empty when none is missing."""
    if not cost:
        return ""
    by_angles: dict[tuple[str, ...], list[str]] = {}
    for label, names in cost.items():
        by_angles.setdefault(names, []).append(label)
    told = [f"{', '.join(labels)} (costs {_shown(names)})" for names, labels in by_angles.items() if names]
    free = by_angles.get((), [])
    told += [f"{', '.join(free)} (costs no angle)"] if free else []
    return f"of marker set {marker_set} there are no {', no '.join(told)}"


def _shown(names: tuple[str, ...]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
