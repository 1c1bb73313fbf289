"""Marker sets: which label of a file is which landmark. The sets themselves are data in `configs/marker_sets`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from calibration.text_files import read_limited
from calibration.toml_files import MOST_BYTES, parse_toml
from mocap.config.presets import preset_names, preset_path
from mocap.errors import KinematicsError

KINDS = ("markers", "keypoints", "mixed")
_KEYS = {"description", "kind", "told_by", "optional", "keypoints", "landmarks"}
MIN_FOUND = 4


@dataclass(frozen=True)
class MarkerSet:
    """Labels of one convention of placing markers or naming keypoints.

    Attributes
    ----------
    name, description : str
    kind : str
        `markers` (on anatomical landmarks or plates), `keypoints` (a pose detector's idea of joint centres), or
        `mixed`: markers but for those named in `keypoints`.
    labels : mapping of str to tuple of str
        Canonical name of a landmark to the labels it goes by, the preferred one first.
    keypoints : frozenset of str
        Landmarks of a mixed set that a pose detector found.
    told_by : tuple of str
        Labels of which one has to be there for the set to be found by itself; any will do where there are none.
    optional : frozenset of str
        Landmarks that recordings of this set may do without, so that they are not called missing.
    """

    name: str
    description: str
    kind: str
    labels: Mapping[str, tuple[str, ...]]
    keypoints: frozenset[str] = frozenset()
    told_by: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Matched:
    """A marker set found among the labels of a recording.

    Attributes
    ----------
    marker_set : MarkerSet
    label_of : mapping of str to str
        Canonical name to the label of the recording, for those that are there.
    missing : tuple of str
        Preferred labels of the set that are not there; without those of optional landmarks.
    """

    marker_set: MarkerSet
    label_of: Mapping[str, str]
    missing: tuple[str, ...]


def read_marker_set(name: str) -> MarkerSet:
    """Return the marker set of that name from `configs/marker_sets`, or that of a file, whose path ends in `.toml`.

    Raises
    ------
    ConfigError
        When there is none; names the nearest.
    KinematicsError
        MARKER_SET_FILE when the file cannot be read, or contradicts itself.
    """
    own = name.lower().endswith(".toml")
    path = Path(name) if own else preset_path("marker_sets", name)
    try:
        stamp = path.stat()
        return _read(path, stamp.st_mtime_ns, stamp.st_size, path.stem if own else name)
    except (OSError, ValueError) as error:
        raise KinematicsError(
            f"The marker set file '{path.name}' cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Give a TOML file like those of the presets.",
            code="MARKER_SET_FILE",
        ) from error


@lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int, size: int, name: str) -> MarkerSet:
    """Read a file once, and anew when it has changed: all sets are read to find the one of a recording."""
    return marker_set_of(name, parse_toml(read_limited(path, MOST_BYTES)))


def marker_set_of(name: str, content: Mapping[str, object]) -> MarkerSet:
    """Return the marker set that the content of a file describes.

    Raises
    ------
    KinematicsError
        MARKER_SET_FILE, with all that is wrong.
    """
    table = content.get("landmarks", {})
    labels = {key: _words(value) for key, value in table.items()} if isinstance(table, Mapping) else {}
    lists = {key: _words(content.get(key, [])) for key in ("told_by", "optional", "keypoints")}
    wrong = _faults(content, table, labels, lists)
    if wrong:
        raise KinematicsError(
            f"Marker set '{name}': {'; '.join(wrong)}.",
            f"Give kind (one of {', '.join(KINDS)}) and [landmarks] with a list of labels for each, every label once.",
            code="MARKER_SET_FILE",
        )
    return MarkerSet(
        name, str(content.get("description", "")), str(content["kind"]), MappingProxyType(labels),
        frozenset(lists["keypoints"]), lists["told_by"], frozenset(lists["optional"]),
    )  # fmt: skip


def _are_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) and word for word in value)


def _words(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) and _are_words(value) else ()


def _faults(
    content: Mapping[str, object],
    table: object,
    labels: Mapping[str, tuple[str, ...]],
    lists: Mapping[str, tuple[str, ...]],
) -> list[str]:
    flat = [alias.casefold() for aliases in labels.values() for alias in aliases]
    named = list(table) if isinstance(table, Mapping) else []
    found = {
        "unknown entries": sorted(set(content) - _KEYS),
        "no list of labels": [name for name in named if not labels.get(name)],
        "doubled labels": sorted({alias for alias in flat if flat.count(alias) > 1}),
        "told by labels it has not": [label for label in lists["told_by"] if label.casefold() not in flat],
        "not among its landmarks": sorted({*lists["optional"], *lists["keypoints"]} - set(labels)),
        "not a list of words": [key for key in lists if key in content and not _are_words(content[key])],
    }
    wrong = [f"{what} ({', '.join(names)})" for what, names in found.items() if names]
    if content.get("kind") not in KINDS:
        wrong.append(f"kind is {content.get('kind')!r}")
    if bool(lists["keypoints"]) != (content.get("kind") == "mixed"):
        wrong.append("keypoints are named for the kind 'mixed', and for no other")
    return [*wrong, *([] if labels else ["it has no landmarks"])]


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
        elif landmark not in marker_set.optional:
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
    known = [read_marker_set(name) for name in preset_names("marker_sets")]
    matches = [match(one, labels) for one in known if _is_told(one, labels)]
    matches.sort(key=lambda m: (-len(m.label_of), len(m.missing), m.marker_set.name))
    coverage = ", ".join(f"{m.marker_set.name} ({len(m.label_of)})" for m in matches)
    best = matches[0]
    if len(best.label_of) < MIN_FOUND:
        shown = ", ".join(list(labels)[:8])
        raise KinematicsError(
            f"The labels ({shown}, ...) belong to no known marker set; landmarks found: {coverage}.",
            "Name the marker set, or give a file of your own (--marker-set our_set.toml).",
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


def _is_told(marker_set: MarkerSet, labels: Sequence[str]) -> bool:
    there = {label.rsplit(":", 1)[-1].casefold() for label in labels}
    return not marker_set.told_by or any(label.casefold() in there for label in marker_set.told_by)


def resolve(labels: Sequence[str], marker_set: str | MarkerSet | None) -> Matched:
    """Return the given marker set (its name, or the path of its file), or the one found, matched to the labels.

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
