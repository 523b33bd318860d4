"""Define protected health information: the 18 identifiers, our finer labels, findings and placeholders."""

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

OLDEST_AGE: Final = 89
"""The highest age Safe Harbor keeps, 164.514(b)(2)(i)(C)."""

UNITS_OF_AGE: Final = frozenset({"a", "a_g", "a_j", "a_t", "y", "yr", "yrs", "year", "years"})
"""Units of years for ages: UCUM's, and senders' spellings; lower case."""


class Identifier(StrEnum):
    """The 18 identifiers of 45 CFR 164.514(b)(2)(i), (A) to (R), in the order of the rule."""

    NAME = "name"
    GEOGRAPHIC = "geographic"
    DATE = "date"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    SSN = "ssn"
    MEDICAL_RECORD = "medical_record"
    HEALTH_PLAN = "health_plan"
    ACCOUNT = "account"
    LICENSE = "license"
    VEHICLE = "vehicle"
    DEVICE = "device"
    URL = "url"
    IP = "ip"
    BIOMETRIC = "biometric"
    PHOTO = "photo"
    OTHER = "other"


class PhiLabel(StrEnum):
    """The kind of PHI of a span or field: finer than `Identifier` where operators differ.

    The values are the labels of the annotated notes (``LABELS.md``), plus ZIP (164.514(b)(2)(i)(B) treats it apart).
    """

    NAME = "NAME"
    LOC = "LOC"
    ZIP = "ZIP"
    ORG = "ORG"
    DATE = "DATE"
    AGE90 = "AGE90"
    PHONE = "PHONE"
    FAX = "FAX"
    EMAIL = "EMAIL"
    SSN = "SSN"
    MRN = "MRN"
    PLAN = "PLAN"
    ACCT = "ACCT"
    LICENSE = "LICENSE"
    VEHICLE = "VEHICLE"
    DEVICE = "DEVICE"
    URL = "URL"
    IP = "IP"
    BIOMETRIC = "BIOMETRIC"
    PHOTO = "PHOTO"
    OTHERID = "OTHERID"

    @property
    def identifier(self) -> Identifier:
        """The identifier of the rule that covers this label."""
        return _IDENTIFIER_OF[self]


_IDENTIFIER_OF: Final = MappingProxyType(
    {
        PhiLabel.NAME: Identifier.NAME,
        PhiLabel.LOC: Identifier.GEOGRAPHIC,
        PhiLabel.ZIP: Identifier.GEOGRAPHIC,
        # A facility or employer locates the individual (B covers "all geographic subdivisions smaller than a state").
        PhiLabel.ORG: Identifier.GEOGRAPHIC,
        PhiLabel.DATE: Identifier.DATE,
        PhiLabel.AGE90: Identifier.DATE,
        PhiLabel.PHONE: Identifier.PHONE,
        PhiLabel.FAX: Identifier.FAX,
        PhiLabel.EMAIL: Identifier.EMAIL,
        PhiLabel.SSN: Identifier.SSN,
        PhiLabel.MRN: Identifier.MEDICAL_RECORD,
        PhiLabel.PLAN: Identifier.HEALTH_PLAN,
        PhiLabel.ACCT: Identifier.ACCOUNT,
        PhiLabel.LICENSE: Identifier.LICENSE,
        PhiLabel.VEHICLE: Identifier.VEHICLE,
        PhiLabel.DEVICE: Identifier.DEVICE,
        PhiLabel.URL: Identifier.URL,
        PhiLabel.IP: Identifier.IP,
        PhiLabel.BIOMETRIC: Identifier.BIOMETRIC,
        PhiLabel.PHOTO: Identifier.PHOTO,
        PhiLabel.OTHERID: Identifier.OTHER,
    }
)


PLACEHOLDER: Final = re.compile(
    r"\[(?:" + "|".join(sorted((str(label) for label in PhiLabel), key=len, reverse=True))
    + r"|DATE [0-9]{4}|ZIP [0-9]{3}|AGE90 90\+)\]"
)  # fmt: skip
"""The placeholders: ``[NAME]``, ``[DATE]``, ``[DATE 2024]`` (the year), ``[ZIP 021]``, ``[AGE90 90+]``.

No other label has a detail: ``[MRN 4471]`` is not one of ours.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhiFinding:
    """One PHI span and the operator applied; never the surface, nor anything that reveals it.

    Score and recognizer depend on the surface: with both, a reader could rank candidate names.

    Args:
        start: first code point of the span in its text.
        end: one past the last code point.
        label: label of the span.
        operator: operator applied, e.g. ``"redact"``; empty if none yet.
        field: name of the typed field the span lies in; empty for the document's text.
    """

    start: int
    end: int
    label: PhiLabel
    operator: str = ""
    field: str = ""

    @property
    def identifier(self) -> Identifier:
        """The identifier of 164.514(b)(2) that covers this finding."""
        return self.label.identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection(PhiFinding):
    """A finding in original text, with score and recognizer. For holders of that text only: never released.

    Args:
        score: confidence in [0, 1].
        recognizer: name of the recognizer that decided, e.g. ``"mrn"``, ``"known_identifier"``, ``"ner"``.
    """

    score: float
    recognizer: str
