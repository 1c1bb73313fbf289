"""Which words may stay, and how all others are taken out of a text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mocap.export.privacy.dates import without_dates

REMOVED = "[removed]"
_SHORTEST_WHOLE, _SHORTEST_PART = 2, 4
_TOKENS = re.compile(r"(?<![.\d])\d+|[^\W\d_]+")  # digits behind a point are no one's number
_NAME = re.compile(r"[A-Z][a-z]+")
_FAR = 40  # characters within which the next word stands
_BESIDE = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]")  # of camel case, too
_DIGITS = re.compile(r"\d+")
_BETWEEN = re.compile(r"[ _.\-]*")  # the parts of a label
_MOST_DIGITS = 2  # of a label of the field (T12, MT5): more may be somebody's number
_AGAIN = re.compile(r"#\d{1,2}")  # a program's mark of a label that was there before
_LONGEST_NUMBER, _SHORTEST_NUMBER = 3, 6  # of a figure that may stay; of one that may be somebody's number
_AXES = frozenset("xyzXYZrlms")  # and sides and units
_LONGEST_LABEL = 32
_CAMERA = re.compile(r"(?i)(cam|camera|c)[_ -]?\d{1,2}")  # longer ones are serial numbers


@dataclass(frozen=True)
class Vocabulary:
    """What is known to tell nothing of a person.

    Attributes
    ----------
    labels : frozenset of str
        Names of markers, keypoints, segments, angles, channels and events as programs write them.
    words : frozenset of str
        Words of the field, in lower case.
    parts : frozenset of str
        Parts of the body and of the names of markers, in lower case: a label made of these alone is one of the field.
    program : frozenset of str
        Every word that this program itself can say, as it writes it.
    pairs : frozenset of (str, str)
        Words that stand beside each other in what this program says: names (Baker 2001) stay there alone.
        The second is empty where anything may follow.
    measures : frozenset of str
        Words of the names of measures of a body, before their unit: leg, length.
    methods : frozenset of str
        Names of methods, some of them called after their authors.
    figures : frozenset of str
        Names of figures that mean something here, without their sides: `load_kg`, `beighton`.
    events : frozenset of str
        Labels of events, as they are written here and by other programs.
    """

    labels: frozenset[str]
    words: frozenset[str]
    parts: frozenset[str] = frozenset()
    program: frozenset[str] = frozenset()
    figures: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    measures: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()

    def is_label(self, name: str) -> bool:
        """Whether a name is one of the field, not one that somebody made up; `#2` may follow."""
        first, mark, again = name.partition("#")
        if mark and _AGAIN.fullmatch(mark + again):
            name = first
        if name in self.labels or _CAMERA.fullmatch(name):
            return True
        parts, rest = _HUMPS.findall(name), _HUMPS.sub("", name)
        if not parts or len(name) > _LONGEST_LABEL or not _BETWEEN.fullmatch(_DIGITS.sub("", rest)):
            return False
        n_digits = sum(map(len, _DIGITS.findall(rest)))
        return n_digits <= _MOST_DIGITS and all(part.lower() in self.parts for part in parts)

    def is_name(self, name: str) -> bool:
        """Whether this program can have named a step, a setting or a column so: in its words, with few digits."""
        words = _LETTERS.findall(name)
        if sum(map(str.isdigit, name)) > _LONGEST_NUMBER or any(_NAME.fullmatch(word) for word in words):
            return False
        return bool(words) and all(word in self.program or self.is_label(word) for word in words)

    def is_plain(self, text: str) -> bool:
        """Whether all words of a text are words of the field, written small, with one short number at most."""
        figures = _DIGITS.findall(text)
        if len(figures) > 1 or any(len(figure) > _LONGEST_NUMBER for figure in figures):
            return text in self.labels
        return text in self.labels or all(word in self.words or word in _AXES for word in _LETTERS.findall(text))


@dataclass
class Scrubber:
    """Takes identifiers out of texts; it learns them first, from all places of a trial.

    Attributes
    ----------
    vocabulary : Vocabulary
    renamed : dict of str to str
        Names that get others, wherever they stand.
    identifiers : set of str
        What has to be gone in the end: whole entries, and their parts that are no words of the field.
    """

    vocabulary: Vocabulary
    renamed: dict[str, str] = field(default_factory=dict)
    identifiers: set[str] = field(default_factory=set)
    _pattern: re.Pattern[str] | None = None

    def learn(self, *texts: str, sentences: bool = False) -> None:
        """Take texts for identifying, whole and in parts; of sentences those parts alone that are no common words."""
        for text in (text.strip() for text in texts):
            if len(text) >= _SHORTEST_WHOLE and not self.vocabulary.is_plain(text):
                self.identifiers.add(text)
            self.identifiers |= {part for part in _PARTS.findall(text) if self._tells(part, sentences)}
        self._pattern = None

    def rename(self, name: str, new: str) -> None:
        """Give a name another one, wherever it stands."""
        self.renamed[name] = new
        self.learn(name)

    def scrubbed(self, text: str) -> str:
        """Return a text with names renamed and identifiers taken out, and whatever this program cannot have said."""
        if self._pattern is None:
            known = sorted({*self.renamed, *self.identifiers} - {""}, key=lambda one: (-len(one), one))
            # Whole words alone: a code of two letters is part of many others.
            inner = "|".join(re.escape(one) for one in known)
            self._pattern = re.compile(rf"(?<![^\W_])(?:{inner})(?![^\W_])" if inner else r"(?!)")
        rest = self._pattern.sub(lambda found: self.renamed.get(found[0], REMOVED), without_dates(text, REMOVED))
        return _TOKENS.sub(lambda found: found[0] if self._may_stand(found) else REMOVED, rest)

    def is_said(self, text: str) -> bool:
        """Whether this program can have said a whole text."""
        found = _TOKENS.finditer(text)
        return without_dates(text, REMOVED) == text and all(map(self._may_stand, found))

    def all_scrubbed(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return texts with names renamed and identifiers taken out."""
        return tuple(self.scrubbed(text) for text in texts)

    def _may_stand(self, found: re.Match[str]) -> bool:
        return self._may_be_said(found[0]) and (not _NAME.fullmatch(found[0]) or self._is_beside_its_own(found))

    def _is_beside_its_own(self, found: re.Match[str]) -> bool:
        """Whether a word written like a name stands where this program writes it: surnames are among its words."""
        word = found[0]
        if self.vocabulary.is_label(word):
            return True
        before = _BESIDE.findall(found.string[: found.start()][-_FAR:])
        after = _BESIDE.findall(found.string[found.end() :][:_FAR])
        pairs = ((before[-1] if before else "", word), (word, after[0] if after else ""), (word, ""))
        return any(pair in self.vocabulary.pairs for pair in pairs)

    def _may_be_said(self, token: str) -> bool:
        if token.isdigit():
            return len(token) < _SHORTEST_NUMBER or token in self.vocabulary.program
        return token in self.vocabulary.program or self.vocabulary.is_label(token)

    def _tells(self, part: str, in_sentence: bool) -> bool:
        if part.isdigit():
            return len(part) >= _SHORTEST_NUMBER
        if in_sentence and part.isascii() and part.isalpha() and part.islower():
            return False
        known = self.vocabulary.is_label(part) or self.vocabulary.is_plain(part)
        return len(part) >= _SHORTEST_PART and not known
