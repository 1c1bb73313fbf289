"""Words for errors of files: lists that stay short however long the recording, and what a library complained of."""

from collections.abc import Iterable

_LONGEST = 120  # characters of a library's complaint that are told


def few(items: Iterable[object], most: int = 6) -> str:
    """Return the items in words, no more than so many, and how many more there are."""
    words = [str(item)[:40] for item in items]
    rest = f" and {len(words) - most} more" if len(words) > most else ""
    return (", ".join(words[:most]) or "none") + rest


def complaint(error: BaseException, known: str = "") -> str:
    """Return what a library said, in one line without its full stop and its known beginning; else the error's kind."""
    words = " ".join(str(error).split()).removeprefix(known).removesuffix(".") or type(error).__name__
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
