"""Events, analog channels, force plates and the subject of a C3D file, each held against what it belongs to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.readers.c3d_header import C3dHeader
from mocap.readers.label_doubts import strange_words
from mocap.readers.parameter_values import array_in, numbers_in, words_in
from mocap.readers.words import few
from mocap.trial.c3d_words import EVENTS

_CONTEXTS = ("left", "right", "general", "")
# As they are written: a small letter in place of a large one is a thousandth, or damage.
_ANALOG_UNITS = frozenset((
    "", "N", "Nm", "Nmm", "N.m", "N.mm", "kN", "V", "mV", "uV", "µV", "volts", "Volts", "VOLTS", "volt", "Volt", "g",
    "m/s2", "m/s^2", "m/s²", "mm/s2", "mm/s²", "mm/s^2", "deg/s", "rad/s", "deg", "rad", "mm", "cm", "m", "s", "ms",
    "Hz", "Pa", "kPa", "mmHg", "lb", "lbs", "lbf", "in-lbs", "in.lbs", "kg", "W", "%", "T", "uT", "µT", "gauss", "A",
    "mA", "bits", "unitless", "other", "unknown", "none", "n/a", "bpm", "C", "ohm", "mm/s", "m/s", "newtons",
))  # fmt: skip
# Channels that a plate of a type has. Source: the C3D user guide, FORCE_PLATFORM:TYPE.
_CHANNELS_OF = {1: 6, 2: 6, 3: 8, 4: 6, 5: 8}
# Of Vicon Nexus and Visual3D (heel strike, toe off, on and off a plate), in lower case.
_USUAL_EVENTS = frozenset(EVENTS) | {
    "event", "general", "start", "end", "stop", "foot flat", "heel off",
    *(f"{side}{word}" for side in "lr" for word in ("hs", "to", "on", "off")),
}  # fmt: skip
_ALIKE = 0.8
_UNEVEN = 0.005  # of the longest side; 1e-7 in the recordings at hand
# Of the person, in the units of Vicon: what no person has.
_RANGES = {"Bodymass": (1.0, 400.0), "Height": (300.0, 2600.0)}
_SIDED = ("LegLength", "KneeWidth", "AnkleWidth", "ShoulderOffset", "ElbowWidth", "WristWidth", "HandThickness")


def event_doubts(header: C3dHeader, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return notes on events that are not whole, not in the trial, or not on a frame as all others are."""
    labels, contexts = words_in(parameters, "EVENT", "LABELS"), words_in(parameters, "EVENT", "CONTEXTS")
    times = numbers_in(parameters, "EVENT", "TIMES")
    used, rate = numbers_in(parameters, "EVENT", "USED"), numbers_in(parameters, "POINT", "RATE")
    notes = []
    if len(used) and not (used[0] == len(labels) == len(contexts) == len(times) / 2):
        notes.append(
            f"EVENT holds {used[0]:g} events by its count, {len(times) / 2:g} times, {len(labels)} labels and "
            f"{len(contexts)} sides."
        )
    notes += [*strange_words(labels, "event label"), *_near_words(labels)]
    unusual = [label for label in dict.fromkeys(labels) if label and label.lower() not in _USUAL_EVENTS]
    if unusual:
        notes.append(f"events are called {few([ascii(label) for label in unusual])}, as none usually is: kept so.")
    if not all(labels):
        notes.append(f"{labels.count('')} of {len(labels)} events have no label.")
    odd = [side for side in contexts if side.lower() not in _CONTEXTS]
    if odd:
        notes.append(f"events are on the side {few([ascii(side) for side in odd])}, which is none.")
    if len(times) and len(times) % 2 == 0 and len(rate) and rate[0] > 0:
        table = array_in(parameters, "EVENT", "TIMES")
        pairs = table.T if table.ndim == 2 and len(table) == 2 else times.reshape(-1, 2)
        notes += _time_doubts(header, 60.0 * pairs[:, 0] + pairs[:, 1], float(rate[0]))
    return tuple(notes)


