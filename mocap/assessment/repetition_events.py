"""Repetitions as events of a trial."""

from collections.abc import Iterator, Sequence

from mocap.assessment.edits import INSTANTS
from mocap.assessment.repetitions import Repetition
from mocap.trial import Event


def repetition_events(repetitions: Sequence[Repetition], task: str, rate_hz: float, start_s: float) -> Iterator[Event]:
    """Yield start, bottom and end of each repetition as detected events; an edited instant is one already."""
    for one in repetitions:
        for instant in INSTANTS:
            time_s = start_s + getattr(one, instant) / rate_hz
            yield Event(time_s, f"{task}_{instant}", sd_s=getattr(one, f"{instant}_sd_s"))
