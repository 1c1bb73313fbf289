"""What `mocap kinematics` prints: angles in groups of one method or one reason, then notes and what to look at."""

from collections.abc import Iterable, Sequence

from mocap.cli.common import note_lines, verdict_lines
from mocap.trial import AngleDefinition, Measure, Trial, shared_parts

_LONG = 60
"""Characters from which on a part of a method is not said again and again."""


def kinematics_lines(made: Trial, out: object, notes: Sequence[str]) -> list[str]:
    """Return the lines of a trial with angles; notes and failed checks stand last, where they are seen.

    Parameters
    ----------
    made : Trial
    out : Path
        The file that was written.
    notes : sequence of str
    """
    assert made.angles is not None
    definitions = made.angles.definitions
    return [
        f"{out}: {sum(one.observable for one in definitions)} of {len(definitions)} angles",
        *angle_lines(definitions),
        *measure_lines(() if made.segments is None else made.segments.measures),
        *note_lines(notes),
        *verdict_lines(made.quality, failed_alone=True),
    ]


def angle_lines(definitions: Sequence[AngleDefinition]) -> list[str]:
    """Return a line per method and one per reason, with the angles that have it; what most share is said once."""
    seen = [one for one in definitions if one.observable]
    common = shared_parts([one.method for one in seen])
    model = _of_most(seen, common)
    said = {*common, *model}
    shown = _grouped(
        (one.name, "; ".join(part for part in one.method.split("; ") if part not in said) + _doubt(one)) for one in seen
    )
    hidden = _grouped((one.name, one.reason) for one in definitions if not one.observable)
    return [
        *(f"  {', '.join(names)}: {method}".rstrip(": ") for method, names in shown.items()),
        *(f"  all of these but {', '.join(others)}: {part}" for part, others in model.items()),
        *([f"  all of these: {'; '.join(common)}"] if common else []),
        *(f"  not observable: {', '.join(names)}: {reason}" for reason, names in hidden.items()),
    ]


def _of_most(seen: Sequence[AngleDefinition], common: Sequence[str]) -> dict[str, list[str]]:
    """Return long parts of methods that three angles in four or more have, each with the names of those that do not."""
    found = {}
    for part in dict.fromkeys(part for one in seen for part in one.method.split("; ")):
        others = [one.name for one in seen if part not in one.method.split("; ")]
        if len(part) >= _LONG and part not in common and 4 * len(others) <= len(seen):
            found[part] = others
    return found


def _doubt(one: AngleDefinition) -> str:
    return f" ({one.reason})" if one.reason else ""


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, text in pairs:
        groups.setdefault(text, []).append(name)
    return groups


def measure_lines(measures: Sequence[Measure]) -> list[str]:
    """Return which measures of the body there are, and by reason which not."""
    if not measures:
        return []
    whole = [one.name for one in measures if one.observable]
    part = _grouped((one.name, one.reason) for one in measures if one.observable and one.reason)
    gone = _grouped((one.name, one.reason) for one in measures if not one.observable)
    return [
        f"  measured too, in /segments: {', '.join(whole) or 'nothing'}",
        *(f"  in part: {', '.join(names)}: {reason}" for reason, names in part.items()),
        *(f"  not measured: {', '.join(names)}: {reason}" for reason, names in gone.items()),
    ]
