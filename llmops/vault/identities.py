"""Normalize identifiers for comparison, decide which may link records, and serialize identities."""

import dataclasses
import json
import re
import unicodedata
from typing import Any, Final

import orjson

from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.phi import PhiLabel

# Account and plan numbers are shared (a guarantor, a family), so they never prove that two records are one patient.
LINKING: Final = frozenset({PhiLabel.MRN, PhiLabel.SSN, PhiLabel.OTHERID})

_PLACEHOLDERS: Final = frozenset({"", "unknown", "unk", "none", "na", "null", "nan", "test", "pending", "notavailable"})
_FAKE_SSN: Final = frozenset({"078051120", "219099999", "123456789"})
_SSN_DIGITS: Final = 9
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


def normalize_value(identifier: SubjectIdentifier) -> str:
    """Return the value without case, punctuation and leading zeros (PHI); empty for a placeholder.

    An invalid Social Security number (all the same digit, area 000, 666 or 9xx) is typed to get past a form; linking by
    it would merge many patients. A name becomes its words in alphabetical order.
    """
    if identifier.label is PhiLabel.NAME:
        return " ".join(sorted(_WORD.findall(unicodedata.normalize("NFKC", identifier.value).casefold())))
    folded = unicodedata.normalize("NFKC", identifier.value).casefold()
    kept = "".join(filter(str.isalnum, folded))
    if identifier.label is PhiLabel.SSN:
        return kept if _is_real_ssn(kept) else ""
    kept = kept.lstrip("0")
    return "" if kept in _PLACEHOLDERS else kept


def normalize_assigner(identifier: SubjectIdentifier) -> str:
    """Return the assigner, with OIDs in one form. An SSN has one assigner whatever the record says. PHI."""
    if identifier.label is PhiLabel.SSN:
        return "ssa"
    return identifier.assigner.strip().casefold().removeprefix("urn:oid:").rstrip("/")


def full_names(identity: Identity) -> tuple[SubjectIdentifier, ...]:
    """Return the full names of a patient, with and without middle names; none for the people around one. PHI."""
    if identity.role is not Role.SELF:
        return ()
    whole = [" ".join((*name.given[:many], name.family)) for name in identity.names for many in (1, len(name.given))]
    values = dict.fromkeys((*whole, *(name.text for name in identity.names)))
    named = [SubjectIdentifier(value=value, label=PhiLabel.NAME) for value in values]
    return tuple(one for one in named if " " in normalize_value(one))


def pack(identity: Identity) -> bytes:
    """Serialize an identity; equal identities give equal bytes. PHI."""
    try:
        return orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate that a decoder accepted
        return json.dumps(dataclasses.asdict(identity), sort_keys=True).encode("ascii")


def unpack(data: bytes) -> Identity:
    """Deserialize an identity from `pack`. PHI."""
    raw: dict[str, Any] = json.loads(data)
    return Identity(
        subject=_identifiers(raw["subject"]),
        role=Role(raw["role"]),
        names=tuple(
            PersonName(family=name["family"], given=tuple(name["given"]), text=name["text"]) for name in raw["names"]
        ),
        birth_date=raw["birth_date"],
        sex=raw["sex"],
        phones=tuple(raw["phones"]),
        emails=tuple(raw["emails"]),
        addresses=tuple(
            PostalAddress(
                lines=tuple(address["lines"]),
                city=address["city"],
                state=address["state"],
                postal_code=address["postal_code"],
            )
            for address in raw["addresses"]
        ),
        identifiers=_identifiers(raw["identifiers"]),
    )


def _identifiers(raw: list[dict[str, str]]) -> tuple[SubjectIdentifier, ...]:
    return tuple(
        SubjectIdentifier(value=one["value"], assigner=one["assigner"], label=PhiLabel(one["label"])) for one in raw
    )


def _is_real_ssn(digits: str) -> bool:
    if len(digits) != _SSN_DIGITS or not digits.isascii() or not digits.isdigit() or digits in _FAKE_SSN:
        return False
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000" and len(set(digits)) > 1
