"""What a dataset says of itself in `dataset.json`: by it the folder is known, and who is in it."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

FORMAT, RECORD, MANIFEST = "mocap-dataset", "dataset.json", "manifest.sha256"


def dataset_record(folder: Path) -> dict[str, Any] | None:
    """Return the record of a folder that is a dataset; None of any other."""
    with suppress(OSError, ValueError):
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if isinstance(told, dict) and told.get("format") == FORMAT:
            return told
    return None


def people_in(record: dict[str, Any]) -> frozenset[str]:
    """Return who is in a dataset, as they are called there."""
    people = record.get("people")
    listed = people.values() if isinstance(people, dict) else ()
    return frozenset(str(who) for some in listed if isinstance(some, list) for who in some)


def dataset_around(file: Path, root: Path) -> Path | None:
    """Return the dataset below a folder that a file lies in; None where it lies in none."""
    above = [folder for folder in file.parents if folder == root or root in folder.parents]
    return next((folder for folder in reversed(above) if (folder / RECORD).is_file()
                 and dataset_record(folder) is not None), None)  # fmt: skip


def datasets_of(words: Sequence[str], root: Path) -> tuple[Path, ...]:
    """Return the datasets below a folder that hold one person alone, who goes by any of some words."""
    found = []
    for file in sorted(root.rglob(RECORD)):
        record = None if file.is_symlink() else dataset_record(file.parent)
        people = frozenset() if record is None else people_in(record)
        if people and people <= set(words) and file.parent != root:
            found.append(file.parent)
    return tuple(found)
