"""Which file or folder of keypoints belongs to which camera of the calibration, found from the names alone."""

import re
from collections.abc import Mapping, Sequence

from mocap.errors import KeypointError


def match_cameras(
    found: Sequence[str], camera_names: Sequence[str], declared: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return for every camera the name of its file or folder; nothing is guessed from an order.

    A name belongs to the camera whose words and numbers it contains in a row: `cam01_json` to `cam_01`. Failing
    that, the numbers alone have to single out each camera.

    Parameters
    ----------
    found : sequence of str
        Names of folders, or of files without their ending.
    camera_names : sequence of str
        As in the calibration.
    declared : mapping of str to str, optional
        Camera name to one of `found`; then nothing is matched, and names that it leaves out are not read.

    Returns
    -------
    dict of str to str
        In the order of `camera_names`.

    Raises
    ------
    KeypointError
        CAMERA_COUNT when the numbers differ, CAMERA_NAMES when the names do not single out every camera.
    """
    if declared is not None:
        return _declared(found, camera_names, declared)
    if len(found) != len(camera_names):
        raise KeypointError(
            f"There are keypoints of {len(found)} cameras {sorted(found)}, and {len(camera_names)} cameras of the "
            f"calibration are to be used: {list(camera_names)}.",
            "Use the calibration of this recording; to use a part of the cameras name each with its own file or folder "
            "(--camera NAME=FOLDER, or cameras = {...} in [keypoints]).",
            code="CAMERA_COUNT",
        )
    pairs = _eliminate(
        {name: {other for other in found if _contains(_words(other), _words(name))} for name in camera_names}
    )
    if pairs is None:
        numbers = {name: _numbers(name) for name in [*camera_names, *found]}
        pairs = _eliminate(
            {name: {other for other in found if numbers[name] and numbers[other][:1] == numbers[name][-1:]}
             for name in camera_names}
        )
    if pairs is None:
        raise KeypointError(
            f"The names of the keypoints {sorted(found)} do not tell which cameras {list(camera_names)} they are of.",
            "Rename the files or folders after the cameras, or say which belongs to which (--camera NAME=FOLDER, or "
            "cameras = {...} in [keypoints]).",
            code="CAMERA_NAMES",
        )
    return pairs


def _declared(found: Sequence[str], camera_names: Sequence[str], declared: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(declared) - set(camera_names))
    absent = sorted(set(declared.values()) - set(found))
    lacking = [name for name in camera_names if name not in declared]
    doubled = sorted({name for name in declared.values() if list(declared.values()).count(name) > 1})
    if unknown or absent or lacking or doubled:
        raise KeypointError(
            f"The declared cameras do not fit: unknown cameras {unknown}, cameras left out {lacking}, names that are "
            f"not there {absent}, names used twice {doubled}.",
            f"Declare each of {list(camera_names)} with one of {sorted(found)}.",
            code="CAMERA_NAMES",
        )
    return {name: declared[name] for name in camera_names}


def _words(name: str) -> list[str]:
    return [part.lstrip("0") or "0" if part.isdigit() else part for part in re.findall(r"[a-z]+|\d+", name.lower())]


def _numbers(name: str) -> list[str]:
    return [word for word in _words(name) if word.isdigit()]


def _contains(words: list[str], wanted: list[str]) -> bool:
    return bool(wanted) and any(
        words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1)
    )


def _eliminate(options: dict[str, set[str]]) -> dict[str, str] | None:
    """Assign what has one option left, until all is assigned; None when that does not come about."""
    open_options = {name: set(found) for name, found in options.items()}
    pairs: dict[str, str] = {}
    while open_options:
        single = next((name for name, found in open_options.items() if len(found) == 1), None)
        if single is None:
            return None
        (taken,) = open_options.pop(single)
        pairs[single] = taken
        for found in open_options.values():
            found.discard(taken)
    return {name: pairs[name] for name in options}
