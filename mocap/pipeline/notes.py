"""What a user has to be told of a trial."""

from mocap.trial import Trial


def notes_of(trial: Trial) -> tuple[str, ...]:
    """Return what was inferred, chosen or left out while the trial was made, as its provenance keeps it."""
    texts = (str(operation.parameters.get("notes", "")) for operation in trial.operations)
    return tuple(note for text in texts for note in text.split("; ") if note)
