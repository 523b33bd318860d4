"""Collect everyone a note names in defined places: patient, relatives, clinicians, places of care."""

from collections.abc import Iterator

from llmops.identities import Identity, Role, SubjectIdentifier
from llmops.normalize.notes.facilities import facilities
from llmops.normalize.notes.headers import NoteHeader
from llmops.normalize.notes.people import clinicians, relatives


def note_identities(text: str, header: NoteHeader, subject: tuple[SubjectIdentifier, ...]) -> Iterator[Identity]:
    """Return the named people and places as identities of the note's subject, so that every mention is known.

    Args:
        text: cleaned text. PHI.
        header: its header. PHI.
        subject: the note's patient. PHI.
    """
    yield header.identity(subject)
    named = ((Role.RELATIVE, relatives), (Role.CLINICIAN, clinicians), (Role.ORGANIZATION, facilities))
    for role, names_in in named:
        for name in names_in(text):
            yield Identity(subject=subject, role=role, names=(name,))
