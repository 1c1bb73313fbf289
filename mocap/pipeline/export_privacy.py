"""A hand-over without what tells whose trial it is: the key, the words that may stay, and a last look at the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mocap.errors import ConfigError, ExportError
from mocap.export.privacy import Alias, alias_of, default_key, deidentified, places_of
from mocap.pipeline.privacy_words import vocabulary
from mocap.trial import Trial

_SHORTEST_SOUGHT = 5  # fewer characters are found by chance in any large file of numbers


@dataclass(frozen=True)
class WithoutIdentity:
    """A trial that may be handed over, what it is called, and what must be found nowhere in its files."""

    trial: Trial
    alias: Alias
    identifiers: frozenset[str]
    renamed: Mapping[str, str]


def chosen_key(key: Path | None, deidentify: bool) -> Path | None:
    """Return the key to use; None where nothing is to be taken out.

    Raises
    ------
    ConfigError
        CONFIG_VALUE for a key without --deidentify: nothing would use it.
    """
    if key is not None and not deidentify:
        raise ConfigError(
            "--key is that of --deidentify, which was not asked for.", "Add --deidentify, or leave --key out.",
            code="CONFIG_VALUE",
        )  # fmt: skip
    return (key or default_key()) if deidentify else None


def check_key_apart(key: Path, out: Path) -> None:
    """Refuse a key that would be handed over together with what it is the key of.

    Raises
    ------
    ExportError
        KEY_NOT_APART where it lies in the output or in the same folder.
    """
    place, handed = key.expanduser().resolve(), out.resolve()
    if place.is_relative_to(handed) or place.parent == handed.parent:
        raise ExportError(
            f"The key {key} would lie with {out.name}, and tells who is behind its pseudonyms.",
            "Name a file with --key in a folder of its own, which is never handed over, or leave --key out.",
            code="KEY_NOT_APART",
        )


def without_identity(trial: Trial, key: Path) -> WithoutIdentity:
    """Return a trial under its alias in a key.

    Raises
    ------
    ExportError
        DEIDENTIFY_UNKNOWN, KEY_BROKEN, KEY_BUSY, KEY_NOT_WRITTEN
    """
    alias = alias_of(key, trial.subject_code, trial.trial_id)
    made = deidentified(trial, alias, vocabulary())
    return WithoutIdentity(made.trial, alias, made.identifiers, made.renamed)


def check_output_name(out: Path, without: WithoutIdentity) -> None:
    """Refuse an output whose name tells what its content does not.

    Raises
    ------
    ExportError
        DEIDENTIFY_NAME
    """
    told = sorted(word for word in without.identifiers if word.lower() in out.name.lower())
    if told:
        raise ExportError(
            f"The output's name {out.name} holds '{told[-1]}', which tells whose trial it is.",
            f"Name it otherwise, as {without.alias.trial}{out.suffix}.",
            code="DEIDENTIFY_NAME",
        )


def check_no_leak(files: Sequence[Path], without: WithoutIdentity) -> None:
    """Refuse files in which anything is found, byte by byte, that came from outside.

    Raises
    ------
    ExportError
        DEIDENTIFY_LEAK
    """
    sought = [word for word in without.identifiers if can_be_sought(word)]
    found = places_of(sought, files)
    if found:
        file, word = found[0]
        raise ExportError(
            f"{file.name} still holds '{word}', which came with the recording.",
            "Nothing was written. Rename what bears that word in the recording, or export to another format.",
            code="DEIDENTIFY_LEAK",
        )


def can_be_sought(word: str) -> bool:
    """Whether a word stands nowhere by chance: long enough, and no version or other small figure."""
    digits = sum(character.isdigit() for character in word)
    return len(word) >= _SHORTEST_SOUGHT and (digits > _SHORTEST_SOUGHT or any(map(str.isalpha, word)))
