"""Make a trial again from its own record, and compare: to the byte, or with other libraries to the ninth digit."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.digits import counted
from mocap.errors import MocapError, TrialFileError
from mocap.pipeline.reproduce_files import Places
from mocap.pipeline.reproduce_steps import repeat, with_edits_of
from mocap.storage import read_trial
from mocap.storage.differences import stored_differences, versions_in

_MOST_TOLD = 5
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Reproduced:
    """What became of a trial that was made again.

    Attributes
    ----------
    same_bytes : bool
    differences : tuple of str
        Items that differ; none where values are within 1e-9.
    versions : mapping of str to (str, str)
        Libraries that are of another version here: then and now.
    n_steps, n_inputs : int
    """

    same_bytes: bool
    differences: tuple[str, ...]
    versions: Mapping[str, tuple[str, str]]
    n_steps: int
    n_inputs: int

    @property
    def holds(self) -> bool:
        """Whether it is the same trial: to the byte, with other versions within 1e-9."""
        return self.same_bytes or (bool(self.versions) and not self.differences)

    @property
    def lines(self) -> tuple[str, ...]:
        """The verdict in words."""
        of = f"{counted(self.n_steps, 'recorded step')}, {counted(self.n_inputs, 'input')}"
        told = ", ".join(f"{name} {then}, here {now}" for name, (then, now) in self.versions.items())
        told = f"the file says that it was made with {told}" if told else ""
        if self.same_bytes:
            return (f"made again byte for byte ({of})",)
        if self.holds:
            return (f"made again with values within {TOLERANCE:g} ({of}); {told}",)
        more = len(self.differences) - _MOST_TOLD
        first = self.differences[:_MOST_TOLD] or ("the bytes of the file, though not what they say",)
        lines = [f"REPRODUCE_DIFFERS: {one}" for one in first]
        return (*lines, *([f"and {more} more"] if more > 0 else []), *([told] if told else []))

    @property
    def told(self) -> dict[str, Any]:
        """The verdict as JSON."""
        return {"same_bytes": self.same_bytes, "holds": self.holds, "differences": list(self.differences),
                "versions": {name: list(both) for name, both in self.versions.items()}}  # fmt: skip


def reproduce(path: Path, inputs: Path | None = None) -> Reproduced:
    """Do the recorded steps of a trial file again in a temporary folder, and compare.

    Parameters
    ----------
    path : Path
        A sound trial file.
    inputs : Path, optional
        A folder that holds inputs, beside the file's own and its session's.

    Raises
    ------
    TrialFileError
        REPRODUCE_UNRECORDED, REPRODUCE_UNKNOWN; REPRODUCE_REFUSED where a step refuses what it took before.
    SourceError
        REPRODUCE_MISSING, REPRODUCE_CHANGED
    """
    steps = read_trial(path).steps
    if not steps:
        raise TrialFileError(
            f"{path} does not tell how it was made: it, or the trial that it was made of, is of an earlier version.",
            "Make it again from its inputs with this program; then it tells.",
            code="REPRODUCE_UNRECORDED",
        )
    places = Places(path, inputs)
    found = [[(wanted, places.found(wanted)) for wanted in step.inputs] for step in steps]
    with tempfile.TemporaryDirectory(prefix="mocap-check-") as folder:
        out = Path(folder) / path.name
        for step, own in zip(steps, found, strict=True):
            try:
                repeat(step, own, out, path)
            except MocapError as error:
                if error.code.startswith("REPRODUCE"):
                    raise
                raise TrialFileError(
                    f"The recorded step '{step.command}' is refused now: {error.code}: {error.cause}", error.remedy,
                    code="REPRODUCE_REFUSED",
                ) from error  # fmt: skip
        with_edits_of(out, path)
        same = out.read_bytes() == path.read_bytes()
        differences = () if same else stored_differences(path, out, TOLERANCE)
        now = versions_in(out)
    then = versions_in(path)
    other = {name: (then.get(name, "none"), now.get(name, "none")) for name in {**then, **now}
             if then.get(name) != now.get(name)}  # fmt: skip
    return Reproduced(same, differences, other, len(steps), sum(len(own) for own in found))
