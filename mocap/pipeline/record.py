"""Which outputs of a session are up to date, so that a second run does only what changed."""

import json
from dataclasses import dataclass
from pathlib import Path

from calibration.files import write_texts
from mocap.pipeline.digests import file_sha256
from mocap.trial import Verdict

RECORD_NAME = "stages.json"


@dataclass(frozen=True)
class Outcome:
    """What became of one stage: `done`, `skipped` (nothing changed) or `refused` (with the error).

    Of a trial that is done or skipped also its verdicts, and what a user has to be told of its making.
    """

    name: str
    state: str
    text: str = ""
    quality: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SessionSummary:
    """All outcomes of a run."""

    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many outcomes there are of each state."""
        return {state: sum(o.state == state for o in self.outcomes) for state in ("done", "skipped", "refused")}

    @property
    def text(self) -> str:
        """One closing line."""
        counts = self.counts
        return (
            f"{len(self.outcomes)} found, {counts['done']} done, {counts['skipped']} skipped because nothing changed, "
            f"{counts['refused']} refused"
        )


def outdated_path(output: Path) -> Path:
    """Return the name that an output gets which the present inputs no longer give."""
    return output.with_name(f"{output.stem}.outdated{output.suffix}")


class StageRecord:
    """Remembers, in `stages.json` of the results, from which inputs each output was made.

    An output counts as up to date when both its inputs' digest and its own bytes are as recorded.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / RECORD_NAME
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = {}  # no record, or an unreadable one: everything is made anew
        self._content = content if isinstance(content, dict) else {}

    def is_current(self, output: str, inputs: str) -> bool:
        """Whether the output file exists, unchanged, made from these inputs."""
        entry = self._content.get(output)
        path = self._folder / output
        if not isinstance(entry, dict) or entry.get("inputs") != inputs or not path.is_file():
            return False
        return entry.get("output") == file_sha256(path)

    def store(self, output: str, inputs: str) -> None:
        """Record a freshly written output."""
        self._content[output] = {"inputs": inputs, "output": file_sha256(self._folder / output)}
        self._write()

    def set_aside(self, output: str) -> str | None:
        """Rename an output that the present inputs no longer give; return its new name, None when there is none."""
        path = self._folder / output
        self._content.pop(output, None)
        if not path.is_file():
            return None
        aside = outdated_path(path)
        path.replace(aside)
        self._write()
        return aside.name

    def _write(self) -> None:
        write_texts({self._path: json.dumps(self._content, indent=1, sort_keys=True)}, "RECORD_NOT_WRITTEN")
