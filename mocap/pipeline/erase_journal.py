"""What journals keep of a person that is erased: that there were changes and when, not of whom."""

from collections.abc import Collection
from pathlib import Path

from mocap.pipeline.erase_marks import is_named
from mocap.storage.journal import JOURNAL_NAME, append, redact
from mocap.storage.journal_lines import Entry


def erase_from_journal(journal: Path, code: str, files: Collection[str]) -> int:
    """Erase the details of the entries that tell of a person, and say in a new one that it was done.

    Parameters
    ----------
    journal : Path
    code : str
        Of the person.
    files : collection of str
        Names of the person's files in the folder of the journal.

    Returns
    -------
    int
        How many entries those were.

    Raises
    ------
    SourceError
        JOURNAL_NOT_WRITTEN, JOURNAL_BUSY
    """

    def tells(entry: Entry) -> bool:
        words = (entry.file, entry.reason, entry.who, *entry.outputs)
        return entry.file in files or any(is_named(word, code) for word in words)

    count = redact(journal.parent, tells)
    if count:
        append(journal.parent, "erase", reason="the data of a person, as asked")
    return count


def is_journal(file: Path) -> bool:
    """Return whether a file is the journal of its folder."""
    return file.name == JOURNAL_NAME
