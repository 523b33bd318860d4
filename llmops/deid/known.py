"""Finds what the vault already knows of a document's subject, in every form a note may write it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from llmops.deid.dates import surface_shapes
from llmops.deid.folding import fold
from llmops.deid.spans import Span, View
from llmops.deid.vocabulary.nicknames import NICKNAMES
from llmops.deid.vocabulary.words import COMMON_WORDS
from llmops.documents import Identity, Role, SubjectIdentifier
from llmops.phi import PhiLabel

RECOGNIZER: Final = "known_identifier"
_TOKEN: Final = re.compile(r"[A-Za-z]+|[0-9]+")
_JOINT: Final = re.compile(r"[-./,()' #+_@\n]{0,3}")
_MOST_TOKENS: Final = 8
_STRONG_LENGTH: Final = 5
_FUZZY_LENGTH: Final = 6
_SHORTEST_NUMBER: Final = 5
_NAME_CONTEXT: Final = re.compile(
    r"(?i)(?:\b(?:mr|mrs|ms|miss|mx|dr|pt|patient|name|son|daughter|wife|husband|mother|father|mom|"
    r"dad|sister|brother|nurse|"
    r"rn|md|by|per|from|to|with|and|dear|cc|re|aunt|uncle|initials)\.?|[,:;(/\"])\s{0,3}$"
)


@dataclass(slots=True)
class _Index:
    """Everything to look for, by its normal form."""

    strong: dict[str, PhiLabel] = field(default_factory=dict)
    weak: dict[str, PhiLabel] = field(default_factory=dict)
    fuzzy: dict[str, PhiLabel] = field(default_factory=dict)
    joined: dict[str, PhiLabel] = field(default_factory=dict)
    sequences: dict[tuple[str, ...], PhiLabel] = field(default_factory=dict)
    initials: set[str] = field(default_factory=set)


class KnownMatcher:
    """Looks up the tokens of a text in what is known of one subject; linear in the text. Holds PHI.

    Strong tokens (long, no word of the language) are found anywhere; weak ones (``May``, ``Will``, ``An``) only where
    the text around them speaks of a person.

    Args:
        known: the subject's identities. PHI.
    """

    def __init__(self, known: Sequence[Identity]) -> None:
        self._index = _Index()
        for identity in known:
            _add_names(self._index, identity)
            _add_numbers(self._index, identity)
            _add_addresses(self._index, identity)
            for shape in surface_shapes(identity.birth_date):
                _add_sequence(self._index, shape, PhiLabel.DATE)
        self._firsts = {tokens[0] for tokens in self._index.sequences}

    def find(self, view: View) -> list[Span]:
        """Find every known identifier in a view."""
        tokens = [(m.group().lower(), m.start(), m.end()) for m in _TOKEN.finditer(view.folded)]
        spans = [*self._words(view.folded, tokens)]
        for number in range(len(tokens)):
            span = self._sequence_at(view.folded, tokens, number)
            if span is not None:
                spans.append(span)
        return spans

    def strong_forms(self) -> tuple[frozenset[str], frozenset[str]]:
        """Give the strong words and the joined numbers, for the exit gate. PHI."""
        names = {word for word, label in self._index.strong.items() if label is PhiLabel.NAME}
        return frozenset(names), frozenset(key for key in self._index.joined if len(key) >= _SHORTEST_NUMBER)

    def _words(self, folded: str, tokens: Sequence[tuple[str, int, int]]) -> Iterator[Span]:
        index = self._index
        for word, start, end in tokens:
            label = index.strong.get(word)
            score = 0.99
            if label is None and word in index.weak and _in_name_context(folded, start, end):
                label, score = index.weak[word], 0.9
            if label is None and index.fuzzy and len(word) >= _FUZZY_LENGTH and word not in COMMON_WORDS:
                label, score = self._misspelt(word, folded[start]), 0.85
            if label is None and folded[start:end] in index.initials and _in_name_context(folded, start, end):
                label, score = PhiLabel.NAME, 0.7
            if label is not None:
                yield Span(start=start, end=end, label=label, score=score, recognizer=RECOGNIZER)

    def _misspelt(self, word: str, first: str) -> PhiLabel | None:
        if not first.isalpha():
            return None
        fuzzy = self._index.fuzzy
        return next((fuzzy[form] for form in _deletions(word) if form in fuzzy), None)

    def _sequence_at(self, folded: str, tokens: Sequence[tuple[str, int, int]], first: int) -> Span | None:
        """Take the longest run of tokens from ``first`` that is known, as words in order or as one joined number."""
        joined = ""
        best: tuple[int, PhiLabel] | None = None
        words: list[str] = []
        for number in range(first, min(first + _MOST_TOKENS, len(tokens))):
            if number > first and _JOINT.fullmatch(folded, tokens[number - 1][2], tokens[number][1]) is None:
                break
            joined += tokens[number][0]
            words.append(tokens[number][0])
            label = self._index.joined.get(joined.lstrip("0"))
            if label is None and words[0] in self._firsts:
                label = self._index.sequences.get(tuple(words))
            if label is not None:
                best = (tokens[number][2], label)
        if best is None:
            return None
        return Span(start=tokens[first][1], end=best[0], label=best[1], score=0.99, recognizer=RECOGNIZER)


def _add_names(index: _Index, identity: Identity) -> None:
    label = PhiLabel.ORG if identity.role is Role.ORGANIZATION else PhiLabel.NAME
    for name in identity.names:
        family, given = _tokens(name.family), [t for part in name.given for t in _tokens(part)]
        everything = [*family, *given, *_tokens(name.text)]
        if label is PhiLabel.ORG:
            _add_sequence(index, name.text or name.family, label)
            continue
        for token in everything:
            _add_word(index, token, label)
        for token in given:
            for nickname in NICKNAMES.get(token, ()):
                _add_word(index, nickname, label)
        if family and given:
            index.sequences[(given[0], *family)] = label
            index.sequences[(*family, given[0])] = label
            index.initials.add((given[0][0] + family[0][0]).upper())


def _add_word(index: _Index, word: str, label: PhiLabel) -> None:
    if len(word) < _STRONG_LENGTH or word in COMMON_WORDS:
        if len(word) > 1:
            index.weak[word] = label
        return
    index.strong[word] = label
    if len(word) >= _FUZZY_LENGTH:
        for form in _deletions(word):
            index.fuzzy[form] = label


def _add_numbers(index: _Index, identity: Identity) -> None:
    for identifier in (*(identity.subject if identity.role is Role.SELF else ()), *identity.identifiers):
        _add_joined(index, identifier)
    for phone in identity.phones:
        digits = "".join(c for c in fold(phone) if c.isdigit())
        if len(digits) >= 7:
            index.joined[digits.lstrip("0")] = PhiLabel.PHONE
            index.joined[digits[-10:].lstrip("0")] = PhiLabel.PHONE
            index.joined[digits[-7:].lstrip("0")] = PhiLabel.PHONE
    for email in identity.emails:
        _add_sequence(index, email, PhiLabel.EMAIL)


def _add_joined(index: _Index, identifier: SubjectIdentifier) -> None:
    normal = "".join(_tokens(identifier.value)).lstrip("0")
    if len(normal) >= _SHORTEST_NUMBER and any(c.isdigit() for c in normal):
        index.joined[normal] = identifier.label
    digits = "".join(c for c in normal if c.isdigit())
    if len(digits) >= 6:
        index.joined[digits.lstrip("0")] = identifier.label


def _add_addresses(index: _Index, identity: Identity) -> None:
    for address in identity.addresses:
        for line in address.lines:
            _add_sequence(index, line, PhiLabel.LOC)
            tokens = _tokens(line)
            if len(tokens) >= 3 and tokens[0].isdigit():
                index.sequences[tuple(tokens[:-1])] = PhiLabel.LOC
        city = _tokens(address.city)
        if len(city) == 1 and len(city[0]) >= _STRONG_LENGTH and city[0] not in COMMON_WORDS:
            index.strong.setdefault(city[0], PhiLabel.LOC)
        elif len(city) > 1:
            index.sequences[tuple(city)] = PhiLabel.LOC
        zip_code = "".join(c for c in address.postal_code if c.isdigit())
        if len(zip_code) >= 5:
            index.joined[zip_code[:5].lstrip("0")] = PhiLabel.ZIP
            index.joined[zip_code.lstrip("0")] = PhiLabel.ZIP


def _add_sequence(index: _Index, text: str, label: PhiLabel) -> None:
    tokens = tuple(_tokens(text))
    if len(tokens) > 1 or (tokens and len(tokens[0]) >= _SHORTEST_NUMBER):
        index.sequences[tokens] = label


def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(fold(text))]


def _deletions(word: str) -> Iterable[str]:
    """Give the word and each form with one letter less: two words that share one are at most one edit or swap apart."""
    yield word
    for position in range(1, len(word)):
        yield word[:position] + word[position + 1 :]


def _in_name_context(folded: str, start: int, end: int) -> bool:
    if not folded[start].isupper():
        return False
    before = folded[max(0, start - 16) : start]
    line_start = not before.rsplit("\n", 1)[-1].strip()
    return line_start or _NAME_CONTEXT.search(before) is not None or folded[end : end + 2] in {"'s", ", "}
