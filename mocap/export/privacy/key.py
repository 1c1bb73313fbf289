"""The key: who is behind a pseudonym, and by how many days their dates are shifted. It lies apart from all data."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from calibration.files import write_texts
from mocap.errors import ExportError
from mocap.export.privacy.key_lock import locked

FORMAT = "mocap-key"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is misread
_WEEKS = range(52, 260)


@dataclass(frozen=True)
class Alias:
    """What stands for a person and a trial outside.

    Attributes
    ----------
    subject, trial : str
    shift_days : int
        Added to every date; whole weeks, the same in all trials of the person, so that intervals stay.
    """

    subject: str
    trial: str
    shift_days: int

    def shifted(self, text: str) -> str:
        """Return the day of a date or time in ISO 8601, shifted; empty where the text is none."""
        with suppress(ValueError):
            return (date.fromisoformat(text.strip()[:10]) + timedelta(days=self.shift_days)).isoformat()
        return ""


def default_key() -> Path:
    """Return where the key lies when nobody says: in the user's own folder, away from the recordings."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(os.environ.get("MOCAP_KEY") or Path(base) / "mocap" / "key.json")


def alias_of(key: Path, subject_code: str, trial_id: str) -> Alias:
    """Return the alias of a person and a trial; a new one is drawn and kept in the key.

    Parameters
    ----------
    key : Path
        Made, with its folder, when it is missing; readable by its owner alone.
    subject_code : str
        Empty where the trial names nobody: the trial then stands for an own person.
    trial_id : str

    Raises
    ------
    ExportError
        `KEY_BROKEN`, `KEY_BUSY`, `KEY_NOT_WRITTEN`.
    SourceError
        `WRITE_FAILED`.
    """
    name = subject_code or f"trial {trial_id}"
    person = _read(key)["subjects"].get(name)
    if person is None or trial_id not in person["trials"]:
        with locked(key):
            person = _with_trial(key, name, trial_id)
    return Alias(str(person["alias"]), str(person["trials"][trial_id]), int(person["shift_days"]))


def _with_trial(key: Path, name: str, trial_id: str) -> dict[str, Any]:
    """Return a person with a trial, of which another process may have told the key meanwhile."""
    content = _read(key)
    people: dict[str, Any] = content["subjects"]
    person: dict[str, Any] = people.setdefault(name, {})
    if not person:
        taken = {one.get("alias") for one in people.values()}
        person |= {"alias": _new(taken), "shift_days": -7 * secrets.choice(_WEEKS), "trials": {}}
    trials: dict[str, str] = person["trials"]
    if trial_id not in trials:
        trials[trial_id] = f"{person['alias']}_T{len(trials) + 1:02d}"
        _write(key, content)
    return person


def known_alias(key: Path, subject_code: str) -> str:
    """Return the alias that a person has in a key; empty where they have none.

    Raises
    ------
    ExportError
        `KEY_BROKEN`.
    """
    person = _read(key)["subjects"].get(subject_code)
    return "" if person is None else str(person["alias"])


def forget(key: Path, subject_code: str, trial_ids: tuple[str, ...] = ()) -> bool:
    """Take a person out of the key, so that nothing leads from the alias to them any more; whether they were there.

    Raises
    ------
    ExportError
        `KEY_BROKEN`, `KEY_BUSY`, `KEY_NOT_WRITTEN`.
    SourceError
        `WRITE_FAILED`.
    """
    names = [subject_code, *(f"trial {one}" for one in trial_ids)]
    if not key.is_file() or not any(name in _read(key)["subjects"] for name in names):
        return False
    with locked(key):
        content = _read(key)
        gone = [content["subjects"].pop(name) for name in names if name in content["subjects"]]
        if gone:
            _write(key, content)
    return bool(gone)


def _new(taken: set[Any]) -> str:
    while (alias := "S" + "".join(secrets.choice(_ALPHABET) for _ in range(6))) in taken:
        pass
    return alias


def _read(key: Path) -> dict[str, Any]:
    if not key.exists():
        return {"format": FORMAT, "version": 1, "subjects": {}}
    try:
        content = json.loads(key.read_text(encoding="utf-8"))
        sound = content["format"] == FORMAT and content["version"] == 1 and all(
            isinstance(one["alias"], str) and isinstance(one["shift_days"], int) and isinstance(one["trials"], dict)
            for one in content["subjects"].values()
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise ExportError(
            f"{key} is no key of pseudonyms, or is damaged.",
            "Restore it from a copy, or name another file with --key; a new key gives new pseudonyms.",
            code="KEY_BROKEN",
        )
    return dict(content)


def _write(key: Path, content: dict[str, Any]) -> None:
    key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_texts({key: json.dumps(content, indent=1, sort_keys=True) + "\n"}, "WRITE_FAILED")
    key.chmod(0o600)
