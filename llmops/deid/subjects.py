"""Define the vault queries of de-identification, and the defaults without a vault."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from llmops.identities import Identity, SubjectIdentifier
from llmops.phi import PhiLabel


class SubjectVault(Protocol):
    """The part of `llmops.vault.Vault` used here. All answers but pseudonyms are PHI."""

    def subject(self, identifiers: Sequence[SubjectIdentifier], /) -> str | None:
        """Resolve identifiers to their linked subject."""
        ...

    def pseudonym(self, subject: str, /) -> str:
        """Return the subject's pseudonym for releases."""
        ...

    def date_offset_days(self, subject: str, /) -> int:
        """Return the subject's date shift in days, never 0."""
        ...

    def known(self, subject: str, /) -> Sequence[Identity]:
        """Return every identity recorded for the subject and related people."""
        ...

    def is_anybodys(self, identifier: SubjectIdentifier, /) -> bool:
        """Say whether any patient has this number or this full name."""
        ...

    def surrogate_seed(self, subject: str, /) -> bytes:
        """Return the keyed digest from which surrogates are drawn."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that is known of a document's subject during rewriting. PHI, except the pseudonym.

    ``in_use`` asks the vault whether an identifier is anyone's, so that no surrogate is a patient's real number.
    Without a seed surrogates cannot be consistent, and without an offset dates cannot be shifted: placeholders are used
    instead.
    """

    pseudonym: str = ""
    known: tuple[Identity, ...] = field(default=(), repr=False)
    in_use: Callable[[PhiLabel, str], bool] | None = field(default=None, repr=False)
    date_offset_days: int | None = field(default=None, repr=False)
    seed: bytes | None = field(default=None, repr=False)


NOBODY = Subject()
"""The subject of a document with an unknown patient."""


def _is_anybodys(vault: SubjectVault, label: PhiLabel, value: str) -> bool:
    """Query the number under its own and all patient-number labels, so that no account number equals an MRN."""
    asked = (label,) if label is PhiLabel.NAME else dict.fromkeys((label, PhiLabel.MRN, PhiLabel.OTHERID))
    return any(vault.is_anybodys(SubjectIdentifier(value=value, label=one)) for one in asked)


def resolve_subject(vault: SubjectVault | None, identifiers: Sequence[SubjectIdentifier]) -> Subject:
    """Query the vault for everything about a document's subject.

    Args:
        vault: the crosswalk, or None to de-identify documents alone.
        identifiers: the document's patient identifiers. PHI.
    """
    key = vault.subject(identifiers) if vault is not None and identifiers else None
    if vault is None or key is None:
        return NOBODY
    return Subject(
        pseudonym=vault.pseudonym(key),
        known=tuple(vault.known(key)),
        in_use=lambda label, value: _is_anybodys(vault, label, value),
        date_offset_days=vault.date_offset_days(key),
        seed=vault.surrogate_seed(key),
    )
