"""Index the known identifiers of a subject and related people in normalised search forms."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from llmops.deid.dates import MONTHS
from llmops.deid.detect.known.misspelling import deletions, edits_allowed
from llmops.deid.detect.normal_form import composed
from llmops.deid.folding import fold
from llmops.deid.vocabulary.nicknames import NICKNAMES
from llmops.deid.vocabulary.words import COMMON_WORDS, STATES, is_plain
from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.phi import PhiLabel

TOKEN: Final = re.compile(r"[A-Za-z]+|[0-9]+")
STRONG_LENGTH: Final = 5
SHORTEST_NUMBER: Final = 5
_SHORTEST_ORGANIZATION: Final = 4
_ZIP_LENGTH: Final = 5
_LONGEST_MISSPELT: Final = 40
"""Name length in letters from which misspellings are not searched: such values are feed errors."""
_SAFE_INSIDE: Final = 8
"""Digits from which a match inside a longer run is no coincidence."""
_TITLES: Final = frozenset(
    ("mr", "mrs", "ms", "miss", "mx", "dr", "md", "do", "rn", "np", "pa", "phd", "jr", "sr", "ii", "iii", "iv", "dds")
)
_STREET_FORMS: Final = tuple(
    frozenset(group.split())
    for group in (
        "street st", "avenue ave av", "road rd", "drive dr", "lane ln", "boulevard blvd", "court ct", "place pl",
        "terrace ter terr", "circle cir", "parkway pkwy", "highway hwy", "trail trl", "square sq", "north n",
        "south s", "east e", "west w", "apartment apt unit", "suite ste",
    )
)  # fmt: skip


@dataclass(slots=True)
class KnownIndex:
    """Search forms, keyed by lower-case ASCII tokens. PHI.

    Args:
        strong: words found anywhere, in any case.
        capital: short or single words found anywhere if capitalised.
        weak: dictionary words and very short ones, found only if the context indicates a person or place.
        near: deletion variants, mapped to the names they may misspell.
        joined: identifiers and numbers without separators and leading zeros.
        written: numbers of eight or more digits as written, also found inside longer runs.
        short: numbers too short to tell from a measurement, found only after a word such as ``MRN``.
        sequences: token runs: addresses, organisations, e-mail addresses, birth dates.
        given, family: names that together form one person's name.
        initials: upper-case initials of known persons.
        foreign: names in non-Latin alphabets, which have no such tokens, as written.
    """

    strong: dict[str, PhiLabel] = field(default_factory=dict)
    capital: dict[str, PhiLabel] = field(default_factory=dict)
    weak: dict[str, PhiLabel] = field(default_factory=dict)
    near: dict[str, set[str]] = field(default_factory=dict)
    joined: dict[str, PhiLabel] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    short: dict[str, PhiLabel] = field(default_factory=dict)
    sequences: dict[tuple[str, ...], PhiLabel] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    family: set[str] = field(default_factory=set)
    initials: set[str] = field(default_factory=set)
    foreign: dict[str, PhiLabel] = field(default_factory=dict)


def build_index(known: Iterable[Identity]) -> KnownIndex:
    """Build the search forms of identities.

    Args:
        known: the subject's, relatives', clinicians' and organisations' identities. PHI.
    """
    index = KnownIndex()
    for identity in known:
        for name in identity.names:
            if identity.role is Role.ORGANIZATION:
                _add_organization(index, name.text or name.family)
            else:
                _add_person(index, name)
        _add_numbers(index, identity)
        for address in identity.addresses:
            _add_address(index, address)
        for form in birth_date_forms(identity.birth_date):
            index.sequences[form] = PhiLabel.DATE
    return index


def tokens_of(text: str) -> list[str]:
    """Return the lower-case letter and digit runs of a normalised text, accents folded."""
    return [token.lower() for token in TOKEN.findall(fold(composed(text).text))]


@lru_cache(maxsize=16_384)
def is_word(word: str) -> bool:
    """Say whether a lower-case word, or its base form, is a dictionary or medical word."""
    stems = [word, *(word.removesuffix(ending) for ending in ("s", "es", "ed", "ing", "ly", "er", "d"))]
    return any(is_plain(stem) for stem in stems) or word in STATES


def birth_date_forms(iso: str) -> frozenset[tuple[str, ...]]:
    """Yield a birth date as token runs in every order and format notes use, with two- and four-digit years.

    Args:
        iso: ``YYYY-MM-DD``; longer time stamps are cut, shorter ones yield nothing. PHI.
    """
    try:
        day = date.fromisoformat(iso[:10])
    except ValueError:
        return frozenset()
    name = MONTHS[day.month - 1]
    years = (f"{day.year}", f"{day.year % 100:02}")
    months, days = {str(day.month), f"{day.month:02}"}, {str(day.day), f"{day.day:02}"}
    names = {name, name[:3], *({"sept"} if day.month == 9 else ())}
    ordinals = {(d, *rest) for d in days for rest in ((), ("st",), ("nd",), ("rd",), ("th",))}
    forms: set[tuple[str, ...]] = {(f"{day:%Y%m%d}",), (f"{day:%m%d%Y}",), (f"{day:%d%m%Y}",), (f"{day:%m%d%y}",)}
    for year in years:
        forms |= {(m, d, year) for m in months for d in days} | {(d, m, year) for m in months for d in days}
        forms |= {(year, m, d) for m in months for d in days}
        forms |= {(m, *d, year) for m in names for d in ordinals}
        forms |= {(*d, *of, m, year) for m in names for d in ordinals for of in ((), ("of",))}
        forms |= {(year, m, d) for m in names for d in days}
    return frozenset(forms)


def _add_foreign(index: KnownIndex, text: str, label: PhiLabel) -> None:
    """Add a non-Latin name as written, if longer than one letter."""
    written = unicodedata.normalize("NFC", text)
    if "~" in fold(written) and sum(c.isalpha() for c in written) > 1:
        index.foreign[written] = label


def _add_person(index: KnownIndex, name: PersonName) -> None:
    for word in re.findall(r"[^\W\d_]+", " ".join((name.family, *name.given, name.text))):
        _add_foreign(index, word, PhiLabel.NAME)
    family = tokens_of(name.family)
    given = [token for part in name.given for token in tokens_of(part)]
    whole = [token for token in tokens_of(name.text) if token not in _TITLES]
    if not family and not given and len(whole) > 1:
        family, given = (whole[:1], whole[1:]) if "," in name.text else (whole[-1:], whole[:-1])
    called = [*given, *(nickname for token in given for nickname in NICKNAMES.get(token, ()))]
    for token in (*family, *called, *whole):
        _add_word(index, token)
    index.family.update(token for token in family if len(token) > 1)
    index.given.update(called)
    if family and given:
        first, last = given[0], "".join(family)
        for login in (first[0] + last, last + first[0], first + last, last + first):
            if len(login) > STRONG_LENGTH and not is_word(login):
                index.strong.setdefault(login, PhiLabel.NAME)
        letters = [token[0] for token in given]
        index.initials |= {(first[0] + last[0]).upper(), "".join([*letters, last[0]]).upper()}


def _add_word(index: KnownIndex, word: str) -> None:
    if len(word) < 2 or word in _TITLES:
        return
    if len(word) == 2 or is_plain(word) or word in STATES:
        index.weak[word] = PhiLabel.NAME
    elif len(word) < STRONG_LENGTH:
        index.capital[word] = PhiLabel.NAME
    else:
        index.strong[word] = PhiLabel.NAME
        for form in deletions(word, edits_allowed(word)) if len(word) <= _LONGEST_MISSPELT else ():
            index.near.setdefault(form, set()).add(word)


def _add_organization(index: KnownIndex, text: str) -> None:
    """Add an organisation's name as a token run, and its first word if it is no dictionary word."""
    _add_foreign(index, text.strip(), PhiLabel.ORG)
    tokens = tokens_of(text)
    if len(tokens) == 1 and len(tokens[0]) >= _SHORTEST_ORGANIZATION and not is_word(tokens[0]):
        index.capital.setdefault(tokens[0], PhiLabel.ORG)
    if len(tokens) < 2:
        return
    index.sequences[tuple(tokens)] = PhiLabel.ORG
    while len(tokens) > 2 and tokens[-1] in COMMON_WORDS:
        tokens.pop()
        if not all(is_word(token) for token in tokens):
            index.sequences.setdefault(tuple(tokens), PhiLabel.ORG)
    if len(tokens[0]) > STRONG_LENGTH and not is_word(tokens[0]):
        index.capital.setdefault(tokens[0], PhiLabel.ORG)


