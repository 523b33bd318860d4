"""Extract clinicians and relatives from a note's header, signature and relationship phrases."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from llmops.identities import PersonName
from llmops.normalize.notes.keys import keys
from llmops.normalize.notes.vocabulary import may_be_person

_HEAD_LINES: Final = 40
_FOOT_LINES: Final = 12
_RELATIVE_LINES: Final = 20
_LONGEST_VALUE: Final = 80
_MOST_WORDS: Final = 4
_SHORTEST_SURNAME: Final = 4
_CREDENTIAL: Final = (
    r"(?:M\.?D|D\.?O|R\.?N|L\.?P\.?N|N\.?P|FNP|CNM|CRNA|PA-C|P\.?A|Ph\.?D|PsyD|PharmD|DPM|DDS|MBBS|MBChB|RDCS|RDMS"
    r"|R\. EEG T|RT|MS|CGC|LCSW|RRT|DPT|APRN|ARNP|DNP|PCT|CNA|MPH|FACC|FACS|FRCP)\b\.?"
)
_WORD: Final = r"(?:[^\W\d_a-z]\.|[^\W\d_a-z][\w'’ʻ\-]{0,30})"
_SIGNED: Final = re.compile(rf"(?<![\w.'’\-])({_WORD}(?: {_WORD}){{1,3}})(,?) {_CREDENTIAL}")
_CLINICIAN_KEY: Final = re.compile(
    r"(?<![A-Za-z])(?:(?:attending|admitting|referring|ordering|requesting|reading|primary care|consulting|supervising)"
    r"(?: (?:physician|provider|surgeon|md|doctor|clinician|radiologist))?"
    r"|(?:plastic |assistant |assisting )?surgeon|assistant|operator|clinician|provider|physician|doctor|cardiologist"
    r"|radiologist|pathologist|oncologist|an(?:ae|e)sthesi(?:ologist|a)|sonographer|technologist|tech|nurse|rn|pcp|md"
    r"|therapist|presenter|submitting|author|dictated|signed|rn sign|cc"
    r"|(?:electronically |digitally )?(?:signed|dictated|read|seen|requested|reported|interpreted|reviewed|verified"
    r"|authored|performed|referred|ordered|written) by)"
    r"(?:[*_]{0,2} ?:[*_ ]{0,4}|(?<=by) )",
    re.IGNORECASE,
)
_MARK: Final = re.compile(":|by ", re.IGNORECASE)
_RELATION: Final = (
    r"(?:mother|father|mom|dad|mum|husband|wife|spouse|partner|fianc[eé]e?|son|daughter|brother|sister|grandmother"
    r"|grandfather|grandson|granddaughter|aunt|uncle|niece|nephew|cousin|guardian|stepmother|stepfather)"
)
_RELATIVE_KEY: Final = re.compile(
    rf"(?<![A-Za-z])(?:next of kin|nok|emergency contact|caregiver|parents?|{_RELATION})(?:'s name| name)?"
    rf"(?: \({_RELATION}\))?[*_]{{0,2}} ?:[*_ ]{{0,4}}",
    re.IGNORECASE,
)
# Sister Mary Joseph's nodule is a finding.
_RELATIVE: Final = re.compile(rf"\b(?i:{_RELATION}),? (?!Mary Joseph\b)({_WORD}(?: {_WORD}){{1,2}})")
_RELATIVE_AFTER: Final = re.compile(rf"(?<![\w.'’\-])({_WORD}(?: {_WORD}){{1,2}}),? \((?:her |his |the )?{_RELATION}\)")
_DOCTOR: Final = re.compile(rf"\bDr\.? ({_WORD}(?: {_WORD}){{1,2}})")
_VALUE_END: Final = re.compile(
    rf",? {_CREDENTIAL}|\t|  |[|;(/—–\d*\n]| - | on | at | by | and |(?<=\w\w)\. |,? {_RELATION}\b"
    r"|(?<=\S) (?=[A-Z][a-z]+:)"
)


def clinicians(text: str) -> tuple[PersonName, ...]:
    """Return who wrote, signed, ordered or took part: a name after such a key, or before a credential (``RN``).

    Args:
        text: cleaned text. PHI.
    """
    found = [name_in(value) for value in _values(_CLINICIAN_KEY, _edges(text))]
    # In capitals only before a comma: "OPERATIVE REPORT MD" is no person, "HAMISH CARRABINE, MD" is.
    signed = (match[1] for match in _SIGNED.finditer(text) if match[2] or not match[1].isupper())
    found += [_named(_trailing(words.split())) for words in signed]
    found += [_named(_leading(match[1].split())) for match in _DOCTOR.finditer(text)]
    return _distinct(found)


def relatives(text: str) -> tuple[PersonName, ...]:
    """Return relatives listed in the header (``Next of kin:``) or introduced in text (``daughter Ruth Okafor``).

    Args:
        text: cleaned text. PHI.
    """
    head = "\n".join(text.split("\n", _RELATIVE_LINES)[:_RELATIVE_LINES])
    found = [name_in(value) for value in _values(_RELATIVE_KEY, head)]
    introduced = (match[1] for pattern in (_RELATIVE, _RELATIVE_AFTER) for match in pattern.finditer(text))
    found += [_named(_leading(words.split())) for words in introduced if not words.isupper()]
    return _distinct(found)


def author_in(cell: str) -> PersonName | None:
    """Return the person in an author column: as `name_in`, or by family name alone.

    Args:
        cell: the cell. PHI.
    """
    word = cell.strip(" ,.")
    if len(word) >= _SHORTEST_SURNAME and word.replace("-", "").replace("'", "").isalpha() and may_be_person(word):
        return PersonName(family=word, text=word)
    return name_in(cell)


def name_in(written: str) -> PersonName | None:
    """Return the person in a value, ``"Tran, Hue"``, ``"H. Tran, MD"``; None if it does not clearly name one.

    Args:
        written: text after a key. PHI.
    """
    end = _VALUE_END.search(written)
    name = written[: end.start() if end is not None else _LONGEST_VALUE].strip(" ,.*_")
    family, comma, given = name.partition(",")
    if not comma:
        return _named(name.split())
    named = _named([*given.split(), *family.split()])
    return None if named is None else PersonName(family=family.strip(), given=tuple(given.split()), text=name)


def _distinct(names: Iterable[PersonName | None]) -> tuple[PersonName, ...]:
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _named(words: list[str]) -> PersonName | None:
    """Return a name of two to four words, one of which is more than an initial."""
    spelt = [word for word in words if len(word.strip(".")) > 1]
    if not 2 <= len(words) <= _MOST_WORDS or not spelt or not all(map(may_be_person, words)):
        return None
    return PersonName(family=words[-1], given=tuple(words[:-1]), text=" ".join(words))


def _trailing(words: list[str]) -> list[str]:
    """Return the trailing words that may be a name: ``"Attending Hamish Carrabine"`` has two."""
    first = next((n for n in range(len(words), 0, -1) if not may_be_person(words[n - 1])), 0)
    return words[first:]


def _leading(words: list[str]) -> list[str]:
    end = next((n for n, word in enumerate(words) if not may_be_person(word)), len(words))
    return words[:end]


def _values(key: re.Pattern[str], text: str) -> Iterator[str]:
    for match in keys(key, _MARK, text):
        yield text[match.end() : match.end() + _LONGEST_VALUE].partition("\n")[0]


def _edges(text: str) -> str:
    """Return head and foot of a note, where participants are listed."""
    lines = text.split("\n")
    return text if len(lines) <= _HEAD_LINES + _FOOT_LINES else "\n".join(lines[:_HEAD_LINES] + lines[-_FOOT_LINES:])
