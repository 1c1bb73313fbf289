"""Marker sets: which label of a file is which landmark. The sets themselves are data in `configs/marker_sets`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mocap.config.presets import preset_names, preset_path
from mocap.errors import KinematicsError

KINDS = ("markers", "keypoints")
MIN_FOUND = 4


@dataclass(frozen=True)
class MarkerSet:
    """Labels of one convention of placing markers or naming keypoints.

    Attributes
    ----------
    name, description : str
    kind : str
        `markers` (on anatomical landmarks or plates) or `keypoints` (a pose detector's idea of joint centres).
    labels : mapping of str to tuple of str
        Canonical name of a landmark to the labels it goes by, the preferred one first.
    """

    name: str
    description: str
    kind: str
    labels: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Matched:
    """A marker set found among the labels of a recording.

    Attributes
    ----------
    marker_set : MarkerSet
    label_of : mapping of str to str
        Canonical name to the label of the recording, for those that are there.
    missing : tuple of str
        Preferred labels of the set that are not there.
    """

    marker_set: MarkerSet
    label_of: Mapping[str, str]
    missing: tuple[str, ...]


def read_marker_set(name: str) -> MarkerSet:
    """Return the marker set of that name from `configs/marker_sets`.

    Raises
    ------
    ConfigError
        When there is none; names the nearest.
    KinematicsError
        MARKER_SET_FILE when the file contradicts itself.
    """
    content = tomllib.loads(preset_path("marker_sets", name).read_text(encoding="utf-8"))
    labels = {landmark: tuple(aliases) for landmark, aliases in content.get("landmarks", {}).items()}
    flat = [alias.casefold() for aliases in labels.values() for alias in aliases]
    doubled = sorted({alias for alias in flat if flat.count(alias) > 1})
    if content.get("kind") not in KINDS or not labels or doubled:
        raise KinematicsError(
            f"Marker set '{name}' has kind {content.get('kind')!r}, {len(labels)} landmarks, doubled labels {doubled}.",
            f"Give a kind out of {KINDS} and every label once.",
            code="MARKER_SET_FILE",
        )
    return MarkerSet(name, str(content.get("description", "")), content["kind"], MappingProxyType(labels))


def match(marker_set: MarkerSet, labels: Sequence[str]) -> Matched:
    """Find the landmarks of a set among labels; a subject's prefix (`A22:LASI`) and the case do not matter.

    Raises
    ------
    KinematicsError
        TWO_SUBJECTS when two labels stand for one landmark, as in a recording of two people.
    """
    by_plain: dict[str, list[str]] = {}
    for label in labels:
        by_plain.setdefault(label.rsplit(":", 1)[-1].casefold(), []).append(label)
    found: dict[str, str] = {}
    missing = []
    for landmark, aliases in marker_set.labels.items():
        hits = next((by_plain[alias.casefold()] for alias in aliases if alias.casefold() in by_plain), [])
        if len(hits) > 1:
            raise KinematicsError(
                f"Labels {sorted(hits)} all stand for {landmark}.",
                "Keep the markers of one person: one subject prefix per recording.",
                code="TWO_SUBJECTS",
            )
        if hits:
            found[landmark] = hits[0]
        else:
            missing.append(aliases[0])
    return Matched(marker_set, MappingProxyType(found), tuple(missing))


def find_marker_set(labels: Sequence[str]) -> Matched:
    """Return the known marker set that explains most of the labels.

    Sets that read the labels in the same way are not told apart: the more complete one is returned.

    Raises
    ------
    KinematicsError
        MARKER_SET_UNKNOWN when no set has four landmarks or more there, MARKER_SET_AMBIGUOUS when two sets explain
        as many labels in different ways.
    """
    matches = [match(read_marker_set(name), labels) for name in preset_names("marker_sets")]
    matches.sort(key=lambda m: (-len(m.label_of), len(m.missing), m.marker_set.name))
    coverage = ", ".join(f"{m.marker_set.name} ({len(m.label_of)})" for m in matches)
    best = matches[0]
    if len(best.label_of) < MIN_FOUND:
        shown = ", ".join(list(labels)[:8])
        raise KinematicsError(
            f"The labels ({shown}, ...) belong to no known marker set; landmarks found: {coverage}.",
            "Name the marker set, or add one to configs/marker_sets.",
            code="MARKER_SET_UNKNOWN",
        )
    rivals = [m for m in matches[1:] if len(m.label_of) == len(best.label_of) and m.label_of != best.label_of]
    if rivals:
        names = ", ".join(sorted(m.marker_set.name for m in (best, *rivals)))
        raise KinematicsError(
            f"The labels fit several marker sets equally well: {names}.",
            "Name the marker set.",
            code="MARKER_SET_AMBIGUOUS",
        )
    return best


def resolve(labels: Sequence[str], marker_set: str | MarkerSet | None) -> Matched:
    """Return the given marker set, or the one found, matched to the labels.

    Raises
    ------
    KinematicsError
        MARKER_SET_MISMATCH when the given set has no landmark there; those of `find_marker_set`.
    """
    if marker_set is None:
        return find_marker_set(labels)
    chosen = read_marker_set(marker_set) if isinstance(marker_set, str) else marker_set
    matched = match(chosen, labels)
    if not matched.label_of:
        raise KinematicsError(
            f"None of the {len(labels)} labels belongs to marker set '{chosen.name}'.",
            "Leave the marker set out to have it found, or name the right one.",
            code="MARKER_SET_MISMATCH",
        )
    return matched
