"""Which outputs of a session are up to date, so that a second run does only what changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calibration.files import write_texts
from mocap.pipeline.digests import file_sha256, options_sha256
from mocap.storage.journal import renamed
from mocap.trial import Verdict

RECORD_NAME = "stages.json"
_APART = ".stages.json"


@dataclass(frozen=True)
class Outcome:
    """What became of one stage: `done`, `skipped` (nothing changed) or `refused` (with the error).

    Of a trial that is done or skipped also its verdicts, and what a user has to be told of its making; of one that is
    done the stages that ran, and what had changed; of one that is refused the code of the error.
    """

    name: str
    state: str
    text: str = ""
    quality: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class SessionSummary:
    """All outcomes of a run, and sentences on earlier results that no trial of the session gives any more."""

    outcomes: tuple[Outcome, ...]
    set_aside: tuple[str, ...] = ()

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


def record_apart(output: Path) -> Path:
    """Return where what is recorded of an output stands that was made beside others, until the record takes it in."""
    return output.with_name(f".{output.name}{_APART}")


def records_apart(folder: Path) -> list[Path]:
    """Return all such records among the results in a folder."""
    return sorted(folder.glob(f".*{_APART}"))


@dataclass(frozen=True)
class Stage:
    """What one stage of an output was made from, and what is kept of it.

    Attributes
    ----------
    parts : mapping of str to str
        Digest of each thing that it depends on, by its name in words.
    content : str
        Digest of what it gave; empty where nothing of it is kept.
    told : mapping
        What it said that the output does not keep apart from what later stages said; plain JSON.
    """

    parts: Mapping[str, str]
    content: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)

    def changes(self, parts: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of parts that are other now, in the order of `parts`."""
        names = dict.fromkeys((*parts, *self.parts))
        return tuple(name for name in names if self.parts.get(name) != parts.get(name))


class StageRecord:
    """Remembers, in `stages.json` of the results, from what each stage of each output was made.

    An output counts as up to date when all that its stages depend on and its own bytes are as recorded.

    Parameters
    ----------
    folder : Path
        Of the results.
    apart : bool
        Several processes make outputs in this folder at the same time: what each stores goes to a file beside its
        output, and `take_in` puts these into the one record. They count before that, too.
    """

    def __init__(self, folder: Path, *, apart: bool = False) -> None:
        self._folder = folder
        self._path = folder / RECORD_NAME
        self._apart = apart
        self._content = _read(self._path)
        for path in records_apart(folder):
            self._content |= _read(path)
        self._content = {output: entry for output, entry in self._content.items() if entry is not None}

    def stages(self, output: str) -> dict[str, Stage]:
        """Return what is recorded of the stages of an output, by their names; nothing where that is not whole."""
        entry = self._content.get(output)
        if not isinstance(entry, dict):
            return {}
        rows = entry.get("stages")
        if not isinstance(rows, dict) or entry.get("inputs") != options_sha256(rows):
            return {}
        try:
            return {name: Stage(dict(row["parts"]), str(row["content"]), dict(row["told"]))
                    for name, row in rows.items()}  # fmt: skip
        except (KeyError, TypeError, ValueError):
            return {}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all outputs that are recorded."""
        return tuple(self._content)

    def is_whole(self, output: str) -> bool:
        """Whether the output file is there with the bytes that were recorded."""
        entry, path = self._content.get(output), self._folder / output
        return isinstance(entry, dict) and path.is_file() and entry.get("output") == file_sha256(path)

    def store(self, output: str, stages: Mapping[str, Stage]) -> None:
        """Record a freshly written output."""
        rows = {name: {"parts": dict(one.parts), "content": one.content, "told": dict(one.told)}
                for name, one in stages.items()}  # fmt: skip
        self._content[output] = {
            "inputs": options_sha256(rows), "output": file_sha256(self._folder / output), "stages": rows,
        }  # fmt: skip
        self._write(output)

    def take_in(self) -> None:
        """Put the records that stand beside their outputs into the one record."""
        beside = records_apart(self._folder)
        if beside:
            self._write("")
            for path in beside:
                path.unlink(missing_ok=True)

    def set_aside(self, output: str) -> str | None:
        """Rename an output that the present inputs no longer give; return its new name, None when there is none."""
        path = self._folder / output
        self._content.pop(output, None)
        if not path.is_file():
            return None
        aside = outdated_path(path)
        renamed(path, aside, "the present inputs no longer give it")
        self._write(output)
        return aside.name

    def _write(self, output: str) -> None:
        path, content = self._path, self._content
        if self._apart:
            path = record_apart(self._folder / output)
            content = {output: self._content.get(output)}  # None: what the one record tells of it holds no more
        write_texts({path: json.dumps(content, indent=1, sort_keys=True)}, "RECORD_NOT_WRITTEN")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # no record, or an unreadable one: everything is made anew
    return content if isinstance(content, dict) else {}