def _add_numbers(index: KnownIndex, identity: Identity) -> None:
    for identifier in (*(identity.subject if identity.role is Role.SELF else ()), *identity.identifiers):
        _add_identifier(index, identifier)
    for phone in identity.phones:
        digits = "".join(c for c in fold(phone) if c.isdigit())
        for length in (7, 10, len(digits)):
            bare = digits[-length:].lstrip("0")
            if len(digits) >= length >= 7 and len(bare) >= SHORTEST_NUMBER:
                index.joined[bare] = PhiLabel.PHONE
    for email in identity.emails:
        _add_sequence(index, tokens_of(email), PhiLabel.EMAIL)


def _add_identifier(index: KnownIndex, identifier: SubjectIdentifier) -> None:
    written = "".join(c for c in fold(identifier.value) if c.isdigit())
    if len(written) >= _SAFE_INSIDE:
        index.written.add(written)
    normal = "".join(tokens_of(identifier.value)).lstrip("0")
    digits = "".join(c for c in normal if c.isdigit()).lstrip("0")
    if not digits:
        return
    if len(normal) >= SHORTEST_NUMBER:
        index.joined[normal] = identifier.label
    else:
        index.short[normal] = identifier.label
    if len(digits) > SHORTEST_NUMBER:
        index.joined.setdefault(digits, identifier.label)
    if identifier.label is PhiLabel.SSN and len(digits) > SHORTEST_NUMBER:
        index.short[digits[-4:].lstrip("0")] = PhiLabel.SSN


