"""Answers of yes, no and not known, and how they join."""

from collections.abc import Sequence
from dataclasses import dataclass

from mocap.trial import Rule

_WORDS = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True)
class Finding:
    """One condition of a rule.

    Attributes
    ----------
    holds : bool or None
        None where it cannot be told.
    words : str
        With its numbers and limit; what is lacking where it cannot be told.
    whole : bool
        Whether the words already say what holds: those of several conditions.
    """

    holds: bool | None
    words: str
    whole: bool = False

    @property
    def told(self) -> str:
        """Its words, and whether it holds."""
        return self.words if self.whole else f"{self.words} ({_WORDS[self.holds]})"


def all_of(findings: Sequence[Finding]) -> bool | None:
    """Return whether all hold: one that does not decides it, whatever is not known (Kleene's logic)."""
    held = [one.holds for one in findings]
    return False if False in held else None if None in held else True


def any_of(findings: Sequence[Finding]) -> bool | None:
    """Return whether any holds: one that does decides it, whatever is not known."""
    held = [one.holds for one in findings]
    return True if True in held else None if None in held else False


def joined(holds: bool | None, findings: Sequence[Finding]) -> Finding:
    """Return several conditions as one."""
    return Finding(holds, " and ".join(one.told for one in findings), whole=True)


def rule(name: str, holds: bool | None, findings: Sequence[Finding], evidence: str) -> Rule:
    """Return the answer of a rule with all of its numbers."""
    answer = {True: "supported", False: "not supported", None: "not assessable"}[holds]
    return Rule(name, answer, "; ".join(one.told for one in findings), evidence)
