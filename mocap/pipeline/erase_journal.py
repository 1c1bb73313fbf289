"""What journals keep of a person that is erased: that there were changes and when, not of whom."""

from collections.abc import Collection, Sequence
from pathlib import Path

from mocap.pipeline.erase_marks import is_named, is_telling
from mocap.storage.journal import ERASE, JOURNAL_NAME, entries, redact
from mocap.storage.journal_lines import Entry


def erase_from_journal(journal: Path, codes: Sequence[str], files: Collection[str]) -> int:
    """Erase the details of the entries that tell of a person, and say in a new one that it was done.

    Parameters
    ----------
    journal : Path
    codes : sequence of str
        What the person is called.
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

    told = [code for code in codes if is_telling(code)]

    def tells(entry: Entry) -> bool:
        words = " ".join((entry.file, entry.reason, entry.who, *entry.outputs))
        return entry.file in files or any(is_named(words, code) for code in told)

    return redact(journal.parent, tells, "the data of a person, as asked")


def handed_over(journal: Path, files: Collection[str] | None) -> tuple[dict[Path, str], dict[Path, str]]:
    """Return what the person's trials were handed over as, and what those of others were, each with its digest.

    Digests are empty where the journal has none.

    Parameters
    ----------
    journal : Path
    files : collection of str, optional
        Names of the person's files in the folder of the journal; all of them when left out.
    """
    own: dict[Path, str] = {}
    others: dict[Path, str] = {}
    for entry in entries(journal.parent):
        digests = entry.outputs_sha256 or ("",) * len(entry.outputs)
        for output, digest in zip(entry.outputs, digests, strict=True):
            (own if files is None or entry.file in files else others)[(journal.parent / output).resolve()] = digest
    return own, others


def is_journal(file: Path) -> bool:
    """Return whether a file is the journal of its folder."""
    return file.name == JOURNAL_NAME


def is_spent(journal: Path) -> bool:
    """Return whether a journal tells of nobody any more and lies alone: it only says that there was somebody."""
    told = entries(journal.parent)
    alone = all(other == journal for other in journal.parent.iterdir())
    return alone and bool(told) and all(one.erased or one.operation == ERASE for one in told)
