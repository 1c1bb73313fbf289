"""Which file or folder of keypoints belongs to which camera of the calibration, found from the names alone."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from mocap.errors import KeypointError
from mocap.readers.words import few

_WORD = re.compile(r"[a-z]+|\d+|[^a-z\d ]+")
_SHOWN = 5  # names on either side
_DECLARE = "(--camera NAME=FILE, or cameras = {...} in [keypoints])"


def match_cameras(
    found: Sequence[str],
    camera_names: Sequence[str],
    declared: Mapping[str, str] | None = None,
    leave_others: bool = False,
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
    leave_others : bool
        Cameras were chosen: what is of others is not read. A name that is a camera's own to the letter is that
        camera's, and where there are more names than cameras their numbers alone tell nothing.

    Returns
    -------
    dict of str to str
        In the order of `camera_names`.

    Raises
    ------
    KeypointError
        CAMERA_COUNT when the numbers differ, or are too few where others are left; CAMERA_NAMES when the names do
        not single out every camera.
    """
    if declared is not None:
        return _declared(found, camera_names, declared)
    several = len(found) > len(camera_names)
    if len(found) < len(camera_names) or (several and not leave_others):
        raise KeypointError(
            f"The keypoints are of {len(found)} camera{'s' * (len(found) != 1)} ({few(sorted(found), _SHOWN)}), and "
            f"{len(camera_names)} of the calibration are to be used ({few(camera_names, _SHOWN)}).",
            f"Use this recording's calibration, or name each camera with its file {_DECLARE}.",
            code="CAMERA_COUNT",
        )
    own = set(found) & set(camera_names) if leave_others else set()
    pairs = _eliminate(
        {name: {name} if name in own else {other for other in found if _contains(words_of(other), words_of(name))}
         for name in camera_names}
    )  # fmt: skip
    if pairs is None and not several:
        numbers = {name: _numbers(name) for name in [*camera_names, *found]}
        pairs = _eliminate(
            {name: {other for other in found if numbers[name] and numbers[other][:1] == numbers[name][-1:]}
             for name in camera_names}
        )
    if pairs is None:
        raise KeypointError(
            f"The keypoints' names ({few(sorted(found), _SHOWN)}) do not tell of which cameras they are "
            f"({few(camera_names, _SHOWN)}).",
            f"Rename the files or folders after the cameras, or say which belongs to which {_DECLARE}.",
            code="CAMERA_NAMES",
        )
    return pairs


def _declared(found: Sequence[str], camera_names: Sequence[str], declared: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(declared) - set(camera_names))
    absent = sorted(set(declared.values()) - set(found))
    lacking = [name for name in camera_names if name not in declared]
    doubled = sorted({name for name in declared.values() if list(declared.values()).count(name) > 1})
    wrong = {"no such camera": unknown, "cameras left out": lacking, "no such file": absent, "used twice": doubled}
    said = "; ".join(f"{what}: {few(names, _SHOWN)}" for what, names in wrong.items() if names)
    if said:
        raise KeypointError(
            f"The declared cameras do not fit: {said}.",
            f"Declare each of {few(camera_names, _SHOWN)} with one of {few(sorted(found), _SHOWN)}.",
            code="CAMERA_NAMES",
        )
    return {name: declared[name] for name in camera_names}


def words_of(name: str) -> list[str]:
    """Return the words and numbers of a name, by which it is matched: cam and 1 of `Cam_01`; in any script."""
    plain = unicodedata.normalize("NFKC", name).casefold()  # file systems part a letter from its accent
    # Signs of vowels are marks that no class of letters holds.
    told = "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in plain)
    return [part.lstrip("0") or "0" if part.isdecimal() else part for part in _WORD.findall(told)]


def _numbers(name: str) -> list[str]:
    return [word for word in words_of(name) if word.isdigit()]


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
