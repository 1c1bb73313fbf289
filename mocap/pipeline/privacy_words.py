"""The words of the field: what the presets call things, and what this program calls them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mocap.config.circumstances import NAMES
from mocap.config.presets import configs_folder
from mocap.export.privacy import Vocabulary
from mocap.kinematics.definitions import ANGLE_NAMES

_LOWER = re.compile(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])")
_FOLDERS = ("marker_sets", "skeletons", "plates", "model_points")
_SPACE = re.compile(r"\s")
_WORDS = (
    "stated inferred given imported detected edited absolute static squat hinge gait lunge knee wall sit stand other "
    "barefoot shoes shoe flat heel heels wedge plate plates back front goblet bodyweight high low bar dumbbell kettlebell "
    "narrow wide hip hips shoulder width toes out none mild moderate severe left right before after pre post trial nominal "
    "rate timestamps motion flash sound mm cm kg deg sd file files height mass width thickness offset length neutral quiet "
    "markerless harrington hara bell regression functional sphere age"
)
_PARTS = (
    "l r left right upper lower mid med medial lat lateral ant anterior post posterior prox proximal dist distal front back "
    "top bottom in out inner outer head neck chest sternum clavicle scapula shoulder elbow wrist hand finger thumb thorax "
    "trunk spine lumbar sacrum pelvis asis psis iliac crest hip thigh femur femoral knee patella shank tibia fibula calf ankle "
    "malleolus heel calc calcaneus foot toe hallux metatarsal humerus radius ulna forearm arm leg cluster marker joint center "
    "centre hjc kjc ajc reg func origin axis acromion jaw ear eye nose reg"
)
# The axes of Plug-in Gait's segments, which it writes as points: origin, anterior, lateral, proximal.
_SEGMENTS = ("PEL", "TRX", "HED", *(f"{side}{part}" for side in "LR" for part in (
    "FE", "TI", "TO", "FO", "CL", "HU", "RA", "HN",
)))  # fmt: skip
_LABELS = (
    "Foot Strike", "Foot Off", "Event", "General", "Left", "Right", "initial_contact", "final_contact",
    "Fx", "Fy", "Fz", "Mx", "My", "Mz",
)  # fmt: skip


def vocabulary() -> Vocabulary:
    """Return the labels and words that tell nothing of a person."""
    folder = configs_folder()
    labels = {text for kind in _FOLDERS for path in sorted((folder / kind).glob("*.toml")) for text in _texts(path)}
    words = {word for path in sorted(folder.rglob("*.toml")) for word in _LOWER.findall(path.read_text("utf-8"))}
    axes = {f"{segment}{end}" for segment in _SEGMENTS for end in "OALP"}
    names = {*axes, *ANGLE_NAMES, *NAMES, *_LABELS}
    spoken = {part for name in (*ANGLE_NAMES, _WORDS, _PARTS) for part in _LOWER.findall(name.replace("_", " "))}
    return Vocabulary(frozenset(labels | names), frozenset(words | spoken), frozenset(_PARTS.split()))


def _texts(path: Path) -> Iterator[str]:
    """Keys and strings of a preset that are one word each."""
    yield from (text for text in _walk(tomllib.loads(path.read_text("utf-8"))) if not _SPACE.search(text))


def _walk(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, inner in content.items():
            yield name
            yield from _walk(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _walk(inner)
