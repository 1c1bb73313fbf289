"""Who is learned from, and who is tested on: every person in one split alone, views and movements spread evenly."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from mocap.errors import ExportError

SPLITS = ("train", "val", "test")


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


def check_no_leak(split_of: Mapping[tuple[str, str], str], digests: Mapping[tuple[str, str], str]) -> None:
    """Refuse splits that share a person, or a recording under two names.

    Parameters
    ----------
    split_of : mapping of (subject, recording) to str
        As written.
    digests : mapping of (subject, recording) to str
        Of the points of the recording.

    Raises
    ------
    ExportError
        DATASET_LEAK
    """
    people: dict[str, str] = {}
    contents: dict[str, tuple[str, str]] = {}
    for key, split in sorted(split_of.items()):
        subject = key[0]
        if people.setdefault(subject, split) != split:
            raise ExportError(
                f"{subject} is in {people[subject]} and in {split}.", "Report this: nothing was written.",
                code="DATASET_LEAK",
            )  # fmt: skip
        first = contents.setdefault(digests[key], key)
        if first[0] != subject:
            raise ExportError(
                f"Recording {key[1]} of {subject} is the same as {first[1]} of {first[0]}.",
                "One of both has the wrong subject_code: mend it in session.toml, or leave one of them out.",
                code="DATASET_LEAK",
            )  # fmt: skip
