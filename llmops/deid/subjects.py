"""What de-identification asks of the vault, and the answers where there is none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from llmops.identities import Identity, SubjectIdentifier
from llmops.phi import PhiLabel


class SubjectVault(Protocol):
    """The part of `llmops.vault.Vault` that de-identification uses. Everything it answers but pseudonyms is PHI."""

    def subject(self, identifiers: Sequence[SubjectIdentifier], /) -> str | None:
        """Resolve identifiers to the subject they were linked to."""
        ...

    def pseudonym(self, subject: str, /) -> str:
        """Give the name of the subject in releases."""
        ...

    def date_offset_days(self, subject: str, /) -> int:
        """Give the subject's date shift, never zero."""
        ...

    def known(self, subject: str, /) -> Sequence[Identity]:
        """Give every identity recorded for the subject and the people around it."""
        ...

    def is_anybodys(self, identifier: SubjectIdentifier, /) -> bool:
        """Say whether any patient has this number or goes by this whole name."""
        ...

    def surrogate_seed(self, subject: str, /) -> bytes:
        """Give a keyed digest that stand-ins are drawn from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that is known of a document's subject while it is rewritten. PHI but for the pseudonym.

    ``in_use`` asks the vault whether an identifier is anyone's, so that no stand-in is a patient's real number.

    Without a seed nothing can be replaced consistently and without an offset no date can be shifted: the operators
    then fall back to placeholders.
    """

    pseudonym: str = ""
    known: tuple[Identity, ...] = field(default=(), repr=False)
    in_use: Callable[[PhiLabel, str], bool] | None = field(default=None, repr=False)
    date_offset_days: int | None = field(default=None, repr=False)
    seed: bytes | None = field(default=None, repr=False)


NOBODY = Subject()
"""The subject of a document whose patient is not known."""


def _is_anybodys(vault: SubjectVault, label: PhiLabel, value: str) -> bool:
    """Ask for the number under its own label and under those that patients go by: no account gets an MRN."""
    asked = (label,) if label is PhiLabel.NAME else dict.fromkeys((label, PhiLabel.MRN, PhiLabel.OTHERID))
    return any(vault.is_anybodys(SubjectIdentifier(value=value, label=one)) for one in asked)


def resolve_subject(vault: SubjectVault | None, identifiers: Sequence[SubjectIdentifier]) -> Subject:
    """Ask the vault for everything about a document's subject.

    Args:
        vault: the crosswalk, or None where documents are de-identified on their own.
        identifiers: as the document names its patient. PHI.
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
