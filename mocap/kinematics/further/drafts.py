"""Measures before their uncertainties are known: all of a trial's are computed in one pass."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.further.coordinates import sds_of
from mocap.kinematics.traced import Scalar
from mocap.trial import Measure

_NO_FRAME = "no frame shows all it needs"


@dataclass(frozen=True)
class Words:
    """What a measure is."""

    name: str
    unit: str
    definition: str
    positive: str


def _only(sds: Sequence[NDArray]) -> NDArray:
    return sds[0]


@dataclass(frozen=True, eq=False)
class Draft:
    """A measure with the scalars that its uncertainty is made of.

    Attributes
    ----------
    words : Words
    values : ndarray, shape (time,) or (time, 3)
    method, reason : str
    scalars : tuple of Scalar
    spread : callable
        Their standard uncertainties, shape (time,) each, to that of the values.
    reach : int
        How many frames before and after one its value is made of.
    also : collection of str
        Points that the values are made of beside those of the scalars, as far as they are traced.
    by_heading : collection of str or None
        The points that show the heading, where it is traced; None where the values do not depend on it.
    """

    words: Words
    values: NDArray
    method: str = ""
    reason: str = ""
    scalars: tuple[Scalar, ...] = ()
    spread: Callable[[Sequence[NDArray]], NDArray] = _only
    reach: int = 0
    also: Collection[str] = ()
    by_heading: Collection[str] | None = None

    def sources(self, *, heading: bool) -> frozenset[str]:
        """Return the points that the values are made of; with those of the heading on asking."""
        own = frozenset(source for scalar in self.scalars for source in scalar.grad)
        return own | frozenset(self.also) | frozenset(self.by_heading or () if heading else ())


def lost(words: Words, reason: str, shape: tuple[int, ...]) -> Draft:
    """Return a measure that is not observable."""
    return Draft(words, np.full(shape, np.nan), reason=reason)


def stacked(sds: Sequence[NDArray]) -> NDArray:
    """Return standard uncertainties side by side."""
    return np.stack(sds, axis=1)


def finished(drafts: Sequence[Draft], covariances: Mapping[str, NDArray]) -> tuple[Measure, ...]:
    """Return the measures with their uncertainties."""
    scalars = list({id(scalar): scalar for draft in drafts for scalar in draft.scalars}.values())
    sds = dict(zip(map(id, scalars), sds_of(scalars, covariances), strict=True)) if covariances else {}
    return tuple(_finish(draft, sds) for draft in drafts)


def _finish(draft: Draft, sds: Mapping[int, NDArray]) -> Measure:
    words = draft.words
    sd = draft.spread([sds[id(scalar)] for scalar in draft.scalars]) if draft.scalars and sds else None
    reason = draft.reason
    # What was computed, and of which no value came of it, is not explained by what merely limits it.
    if draft.method and "no frame" not in reason and not np.isfinite(draft.values).any():
        reason = f"{_NO_FRAME}; {reason}" if reason else _NO_FRAME
    return Measure(
        words.name, draft.values, words.unit, words.definition, words.positive, draft.method,
        sd, reason,  # type: ignore[arg-type]  # None is unknown
    )  # fmt: skip
