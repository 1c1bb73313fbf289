"""Several trials in one BIDS dataset: what is there stays, what is shared is brought together."""

import json
from pathlib import Path

from mocap.errors import ExportError
from mocap.export.bids import PARTICIPANT_COLUMNS

_KEPT = ("dataset_description.json", "README.md", "participants.json")


def merge_bids(aside: Path, there: Path) -> None:
    """Bring a new dataset of one trial together with one that is there.

    Description, README and meanings of columns that are there stay. Participants and recordings that are listed here
    are added to lists of ours; in those of others the participant has to be listed already. What is not to be
    written over is taken out of the new files.

    Raises
    ------
    ExportError
        `BIDS_PARTICIPANT` where the person is not listed, or another one has the same label; `BIDS_TRIAL` where the
        name belongs to another trial.
    """
    for name in (*_KEPT, "README", "README.txt", "README.rst"):
        if (there / name).exists():
            (aside / ("README.md" if name.startswith("README") else name)).unlink(missing_ok=True)
    _check_trials(aside, there)
    _merge_participants(aside / "participants.tsv", there / "participants.tsv")
    for scans in aside.rglob("*_scans.tsv"):
        _merge_scans(scans, there / scans.relative_to(aside))


def _check_trials(aside: Path, there: Path) -> None:
    for file in aside.rglob("*_motion.json"):
        old = there / file.relative_to(aside)
        ids = [_trial_id(one) for one in (file, old)] if old.is_file() else []
        if len(set(ids)) > 1:
            raise ExportError(
                f"{old} belongs to the trial '{ids[1]}', and '{ids[0]}' would take its name.",
                "Name the trials so that they differ in letters and digits.",
                code="BIDS_TRIAL",
            )


def _trial_id(file: Path) -> str:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(content.get("TrialId", "")) if isinstance(content, dict) else ""


def _merge_participants(new: Path, old: Path) -> None:
    if not old.is_file():
        return
    header, *rows = _table(old)
    own = _table(new)[1]
    known = next((row for row in rows if row and row[0] == own[0]), None)
    if tuple(header) != PARTICIPANT_COLUMNS:
        if header[:1] != ["participant_id"] or known is None:
            raise ExportError(
                f"{old} does not list {own[0]}, and another program wrote it.", "Add the participant to it first.",
                code="BIDS_PARTICIPANT",
            )  # fmt: skip
        new.unlink()
        return
    if known is not None and known[1] != own[1]:
        raise ExportError(
            f"{own[0]} is the subject '{known[1]}' there, and would be '{own[1]}', too.",
            "Name the subjects so that they differ in letters and digits.",
            code="BIDS_PARTICIPANT",
        )
    merged = [row for row in rows if row[:1] != own[:1]] + [_filled(own, known)]
    _write(new, [header, *sorted(merged)])


def _filled(own: list[str], known: list[str] | None) -> list[str]:
    """What this trial does not tell of a person may be known from another."""
    return own if known is None else [old if new == "n/a" else new for new, old in zip(own, known, strict=True)]


def _merge_scans(new: Path, old: Path) -> None:
    if not old.is_file():
        return
    header, *rows = _table(old)
    own = _table(new)[1]
    if header != ["filename", "acq_time"]:
        new.unlink()  # of others
        return
    _write(new, [header, *sorted([*(row for row in rows if row[:1] != own[:1]), own])])


def _table(path: Path) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
    return rows or [[]]


def _write(path: Path, rows: list[list[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8", newline="")

