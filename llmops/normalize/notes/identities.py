"""Collect everyone a note names in defined places: patient, relatives, clinicians, places of care."""

import re
from collections.abc import Iterator
from typing import Final

from llmops.identities import Identity, PersonName, Role, SubjectIdentifier
from llmops.normalize.notes.headers import NoteHeader
from llmops.normalize.notes.people import clinicians, relatives
from llmops.normalize.notes.vocabulary import DOCUMENT_WORDS, INSTITUTIONS, SPECIALTIES, is_clinical, plain


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


_LINES: Final = 6
_LONGEST_LINE: Final = 200
_LONGEST_NAME: Final = 60
_MOST_WORDS: Final = 8
_BETWEEN: Final = re.compile(r"\s{2,}|\t| [-–—/·] |, |\||: ")
_SMALL: Final = frozenset({"of", "the", "and", "for", "at", "&", "in"})


def facilities(text: str) -> tuple[PersonName, ...]:
    """Return the places of care in the letterhead, in full and by proper name alone if that has several words.

    ``NORTHMERE LAKES PATHOLOGY`` is also ``NORTHMERE LAKES``, as other notes call it; ``INFECTIOUS DISEASE CLINIC``
    identifies no place.

    Args:
        text: cleaned text. PHI.
    """
    lines = [line for line in text[: _LINES * _LONGEST_LINE].split("\n") if line.strip()][:_LINES]
    found: dict[str, None] = {}
    for line in lines:
        for segment in _BETWEEN.split(line[:_LONGEST_LINE]):
            found.update(dict.fromkeys(_names(segment.strip(" #*_."))))
    return tuple(PersonName(text=name) for name in found)


def _names(segment: str) -> tuple[str, ...]:
    words = segment.split()
    if not _is_written_as_name(segment, words):
        return ()
    own = next((n for n, word in enumerate(words) if is_clinical(word)), len(words))
    kinds = {plain(word) for word in words[own:]}
    # A speciality alone names a place only after a name of several words: "Lakes Cardiology" may be anything.
    certain = kinds & INSTITUTIONS or (kinds & SPECIALTIES and own > 1)
    if not own or not certain or kinds & DOCUMENT_WORDS:
        return ()
    return (segment, " ".join(words[:own])) if own > 1 else (segment,)


def _is_written_as_name(segment: str, words: list[str]) -> bool:
    if not 2 <= len(words) <= _MOST_WORDS or len(segment) > _LONGEST_NAME or any(c.isdigit() for c in segment):
        return False
    return all(word[:1].isupper() or word in _SMALL for word in words)
