"""A trial without what tells whose it is."""

from mocap.export.privacy.deidentify import Deidentified, deidentified
from mocap.export.privacy.key import Alias, alias_of, default_key, forget, known_alias
from mocap.export.privacy.search import places_of
from mocap.export.privacy.words import Vocabulary

__all__ = [
    "Alias", "Deidentified", "Vocabulary", "alias_of", "default_key", "deidentified", "forget", "known_alias",
    "places_of",
]  # fmt: skip
