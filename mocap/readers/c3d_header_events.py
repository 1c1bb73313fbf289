"""Events in the first block of a C3D file: up to 18, with labels of four letters, beside or in place of the group
EVENT."""

import struct
from collections.abc import Sequence

import numpy as np

from mocap.readers.c3d_header import real_number
from mocap.readers.imported import ImportedEvent

_KEY, _MOST = 12345, 18
# Words 150, 151, 153 and 199 of the header, counted from 1 (c3d.org, "Header events").
_AT_KEY, _AT_COUNT, _AT_TIMES, _AT_LABELS = 298, 300, 304, 396
_SAME_S = 2e-3


def header_events(
    content: bytes, processor: int, start_s: float, others: Sequence[ImportedEvent]
) -> tuple[ImportedEvent, ...]:
    """Return the events of the header that are not among others, by their time; the header tells no side.

    Parameters
    ----------
    content : bytes
        The file.
    processor : int
        Byte order, as in the file.
    start_s : float
        Time of the first frame, from which the header's times count.
    others : sequence of ImportedEvent
        Of the group EVENT.
    """
    key, count = (struct.unpack_from("<h", content, at)[0] for at in (_AT_KEY, _AT_COUNT))
    if key != _KEY or not 0 < count <= _MOST:
        return ()
    events = []
    for index in range(count):
        time_s = real_number(content[_AT_TIMES + 4 * index : _AT_TIMES + 4 * index + 4], processor) + start_s
        raw = content[_AT_LABELS + 4 * index : _AT_LABELS + 4 * index + 4]
        label = raw.decode("latin-1").strip(" \0")
        if np.isfinite(time_s) and label.isprintable() and not any(abs(o.time_s - time_s) < _SAME_S for o in others):
            events.append(ImportedEvent(float(time_s), label or "event"))
    return tuple(events)
