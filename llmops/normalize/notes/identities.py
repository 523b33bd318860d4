"""Everybody whom a note names in places that say who they are: the patient, relatives, clinicians, places of care."""

from collections.abc import Iterator

from llmops.identities import Identity, Role, SubjectIdentifier
from llmops.normalize.notes.facilities import facilities
from llmops.normalize.notes.headers import NoteHeader
from llmops.normalize.notes.people import clinicians, relatives


def note_identities(text: str, header: NoteHeader, subject: tuple[SubjectIdentifier, ...]) -> Iterator[Identity]:
    """Say who is named, each as an identity of the note's subject, so that every mention of them is known.

    Args:
        text: cleaned text. PHI.
        header: what was read off its head. PHI.
        subject: whom the note is about. PHI.
    """
    yield header.identity(subject)
    named = ((Role.RELATIVE, relatives), (Role.CLINICIAN, clinicians), (Role.ORGANIZATION, facilities))
    for role, names_in in named:
        for name in names_in(text):
            yield Identity(subject=subject, role=role, names=(name,))
