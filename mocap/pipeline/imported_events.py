"""Events that a motion file brings: its own ones, and the contacts that its force plates show."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.plates import PlateSettings, plate_contacts
from mocap.assessment.gait.walker import feet_of
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.errors import KinematicsError
from mocap.kinematics.marker_sets import find_marker_set
from mocap.readers import Imported
from mocap.readers.imported import Analog, ForcePlate
from mocap.trial import Event
from mocap.trial.c3d_words import EVENTS
from mocap.trial.events import SIDES

_VERTICAL = {1: slice(2, 3), 2: slice(2, 3), 3: slice(4, 8)}  # channels of the vertical force by type of plate


def imported_events(imported: Imported) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """Return the events of a file in order of time, and what kept force plates from telling contacts.

    Names of foot contacts become ours; what the file calls them stands in the note.
    """
    own = [
        Event(one.time_s, EVENTS.get(one.label.lower(), _plain(one.label)), _side(one.side), source="imported",
              note=f"'{one.label}' of the file" if one.label.lower() in EVENTS else "")
        for one in imported.events if np.isfinite(one.time_s)
    ]  # fmt: skip
    plates, notes = _plate_events(imported)
    return tuple(sorted([*own, *plates], key=lambda event: (event.time_s, event.source, event.side))), notes


def _side(told: str) -> str:
    return told if told in SIDES else "general"


def _plain(label: str) -> str:
    """Return a label without what is no text."""
    return label.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _plate_events(imported: Imported) -> tuple[list[Event], tuple[str, ...]]:
    if imported.analog is None or not imported.force_plates or not imported.points.names:
        return [], ()
    try:
        labels = find_marker_set(imported.points.names).label_of
    except KinematicsError:
        return [], ("force plates tell no contacts: the labels belong to no known marker set",)
    positions = imported.points.position
    index = {name: k for k, name in enumerate(imported.points.names)}
    places = {name: positions[:, index[label]] for name, label in labels.items()}
    feet, lacking = feet_of(places, len(positions))
    if lacking:
        return [], (f"force plates tell no contacts: there is no {'; no '.join(lacking)}",)
    settings = build(PlateSettings, read_protocol("gait").section("plates"), "protocol gait", "plates")
    events: list[Event] = []
    notes = []
    for number, plate in enumerate(imported.force_plates, start=1):
        load, why = _load(imported.analog, plate)
        if load is None:
            notes.append(f"force plate {number} tells no contacts: {why}")
            continue
        found, left_out = plate_contacts(
            load, imported.analog.rate_hz, plate.corners_world, feet, imported.points.rate_hz, settings
        )
        # The plates' clock begins with the first frame.
        events += [replace(one, time_s=one.time_s + imported.points.start_s) for one in found]
        notes += [f"force plate {number}, {why}" for why in left_out]
    return events, tuple(notes)


def _load(analog: Analog, plate: ForcePlate) -> tuple[NDArray | None, str]:
    """Return the vertical force on a plate, down +, or None and why it is not known."""
    if plate.kind not in _VERTICAL:
        return None, f"plates of type {plate.kind} are not read"
    channels = plate.channels[_VERTICAL[plate.kind]]
    if not channels or min(channels) < 0 or max(channels) >= len(analog.names):
        return None, "its channels are not in the file"
    units = {analog.units[channel].upper() for channel in channels}
    if units != {"N"}:
        return None, f"its vertical force is in {', '.join(sorted(units)) or 'no unit'}, not N"
    force = np.nan_to_num(analog.values[:, list(channels)].sum(axis=1))
    return np.asarray(force if force[np.argmax(np.abs(force))] > 0 else -force), ""
