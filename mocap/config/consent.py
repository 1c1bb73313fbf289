"""What a person consented to beside their own assessment: `[consent]` of a session."""

from datetime import date as Date
from typing import Literal

import pydantic

Purpose = Literal["research", "machine-learning", "publication", "teaching", "commercial"]
PURPOSES = ("research", "machine-learning", "publication", "teaching", "commercial")


@pydantic.dataclasses.dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class Consent:
    """`[consent]`: for which purposes data of this session may be handed over; for none where nothing is said.

    `purposes` are of `PURPOSES`; `images` says whether pictures of the person may go along, `until` the last day on
    which the data may be handed over, and `licence` under which terms (an SPDX name such as `CC-BY-4.0`).
    """

    purposes: tuple[Purpose, ...] = ()
    images: bool = False
    until: Date | None = None
    licence: str = ""


def not_covered(consent: Consent | None, purpose: str, images: bool, today: Date) -> str:
    """Return why a session must not be handed over for a purpose, in words; empty where its consent covers it.

    Parameters
    ----------
    consent : Consent, optional
    purpose : str
        One of `PURPOSES`.
    images : bool
        Whether pictures go along.
    today : date
    """
    if consent is None or not consent.purposes:
        return "no consent to hand anything over is stated ([consent] purposes in session.toml)"
    if purpose not in consent.purposes:
        return f"the consent is for {', '.join(consent.purposes)}, not for {purpose}"
    if consent.until is not None and today > consent.until:
        return f"the consent ended on {consent.until.isoformat()}"
    if images and not consent.images:
        return "the consent does not cover pictures ([consent] images = true in session.toml)"
    return ""
