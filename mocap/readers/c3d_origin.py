"""What a C3D file says beside its samples, kept for the way back; and what a file written here says of itself."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mocap.readers.axes import UP_AXES
from mocap.readers.c3d_parts import plain_text, values_of
from mocap.trial import FileParameter
from mocap.trial.c3d_words import DIGEST, NO_DIGEST, OWN_FORMAT, OWN_GROUP, PERSONS, RENEWED

_KINDS = {-1: "text", 1: "byte", 2: "integer", 4: "real"}
# A rate in single precision tells no more than this of the one that was meant.
_SINGLE = 1e-6
_PLATES = "FORCE_PLATFORM"


@dataclass(frozen=True)
class OwnWords:
    """What a file written here says of itself.

    Attributes
    ----------
    rate_hz : float
        To the last bit; NaN where the standard parameter says otherwise, which then counts.
    start_s : float
        Time of the first frame.
    subject_code, created_utc : str
    gravity_known : bool
    intact : bool
        Whether the file is what was written, byte by byte.
    up_axis, forward_axis, axis_source : str
        The file's axis along the trial's Z; as in the trial.
    """

    rate_hz: float
    start_s: float = 0.0
    subject_code: str = ""
    created_utc: str = ""
    gravity_known: bool = True
    intact: bool = True
    up_axis: str = "z"
    forward_axis: str = "x"
    axis_source: str = "stated"


def own_words(parameters: Mapping[str, Any], rate_hz: float, content: bytes) -> OwnWords | None:
    """Return what a file written here says of itself; None for files of other programs."""
    if _own(parameters, "FORMAT") != OWN_FORMAT:
        return None
    stated, start = _number(_own(parameters, "RATE_HZ")), _number(_own(parameters, "START_S"))
    return OwnWords(
        rate_hz=stated if abs(stated - rate_hz) <= _SINGLE * rate_hz else np.nan,
        start_s=start if np.isfinite(start) else 0.0,
        subject_code=_own(parameters, "SUBJECT_CODE"),
        created_utc=_own(parameters, "CREATED_UTC"),
        intact=_intact(content, _own(parameters, DIGEST)),
        gravity_known=_own(parameters, "GRAVITY") != "unknown",
        up_axis=_one_of(_own(parameters, "UP_AXIS"), "z"),
        forward_axis=_one_of(_own(parameters, "FORWARD_AXIS"), "x"),
        axis_source=_own(parameters, "AXIS_SOURCE") or "stated",
    )


def _own(parameters: Mapping[str, Any], name: str) -> str:
    words = values_of(parameters, OWN_GROUP, name)
    return str(words[0]).strip() if len(words) else ""


def _intact(content: bytes, digest: str) -> bool:
    """Whether a digest is that of the file with zeros in its place."""
    if len(digest) != len(NO_DIGEST) or not digest.isascii():
        return False
    return hashlib.sha256(content.replace(digest.encode(), NO_DIGEST.encode(), 1)).hexdigest() == digest


def _one_of(word: str, usual: str) -> str:
    return word if word in UP_AXES else usual


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan


def kept_parameters(
    parameters: Mapping[str, Any], plates_read: bool
) -> tuple[dict[str, FileParameter], tuple[str, ...]]:
    """Return the parameters that nothing else of a trial holds, by `GROUP:NAME`, and what is left out on purpose.

    Parameters
    ----------
    parameters : mapping
        By group and name, as `parameters_of` gives them.
    plates_read : bool
        Whether force plates were read; their group is kept as it stands otherwise.
    """
    kept: dict[str, FileParameter] = {}
    persons = []
    renewed = RENEWED if plates_read else {group: names for group, names in RENEWED.items() if group != _PLATES}
    for group, entries in parameters.items():
        if group == OWN_GROUP:
            continue
        for name, entry in entries.items():
            plain = re.sub(r"\d+$", "", name)
            if name.startswith("__") or plain in renewed.get(group, ()):
                continue
            parameter = _parameter(entry)
            if plain in PERSONS.get(group, ()):
                persons += [f"{group}:{name}"] if any(str(word).strip() for word in parameter.values) else []
                continue
            kept[plain_text(f"{group}:{name}")] = parameter
    notes = (f"names of persons are left out ({', '.join(persons)}); give a code",) if persons else ()
    return kept, notes


def _parameter(entry: Mapping[str, Any]) -> FileParameter:
    told = plain_text(entry.get("description", ""))
    if entry["type"] == -1:
        words = tuple(plain_text(word) for word in entry["value"])
        return FileParameter(words, (len(words),), "text", told)
    values = np.asarray(entry["value"])
    flat = values.ravel(order="F").tolist()
    whole = entry["type"] != 4
    return FileParameter(
        tuple(int(value) for value in flat) if whole else tuple(float(value) for value in flat),
        tuple(int(length) for length in entry.get("shape", values.shape)), _KINDS.get(entry["type"], "real"), told,
    )  # fmt: skip
