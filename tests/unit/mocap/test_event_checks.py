"""What an event may hold, and what of a file's events becomes one."""

from types import SimpleNamespace

import pytest

from mocap.errors import ShapeError, TrialFileError
from mocap.pipeline.imported_events import imported_events
from mocap.readers.imported import ImportedEvent
from mocap.storage.encode_assessment import events_group
from mocap.trial import Event


@pytest.mark.parametrize("wrong", [{"side": "up"}, {"confidence": 7.0}, {"confidence": -0.1}, {"time_s": float("inf")}])
def test_impossible_events_are_refused(wrong: dict) -> None:
    with pytest.raises(ShapeError):
        Event(**{"time_s": 1.0, "label": "x", **wrong})
    Event(float("nan"), "x", "left", 0.0)


@pytest.mark.parametrize("told", ["a\0b", "a\ud800"])
def test_what_is_no_text_is_refused_before_writing(told: str) -> None:
    for event in (Event(1.0, told), Event(1.0, "x", note=told)):
        with pytest.raises(TrialFileError, match="EVENT_TEXT"):
            events_group((event,))


def test_events_of_files_never_fail() -> None:
    odd = ImportedEvent(1.0, "a\0b\ud800", "Up")
    given = [odd, ImportedEvent(float("inf"), "x"), ImportedEvent(2.0, "Foot Strike")]
    events, _ = imported_events(SimpleNamespace(events=given, analog=None, force_plates=()))  # type: ignore[arg-type]
    assert [(one.time_s, one.label, one.side) for one in events] == [
        (1.0, "ab?", "general"), (2.0, "initial_contact", "general"),
    ]  # fmt: skip
    assert events_group(events) is not None
