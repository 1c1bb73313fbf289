"""Skeletons: keypoint names in a detector's order, bones to draw, and the side of a name."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocap.config.presets import preset_names, preset_path
from mocap.errors import ConfigError

_SIDE = re.compile(
    r"^(?:(?P<word>left|right)(?:[_ .-]|(?=[A-Z])|(?=[a-z]{3}))"  # left_hip, LeftHip, lefthip
    r"|(?P<dotted>[lr])[_.\- ]"  # r.ASIS, l_knee
    r"|(?P<capital>[LR])(?=[A-Z0-9][A-Za-z0-9]))",  # LKnee, RASI
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"[_.\- ](l|r|left|right)$", re.IGNORECASE)
# Names that begin like a side but are of the midline.
_MIDLINE = {"LUMBAR", "RIB", "ROOT", "LOIN", "LSPINE", "LPELVIS"}


@dataclass(frozen=True)
class Skeleton:
    """Keypoint names in the order of a detector's output, and the bones that join them.

    Attributes
    ----------
    name : str
    keypoints : tuple of str
    bones : tuple of (str, str)
    ordered : bool
        The order is a detector's; else the names are labels, which files hold in any order.
    """

    name: str
    keypoints: tuple[str, ...]
    bones: tuple[tuple[str, str], ...]
    ordered: bool = True


def read_skeleton(name: str) -> Skeleton:
    """Return a skeleton of `configs/skeletons`, by any spelling of its name (`BODY_25B`, `body-25b`), or of a file.

    Parameters
    ----------
    name : str
        Name of a preset, or the path of a skeleton of the lab's own, which ends in `.toml`: `keypoints` in the order
        of the detector, and `bones` as pairs of them.

    Raises
    ------
    ConfigError
        When there is none of that name, or its file contradicts itself.
    SourceError
        When there is no such file.
    """
    if name.lower().endswith(".toml"):
        from mocap.config.build import read_toml  # heavy

        path = Path(name)
        return _checked(path.stem, read_toml(path), str(path))
    wanted = name.lower().replace("-", "_").replace(" ", "_")
    content = tomllib.loads(preset_path("skeletons", wanted).read_text(encoding="utf-8"))
    return _checked(wanted, content, f"'{name}' in configs/skeletons")


def _checked(name: str, content: dict[str, Any], source: str) -> Skeleton:
    keypoints: Any = content.get("keypoints")
    bones, ordered = content.get("bones", []), content.get("ordered", True)
    unknown = sorted(set(content) - {"title", "keypoints", "bones", "ordered"})
    names = isinstance(keypoints, list) and bool(keypoints) and all(isinstance(k, str) and k for k in keypoints)
    pairs = isinstance(bones, list) and all(isinstance(bone, list) and len(bone) == 2 for bone in bones)
    if unknown or not names or not pairs or not isinstance(ordered, bool):
        raise ConfigError(
            f"Skeleton {source} has unknown keys {unknown}, or keypoints, bones or 'ordered' of another form.",
            'Give keypoints = ["name", ...] and bones = [["name", "name"], ...].',
            code="SKELETON_FILE",
        )
    stray = sorted({str(end) for bone in bones for end in bone} - set(keypoints))
    if stray or len(set(keypoints)) != len(keypoints):
        raise ConfigError(
            f"Skeleton {source} has doubled keypoints, or bones that end in unknown ones: {stray}.",
            "Mend the file.",
            code="SKELETON_FILE",
        )
    return Skeleton(name, tuple(keypoints), tuple((first, second) for first, second in bones), ordered)


def bones_among(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the bones, of the known skeleton that draws most of them, whose ends are all among `names`."""
    present = set(names)
    best: tuple[tuple[str, str], ...] = ()
    for preset in preset_names("skeletons"):
        bones = tuple(bone for bone in read_skeleton(preset).bones if present.issuperset(bone))
        if len(bones) > len(best):
            best = bones
    return best


def side_of(name: str) -> str:
    """Return `left`, `right` or `centre` for a keypoint, marker or angle name.

    Understands `LKnee`, `RASIS`, `r_knee`, `L.ASIS`, `left_hip`, `hip_flexion_r` and a subject prefix `A22:`.
    Spinous levels (`L1` to `L5`) are of the centre.
    """
    plain = name.rsplit(":", 1)[-1]
    if plain.upper() in _MIDLINE or re.fullmatch(r"[LTCS]\d{1,2}(_\w+)?", plain, re.IGNORECASE):
        return "centre"
    found = _SIDE.match(plain)
    letter = (found.group("word") or found.group("dotted") or found.group("capital")) if found else None
    if found and found.group("capital") and plain[0].islower():
        letter = None  # 'lumbar', 'ribs': a small first letter without a separator is no side
    if letter is None:
        ending = _SUFFIX.search(plain)
        letter = ending.group(1) if ending else "centre"
    return {"l": "left", "r": "right"}.get(letter[0].lower(), "centre")
