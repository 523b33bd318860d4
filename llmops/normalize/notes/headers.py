"""Read the patient block of a free-text note: identifiers, name, birth date, times."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from llmops.identities import Identity, PersonName, PostalAddress, SubjectIdentifier
from llmops.normalize.notes.keys import keys
from llmops.normalize.text.dates import iso_date
from llmops.phi import PhiLabel

_HEAD_LINES: Final = 40
_HEAD_CHARS: Final = 20_000
_LONGEST_VALUE: Final = 200
_SHORTEST_NUMBER: Final = 4
# "Facility Name:" and "Clinic phone:" are not the patient's.
_OWN: Final = r"(?:(?<![A-Za-z.] )|(?<=atient )|(?<=ATIENT ))"
_ACTS: Final = (
    "service|visit|exam(?:ination)?|study|report|admission|procedure|operation|surgery|consult(?:ation)?|transfer"
    "|evaluation|encounter"
)
# Longest first within a line, so that "patient name" wins over "patient".
_KEYS: Final[tuple[tuple[str, str], ...]] = (
    (r"(?:patient|pt)(?:'s)?(?: full)? name|full name|(?:patient|pt)\.?", "name"),
    (_OWN + r"name", "name"),
    (r"d\.?o\.?b\.?|(?:date of birth|birth ?date|born)", "birth"),
    (rf"date of (?:{_ACTS})|dos|admitted|collected|visit|encounter|seen|arrival|exam(?:ination)?|performed", "time"),
    (rf"(?:(?:{_ACTS}) )?date", "time"),
    (r"(?:account|acct)\.?(?: (?:number|no\.?|#))?", "account"),
    (r"(?:accession|acc)\.?(?: (?:number|no\.?|#))?|csn|fin|(?:encounter|visit) (?:id|number|no\.?|#)", "other"),
    (r"ssn|social security(?: (?:number|no\.?))?", "ssn"),
    (r"(?:member|subscriber|policy)(?: (?:id|number|no\.?|#))|insurance id", "plan"),
    (_OWN + r"(?:home |cell |mobile )?(?:phone|tel(?:ephone)?|mobile)(?: (?:number|no\.?))?", "phone"),
    (_OWN + r"e-?mail", "email"),
    (_OWN + r"(?:home )?address", "address"),
    (r"sex|gender", "sex"),
)
_KEY: Final = re.compile(
    r"(?<![A-Za-z'])(?:"
    + "|".join(f"(?P<k{n}>{pattern})" for n, (pattern, _) in enumerate(_KEYS))
    + r")[*_]{0,2} ?[:#][*_: ]{0,4}",
    re.IGNORECASE,
)
_MARK: Final = re.compile("[:#]")
# A record number needs no colon: "MRN 4420917", "Hospital no. ... 778-20-31", "pt# 55-3310".
_RECORD_KEY: Final = re.compile(
    r"(?<![A-Za-z])(?:mrn|med(?:ical)?\.? rec(?:ord)?\.?(?: (?:number|num|no\.?|#))?|mr ?(?:no\.?|#)"
    r"|hosp(?:ital)?\.? (?:number|no\.?|#|id)|unit (?:number|no\.?|record)|nhs (?:number|no\.?)"
    r"|(?:patient|pt)\.? ?(?:id|number|no\.?|#)|chart(?: (?:number|no\.?|#))?|record (?:number|no\.?|#))"
    r"[ \t.:#|*_(]{1,24}(?=[A-Za-z]{0,5}[ .\-/]?\d)",
    re.IGNORECASE,
)
_VALUE_END: Final = re.compile(
    r"\t|  |\||;|\*\*|(?<=\S) (?=[A-Z][A-Za-z./]{1,14}(?: [A-Za-z]{2,10})?:)|$", re.MULTILINE
)
_NUMBER: Final = re.compile(
    r"#? ?((?:[A-Z]{1,5} )?\d{1,4}(?: \d{2,4})? \d{3,4}(?![\w/\-]|\.\d)"
    r"|(?:[A-Z]{1,5}[ .\-/]?)?\d[\dA-Za-z]*(?:[.\-/][\dA-Za-z]+){0,6})"
)
_WORD: Final = re.compile(r"\S{1,64}")
_DAY: Final = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}$")
_PERSON: Final = re.compile(r"[A-Z][\w'’.\-]*(?:,? [\w'’.\-]+){0,4}")
_PHONE: Final = re.compile(r"\+?[\d(][\d()\-. ]{6,18}\d")
_EMAIL: Final = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}")
_LABELS: Final = {
    "account": PhiLabel.ACCT,
    "other": PhiLabel.OTHERID,
    "ssn": PhiLabel.SSN,
    "plan": PhiLabel.PLAN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteHeader:
    """The content of the patient block. All PHI.

    Args:
        subject: medical record numbers, which link the note to a patient.
        identifiers: account, encounter, plan and social security numbers.
        names, birth_date, sex, phones, emails, addresses: of the patient.
        time: date of service, ISO 8601, or empty.
    """

    subject: tuple[SubjectIdentifier, ...] = field(default=(), repr=False)
    identifiers: tuple[SubjectIdentifier, ...] = field(default=(), repr=False)
    names: tuple[PersonName, ...] = field(default=(), repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    addresses: tuple[PostalAddress, ...] = field(default=(), repr=False)
    time: str = field(default="", repr=False)

    def identity(self, subject: tuple[SubjectIdentifier, ...]) -> Identity:
        """Return it as an identity of the given subject."""
        return Identity(
            subject=subject,
            names=self.names,
            birth_date=self.birth_date,
            sex=self.sex,
            phones=self.phones,
            emails=self.emails,
            addresses=self.addresses,
            identifiers=self.identifiers,
        )


def read_header(text: str) -> NoteHeader:
    """Read ``MRN:``, ``Patient:``, ``DOB:`` and the like from the first lines of a note.

    Only values of the expected form are accepted: ``Patient: 62-year-old man`` names nobody. A record number is
    searched in the whole text, since some letters have it at the foot.

    Args:
        text: cleaned text. PHI.
    """
    found: dict[str, list[str]] = {}
    head = _head(text)
    matches = list(keys(_KEY, _MARK, head))
    for key, value in _pairs(head, matches):
        found.setdefault(key, []).append(value)
    return NoteHeader(
        subject=_record_number(head) or _record_number(text),
        identifiers=_numbers(found),
        names=tuple(name for value in found.get("name", ())[:1] if (name := person_name(value)) is not None),
        birth_date=next((day for value in found.get("birth", ()) if (day := iso_date(value))), ""),
        sex=next((s for value in found.get("sex", ()) if (s := value[:1].upper()) in {"F", "M"}), ""),
        phones=tuple(m.group() for value in found.get("phone", ()) if (m := _PHONE.match(value)) is not None),
        emails=tuple(m.group() for value in found.get("email", ()) if (m := _EMAIL.match(value)) is not None),
        addresses=tuple(PostalAddress(lines=(value,)) for value in found.get("address", ())[:1] if value[:1].isdigit()),
        time=next(filter(None, (iso_date(value, century=CENTURY) for value in found.get("time", ()))), "")
        or loose_date(head, _taken(head, matches)),
    )


def person_name(written: str) -> PersonName | None:
    """Read a patient's name, ``"TRAN, HUE THI"`` or ``"Hue Thi Tran"``; None if it does not look like one.

    Args:
        written: the name as written. PHI.
    """
    match = _PERSON.match(written.strip())
    if match is None or any(c.isdigit() for c in written[: match.end() + 2]):
        return None
    name = match.group().strip()
    if max(len(word.strip(".,")) for word in name.split()) == 1:
        return None
    if "," in name:
        family, _, given = name.partition(",")
        return PersonName(family=family.strip(), given=tuple(given.split()), text=name)
    words = name.split()
    if len(words) == 1:
        return PersonName(text=name)
    return PersonName(family=words[-1], given=tuple(words[:-1]), text=name)


def _head(text: str) -> str:
    return "\n".join(text[:_HEAD_CHARS].split("\n", _HEAD_LINES)[:_HEAD_LINES])


def _pairs(head: str, matches: Iterable[re.Match[str]]) -> list[tuple[str, str]]:
    pairs = []
    for match in matches:
        value = head[match.end() : _value_end(head, match.end())].strip(" \t*_")
        if value and match.lastgroup is not None:
            pairs.append((_meaning(match.lastgroup), value))
    return pairs


def _meaning(group: str) -> str:
    return _KEYS[int(group[1:])][1]


def _value_end(head: str, start: int) -> int:
    """Return the end of a value, at the latest its line end; look-ahead is bounded, since lines may be hostile."""
    longest = min(start + _LONGEST_VALUE, len(head))
    end = _VALUE_END.search(head, start, longest)
    return longest if end is None else end.start()


def _taken(head: str, matches: Iterable[re.Match[str]]) -> list[tuple[int, int]]:
    """Return ranges of numbers that may look like dates: the word after every key that is no time key."""
    starts = [m.end() for m in matches if m.lastgroup and _meaning(m.lastgroup) != "time"]
    starts += [m.end() for m in _RECORD_KEY.finditer(head)]
    return [(at, word.end()) for at in starts if (word := _WORD.match(head, at)) is not None]


def _record_number(text: str) -> tuple[SubjectIdentifier, ...]:
    """Return the first record number; only the first, since a further one may be the mother's or a donor's."""
    for key in _RECORD_KEY.finditer(text):
        if (number := _NUMBER.match(text, key.end())) is not None and _is_record_number(number[1]):
            return (SubjectIdentifier(value=number[1].strip()),)
    return ()


def _is_record_number(written: str) -> bool:
    return sum(c.isalnum() for c in written) >= _SHORTEST_NUMBER and _DAY.match(written) is None


def _numbers(found: dict[str, list[str]]) -> tuple[SubjectIdentifier, ...]:
    numbers = {
        SubjectIdentifier(value=match[1].strip(), label=label): None
        for key, label in _LABELS.items()
        for value in found.get(key, ())
        if (match := _NUMBER.match(value)) is not None
    }
    return tuple(numbers)


CENTURY: Final = "20"
"""Of a date of service with a two-digit year: notes are kept as text since computers are."""

_LINES: Final = 10
_LONGEST_LINE: Final = 160
_DATE: Final = re.compile(
    r"(?<![\w/.\-])(?:\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[/\-]\d{1,2}[/\-](?:\d{4}|\d{2})"
    r"|\d{1,2}[ \-][A-Za-z]{3,9}\.?,?[ \-](?:\d{4}|\d{2})|[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})(?![\w/\-])"
)
_BIRTH: Final = re.compile(r"(?:\bd\.?o\.?b\b|\bborn\b|\bbirth)[^\n\d]{0,24}$", re.IGNORECASE)


def loose_date(text: str, taken: Collection[tuple[int, int]]) -> str:
    """Return the first date in the title or the lines below it that is no birth date and no part of a number.

    Args:
        text: cleaned text. PHI.
        taken: ranges of the text known to be something else.

    Returns:
        ISO 8601 date, or empty.
    """
    at = 0
    for line in text.split("\n", _LINES)[:_LINES]:
        if len(line) > _LONGEST_LINE:
            return ""  # prose has begun, where a date may be of anything
        for match in _DATE.finditer(line):
            start = at + match.start()
            if any(low <= start < high for low, high in taken) or _BIRTH.search(line, 0, match.start()):
                continue
            if day := iso_date(match.group(), century=CENTURY):
                return day
        at += len(line) + 1
    return ""
