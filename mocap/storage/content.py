"""A trial as its file holds it, without the file: the types of the file, and one digest of all that it says."""

from mocap.storage.decode import decode
from mocap.storage.encode import encode
from mocap.storage.integrity import digests, integrity_group
from mocap.trial import Trial


def as_stored(trial: Trial) -> Trial:
    """Return a trial as it comes back from its file: what is computed from it is the same before and after writing.

    Raises
    ------
    TrialFileError
        As `encode`.
    """
    return decode(encode(trial))


def content_sha256(trial: Trial) -> str:
    """Return the digest of everything that the file of a trial would hold.

    Raises
    ------
    TrialFileError
        As `encode`.
    """
    return str(integrity_group(digests(encode(trial))).attributes["content_sha256"])
