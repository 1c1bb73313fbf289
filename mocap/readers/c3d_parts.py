"""The smaller parts of a C3D file: events, analog channels, force plates and the subject."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.readers.axes import world_from_file
from mocap.readers.imported import Analog, ForcePlate, ImportedEvent

# Vicon's subject measurements: name here, and what turns its unit (mm, kg, deg, rad) into SI.
_SUBJECT = {
    "Bodymass": ("mass_kg", 1.0), "Height": ("height_m", 1e-3), "InterAsisDistance": ("inter_asis_distance_m", 1e-3),
    "PelvisLength": ("pelvis_length_m", 1e-3), "MarkerDiameter": ("marker_diameter_m", 1e-3),
}  # fmt: skip
_SIDED = {
    "LegLength": ("leg_length", "m", 1e-3), "AsisTrocanterDistance": ("asis_trochanter_distance", "m", 1e-3),
    "KneeWidth": ("knee_width", "m", 1e-3), "AnkleWidth": ("ankle_width", "m", 1e-3),
    "ShoulderOffset": ("shoulder_offset", "m", 1e-3), "ElbowWidth": ("elbow_width", "m", 1e-3),
    "WristWidth": ("wrist_width", "m", 1e-3), "HandThickness": ("hand_thickness", "m", 1e-3),
    "SoleDelta": ("sole_delta", "m", 1e-3), "TibialTorsion": ("tibial_torsion", "rad", np.pi / 180),
    "ThighRotation": ("thigh_rotation", "rad", np.pi / 180), "ShankRotation": ("shank_rotation", "rad", np.pi / 180),
    "StaticPlantFlex": ("static_plantar_flexion", "rad", 1.0),
    "StaticRotOff": ("static_rotation_offset", "rad", 1.0),
}  # fmt: skip


def values_of(parameters: Mapping[str, Any], group: str, name: str) -> Sequence[Any] | NDArray:
    """Return a parameter's values, joined with its continuations NAME2, NAME3, ...; empty when absent."""
    entries = parameters.get(group, {})
    if name not in entries:
        return []
    values = entries[name]["value"]
    more = 2
    while f"{name}{more}" in entries and isinstance(values, list):
        values = [*values, *entries[f"{name}{more}"]["value"]]
        more += 1
    return [_text(value) for value in values] if isinstance(values, list) else values


def _text(value: Any) -> Any:
    """Words that are not UTF-8 arrive with stand-ins for their bytes; they are Latin-1."""
    if not isinstance(value, str):
        return value
    raw = value.encode("utf-8", "surrogateescape")
    return value if value.isascii() or raw == value.encode("utf-8", "replace") else raw.decode("latin-1")


def events_of(parameters: Mapping[str, Any], start_s: float) -> tuple[ImportedEvent, ...]:
    """Return the events in order of time, on a clock that is 0 at `start_s` of the recording's clock."""
    times = np.asarray(values_of(parameters, "EVENT", "TIMES"), float)
    if times.ndim == 1 and times.size % 2 == 0:
        # Some files keep the pairs of minutes and seconds in one row.
        times = times.reshape(-1, 2).T
    if times.ndim != 2 or times.shape[0] != 2:
        return ()
    labels = list(values_of(parameters, "EVENT", "LABELS"))
    contexts = list(values_of(parameters, "EVENT", "CONTEXTS"))
    events = []
    for index, (minutes, seconds) in enumerate(times.T):
        label = str(labels[index]).strip() if index < len(labels) else ""
        context = str(contexts[index]).strip().lower() if index < len(contexts) else ""
        side = context if context in ("left", "right") else "general"
        events.append(ImportedEvent(float(60.0 * minutes + seconds - start_s), label, side))
    return tuple(sorted(events, key=lambda event: (event.time_s, event.side, event.label)))


def analog_of(parameters: Mapping[str, Any], samples: NDArray) -> Analog | None:
    """Return the analog channels, from ezc3d's array of shape (1, channel, sample), or None without any."""
    rates = values_of(parameters, "ANALOG", "RATE")
    if samples.size == 0 or not len(rates) or not float(rates[0]) > 0:
        return None
    n_channels = samples.shape[1]
    labels = [str(label).strip() for label in values_of(parameters, "ANALOG", "LABELS")]
    units = [str(unit).strip() for unit in values_of(parameters, "ANALOG", "UNITS")]
    labels += [f"channel_{index + 1}" for index in range(len(labels), n_channels)]
    units += [""] * (n_channels - len(units))
    values = np.ascontiguousarray(samples[0].T)
    return Analog(values, tuple(labels[:n_channels]), tuple(units[:n_channels]), float(rates[0]))


def force_plates_of(parameters: Mapping[str, Any], metres_per_unit: float, up: str) -> tuple[ForcePlate, ...]:
    """Return the force plates whose corners and origin are all there."""
    kinds = np.atleast_1d(np.asarray(values_of(parameters, "FORCE_PLATFORM", "TYPE"), int))
    corners = np.asarray(values_of(parameters, "FORCE_PLATFORM", "CORNERS"), float)
    origins = np.asarray(values_of(parameters, "FORCE_PLATFORM", "ORIGIN"), float)
    channels = np.asarray(values_of(parameters, "FORCE_PLATFORM", "CHANNEL"), int)
    n_plates = len(kinds)
    if corners.shape != (3, 4, n_plates) or origins.shape != (3, n_plates) or channels.shape[-1:] != (n_plates,):
        return ()
    return tuple(
        ForcePlate(
            int(kinds[plate]),
            world_from_file(corners[:, :, plate].T * metres_per_unit, up),
            origins[:, plate] * metres_per_unit,
            tuple(int(channel) - 1 for channel in np.ravel(channels[..., plate]) if channel > 0),
        )
        for plate in range(n_plates)
    )


def subject_of(parameters: Mapping[str, Any]) -> tuple[dict[str, float | str], dict[str, float | str]]:
    """Return what PROCESSING and SUBJECTS say of the person: in SI under our names, and as the file has it.

    A measure of exactly 0 is one that was not taken; it stays out of the first. Lengths are taken as Vicon's mm.
    """
    raw: dict[str, float | str] = {}
    for group in ("PROCESSING", "SUBJECTS"):
        for name in parameters.get(group, {}):
            values = [] if name.startswith("__") else values_of(parameters, group, name)
            if len(values) == 1:
                value = values[0]
                raw[name if group == "PROCESSING" else f"SUBJECTS:{name}"] = (
                    value.strip() if isinstance(value, str) else float(value)
                )
    subject: dict[str, float | str] = {}
    for name, value in raw.items():
        known = _known(name)
        if known and isinstance(value, float) and np.isfinite(value) and value != 0:
            subject[known[0]] = value * known[1]
    return subject, raw


def _known(name: str) -> tuple[str, float] | None:
    if name in _SUBJECT:
        return _SUBJECT[name]
    sided = re.fullmatch(r"([LR])(\w+)", name)
    if not sided or sided[2] not in _SIDED:
        return None
    word, unit, factor = _SIDED[sided[2]]
    return f"{word}_{sided[1].lower()}_{unit}", factor
