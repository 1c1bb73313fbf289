"""What a user has to be told of a trial."""

from collections.abc import Sequence

import numpy as np

from calibration.digits import digits
from mocap.trial import CameraTimes, Operation, Timeline, Trial

_GAP_FRAMES = 1.5
_NOMINAL = "nominal rate"
_SOURCES = {
    "container": "the times in the container of its footage", "timestamps": "its file of frame times",
    "movement": "the movement", _NOMINAL: "the nominal rate",
}  # fmt: skip


def notes_of(trial: Trial) -> tuple[str, ...]:
    """Return what was inferred, chosen or left out while the trial was made, as its provenance keeps it."""
    return notes_in(trial.operations)


def notes_in(operations: Sequence[Operation]) -> tuple[str, ...]:
    """Return the notes that the steps of a trial's making left."""
    texts = (str(operation.parameters.get("notes", "")) for operation in operations)
    return tuple(note for text in texts for note in text.split("; ") if note)


def frame_time_note(timeline: Timeline, times: CameraTimes | None) -> str:
    """Say by what the frames of the cameras were placed in time.

    Parameters
    ----------
    timeline : Timeline
    times : CameraTimes or None
        What was read of them; None where nothing but a rate was known.
    """
    own = () if times is None else tuple(zip(times.camera_names, times.source, strict=True))
    told = sorted({source for _, source in own if source != _NOMINAL})
    if timeline.source == _NOMINAL or not told:
        why = f"the times that were read ({', '.join(told)}) were not used" if told else "nothing else was told of them"
        even = f"are taken as evenly spaced at {digits(timeline.rate_hz, 4)} Hz"
        mended = _with_gaps(timeline)
        if not mended:
            return f"frames of each camera {even}: {why}"
        return (
            f"frames of {', '.join(mended)} were set right by the movement, which tells that some were lost: between "
            f"losses they, and frames of other cameras throughout, {even}, as {why}"
        )
    if len({source for _, source in own}) == 1:
        return f"frames of each camera are placed by {_SOURCES.get(told[0], told[0])}"
    return f"frames are placed by: {', '.join(f'{name} {_SOURCES.get(source, source)}' for name, source in own)}"


def _with_gaps(timeline: Timeline) -> list[str]:
    """Return the cameras that lack frames by the times that theirs were given."""
    if timeline.frame_time_s is None:
        return []
    steps = np.diff(timeline.frame_time_s, axis=1)
    return [
        name for name, own in zip(timeline.camera_names, steps, strict=True)
        if np.isfinite(own).any() and np.nanmax(own) > _GAP_FRAMES * np.nanmedian(own)
    ]  # fmt: skip
