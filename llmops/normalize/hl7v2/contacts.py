"""Read HL7 v2 composite datatypes of people: names (XPN), phones (XTN), addresses (XAD), identifiers (CX)."""

from typing import Final

from llmops.identities import PersonName, PostalAddress, SubjectIdentifier
from llmops.normalize.hl7v2.segments import Segment
from llmops.normalize.hl7v2.subject import identifier_of

# Known identities are searched in text, so a placeholder must not become a name.
_NOBODY: Final = frozenset(
    {"unknown", "none", "n/a", "na", "not available", "no information", "self", "patient", "no name"}
)
_PHONE_DIGITS: Final = 7


def names_in(segment: Segment, *numbers: int) -> tuple[PersonName, ...]:
    """Return the names in XPN fields, by field number, without placeholders. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    names = (
        PersonName(family=field.component(1, 1), given=filled(field.component(2), field.component(3)))
        for field in fields
    )
    return tuple(name for name in names if (name.family or name.given) and not _is_placeholder(name))


def _is_placeholder(name: PersonName) -> bool:
    return all(word.lower() in _NOBODY for word in (name.family, *name.given) if word)


def phones_in(segment: Segment, *numbers: int) -> tuple[str, ...]:
    """Return the phone numbers in XTN fields: as written, and joined from their parts. PHI."""
    found = []
    for number in numbers:
        for field in segment.repetitions(number):
            parts = filled(field.component(5), field.component(6), field.component(7))
            found += [text for text in (field.component(1), " ".join(parts), field.component(12)) if _is_phone(text)]
    return tuple(dict.fromkeys(found))


def _is_phone(text: str) -> bool:
    return "@" not in text and sum(c.isdigit() for c in text) >= _PHONE_DIGITS


def emails_in(segment: Segment, *numbers: int) -> tuple[str, ...]:
    """Return the e-mail addresses in XTN fields. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    return tuple(
        dict.fromkeys(text for field in fields for text in (field.component(4), field.component(1)) if "@" in text)
    )


def addresses_in(segment: Segment, *numbers: int) -> tuple[PostalAddress, ...]:
    """Return the addresses in XAD fields. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    found = (
        PostalAddress(
            lines=filled(field.component(1), field.component(2), field.component(19)),
            city=field.component(3),
            state=field.component(4),
            postal_code=field.component(5),
        )
        for field in fields
    )
    return tuple(address for address in found if address.lines or address.city or address.postal_code)


def identifiers_in(segment: Segment, *numbers: int) -> tuple[SubjectIdentifier, ...]:
    """Return the identifiers in CX fields. PHI."""
    fields = (field for number in numbers for field in segment.repetitions(number))
    return tuple(identifier for field in fields if (identifier := identifier_of(field)) is not None)


def filled(*parts: str) -> tuple[str, ...]:
    """Return the non-empty parts. PHI."""
    return tuple(part for part in parts if part)
