"""What a user has to be told of a trial, and what can be told before long work begins."""

from pathlib import Path

from mocap.errors import SourceError
from mocap.trial import Trial


def notes_of(trial: Trial) -> tuple[str, ...]:
    """Return what was inferred, chosen or left out while the trial was made, as its provenance keeps it."""
    texts = (str(operation.parameters.get("notes", "")) for operation in trial.operations)
    return tuple(note for text in texts for note in text.split("; ") if note)


def check_output(out: Path) -> None:
    """Refuse an output that could not be written, before the work and not after it.

    Raises
    ------
    SourceError
        OUTPUT_FOLDER, when the folder of `out` is missing; OUTPUT_IS_FOLDER, when `out` itself is a folder.
    """
    if not out.absolute().parent.is_dir():
        raise SourceError(
            f"The folder of the output {out} does not exist.",
            "Make the folder, or mend the path.",
            code="OUTPUT_FOLDER",
        )
    if out.is_dir():
        raise SourceError(f"The output {out} is a folder.", "Give the name of a file.", code="OUTPUT_IS_FOLDER")
