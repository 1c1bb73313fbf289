"""The words of the field: what the presets call things, and what this program calls them."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import calibration
import mocap
from mocap.assessment.decisions import rejected_label
from mocap.assessment.edits import accepted_label, repetition_labels
from mocap.config.circumstances import NAMES
from mocap.config.presets import configs_folder
from mocap.export.privacy import Vocabulary
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.kinematics.hip_centre import METHODS
from mocap.trial.c3d_words import EVENTS

_LOWER = re.compile(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])")
_ANY = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W_]+")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_BEFORE_OTHER = re.compile(r"\b([A-Z][a-z]+)\W{0,3}\{")  # what it stands beside is known in a sentence alone
_UNSAID = re.compile(rf'"""(?:.|\n)*?"""|#[^\n]*|({_STRING.pattern})')  # docstrings and comments, not what is quoted
_FOLDERS = ("marker_sets", "skeletons", "plates", "model_points")
_SPACE = re.compile(r"\s")
# The axes of Plug-in Gait's segments, which it writes as points: origin, anterior, lateral, proximal.
_SEGMENTS = ("PEL", "TRX", "HED", *(f"{side}{part}" for side in "LR" for part in (
    "FE", "TI", "TO", "FO", "CL", "HU", "RA", "HN",
)))  # fmt: skip


@cache
def vocabulary() -> Vocabulary:
    """Return the labels and words that tell nothing of a person."""
    folder = configs_folder()
    listed = tomllib.loads((folder / "privacy" / "words.toml").read_text("utf-8"))
    labels = {text for kind in _FOLDERS for path in sorted((folder / kind).glob("*.toml")) for text in _texts(path)}
    words = {word for path in sorted(folder.rglob("*.toml")) for word in _LOWER.findall(path.read_text("utf-8"))}
    axes = {f"{segment}{end}" for segment in _SEGMENTS for end in "OALP"}
    presets = {path.stem for path in folder.rglob("*.toml")}
    labels = {label for label in labels if len(label) > 1}
    names = {*axes, *presets, *ANGLE_NAMES, *NAMES, *listed["labels"]}
    said, pairs = _said(folder)
    tasks = [path.stem for path in (folder / "protocols").glob("*.toml")]
    repetitions = [label for task in tasks
                   for label in (*repetition_labels(task), accepted_label(task), rejected_label(task))]  # fmt: skip
    words |= {part for name in ANGLE_NAMES for part in _LOWER.findall(name.replace("_", " "))}
    return Vocabulary(
        frozenset(labels | names), frozenset(words), frozenset(listed["parts"]), frozenset(said | words),
        frozenset((*NAMES, *listed["figures"])),
        frozenset((*listed["events"], *EVENTS, *EVENTS.values(), *repetitions)), frozenset(pairs),
        measures=frozenset((*listed["parts"], *listed["measures"], *"_".join(ANGLE_NAMES).split("_"))),
        methods=frozenset(METHODS),
    )  # fmt: skip


def _said(folder: Path) -> tuple[set[str], set[tuple[str, str]]]:
    """Words of which this program makes its sentences, and which of its texts stand beside each other.

    Comments and docstrings are not said; they name the authors of papers.
    """
    roots = [Path(package.__file__ or "").parent for package in (mocap, calibration)]
    words: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for path in (path for root in roots for path in root.rglob("*.py")):
        code = _UNSAID.sub(lambda found: found[1] or "", path.read_text("utf-8"))
        words.update(_ANY.findall(code))
        pairs.update(pair for text in _STRING.findall(code) for pair in _beside(text))
    pairs.update(pair for path in folder.rglob("*.toml") for text in _walk(tomllib.loads(path.read_text("utf-8")))
                 for pair in _beside(text))  # fmt: skip
    return words, pairs


def _beside(text: str) -> Iterator[tuple[str, str]]:
    words = _WORD.findall(text)
    yield from pairwise(words)
    yield from ((word, "") for word in _BEFORE_OTHER.findall(text))


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
