"""What in a C3D file contradicts itself, or looks damaged though it can be read: the format has no checksums.

What stands in the file twice is compared (`c3d_header` refuses where counts, scale, rate or addresses differ); what
stands there once is held against what it belongs to. A changed letter of a word that has no partner, or the last
digits of a number, cannot be told from another recording.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mocap.readers.c3d_doubts_parts import analog_doubts, event_doubts, plate_doubts, subject_doubts
from mocap.readers.c3d_header import BLOCK, C3dHeader
from mocap.readers.label_doubts import lone_sides, strange_words
from mocap.readers.parameter_values import numbers_in, words_in
from mocap.readers.words import few

_KINDS = {"ANGLES": "ANGLE_UNITS", "FORCES": "FORCE_UNITS", "MOMENTS": "MOMENT_UNITS", "POWERS": "POWER_UNITS"}
_UNITS = {
    "ANGLE_UNITS": ("deg", "degree", "degrees", "rad", "radian", "radians"),
    "FORCE_UNITS": ("n", "n/kg", "kn", "%bw", "bw"),
    "MOMENT_UNITS": ("nmm", "nm", "n.m", "n.mm", "nm/kg", "nmm/kg", "n.m/kg", "n.mm/kg", "%bw*h"),
    "POWER_UNITS": ("w", "mw", "w/kg", "mw/kg", "kw"),
}

# What the readers ask for, by group.
_READ = {
    "POINT": ("LABELS", "UNITS", "RATE", "SCALE", "FRAMES", "DATA_START", "USED", "X_SCREEN", "Y_SCREEN", *_KINDS,
              *_KINDS.values(), "TYPE_GROUPS"),
    "ANALOG": ("LABELS", "UNITS", "RATE", "SCALE", "OFFSET", "GEN_SCALE", "USED", "FORMAT"),
    "FORCE_PLATFORM": ("USED", "TYPE", "CORNERS", "ORIGIN", "CHANNEL", "ZERO", "CAL_MATRIX"),
    "EVENT": ("USED", "TIMES", "LABELS", "CONTEXTS"),
    "TRIAL": ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD"),
    "ROTATION": ("USED", "LABELS", "RATE", "DATA_START"),
    "PROCESSING": (), "SUBJECTS": (), "MANUFACTURER": (),
}  # fmt: skip
_OUTPUT = re.compile(r"(Angles?|Force|GRF|Moment|Power)V?$")


def doubts_of(header: C3dHeader, parameters: Mapping[str, Any], n_bytes: int) -> tuple[str, ...]:
    """Return a note for each thing in a file that does not fit the rest of it.

    Parameters
    ----------
    header : C3dHeader
    parameters : mapping
        Group to name to `value`.
    n_bytes : int
        Of the whole file.
    """
    return (
        *_length_doubts(header, _end_of_samples(parameters, n_bytes)), *_trial_doubts(header, parameters),
        *_label_doubts(header, parameters), *_name_doubts(parameters), *_unit_doubts(parameters),
        *event_doubts(header, parameters), *analog_doubts(header, parameters), *plate_doubts(header, parameters),
        *subject_doubts(parameters),
    )  # fmt: skip


def _end_of_samples(parameters: Mapping[str, Any], n_bytes: int) -> int:
    """Where poses begin that stand behind the samples, or else the file ends."""
    used, block = (numbers_in(parameters, "ROTATION", name) for name in ("USED", "DATA_START"))
    start = (int(block[0]) - 1) * BLOCK if len(used) and used[0] > 0 and len(block) and block[0] > 1 else n_bytes
    return min(start, n_bytes)


def _length_doubts(header: C3dHeader, n_bytes: int) -> tuple[str, ...]:
    """The samples fill the file, but for the rest of its last block: else some were put in or left out."""
    if header.last_frame >= 65535 or not header.n_points + header.n_analog_per_frame:
        return ()
    n_values = (4 * header.n_points + header.n_analog_per_frame) * header.n_frames
    more = n_bytes - header.data_start - n_values * header.bytes_per_value
    if more <= 0 or (more < BLOCK and n_bytes % BLOCK == 0):
        return ()
    return (f"the file is {more} bytes longer than its header accounts for: samples may have slipped.",)


def _trial_doubts(header: C3dHeader, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    start, rate = numbers_in(parameters, "TRIAL", "ACTUAL_START_FIELD"), numbers_in(parameters, "TRIAL", "CAMERA_RATE")
    notes = []
    if len(start) == 2 and header.last_frame < 65535 and start[0] + 65536 * start[1] != header.first_frame:
        notes.append(f"TRIAL:ACTUAL_START_FIELD says {start[0]:g}, the header frame {header.first_frame}.")
    frames_hz = numbers_in(parameters, "POINT", "RATE")
    if len(frames_hz) and 0 < header.rate_hz != frames_hz[0] > 0:
        notes.append(f"the header says {header.rate_hz:.9g} Hz, POINT:RATE {frames_hz[0]:.9g} Hz, which is taken.")
    divider = numbers_in(parameters, "TRIAL", "VIDEO_RATE_DIVIDER")
    if len(rate) and len(frames_hz) and len(divider) < 2 and abs(rate[0] - frames_hz[0]) > 1e-3 * frames_hz[0]:
        notes.append(f"TRIAL:CAMERA_RATE says {rate[0]:g} Hz, POINT:RATE {frames_hz[0]:g} Hz.")
    return tuple(notes)


def _label_doubts(header: C3dHeader, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    labels = words_in(parameters, "POINT", "LABELS")
    outputs = {name for group in _KINDS for name in words_in(parameters, "POINT", group)}
    outputs |= {label for label in labels if _OUTPUT.search(label)}
    notes = list(strange_words(labels, "label"))
    for part in (labels, outputs):  # an output of one side is no damage where the outputs have one alone
        notes += lone_sides([label for label in labels if (label in outputs) == (part is outputs)])
    if len(labels) > header.n_points:
        notes.append(f"POINT:LABELS holds {len(labels)} labels for {header.n_points} points.")
    for group in _KINDS:
        lost = [name for name in words_in(parameters, "POINT", group) if name and name not in labels]
        if lost:
            notes.append(f"POINT:{group} names {few(lost)}, which no point is called.")
    return tuple(notes)


def _name_doubts(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of groups and parameters that are one letter off from one that is read, which is then lacking."""
    notes = []
    for group, names in _READ.items():
        if group not in parameters and (near := _near(group, set(parameters) - set(_READ))):
            notes.append(f"the group {group} is missing, and there is one called {near!a}.")
        entries = parameters.get(group, {})
        for name in names:
            if name not in entries and (near := _near(name, set(entries) - set(names))):
                notes.append(f"{group}:{name} is missing, and there is one called {near!a}.")
    empty = [group for group, entries in parameters.items() if group in _READ and not set(entries) - {"__METADATA__"}]
    if empty:
        notes.append(f"the group {few(empty)} holds nothing.")
    return tuple(notes)


def _near(name: str, others: Collection[str]) -> str:
    """Another name with one letter changed, added or lost."""
    return next((other for other in others if other != name and abs(len(other) - len(name)) <= 1 and (
        sum(a != b for a, b in zip(name, other, strict=False)) <= 1
        or name[1:] == other or name == other[1:]
    )), "")  # fmt: skip


def _unit_doubts(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    stated = {name for name in _UNITS if words_in(parameters, "POINT", name)}
    for group, name in _KINDS.items():
        unit: Sequence[str] = words_in(parameters, "POINT", name)[:1]
        if unit and unit[0].lower() not in _UNITS[name]:
            notes.append(f"POINT:{name} is '{unit[0]}', which is no unit of {group.lower()} known here.")
        if not unit and stated and words_in(parameters, "POINT", group):
            notes.append(f"POINT:{name} is missing beside the units of other model outputs.")
    length, moment = (words_in(parameters, "POINT", name)[:1] for name in ("UNITS", "MOMENT_UNITS"))
    if length and moment and moment[0].lower().startswith("n") and ("mm" in moment[0].lower()) != (length[0] == "mm"):
        notes.append(f"POINT:MOMENT_UNITS is '{moment[0]}' beside lengths in '{length[0]}'.")
    return tuple(notes)
