"""Inspect a file whose seal is broken in a process of its own, with limits: it may crash or hang the HDF5 library."""

from pathlib import Path

from mocap.errors import MocapError
from mocap.isolation import Answer, Lost, parse
from mocap.storage.findings import Finding, inspect


def inspect_isolated(path: Path) -> tuple[Finding, ...]:
    """Return what is wrong with a file; a crash, a hang or a hunger for memory is a finding as well."""
    try:
        rows = parse("trial", path).words
    except Lost as lost:
        problem = f"is damaged where the HDF5 library cannot read it: {lost}"
        return (Finding(str(path), problem, "TRIAL_DAMAGED"),)
    except MocapError as error:
        return (Finding(str(path), error.cause, error.code),)
    # The child has the whole path, and the user may have given a shorter one.
    whole = str(path.absolute())
    return tuple(Finding(*(word.replace(whole, str(path)) for word in row)) for row in rows)


def parse_findings(path: Path) -> Answer:
    """Inspect a file in this process; `words` has the item, the problem and the code of each finding."""
    return Answer({}, [[finding.item, finding.problem, finding.code] for finding in inspect(path, sealed=False)])
