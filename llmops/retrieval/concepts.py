"""Reads a question as the things it asks about, each with the words that a record may use for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from llmops.retrieval.lexicon import GENERIC, KINDS, SYNONYMS
from llmops.retrieval.terms import STOP_WORDS, raw_words, stem


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing a question asks about, as phrases in the form of `line`.

    Args:
        names: phrases that say it outright.
        members: phrases for things of its kind (``"apixaban"`` for an anticoagulant).
    """

    names: tuple[str, ...]
    members: tuple[str, ...] = ()

    def named_in(self, text: str) -> bool:
        """Whether a text in the form of `line` says it outright."""
        return any(f" {name} " in text for name in self.names)

    def member_in(self, text: str) -> bool:
        """Whether a text in the form of `line` speaks of a thing of its kind."""
        return any(f" {member} " in text for member in self.members)

    def found_in(self, text: str) -> bool:
        """Whether a text in the form of `line` speaks of it either way."""
        return self.named_in(text) or self.member_in(text)


def line(text: str) -> str:
    """A text as its stemmed words between single blanks, so that a phrase is found by plain search."""
    return f" {' '.join(stem(word) for word in raw_words(text))} "


def concepts(question: str) -> tuple[Concept, ...]:
    """What a question asks about, the longest known phrase first; words that ask nothing are left out."""
    rest = line(question)
    found: list[Concept] = []
    for phrase, concept in _VOCABULARY:
        if f" {phrase} " in rest:
            rest = rest.replace(f" {phrase} ", " ")
            if concept not in found:
                found.append(concept)
    plain = (word for word in rest.split() if word not in STOP_WORDS and word not in _GENERIC)
    return (*found, *(Concept((word,)) for word in dict.fromkeys(plain)))


def _vocabulary() -> Iterator[tuple[str, Concept]]:
    for name, members in KINDS.items():
        phrase = line(name).strip()
        yield phrase, Concept((phrase,), tuple(line(member).strip() for member in members))
    for members in SYNONYMS.values():
        phrases = tuple(line(member).strip() for member in members)
        for phrase in phrases:
            yield phrase, Concept(phrases)


_GENERIC: Final = frozenset(stem(word) for word in GENERIC)
_VOCABULARY: Final = tuple(sorted(_vocabulary(), key=lambda pair: -len(pair[0])))
