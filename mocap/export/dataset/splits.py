"""Who is learned from, and who is tested on: every person in one split alone, views and movements spread evenly."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from mocap.errors import ExportError

SPLITS = ("train", "val", "test")
_REPORT = "Report this: nothing was written."


def checked_shares(shares: Sequence[float]) -> tuple[float, float, float]:
    """Return the shares of train, val and test, which sum up to 1.

    Raises
    ------
    ExportError
        DATASET_SPLIT
    """
    made = tuple(float(share) for share in shares)
    if len(made) != 3 or not all(0 <= share <= 1 for share in made) or abs(sum(made) - 1) > 1e-9:
        raise ExportError(
            f"'{', '.join(f'{share:g}' for share in made)}' are no shares of train, val and test.",
            "Give three shares that sum up to 1, such as --split 0.7,0.15,0.15.", code="DATASET_SPLIT",
        )  # fmt: skip
    return made[0], made[1], made[2]


def split_subjects(counts: Mapping[str, Mapping[str, int]], shares: Sequence[float], seed: int) -> dict[str, str]:
    """Return the split of each person.

    The largest first, each goes where most is missing of what they bring; who are equal are taken in an order that
    the seed decides.

    Parameters
    ----------
    counts : mapping of str to mapping of str to int
        By person: labelled pictures by stratum (movement and view).
    shares : sequence of float
        Of `SPLITS`.
    seed : int
    """
    whole: Counter[str] = Counter()
    for each in counts.values():
        whole.update(each)
    have: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    found = {}
    order = sorted(counts, key=lambda who: (-sum(counts[who].values()), _drawn(who, seed)))
    for who in order:
        lacks = [_lack(counts[who], have[split], whole, share) for split, share in zip(SPLITS, shares, strict=True)]
        chosen = SPLITS[lacks.index(max(lacks))]
        have[chosen].update(counts[who])
        found[who] = chosen
    return found


def _lack(brought: Mapping[str, int], have: Mapping[str, int], whole: Mapping[str, int], share: float) -> float:
    """How much of what a person brings a split still lacks, in parts of its share; none without a share."""
    if share <= 0:
        return float("-inf")
    lacking = sum(n * (1.0 - have.get(stratum, 0) / (share * whole[stratum])) for stratum, n in brought.items() if n)
    return lacking / max(sum(brought.values()), 1)


def _drawn(who: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {who}".encode()).hexdigest()


def check_recordings(digests: Mapping[tuple[str, str, str], str]) -> None:
    """Refuse a recording that is there under two people.

    Parameters
    ----------
    digests : mapping of (person, subject, recording) to str
        Of the points of the recording.

    Raises
    ------
    ExportError
        DATASET_LEAK
    """
    contents: dict[str, tuple[str, str, str]] = {}
    for key, digest in sorted(digests.items()):
        first = contents.setdefault(digest, key)
        if first[0] != key[0]:
            raise ExportError(
                f"Recording {key[2]} of {key[1]} is the same as {first[2]} of {first[1]}.",
                "One of both has the wrong subject_code: mend it in session.toml, or leave one of them out.",
                code="DATASET_LEAK",
            )  # fmt: skip


def check_people(people: Mapping[str, frozenset[str]]) -> None:
    """Refuse splits that share a person.

    Parameters
    ----------
    people : mapping of str to frozenset of str
        Who was written, by split.

    Raises
    ------
    ExportError
        DATASET_LEAK
    """
    for number, split in enumerate(SPLITS):
        for other in SPLITS[number + 1 :]:
            both = sorted(people.get(split, frozenset()) & people.get(other, frozenset()))
            if both:
                raise ExportError(f"{both[0]} is in {split} and in {other}.", _REPORT, code="DATASET_LEAK")


def check_pictures(digests: Mapping[str, str]) -> None:
    """Refuse a picture that lies in two splits under whatever name.

    Parameters
    ----------
    digests : mapping of str to str
        Of files, by their names `images/<split>/...`; others do not matter.

    Raises
    ------
    ExportError
        DATASET_LEAK
    """
    seen: dict[str, str] = {}
    for name, digest in sorted(digests.items()):
        if not name.startswith("images/"):
            continue
        first = seen.setdefault(digest, name)
        if first.split("/")[1] != name.split("/")[1]:
            raise ExportError(
                f"{first} and {name} are the same picture.",
                "One of both recordings has the wrong subject_code, or the footage of the other.", code="DATASET_LEAK",
            )  # fmt: skip
