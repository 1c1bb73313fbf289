"""What the journal beside a trial file says of it."""

from pathlib import Path

from mocap.storage.file_digest import file_sha256
from mocap.storage.findings import Finding
from mocap.storage.journal import JOURNAL_NAME, entries, is_torn, problems
from mocap.storage.links import followed

_CODE = "JOURNAL_BROKEN"


def check_journal(path: Path) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return what is wrong with the journal of a file's folder, and what there is to know of it.

    Parameters
    ----------
    path : Path
        A trial file.

    Raises
    ------
    SourceError
        JOURNAL_NOT_READ
    """
    path = followed(path)  # the journal tells of the file, and not of links to it
    folder = path.parent
    if not (folder / JOURNAL_NAME).is_file():
        return (), (f"no {JOURNAL_NAME} lies beside it: who made it and when is not known here",)
    findings = [Finding(JOURNAL_NAME, one, _CODE) for one in problems(folder)]
    notes = []
    if is_torn(folder):
        notes.append(f"the last line of {JOURNAL_NAME} is cut off, as by a kill; the next change mends it")
    known = entries(folder, unchanged=True)
    if not known and not findings:
        notes.append(f"{JOURNAL_NAME} holds not one line")
    erased = sum(one.erased for one in known)
    if erased:
        notes.append(f"{JOURNAL_NAME}: the details of {erased} of {len(known)} entries were erased")
    own = [one for one in known if one.file == path.name and one.operation != "export"]
    if not own:
        return tuple(findings), (*notes, f"{JOURNAL_NAME} does not tell of it: it was made elsewhere")
    last, digest = own[-1], file_sha256(path)
    told = _printable(f"{last.operation}{f' ({last.reason})' if last.reason else ''} by {last.who} at {last.utc}")
    if digest == last.new_sha256:
        notes.append(f"{JOURNAL_NAME}: entry {last.seq} of {known[-1].seq}, {told}")
    elif digest == last.old_sha256:
        notes.append(f"{JOURNAL_NAME}: entry {last.seq}, {told}, was cut short; the file is as before it")
    else:
        words = f"is not as entry {last.seq} left it ({told}): it was changed elsewhere, or later entries are gone"
        findings.append(Finding(path.name, words, "JOURNAL_OTHER"))
    return tuple(findings), tuple(notes)


def _printable(words: str) -> str:
    """Whoever writes a journal must not end lines of what is printed, nor colour or hide them."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in words)