def _add_address(index: KnownIndex, address: PostalAddress) -> None:
    for line in address.lines:
        for tokens in _street_variants(tokens_of(line)):
            _add_sequence(index, tokens, PhiLabel.LOC)
    for place in (*address.lines, address.city):
        _add_foreign(index, place.strip(), PhiLabel.LOC)
    city = tokens_of(address.city)
    if len(city) > 1:
        index.sequences.setdefault(tuple(city), PhiLabel.LOC)
    elif city and (len(city[0]) < STRONG_LENGTH or is_plain(city[0]) or city[0] in STATES):
        index.weak.setdefault(city[0], PhiLabel.LOC)
    elif city:
        index.strong.setdefault(city[0], PhiLabel.LOC)
    _add_zip(index, "".join(c for c in fold(address.postal_code) if c.isdigit()))


def _add_zip(index: KnownIndex, digits: str) -> None:
    """Add a ZIP code with leading zeros: ``02184`` without them looks like a count; ``00000`` means none."""
    if len(digits) < _ZIP_LENGTH or not digits.strip("0"):
        return
    area, box = digits[:_ZIP_LENGTH], digits[_ZIP_LENGTH:]
    for form in ((area,), (area, box), (digits,)):
        if all(form):
            index.sequences[form] = PhiLabel.ZIP


def _street_variants(tokens: list[str]) -> list[list[str]]:
    """Return variants with ``Street`` and ``North`` spelt out or abbreviated, and a numbered street without its last
    word.
    """
    variants = [tokens]
    for position, token in enumerate(tokens):
        forms = next((group - {token} for group in _STREET_FORMS if token in group), frozenset())
        variants += [[*v[:position], form, *v[position + 1 :]] for v in variants[:8] for form in forms]
    if len(tokens) >= 3 and tokens[0].isdigit() and not is_plain(tokens[1]):
        variants.append(tokens[:-1])
    return variants


def _add_sequence(index: KnownIndex, tokens: Sequence[str], label: PhiLabel) -> None:
    telling = len(tokens) > 1 or (len(tokens) == 1 and len(tokens[0]) >= SHORTEST_NUMBER and not is_word(tokens[0]))
    if telling and not all(token in STATES for token in tokens):
        index.sequences.setdefault(tuple(tokens), label)