def _time_doubts(header: C3dHeader, seconds: NDArray, rate: float) -> list[str]:
    with np.errstate(invalid="ignore", over="ignore"):
        first, last = (header.first_frame - 1.5) / rate, (header.last_frame + 0.5) / rate
        outside = ~((seconds >= first) & (seconds <= last))
        off = np.abs(seconds * rate - np.round(seconds * rate)) > 0.02
    notes = []
    if outside.any() and header.last_frame < 65535:
        notes.append(f"{int(outside.sum())} of {len(seconds)} events are before the first frame or after the last.")
    if off.any() and off.mean() <= 1 - _ALIKE:
        notes.append(f"{int(off.sum())} of {len(seconds)} events are not on a frame, as the others are.")
    return notes


def _near_words(words: Sequence[str]) -> list[str]:
    """Words that differ in one letter alone: one of them may be a damaged other."""
    known = sorted(set(words))
    near = [
        f"'{one}' and '{other}'" for place, one in enumerate(known) for other in known[place + 1 :]
        if _are_near(one, other)
    ]  # fmt: skip
    return [f"event labels {few(near)} differ in one letter."] if near else []


def _are_near(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 4:
        return False
    if len(one) != len(other):
        return abs(len(one) - len(other)) == 1 and (one.startswith(other) or other.startswith(one))
    differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(differing) == 1 and not all(letter.isdigit() for letter in differing[0])


def analog_doubts(header: C3dHeader, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return notes on analog channels whose scale, offset, unit or label stands out."""
    if not header.n_analog_per_frame:
        return ()
    n_channels = _n_channels(header)
    labels, units = words_in(parameters, "ANALOG", "LABELS"), words_in(parameters, "ANALOG", "UNITS")
    scales, offsets = numbers_in(parameters, "ANALOG", "SCALE"), numbers_in(parameters, "ANALOG", "OFFSET")
    general = numbers_in(parameters, "ANALOG", "GEN_SCALE")
    notes = [*strange_words(labels, "analog channel"), *_lone_stems(labels), *_row_units(labels, units)]
    counts = {"LABELS": len(labels), "UNITS": len(units), "SCALE": len(scales), "OFFSET": len(offsets)}
    notes += [f"ANALOG:{name} has {count} entries for {n_channels} channels." for name, count in counts.items()
              if count < n_channels]  # fmt: skip
    if not all(labels):
        notes.append(f"{labels.count('')} of {len(labels)} analog channels have no label.")
    odd = [unit for unit in dict.fromkeys(units) if unit not in _ANALOG_UNITS]
    if odd:
        notes.append(f"analog channels have the unit {few([ascii(unit) for unit in odd])}, which is none known here.")
    notes += [*_odd_ones(scales[:n_channels], "ANALOG:SCALE"), *_odd_ones(offsets[:n_channels], "ANALOG:OFFSET")]
    if not (np.isfinite(scales).all() and (scales != 0).all() and np.isfinite(offsets).all()):
        notes.append("ANALOG:SCALE or ANALOG:OFFSET holds 0 or no number, so that channels hold no measurement.")
    if len(general) != 1 or not (np.isfinite(general[0]) and general[0] > 0):
        notes.append("ANALOG:GEN_SCALE, which scales all analog channels, is no number above 0.")
    elif len(scales) and (scales == 1).mean() >= _ALIKE and general[0] != 1:
        notes.append(f"ANALOG:GEN_SCALE is {general[0]:g}, where the scale of each channel is 1.")
    return tuple(notes)


def _n_channels(header: C3dHeader) -> int:
    return header.n_analog_per_frame // max(header.samples_per_frame, 1)


def _odd_ones(values: NDArray, name: str) -> list[str]:
    """The few of many equal numbers that are another one."""
    found, counts = np.unique(values, return_counts=True)
    if len(values) < 4 or len(found) < 2 or counts.max() < _ALIKE * len(values):
        return []
    usual = found[counts.argmax()]
    odd = np.flatnonzero(values != usual)
    return [f"{name} of channel {few([str(place + 1) for place in odd])} is not {usual:g}, as that of all others is."]


def _lone_stems(labels: Sequence[str]) -> list[str]:
    """Labels that stand alone where the others come in numbered rows, and labels that are there twice."""
    stems = [label.rstrip("0123456789") for label in labels]
    notes = []
    lone = [label for label, stem in zip(labels, stems, strict=True) if label and stems.count(stem) == 1]
    numbered = sum(stem != label for label, stem in zip(labels, stems, strict=True))
    if 0 < len(lone) <= (1 - _ALIKE) * len(labels) and numbered >= _ALIKE * len(labels):
        notes.append(f"analog channel {few(lone)} belongs to no row of numbered channels, as the others do.")
    twice = sorted({label for label in labels if label and labels.count(label) > 1})
    if twice:
        notes.append(f"analog channel {few(twice)} is there more than once.")
    return notes


def _row_units(labels: Sequence[str], units: Sequence[str]) -> list[str]:
    """Channels of a numbered row that have another unit than most of it."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for label, unit in zip(labels, units, strict=False):
        rows.setdefault(label.rstrip("0123456789"), []).append((label, unit))
    notes = []
    for row in rows.values():
        found = [unit for _, unit in row]
        usual = max(set(found), key=found.count)
        odd = [label for label, unit in row if unit != usual]
        if odd and found.count(usual) >= 2:
            notes.append(f"analog channel {few(odd)} is not in '{usual}', as the others of its row are.")
    return notes


def plate_doubts(header: C3dHeader, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return notes on force plates that are not whole, no rectangles, or share a channel."""
    used, kinds = numbers_in(parameters, "FORCE_PLATFORM", "USED"), numbers_in(parameters, "FORCE_PLATFORM", "TYPE")
    corners, origins = (array_in(parameters, "FORCE_PLATFORM", name) for name in ("CORNERS", "ORIGIN"))
    channels = array_in(parameters, "FORCE_PLATFORM", "CHANNEL")
    n_plates = len(kinds)
    if not n_plates and not (len(used) and used[0]):
        return ()
    if not len(used) or used[0] != n_plates or corners.shape != (3, 4, n_plates) or origins.shape != (3, n_plates):
        return (f"FORCE_PLATFORM is not whole: {n_plates} types, corners of shape {corners.shape}.",)
    notes = []
    for plate in range(n_plates):
        notes += [f"force plate {plate + 1} {what}." for what in _plate_doubts(
            int(kinds[plate]), corners[:, :, plate].T, origins[:, plate], np.atleast_2d(channels)[:, plate : plate + 1]
        )]  # fmt: skip
    if len(np.unique(kinds)) > 1:
        notes.append(f"the force plates are of different types, {few([f'{kind:g}' for kind in kinds])}.")
    busy = channels[channels > 0]
    if len(np.unique(busy)) < len(busy) or (len(busy) and busy.max() > _n_channels(header)):
        notes.append("two force plates share a channel, or name one that is not there.")
    steps = np.diff(channels, axis=0) if channels.ndim == 2 else np.zeros(0)
    if steps.size and 0.5 < (steps == 1).mean() < 1:
        notes.append("the channels of a force plate do not follow each other, as those of the others do.")
    return tuple(notes)


def _plate_doubts(kind: int, corners: NDArray, origin: NDArray, channels: NDArray) -> list[str]:
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    diagonals = np.linalg.norm(corners[:2] - corners[2:], axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        even = max(np.abs(sides[:2] - sides[2:]).max(), np.ptp(diagonals)) <= _UNEVEN * sides.max()
        near = np.abs(origin).max() <= sides.max()
    doubts = []
    if corners.any() and not even:
        doubts.append("is no rectangle")
    if not near:
        doubts.append("has its origin far outside of it")
    n_channels = int((channels > 0).sum())
    if kind in _CHANNELS_OF and n_channels != _CHANNELS_OF[kind]:
        doubts.append(f"is of type {kind} and has {n_channels} channels")
    if kind not in _CHANNELS_OF and kind not in (6, 7, 11, 12, 21):
        doubts.append(f"is of type {kind}, which there is not")
    return doubts


def subject_doubts(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return notes on measures of the person that no person has, or that differ between the sides."""
    notes = []
    for name, (least, most) in _RANGES.items():
        value = numbers_in(parameters, "PROCESSING", name)
        if len(value) and value[0] != 0 and not least <= value[0] <= most:
            notes.append(f"PROCESSING:{name} is {value[0]:g}.")
    for name in _SIDED:
        left, right = (numbers_in(parameters, "PROCESSING", f"{side}{name}") for side in "LR")
        if len(left) != len(right):
            notes.append(f"PROCESSING has {name} of one side alone.")
        elif len(left) and (left[0] or right[0]) and not 0.7 <= left[0] / (right[0] or np.nan) <= 1.4:
            notes.append(f"PROCESSING:{name} is {left[0]:g} on the left and {right[0]:g} on the right.")
    return tuple(notes)
