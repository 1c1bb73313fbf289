"""What a calibration file is, before its numbers are believed: how long, whose, and in which unit of length."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calibration.errors import FormatError

MAX_BYTES = 64_000_000
_FREEMOCAP_KEYS = {"charuco_square_size", "charuco_board_object", "path_to_recorded_videos"}
POSE2SIM_METRES = "m, which Pose2Sim implies: the file states none"


def bounded_bytes(path: Path) -> bytes:
    """Read a file of which nobody knows how long it is: devices have no size, and no end.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT when it is longer than any calibration.
    OSError
        As opening and reading raise it.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise FormatError(
            f"{path.name} has more than {MAX_BYTES // 10**6} MB.", "Give a calibration file.", "CALIBRATION_FORMAT"
        )
    return data


def toml_candidates(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the formats that a TOML calibration can be of, none for what is no calibration."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    tables = {key: value for key, value in document.items() if isinstance(value, dict) and key != "metadata"}
    if "format" in metadata:
        return ("mocap",)
    if isinstance(document.get("cameras"), dict):
        return ("caliscope",)
    if not any("matrix" in table for table in tables.values()):
        return ()
    if metadata.keys() & _FREEMOCAP_KEYS:
        return ("freemocap",)
    sizes = [table.get("size") for table in tables.values()]
    if all(isinstance(size, list) and all(isinstance(one, float) for one in size) for size in sizes):
        return ("pose2sim",)  # its writer has whole pixels as 1088.0
    counted = all(re.fullmatch(r"cam_\d+", key) for key in tables)
    return ("anipose", "pose2sim") if counted else ("pose2sim",)


def unit_metadata(document: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return what a rig has to say of its unit; refuse a file whose lengths cannot be taken as metres.

    This program's own files are in metres, and Pose2Sim's; aniposelib's are in the unit of the board, which no file
    of it states, and FreeMoCap's in millimetres. Where the file itself states `length_unit`, it counts.

    Parameters
    ----------
    document : mapping
        The parsed TOML.
    name : str
        Of the file, for the error.

    Raises
    ------
    FormatError
        CALIBRATION_UNITS, with the command that states the unit.
    """
    metadata = document.get("metadata")
    unit = metadata.get("length_unit") if isinstance(metadata, dict) else None
    convert = f"`mocap convert {name} --from {{}} --to mocap --out calibration_m.toml`"
    if unit is not None and unit != "m":
        raise FormatError(
            f"{name}: lengths are stated in {unit!r:.40}, and only metres are read here.",
            "Convert translations to metres and write length_unit = \"m\" in [metadata].",
            "CALIBRATION_UNITS",
        )
    found = toml_candidates(document)
    if unit == "m" or found == ("mocap",):
        return {}
    if found == ("pose2sim",):
        return {"length_unit_source": POSE2SIM_METRES}
    if found == ("freemocap",):
        raise FormatError(
            f"{name}: FreeMoCap has lengths in mm, and the file states no length_unit.",
            f"Convert it with {convert.format('freemocap')}.",
            "CALIBRATION_UNITS",
        )
    raise FormatError(
        f"{name}: the unit of its lengths is not stated. aniposelib and Anipose write them in the unit of the board, "
        "Pose2Sim in m.",
        f"State it: {convert.format('anipose --units mm')} (or m, dm, cm, in), or length_unit = \"m\" in [metadata] "
        "where they are metres.",
        "CALIBRATION_UNITS",
    )
