"""The smaller parts of a C3D file: events, analog channels, force plates and the subject."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.readers.axes import world_from_file
from mocap.readers.imported import Analog, ForcePlate, ImportedEvent
from mocap.trial.c3d_words import SIDED, SUBJECT


def values_of(parameters: Mapping[str, Any], group: str, name: str) -> Sequence[Any] | NDArray:
    """Return a parameter's values, joined with its continuations NAME2, NAME3, ...; empty when absent."""
    entries = parameters.get(group, {})
    if name not in entries:
        return []
    parts = [entries[name]["value"]]
    while f"{name}{len(parts) + 1}" in entries:
        parts.append(entries[f"{name}{len(parts) + 1}"]["value"])
    if isinstance(parts[0], list):
        return [_text(value) for part in parts for value in part]
    first = np.asarray(parts[0])
    # A number behind a name may mean something else where the shapes do not go on.
    more = [part for part in parts[1:] if np.ndim(part) == first.ndim > 0 and part.shape[:-1] == first.shape[:-1]]
    return np.concatenate([first, *more], axis=-1) if more else first


def numbers_of(parameters: Mapping[str, Any], group: str, name: str) -> NDArray:
    """Return a parameter's numbers in the shape they have; empty when absent, or where it holds words."""
    values = values_of(parameters, group, name)
    return np.empty(0) if isinstance(values, Sequence) else np.asarray(values, float)


def plain_text(value: Any) -> str:
    """Return the words of a file as text that any file can hold."""
    return str(_text(value)).replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _text(value: Any) -> Any:
    """Words that are not UTF-8 arrive with stand-ins for their bytes; they are Latin-1."""
    if not isinstance(value, str):
        return value
    raw = value.encode("utf-8", "surrogateescape")
    return value if value.isascii() or raw == value.encode("utf-8", "replace") else raw.decode("latin-1")


def events_of(parameters: Mapping[str, Any], start_s: float) -> tuple[ImportedEvent, ...]:
    """Return the events in order of time, on a clock that is 0 at `start_s` of the recording's clock."""
    times = numbers_of(parameters, "EVENT", "TIMES")
    if times.ndim == 1 and times.size % 2 == 0:
        # Some files keep the pairs of minutes and seconds in one row.
        times = times.reshape(-1, 2).T
    if times.ndim != 2 or times.shape[0] != 2:
        return ()
    used = np.ravel(numbers_of(parameters, "EVENT", "USED"))
    if len(used) and 0 <= used[0] < times.shape[1]:
        times = times[:, : int(used[0])]
    labels = list(values_of(parameters, "EVENT", "LABELS"))
    contexts = list(values_of(parameters, "EVENT", "CONTEXTS"))
    events = []
    for index, (minutes, seconds) in enumerate(times.T):
        label = str(labels[index]).strip() if index < len(labels) else ""
        context = str(contexts[index]).strip().lower() if index < len(contexts) else ""
        side = context if context in ("left", "right") else "general"
        events.append(ImportedEvent(float(60.0 * minutes + seconds - start_s), label, side))
    return tuple(sorted(events, key=lambda event: (event.time_s, event.side, event.label)))


def analog_of(parameters: Mapping[str, Any], samples: NDArray, rate_hz: float, start_s: float) -> Analog | None:
    """Return the analog channels of samples (sample, channel), or None without any."""
    n_channels = samples.shape[1]
    if not n_channels or not len(samples):
        return None
    labels, units, told = (
        [plain_text(word).strip() for word in values_of(parameters, "ANALOG", name)][:n_channels]
        for name in ("LABELS", "UNITS", "DESCRIPTIONS")
    )
    labels += [""] * (n_channels - len(labels))
    names = tuple(label or f"channel_{index + 1}" for index, label in enumerate(labels))
    padded = (tuple(words + [""] * (n_channels - len(words))) for words in (units, told))
    units_of, descriptions = padded
    return Analog(samples, names, units_of, rate_hz, descriptions, start_s)


def force_plates_of(
    parameters: Mapping[str, Any], metres_per_unit: float, up: str
) -> tuple[tuple[ForcePlate, ...], tuple[str, ...]]:
    """Return the force plates, and why they cannot be read where their corners, origins or channels are not whole."""
    kinds, used, zero = (np.ravel(_whole(parameters, name)) for name in ("TYPE", "USED", "ZERO"))
    n_plates = int(used[0]) if len(used) else len(kinds)
    if n_plates < 1 or not len(kinds):
        return (), ()
    corners, origins, matrices = (
        numbers_of(parameters, "FORCE_PLATFORM", name) for name in ("CORNERS", "ORIGIN", "CAL_MATRIX")
    )
    channels = np.atleast_1d(_whole(parameters, "CHANNEL"))
    channels = channels[:, None] if channels.ndim == 1 and n_plates == 1 else channels
    corners = corners[..., None] if corners.ndim == 2 else corners
    origins = origins[:, None] if origins.ndim == 1 else origins
    enough = corners.ndim == 3 and origins.ndim == channels.ndim == 2 and corners.shape[:2] == (3, 4) and (
        origins.shape[0] == 3 and min(len(kinds), corners.shape[2], origins.shape[1], channels.shape[1]) >= n_plates
    )  # fmt: skip
    if not enough:
        return (), (f"{n_plates} force plates cannot be read: corners {corners.shape}, origins {origins.shape}, "
                    f"channels {channels.shape}.",)  # fmt: skip
    matrices = matrices[..., None] if matrices.ndim == 2 else matrices
    return tuple(
        ForcePlate(
            int(kinds[plate]),
            world_from_file(corners[:, :, plate].T * metres_per_unit, up),
            origins[:, plate] * metres_per_unit,
            _channels(channels[:, plate]),
            matrices[:, :, plate] if matrices.ndim == 3 and matrices.shape[2] > plate and matrices.size else None,
            (int(zero[0]), int(zero[1])) if len(zero) >= 2 else None,
        )
        for plate in range(n_plates)
    ), ()


def _channels(numbers: NDArray) -> tuple[int, ...]:
    """Channels counted from 0; -1 for one that is not there, unless nothing follows it."""
    channels = [int(number) - 1 if number > 0 else -1 for number in numbers]
    while channels and channels[-1] < 0:
        channels.pop()
    return tuple(channels)


def _whole(parameters: Mapping[str, Any], name: str) -> NDArray:
    return np.nan_to_num(numbers_of(parameters, "FORCE_PLATFORM", name)).clip(-1e9, 1e9).astype(int)


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
    if name in SUBJECT:
        return SUBJECT[name]
    sided = re.fullmatch(r"([LR])(\w+)", name)
    if not sided or sided[2] not in SIDED:
        return None
    word, unit, factor = SIDED[sided[2]]
    return f"{word}_{sided[1].lower()}_{unit}", factor
