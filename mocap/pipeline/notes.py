"""What a user has to be told of a trial."""

from collections.abc import Sequence

from mocap.trial import Operation, Trial


def notes_of(trial: Trial) -> tuple[str, ...]:
    """Return what was inferred, chosen or left out while the trial was made, as its provenance keeps it."""
    return notes_in(trial.operations)


def notes_in(operations: Sequence[Operation]) -> tuple[str, ...]:
    """Return the notes that the steps of a trial's making left."""
    texts = (str(operation.parameters.get("notes", "")) for operation in operations)
    return tuple(note for text in texts for note in text.split("; ") if note)
